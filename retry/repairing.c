/* The true state is written again where compaction would keep a stale record in its place. What is wanted stands in the
 * view, so that the next owner goes on with it; a piece of it is written, and the next one when that was applied. */
#include "retry/state.h"

#include "core/journal_record.h"

#include <stdlib.h>

struct repair {
    struct hb_retry_shard *shard;
    unsigned epoch;
};

void hb_repairing_take(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    shard->repairs_wanted = answer->repairs_wanted;
    if (answer->refusals_count)
        hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_STALE, answer->refusals_count);
    for (size_t i = 0; i < answer->refusals_count; i++)
        if (answer->refusals[i].verdict == HB_SHARD_CONFLICT && answer->refusals[i].wants_repair)
            hb_ending_conflict(shard, &answer->refusals[i]);
}

void hb_repairing_stop(struct hb_retry_shard *shard)
{
    shard->is_repairing = false;
    shard->repairs_waiting = 0;
    shard->repaired_at = HB_SHARD_NONE;
}

static void repaired(void *user, enum hb_err err, int64_t offset)
{
    struct repair *repair = user;
    struct hb_retry_shard *shard = repair->shard;
    bool is_now = repair->epoch == shard->epoch;

    free(repair);
    if (!is_now)
        return;
    if (!err && offset > shard->repaired_at)
        shard->repaired_at = offset;
    if (--shard->repairs_waiting == 0)
        shard->is_repairing = false; /* goes on when this was applied */
}

/* The record; false: the webhook's store is not known (yet). */
static bool make_record(struct hb_retry *retry, const struct hb_view_repair *repair, char id[HB_DELIVERY_ID_BYTES + 1],
                        struct hb_journal_record *ret)
{
    const struct hb_view_delivery *truth = &repair->truth;
    const struct hb_retry_webhook *webhook = hb_retry_webhook_of(retry, truth->webhook);
    bool is_tombstone = repair->state == HB_DELIVERY_DELIVERED;

    hb_delivery_id(truth->delivery, id);
    *ret = (struct hb_journal_record){.kind = is_tombstone ? HB_JOURNAL_TOMBSTONE : HB_JOURNAL_STATE,
                                      .id = hb_str_c(id),
                                      .webhook = truth->webhook,
                                      .version = repair->version,
                                      .repairs = repair->repairs,
                                      .state = repair->state};
    if (is_tombstone)
        return true;
    if (!webhook || !webhook->snapshot)
        return false;
    ret->store = webhook->snapshot->store;
    ret->subject = truth->entry.is_ordered ? truth->entry.subject : HB_JOURNAL_NO_SUBJECT;
    ret->position = truth->entry.rule.position;
    ret->attempts = truth->entry.attempts;
    ret->first_failed = truth->entry.first_failed;
    ret->due = truth->due.ms > 0 ? truth->due : hb_loop_wall(retry->options.loop);
    ret->reason = hb_str_c(hb_reason_text(truth->entry.reason));
    ret->job = truth->job;
    return true;
}

static bool write_repair(struct hb_retry_shard *shard, const struct hb_view_repair *wanted)
{
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_journal_record record;
    struct repair *repair;

    if (!make_record(shard->retry, wanted, id, &record))
        return false;
    repair = malloc(sizeof(*repair));
    if (!repair)
        return false;
    *repair = (struct repair){shard, shard->epoch};
    if (hb_journal_put(hb_outbox_journal(shard->retry->options.outbox), &record, repaired, repair)) {
        free(repair);
        return false;
    }
    shard->repairs_waiting++;
    hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_REPAIRS, 1);
    return true;
}

static void wanted_told(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer) || shard->retry->is_stopping)
        return;
    for (size_t i = 0; i < answer->repairs_count; i++)
        (void)write_repair(shard, &answer->repairs[i]);
    if (shard->repairs_waiting == 0)
        shard->is_repairing = false;
}

void hb_repairing_run(struct hb_retry_shard *shard)
{
    if (shard->is_repairing || shard->repairs_wanted == 0 || shard->retry->is_stopping ||
        shard->through < shard->repaired_at || hb_outbox_is_congested(shard->retry->options.outbox))
        return;
    shard->is_repairing = hb_view_repairs(shard->view, HB_STR("0"), wanted_told, shard) == HB_OK;
}
