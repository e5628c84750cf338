/* When a catalog record is settled: its slot in the ring of its partition, and the offset that is stored. */
#include "salesmanago/state.h"

static void settle_slot(struct hb_sm_worker *worker, const struct hb_sm_change *change)
{
    struct hb_sm_partition *partition = &worker->partitions[change->partition];
    int64_t next = 0;
    HB_ASSERT(partition->is_ours);
    if (hb_ring_settle(&partition->ring, change->sequence, &next))
        (void)hb_kafka_consumer_store(worker->consumer, 0, partition->number, next);
}

void hb_sm_settle(struct hb_sm_lane *lane, struct hb_sm_change *change)
{
    if (!change->is_let_go) {
        hb_sm_pending_end(&lane->pending, change);
        if (change->source == HB_SM_LIVE)
            settle_slot(lane->worker, change);
        else
            lane->walk_done++;
    }
    hb_sm_change_free(change);
}

/* Before all others or behind them; aside in any case, if it is a suspect's. */
static void give_back(struct hb_sm_lane *lane, struct hb_sm_change *change, bool is_last)
{
    if (change->is_let_go) {
        hb_sm_change_free(change);
        return;
    }
    struct hb_sm_change *superseded = hb_sm_pending_back(&lane->pending, change);
    hb_sm_aside_if_suspect(lane, change->key);
    if (is_last && superseded != change && change->state == HB_SM_CHANGE_WAITING)
        hb_sm_pending_put_last(&lane->pending, change);
    if (superseded)
        hb_sm_settle_superseded(lane, superseded);
}

void hb_sm_settle_back(struct hb_sm_lane *lane, struct hb_sm_change *change)
{
    give_back(lane, change, false);
}

void hb_sm_settle_put_off(struct hb_sm_lane *lane, struct hb_sm_change *change)
{
    give_back(lane, change, true);
}

void hb_sm_settle_superseded(struct hb_sm_lane *lane, struct hb_sm_change *change)
{
    if (change->source == HB_SM_LIVE && !change->is_let_go)
        settle_slot(lane->worker, change);
    lane->walk_done += change->source == HB_SM_WALK;
    hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_COALESCED, 1);
    hb_sm_change_free(change);
}

void hb_sm_settle_unread(struct hb_sm_lane *lane, struct hb_sm_change *change, bool is_lost)
{
    bool is_taken = change->state == HB_SM_CHANGE_TAKEN && change->value.len > 0;
    hb_sm_pending_end(&lane->pending, change);
    if (change->source == HB_SM_LIVE && !is_lost)
        settle_slot(lane->worker, change);
    if (is_taken)
        change->is_let_go = true;
    else
        hb_sm_change_free(change);
}

void hb_sm_settle_all_unread(struct hb_sm_lane *lane, int32_t partition, enum hb_sm_source source, bool is_lost)
{
    struct hb_sm_change *change;
    while ((change = hb_sm_pending_lowest(&lane->pending, partition, source)) != NULL)
        hb_sm_settle_unread(lane, change, is_lost);
}
