#include "dispatcher/state.h"

#include "dispatcher/watermark.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"

#define REGISTRY_WAIT_MS 5000

/* ---- reading one record ---- */

static enum hb_id_meeting meet_id(struct hb_dispatcher *d, const struct hb_taken *taken)
{
    if (!d->ids)
        return HB_ID_NEW;
    const struct hb_str key_pieces[3] = {taken->event.store, hb_str_n("", 1), taken->event.id};
    unsigned char key[HB_HASH_BYTES], body[HB_HASH_BYTES];
    hb_hash_pieces(d->options.random_seed, key_pieces, 3, key);
    hb_hash_pieces(d->options.random_seed, &taken->event.data, 1, body);
    uint64_t body_hash;
    memcpy(&body_hash, body, sizeof body_hash);
    return hb_id_memory_meet(d->ids, key, body_hash, taken->position);
}

static void skip_whole(struct hb_dispatcher *d, struct hb_taken *taken, enum hb_reason reason)
{
    if (reason == HB_REASON_CONFLICTING_ID)
        hb_log(&d->log, HB_LOG_CONFLICTING_ID, HB_LOG_STR("store", taken->event.store),
               HB_LOG_STR("event", taken->event.id), HB_LOG_C("topic", d->topics[taken->position.topic]),
               HB_LOG_INT("partition", taken->position.partition), HB_LOG_INT("offset", taken->position.offset));
    taken->open = 1;
    hb_settle_skip(d, taken, NULL, reason);
    hb_taken_drop_bytes(taken);
    hb_settle_close(d, taken);
}

static void take(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_taken *taken)
{
    taken->settled_mark = hb_settled_mark(&taken->event, &taken->position);
    bool is_repeat = hb_partition_is_repeat(partition, taken->position.offset);
    if (is_repeat && hb_settled_file_has(d->settled, &taken->position, taken->settled_mark)) {
        hb_settle_known(d, partition, taken->position.offset);
        (void)meet_id(d, taken);
        hb_taken_free(&d->pool, taken);
        return;
    }
    taken->sequence = hb_ring_take(&partition->ring, taken->position.offset);
    taken->is_repeat = is_repeat;
    hb_age_look_at_ring(d, partition);
    hb_metric_add(d->options.metrics, HB_METRIC_EVENTS_TAKEN, 1);
    enum hb_id_meeting meeting = meet_id(d, taken);
    if (meeting == HB_ID_DUPLICATE)
        skip_whole(d, taken, HB_REASON_DUPLICATE_ID);
    else if (meeting == HB_ID_CONFLICT)
        skip_whole(d, taken, HB_REASON_CONFLICTING_ID);
    else
        hb_route_run(d, taken);
}

static void take_unreadable(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_taken *taken,
                            const char *detail)
{
    taken->settled_mark = hb_settled_mark(&(struct hb_event){.id = HB_STR("unreadable")}, &taken->position);
    taken->sequence = hb_ring_take(&partition->ring, taken->position.offset);
    taken->open = 1;
    hb_settle_unreadable(d, taken, detail);
    hb_taken_drop_bytes(taken);
    hb_settle_close(d, taken);
}

/* ---- holding ---- */

static void hold(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_kafka_message *message)
{
    if (hb_partition_hold(partition, message)) {
        /* Not taken and not held: everything after it in this partition must not settle either. */
        hb_kafka_message_free(message);
        d->options.failed(d->options.user,
                          "out of memory while holding a record; nothing is lost: it is read again after the restart");
        return;
    }
    partition->held_since = hb_loop_mono(d->options.loop);
    if (!partition->is_paused) {
        partition->is_paused = true;
        hb_metric_add(d->options.metrics, HB_METRIC_PARTITION_PAUSES, 1);
        hb_kafka_consumer_pause(d->consumer, partition->topic, partition->partition);
    }
}

static void release(struct hb_dispatcher *d, struct hb_partition *partition);

/* Once a second, and when the registry moved. */
void hb_intake_resume(struct hb_dispatcher *d, struct hb_partition *partition)
{
    if (partition->held)
        release(d, partition);
    if (partition->held && !hb_ring_is_full(&partition->ring) &&
        !hb_registry_end_known(d->options.registry, partition->held_since))
        hb_registry_ask_end(d->options.registry);
}

enum stamp { STAMP_REACHED, STAMP_AHEAD, STAMP_LIE };

/* The event carries a stamp of the registry this process has not reached yet: it is held until it has, so that a
 * webhook made before the event is seen. A stamp beyond the registry's end is a lie; but the end must have been asked
 * for after the event came. */
static enum stamp look_at_stamp(struct hb_dispatcher *d, const struct hb_partition *partition,
                                const struct hb_event *event)
{
    const struct hb_registry *registry = d->options.registry;
    if (event->registry_stamp == HB_NO_STAMP || event->registry_stamp <= hb_registry_applied(registry))
        return STAMP_REACHED;
    bool is_end_known = partition->held && hb_registry_end_known(registry, partition->held_since);
    return is_end_known && event->registry_stamp >= hb_registry_end(registry) ? STAMP_LIE : STAMP_AHEAD;
}

/* ---- the consumer's events ---- */

static void look_again(void *user, struct hb_partition *partition) { hb_intake_resume(user, partition); }

static void registry_reached(void *user, enum hb_err err)
{
    struct hb_dispatcher *d = user;
    (void)err; /* reached or not: each record is looked at again, which decides */
    hb_partitions_each(&d->partitions, look_again, d);
    hb_dispatcher_pump(d);
}

/* Holds the record for the time being. NULL: no room; the record is untouched. */
static struct hb_taken *begin_taken(struct hb_dispatcher *d, const struct hb_partition *partition,
                                    const struct hb_kafka_message *message)
{
    struct hb_taken *taken = hb_ring_is_full(&partition->ring) ? NULL : hb_taken_new(&d->pool);
    if (!taken)
        return NULL;
    taken->message = *message;
    taken->position = (struct hb_position){message->topic, message->partition, message->offset, message->appended};
    taken->generation = partition->generation;
    return taken;
}

/* Gives the record back untouched: it cannot be taken now. */
static bool not_now(struct hb_dispatcher *d, struct hb_taken *taken)
{
    taken->message = (struct hb_kafka_message){0};
    hb_taken_free(&d->pool, taken);
    return false;
}

/* Takes a record that has crashed this worker too often, as one that cannot be read. False: not now. */
static bool set_aside(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_kafka_message *message)
{
    struct hb_taken *taken = begin_taken(d, partition, message);
    if (!taken)
        return false;
    take_unreadable(d, partition, taken, HB_RESEND_CRASHED_WORKER);
    return true;
}

/* False: it could not be taken now and is untouched. */
static bool try_take(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_kafka_message *message)
{
    struct hb_taken *taken = begin_taken(d, partition, message);
    if (!taken)
        return false;
    struct hb_event_problem problem = {NULL, NULL, NULL};
    enum hb_event_read read =
        hb_kafka_read_event(&taken->message, hb_sha256_pair, taken->id_scratch, &taken->event, &problem);
    enum stamp stamp = read == HB_EVENT_READ_OK ? look_at_stamp(d, partition, &taken->event) : STAMP_REACHED;
    if (stamp == STAMP_AHEAD) {
        if (!partition->held) /* looked at again as soon as the registry is there; failing that, once a second */
            (void)!hb_registry_when(d->options.registry, taken->event.registry_stamp, REGISTRY_WAIT_MS,
                                    registry_reached, d);
        return not_now(d, taken);
    }
    if (read == HB_EVENT_READ_NEWER) {
        hb_dispatcher_set_lasting_trouble(
            d, "%s/%d stopped at offset %lld: written by a newer hookbus; upgrade this dispatcher",
            d->topics[partition->topic], partition->partition, (long long)message->offset);
        return not_now(d, taken);
    }
    if (read == HB_EVENT_READ_UNREADABLE)
        take_unreadable(d, partition, taken, problem.slug ? problem.slug : "unreadable");
    else if (stamp == STAMP_LIE)
        take_unreadable(d, partition, taken, "stamp_beyond_registry");
    else
        take(d, partition, taken);
    return true;
}

/* The same, noted in the settled file: a record that crashes this worker is known to the next one, and set aside after
 * the third time. */
static bool try_take_noted(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_kafka_message *message)
{
    const struct hb_position position = {message->topic, message->partition, message->offset, message->appended};
    hb_settled_file_enter(d->settled, &position);
    bool is_taken = hb_settled_file_crashes(d->settled, &position) >= HB_CRASHES_MAX ? set_aside(d, partition, message)
                                                                                   : try_take(d, partition, message);
    hb_settled_file_leave(d->settled);
    return is_taken;
}

static void message_arrived(void *user, struct hb_kafka_message *message)
{
    struct hb_dispatcher *d = user;
    struct hb_partition *partition = hb_partitions_find(&d->partitions, message->topic, message->partition);
    if (!partition) { /* of an assignment that is gone */
        hb_kafka_message_free(message);
        return;
    }
    /* A partition that came while all were paused for want of room waits with the others. */
    if (partition->held || d->is_all_paused || !try_take_noted(d, partition, message))
        hold(d, partition, message);
}

/* Takes what is held, in order, as far as it goes; then the partition is fetched again. */
static void release(struct hb_dispatcher *d, struct hb_partition *partition)
{
    if (d->is_all_paused || d->is_stopping)
        return;
    while (partition->held && try_take_noted(d, partition, &partition->held->message)) {
        struct hb_kafka_message taken;
        (void)hb_partition_unhold(partition, &taken);
    }
    if (partition->held || !partition->is_paused)
        return;
    partition->is_paused = false;
    hb_kafka_consumer_resume(d->consumer, partition->topic, partition->partition);
}

static void committed(void *user, int topic, int32_t number, int64_t offset, enum hb_err err)
{
    struct hb_dispatcher *d = user;
    struct hb_partition *partition = hb_partitions_find(&d->partitions, topic, number);
    if (!partition)
        return;
    if (err) { /* the client commits again with the next settled offset; no offset goes back */
        hb_metric_add(d->options.metrics, HB_METRIC_COMMIT_ERRORS, 1);
        return;
    }
    hb_ring_committed(&partition->ring, offset);
    if (partition->held)
        release(d, partition);
}

/* Where to begin in a partition: at the commit; where there is none, at the watermark noted in the registry, else at
 * the earliest. A commit outside of what Kafka keeps is an operator's question: the partition is refused. */
static void choose_start(struct hb_dispatcher *d, struct hb_kafka_partition *p)
{
    if (p->committed == HB_KAFKA_OFFSET_NONE) {
        int64_t watermark = hb_watermark_read(d->options.registry, d->group, d->topics[p->topic], p->partition);
        if (watermark < 0) {
            p->start = p->low; /* first start: from the earliest */
            return;
        }
        /* Beyond the end: the topic was made anew, and nothing in it was ever settled. */
        p->start = watermark < p->low || watermark > p->high ? p->low : watermark;
        hb_log(&d->log, HB_LOG_OFFSETS_EXPIRED, HB_LOG_C("topic", d->topics[p->topic]),
               HB_LOG_INT("partition", p->partition), HB_LOG_INT("watermark", watermark),
               HB_LOG_INT("start", p->start));
        return;
    }
    p->start = p->committed;
    if (p->committed >= p->low && p->committed <= p->high)
        return;
    if (d->options.resets_offsets) {
        p->start = p->low;
        return;
    }
    p->is_refused = true;
    hb_dispatcher_set_lasting_trouble(d,
                                      "%s/%d: the committed offset %lld is outside what Kafka keeps (%lld..%lld): "
                                      "events were lost or the topic was made anew; "
                                      "start once with --reset-offsets to begin at the earliest",
                                      d->topics[p->topic], p->partition, (long long)p->committed, (long long)p->low,
                                      (long long)p->high);
}

static void assigned(void *user, struct hb_kafka_partition *partitions, size_t count)
{
    struct hb_dispatcher *d = user;
    for (size_t i = 0; i < count; i++) {
        choose_start(d, &partitions[i]);
        struct hb_partition *partition = NULL;
        if (!partitions[i].is_refused && hb_partitions_add(&d->partitions, &partitions[i], &partition)) {
            partitions[i].is_refused = true;
            hb_dispatcher_set_lasting_trouble(
                d, "partition %d of %s cannot be held: out of memory or beyond %d partitions", partitions[i].partition,
                d->topics[partitions[i].topic], HB_PARTITIONS_MAX);
        }
    }
    d->has_joined = true;
    hb_metric_set(d->options.metrics, HB_METRIC_PARTITIONS, (int64_t)d->partitions.assigned_count);
    hb_log(&d->log, HB_LOG_ASSIGNED, HB_LOG_INT("partitions", count), HB_LOG_INT("held", d->partitions.assigned_count));
}

/* What waits of a partition that left is the next owner's to send. */
static bool is_orphan(void *user, const struct hb_delivery *delivery)
{
    const struct hb_dispatcher *d = user;
    const struct hb_taken *taken = delivery->taken;
    if (delivery->is_resend)
        return false;
    const struct hb_partition *p = hb_partitions_find(&d->partitions, taken->position.topic, taken->position.partition);
    return !p || p->generation != taken->generation;
}

static void hand_back(void *user, struct hb_delivery *delivery) { hb_settle_hand_back(user, delivery); }

static void revoked(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost)
{
    struct hb_dispatcher *d = user;
    for (size_t i = 0; i < count; i++) {
        struct hb_partition *leaving = hb_partitions_find(&d->partitions, partitions[i].topic, partitions[i].partition);
        if (leaving)
            hb_age_forget(leaving);
        hb_partitions_drop(&d->partitions, partitions[i].topic, partitions[i].partition);
    }
    size_t state = 0;
    struct hb_lane *lane;
    while ((lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL)
        hb_admit_sweep(&d->admit, lane, is_orphan, hand_back, d);
    hb_metric_set(d->options.metrics, HB_METRIC_PARTITIONS, (int64_t)d->partitions.assigned_count);
    hb_log(&d->log, HB_LOG_REVOKED, HB_LOG_INT("partitions", count), HB_LOG_BOOL("lost", is_lost));
}

static enum hb_log_event event_of(enum hb_err err)
{
    if (err == HB_ERR_FENCED)
        return HB_LOG_KAFKA_REJOINS;
    return err == HB_ERR_AWAY ? HB_LOG_KAFKA_AWAY : HB_LOG_KAFKA_ERROR;
}

static void failed(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_dispatcher *d = user;
    const char *name = topic >= 0 && topic < HB_EVENT_TOPIC_COUNT ? d->topics[topic] : "";
    hb_log(&d->log, event_of(err), HB_LOG_C("error", hb_err_name(err)), HB_LOG_C("detail", text),
           HB_LOG_C("topic", name), HB_LOG_INT("partition", partition));
    if (err == HB_ERR_FATAL)
        d->options.failed(d->options.user, text);
    else if (err == HB_ERR_DENIED)
        hb_dispatcher_set_lasting_trouble(d, "Kafka refuses this user: %s", text);
    else if (err == HB_ERR_NOT_FOUND && partition >= 0)
        hb_dispatcher_set_lasting_trouble(
            d, "%s/%d: offset out of range, the partition stopped; start once with --reset-offsets", name, partition);
}

const struct hb_kafka_consumer_events hb_intake_events = {
    .assigned = assigned, .revoked = revoked, .message = message_arrived, .committed = committed, .error = failed};
