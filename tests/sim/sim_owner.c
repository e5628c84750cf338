/* The owner of the shard: catches up, applies, repairs, claims with leases, writes what came of it. */
#include "sim.h"

void sim_owner_assign(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    struct sim_record takeover = {.delivery = SIM_TAKEOVER, .rule = {.version = 1, .repairs = HB_SHARD_NONE}};
    w->shard_at = writer;
    p->has_shard = true;
    p->is_connected = false;
    p->is_new = true;
    p->mark = SIM_NEVER;
    p->applied = HB_SHARD_NONE;
    for (int d = 0; d < SIM_DELIVERIES; d++) {
        p->repairing[d] = SIM_NEVER;
        p->expiring[d] = 0;
    }
    sim_process_produce(w, writer, &takeover);
}

/* Connects, or finds that the view is not the one it remembers: where does it stand, and where does the log end now? */
bool sim_owner_catch_up(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || p->mark == SIM_NEVER || p->is_connected || w->is_redis_away)
        return false;
    if (w->view.mark > p->mark && !sim_is_off(w, SIM_GUARD_MARK)) {
        p->has_shard = false;
        return true;
    }
    if (w->view.applied < w->journal.forgotten && !sim_is_off(w, SIM_GUARD_FORGOTTEN))
        sim_view_clear(&w->view); /* older than a tombstone that is gone */
    if (p->is_new && sim_is_off(w, SIM_GUARD_KEPT_MEMORY))
        memset(w->view.memories, 0, sizeof(w->view.memories));
    p->is_new = false;
    p->is_connected = true;
    p->applied = w->view.applied;
    p->catch_up_end = w->journal.end;
    sim_tell(w, "process %d catches up from %ld to %ld", writer, (long)p->applied + 1, (long)p->catch_up_end);
    return true;
}

/* Whether the gate is open; otherwise what follows from that. */
static bool passes(struct sim_world *w, int writer, enum hb_shard_gate gate)
{
    struct sim_process *p = &w->processes[writer];
    if (gate == HB_SHARD_OPEN)
        return true;
    sim_tell(w, "process %d is %s", writer, gate == HB_SHARD_FENCED ? "shut out" : "behind");
    if (gate == HB_SHARD_FENCED)
        p->has_shard = false;
    p->is_connected = false;
    return false;
}

/* The safety call: is the view still the one it remembers? */
bool sim_owner_look(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || !p->is_connected || p->applied + 1 < p->catch_up_end)
        return false;
    return !passes(w, writer, sim_view_may_claim(w, p));
}

bool sim_owner_apply(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || !p->is_connected || p->applied + 1 >= w->journal.end)
        return false;
    int64_t through = p->applied + 1 + sim_random(w, 4);
    through = through < w->journal.end ? through : w->journal.end - 1;
    (void)passes(w, writer, sim_view_apply(w, p, through));
    return true;
}

static void read_again(struct sim_world *w, int webhook)
{
    struct sim_view *view = &w->view;
    int64_t through = view->spilled_from[webhook] + sim_random(w, 4);
    view->is_read_again[webhook] = true;
    for (; view->spilled_from[webhook] <= view->applied && view->spilled_from[webhook] <= through;
         view->spilled_from[webhook]++) {
        const struct sim_record *r = &w->journal.records[view->spilled_from[webhook]];
        if (!r->is_gone && r->delivery != SIM_TAKEOVER && sim_webhook_of(r->delivery) == webhook)
            sim_view_rule_again(w, view, r);
    }
    if (view->spilled_from[webhook] <= view->applied)
        return;
    view->spilled_from[webhook] = SIM_NEVER;
    view->is_read_again[webhook] = false;
    sim_tell(w, "webhook %d is read again whole", webhook);
}

/* There is room again in Redis: what a spilled webhook left in Kafka is read, up to what is applied. */
bool sim_owner_read_again(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || !p->is_connected || p->applied + 1 < p->catch_up_end || w->is_redis_full ||
        sim_view_may_claim(w, p) != HB_SHARD_OPEN || sim_is_off(w, SIM_GUARD_SPILL_READ))
        return false;
    for (int webhook = 0; webhook < SIM_WEBHOOKS; webhook++)
        if (w->view.spilled_from[webhook] != SIM_NEVER) {
            read_again(w, webhook);
            return true;
        }
    return false;
}

bool sim_owner_repair(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || !p->is_connected || p->applied + 1 < p->catch_up_end || sim_is_off(w, SIM_GUARD_REPAIR) ||
        sim_view_may_claim(w, p) != HB_SHARD_OPEN)
        return false;
    for (int d = 0; d < SIM_DELIVERIES; d++) {
        struct sim_repair *wanted = &w->view.repairs[d];
        if (wanted->offset == SIM_NEVER || p->repairing[d] >= wanted->offset)
            continue;
        p->repairing[d] = wanted->offset;
        sim_process_produce(w, writer, &wanted->record);
        if (sim_is_off(w, SIM_GUARD_KEPT_REPAIR))
            wanted->offset = SIM_NEVER;
        return true;
    }
    return false;
}

/* An ordered subject's list by the order of its events; a claim looks at its head only. */
static bool is_head(const struct sim_world *w, int delivery)
{
    enum hb_delivery_state states[SIM_EVENTS];
    int ids[SIM_EVENTS];
    size_t count = 0;
    if (sim_webhook_of(delivery) != SIM_ORDERED || sim_is_off(w, SIM_GUARD_HEAD))
        return true;
    for (int d = 0; d < SIM_DELIVERIES; d++) {
        const struct sim_entry *e = &w->view.entries[d];
        if (!e->is_there || !sim_is_same_list(d, delivery))
            continue;
        size_t at = count++;
        for (; at > 0; at--) {
            const struct sim_entry *before = &w->view.entries[ids[at - 1]];
            bool is_behind = sim_is_off(w, SIM_GUARD_EVENT_ORDER)
                                 ? before->rule.offset < e->rule.offset
                                 : hb_ordering_cmp(&before->rule.position, &e->rule.position) < 0;
            if (is_behind)
                break;
            ids[at] = ids[at - 1];
            states[at] = states[at - 1];
        }
        ids[at] = d;
        states[at] = e->lease_ms > w->now_ms ? HB_DELIVERY_LEASED : e->rule.state;
    }
    size_t head = hb_ordering_head(states, count);
    return head < count && ids[head] == delivery;
}

static bool is_due(const struct sim_world *w, int delivery)
{
    const struct sim_entry *e = &w->view.entries[delivery];
    return e->is_there && e->rule.state == HB_DELIVERY_PARKED && e->due_ms <= w->now_ms && e->lease_ms <= w->now_ms &&
           is_head(w, delivery);
}

/* The oldest due of the webhook, or SIM_NOBODY. */
static int find_due(const struct sim_world *w, int webhook)
{
    int found = SIM_NOBODY;
    for (int d = webhook; d < SIM_DELIVERIES; d += SIM_WEBHOOKS)
        if (is_due(w, d) && (found == SIM_NOBODY || w->view.entries[d].due_ms < w->view.entries[found].due_ms))
            found = d;
    return found;
}

static int in_flight(const struct sim_process *p, int webhook)
{
    int count = 0;
    for (int i = 0; i < SIM_FLIGHTS_MAX; i++)
        count += p->flights[i].is_there && sim_webhook_of(p->flights[i].delivery) == webhook;
    return count;
}

static void start(struct sim_world *w, int writer, int delivery, bool is_probe)
{
    struct sim_entry *e = &w->view.entries[delivery];
    struct sim_process *p = &w->processes[writer];
    sim_check_claim(w, writer, delivery);
    sim_view_remember(w);
    e->lease_ms = w->now_ms + SIM_LEASE_MS;
    e->lease_by = writer;
    if (w->lose_reply) { /* leased for nobody: due again when the lease ends */
        w->lose_reply = false;
        p->is_connected = false;
        return;
    }
    struct sim_flight *flight = sim_process_send(w, writer, delivery, false);
    if (!flight)
        return;
    flight->is_probe = is_probe;
    sim_lane_started(w, p, flight);
    flight->version = e->rule.version;
    flight->offset = e->rule.offset;
    flight->attempts = e->attempts;
    flight->job = e->job;
    flight->since_ms = e->since_ms;
    flight->lease_ms = e->lease_ms;
}

bool sim_owner_claim(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    bool has_caught_up = p->applied + 1 >= p->catch_up_end || sim_is_off(w, SIM_GUARD_CAUGHT_UP);
    if (!p->has_shard || !p->is_connected || p->mark == SIM_NEVER || !has_caught_up)
        return false;
    for (int webhook = 0; webhook < SIM_WEBHOOKS; webhook++) {
        (void)sim_lane_owns(w, p, webhook);
        bool is_probe = hb_rest_may_probe(&p->rest[webhook], (struct hb_mono){w->now_ms * HB_US_PER_MS});
        int room = hb_rest_parked_slots(&p->window[webhook], webhook != SIM_ORDERED) - in_flight(p, webhook);
        int delivery = find_due(w, webhook);
        if (delivery == SIM_NOBODY || !sim_view_is_whole(w, webhook) ||
            (!is_probe && (!hb_rest_may_claim(&p->rest[webhook]) || room <= 0)))
            continue;
        enum hb_shard_gate gate = sim_view_may_claim(w, p);
        if (gate == HB_SHARD_BEHIND && sim_is_off(w, SIM_GUARD_CAUGHT_UP))
            gate = HB_SHARD_OPEN;
        if (!passes(w, writer, gate))
            return true;
        start(w, writer, delivery, is_probe);
        return true;
    }
    return false;
}

bool sim_owner_expire(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_shard || !p->is_connected || p->applied + 1 < p->catch_up_end ||
        sim_view_may_claim(w, p) != HB_SHARD_OPEN)
        return false;
    for (int d = 0; d < SIM_DELIVERIES; d++) {
        struct sim_entry *e = &w->view.entries[d];
        if (!e->is_there || e->lease_ms > w->now_ms || w->view.is_read_again[sim_webhook_of(d)] ||
            p->expiring[d] == e->rule.version ||
            !hb_schedule_is_expired((struct hb_wall){e->since_ms}, (struct hb_wall){w->now_ms}))
            continue;
        struct sim_record r =
            sim_record_of(w, d, hb_delivery_state_move(e->rule.state, HB_DELIVERY_EXPIRE), e->rule.version + 1);
        r.attempts = e->attempts;
        p->expiring[d] = e->rule.version;
        sim_process_produce(w, writer, &r);
        return true;
    }
    return false;
}

/* A failure of a delivery whose success arrived meanwhile is not worth a record. A missing entry alone says nothing. */
static bool is_done_meanwhile(const struct sim_world *w, const struct sim_process *p, int delivery)
{
    if (!p->has_shard || sim_view_may_claim(w, p) != HB_SHARD_OPEN)
        return false;
    return w->view.memories[delivery].is_there;
}

void sim_owner_finish(struct sim_world *w, int writer, struct sim_flight *flight, struct hb_outcome outcome)
{
    struct sim_process *p = &w->processes[writer];
    sim_lane_result(w, p, flight, &outcome);
    if (outcome.verdict == HB_VERDICT_DELIVERED) {
        struct sim_record r = sim_record_of(w, flight->delivery, HB_DELIVERY_DELIVERED, flight->version + 1);
        sim_process_produce(w, writer, &r);
        return;
    }
    if (is_done_meanwhile(w, p, flight->delivery))
        return;
    struct sim_record r = sim_failed(w, flight, HB_DELIVERY_LEASED, &outcome);
    sim_process_produce(w, writer, &r);
}
