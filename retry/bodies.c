#include "retry/bodies_internal.h"

#include "hookbus/resend.h"

#include <stdlib.h>

#define POLL_MAX 500
#define KEEP_ALIVE_MS 20000
#define QUEUED_RECORDS_MIN 500
#define QUEUED_KIB_MAX 16384

int64_t hb_bodies_now_us(const struct hb_bodies *bodies)
{
    return hb_loop_mono(bodies->loop).us;
}

void hb_bodies_answer(struct hb_bodies *bodies, struct hb_wanted *take_wanted, enum hb_err err, struct hb_body *body)
{
    bodies->count--;
    if (take_wanted->fn)
        take_wanted->fn(take_wanted->user, err, body);
    free(take_wanted);
}

void hb_bodies_put_back(struct hb_bodies *bodies, struct hb_wanted *take_wanted)
{
    take_wanted->next = bodies->waiting;
    bodies->waiting = take_wanted;
    bodies->waiting_count++;
}

static struct hb_wanted *take_late(struct hb_bodies *bodies)
{
    for (struct hb_wanted **where = &bodies->waiting; *where; where = &(*where)->next)
        if ((*where)->deadline_us <= hb_bodies_now_us(bodies)) {
            struct hb_wanted *late = *where;
            *where = late->next;
            bodies->waiting_count--;
            return late;
        }
    return NULL;
}

/* When the timer should look again: the round's end, or the first of the waiting that may be read. */
void hb_bodies_plan(struct hb_bodies *bodies)
{
    int64_t at_us = INT64_MAX, now_us = hb_bodies_now_us(bodies);

    if (bodies->is_reading)
        at_us = bodies->round_end_us;
    for (const struct hb_wanted *wanted = bodies->waiting; wanted && !bodies->is_reading; wanted = wanted->next)
        if (wanted->not_before_us < at_us)
            at_us = wanted->not_before_us;
    if (at_us == INT64_MAX)
        hb_timer_stop(bodies->timer);
    else
        hb_timer_start(bodies->timer, at_us <= now_us ? 0 : (at_us - now_us) / HB_US_PER_MS + 1, 0);
}

static void on_timer(void *user)
{
    struct hb_bodies *bodies = user;
    struct hb_wanted *late;

    if (bodies->is_reading && bodies->round_end_us <= hb_bodies_now_us(bodies))
        hb_bodies_round_end(bodies);
    while ((late = take_late(bodies)))
        hb_bodies_answer(bodies, late, HB_ERR_AWAY, NULL);
    if (!bodies->is_reading)
        hb_bodies_round_begin(bodies);
    hb_bodies_plan(bodies);
}

static void poll_reader(struct hb_bodies *bodies)
{
    (void)hb_kafka_reader_poll(bodies->reader, POLL_MAX, 0); /* the descriptor stays readable while there is more */
    if (bodies->is_reading && bodies->runs_left == 0) {
        hb_bodies_round_end(bodies);
        hb_bodies_plan(bodies);
    }
}

static void on_readable(void *user, int events)
{
    (void)events;
    poll_reader(user);
}

static void on_keep_alive(void *user)
{
    poll_reader(user);
}

static enum hb_err make_reader(struct hb_bodies *bodies, const struct hb_bodies_options *options,
                               struct hb_error *reterr)
{
    char names[HB_EVENT_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    const char *topics[HB_EVENT_TOPIC_COUNT];

    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++) {
        (void)hb_topic_name(options->topic_prefix, (enum hb_topic)i, names[i]);
        topics[i] = names[i];
    }
    const struct hb_kafka_reader_options reader = {.cluster = options->cluster,
                                                   .topics = topics,
                                                   .topics_count = HB_EVENT_TOPIC_COUNT,
                                                   .queued_records_min = QUEUED_RECORDS_MIN,
                                                   .queued_kib_max = QUEUED_KIB_MAX,
                                                   .events = &hb_bodies_events,
                                                   .user = bodies};
    return hb_kafka_reader_new(&reader, &bodies->reader, reterr);
}

static enum hb_err make_parts(struct hb_bodies *bodies, const struct hb_bodies_options *options)
{
    enum hb_err err = hb_body_cache_new(options->cache_bytes_max, &bodies->cache);

    bodies->round = calloc(options->wanted_max, sizeof(struct hb_wanted *));
    if (!err && !bodies->round)
        err = HB_ERR_MEMORY;
    if (!err)
        err = hb_timer_new(bodies->loop, on_timer, bodies, &bodies->timer);
    if (!err)
        err = hb_timer_new(bodies->loop, on_keep_alive, bodies, &bodies->keep_alive);
    if (!err)
        err = hb_watch_new(bodies->loop, hb_kafka_reader_fd(bodies->reader), on_readable, bodies, &bodies->watch);
    return err;
}

enum hb_err hb_bodies_new(const struct hb_bodies_options *options, struct hb_bodies **ret_bodies,
                          struct hb_error *reterr)
{
    struct hb_bodies *bodies = calloc(1, sizeof(*bodies));

    HB_ASSERT(options->wanted_max > 0);
    if (!bodies)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for the bodies' reader");
    bodies->loop = options->loop;
    bodies->sender = options->sender;
    bodies->wanted_max = options->wanted_max;
    bodies->limit_ms = options->limit_ms ? options->limit_ms : HB_BODIES_LIMIT_MS;
    enum hb_err err = make_reader(bodies, options, reterr);
    if (!err) {
        err = make_parts(bodies, options);
        if (err)
            (void)hb_fail(reterr, err, "the bodies' reader cannot be made: %s", hb_err_text(err));
    }
    if (err) {
        hb_bodies_free(&bodies);
        return err;
    }
    hb_watch_set(bodies->watch, HB_WATCH_READ);
    hb_timer_start(bodies->keep_alive, KEEP_ALIVE_MS, KEEP_ALIVE_MS);
    *ret_bodies = bodies;
    return HB_OK;
}

void hb_bodies_free(struct hb_bodies **bodies_ptr)
{
    struct hb_bodies *bodies = *bodies_ptr;

    *bodies_ptr = NULL;
    if (!bodies)
        return;
    hb_watch_free(&bodies->watch);
    hb_timer_free(&bodies->timer);
    hb_timer_free(&bodies->keep_alive);
    hb_kafka_reader_free(&bodies->reader);
    hb_body_cache_free(&bodies->cache);
    for (size_t i = 0; i < bodies->round_count; i++)
        free(bodies->round[i]);
    while (bodies->waiting) {
        struct hb_wanted *wanted = bodies->waiting;
        bodies->waiting = wanted->next;
        free(wanted);
    }
    free(bodies->round);
    free(bodies);
}

void hb_bodies_keep(struct hb_bodies *bodies, const struct hb_body_record *record)
{
    struct hb_body *body = hb_body_cache_get(bodies->cache, &record->at);

    if (body || hb_body_new(record, &body))
        return;
    (void)!hb_body_cache_put(bodies->cache, body);
    hb_body_unref(&body);
}

bool hb_bodies_is_of(const struct hb_bodies *bodies, const struct hb_body *body, struct hb_str webhook,
                     const unsigned char *delivery)
{
    const struct hb_sender *sender = bodies->sender;

    if (!sender || !sender->take_up)
        return hb_body_is_of(body, webhook, delivery);
    if (!sender->take_up(sender->user, &body->at))
        return true;
    bool is_of = hb_body_is_of(body, webhook, delivery);
    sender->let_go(sender->user);
    return is_of;
}

struct hb_body *hb_bodies_find(struct hb_bodies *bodies, const struct hb_body_want *want)
{
    struct hb_body *body = hb_body_cache_get(bodies->cache, &want->at);

    return body && hb_bodies_is_of(bodies, body, want->webhook, want->delivery) ? body : NULL;
}

enum hb_err hb_bodies_want(struct hb_bodies *bodies, const struct hb_body_want *want, hb_body_fn *fn, void *user)
{
    struct hb_wanted *wanted;

    if (!fn && hb_body_cache_get(bodies->cache, &want->at))
        return HB_OK;
    if (bodies->count >= bodies->wanted_max)
        return HB_ERR_FULL;
    HB_ASSERT(want->webhook.len <= HB_ID_MAX && want->at.topic >= 0 && want->at.topic < HB_EVENT_TOPIC_COUNT);
    wanted = calloc(1, sizeof(*wanted));
    if (!wanted)
        return HB_ERR_MEMORY;
    wanted->at = want->at;
    wanted->webhook_bytes = want->webhook.len;
    if (want->webhook.len)
        memcpy(wanted->webhook, want->webhook.ptr, want->webhook.len);
    memcpy(wanted->delivery, want->delivery, HB_DELIVERY_BYTES);
    wanted->fn = fn;
    wanted->user = user;
    wanted->not_before_us = hb_bodies_now_us(bodies);
    wanted->deadline_us = wanted->not_before_us + bodies->limit_ms * HB_US_PER_MS;
    bodies->count++;
    hb_bodies_put_back(bodies, wanted);
    hb_bodies_plan(bodies);
    return HB_OK;
}

void hb_bodies_forget(struct hb_bodies *bodies, const void *user)
{
    for (struct hb_wanted *wanted = bodies->waiting; wanted; wanted = wanted->next)
        if (wanted->user == user)
            wanted->fn = NULL;
    for (size_t i = 0; i < bodies->round_count; i++)
        if (bodies->round[i] && bodies->round[i]->user == user)
            bodies->round[i]->fn = NULL;
}

size_t hb_bodies_waiting(const struct hb_bodies *bodies)
{
    return bodies->count;
}

uint64_t hb_bodies_rounds(const struct hb_bodies *bodies)
{
    return bodies->rounds;
}
