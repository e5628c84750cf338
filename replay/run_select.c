#include "core/journal_record.h"
#include "core/metrics.h"
#include "hookbus/outcome.h"
#include "platform/loop/loop.h"
#include "records/outbox.h"
#include "registry/registry.h"
#include "replay/runner_internal.h"

/* Bodies are read from Kafka ahead of the due time: due at once, each would wait for its body with a slot of its
 * webhook's window in its hand. */
#define LEAD_MS (2 * HB_MS_PER_S)

/* All up to the first that is not acknowledged is done, in whatever order acknowledgements came. */
static void acknowledged(void *user, enum hb_err err, int64_t offset)
{
    struct replay_slot *slot = user;
    struct replay_run *run = slot->run;
    (void)offset;
    run->in_flight--;
    if (err)
        return; /* the end: nobody knows whether Kafka has it, so it is selected again */
    slot->is_acknowledged = true;
    while (run->done_index < run->next_index) {
        struct replay_slot *oldest = &run->slots[run->done_index % HB_REPLAY_IN_FLIGHT_MAX];
        if (!oldest->is_acknowledged)
            break;
        oldest->is_acknowledged = false;
        run->state.cursor = hb_candidates_cursor(hb_candidates_at(run->list.items, run->done_index));
        run->done_index++;
        run->is_changed = true;
    }
    run->state.selected = run->selected_before + (int64_t)run->done_index;
}

static enum hb_err select_one(struct replay_run *run, struct hb_wall now)
{
    const struct hb_candidate *item = hb_candidates_at(run->list.items, run->next_index);
    struct replay_slot *slot = &run->slots[run->next_index % HB_REPLAY_IN_FLIGHT_MAX];
    char id[HB_DELIVERY_ID_BYTES + 1];
    hb_delivery_id(item->delivery, id);
    const struct hb_journal_record record = {
        .kind = HB_JOURNAL_STATE,
        .id = hb_str_n(id, HB_DELIVERY_ID_BYTES),
        .webhook = run->job.webhook,
        .version = hb_shard_rule_replay_version(item->version, run->job.created),
        .repairs = HB_SHARD_NONE,
        .state = HB_DELIVERY_PARKED,
        .store = run->job.store,
        .event = hb_candidates_event(run->list.items, item),
        .subject = item->flags & HB_CANDIDATE_HAS_SUBJECT ? item->subject : HB_JOURNAL_NO_SUBJECT,
        .position = item->position,
        .attempts = 0, /* the whole schedule, or one attempt by the job's name (core/fate.h) */
        .first_failed = {HB_JOURNAL_NEVER},
        .due = {now.ms + LEAD_MS},
        .reason = hb_str_c(hb_reason_text(HB_REASON_REPLAY)),
        .job = run->job.id,
    };
    *slot = (struct replay_slot){run, false};
    enum hb_err err = hb_journal_put(hb_outbox_journal(run->runner->options.outbox), &record, acknowledged, slot);
    if (err)
        return err;
    run->in_flight++;
    run->next_index++;
    return HB_OK;
}

void hb_run_pump(struct replay_run *run)
{
    struct hb_replay_runner *runner = run->runner;
    const char *reason = NULL;
    if (!run->list.items || !run->is_fixed || run->is_left || run->is_over || run->is_yielding ||
        hb_outbox_is_congested(runner->options.outbox) || run->job.wish != HB_REPLAY_WISH_ACTIVE ||
        !hb_run_may_send(run, &reason))
        return;
    size_t room = HB_REPLAY_IN_FLIGHT_MAX - (run->next_index - run->done_index), left = run->count - run->next_index;
    int64_t most = (int64_t)(room < left ? room : left);
    int64_t n = most > 0 ? hb_rate_room(&run->rate, hb_loop_mono(runner->options.loop), most) : 0;
    int64_t taken = 0;
    while (taken < n && !select_one(run, hb_loop_wall(runner->options.loop)))
        taken++;
    hb_rate_take(&run->rate, taken);
    if (runner->options.metrics)
        hb_metric_add(runner->options.metrics, HB_METRIC_REPLAY_SELECTED, (uint64_t)taken);
}
