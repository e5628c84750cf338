/* From the journal into the view: records are kept until their batch is applied, one batch a shard at a time. What is no
 * record of ours is set aside with its bytes in the log and read over; one of a newer hookbus stops its shard. */
#include "retry/notices.h"

#include "hookbus/topics.h"

#include <stdio.h>
#include <stdlib.h>

#define POLL_MAX 500
/* Records kept: of a shard, and of all; nothing more is fetched beyond, so a slow Redis holds up the reading. */
#define KEPT_MAX HB_VIEW_BATCH_MAX
#define KEPT_ALL_MAX 10000
#define QUEUED_RECORDS_MIN 20000
#define QUEUED_KIB_MAX 16384
#define ASSIGN_DELAY_MS 20 /* shards that begin together share an assignment */
#define ASSIGN_LIMIT_MS 10000 /* for an assignment to show that it began; Kafka may be away */
#define PROMPT_MS 100      /* retries wait until their shard is caught up */

/* ---- which partitions, from where ---- */

static void assign(void *user)
{
    struct hb_retry *retry = user;
    struct hb_kafka_start starts[HB_SHARDS];
    int64_t now_us = hb_loop_mono(retry->options.loop).us;
    size_t count = 0;

    /* Assigned again while the last assignment still stops the one before, the library aborts (rktp_started); its first
     * record or end is the sign that it began. On a starved machine that takes longer than shards that begin together. */
    if (now_us < retry->assigning_until_us) {
        hb_timer_start(retry->assign_timer, ASSIGN_DELAY_MS, 0);
        return;
    }
    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].is_reading)
            starts[count++] = (struct hb_kafka_start){0, i, retry->shards[i].next};
    enum hb_err err = hb_kafka_reader_assign(retry->reader, starts, count);
    retry->must_assign = err != HB_OK;
    retry->assigning_until_us = count && !err ? now_us + ASSIGN_LIMIT_MS * HB_US_PER_MS : 0;
    if (err)
        hb_timer_start(retry->assign_timer, 1000, 0);
}

static void plan_assign(struct hb_retry *retry)
{
    retry->must_assign = true;
    if (!hb_timer_is_running(retry->assign_timer))
        hb_timer_start(retry->assign_timer, ASSIGN_DELAY_MS, 0);
}

static void drop_kept(struct hb_retry_shard *shard)
{
    while (shard->first)
        hb_records_free_first(&shard->first);
    shard->end = &shard->first;
    shard->retry->pending -= shard->pending;
    shard->pending = 0;
    shard->unknown_since = (struct hb_mono){0};
}

void hb_reading_start(struct hb_retry_shard *shard, int64_t from)
{
    drop_kept(shard);
    shard->is_reading = true;
    shard->next = from;
    shard->through = from == HB_KAFKA_BEGINNING ? HB_SHARD_NONE : from - 1;
    shard->is_applying = false;
    plan_assign(shard->retry);
}

void hb_reading_stop(struct hb_retry_shard *shard)
{
    drop_kept(shard);
    if (!shard->is_reading)
        return;
    shard->is_reading = false;
    plan_assign(shard->retry);
}

/* ---- a record ---- */

static void halt_newer(struct hb_retry_shard *shard, int64_t offset)
{
    char sentence[HB_RETRY_TROUBLE_MAX];

    (void)snprintf(sentence, sizeof(sentence),
                   "partition %d of the journal stands still: offset %lld was written by a newer hookbus; update this "
                   "one",
                   shard->number, (long long)offset);
    hb_shard_halt(shard, sentence);
}

static void take_message(void *user, struct hb_kafka_message *take_message)
{
    struct hb_retry *retry = user;
    struct hb_retry_shard *shard =
        take_message->partition < HB_SHARDS ? &retry->shards[take_message->partition] : NULL;
    struct hb_retry_record *record = NULL;

    retry->assigning_until_us = 0;
    /* What came of a former assignment is not wanted any more. */
    if (shard && shard->is_reading && !retry->must_assign && take_message->offset >= shard->next)
        record = calloc(1, sizeof(*record));
    if (!record) {
        if (shard && shard->is_reading && !retry->must_assign && take_message->offset >= shard->next)
            plan_assign(retry); /* no memory: read it again */
        hb_kafka_message_free(take_message);
        return;
    }
    record->message = *take_message;
    if (!hb_records_read(shard, record)) {
        int64_t offset = take_message->offset;
        hb_kafka_message_free(&record->message);
        free(record);
        halt_newer(shard, offset);
        return;
    }
    *shard->end = record;
    shard->end = &record->next;
    shard->pending++;
    retry->pending++;
    shard->next = take_message->offset + 1;
}

static void take_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_retry *retry = user;

    retry->assigning_until_us = 0;
    (void)topic;
    (void)partition;
    (void)offset;
}

/* The journal no longer has what is wanted: from its first record on. */
static void take_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_retry *retry = user;

    (void)topic;
    if (err == HB_ERR_NOT_FOUND)
        retry->assigning_until_us = 0;
    if (err == HB_ERR_NOT_FOUND && partition >= 0 && partition < HB_SHARDS && retry->shards[partition].is_reading) {
        retry->shards[partition].next = HB_KAFKA_BEGINNING;
        plan_assign(retry);
    } else if (err == HB_ERR_DENIED) {
        hb_retry_set_lasting_trouble(retry, text);
    } else if (err == HB_ERR_FATAL) {
        retry->options.failed(retry->options.user, text);
    }
}

static const struct hb_kafka_reader_events reader_events = {take_message, take_end, take_error};

/* ---- to the view ---- */

/* What may be applied now; returns how many records it takes, ours or not. */
static size_t gather(struct hb_retry_shard *shard, struct hb_view_batch *ret_batch)
{
    struct hb_view_record *records = shard->retry->batch;
    size_t taken = 0;

    *ret_batch = (struct hb_view_batch){.records = records};
    for (struct hb_retry_record *record = shard->first; record && taken < HB_VIEW_BATCH_MAX; record = record->next) {
        if (!hb_records_set_order(shard, record))
            break;
        if (record->is_ours)
            records[ret_batch->count++] = record->record;
        ret_batch->through = record->message.offset;
        ret_batch->seen = record->message.appended;
        taken++;
    }
    return taken;
}

static void let_go(struct hb_retry_shard *shard, size_t taken)
{
    shard->pending -= taken;
    shard->retry->pending -= taken;
    while (taken-- > 0) {
        struct hb_retry_record *record = shard->first;
        shard->first = record->next;
        if (record->is_ours && !record->is_notice)
            hb_notices_of_record(shard, &record->record, record->message.appended);
        hb_kafka_message_free(&record->message);
        free(record);
    }
    if (!shard->first)
        shard->end = &shard->first;
}

static bool is_full(const struct hb_retry *retry)
{
    if (retry->pending >= KEPT_ALL_MAX)
        return true;
    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].pending >= KEPT_MAX)
            return true;
    return false;
}

static void applied(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    bool is_ours = shard->is_applying;

    shard->is_applying = false;
    if (!is_ours)
        return; /* of a former reading */
    hb_shard_applied(shard, answer);
    hb_rereading_kick(shard); /* they take turns */
    hb_reading_apply(shard);
    if (!is_full(shard->retry))
        hb_watch_set(shard->retry->reader_watch, HB_WATCH_READ);
}

void hb_reading_apply(struct hb_retry_shard *shard)
{
    struct hb_view_batch batch;

    if (!shard->is_reading || shard->is_applying || !shard->first || hb_view_is_lost(shard->view))
        return;
    size_t taken = gather(shard, &batch);
    if (taken == 0)
        return; /* waits for the registry: looked at again each second */
    batch.must_not_grow = shard->node->is_full;
    enum hb_err err = hb_view_apply(shard->view, &batch, applied, shard);
    if (err)
        return; /* away: the node says so; full or no memory: again with the next record or second */
    shard->is_applying = true;
    shard->through = batch.through;
    shard->unknown_since = (struct hb_mono){0};
    let_go(shard, taken);
}

void hb_reading_poll(struct hb_retry *retry)
{
    if (!retry->reader)
        return;
    if (is_full(retry)) {
        hb_watch_set(retry->reader_watch, 0); /* until a batch was applied */
    } else {
        (void)hb_kafka_reader_poll(retry->reader, POLL_MAX, 0);
        hb_watch_set(retry->reader_watch, HB_WATCH_READ);
    }
    for (int i = 0; i < HB_SHARDS; i++)
        hb_reading_apply(&retry->shards[i]);
}

static void readable(void *user, int events)
{
    (void)events;
    hb_reading_poll(user);
}

enum hb_err hb_reading_new(struct hb_retry *retry, struct hb_error *reterr)
{
    char name[HB_TOPIC_NAME_MAX];
    const char *topics[] = {name};
    const struct hb_kafka_reader_options options = {.cluster = retry->options.cluster,
                                                    .topics = topics,
                                                    .topics_count = 1,
                                                    .queued_records_min = QUEUED_RECORDS_MIN,
                                                    .queued_kib_max = QUEUED_KIB_MAX,
                                                    .prompt_ms = PROMPT_MS,
                                                    .events = &reader_events,
                                                    .user = retry};

    (void)hb_topic_name(hb_str_c(retry->options.config->kafka_topic_prefix), HB_TOPIC_JOURNAL, name);
    enum hb_err err = hb_kafka_reader_new(&options, &retry->reader, reterr);
    if (!err)
        err = hb_timer_new(retry->options.loop, assign, retry, &retry->assign_timer);
    if (!err)
        err = hb_watch_new(retry->options.loop, hb_kafka_reader_fd(retry->reader), readable, retry,
                           &retry->reader_watch);
    retry->batch = calloc(HB_VIEW_BATCH_MAX, sizeof(*retry->batch));
    if (!err && !retry->batch)
        err = HB_ERR_MEMORY;
    if (err)
        return err;
    for (int i = 0; i < HB_SHARDS; i++)
        retry->shards[i].end = &retry->shards[i].first;
    hb_watch_set(retry->reader_watch, HB_WATCH_READ);
    return HB_OK;
}

void hb_reading_free(struct hb_retry *retry)
{
    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].end)
            drop_kept(&retry->shards[i]);
    hb_watch_free(&retry->reader_watch);
    hb_timer_free(&retry->assign_timer);
    hb_kafka_reader_free(&retry->reader);
    free(retry->batch);
    retry->batch = NULL;
}
