/* Job: what the dispatcher knows of one assigned partition of an event topic.
 *
 * Place: made at assignment, dropped at revocation; `generation` tells a request that ends later whether its
 * partition is still the one it was taken from. Threads: the loop's. */
#ifndef DISPATCHER_PARTITION_H
#define DISPATCHER_PARTITION_H

#include "core/ring.h"
#include "hookbus/time.h"
#include "hookbus/topics.h"
#include "platform/kafka/kafka.h"

#define HB_PARTITIONS_MAX 1024 /* of one topic; more is refused at assignment */

/* Records that arrived and cannot be taken yet: their partition is paused. Normally one. */
struct hb_held {
    struct hb_held *next;
    struct hb_kafka_message message;
};

struct hb_delivery;

struct hb_partition {
    int topic;
    int32_t partition;
    bool is_assigned;
    bool is_paused;
    uint32_t generation;
    /* What may have been read before, by a worker that crashed: the first records from the committed offset on, as many
     * as its ring had slots (it never took more), and nothing beyond the end seen at assignment. */
    int64_t repeat_until;
    size_t repeat_left; /* records */
    int64_t watermark;    /* all below is settled; -1 unknown */
    int64_t noted;        /* the watermark last written to the registry */
    struct hb_ring ring;
    struct hb_held *held, **held_end;
    struct hb_mono held_since;
    struct hb_delivery *oldest, *newest; /* fresh deliveries that are not journaled, by age (dispatcher/age.c) */
};

struct hb_partitions {
    struct hb_partition **of_topic[HB_EVENT_TOPIC_COUNT]; /* HB_PARTITIONS_MAX pointers each, made on demand */
    size_t ring_slots;
    uint32_t generation;
    size_t assigned_count;
};

/* None assigned yet. ring_slots: of each partition's ring. */
void hb_partitions_init(struct hb_partitions *partitions, size_t ring_slots);
void hb_partitions_deinit(struct hb_partitions *partitions);
/* NULL if it is not assigned. */
struct hb_partition *hb_partitions_find(const struct hb_partitions *partitions, int topic, int32_t partition);
/* Adds an assigned partition with an empty ring. HB_ERR_MEMORY, HB_ERR_TOO_LARGE (partition number). */
HB_MUST_USE enum hb_err hb_partitions_add(struct hb_partitions *partitions, const struct hb_kafka_partition *assigned,
                                          struct hb_partition **ret_partition);
/* Drops it with its ring and what it holds. */
void hb_partitions_drop(struct hb_partitions *partitions, int topic, int32_t partition);
/* Calls fn for each assigned partition. */
void hb_partitions_each(const struct hb_partitions *partitions, void (*fn)(void *user, struct hb_partition *partition),
                        void *user);

/* Whether the next record, at this offset, may have been read before. To be asked once a record, in their order. */
bool hb_partition_is_repeat(struct hb_partition *partition, int64_t offset);
/* Keeps a record until it can be taken (ownership passes). HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_partition_hold(struct hb_partition *partition, const struct hb_kafka_message *message);
/* The oldest held record, taken out; false if none. */
bool hb_partition_unhold(struct hb_partition *partition, struct hb_kafka_message *ret_message);

#endif
