/* A world from its seed to its end. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>

#define STORM_STEPS_MIN 150
#define STORM_STEPS_MORE 450

uint32_t sim_random(struct sim_world *w, uint32_t below)
{
    /* splitmix64 */
    uint64_t z = (w->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((((z ^ (z >> 31)) >> 32) * below) >> 32);
}

bool sim_chance(struct sim_world *w, uint32_t percent)
{
    return sim_random(w, 100) < percent;
}

void sim_break(struct sim_world *w, const char *promise, int delivery)
{
    if (w->broken)
        return;
    w->broken = promise;
    w->broken_delivery = delivery;
    sim_tell(w, "BROKEN: %s (d%d)", promise, delivery);
}

bool sim_is_off(const struct sim_world *w, enum sim_guard guard)
{
    return w->options->off[guard];
}

int sim_event_of(int delivery)
{
    return delivery / SIM_WEBHOOKS;
}

int sim_webhook_of(int delivery)
{
    return delivery % SIM_WEBHOOKS;
}

bool sim_is_same_list(int a, int b)
{
    return sim_webhook_of(a) == sim_webhook_of(b) && sim_event_of(a) % SIM_SUBJECTS == sim_event_of(b) % SIM_SUBJECTS;
}

void sim_tell(const struct sim_world *w, const char *format, ...)
{
    va_list args;
    if (!w->options->is_told)
        return;
    printf("%9.1f s  ", (double)(w->now_ms - SIM_EPOCH_MS) / 1000.0);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
}

static const char *const fault_texts[SIM_FAULT_COUNT] = {
#define FAULT_TEXT(name) #name,
    SIM_FAULTS(FAULT_TEXT)
#undef FAULT_TEXT
};

/* Half of the faults, other ones in each world: many at once hide each other. */
static void draw_faults(struct sim_world *w)
{
    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        w->has_fault[i] = sim_chance(w, 40) || w->options->has_fault[i];
        if (w->has_fault[i])
            sim_tell(w, "trouble: %s", fault_texts[i]);
    }
    for (int i = 0; i < SIM_WEBHOOKS; i++)
        w->bad_percent[i] = w->has_fault[SIM_FAULT_RECEIVER] ? (int)sim_random(w, 4) * 25 : 10;
    w->is_hold = sim_chance(w, 30);
    w->attempts_max = 1 + sim_random(w, 4);
}

void sim_world_init(struct sim_world *w, uint64_t seed, const struct sim_options *options)
{
    w->options = options;
    w->seed = w->random = seed;
    w->now_ms = SIM_EPOCH_MS;
    w->is_after = w->is_restored = w->lose_reply = w->is_redis_away = w->is_redis_full = false;
    w->published = w->committed = w->jobs = 0;
    w->journal.end = 0;
    w->journal.forgotten = SIM_NEVER;
    w->broken = NULL;
    memset(w->causes, 0, sizeof(w->causes));
    memset(w->hints, 0, sizeof(w->hints));
    sim_view_clear(&w->view);
    w->old_view = w->recent_view = w->view;
    for (int i = 0; i < SIM_WRITERS; i++)
        sim_process_clear(&w->processes[i]);
    for (int d = 0; d < SIM_DELIVERIES; d++)
        w->truths[d] = (struct sim_truth){
            .answered_ms = SIM_NEVER, .settled_from = SIM_NEVER, .replay_ms = SIM_NEVER, .replay_offset = SIM_NEVER};
    draw_faults(w);
    sim_worker_assign(w, (int)sim_random(w, SIM_PROCESSES));
    sim_owner_assign(w, (int)sim_random(w, SIM_PROCESSES));
}

/* Everything is compacted and Redis is new, or brought back from an old copy: nothing may change, nothing is sent. */
static void rebuild(struct sim_world *w, const struct sim_view *from)
{
    struct sim_view before = w->view;
    w->is_after = true;
    sim_journal_compact(w, w->journal.end, 0);
    w->view = *from;
    sim_quiet_run(w);
    if (!w->broken)
        sim_check_rebuilt(w, &before);
}

const char *sim_world_run(struct sim_world *w)
{
    uint32_t steps = STORM_STEPS_MIN + sim_random(w, STORM_STEPS_MORE);
    struct sim_view empty;
    sim_view_clear(&empty);
    for (uint32_t i = 0; i < steps && !w->broken; i++)
        sim_fault_step(w);
    for (int i = 0; i < SIM_WEBHOOKS; i++)
        w->bad_percent[i] = sim_chance(w, 25) ? 100 : 0;
    sim_tell(w, "quiet");
    if (!w->broken)
        sim_quiet_run(w);
    if (!w->broken)
        sim_quiet_last(w);
    if (!w->broken)
        sim_check_end(w);
    if (!w->broken)
        rebuild(w, &empty);
    w->is_restored = true;
    if (sim_chance(w, 50))
        sim_journal_forget_tombstones(w, w->journal.end);
    if (!w->broken)
        rebuild(w, &w->old_view);
    return w->broken;
}
