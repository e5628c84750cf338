#include "platform/kafka/kafka_consumer.h"

#include <stdlib.h>

#define LOCATE_QUIET_TRIES 4 /* failures in a row before anybody is told */
#define LOCATE_AGAIN_MS 250  /* between two tries to learn where an assignment stands */

/* ---- the library's assignment ---- */

static void pause_again(struct hb_kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->ours_count);

    for (size_t i = 0; i < consumer->ours_count; i++) {
        const struct hb_kafka_partition *p = &consumer->ours[i];
        const struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, p->topic, p->partition);
        if (slot->is_paused && !slot->at.is_refused)
            rd_kafka_topic_partition_list_add(list, hb_kafka_index_name(&consumer->topics, p->topic), p->partition);
    }
    if (list->cnt)
        (void)rd_kafka_pause_partitions(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A refused partition stays ours in the group and is not given to the library: there is nothing that could fetch it. */
static rd_kafka_topic_partition_list_t *list_ours(struct hb_kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->ours_count);

    for (size_t i = 0; i < consumer->ours_count; i++) {
        const struct hb_kafka_partition *p = &consumer->ours[i];
        struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, p->topic, p->partition);
        if (slot->at.is_refused)
            continue;
        hb_kafka_consumer_store_again(consumer, slot);
        slot->is_stopped = false;
        slot->has_delivered = false;
        rd_kafka_topic_partition_list_add(list, hb_kafka_index_name(&consumer->topics, p->topic), p->partition)
            ->offset = slot->next;
    }
    return list;
}

enum hb_err hb_kafka_rebalance_again(struct hb_kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t err;

    hb_kafka_consumer_flush(consumer);
    list = list_ours(consumer);
    err = rd_kafka_assign(consumer->rk, list);
    for (int i = 0; !err && i < list->cnt; i++)
        err = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    if (err)
        return hb_kafka_err_of(err);
    pause_again(consumer);
    return HB_OK;
}

/* ---- ours ---- */

static void forget_ours(struct hb_kafka_consumer *consumer)
{
    for (size_t i = 0; i < consumer->topics.count; i++)
        for (int32_t p = 0; p < consumer->slots[i].count; p++)
            consumer->slots[i].slots[p] = (struct hb_kafka_slot){.stored = -1, .top = -1};
    free(consumer->ours);
    consumer->ours = NULL;
    consumer->ours_count = 0;
    consumer->dirty_count = 0;
}

static bool make_room(struct hb_kafka_slots *slots, int32_t partition)
{
    struct hb_kafka_slot *grown;
    int32_t count = partition + 1;

    if (partition < slots->count)
        return true;
    grown = realloc(slots->slots, (size_t)count * sizeof *grown);
    if (!grown)
        return false;
    for (int32_t i = slots->count; i < count; i++)
        grown[i] = (struct hb_kafka_slot){.stored = -1, .top = -1};
    slots->slots = grown;
    slots->count = count;
    return true;
}

/* The offsets found, with `start` as it is when nobody decides. Partitions of topics that are not ours are left out. */
static enum hb_err fill_ours(struct hb_kafka_consumer *consumer, const struct hb_kafka_located *located)
{
    int count = located->committed->cnt;

    consumer->ours = calloc((size_t)count, sizeof *consumer->ours);
    if (!consumer->ours)
        return HB_ERR_MEMORY;
    for (int i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *found = &located->committed->elems[i];
        int topic = hb_kafka_index_find_name(&consumer->topics, found->topic);
        struct hb_kafka_partition *p = &consumer->ours[consumer->ours_count];
        if (topic < 0)
            continue;
        if (!make_room(&consumer->slots[topic], found->partition))
            return HB_ERR_MEMORY;
        p->topic = topic;
        p->partition = found->partition;
        p->committed = found->offset >= 0 ? found->offset : HB_KAFKA_OFFSET_NONE;
        p->low = located->low->elems[i].offset;
        p->high = located->high->elems[i].offset;
        p->start = p->committed >= 0 ? p->committed : p->low;
        consumer->ours_count++;
    }
    return HB_OK;
}

static void take_ours(struct hb_kafka_consumer *consumer)
{
    for (size_t i = 0; i < consumer->ours_count; i++) {
        const struct hb_kafka_partition *p = &consumer->ours[i];
        consumer->slots[p->topic].slots[p->partition] =
            (struct hb_kafka_slot){.at = *p, .next = p->start, .stored = -1, .top = -1, .is_ours = true};
    }
}

/* ---- assignment, in two steps: ask where its partitions stand, then begin ---- */

static void begin_locate(struct hb_kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *partitions,
                         int delay_ms)
{
    size_t i = 0;

    while (i < HB_KAFKA_LOCATES_MAX && consumer->locates[i])
        i++;
    if (i == HB_KAFKA_LOCATES_MAX) { /* that many cancelled ones in three seconds: wait for the oldest */
        hb_kafka_locate_free(consumer->locates[--i]);
        consumer->locates[i] = NULL;
    }
    consumer->locates[i] = hb_kafka_locate_start(consumer->rk, partitions, consumer->wake.fd, delay_ms);
    consumer->wanted = consumer->locates[i];
    if (!consumer->wanted)
        consumer->events.error(consumer->user, HB_ERR_FATAL, -1, -1, "no thread or memory to take an assignment");
}

static void finish(struct hb_kafka_consumer *consumer, const struct hb_kafka_located *located)
{
    enum hb_err err = fill_ours(consumer, located);

    if (err) {
        consumer->events.error(consumer->user, HB_ERR_FATAL, -1, -1, "no memory to take an assignment");
        return;
    }
    consumer->events.assigned(consumer->user, consumer->ours, consumer->ours_count);
    take_ours(consumer);
    err = hb_kafka_rebalance_again(consumer);
    if (err)
        consumer->events.error(consumer->user, err, -1, -1, "the assignment could not be taken");
    consumer->served++;
}

static void serve_wanted(struct hb_kafka_consumer *consumer)
{
    struct hb_kafka_locate *locate = consumer->wanted;
    struct hb_kafka_located located;

    consumer->wanted = NULL;
    hb_kafka_locate_result(locate, &located);
    if (located.err == HB_OK) {
        consumer->locate_failures = 0;
        finish(consumer, &located);
        return;
    }
    begin_locate(consumer, hb_kafka_locate_partitions(locate), LOCATE_AGAIN_MS);
    /* A topic just made or a broker just back says no for a moment. */
    if (++consumer->locate_failures >= LOCATE_QUIET_TRIES)
        consumer->events.error(consumer->user, located.err, -1, -1, located.text);
}

void hb_kafka_rebalance_serve(struct hb_kafka_consumer *consumer)
{
    for (size_t i = 0; i < HB_KAFKA_LOCATES_MAX; i++) {
        struct hb_kafka_locate *locate = consumer->locates[i];
        if (!locate || !hb_kafka_locate_is_done(locate))
            continue;
        if (locate == consumer->wanted)
            serve_wanted(consumer);
        hb_kafka_locate_free(locate);
        consumer->locates[i] = NULL;
    }
}

void hb_kafka_rebalance_end(struct hb_kafka_consumer *consumer)
{
    for (size_t i = 0; i < HB_KAFKA_LOCATES_MAX; i++)
        if (consumer->locates[i])
            hb_kafka_locate_cancel(consumer->locates[i]);
    consumer->wanted = NULL;
}

/* ---- the callback ---- */

static void take(struct hb_kafka_consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
    if (partitions->cnt > 0) {
        begin_locate(consumer, partitions, 0);
        return;
    }
    consumer->events.assigned(consumer->user, NULL, 0);
    (void)rd_kafka_assign(consumer->rk, partitions);
}

static void tell_revoked(struct hb_kafka_consumer *consumer, bool is_lost)
{
    if (consumer->ours_count && !consumer->is_closing)
        consumer->events.revoked(consumer->user, consumer->ours, consumer->ours_count, is_lost);
}

void hb_kafka_rebalance_lose(struct hb_kafka_consumer *consumer)
{
    tell_revoked(consumer, true);
    forget_ours(consumer);
}

/* Never after a fatal error, unless it is of our own making: two members of one instance id would shut each other out
 * by turns. */
static bool may_renew(const struct hb_kafka_consumer *consumer)
{
    return !consumer->is_closing && (!rd_kafka_fatal_error(consumer->rk, NULL, 0) || hb_kafka_fence_is_own(consumer));
}

static void give(struct hb_kafka_consumer *consumer)
{
    bool is_lost = rd_kafka_assignment_lost(consumer->rk);

    if (consumer->wanted)
        hb_kafka_locate_cancel(consumer->wanted); /* reaped by _serve */
    consumer->wanted = NULL;
    tell_revoked(consumer, is_lost);
    if (is_lost && may_renew(consumer))
        consumer->is_to_renew = true;
    if (!is_lost)
        hb_kafka_consumer_flush(consumer);
    /* An instance that is about to end is not unassigned: it would first want to commit, and this library then waits
     * for the coordinator in a busy loop, a whole session long. */
    if (!consumer->is_to_renew || consumer->is_closing)
        (void)rd_kafka_assign(consumer->rk, NULL);
    forget_ours(consumer);
}

void hb_kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                        void *opaque)
{
    struct hb_kafka_consumer *consumer = opaque;

    (void)rk;
    consumer->served++;
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        consumer->has_expired = false; /* without partitions it joins again by itself, and nothing is said before */
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !consumer->is_closing)
        take(consumer, partitions);
    else
        give(consumer);
}
