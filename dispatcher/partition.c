#include "dispatcher/partition.h"

#include <stdlib.h>

void hb_partitions_init(struct hb_partitions *partitions, size_t ring_slots)
{
    *partitions = (struct hb_partitions){.ring_slots = ring_slots};
}

static void partition_free(struct hb_partition *partition)
{
    struct hb_kafka_message message;
    while (hb_partition_unhold(partition, &message))
        hb_kafka_message_free(&message);
    hb_ring_deinit(&partition->ring);
    free(partition);
}

void hb_partitions_deinit(struct hb_partitions *partitions)
{
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; partitions->of_topic[topic] && i < HB_PARTITIONS_MAX; i++)
            if (partitions->of_topic[topic][i])
                partition_free(partitions->of_topic[topic][i]);
        free(partitions->of_topic[topic]);
        partitions->of_topic[topic] = NULL;
    }
    partitions->assigned_count = 0;
}

struct hb_partition *hb_partitions_find(const struct hb_partitions *partitions, int topic, int32_t partition)
{
    HB_ASSERT(topic >= 0 && topic < HB_EVENT_TOPIC_COUNT);
    if (partition < 0 || partition >= HB_PARTITIONS_MAX || !partitions->of_topic[topic])
        return NULL;
    return partitions->of_topic[topic][partition];
}

enum hb_err hb_partitions_add(struct hb_partitions *partitions, const struct hb_kafka_partition *assigned,
                              struct hb_partition **ret_partition)
{
    if (assigned->partition < 0 || assigned->partition >= HB_PARTITIONS_MAX)
        return HB_ERR_TOO_LARGE;
    struct hb_partition ***row = &partitions->of_topic[assigned->topic];
    if (!*row && !(*row = calloc(HB_PARTITIONS_MAX, sizeof **row)))
        return HB_ERR_MEMORY;
    HB_ASSERT(!(*row)[assigned->partition]);
    struct hb_partition *partition = calloc(1, sizeof *partition);
    if (!partition)
        return HB_ERR_MEMORY;
    *partition = (struct hb_partition){.topic = assigned->topic, .partition = assigned->partition, .is_assigned = true,
                                       .generation = ++partitions->generation, .repeat_until = assigned->high,
                                       .repeat_left = partitions->ring_slots,
                                       .watermark = -1, .noted = -1};
    partition->held_end = &partition->held;
    enum hb_err err = hb_ring_init(&partition->ring, partitions->ring_slots);
    if (err) {
        free(partition);
        return err;
    }
    (*row)[assigned->partition] = partition;
    partitions->assigned_count++;
    *ret_partition = partition;
    return HB_OK;
}

void hb_partitions_drop(struct hb_partitions *partitions, int topic, int32_t partition)
{
    struct hb_partition *found = hb_partitions_find(partitions, topic, partition);
    if (!found)
        return;
    partitions->of_topic[topic][partition] = NULL;
    partitions->assigned_count--;
    partition_free(found);
}

void hb_partitions_each(const struct hb_partitions *partitions, void (*fn)(void *user, struct hb_partition *partition),
                        void *user)
{
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++)
        for (int32_t i = 0; partitions->of_topic[topic] && i < HB_PARTITIONS_MAX; i++)
            if (partitions->of_topic[topic][i])
                fn(user, partitions->of_topic[topic][i]);
}

bool hb_partition_is_repeat(struct hb_partition *partition, int64_t offset)
{
    if (partition->repeat_left == 0 || offset >= partition->repeat_until)
        return false;
    partition->repeat_left--;
    return true;
}

enum hb_err hb_partition_hold(struct hb_partition *partition, const struct hb_kafka_message *message)
{
    struct hb_held *held = malloc(sizeof *held);
    if (!held)
        return HB_ERR_MEMORY;
    *held = (struct hb_held){NULL, *message};
    *partition->held_end = held;
    partition->held_end = &held->next;
    return HB_OK;
}

bool hb_partition_unhold(struct hb_partition *partition, struct hb_kafka_message *ret_message)
{
    struct hb_held *held = partition->held;
    if (!held)
        return false;
    partition->held = held->next;
    if (!partition->held)
        partition->held_end = &partition->held;
    *ret_message = held->message;
    free(held);
    return true;
}
