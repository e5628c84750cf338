/* The fast path: consume, send, park what failed, settle when the journal has it. */
#include "sim.h"

void sim_worker_assign(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    w->events_at = writer;
    p->has_events = true;
    p->generation++;
    p->position = w->committed;
    p->repeat_end = w->published;
    p->assigned_at = w->journal.end;
    for (int d = 0; d < SIM_DELIVERIES; d++)
        p->fast[d] = SIM_FAST_NEW;
    sim_tell(w, "process %d gets the events from %d, repeats below %d", writer, p->position, p->repeat_end);
}

static int64_t schedule_ms(struct sim_world *w, int attempts, int64_t retry_after_ms, bool *ret_is_used_up)
{
    static const int64_t waits_s[] = {0, 5, 60, 600};
    struct hb_schedule_ask ask = {attempts, {w->now_ms}, retry_after_ms, sim_random(w, UINT32_MAX)};
    struct hb_wall due = {w->now_ms};
    *ret_is_used_up = !hb_schedule_next(hb_schedule_own(waits_s, w->attempts_max), &ask, &due);
    return due.ms;
}

struct sim_record sim_failed(struct sim_world *w, const struct sim_flight *flight, enum hb_delivery_state from,
                             const struct hb_outcome *outcome)
{
    bool is_used_up, is_ordered = sim_webhook_of(flight->delivery) == SIM_ORDERED;
    int attempts = flight->attempts + (outcome->verdict == HB_VERDICT_PARK ? 0 : 1);
    int64_t due_ms = schedule_ms(w, attempts, outcome->retry_after_ms, &is_used_up);
    enum hb_delivery_event event = outcome->verdict == HB_VERDICT_DEAD ? HB_DELIVERY_REFUSE
                                   : outcome->verdict == HB_VERDICT_PARK
                                       ? (from == HB_DELIVERY_LEASED ? HB_DELIVERY_RELEASE : HB_DELIVERY_PARK)
                                   : is_used_up ? hb_ordering_used_up(is_ordered && w->is_hold)
                                                : HB_DELIVERY_FAIL;
    struct sim_record r = sim_record_of(w, flight->delivery, hb_delivery_state_move(from, event), flight->version + 1);
    r.attempts = attempts;
    r.job = flight->job;
    r.due_ms = due_ms;
    if (flight->since_ms > 0)
        r.since_ms = flight->since_ms;
    return r;
}

static void park_fresh(struct sim_world *w, int writer, int delivery, int64_t due_ms)
{
    struct sim_record r = sim_record_of(w, delivery, hb_delivery_state_move(HB_DELIVERY_FRESH, HB_DELIVERY_PARK), 1);
    r.due_ms = due_ms;
    r.settles = true;
    w->processes[writer].fast[delivery] = SIM_FAST_WAITING;
    sim_process_produce(w, writer, &r);
}

static void admit(struct sim_world *w, int writer, int delivery)
{
    struct sim_process *p = &w->processes[writer];
    int webhook = sim_webhook_of(delivery);
    bool is_probe = false, is_full = sim_event_of(delivery) != SIM_LAST && sim_chance(w, 10);
    bool must_wait = webhook == SIM_ORDERED || is_full || sim_lane_must_rest(w, p, webhook, &is_probe);
    struct sim_flight *flight = must_wait ? NULL : sim_process_send(w, writer, delivery, true);
    if (!flight) {
        park_fresh(w, writer, delivery, w->now_ms);
        return;
    }
    flight->is_probe = is_probe;
    sim_lane_started(w, p, flight);
    p->fast[delivery] = SIM_FAST_SENDING;
}

bool sim_worker_fetch(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (!p->has_events || p->position >= w->published)
        return false;
    for (int webhook = 0; webhook < SIM_WEBHOOKS; webhook++)
        admit(w, writer, p->position * SIM_WEBHOOKS + webhook);
    p->position++;
    return true;
}

/* Nothing keeps an event unsettled for long: what still runs is journaled, the request goes on. */
bool sim_worker_settle_after(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    for (int i = 0; i < SIM_FLIGHTS_MAX; i++) {
        struct sim_flight *flight = &p->flights[i];
        if (!flight->is_there || !flight->is_fast || flight->is_parked || flight->generation != p->generation)
            continue;
        struct sim_record r =
            sim_record_of(w, flight->delivery, hb_delivery_state_move(HB_DELIVERY_SENDING, HB_DELIVERY_PARK), 1);
        r.due_ms = w->now_ms + SIM_LEASE_MS;
        r.settles = true;
        flight->is_parked = true;
        flight->version = 1;
        p->fast[flight->delivery] = SIM_FAST_WAITING;
        sim_process_produce(w, writer, &r);
        return true;
    }
    return false;
}

static void succeeded(struct sim_world *w, int writer, const struct sim_flight *flight)
{
    struct sim_process *p = &w->processes[writer];
    bool is_current = flight->generation == p->generation && p->has_events;
    bool is_repeat = sim_event_of(flight->delivery) < p->repeat_end && !sim_is_off(w, SIM_GUARD_REPEAT_TOMBSTONE);
    if (!flight->is_parked && is_current && !is_repeat) {
        p->fast[flight->delivery] = SIM_FAST_DONE;
        w->truths[flight->delivery].settled_from = p->assigned_at;
        return;
    }
    struct sim_record r = sim_record_of(w, flight->delivery, HB_DELIVERY_DELIVERED, flight->version + 1);
    r.settles = !flight->is_parked && is_current;
    if (r.settles)
        p->fast[flight->delivery] = SIM_FAST_WAITING;
    sim_process_produce(w, writer, &r);
}

void sim_worker_finish(struct sim_world *w, int writer, struct sim_flight *flight, struct hb_outcome outcome)
{
    struct sim_process *p = &w->processes[writer];
    sim_lane_result(w, p, flight, &outcome);
    if (outcome.verdict == HB_VERDICT_DELIVERED) {
        succeeded(w, writer, flight);
        return;
    }
    bool is_current = flight->generation == p->generation && p->has_events;
    struct sim_record r = sim_failed(w, flight, flight->is_parked ? HB_DELIVERY_PARKED : HB_DELIVERY_SENDING, &outcome);
    r.settles = !flight->is_parked && is_current;
    if (r.settles)
        p->fast[flight->delivery] = SIM_FAST_WAITING;
    sim_process_produce(w, writer, &r);
}

void sim_worker_acknowledged(struct sim_process *p, const struct sim_ack *ack)
{
    if (ack->generation == p->generation && p->fast[ack->delivery] == SIM_FAST_WAITING)
        p->fast[ack->delivery] = SIM_FAST_DONE;
}

static bool is_settled(const struct sim_world *w, const struct sim_process *p, int event)
{
    for (int i = 0; i < SIM_WEBHOOKS; i++) {
        enum sim_fast fast = p->fast[event * SIM_WEBHOOKS + i];
        bool is_meant = fast == SIM_FAST_WAITING && sim_is_off(w, SIM_GUARD_SETTLE);
        if (fast != SIM_FAST_DONE && !is_meant)
            return false;
    }
    return true;
}

/* Kafka takes a commit from the member that has the partition, and from nobody else. */
bool sim_worker_commit(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    int next = w->committed;
    if (!p->has_events || w->events_at != writer)
        return false;
    while (next < p->position && is_settled(w, p, next))
        next++;
    if (next == w->committed)
        return false;
    w->committed = next;
    sim_tell(w, "process %d commits %d", writer, next);
    return true;
}
