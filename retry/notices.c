#include "retry/notices.h"

#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"

#include <stdio.h>
#include <stdlib.h>

/* A view that is built anew meets deaths of weeks: those were told in their time. */
#define AGE_MAX_MS HB_MS_PER_DAY
#define AGAIN_US (1000 * HB_US_PER_MS) /* a webhook's deaths may be many, and Kafka may refuse for long */

/* A notice on its way. */
struct notice_sent {
    struct hb_retry_webhook *webhook;
    enum hb_notice_kind kind;
    int64_t revision;
    char id[HB_NOTICE_ID_BYTES + 1];
    char store[HB_ID_MAX + 1];
};

/* Said when Kafka has it, or when it has not: `error` empty or the reason, `detail` in Kafka's words. */
static void say(const struct notice_sent *sent, const char *error, const char *detail)
{
    hb_log(&sent->webhook->shard->retry->log, HB_LOG_NOTICE, HB_LOG_C("store", sent->store),
           HB_LOG_C("webhook", sent->webhook->id), HB_LOG_STR("type", hb_notice_type(sent->kind)),
           HB_LOG_C("event", sent->id), HB_LOG_C("error", error), HB_LOG_C("detail", detail));
}

static void not_told(const struct notice_sent *sent, enum hb_err err, const char *detail)
{
    sent->webhook->tell_again.us = hb_retry_now(sent->webhook->shard->retry).us + AGAIN_US;
    if (sent->webhook->told_revision == sent->revision)
        sent->webhook->told &= ~(1U << sent->kind); /* with the next death */
    say(sent, hb_err_name(err), detail);
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct notice_sent *sent = user;

    if (ack->err)
        not_told(sent, ack->err, ack->text ? ack->text : "");
    else
        say(sent, "", "");
    free(sent);
}

static enum hb_err send(const struct hb_notice *notice, struct notice_sent *sent)
{
    struct hb_buf data = hb_buf_make(HB_NOTICE_DATA_MAX);
    char seed[HB_NOTICE_SEED_MAX];
    unsigned char digest[HB_SHA256_BYTES];
    const struct hb_retry_options *options = &sent->webhook->shard->retry->options;
    struct hb_kafka_producer *producer = hb_outbox_producer(options->outbox);

    if (!producer)
        return HB_ERR_CLOSED;
    hb_sha256(hb_str_n(seed, hb_notice_seed(notice, seed)), digest);
    hb_notice_id(digest, sent->id);
    enum hb_err err = hb_notice_write(notice, &data);
    if (!err) {
        const struct hb_event event = {.id = hb_str_n(sent->id, HB_NOTICE_ID_BYTES),
                                       .store = hb_str_c(sent->store),
                                       .type = hb_notice_type(notice->kind),
                                       .subject = notice->webhook,
                                       .data = hb_buf_str(&data),
                                       .registry_stamp = HB_NO_STAMP,
                                       .is_json = true};
        err = hb_kafka_produce_event(producer, hb_str_c(options->config->kafka_topic_prefix), &event, acknowledged,
                                     sent);
    }
    hb_buf_deinit(&data);
    return err;
}

static void tell(struct hb_retry_webhook *webhook, enum hb_notice_kind kind)
{
    const struct hb_notice notice = {
        .kind = kind, .webhook = hb_str_c(webhook->id), .revision = webhook->snapshot->enabled_revision};
    struct notice_sent *sent = calloc(1, sizeof *sent);

    if (!sent)
        return; /* with the next death */
    *sent = (struct notice_sent){.webhook = webhook, .kind = kind, .revision = notice.revision};
    (void)snprintf(sent->store, sizeof(sent->store), "%.*s", HB_ARG(webhook->snapshot->store));
    webhook->told |= 1U << kind;
    enum hb_err err = send(&notice, sent);
    if (err) {
        not_told(sent, err, "");
        free(sent);
    }
}

static void tell_once(struct hb_retry_webhook *webhook, enum hb_notice_kind kind)
{
    if (!webhook->snapshot)
        return; /* of an unknown webhook nothing is concluded */
    if (webhook->told_revision != webhook->snapshot->enabled_revision) {
        webhook->told_revision = webhook->snapshot->enabled_revision;
        webhook->told = 0;
    }
    if (!(webhook->told & 1U << kind) && hb_retry_now(webhook->shard->retry).us >= webhook->tell_again.us)
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
