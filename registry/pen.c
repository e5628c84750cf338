#include "registry/pen.h"

#include "core/ids.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "registry/pen_batch.h"
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define TRANSACTION_TIMEOUT_MS 10000 /* a writer that dies in the middle holds readers back for this long at most */
#define SHOW_LIMIT_MS 10000          /* for our own reader to apply what was written */
#define BACKOFF_FIRST_MS 20
#define BACKOFF_DOUBLINGS 2
#define BACKOFF_COST_MS_MAX 2000
#define EXPIRY_TICK_MS 500
#define MARK_KEY "pen/registry"
#define MARK_BYTES_MAX 512

/* REST: not ours. TAKING, PROVING, SEEING lead to HELD: ours, and the registry is of now. WRITING, SHOWING: a batch is
 * under way. */
enum pen_state { PEN_REST, PEN_TAKING, PEN_PROVING, PEN_SEEING, PEN_HELD, PEN_WRITING, PEN_SHOWING, PEN_BACKOFF };

struct hb_pen {
    struct hb_loop *loop;
    struct hb_registry *registry;
    const struct hb_log_context *log;
    struct hb_kafka_writer *writer;
    struct hb_watch *watch;
    struct hb_timer *step_timer, *expiry_timer;
    enum pen_state state;
    struct hb_pen_change *first, *last;
    size_t queue_count;
    struct pen_batch batch;
    uint64_t serial;        /* of the last change queued */
    uint64_t mark_serial;   /* the same, when the mark under way was written */
    int64_t mark_offset;    /* of the last mark we wrote */
    uint64_t proven_serial; /* changes up to this came in before a mark that we have read */
    unsigned failures;
    bool is_new_holder; /* taken, not proven yet */
    int64_t take_started_us;
    int64_t take_cost_ms; /* from taking to a mark that was read, as last measured */
    uint64_t fenced_count;
    char topic[HB_TOPIC_NAME_MAX];
    char transactional_id[HB_TOPIC_NAME_MAX];
};

static void step(struct hb_pen *pen);

/* ---- the queue ---- */

static void push_back(struct hb_pen *pen, struct hb_pen_change *change)
{
    change->next = NULL;
    if (pen->last) {
        pen->last->next = change;
    } else {
        pen->first = change;
    }
    pen->last = change;
    pen->queue_count++;
}

static void push_front(struct hb_pen *pen, struct hb_pen_change *change)
{
    change->next = pen->first;
    pen->first = change;
    pen->last = pen->last ? pen->last : change;
    pen->queue_count++;
}

static struct hb_pen_change *pop(struct hb_pen *pen)
{
    struct hb_pen_change *change = pen->first;
    pen->first = change->next;
    pen->last = pen->first ? pen->last : NULL;
    pen->queue_count--;
    return change;
}

static void finish(struct hb_pen *pen, struct hb_pen_change *change, enum hb_err err)
{
    if (!err && change->verdict == HB_PEN_WRITE) {
        hb_log(pen->log, HB_LOG_REGISTRY_CHANGED, HB_LOG_STR("who", change->who), HB_LOG_STR("action", change->action),
               HB_LOG_STR("object", change->object), HB_LOG_INT("revision", change->revision));
    }
    change->done(change->user, err, change->verdict);
}

/* Ends what has waited too long. What is in a batch is bounded by the writer and by SHOW_LIMIT_MS. */
static void expire(struct hb_pen *pen)
{
    int64_t now_us = hb_loop_mono(pen->loop).us;
    while (pen->first && pen->first->deadline_us <= now_us) {
        struct hb_pen_change *change = pop(pen);
        finish(pen, change, change->was_sent ? HB_ERR_TIMEOUT : HB_ERR_AWAY);
    }
}

static void finish_queue(struct hb_pen *pen, enum hb_err err)
{
    while (pen->first) {
        finish(pen, pop(pen), err);
    }
}

static void finish_batch(struct hb_pen *pen, enum hb_err err)
{
    struct hb_pen_change *changes[HB_PEN_BATCH_MAX];
    size_t count = pen->batch.count;
    for (size_t i = 0; i < count; i++) {
        changes[i] = pen->batch.drafts[i].change;
    }
    hb_pen_batch_clear(&pen->batch);
    for (size_t i = 0; i < count; i++) {
        finish(pen, changes[i], err);
    }
}

/* ---- trouble ---- */

/* Two processes that fence each other while each still proves would never write: so a loser waits for about what a
 * taking costs, as measured, half fixed and half random, and longer with each loss in a row. */
static void back_off(struct hb_pen *pen)
{
    unsigned char random[2];
    unsigned doublings = pen->failures < BACKOFF_DOUBLINGS ? pen->failures : BACKOFF_DOUBLINGS;
    int64_t so_far_ms = (hb_loop_mono(pen->loop).us - pen->take_started_us) / HB_US_PER_MS;
    int64_t cost_ms = pen->state == PEN_PROVING && so_far_ms > pen->take_cost_ms ? so_far_ms : pen->take_cost_ms;
    cost_ms = cost_ms < BACKOFF_FIRST_MS ? BACKOFF_FIRST_MS : cost_ms;
    cost_ms = cost_ms > BACKOFF_COST_MS_MAX ? BACKOFF_COST_MS_MAX : cost_ms;
    hb_random_bytes(random, sizeof(random));
    int64_t delay_ms = cost_ms / 2 + (random[0] * 256 + random[1]) % ((cost_ms << doublings) + 1);
    pen->failures++;
    pen->state = PEN_BACKOFF;
    hb_timer_start(pen->step_timer, delay_ms, 0);
}

static void suffer(struct hb_pen *pen, enum hb_err err, const char *text)
{
    for (size_t i = pen->batch.count; i > 0; i--) {
        push_front(pen, pen->batch.drafts[i - 1].change);
    }
    hb_pen_batch_clear(&pen->batch);
    if (err == HB_ERR_FENCED) {
        pen->fenced_count++;
        hb_log(pen->log, HB_LOG_PEN_LOST, HB_LOG_INT("times", pen->fenced_count));
    } else {
        hb_log(pen->log, HB_LOG_PEN_TROUBLE, HB_LOG_C("error", hb_err_name(err)), HB_LOG_C("text", text ? text : ""));
    }
    if (err == HB_ERR_DENIED) {
        finish_queue(pen, err); /* nothing gets better by trying again */
    }
    expire(pen);
    back_off(pen);
}

/* ---- taking, and proving that all former writing was read ---- */

static void on_seen(void *user, enum hb_err err)
{
    struct hb_pen *pen = user;
    if (err) {
        suffer(pen, err, "our own reader did not reach the mark in time");
        return;
    }
    pen->proven_serial = pen->mark_serial;
    if (pen->is_new_holder) {
        pen->take_cost_ms = (hb_loop_mono(pen->loop).us - pen->take_started_us) / HB_US_PER_MS;
        pen->is_new_holder = false;
    }
    pen->failures = 0;
    pen->state = PEN_HELD;
    step(pen);
}

static void on_marked(void *user, const struct hb_kafka_written *written)
{
    struct hb_pen *pen = user;
    enum hb_err err = written->err;
    if (!err) {
        pen->state = PEN_SEEING;
        pen->mark_offset = written->offsets[written->count - 1];
        err = hb_registry_when(pen->registry, written->offsets[written->count - 1], SHOW_LIMIT_MS, on_seen, pen);
    }
    if (err) {
        suffer(pen, err, written->text);
    }
}

/* A record of our own at the end of the topic: once our reader has it, it has everything that any former holder wrote,
 * because the transactional id has been ours from before the mark until it was committed. */
static void prove(struct hb_pen *pen)
{
    struct hb_buf value = hb_buf_make(MARK_BYTES_MAX);
    char at[HB_WALL_TEXT_MAX];
    (void)hb_wall_format(hb_loop_wall(pen->loop), at);
    enum hb_err err = hb_buf_addf(&value, "{\"v\":1,\"at\":\"%s\"}", at);
    if (!err) {
        struct hb_kafka_record record = {pen->topic, 0, HB_STR(MARK_KEY), hb_buf_str(&value), NULL, 0};
        pen->state = PEN_PROVING;
        pen->mark_serial = pen->serial;
        err = hb_kafka_writer_write(pen->writer, &record, 1, on_marked, pen);
    }
    hb_buf_deinit(&value);
    if (err) {
        suffer(pen, err, NULL);
    }
}

static void on_taken(void *user, const struct hb_kafka_written *written)
{
    struct hb_pen *pen = user;
    if (written->err) {
        suffer(pen, written->err, written->text);
        return;
    }
    hb_log(pen->log, HB_LOG_PEN_TAKEN, HB_LOG_C("id", pen->transactional_id));
    prove(pen);
}

static void take(struct hb_pen *pen)
{
    pen->state = PEN_TAKING;
    pen->is_new_holder = true;
    pen->take_started_us = hb_loop_mono(pen->loop).us;
    enum hb_err err = hb_kafka_writer_take(pen->writer, on_taken, pen);
    if (err) {
        suffer(pen, err, NULL);
    }
}

/* ---- writing ---- */

static void on_shown(void *user, enum hb_err err)
{
    struct hb_pen *pen = user;
    pen->state = PEN_HELD;
    /* It is committed; that it is not visible here yet is told as "not known". */
    finish_batch(pen, err ? HB_ERR_TIMEOUT : HB_OK);
    step(pen);
}

static void on_written(void *user, const struct hb_kafka_written *written)
{
    struct hb_pen *pen = user;
    enum hb_err err = written->err;
    for (size_t i = 0; err && written->is_unknown && i < pen->batch.count; i++) {
        pen->batch.drafts[i].change->was_sent = true;
    }
    if (err) {
        suffer(pen, err, written->text);
        return;
    }
    pen->failures = 0;
    pen->state = PEN_SHOWING;
    if (hb_registry_when(pen->registry, written->offsets[written->count - 1], SHOW_LIMIT_MS, on_shown, pen)) {
        on_shown(pen, HB_ERR_MEMORY);
    }
}

static void write_batch(struct hb_pen *pen)
{
    hb_pen_batch_lay_out(&pen->batch, pen->registry, pen->topic);
    pen->state = PEN_WRITING;
    enum hb_err err = hb_kafka_writer_write(pen->writer, pen->batch.records, pen->batch.records_count, on_written, pen);
    if (err) {
        suffer(pen, err, NULL);
    }
}

/* One change from the queue into the batch, or to its end. False: it must wait for a proof. */
static bool judge(struct hb_pen *pen, struct hb_pen_change *change)
{
    change->verdict = HB_PEN_WRITE;
    if (change->was_sent && hb_pen_batch_was_written(pen->registry, change)) {
        finish(pen, change, HB_OK);
        return true;
    }
    enum hb_err err = hb_pen_batch_add(&pen->batch, change, hb_loop_wall(pen->loop), &change->verdict);
    if (err) {
        finish(pen, change, err);
        return true;
    }
    if (change->verdict != HB_PEN_WRITE && change->serial > pen->proven_serial) {
        /* Another process may have taken the pen since, and we see only our own reader's past. */
        push_front(pen, change);
        return false;
    }
    if (change->verdict != HB_PEN_WRITE) {
        finish(pen, change, change->verdict == HB_PEN_REFUSE ? HB_ERR_CONFLICT : HB_OK);
    }
    return true;
}

static void work(struct hb_pen *pen)
{
    bool needs_proof = false;
    while (pen->first && !needs_proof && hb_pen_batch_fits(&pen->batch, pen->first)) {
        needs_proof = !judge(pen, pop(pen));
    }
    if (pen->batch.count > 0) {
        write_batch(pen);
    } else if (needs_proof) {
        prove(pen);
    }
}

static void step(struct hb_pen *pen)
{
    if (!pen->first || !hb_registry_is_current(pen->registry)) {
        return;
    }
    if (pen->state == PEN_REST) {
        take(pen);
    } else if (pen->state == PEN_HELD) {
        work(pen);
    }
}

/* ---- life ---- */

static void on_step_timer(void *user)
{
    struct hb_pen *pen = user;
    if (pen->state == PEN_BACKOFF) {
        pen->state = PEN_REST;
    }
    step(pen);
}

static void on_expiry_timer(void *user)
{
    struct hb_pen *pen = user;
    expire(pen);
    if (!pen->first) {
        hb_timer_stop(pen->expiry_timer);
    } else if (pen->state == PEN_REST) {
        step(pen); /* the registry may have become current */
    }
}

static void on_readable(void *user, int events)
{
    struct hb_pen *pen = user;
    (void)events;
    hb_kafka_writer_poll(pen->writer);
}

static enum hb_err attach(struct hb_pen *pen)
{
    enum hb_err err = hb_watch_new(pen->loop, hb_kafka_writer_fd(pen->writer), on_readable, pen, &pen->watch);
    if (!err) {
        hb_watch_set(pen->watch, HB_WATCH_READ);
        err = hb_timer_new(pen->loop, on_step_timer, pen, &pen->step_timer);
    }
    return err ? err : hb_timer_new(pen->loop, on_expiry_timer, pen, &pen->expiry_timer);
}

enum hb_err hb_pen_new(const struct hb_pen_options *options, struct hb_pen **ret_pen, struct hb_error *reterr)
{
    struct hb_pen *pen = calloc(1, sizeof(*pen));
    if (!pen) {
        return hb_fail(reterr, HB_ERR_MEMORY, "pen: %s", hb_err_text(HB_ERR_MEMORY));
    }
    pen->loop = options->loop;
    pen->registry = options->registry;
    pen->log = options->log;
    (void)hb_topic_name(options->topic_prefix, HB_TOPIC_REGISTRY, pen->topic);
    (void)snprintf(pen->transactional_id, sizeof(pen->transactional_id), "%.*sregistry", HB_ARG(options->topic_prefix));
    struct hb_kafka_writer_options writer = {options->cluster, pen->transactional_id, TRANSACTION_TIMEOUT_MS};
    enum hb_err err = hb_kafka_writer_new(&writer, &pen->writer, reterr);
    if (!err) {
        err = attach(pen);
    }
    if (err) {
        hb_pen_free(&pen);
        return err;
    }
    *ret_pen = pen;
    return HB_OK;
}

void hb_pen_free(struct hb_pen **pen)
{
    struct hb_pen *old = *pen;
    *pen = NULL;
    if (!old) {
        return;
    }
    hb_registry_when_cancel(old->registry, old);
    if (old->watch) {
        hb_watch_free(&old->watch);
    }
    if (old->writer) {
        hb_kafka_writer_free(&old->writer);
    }
    finish_batch(old, HB_ERR_CLOSED);
    finish_queue(old, HB_ERR_CLOSED);
    if (old->step_timer) {
        hb_timer_free(&old->step_timer);
    }
    if (old->expiry_timer) {
        hb_timer_free(&old->expiry_timer);
    }
    free(old);
}

enum hb_err hb_pen_change(struct hb_pen *pen, struct hb_pen_change *change)
{
    unsigned char random[10];
    if (pen->queue_count >= HB_PEN_QUEUE_MAX) {
        return HB_ERR_FULL;
    }
    hb_random_bytes(random, sizeof(random));
    hb_uuid7(hb_loop_wall(pen->loop), random, change->audit);
    change->serial = ++pen->serial;
    change->deadline_us = hb_loop_mono(pen->loop).us + HB_PEN_CHANGE_LIMIT_MS * HB_US_PER_MS;
    change->was_sent = false;
    change->revision = 0;
    push_back(pen, change);
    if (pen->state == PEN_REST || pen->state == PEN_HELD) {
        hb_timer_start(pen->step_timer, 0, 0);
    }
    if (!hb_timer_is_running(pen->expiry_timer)) {
        hb_timer_start(pen->expiry_timer, EXPIRY_TICK_MS, EXPIRY_TICK_MS);
    }
    return HB_OK;
}

bool hb_pen_is_held(const struct hb_pen *pen)
{
    const struct registry_record *mark = hb_map_get(&pen->registry->records, HB_STR(MARK_KEY));
    bool is_taken = pen->state == PEN_HELD || pen->state == PEN_WRITING || pen->state == PEN_SHOWING;
    return is_taken && mark && mark->offset == pen->mark_offset;
}

uint64_t hb_pen_fenced(const struct hb_pen *pen) { return pen->fenced_count; }
