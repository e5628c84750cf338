#include "history/model_feed.h"

#include "hookbus/topics.h"

#include <stdlib.h>

#define REQUEST_MS 5000
#define POLL_RECORDS 1000
#define QUEUED_RECORDS 20000
#define QUEUED_KIB 8192

static const enum hb_topic TOPICS[HB_MODEL_TOPIC_COUNT] = {[HB_MODEL_ATTEMPTS] = HB_TOPIC_ATTEMPTS,
                                                           [HB_MODEL_JOURNAL] = HB_TOPIC_JOURNAL};

struct partition {
    int64_t start, next, end; /* end: as seen at the beginning */
    bool is_reached;
};

struct hb_feed {
    struct hb_model_apply *apply;
    struct hb_kafka_reader *reader;
    char names[HB_MODEL_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    const char *topics[HB_MODEL_TOPIC_COUNT];
    struct partition partitions[HB_MODEL_TOPIC_COUNT][HB_FEED_PARTITIONS_MAX];
    int counts[HB_MODEL_TOPIC_COUNT];
    size_t open; /* partitions whose end was not reached yet */
    int64_t total;
    bool is_away;
    enum hb_err err;
    struct hb_error error;
};

static void reach(struct hb_feed *feed, struct partition *partition)
{
    if (!partition->is_reached) {
        partition->is_reached = true;
        feed->open--;
    }
}

static enum hb_err take(struct hb_feed *feed, const struct hb_kafka_message *message)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    if (message->topic == HB_MODEL_ATTEMPTS) {
        return hb_model_apply_attempts(feed->apply, message->partition, message->offset, message->value);
    }
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);
    count = count < HB_KAFKA_HEADERS_MAX ? count : HB_KAFKA_HEADERS_MAX;
    const struct hb_model_journal record = {{message->key, message->value, headers, count},
                                            message->partition,
                                            message->offset,
                                            message->appended};
    return hb_model_apply_journal(feed->apply, &record);
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_feed *feed = user;
    struct partition *partition = &feed->partitions[message->topic][message->partition];
    feed->is_away = false;
    if (!feed->err) {
        feed->err = take(feed, message);
        partition->next = message->offset + 1;
        if (partition->next >= partition->end) {
            reach(feed, partition);
        }
    }
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_feed *feed = user;
    struct partition *at = &feed->partitions[topic][partition];
    at->next = offset > at->next ? offset : at->next;
    reach(feed, at);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_feed *feed = user;
    (void)topic;
    if (err == HB_ERR_AWAY) {
        feed->is_away = true;
    } else if (!feed->err) {
        /* Out of range: Kafka has removed what the file was about to read, or has another topic than it had. */
        bool is_range = err == HB_ERR_NOT_FOUND && partition >= 0;
        feed->err = hb_fail(&feed->error, is_range ? HB_ERR_INVALID : err, "%s", text ? text : hb_err_text(err));
    }
}

static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};

/* Where a partition goes on. Behind what is kept is no hole: the same was removed from the file by its age. */
static enum hb_err plan_partition(struct hb_feed *feed, struct hb_kafka_admin *admin, int topic, int32_t number,
                                  struct hb_error *reterr)
{
    struct partition *partition = &feed->partitions[topic][number];
    int64_t low = 0, high = 0, next = -1;
    enum hb_err err =
        hb_kafka_admin_offsets(admin, feed->topics[topic], number, REQUEST_MS, &low, &high, reterr);
    err = err ? err : hb_model_apply_next(feed->apply, (enum hb_model_topic)topic, number, &next);
    if (!err && next > high) {
        return hb_fail(reterr, HB_ERR_INVALID, "it has read further than %s goes", feed->topics[topic]);
    }
    *partition = (struct partition){.start = next > low ? next : low, .end = high};
    partition->next = partition->start;
    partition->is_reached = partition->start >= high;
    feed->total += high - partition->start;
    feed->open += !partition->is_reached;
    return err;
}

static enum hb_err plan(struct hb_feed *feed, struct hb_kafka_admin *admin, struct hb_error *reterr)
{
    enum hb_err err = HB_OK;
    for (int topic = 0; !err && topic < HB_MODEL_TOPIC_COUNT; topic++) {
        int replication = 0;
        err = hb_kafka_admin_topic(admin, feed->topics[topic], REQUEST_MS, &feed->counts[topic], &replication, reterr);
        if (!err && feed->counts[topic] > HB_FEED_PARTITIONS_MAX) {
            return hb_fail(reterr, HB_ERR_TOO_LARGE, "%s has %d partitions", feed->topics[topic], feed->counts[topic]);
        }
        for (int32_t i = 0; !err && i < feed->counts[topic]; i++) {
            err = plan_partition(feed, admin, topic, i, reterr);
        }
    }
    return err;
}

static enum hb_err start(struct hb_feed *feed, const struct hb_kafka_cluster *cluster, struct hb_error *reterr)
{
    struct hb_kafka_start starts[HB_MODEL_TOPIC_COUNT * HB_FEED_PARTITIONS_MAX];
    const struct hb_kafka_reader_options options = {.cluster = *cluster,
                                                    .topics = feed->topics,
                                                    .topics_count = HB_MODEL_TOPIC_COUNT,
                                                    .queued_records_min = QUEUED_RECORDS,
                                                    .queued_kib_max = QUEUED_KIB,
                                                    .events = &EVENTS,
                                                    .user = feed};
    size_t count = 0;
    for (int topic = 0; topic < HB_MODEL_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < feed->counts[topic]; i++) {
            starts[count++] = (struct hb_kafka_start){topic, i, feed->partitions[topic][i].start};
        }
    }
    enum hb_err err = hb_kafka_reader_new(&options, &feed->reader, reterr);
    return err ? err : hb_kafka_reader_assign(feed->reader, starts, count);
}

enum hb_err hb_feed_new(const struct hb_kafka_cluster *cluster, struct hb_str topic_prefix,
                        struct hb_model_apply *apply, struct hb_feed **ret_feed, struct hb_error *reterr)
{
    struct hb_feed *feed = calloc(1, sizeof(*feed));
    struct hb_kafka_admin *admin = NULL;
    if (!feed) {
        return HB_ERR_MEMORY;
    }
    feed->apply = apply;
    for (int i = 0; i < HB_MODEL_TOPIC_COUNT; i++) {
        (void)hb_topic_name(topic_prefix, TOPICS[i], feed->names[i]);
        feed->topics[i] = feed->names[i];
    }
    enum hb_err err = hb_kafka_admin_new(cluster, &admin, reterr);
    err = err ? err : plan(feed, admin, reterr);
    err = err ? err : start(feed, cluster, reterr);
    hb_kafka_admin_free(&admin);
    if (err) {
        hb_feed_free(&feed);
        return err;
    }
    *ret_feed = feed;
    return HB_OK;
}

void hb_feed_free(struct hb_feed **feed)
{
    if (*feed) {
        hb_kafka_reader_free(&(*feed)->reader);
        free(*feed);
        *feed = NULL;
    }
}

enum hb_err hb_feed_poll(struct hb_feed *feed, int wait_ms, struct hb_error *reterr)
{
    (void)hb_kafka_reader_poll(feed->reader, POLL_RECORDS, wait_ms);
    if (feed->err) {
        return hb_fail(reterr, feed->err, "%s", feed->error.code ? feed->error.text : hb_err_text(feed->err));
    }
    return HB_OK;
}

bool hb_feed_is_complete(const struct hb_feed *feed) { return feed->open == 0; }

int hb_feed_percent(const struct hb_feed *feed)
{
    int64_t done = 0;
    if (feed->open == 0 || feed->total <= 0) {
        return feed->open == 0 ? 100 : 0;
    }
    for (int topic = 0; topic < HB_MODEL_TOPIC_COUNT; topic++) {
        for (int i = 0; i < feed->counts[topic]; i++) {
            const struct partition *partition = &feed->partitions[topic][i];
            int64_t next = partition->is_reached || partition->next > partition->end ? partition->end : partition->next;
            done += next - partition->start;
        }
    }
    int percent = (int)(100 * done / feed->total);
    return percent < 99 ? percent : 99; /* 100 is complete */
}

bool hb_feed_is_away(const struct hb_feed *feed) { return feed->is_away; }
