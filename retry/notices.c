#include "retry/notices.h"

#include "core/event_record.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"

#include <stdio.h>

/* A view that is built anew meets deaths of weeks: those were told in their time. */
#define AGE_MAX_MS HB_MS_PER_DAY

/* Written, not acknowledged. */
static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_retry_webhook *webhook = user;

    if (ack->err)
        webhook->told = 0; /* with the next death */
}

static enum hb_err produce(struct hb_retry *retry, const struct hb_event *event, hb_kafka_ack_fn *ack, void *user)
{
    char topic[HB_TOPIC_NAME_MAX], key[2 * HB_ID_MAX + 2], scratch[HB_EVENT_SCRATCH_MAX];
    struct hb_name_value pairs[HB_EVENT_HEADERS_MAX];
    struct hb_kafka_header headers[HB_EVENT_HEADERS_MAX];
    struct hb_kafka_producer *producer = hb_outbox_producer(retry->options.outbox);
    size_t count = hb_event_to_headers(event, scratch, pairs);

    if (!producer)
        return HB_ERR_CLOSED;
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct hb_kafka_header){pairs[i].name, pairs[i].value};
    (void)hb_topic_name(hb_str_c(retry->options.config->kafka_topic_prefix), HB_TOPIC_EVENTS_OTHER, topic);
    int length = snprintf(key, sizeof(key), "%.*s/%.*s", HB_ARG(event->store), HB_ARG(event->subject));
    const struct hb_kafka_record record = {.topic = topic,
                                           .partition = HB_KAFKA_PARTITION_ANY,
                                           .key = hb_str_n(key, (size_t)length),
                                           .value = event->data,
                                           .headers = headers,
                                           .headers_count = count};
    return hb_kafka_produce(producer, &record, ack, user);
}

static void tell(struct hb_retry_webhook *webhook, enum hb_notice_kind kind)
{
    const struct hb_notice notice = {kind, hb_str_c(webhook->id), webhook->snapshot->enabled_revision};
    struct hb_retry *retry = webhook->shard->retry;
    struct hb_buf data = hb_buf_make(HB_NOTICE_DATA_MAX);
    char seed[HB_NOTICE_SEED_MAX], id[HB_NOTICE_ID_BYTES + 1];
    unsigned char digest[HB_SHA256_BYTES];

    hb_sha256(hb_str_n(seed, hb_notice_seed(&notice, seed)), digest);
    hb_notice_id(digest, id);
    enum hb_err err = hb_notice_write(&notice, &data);
    if (!err) {
        const struct hb_event event = {.id = hb_str_n(id, HB_NOTICE_ID_BYTES),
                                       .store = webhook->snapshot->store,
                                       .type = hb_notice_type(kind),
                                       .subject = notice.webhook,
                                       .data = hb_buf_str(&data),
                                       .registry_stamp = HB_NO_STAMP,
                                       .is_json = true};
        err = produce(retry, &event, acknowledged, webhook);
    }
    if (!err)
        webhook->told |= 1U << kind;
    hb_log(&retry->log, HB_LOG_NOTICE, HB_LOG_STR("store", webhook->snapshot->store), HB_LOG_C("webhook", webhook->id),
           HB_LOG_STR("type", hb_notice_type(kind)), HB_LOG_C("event", id),
           HB_LOG_C("error", err ? hb_err_name(err) : ""));
    hb_buf_deinit(&data);
}

static void tell_once(struct hb_retry_webhook *webhook, enum hb_notice_kind kind)
{
    if (!webhook->snapshot)
        return; /* of an unknown webhook nothing is concluded */
    if (webhook->told_revision != webhook->snapshot->enabled_revision) {
        webhook->told_revision = webhook->snapshot->enabled_revision;
        webhook->told = 0;
    }
    if (!(webhook->told & 1U << kind))
        tell(webhook, kind);
}

/* An attempt's end, not an operator's doing or a matter of our own. */
static bool is_death(const struct hb_view_record *record)
{
    if (record->rule.state != HB_DELIVERY_DEAD && record->rule.state != HB_DELIVERY_HELD)
        return false;
    return record->reason != HB_REASON_WEBHOOK_DELETED && record->reason != HB_REASON_CONFLICTING_ID &&
           record->reason != HB_REASON_BODY_GONE;
}

void hb_notices_of_record(struct hb_retry_shard *shard, const struct hb_view_record *record, struct hb_wall appended)
{
    if (record->is_takeover || record->rule.repairs != HB_SHARD_NONE || !is_death(record))
        return;
    if (hb_loop_wall(shard->retry->options.loop).ms - appended.ms > AGE_MAX_MS)
        return;
    struct hb_retry_webhook *webhook = hb_retry_webhook_of(shard->retry, record->webhook);
    if (webhook)
        tell_once(webhook, record->reason == HB_REASON_GONE ? HB_NOTICE_DISABLED : HB_NOTICE_FAILING);
}

void hb_notices_disabled(struct hb_retry_webhook *webhook)
{
    if (webhook->shard->is_ours)
        tell_once(webhook, HB_NOTICE_DISABLED);
}
