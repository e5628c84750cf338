/* The promises. */
#include "sim.h"

/* No event of a subject is sent for the first time before every earlier one was delivered or is over. */
static void check_order(struct sim_world *w, int delivery)
{
    if (sim_webhook_of(delivery) != SIM_ORDERED || w->truths[delivery].sends > 0)
        return;
    for (int d = delivery - SIM_WEBHOOKS; d >= 0; d -= SIM_WEBHOOKS)
        if (sim_is_same_list(d, delivery) && !w->truths[d].is_over)
            sim_break(w, "an ordered delivery was sent before an earlier one", delivery);
}

static bool was_ever_journaled_done(const struct sim_world *w, int delivery)
{
    for (int64_t i = 0; i < w->journal.end; i++)
        if (w->journal.records[i].delivery == delivery && w->journal.records[i].rule.state == HB_DELIVERY_DELIVERED)
            return true;
    return false;
}

/* The success stood in the journal, and compaction took it before the stale record behind it was repaired; or it took
 * what would have told a view built anew which life the success ended. */
static bool was_displaced(const struct sim_world *w, int64_t done)
{
    bool is_anew = w->has_fault[SIM_FAULT_WIPE] || w->has_fault[SIM_FAULT_RESTORE] ||
                   w->has_fault[SIM_FAULT_FAILOVER] || w->journal.forgotten != SIM_NEVER;
    is_anew = is_anew || w->journal.records[done].is_gone; /* or before the view had read it */
    for (int64_t i = 0; i <= done && is_anew; i++)
        if (w->journal.records[i].is_gone && w->journal.records[i].delivery == w->journal.records[done].delivery)
            return true;
    return false;
}

/* A later record took its place, and that one the view has not read yet. */
static bool is_superseded(const struct sim_world *w, int64_t offset, int64_t applied)
{
    for (int64_t i = applied + 1; i < w->journal.end; i++)
        if (w->journal.records[offset].is_gone && w->journal.records[i].delivery == w->journal.records[offset].delivery)
            return true;
    return false;
}

static enum sim_cause cause_of(const struct sim_world *w, int writer, int delivery, bool is_fast)
{
    const struct sim_truth *truth = &w->truths[delivery];
    int64_t done = sim_journal_done_at(w, delivery, w->journal.end - 1);
    if (is_fast)
        return SIM_CAUSE_REPEAT;
    if (truth->replay_ms > truth->answered_ms)
        return SIM_CAUSE_REPLAY;
    if (done != SIM_NEVER && done > w->processes[writer].applied)
        return SIM_CAUSE_UNREAD;
    if (done != SIM_NEVER)
        return SIM_CAUSE_COMPACTED;
    return was_ever_journaled_done(w, delivery) ? SIM_CAUSE_REBORN : SIM_CAUSE_UNJOURNALED;
}

/* Done, and then parked once more by a repeat: two lives whose versions say nothing about each other. When
 * compaction has taken the end between them, an old copy of the view cannot tell the second from a repeat of the
 * first. It stays with what it has: perhaps sent again, never lost. */
static bool has_two_lives(const struct sim_world *w, int delivery)
{
    bool was_done = false;
    for (int64_t i = 0; i < w->journal.end; i++) {
        const struct sim_record *r = &w->journal.records[i];
        if (r->delivery != delivery)
            continue;
        if (hb_delivery_state_is_done(r->rule.state))
            was_done = true;
        else if (was_done && r->rule.version == 1 && r->rule.repairs == HB_SHARD_NONE)
            return true;
    }
    return false;
}

/* It, or one that it may have waited for. */
static bool may_be_sent_after(const struct sim_world *w, int delivery)
{
    for (int d = 0; d < SIM_DELIVERIES; d++)
        if ((d == delivery || (sim_webhook_of(d) == SIM_ORDERED && sim_is_same_list(d, delivery))) &&
            has_two_lives(w, d))
            return true;
    /* A copy from before compaction may hold a state that a stale record had displaced before it was repaired. */
    return w->is_restored && w->has_fault[SIM_FAULT_COMPACT] &&
           sim_journal_done_at(w, delivery, w->journal.end - 1) == SIM_NEVER;
}

void sim_check_send(struct sim_world *w, int writer, int delivery, bool is_fast)
{
    check_order(w, delivery);
    if (w->is_after && !may_be_sent_after(w, delivery))
        sim_break(w, "a delivery was sent after the quiet", delivery);
    w->truths[delivery].is_sent_after = w->is_after;
    if (w->truths[delivery].answered_ms != SIM_NEVER)
        w->causes[cause_of(w, writer, delivery, is_fast)]++;
}

/* Leases: one at a time. What takes leases away (a wipe, an old copy, a clock jump) may give a second one. */
static void check_lease(struct sim_world *w, int delivery)
{
    const struct sim_entry *e = &w->view.entries[delivery];
    if (w->has_fault[SIM_FAULT_EARLY_LEASE] || w->has_fault[SIM_FAULT_WIPE] || w->has_fault[SIM_FAULT_RESTORE] ||
        w->has_fault[SIM_FAULT_FAILOVER] || w->journal.forgotten != SIM_NEVER)
        return;
    for (int i = 0; i < SIM_PROCESSES; i++)
        for (int f = 0; f < SIM_FLIGHTS_MAX; f++) {
            const struct sim_flight *flight = &w->processes[i].flights[f];
            if (flight->is_there && !flight->is_fast && flight->delivery == delivery &&
                flight->offset == e->rule.offset && flight->lease_ms > w->now_ms)
                sim_break(w, "a delivery was leased twice at a time", delivery);
        }
}

/* Dead by the largest version there is, and nothing took it back. */
static bool is_dead_for_good(const struct sim_world *w, int delivery, int64_t upto)
{
    int64_t largest = 0;
    bool is_dead = false;
    for (int64_t i = 0; i <= upto; i++) {
        const struct sim_record *r = &w->journal.records[i];
        if (r->delivery != delivery)
            continue;
        if (r->is_gone || hb_delivery_state_is_done(r->rule.state))
            return false; /* what compaction may have hidden from a view built anew; or a life after an end */
        if (r->rule.version >= largest)
            is_dead = r->rule.state == HB_DELIVERY_DEAD && r->rule.version > largest;
        largest = r->rule.version > largest ? r->rule.version : largest;
    }
    return is_dead;
}

void sim_check_claim(struct sim_world *w, int writer, int delivery)
{
    const struct sim_process *p = &w->processes[writer];
    int64_t done = sim_journal_done_at(w, delivery, p->applied);
    if (w->view.mark != p->mark)
        sim_break(w, "a former owner claimed", delivery);
    if (w->view.is_read_again[sim_webhook_of(delivery)] && w->is_redis_full) {
        w->truths[delivery].was_spilled = true; /* its own later state may still be unread */
        return;
    }
    if (done != SIM_NEVER && !was_displaced(w, done) && !is_superseded(w, done, p->applied))
        sim_break(w, "a delivered delivery is due again", delivery);
    if (is_dead_for_good(w, delivery, p->applied))
        sim_break(w, "a dead delivery is due again", delivery);
    if (w->truths[delivery].settled_from > w->view.entries[delivery].rule.offset)
        sim_break(w, "a delivery settled as delivered is still in the queue", delivery);
    check_lease(w, delivery);
}

/* ---- at the end ---- */

/* First attempts go on, whatever became of the owner and of Redis: no rest outlives its reason. */
void sim_check_last(struct sim_world *w)
{
    if (w->truths[SIM_LAST * SIM_WEBHOOKS].fast_sends == 0)
        sim_break(w, "a webhook that is well again gets no fresh event", SIM_LAST * SIM_WEBHOOKS);
}

static bool is_held_back(const struct sim_world *w, int delivery)
{
    for (int d = delivery % SIM_WEBHOOKS; d < SIM_DELIVERIES; d += SIM_WEBHOOKS)
        if (sim_is_same_list(d, delivery) && w->view.entries[d].is_there &&
            w->view.entries[d].rule.state == HB_DELIVERY_HELD)
            return true;
    return false;
}

static bool has_late_success(const struct sim_world *w, int delivery, int64_t after)
{
    for (int64_t i = after + 1; i < w->journal.end; i++) {
        const struct sim_record *r = &w->journal.records[i];
        if (r->delivery == delivery && r->rule.state == HB_DELIVERY_DELIVERED && r->rule.repairs == HB_SHARD_NONE)
            return true;
    }
    return false;
}

static void check_delivery(struct sim_world *w, int d)
{
    const struct sim_truth *truth = &w->truths[d];
    const struct sim_entry *e = &w->view.entries[d];
    int64_t done = sim_journal_done_at(w, d, w->journal.end - 1);
    bool is_delivered = truth->answered_ms != SIM_NEVER;
    if (!is_delivered && !e->is_there && !truth->is_withdrawn)
        sim_break(w, "a delivery was lost", d);
    if (e->is_there && e->rule.state == HB_DELIVERY_PARKED && !is_held_back(w, d))
        sim_break(w, "a delivery is parked and nobody sends it", d);
    if (e->is_there && done != SIM_NEVER && !was_displaced(w, done))
        sim_break(w, "a delivered delivery became dead", d);
    if (truth->replay_offset != SIM_NEVER && truth->answered_ms < truth->replay_ms && !e->is_there &&
        !truth->is_withdrawn && !has_late_success(w, d, truth->replay_offset))
        sim_break(w, "a replay was lost", d);
}

/* Versions may differ: they rise above what the view remembers, and compaction takes that away. */
static bool is_same_entry(const struct sim_entry *a, const struct sim_entry *b)
{
    if (!a->is_there || !b->is_there)
        return a->is_there == b->is_there;
    return a->rule.state == b->rule.state && a->rule.offset == b->rule.offset && a->attempts == b->attempts &&
           a->due_ms == b->due_ms && a->job == b->job && a->since_ms == b->since_ms;
}

/* Spilling forgets where a life ended when the next one begins, so the versions of the two are as if compacted. */
static bool was_spilled_apart(const struct sim_world *w, int delivery)
{
    return w->truths[delivery].was_spilled || (w->has_fault[SIM_FAULT_SPILL] && has_two_lives(w, delivery));
}

/* The view is the journal read from the start, by the same rule; where compaction has not begun to take records out of
 * the middle of a story. */
static void check_fold(struct sim_world *w)
{
    struct sim_view fold;
    sim_view_clear(&fold);
    for (int64_t i = 0; i < w->journal.end && !w->has_fault[SIM_FAULT_COMPACT]; i++)
        sim_view_rule(w, &fold, &w->journal.records[i]);
    for (int d = 0; d < SIM_DELIVERIES && !w->has_fault[SIM_FAULT_COMPACT]; d++)
        if (!is_same_entry(&fold.entries[d], &w->view.entries[d]) && !was_spilled_apart(w, d))
            sim_break(w, "the view differs from the journal", d);
}

void sim_check_end(struct sim_world *w)
{
    for (int d = 0; d < SIM_DELIVERIES; d++)
        check_delivery(w, d);
    if (w->committed < SIM_EVENTS)
        sim_break(w, "an event is never settled", w->committed * SIM_WEBHOOKS);
    check_fold(w);
}

/* The success was displaced by a stale record before it was repaired, and so the view was wrong. A copy from before
 * that remembers the success, finds the record stale and writes the success again: it knows better, and is no other
 * view. */
static bool knows_better(const struct sim_world *w, int delivery)
{
    int64_t done = sim_journal_done_at(w, delivery, w->journal.end - 1);
    return w->is_restored && done != SIM_NEVER && was_displaced(w, done) && !w->view.entries[delivery].is_there &&
           w->view.memories[delivery].rule.offset >= done;
}

/* The journal was compacted to the last record of each key, and the view built from it anew: it is the same. */
void sim_check_rebuilt(struct sim_world *w, const struct sim_view *before)
{
    for (int d = 0; d < SIM_DELIVERIES; d++)
        if (!is_same_entry(&before->entries[d], &w->view.entries[d]) && !w->truths[d].is_sent_after &&
            !(w->is_restored && may_be_sent_after(w, d)) && !knows_better(w, d))
            sim_break(w, "the view built anew is another one", d);
}
