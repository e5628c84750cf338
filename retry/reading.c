/* From the journal into the view: records are kept until their batch is applied, one batch a shard at a time. What is no
 * record of ours is set aside with its bytes in the log and read over; one of a newer hookbus stops its shard. */
#include "retry/notices.h"

#include "core/journal_record.h"
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
#define ASIDE_BYTES_LOGGED 256
/* How long a record waits for the registry to know its webhook; then it is taken for ordered, which harms nobody. */
#define UNKNOWN_PATIENCE_US (INT64_C(5) * 1000 * 1000)

struct hb_retry_record {
    struct hb_retry_record *next;
    struct hb_kafka_message message; /* the strings below are views of it */
    bool is_ours;                    /* else it is only read over */
    bool is_notice;                  /* the event is a notice: its death is not told */
    struct hb_view_record record;
    struct hb_str store;
};

/* ---- which partitions, from where ---- */

static void assign(void *user)
{
    struct hb_retry *retry = user;
    struct hb_kafka_start starts[HB_SHARDS];
    size_t count = 0;

    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].is_reading)
            starts[count++] = (struct hb_kafka_start){0, i, retry->shards[i].next};
    enum hb_err err = hb_kafka_reader_assign(retry->reader, starts, count);
    retry->must_assign = err != HB_OK;
    if (err)
        hb_timer_start(retry->assign_timer, 1000, 0);
}

static void plan_assign(struct hb_retry *retry)
{
    retry->must_assign = true;
    if (!hb_timer_is_running(retry->assign_timer))
        hb_timer_start(retry->assign_timer, ASSIGN_DELAY_MS, 0);
}

void hb_reading_free_record(struct hb_retry_record *record)
{
    hb_kafka_message_free(&record->message);
    free(record);
}

struct hb_retry_record **hb_reading_link(struct hb_retry_record *record)
{
    return &record->next;
}

struct hb_retry_record *hb_reading_next_record(struct hb_retry_record **first)
{
    struct hb_retry_record *record = *first;

    *first = record->next;
    return record;
}

static void drop_kept(struct hb_retry_shard *shard)
{
    while (shard->first)
        hb_reading_free_record(hb_reading_next_record(&shard->first));
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

static void log_aside(struct hb_retry_shard *shard, const struct hb_kafka_message *message, const char *problem)
{
    struct hb_buf bytes = hb_buf_make(ASIDE_BYTES_LOGGED * 6);
    size_t length = message->value.len < ASIDE_BYTES_LOGGED ? message->value.len : ASIDE_BYTES_LOGGED;

    (void)!hb_buf_add_json(&bytes, hb_str_n(message->value.ptr ? message->value.ptr : "", length));
    hb_log(&shard->retry->log, HB_LOG_JOURNAL_UNREADABLE, HB_LOG_INT("shard", shard->number),
           HB_LOG_INT("offset", message->offset), HB_LOG_C("why", problem), HB_LOG_STR("key", message->key),
           HB_LOG_STR("bytes", hb_buf_str(&bytes)));
    hb_metric_add(shard->retry->options.metrics, HB_METRIC_JOURNAL_UNREADABLE, 1);
    hb_buf_deinit(&bytes);
}

static bool id_bytes(struct hb_str id, unsigned char ret_bytes[HB_DELIVERY_BYTES])
{
    return id.len == HB_DELIVERY_ID_BYTES && hb_base32_16_decode(hb_str_n(id.ptr + 4, id.len - 4), ret_bytes);
}

/* NULL: it is one of ours; else what is wrong with it. */
static const char *make_record(const struct hb_journal_record *from, int64_t offset, struct hb_retry_record *ret)
{
    struct hb_view_record *to = &ret->record;

    if (from->kind == HB_JOURNAL_TAKEOVER) {
        to->is_takeover = true;
        to->rule = (struct hb_shard_record){.offset = offset, .repairs = HB_SHARD_NONE};
        return NULL;
    }
    if (!id_bytes(from->id, to->delivery))
        return "the key is no delivery id";
    if (from->webhook.len > HB_ID_MAX || from->job.len > HB_ID_MAX)
        return "the webhook's or the job's id is too long";
    to->rule = hb_journal_to_rule(from, offset);
    if (from->kind == HB_JOURNAL_STATE &&
        (from->position.topic >= HB_EVENT_TOPIC_COUNT || from->position.partition > HB_ENTRY_PARTITION_MAX))
        return "the event's place is no event topic's";
    to->webhook = from->webhook;
    to->due = from->due;
    to->attempts = from->attempts;
    to->reason = hb_entry_reason(from->reason);
    to->first_failed = from->first_failed;
    to->subject = from->subject;
    to->job = from->job;
    ret->store = from->store;
    ret->is_notice = hb_notice_is_id(from->event);
    return NULL;
}

/* False: a newer hookbus wrote it. */
static bool read_record(struct hb_retry_shard *shard, struct hb_retry_record *record)
{
    const struct hb_kafka_message *message = &record->message;
    struct hb_kafka_header headers[HB_KAFKA_HEADERS_MAX];
    struct hb_name_value pairs[HB_KAFKA_HEADERS_MAX];
    struct hb_journal_record read;
    const char *problem = "";
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);

    if (count > HB_KAFKA_HEADERS_MAX) {
        log_aside(shard, message, "too many headers");
        return true;
    }
    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct hb_name_value){headers[i].name, headers[i].value};
    const struct hb_journal_source source = {message->key, message->value, pairs, count};
    enum hb_journal_read found = hb_journal_read(&source, &read, &problem);
    if (found == HB_JOURNAL_READ_NEWER)
        return false;
    if (found == HB_JOURNAL_READ_OK)
        problem = make_record(&read, message->offset, record);
    record->is_ours = found == HB_JOURNAL_READ_OK && !problem;
    if (!record->is_ours)
        log_aside(shard, message, problem);
    return true;
}

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
    if (!read_record(shard, record)) {
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
    (void)user;
    (void)topic;
    (void)partition;
    (void)offset;
}

/* The journal no longer has what is wanted: from its first record on. */
static void take_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_retry *retry = user;

    (void)topic;
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

/* Whether the record may be applied as to its webhook's order; false: the registry may know it in a moment. */
static bool set_order(struct hb_retry_shard *shard, struct hb_retry_record *record)
{
    struct hb_view_record *to = &record->record;

    if (!record->is_ours || to->is_takeover || to->rule.state == HB_DELIVERY_DELIVERED)
        return true;
    const struct hb_retry_webhook *webhook = hb_retry_webhook_of(shard->retry, to->webhook);
    if (webhook && webhook->snapshot) {
        to->is_ordered = webhook->snapshot->is_ordered && to->subject != HB_JOURNAL_NO_SUBJECT;
        return true;
    }
    int64_t now_us = hb_retry_now(shard->retry).us;
    if (shard->unknown_since.us == 0)
        shard->unknown_since = (struct hb_mono){now_us};
    to->is_ordered = to->subject != HB_JOURNAL_NO_SUBJECT;
    return now_us - shard->unknown_since.us >= UNKNOWN_PATIENCE_US;
}

struct hb_view_record hb_reading_view_record(struct hb_retry_shard *shard, struct hb_retry_record *record)
{
    (void)set_order(shard, record); /* it was known long ago, or never will be */
    return record->record;
}

enum hb_err hb_reading_make_record(struct hb_retry_shard *shard, const struct hb_kafka_message *take_message,
                                   struct hb_str webhook, struct hb_retry_record **ret_record)
{
    struct hb_kafka_header headers[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(take_message, headers, HB_KAFKA_HEADERS_MAX), i = 0;

    while (i < count && i < HB_KAFKA_HEADERS_MAX && !hb_str_eq(headers[i].name, HB_STR("webhook")))
        i++;
    if (i >= count || i == HB_KAFKA_HEADERS_MAX || !hb_str_eq(headers[i].value, webhook))
        return HB_ERR_NOT_FOUND;
    struct hb_retry_record *record = calloc(1, sizeof(*record));
    if (!record)
        return HB_ERR_MEMORY;
    record->message = *take_message;
    if (read_record(shard, record) && record->is_ours && !record->record.is_takeover) {
        *ret_record = record;
        return HB_OK;
    }
    free(record);
    return HB_ERR_NOT_FOUND;
}

/* What may be applied now; returns how many records it takes, ours or not. */
static size_t gather(struct hb_retry_shard *shard, struct hb_view_batch *ret_batch)
{
    struct hb_view_record *records = shard->retry->batch;
    size_t taken = 0;

    *ret_batch = (struct hb_view_batch){.records = records};
    for (struct hb_retry_record *record = shard->first; record && taken < HB_VIEW_BATCH_MAX; record = record->next) {
        if (!set_order(shard, record))
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
