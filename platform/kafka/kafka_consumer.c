#include "platform/kafka/kafka_consumer.h"

#include <stdlib.h>

#define SEEK_LIMIT_MS 2000
#define CLOSE_STEP_MS 20
#define RETIRE_WAIT_MS 5000 /* for an instance that has left: it ends at once unless messages of it live */

struct hb_kafka_slot *hb_kafka_consumer_slot(const struct hb_kafka_consumer *consumer, int topic, int32_t partition)
{
    const struct hb_kafka_slots *slots;

    HB_ASSERT(topic >= 0 && (size_t)topic < consumer->topics.count);
    slots = &consumer->slots[topic];
    if (partition < 0 || partition >= slots->count || !slots->slots[partition].is_ours)
        return NULL;
    return &slots->slots[partition];
}

static rd_kafka_topic_partition_list_t *list_of_one(const struct hb_kafka_consumer *consumer, int topic,
                                                    int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, hb_kafka_index_name(&consumer->topics, topic), partition);
    return list;
}

/* ---- offsets ---- */

/* A partition that the library does not yet hold as assigned says _STATE: it stays dirty and goes with the next flush.
 */
static void after_store(struct hb_kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *elem = &list->elems[i];
        struct hb_kafka_slot *slot =
            hb_kafka_consumer_slot(consumer, hb_kafka_index_find_name(&consumer->topics, elem->topic), elem->partition);
        if (elem->err == RD_KAFKA_RESP_ERR__STATE)
            continue;
        slot->is_dirty = false;
        consumer->dirty_count--;
    }
}

void hb_kafka_consumer_flush(struct hb_kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;

    if (!consumer->dirty_count)
        return;
    list = rd_kafka_topic_partition_list_new((int)consumer->dirty_count);
    for (size_t i = 0; i < consumer->ours_count; i++) {
        const struct hb_kafka_partition *p = &consumer->ours[i];
        const struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, p->topic, p->partition);
        if (slot->is_dirty)
            rd_kafka_topic_partition_list_add(list, hb_kafka_index_name(&consumer->topics, p->topic), p->partition)
                ->offset = slot->top;
    }
    (void)rd_kafka_offsets_store(consumer->rk, list);
    after_store(consumer, list);
    /* At once: rd_kafka_destroy waits for good for a list that lives. */
    rd_kafka_topic_partition_list_destroy(list);
}

void hb_kafka_consumer_store_again(struct hb_kafka_consumer *consumer, struct hb_kafka_slot *slot)
{
    if (slot->is_dirty || slot->top < 0)
        return;
    slot->is_dirty = true;
    if (consumer->dirty_count++ == 0)
        hb_kafka_wake_raise(&consumer->wake); /* gathered, and given to the library by the next poll */
}

enum hb_err hb_kafka_consumer_store(struct hb_kafka_consumer *consumer, int topic, int32_t partition,
                                    int64_t next_offset)
{
    struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, topic, partition);

    if (!slot || slot->at.is_refused)
        return HB_OK;
    HB_ASSERT(next_offset >= 0 && next_offset >= slot->stored);
    if (next_offset == slot->stored)
        return HB_OK;
    slot->stored = next_offset;
    /* After a seek back it is lower than what was stored before: the commit stays where it is. */
    if (next_offset > slot->top) {
        slot->top = next_offset;
        hb_kafka_consumer_store_again(consumer, slot);
    }
    return HB_OK;
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    struct hb_kafka_consumer *consumer = opaque;

    (void)rk;
    if (!offsets || err == RD_KAFKA_RESP_ERR__NO_OFFSET)
        return;
    for (int i = 0; i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *elem = &offsets->elems[i];
        int topic = hb_kafka_index_find_name(&consumer->topics, elem->topic);
        if (topic < 0 || elem->offset < 0)
            continue;
        consumer->served++;
        consumer->events.committed(consumer->user, topic, elem->partition, elem->offset,
                                   hb_kafka_err_of(elem->err ? elem->err : err));
    }
}

/* ---- events ---- */

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct hb_kafka_consumer *consumer = opaque;

    if (consumer->is_closing)
        return;
    consumer->served++;
    if (hb_kafka_fence_take(consumer))
        return;
    hb_kafka_trouble_client(&consumer->trouble, rk, (rd_kafka_resp_err_t)err, reason);
}

static void take_error(struct hb_kafka_consumer *consumer, const rd_kafka_message_t *rkm)
{
    int topic = rkm->rkt ? hb_kafka_index_find(&consumer->topics, rkm->rkt) : -1;
    struct hb_kafka_slot *slot = topic >= 0 ? hb_kafka_consumer_slot(consumer, topic, rkm->partition) : NULL;

    if (rkm->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (slot && !slot->is_paused && consumer->events.end)
            consumer->events.end(consumer->user, topic, rkm->partition, rkm->offset);
        return;
    }
    if (slot && rkm->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        slot->is_stopped = true;
    if (hb_kafka_fence_take(consumer))
        return;
    hb_kafka_trouble_message(&consumer->trouble, consumer->rk, rkm, topic);
}

static void take_message(struct hb_kafka_consumer *consumer, rd_kafka_message_t *rkm)
{
    int topic = hb_kafka_index_find(&consumer->topics, rkm->rkt);
    struct hb_kafka_slot *slot = topic >= 0 ? hb_kafka_consumer_slot(consumer, topic, rkm->partition) : NULL;
    struct hb_kafka_message message;

    /* Below `next`: the library repeats itself (a resume that raced). Paused: taken back by the seek of _resume. */
    if (!slot || rkm->offset < slot->next || slot->is_paused) {
        if (slot && slot->is_paused)
            slot->has_delivered = false;
        rd_kafka_message_destroy(rkm);
        return;
    }
    slot->next = rkm->offset + 1;
    slot->has_delivered = true;
    hb_kafka_message_fill(&message, rkm, topic);
    consumer->events.message(consumer->user, &message);
}

static void renew(struct hb_kafka_consumer *consumer);

int hb_kafka_consumer_fd(const struct hb_kafka_consumer *consumer)
{
    return consumer->wake.fd;
}

int hb_kafka_consumer_poll(struct hb_kafka_consumer *consumer, int max)
{
    rd_kafka_message_t *rkm = NULL;

    HB_ASSERT(max > 0);
    hb_kafka_wake_drain(&consumer->wake);
    consumer->served = 0;
    if (!consumer->rk) /* could not be renewed: HB_ERR_FATAL was told */
        return 0;
    hb_kafka_rebalance_serve(consumer);
    hb_kafka_consumer_flush(consumer);
    while (consumer->served < max && (rkm = rd_kafka_consumer_poll(consumer->rk, 0))) {
        consumer->served++;
        if (!rkm->err) {
            take_message(consumer, rkm);
            continue;
        }
        take_error(consumer, rkm);
        rd_kafka_message_destroy(rkm);
    }
    hb_kafka_consumer_flush(consumer);
    if (consumer->is_to_renew && !rkm)
        renew(consumer);
    /* What is left was announced before: announce it again, so that a loop that polls once a turn misses nothing. */
    if (consumer->served >= max)
        hb_kafka_wake_raise(&consumer->wake);
    return consumer->served;
}

/* ---- pause, resume, seek ---- */

void hb_kafka_consumer_pause(struct hb_kafka_consumer *consumer, int topic, int32_t partition)
{
    struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, topic, partition);
    rd_kafka_topic_partition_list_t *list;

    if (!slot || slot->is_paused)
        return;
    slot->is_paused = true;
    if (slot->at.is_refused)
        return;
    list = list_of_one(consumer, topic, partition);
    (void)rd_kafka_pause_partitions(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A resume of what is not paused makes this library repeat records: never asked for. */
void hb_kafka_consumer_resume(struct hb_kafka_consumer *consumer, int topic, int32_t partition)
{
    struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, topic, partition);
    rd_kafka_topic_partition_list_t *list;

    if (!slot || !slot->is_paused)
        return;
    slot->is_paused = false;
    if (slot->at.is_refused)
        return;
    list = list_of_one(consumer, topic, partition);
    (void)rd_kafka_resume_partitions(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    /* It goes on behind what it delivered last; if that is nothing, or something we dropped, it has to be told. */
    if (!slot->has_delivered && hb_kafka_consumer_seek(consumer, topic, partition, slot->next))
        consumer->events.error(consumer->user, HB_ERR_BROKER, topic, partition, "the partition could not be resumed");
}

static bool seek_in_place(struct hb_kafka_consumer *consumer, int topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = list_of_one(consumer, topic, partition);
    rd_kafka_error_t *error;
    bool is_done;

    list->elems[0].offset = offset;
    error = rd_kafka_seek_partitions(consumer->rk, list, SEEK_LIMIT_MS);
    is_done = !error && !list->elems[0].err; /* the call says ok while the partition says _STATE */
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return is_done;
}

enum hb_err hb_kafka_consumer_seek(struct hb_kafka_consumer *consumer, int topic, int32_t partition, int64_t offset)
{
    struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, topic, partition);

    HB_ASSERT(offset >= 0);
    if (!slot)
        return HB_ERR_NOT_FOUND;
    hb_kafka_consumer_flush(consumer);
    slot->next = offset;
    slot->stored = -1;
    slot->has_delivered = true;
    if (!slot->at.is_refused && !slot->is_stopped && seek_in_place(consumer, topic, partition, offset)) {
        hb_kafka_consumer_store_again(consumer, slot);
        return HB_OK;
    }
    slot->at.is_refused = false;
    return hb_kafka_rebalance_again(consumer);
}

/* ---- life ---- */

static enum hb_err configure(struct hb_kafka_consumer *consumer, const struct hb_kafka_consumer_options *options,
                             struct hb_error *reterr)
{
    struct hb_kafka_config config;

    hb_kafka_config_open(&config, &options->cluster, reterr);
    hb_kafka_config_set_fetching(&config, options->queued_records_min, options->queued_kib_max);
    hb_kafka_config_set(&config, "group.id", options->group);
    hb_kafka_config_set(&config, "group.instance.id", options->instance);
    hb_kafka_config_set(&config, "partition.assignment.strategy", "range,roundrobin");
    hb_kafka_config_set(&config, "enable.auto.commit", "true");
    hb_kafka_config_set(&config, "enable.partition.eof", options->events->end ? "true" : "false");
    hb_kafka_config_set_int(&config, "auto.commit.interval.ms", options->commit_interval_ms);
    hb_kafka_config_set_int(&config, "session.timeout.ms", options->session_timeout_ms);
    hb_kafka_config_set_int(&config, "heartbeat.interval.ms", options->session_timeout_ms / 5);
    hb_kafka_config_set_int(&config, "max.poll.interval.ms", options->max_poll_interval_ms);
    rd_kafka_conf_set_opaque(config.conf, consumer);
    rd_kafka_conf_set_error_cb(config.conf, on_error);
    hb_kafka_fence_configure(&config);
    rd_kafka_conf_set_rebalance_cb(config.conf, hb_kafka_rebalance);
    rd_kafka_conf_set_offset_commit_cb(config.conf, on_commit);
    consumer->conf = config.conf;
    return config.err;
}

/* An instance of the library, subscribed. On failure what was made stays, for close_instance. */
static enum hb_err open_instance(struct hb_kafka_consumer *consumer, const char *const *topics, size_t count,
                                 struct hb_error *reterr)
{
    struct hb_kafka_config config = {.conf = rd_kafka_conf_dup(consumer->conf), .reterr = reterr};
    rd_kafka_resp_err_t theirs;
    enum hb_err err = hb_kafka_config_start(&config, RD_KAFKA_CONSUMER, &consumer->rk);

    if (err)
        return err;
    (void)rd_kafka_poll_set_consumer(consumer->rk);
    hb_kafka_fence_open(consumer);
    err = hb_kafka_index_open(&consumer->topics, consumer->rk, topics, count);
    if (err)
        return hb_fail(reterr, err, "a topic name is not usable");
    hb_kafka_wake_watch(&consumer->wake, rd_kafka_queue_get_consumer(consumer->rk));
    theirs = rd_kafka_subscribe(consumer->rk, consumer->subscription);
    return theirs ? hb_fail(reterr, HB_ERR_CONFIG, "Kafka consumer: %s", rd_kafka_err2str(theirs)) : HB_OK;
}

/* Waits at most wait_ms; whatever takes longer goes on behind our back. */
static void close_instance(struct hb_kafka_consumer *consumer, int wait_ms)
{
    rd_kafka_t *rk = consumer->rk;

    consumer->rk = NULL;
    if (!rk)
        return;
    hb_kafka_rebalance_end(consumer);
    hb_kafka_wake_watch(&consumer->wake, NULL);
    hb_kafka_index_close(&consumer->topics);
    hb_kafka_retire(rk, consumer->locates, wait_ms);
}

/* A new instance under the same name takes the former's place in the group. */
static void renew(struct hb_kafka_consumer *consumer)
{
    const rd_kafka_topic_partition_list_t *subscription = consumer->subscription;
    const char **topics = calloc((size_t)subscription->cnt, sizeof *topics);
    struct hb_error error = {.code = HB_ERR_MEMORY, .text = "out of memory for a Kafka consumer"};
    enum hb_err err = HB_ERR_MEMORY;

    consumer->is_to_renew = false;
    consumer->is_fence_told = false;
    hb_kafka_rebalance_lose(consumer); /* a fence may be known before the library says what went with it */
    for (int i = 0; topics && i < subscription->cnt; i++)
        topics[i] = subscription->elems[i].topic;
    if (topics) {
        close_instance(consumer, 0);
        err = open_instance(consumer, topics, (size_t)subscription->cnt, &error);
    }
    free(topics);
    if (err)
        consumer->events.error(consumer->user, HB_ERR_FATAL, -1, -1, error.text);
}

static enum hb_err start(struct hb_kafka_consumer *consumer, const struct hb_kafka_consumer_options *options,
                         struct hb_error *reterr)
{
    enum hb_err err = configure(consumer, options, reterr);

    if (err)
        return err;
    if (hb_kafka_wake_open(&consumer->wake, NULL))
        return hb_fail(reterr, HB_ERR_IO, "no file descriptor is free for the Kafka consumer");
    consumer->slots = calloc(options->topics_count, sizeof *consumer->slots);
    if (!consumer->slots)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka consumer");
    consumer->slots_count = options->topics_count;
    consumer->subscription = rd_kafka_topic_partition_list_new((int)options->topics_count);
    for (size_t i = 0; i < options->topics_count; i++)
        rd_kafka_topic_partition_list_add(consumer->subscription, options->topics[i], RD_KAFKA_PARTITION_UA);
    return open_instance(consumer, options->topics, options->topics_count, reterr);
}

enum hb_err hb_kafka_consumer_new(const struct hb_kafka_consumer_options *options,
                                  struct hb_kafka_consumer **ret_consumer, struct hb_error *reterr)
{
    struct hb_kafka_consumer *consumer = calloc(1, sizeof *consumer);
    enum hb_err err;

    HB_ASSERT(options->topics_count > 0 && options->group);
    if (!consumer)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka consumer");
    consumer->wake = HB_KAFKA_WAKE_NULL;
    consumer->events = *options->events;
    consumer->user = options->user;
    consumer->trouble = (struct hb_kafka_trouble){.error = options->events->error, .user = options->user};
    err = start(consumer, options, reterr);
    if (err) {
        hb_kafka_consumer_free(&consumer, 0);
        return err;
    }
    *ret_consumer = consumer;
    return HB_OK;
}

static void serve_closing(struct hb_kafka_consumer *consumer, rd_kafka_event_t *event)
{
    rd_kafka_topic_partition_list_t *none = NULL;

    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
        hb_kafka_rebalance(consumer->rk, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, none, consumer);
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
        on_commit(consumer->rk, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event), consumer);
}

/* Leaves the group within the limit, however the brokers are; false: not left yet. */
static bool leave(struct hb_kafka_consumer *consumer, int timeout_ms)
{
    int64_t deadline = hb_kafka_clock_ms() + timeout_ms;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->rk, queue);

    bool is_closed = false;

    while (!error && !(is_closed = rd_kafka_consumer_closed(consumer->rk)) && hb_kafka_clock_ms() < deadline) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CLOSE_STEP_MS);
        if (event)
            serve_closing(consumer, event);
        rd_kafka_event_destroy(event);
    }
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    return is_closed;
}

void hb_kafka_consumer_free(struct hb_kafka_consumer **consumer_ptr, int timeout_ms)
{
    struct hb_kafka_consumer *consumer = *consumer_ptr;

    *consumer_ptr = NULL;
    if (!consumer)
        return;
    consumer->is_closing = true;
    if (consumer->rk) {
        hb_kafka_consumer_flush(consumer);
        close_instance(consumer, leave(consumer, timeout_ms) ? RETIRE_WAIT_MS : 0);
    }
    hb_kafka_wake_close(&consumer->wake);
    if (consumer->subscription)
        rd_kafka_topic_partition_list_destroy(consumer->subscription);
    if (consumer->conf)
        rd_kafka_conf_destroy(consumer->conf);
    for (size_t i = 0; i < consumer->slots_count; i++)
        free(consumer->slots[i].slots);
    free(consumer->slots);
    free(consumer->ours);
    free(consumer);
}
