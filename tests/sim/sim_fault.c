/* The storm: one thing a step, what goes on and what goes wrong, drawn by weight. */
#include "sim.h"

static int any_process(struct sim_world *w)
{
    return (int)sim_random(w, SIM_PROCESSES);
}

/* A process that runs, or SIM_NOBODY. */
static int any_running(struct sim_world *w)
{
    int writer = any_process(w);
    return w->processes[writer].is_stopped ? SIM_NOBODY : writer;
}

static void do_publish(struct sim_world *w)
{
    if (w->published < SIM_LAST)
        w->published++;
}

static void do_fetch(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY)
        (void)sim_worker_fetch(w, writer);
}

static void do_finish(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY)
        (void)sim_process_finish(w, writer);
}

static void do_settle_after(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY)
        (void)sim_worker_settle_after(w, writer);
}

/* A stopped process's records may still be in a socket. */
static void do_write(struct sim_world *w)
{
    int writer = (int)sim_random(w, SIM_WRITERS);
    if (!w->processes[writer].is_stopped || sim_chance(w, 10))
        (void)sim_process_write(w, writer);
}

static void do_acknowledge(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY && !(w->has_fault[SIM_FAULT_SLOW_ACK] && sim_chance(w, 70)))
        (void)sim_process_acknowledge(w, writer);
    (void)sim_process_acknowledge(w, SIM_OPERATOR);
}

static void do_commit(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY)
        (void)sim_worker_commit(w, writer);
}

static void do_apply(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY && !sim_owner_catch_up(w, writer))
        (void)sim_owner_apply(w, writer);
}

static void do_repair(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY && !sim_owner_repair(w, writer))
        (void)sim_owner_read_again(w, writer);
}

static void do_claim(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer != SIM_NOBODY && !sim_owner_claim(w, writer) && !sim_owner_expire(w, writer))
        (void)sim_owner_look(w, writer);
}

static void do_tick(struct sim_world *w)
{
    static const uint32_t spans_ms[] = {100, 5000, 40000, 700000};
    w->now_ms += 1 + sim_random(w, spans_ms[sim_random(w, 4)]);
}

static void do_join(struct sim_world *w)
{
    if (!w->processes[w->events_at].has_events)
        sim_worker_assign(w, w->events_at);
    if (!w->processes[w->shard_at].has_shard)
        sim_owner_assign(w, w->shard_at);
}

/* A process that runs finds out what it has lost. */
static void do_notice(struct sim_world *w)
{
    int writer = any_running(w);
    if (writer == SIM_NOBODY)
        return;
    if (w->events_at != writer)
        w->processes[writer].has_events = false;
    if (w->shard_at != writer)
        w->processes[writer].has_shard = false;
}

static void do_stop(struct sim_world *w)
{
    struct sim_process *p = &w->processes[any_process(w)];
    p->is_stopped = !p->is_stopped;
    sim_tell(w, "process %d %s", (int)(p - w->processes), p->is_stopped ? "is stopped" : "wakes");
}

static void do_crash(struct sim_world *w)
{
    int writer = any_process(w);
    int generation = w->processes[writer].generation;
    sim_process_clear(&w->processes[writer]);
    w->processes[writer].generation = generation + 1;
    sim_tell(w, "process %d crashes", writer);
}

static void do_rebalance(struct sim_world *w)
{
    int writer = any_process(w);
    if (w->processes[writer].is_stopped)
        return;
    if (sim_chance(w, 50))
        sim_worker_assign(w, writer);
    else
        sim_owner_assign(w, writer);
}

static void do_wipe(struct sim_world *w)
{
    sim_view_clear(&w->view);
    sim_tell(w, "redis is wiped");
}

static void do_restore(struct sim_world *w)
{
    if (sim_chance(w, 50)) {
        w->old_view = w->view;
        return;
    }
    w->view = w->old_view;
    sim_tell(w, "redis is restored to %ld", (long)w->view.applied);
}

static void do_failover(struct sim_world *w)
{
    w->view = w->recent_view;
    sim_tell(w, "redis fails over to %ld", (long)w->view.applied);
}

static void do_lose_reply(struct sim_world *w)
{
    w->lose_reply = true;
}

static void do_end_lease(struct sim_world *w)
{
    w->view.entries[sim_random(w, SIM_DELIVERIES)].lease_ms = 0;
}

static void do_compact(struct sim_world *w)
{
    int64_t below = w->journal.end == 0 ? 0 : sim_random(w, (uint32_t)w->journal.end);
    /* Tombstones stay for days: none goes that a view in use has not read, only old copies can miss one. */
    if (sim_chance(w, 10))
        sim_journal_forget_tombstones(w, below <= w->view.applied ? below : w->view.applied + 1);
    else
        sim_journal_compact(w, below, w->options->compaction_lag_ms);
}

static void do_receiver(struct sim_world *w)
{
    w->bad_percent[sim_random(w, SIM_WEBHOOKS)] = (int)sim_random(w, 5) * 25;
}

static void do_replay(struct sim_world *w)
{
    int d = (int)sim_random(w, SIM_DELIVERIES);
    const struct sim_entry *e = &w->view.entries[d];
    bool is_dead = e->is_there && (e->rule.state == HB_DELIVERY_DEAD || e->rule.state == HB_DELIVERY_HELD);
    if (!is_dead && (e->is_there || w->truths[d].answered_ms == SIM_NEVER))
        return;
    bool begins_at_one = sim_is_off(w, SIM_GUARD_REPLAY_VERSION) && !is_dead;
    int64_t version = hb_shard_rule_replay_version(w->truths[d].replay_version, (struct hb_wall){w->now_ms});
    w->truths[d].replay_version = version;
    struct sim_record r = sim_record_of(w, d, HB_DELIVERY_PARKED, begins_at_one ? 1 : version);
    if (sim_is_off(w, SIM_GUARD_REPLAY_VERSION) && is_dead)
        r.rule.version = e->rule.version + 1;
    r.job = ++w->jobs;
    w->truths[d].replay = r;
    sim_process_produce(w, SIM_OPERATOR, &r);
}

/* Who selects for the job has crashed and goes on from its last cursor: the same once more. */
static void do_replay_again(struct sim_world *w)
{
    int d = (int)sim_random(w, SIM_DELIVERIES);
    struct sim_record r = w->truths[d].replay;
    if (r.job == 0 || sim_is_off(w, SIM_GUARD_REPLAY_VERSION))
        return;
    r.is_again = true;
    if (sim_is_off(w, SIM_GUARD_JOB_VERSION))
        r.rule.version = hb_shard_rule_replay_version(w->truths[d].replay_version, (struct hb_wall){w->now_ms});
    sim_process_produce(w, SIM_OPERATOR, &r);
}

static void do_redis_away(struct sim_world *w)
{
    w->is_redis_away = !w->is_redis_away;
    for (int i = 0; i < SIM_PROCESSES; i++)
        w->processes[i].is_connected = false;
    sim_tell(w, "redis %s", w->is_redis_away ? "is away" : "is back");
}

/* Redis is nearly full: the owner spills a webhook, in the same script as it applies. Or there is room again. */
static void do_spill(struct sim_world *w)
{
    int webhook = (int)sim_random(w, SIM_WEBHOOKS);
    const struct sim_process *p = &w->processes[w->shard_at];
    w->is_redis_full = !w->is_redis_full;
    if (!w->is_redis_full || p->is_stopped || !p->is_connected || sim_view_may_claim(w, p) != HB_SHARD_OPEN)
        return;
    if (w->view.spilled_from[webhook] == SIM_NEVER) {
        w->view.spilled_from[webhook] = w->view.applied + 1;
        sim_tell(w, "webhook %d is spilled from %ld", webhook, (long)w->view.applied + 1);
    }
}

static void do_cancel(struct sim_world *w)
{
    int d = (int)sim_random(w, SIM_DELIVERIES);
    const struct sim_entry *e = &w->view.entries[d];
    if (!e->is_there || w->view.is_read_again[sim_webhook_of(d)])
        return;
    struct sim_record r =
        sim_record_of(w, d, hb_delivery_state_move(e->rule.state, HB_DELIVERY_CANCEL), e->rule.version + 1);
    sim_process_produce(w, SIM_OPERATOR, &r);
}

static void do_age(struct sim_world *w)
{
    w->now_ms += 31 * HB_MS_PER_DAY;
}

#define ALWAYS SIM_FAULT_COUNT
static const struct {
    void (*run)(struct sim_world *w);
    uint32_t weight;
    enum sim_fault fault; /* ALWAYS: happens in every world */
} steps[] = {
    {do_publish, 20, ALWAYS},
    {do_fetch, 60, ALWAYS},
    {do_finish, 100, ALWAYS},
    {do_settle_after, 15, ALWAYS},
    {do_write, 150, ALWAYS},
    {do_acknowledge, 120, ALWAYS},
    {do_commit, 30, ALWAYS},
    {do_apply, 160, ALWAYS},
    {do_repair, 50, ALWAYS},
    {do_claim, 120, ALWAYS},
    {do_tick, 80, ALWAYS},
    {do_join, 60, ALWAYS},
    {do_notice, 15, ALWAYS},
    {do_stop, 20, SIM_FAULT_STOP},
    {do_crash, 8, SIM_FAULT_CRASH},
    {do_rebalance, 12, SIM_FAULT_REBALANCE},
    {do_wipe, 8, SIM_FAULT_WIPE},
    {do_restore, 16, SIM_FAULT_RESTORE},
    {do_failover, 10, SIM_FAULT_FAILOVER},
    {do_lose_reply, 12, SIM_FAULT_LOST_REPLY},
    {do_end_lease, 20, SIM_FAULT_EARLY_LEASE},
    {do_compact, 15, SIM_FAULT_COMPACT},
    {do_receiver, 15, SIM_FAULT_RECEIVER},
    {do_replay, 20, SIM_FAULT_REPLAY},
    {do_cancel, 6, SIM_FAULT_CANCEL},
    {do_age, 1, SIM_FAULT_AGE},
    {do_redis_away, 12, SIM_FAULT_REDIS_AWAY},
    {do_spill, 16, SIM_FAULT_SPILL},
    {do_replay_again, 12, SIM_FAULT_REPLAY_AGAIN},
};
#define STEPS_COUNT (sizeof(steps) / sizeof(steps[0]))
#define WEIGHT_ALL 1200 /* more than all weights together: the rest is nothing happening */

void sim_fault_step(struct sim_world *w)
{
    uint32_t drawn = sim_random(w, WEIGHT_ALL);
    for (size_t i = 0; i < STEPS_COUNT; i++) {
        if (drawn >= steps[i].weight) {
            drawn -= steps[i].weight;
            continue;
        }
        if (steps[i].fault == ALWAYS || w->has_fault[steps[i].fault])
            steps[i].run(w);
        return;
    }
}
