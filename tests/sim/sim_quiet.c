/* The quiet: no fault any more, and everything that can go on goes on until nothing is left to do. */
#include "sim.h"

#define ROUNDS_MAX 4000

static void settle_roles(struct sim_world *w)
{
    for (int i = 0; i < SIM_PROCESSES; i++) {
        struct sim_process *p = &w->processes[i];
        p->is_stopped = false;
        p->has_events = p->has_events && w->events_at == i;
        p->has_shard = p->has_shard && w->shard_at == i;
    }
    if (!w->processes[w->events_at].has_events)
        sim_worker_assign(w, w->events_at);
    if (!w->processes[w->shard_at].has_shard)
        sim_owner_assign(w, w->shard_at);
}

static bool run_process(struct sim_world *w, int writer)
{
    bool did = sim_process_write(w, writer);
    did |= sim_process_acknowledge(w, writer);
    if (writer == SIM_OPERATOR)
        return did;
    did |= sim_worker_fetch(w, writer);
    did |= sim_process_finish(w, writer);
    did |= sim_worker_commit(w, writer);
    did |= sim_owner_catch_up(w, writer);
    did |= sim_owner_look(w, writer);
    did |= sim_owner_apply(w, writer);
    did |= sim_owner_repair(w, writer);
    did |= sim_owner_read_again(w, writer);
    did |= sim_owner_expire(w, writer);
    return did;
}

static int64_t sooner(int64_t at, int64_t best, int64_t now)
{
    return at > now && at < best ? at : best;
}

/* To the next moment at which something can happen. */
static bool pass_time(struct sim_world *w)
{
    int64_t next = INT64_MAX;
    if (w->is_redis_away)
        return false;
    for (int d = 0; d < SIM_DELIVERIES; d++) {
        const struct sim_entry *e = &w->view.entries[d];
        if (!e->is_there || e->rule.state != HB_DELIVERY_PARKED)
            continue;
        next = sooner(e->due_ms, next, w->now_ms);
        next = sooner(e->lease_ms, next, w->now_ms);
        next = sooner(w->processes[w->shard_at].rest[sim_webhook_of(d)].until.us / HB_US_PER_MS, next, w->now_ms);
    }
    if (next == INT64_MAX)
        return false;
    w->now_ms = next;
    return true;
}

static void run_until_still(struct sim_world *w)
{
    for (int round = 0; round < ROUNDS_MAX && !w->broken; round++) {
        bool did = false;
        settle_roles(w);
        for (int writer = 0; writer < SIM_WRITERS; writer++)
            did |= run_process(w, writer);
        if (!did)
            did = sim_owner_claim(w, w->shard_at);
        if (!did && !pass_time(w))
            return;
    }
    sim_break(w, "the quiet does not come", 0);
}

void sim_quiet_run(struct sim_world *w)
{
    w->lose_reply = w->is_redis_away = w->is_redis_full = false;
    w->published = w->published > SIM_LAST ? w->published : SIM_LAST;
    run_until_still(w);
}

void sim_quiet_last(struct sim_world *w)
{
    memset(w->bad_percent, 0, sizeof(w->bad_percent));
    w->now_ms += HB_MS_PER_HOUR;
    w->published = SIM_EVENTS;
    w->is_redis_away = w->has_fault[SIM_FAULT_REDIS_AWAY];
    for (int i = 0; i < SIM_PROCESSES && w->is_redis_away; i++)
        w->processes[i].is_connected = false;
    sim_tell(w, "the last event");
    run_until_still(w);
    if (!w->broken)
        sim_check_last(w);
    sim_quiet_run(w);
}
