/* A journal record as the view wants it. What is none of ours is set aside with its bytes in the log. */
#include "retry/notices.h"

#include "core/journal_record.h"
#include "hookbus/topics.h"

#include <stdlib.h>

#define ASIDE_BYTES_LOGGED 256
/* How long a record waits for the registry to know its webhook; then it is taken for ordered, which harms nobody. All
 * behind it waits, too: so a webhook is waited for once, and after one was waited for in vain no other is for a while. */
#define UNKNOWN_PATIENCE_US (INT64_C(5) * 1000 * 1000)
#define UNKNOWN_RESPITE_US (INT64_C(60) * 1000 * 1000)

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
static const char *make_record(const struct hb_journal_record *from, const struct hb_kafka_message *message,
                               struct hb_wall now, struct hb_retry_record *ret)
{
    int64_t offset = message->offset;
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
    if (hb_shard_rule_is_far(from->version, now))
        return "the version is of a life to come";
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

bool hb_records_read(struct hb_retry_shard *shard, struct hb_retry_record *record)
{
    const struct hb_kafka_message *message = &record->message;
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    struct hb_journal_record read;
    const char *problem = "";
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);

    if (count > HB_KAFKA_HEADERS_MAX) {
        log_aside(shard, message, "too many headers");
        return true;
    }
    const struct hb_journal_source source = {message->key, message->value, headers, count};
    enum hb_journal_read found = hb_journal_read(&source, &read, &problem);
    if (found == HB_JOURNAL_READ_NEWER)
        return false;
    if (found == HB_JOURNAL_READ_OK)
        problem = make_record(&read, message, hb_loop_wall(shard->retry->options.loop), record);
    record->is_ours = found == HB_JOURNAL_READ_OK && !problem;
    if (!record->is_ours)
        log_aside(shard, message, problem);
    return true;
}

/* Whether a record of a webhook the registry does not know goes on without it. */
static bool has_waited(struct hb_retry_shard *shard, struct hb_retry_webhook *webhook)
{
    int64_t now_us = hb_retry_now(shard->retry).us;

    if ((webhook && webhook->was_waited_for) || now_us < shard->respite_until.us)
        return true;
    if (shard->unknown_since.us == 0)
        shard->unknown_since = (struct hb_mono){now_us};
    if (now_us - shard->unknown_since.us < UNKNOWN_PATIENCE_US)
        return false;
    shard->respite_until = (struct hb_mono){now_us + UNKNOWN_RESPITE_US};
    if (webhook)
        webhook->was_waited_for = true;
    return true;
}

bool hb_records_set_order(struct hb_retry_shard *shard, struct hb_retry_record *record)
{
    struct hb_view_record *to = &record->record;

    if (!record->is_ours || to->is_takeover || to->rule.state == HB_DELIVERY_DELIVERED)
        return true;
    struct hb_retry_webhook *webhook = hb_retry_webhook_of(shard->retry, to->webhook);
    to->is_ordered = to->subject != HB_JOURNAL_NO_SUBJECT;
    if (!webhook || !webhook->snapshot)
        return has_waited(shard, webhook);
    to->is_ordered = to->is_ordered && webhook->snapshot->is_ordered;
    return true;
}

enum hb_err hb_records_make(struct hb_retry_shard *shard, const struct hb_kafka_message *take_message,
                                   struct hb_str webhook, struct hb_retry_record **ret_record)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(take_message, headers, HB_KAFKA_HEADERS_MAX), i = 0;

    while (i < count && i < HB_KAFKA_HEADERS_MAX && !hb_str_eq(headers[i].name, HB_STR("webhook")))
        i++;
    if (i >= count || i == HB_KAFKA_HEADERS_MAX || !hb_str_eq(headers[i].value, webhook))
        return HB_ERR_NOT_FOUND;
    struct hb_retry_record *record = calloc(1, sizeof(*record));
    if (!record)
        return HB_ERR_MEMORY;
    record->message = *take_message;
    if (hb_records_read(shard, record) && record->is_ours && !record->record.is_takeover) {
        *ret_record = record;
        return HB_OK;
    }
    free(record);
    return HB_ERR_NOT_FOUND;
}

void hb_records_free_first(struct hb_retry_record **first)
{
    struct hb_retry_record *record = *first;

    *first = record->next;
    hb_kafka_message_free(&record->message);
    free(record);
}
