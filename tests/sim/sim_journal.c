/* The journal: one partition of a compacted topic. */
#include "sim.h"

/* What the operator's promises hang on is written down when it is in the log, not when it was meant. */
static void note(struct sim_world *w, const struct sim_record *r)
{
    struct sim_truth *truth = &w->truths[r->delivery];
    if (r->rule.state == HB_DELIVERY_DEAD || hb_delivery_state_is_done(r->rule.state))
        truth->is_over = true;
    if (r->rule.state == HB_DELIVERY_EXPIRED || r->rule.state == HB_DELIVERY_CANCELLED)
        truth->is_withdrawn = true;
    if (r->writer == SIM_OPERATOR && r->rule.state == HB_DELIVERY_PARKED && !r->is_again) {
        truth->replay_ms = r->due_ms;
        truth->replay_offset = r->rule.offset;
    }
}

void sim_journal_append(struct sim_world *w, const struct sim_record *record)
{
    struct sim_journal *j = &w->journal;
    HB_ASSERT(j->end < SIM_LOG_MAX);
    struct sim_record *r = &j->records[j->end];
    *r = *record;
    r->rule.offset = j->end++;
    r->written_ms = w->now_ms;
    r->is_gone = false;
    sim_tell(w, "journal %ld: d%d %s v%ld repairs %ld by %d", (long)r->rule.offset, r->delivery,
             r->delivery == SIM_TAKEOVER ? "takeover" : hb_delivery_state_text(r->rule.state), (long)r->rule.version,
             (long)r->rule.repairs, r->writer);
    if (r->delivery != SIM_TAKEOVER)
        note(w, r);
}

void sim_journal_compact(struct sim_world *w, int64_t below, int64_t lag_ms)
{
    bool has_later[SIM_DELIVERIES + 1] = {false};
    for (int64_t i = below - 1; i >= 0; i--) {
        struct sim_record *r = &w->journal.records[i];
        if (r->is_gone || w->now_ms - r->written_ms < lag_ms)
            continue;
        if (has_later[r->delivery + 1])
            r->is_gone = true;
        has_later[r->delivery + 1] = true;
    }
    sim_tell(w, "compacted below %ld", (long)below);
}

/* After delete.retention.ms. Kafka removes a tombstone only when it is the key's last record there. */
void sim_journal_forget_tombstones(struct sim_world *w, int64_t below)
{
    sim_journal_compact(w, below, w->options->compaction_lag_ms);
    for (int64_t i = 0; i < below; i++) {
        struct sim_record *r = &w->journal.records[i];
        bool is_tombstone = r->delivery != SIM_TAKEOVER && r->rule.state == HB_DELIVERY_DELIVERED;
        if (r->is_gone || !is_tombstone || w->now_ms - r->written_ms < w->options->compaction_lag_ms)
            continue;
        r->is_gone = true;
        w->journal.forgotten = i;
    }
}

static bool begins_anew(const struct sim_record *r)
{
    return r->rule.state != HB_DELIVERY_DELIVERED && r->rule.repairs == HB_SHARD_NONE && !r->is_again &&
           (r->rule.version == 1 || r->writer == SIM_OPERATOR);
}

int64_t sim_journal_done_at(const struct sim_world *w, int delivery, int64_t upto)
{
    int64_t done = SIM_NEVER;
    for (int64_t i = 0; i <= upto && i < w->journal.end; i++) {
        const struct sim_record *r = &w->journal.records[i];
        if (r->delivery != delivery)
            continue;
        if (begins_anew(r))
            done = SIM_NEVER;
        else if (r->rule.state == HB_DELIVERY_DELIVERED && r->rule.repairs == HB_SHARD_NONE)
            done = i;
    }
    return done;
}
