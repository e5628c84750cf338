/* The view in Redis, and the scripts that touch it. */
#include "sim.h"

void sim_view_clear(struct sim_view *view)
{
    *view = (struct sim_view){.applied = HB_SHARD_NONE, .mark = HB_SHARD_NONE};
    for (int d = 0; d < SIM_DELIVERIES; d++)
        view->repairs[d].offset = SIM_NEVER;
    for (int i = 0; i < SIM_WEBHOOKS; i++)
        view->spilled_from[i] = SIM_NEVER;
}

/* What a failover would bring back: some write ago. */
void sim_view_remember(struct sim_world *w)
{
    if (w->has_fault[SIM_FAULT_FAILOVER] && sim_chance(w, 30))
        w->recent_view = w->view;
}

static void put(struct sim_view *view, const struct sim_record *r, int64_t version)
{
    view->entries[r->delivery] = (struct sim_entry){.is_there = true,
                                                    .rule = {r->rule.state, version, r->rule.offset, r->rule.position},
                                                    .attempts = r->attempts,
                                                    .job = r->job,
                                                    .due_ms = r->due_ms,
                                                    .since_ms = r->since_ms,
                                                    .lease_by = SIM_NOBODY};
}

/* The record that would repair this stale one. */
static void want_repair(struct sim_view *view, const struct sim_record *r, const struct hb_shard_ruling *ruling)
{
    struct sim_repair *repair = &view->repairs[r->delivery];
    const struct sim_entry *entry = &view->entries[r->delivery];
    const struct sim_memory *memory = &view->memories[r->delivery];
    if (!hb_shard_rule_wants_repair(entry->is_there ? &entry->rule : NULL, memory->is_there ? &memory->rule : NULL,
                                    r->rule.offset))
        return; /* read again */
    if (repair->offset > r->rule.offset)
        return; /* read again: a later one is wanted already */
    repair->offset = r->rule.offset;
    repair->record = *r;
    if (entry->is_there) {
        repair->record.attempts = entry->attempts;
        repair->record.job = entry->job;
        repair->record.due_ms = entry->due_ms;
        repair->record.since_ms = entry->since_ms;
        repair->record.rule.position = entry->rule.position;
    }
    repair->record.settles = false;
    repair->record.rule.state = ruling->repair_state;
    repair->record.rule.version = ruling->repair_version;
    repair->record.rule.repairs = r->rule.offset;
}

static void carry_out(const struct sim_world *w, struct sim_view *view, const struct sim_record *r,
                      const struct hb_shard_ruling *ruling)
{
    int d = r->delivery;
    if (ruling->verdict != HB_SHARD_APPLIED) {
        want_repair(view, r, ruling);
        return;
    }
    if (view->repairs[d].offset < r->rule.offset)
        view->repairs[d].offset = SIM_NEVER;
    if (ruling->change == HB_SHARD_PUT)
        put(view, r, ruling->entry_version);
    else if (ruling->change == HB_SHARD_REMOVE)
        view->entries[d].is_there = false;
    if (ruling->recall == HB_SHARD_FORGET)
        view->memories[d].is_there = false;
    else if (ruling->recall == HB_SHARD_REMEMBER && !sim_is_off(w, SIM_GUARD_MEMORY))
        view->memories[d] = (struct sim_memory){true, false, {r->rule.state, ruling->memory_version, r->rule.offset}};
}

/* Of a spilled webhook all stays in Kafka but what its entries need, and what its memory can judge: as soon as
 * something of a remembered delivery was left, its memory may be of the life before. While it is read again everything
 * stays, and its turn comes in order. */
static bool is_left_in_kafka(const struct sim_world *w, struct sim_view *view, const struct sim_record *r)
{
    if (r->delivery == SIM_TAKEOVER)
        return false;
    int webhook = sim_webhook_of(r->delivery);
    struct sim_memory *memory = &view->memories[r->delivery];
    if (view->spilled_from[webhook] == SIM_NEVER)
        return false;
    if (sim_is_off(w, SIM_GUARD_SPILL_ENTRIES) || !sim_view_is_whole(w, webhook))
        return true;
    if (view->entries[r->delivery].is_there)
        return false;
    if (!memory->is_there || (memory->has_left && !sim_is_off(w, SIM_GUARD_SPILL_FORGET)))
        return true;
    memory->has_left = hb_shard_rule_run(NULL, &memory->rule, &r->rule).change == HB_SHARD_PUT;
    return memory->has_left;
}

bool sim_view_is_whole(const struct sim_world *w, int webhook)
{
    return !w->view.is_read_again[webhook] || w->is_redis_full || sim_is_off(w, SIM_GUARD_SPILL_WAIT);
}

void sim_view_rule_again(const struct sim_world *w, struct sim_view *view, const struct sim_record *record)
{
    const struct sim_entry *entry = &view->entries[record->delivery];
    const struct sim_memory *memory = &view->memories[record->delivery];
    int64_t applied = view->applied;
    bool is_other_life = entry->is_there && hb_delivery_state_is_done(record->rule.state) &&
                         hb_shard_rule_life(entry->rule.version) > hb_shard_rule_life(record->rule.version);
    bool is_seen = (memory->is_there && memory->rule.offset >= record->rule.offset) ||
                   (is_other_life && entry->rule.offset >= record->rule.offset);
    if (is_seen && !sim_is_off(w, SIM_GUARD_SPILL_SEEN))
        return;
    sim_view_rule(w, view, record);
    view->applied = applied;
}

void sim_view_rule(const struct sim_world *w, struct sim_view *view, const struct sim_record *record)
{
    struct sim_record r = *record;
    view->applied = r.rule.offset;
    if (r.delivery == SIM_TAKEOVER) {
        view->mark = hb_shard_rule_take_mark(view->mark, r.rule.offset);
        return;
    }
    const struct sim_entry *entry = &view->entries[r.delivery];
    const struct sim_memory *memory = &view->memories[r.delivery];
    if (sim_is_off(w, SIM_GUARD_VERSION) && entry->is_there)
        r.rule.version = entry->rule.version + 1;
    if (sim_is_off(w, SIM_GUARD_LATE_REPAIR))
        r.rule.repairs = HB_SHARD_NONE;
    if (sim_is_off(w, SIM_GUARD_NOT_DONE) && !entry->is_there && !memory->is_there && r.rule.version > 1) {
        struct hb_shard_memory done = {HB_DELIVERY_DELIVERED, r.rule.version, 0};
        struct hb_shard_ruling wrong = hb_shard_rule_run(NULL, &done, &r.rule);
        carry_out(w, view, &r, &wrong);
        return;
    }
    struct hb_shard_ruling ruling =
        hb_shard_rule_run(entry->is_there ? &entry->rule : NULL, memory->is_there ? &memory->rule : NULL, &r.rule);
    carry_out(w, view, &r, &ruling);
}

static struct hb_shard_head seen_by(const struct sim_world *w, const struct sim_process *p)
{
    struct hb_shard_head view = {w->view.applied, w->view.mark};
    if (sim_is_off(w, SIM_GUARD_APPLIED))
        view.applied = p->applied;
    if (sim_is_off(w, SIM_GUARD_MARK))
        view.mark = p->mark;
    return view;
}

enum hb_shard_gate sim_view_may_claim(const struct sim_world *w, const struct sim_process *p)
{
    return hb_shard_rule_may_claim(seen_by(w, p), (struct hb_shard_head){p->applied, p->mark});
}

/* One batch: from what the owner has applied, through `through`. The reply may be lost. */
enum hb_shard_gate sim_view_apply(struct sim_world *w, struct sim_process *p, int64_t through)
{
    enum hb_shard_gate gate = hb_shard_rule_may_apply(seen_by(w, p), (struct hb_shard_head){p->applied, p->mark});
    if (gate != HB_SHARD_OPEN)
        return gate;
    sim_view_remember(w);
    for (int64_t i = p->applied + 1; i <= through; i++)
        if (!w->journal.records[i].is_gone && !is_left_in_kafka(w, &w->view, &w->journal.records[i]))
            sim_view_rule(w, &w->view, &w->journal.records[i]);
    w->view.applied = through;
    if (w->lose_reply) {
        w->lose_reply = false;
        return HB_SHARD_BEHIND;
    }
    p->applied = through;
    return HB_SHARD_OPEN;
}
