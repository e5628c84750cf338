/* Records of the catalog: each takes a slot of its partition's ring and goes to the connector of its store, or is
 * settled at once. After an assignment a partition is held until the registry was read as far as its former owner wrote
 * it, and nothing is sent until the partition's end was reached: what the former owner sent is read then, so nothing
 * older can be sent after it. */
#include "salesmanago/state.h"

#include "core/catalog_record.h"

#include <stdlib.h>

#define POLL_MAX 500
#define LOOK_US (100 * HB_US_PER_MS)  /* at the registry, no more often */
#define PAST_US (5000 * HB_US_PER_MS) /* a connector that is new begins at least so far back */

static struct hb_sm_partition *partition_of(struct hb_sm_worker *worker, int32_t number)
{
    if (number < 0 || number >= HB_SM_PARTITIONS_MAX || !worker->partitions[number].is_ours)
        return NULL;
    return &worker->partitions[number];
}

/* ---- one record ---- */

static void settle_at_once(struct hb_sm_worker *worker, struct hb_sm_partition *partition, int64_t offset)
{
    int64_t next = 0;
    if (hb_ring_settle(&partition->ring, hb_ring_take(&partition->ring, offset), &next))
        (void)hb_kafka_consumer_store(worker->consumer, 0, partition->number, next);
}

static void look_at_limits(struct hb_sm_lane *lane)
{
    const struct hb_config *config = lane->worker->options.config;
    if (lane->pending.open_of[HB_SM_LIVE] > (size_t)config->salesmanago_behind_max)
        hb_sm_track_overflow(lane);
}

/* False: no memory; nothing was taken. */
static bool give(struct hb_sm_lane *lane, struct hb_sm_partition *partition, const struct hb_kafka_message *message,
                 bool is_place)
{
    struct hb_sm_change *superseded = NULL;
    struct hb_sm_change *change =
        hb_sm_change_new(message->key, is_place ? hb_str_n(NULL, 0) : message->value);
    if (!change)
        return false;
    change->partition = partition->number;
    change->offset = message->offset;
    change->source = HB_SM_LIVE;
    change->since = hb_sm_now(lane->worker);
    change->appended = message->appended;
    if (is_place) {
        hb_sm_pending_hold(&lane->pending, change);
    } else if (hb_sm_pending_put(&lane->pending, change, &superseded)) {
        hb_sm_change_free(change);
        return false;
    }
    change->sequence = hb_ring_take(&partition->ring, message->offset);
    if (lane->walk && !is_place)
        hb_sm_walk_note(lane->walk, change->key, change->offset);
    if (!is_place)
        hb_sm_aside_if_suspect(lane, change->key);
    if (superseded)
        hb_sm_settle_superseded(lane, superseded);
    look_at_limits(lane);
    hb_sm_lane_look(lane);
    return true;
}

static bool take(struct hb_sm_worker *worker, struct hb_sm_partition *partition, const struct hb_kafka_message *message)
{
    struct hb_str store, product;
    if (!partition->is_ready || hb_ring_is_full(&partition->ring))
        return false;
    bool is_key = hb_catalog_key_read(message->key, &store, &product);
    if (!is_key)
        hb_log(&worker->log, HB_LOG_CATALOG_UNREADABLE, HB_LOG_INT("partition", partition->number),
               HB_LOG_INT("offset", message->offset), HB_LOG_C("what", "key"));
    struct hb_sm_lane *lane = is_key && message->value.len > 0 ? hb_sm_lane_of(worker, store) : NULL;
    bool is_place = false;
    partition->next = message->offset + 1;
    if (lane && hb_sm_track_takes(&lane->tracks[partition->number], &is_place)) {
        if (give(lane, partition, message, is_place))
            return true;
        partition->next = message->offset;
        return false;
    }
    settle_at_once(worker, partition, message->offset);
    return true;
}

/* ---- holding ---- */

static void hold(struct hb_sm_worker *worker, struct hb_sm_partition *partition, struct hb_kafka_message *message)
{
    struct hb_sm_held *held = malloc(sizeof *held);
    if (!held) {
        hb_kafka_message_free(message);
        worker->options.failed(worker->options.user, "out of memory while holding a record; nothing is lost: it is "
                                                     "read again after the restart");
        return;
    }
    *held = (struct hb_sm_held){NULL, *message};
    *partition->held_end = held;
    partition->held_end = &held->next;
    if (!partition->is_paused) {
        partition->is_paused = true;
        hb_kafka_consumer_pause(worker->consumer, 0, partition->number);
    }
}

static void drop_first(struct hb_sm_partition *partition)
{
    struct hb_sm_held *held = partition->held;
    partition->held = held->next;
    if (!partition->held)
        partition->held_end = &partition->held;
    hb_kafka_message_free(&held->message);
    free(held);
}

/* Whose change is the oldest of a ring that is full: it leaves, so that no other store waits for it. */
static void make_room(struct hb_sm_worker *worker, const struct hb_sm_partition *partition)
{
    struct hb_sm_lane *lane, *oldest = NULL;
    int64_t offset = INT64_MAX;
    size_t state = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        const struct hb_sm_change *change = hb_sm_pending_lowest(&lane->pending, partition->number, HB_SM_LIVE);
        if (change && change->offset < offset) {
            offset = change->offset;
            oldest = lane;
        }
    }
    if (oldest && hb_ring_unsettled(&partition->ring) > hb_ring_used(&partition->ring) / 2)
        hb_sm_track_overflow(oldest);
}

static void release(struct hb_sm_worker *worker, struct hb_sm_partition *partition)
{
    while (partition->held && take(worker, partition, &partition->held->message))
        drop_first(partition);
    if (partition->held && hb_ring_is_full(&partition->ring))
        make_room(worker, partition);
    if (partition->held || !partition->is_paused)
        return;
    partition->is_paused = false;
    hb_kafka_consumer_resume(worker->consumer, 0, partition->number);
}

void hb_sm_intake_resume(struct hb_sm_worker *worker)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX && !worker->is_stopping; i++)
        if (worker->partitions[i].is_ours && worker->partitions[i].held)
            release(worker, &worker->partitions[i]);
}

/* ---- the group ---- */

static void caught_up(struct hb_sm_worker *worker, struct hb_sm_partition *partition)
{
    partition->is_behind = false;
    if (!hb_sm_intake_is_behind(worker))
        hb_sm_pump_soon(worker);
}

static void message_came(void *user, struct hb_kafka_message *message)
{
    struct hb_sm_worker *worker = user;
    struct hb_sm_partition *partition = partition_of(worker, message->partition);
    if (!partition) {
        hb_kafka_message_free(message);
        return;
    }
    if (partition->held || !take(worker, partition, message)) {
        hold(worker, partition, message);
        return;
    }
    if (partition->is_behind && partition->next >= partition->high)
        caught_up(worker, partition);
    hb_kafka_message_free(message);
}

static void end_came(void *user, int topic, int32_t number, int64_t offset)
{
    struct hb_sm_worker *worker = user;
    struct hb_sm_partition *partition = partition_of(worker, number);
    (void)topic;
    if (partition && partition->is_behind && !partition->held && offset >= partition->next)
        caught_up(worker, partition);
}

static void committed(void *user, int topic, int32_t number, int64_t offset, enum hb_err err)
{
    struct hb_sm_worker *worker = user;
    struct hb_sm_partition *partition = partition_of(worker, number);
    (void)topic;
    if (err)
        hb_metric_add(worker->options.metrics, HB_METRIC_COMMIT_ERRORS, 1);
    if (err || !partition)
        return;
    hb_ring_committed(&partition->ring, offset);
    if (partition->held && !worker->is_stopping)
        release(worker, partition);
}

/* A compacted topic keeps the newest of each product: where the committed offset is gone, the first one kept is
 * right. */
static void begin(struct hb_sm_worker *worker, struct hb_kafka_partition *from)
{
    struct hb_sm_partition *partition = &worker->partitions[from->partition];
    if (from->committed != HB_KAFKA_OFFSET_NONE && (from->committed < from->low || from->committed > from->high)) {
        hb_sm_trouble_set(worker,
                          "%s/%d: the committed offset %lld is outside what Kafka keeps (%lld..%lld): the topic was "
                          "made anew; delete the group %s and start a full sync of each connector",
                          worker->catalog_topic, from->partition, (long long)from->committed, (long long)from->low,
                          (long long)from->high, worker->group);
        from->is_refused = true;
        return;
    }
    if (hb_ring_init(&partition->ring, (size_t)worker->options.config->salesmanago_ring_slots)) {
        from->is_refused = true;
        hb_sm_trouble_set(worker, "out of memory for partition %d of the catalog", from->partition);
        return;
    }
    partition->is_ours = true;
    partition->is_ready = partition->is_paused = false;
    partition->next = partition->past[0] = partition->past[1] = from->start;
    partition->high = from->high;
    partition->is_behind = from->start < from->high;
    partition->held = NULL;
    partition->held_end = &partition->held;
}

static void assigned(void *user, struct hb_kafka_partition *partitions, size_t count)
{
    struct hb_sm_worker *worker = user;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].partition >= HB_SM_PARTITIONS_MAX) {
            partitions[i].is_refused = true;
            hb_sm_trouble_set(worker, "%s has more than %d partitions: their number is for life, and %d",
                              worker->catalog_topic, HB_SM_PARTITIONS_MAX, hb_topic_spec(HB_TOPIC_CATALOG)->partitions);
            continue;
        }
        begin(worker, &partitions[i]);
    }
    hb_log(&worker->log, HB_LOG_SALESMANAGO_ASSIGNED, HB_LOG_INT("partitions", count));
    if (count > 0)
        hb_sm_sender_assigned(worker);
}

/* The dead of a former owner are in the registry now too. */
static void forget_what_was_read(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
        lane->has_dead = false;
}

void hb_sm_intake_ready(struct hb_sm_worker *worker)
{
    forget_what_was_read(worker);
    hb_sm_lanes_look(worker);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_partition *partition = &worker->partitions[i];
        struct hb_sm_lane *lane;
        size_t state = 0;
        if (!partition->is_ours || partition->is_ready)
            continue;
        partition->is_ready = true;
        while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
            hb_sm_track_begin(lane, i);
        if (partition->held)
            release(worker, partition);
        if (partition->is_behind && partition->next >= partition->high)
            caught_up(worker, partition);
    }
    hb_sm_pump_soon(worker);
}

static void lose(struct hb_sm_worker *worker, struct hb_sm_partition *partition)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
        hb_sm_track_forget(lane, partition->number);
    while (partition->held)
        drop_first(partition);
    hb_ring_deinit(&partition->ring);
    *partition = (struct hb_sm_partition){.number = partition->number};
}

static void revoked(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost)
{
    struct hb_sm_worker *worker = user;
    for (size_t i = 0; i < count; i++) {
        struct hb_sm_partition *partition = partition_of(worker, partitions[i].partition);
        if (partition)
            lose(worker, partition);
    }
    hb_log(&worker->log, HB_LOG_SALESMANAGO_REVOKED, HB_LOG_INT("partitions", count), HB_LOG_BOOL("lost", is_lost));
}

static enum hb_log_event event_of(enum hb_err err)
{
    if (err == HB_ERR_FENCED)
        return HB_LOG_KAFKA_REJOINS;
    return err == HB_ERR_AWAY ? HB_LOG_KAFKA_AWAY : HB_LOG_KAFKA_ERROR;
}

static void failed(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_sm_worker *worker = user;
    (void)topic;
    hb_log(&worker->log, event_of(err), HB_LOG_C("error", hb_err_name(err)), HB_LOG_C("detail", text),
           HB_LOG_INT("partition", partition));
    if (err == HB_ERR_FATAL)
        worker->options.failed(worker->options.user, text);
    else if (err == HB_ERR_DENIED)
        hb_sm_trouble_set(worker, "Kafka refuses this user: %s", text);
    else if (err == HB_ERR_NOT_FOUND)
        hb_sm_trouble_set(worker, "%s/%d: %s", worker->catalog_topic, partition, text);
}

const struct hb_kafka_consumer_events hb_sm_intake_events = {.assigned = assigned,
                                                             .revoked = revoked,
                                                             .message = message_came,
                                                             .committed = committed,
                                                             .error = failed,
                                                             .end = end_came};

/* ---- the whole ---- */

bool hb_sm_intake_is_behind(const struct hb_sm_worker *worker)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        if (worker->partitions[i].is_ours && (worker->partitions[i].is_behind || !worker->partitions[i].is_ready))
            return true;
    return false;
}

/* More bytes wait than may: the connector with most leaves. */
static void look_at_bytes(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane, *largest = NULL;
    size_t state = 0, bytes = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        bytes += lane->pending.bytes;
        if (lane->pending.open_of[HB_SM_LIVE] > 0 && (!largest || lane->pending.bytes > largest->pending.bytes))
            largest = lane;
    }
    if (largest && bytes > (size_t)worker->options.config->salesmanago_pending_bytes)
        hb_sm_track_overflow(largest);
}

static void note_past(struct hb_sm_worker *worker)
{
    if (hb_sm_now(worker).us - worker->past_at.us < PAST_US)
        return;
    worker->past_at = hb_sm_now(worker);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_partition *partition = &worker->partitions[i];
        partition->past[0] = partition->past[1];
        partition->past[1] = partition->next;
    }
}

void hb_sm_intake_run(struct hb_sm_worker *worker)
{
    if (!worker->consumer || worker->is_stopping)
        return;
    if (hb_registry_applied(worker->options.registry) != worker->registry_seen &&
        hb_sm_now(worker).us - worker->looked_at.us > LOOK_US)
        hb_sm_lanes_look(worker);
    note_past(worker);
    (void)hb_kafka_consumer_poll(worker->consumer, POLL_MAX);
    look_at_bytes(worker);
}

void hb_sm_intake_deinit(struct hb_sm_worker *worker)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        if (worker->partitions[i].is_ours)
            lose(worker, &worker->partitions[i]);
}
