#include "replay/sweep.h"

#include "core/map.h"
#include "registry/each.h"
#include "replay/job.h"

#include <stdlib.h>

struct sweeping {
    const struct hb_registry *registry;
    struct hb_sweep_due *due;
    struct hb_map jobs; /* ids that have a job's record; the keys are the registry's */
    struct hb_replay_progress progress;
    bool is_out_of_memory;
};

static struct hb_str last_part(struct hb_str key)
{
    struct hb_str part = {NULL, 0};
    while (hb_str_split(&key, '/', &part)) {
    }
    return part;
}

static bool is_over(struct sweeping *sweeping, struct hb_str state)
{
    return state.len > 0 && hb_replay_progress_read(state, &sweeping->progress) == HB_OK &&
           hb_replay_stage_is_end(sweeping->progress.stage) && sweeping->progress.at.ms < sweeping->due->before.ms;
}

static void look_at_job(void *user, struct hb_str key, struct hb_str value)
{
    struct sweeping *sweeping = user;
    char state_key[HB_REPLAY_KEY_MAX];
    struct hb_str id = last_part(key);
    (void)value;
    sweeping->is_out_of_memory |= hb_map_put(&sweeping->jobs, id, sweeping) != HB_OK;
    if (is_over(sweeping, hb_registry_record(sweeping->registry, hb_replay_progress_key(id, state_key))))
        (void)hb_sweep_add(sweeping->registry, sweeping->due, key);
}

static void look_at_state(void *user, struct hb_str key, struct hb_str value)
{
    struct sweeping *sweeping = user;
    if (!hb_map_get(&sweeping->jobs, last_part(key)) && is_over(sweeping, value))
        (void)hb_sweep_add(sweeping->registry, sweeping->due, key);
}

void hb_replay_sweep(const struct hb_registry *registry, struct hb_sweep_due *due)
{
    struct sweeping *sweeping = calloc(1, sizeof *sweeping);
    if (!sweeping)
        return;
    sweeping->registry = registry;
    sweeping->due = due;
    hb_registry_each_record(registry, HB_STR("replay/"), look_at_job, sweeping);
    if (!sweeping->is_out_of_memory)
        hb_registry_each_record(registry, HB_STR("replay-state/"), look_at_state, sweeping);
    hb_map_deinit(&sweeping->jobs);
    free(sweeping);
}
