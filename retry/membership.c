/* Which shards are ours: the group of the journal's partitions. The group only says so; records are read by a reader
 * (reading.c), so that a shard begins where its view stands and others do not stop for it. */
#include "retry/state.h"

static void assigned(void *user, struct hb_kafka_partition *partitions, size_t count)
{
    struct hb_retry *retry = user;

    for (size_t i = 0; i < count; i++) {
        partitions[i].is_refused = true; /* ours, but fetched by nobody here */
        if (partitions[i].partition < HB_SHARDS)
            hb_shard_assign(&retry->shards[partitions[i].partition], partitions[i].low);
    }
    hb_log(&retry->log, HB_LOG_RETRY_ASSIGNED, HB_LOG_INT("shards", count));
}

static void revoked(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost)
{
    struct hb_retry *retry = user;

    for (size_t i = 0; i < count; i++)
        if (partitions[i].partition < HB_SHARDS)
            hb_shard_revoke(&retry->shards[partitions[i].partition]);
    hb_log(&retry->log, HB_LOG_RETRY_REVOKED, HB_LOG_INT("shards", count), HB_LOG_BOOL("lost", is_lost));
}

static void message(void *user, struct hb_kafka_message *take_message)
{
    (void)user; /* every partition is refused */
    hb_kafka_message_free(take_message);
}

static void committed(void *user, int topic, int32_t partition, int64_t offset, enum hb_err err)
{
    (void)user;
    (void)topic;
    (void)partition;
    (void)offset;
    (void)err;
}

static void error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_retry *retry = user;

    (void)topic;
    (void)partition;
    if (err == HB_ERR_AWAY || err == HB_ERR_TIMEOUT)
        return; /* goes on by itself; the dispatcher's own consumer says so */
    hb_log(&retry->log, err == HB_ERR_FENCED ? HB_LOG_KAFKA_REJOINS : HB_LOG_KAFKA_ERROR, HB_LOG_C("of", "retry group"),
           HB_LOG_C("error", hb_err_name(err)), HB_LOG_C("detail", text));
    if (err == HB_ERR_FATAL)
        retry->options.failed(retry->options.user, text);
    else if (err == HB_ERR_DENIED)
        hb_retry_set_lasting_trouble(retry, text);
}

const struct hb_kafka_consumer_events hb_membership_events = {
    .assigned = assigned, .revoked = revoked, .message = message, .committed = committed, .error = error};
