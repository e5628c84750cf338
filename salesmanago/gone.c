/* What a worker that never comes back has left in the registry: one of us removes it. Its heartbeat goes last, when the
 * registry, as it was read, has nothing else of it: so whatever of this fails, or is cut short, is done again. */
#include "salesmanago/state.h"

#include "registry/each.h"
#include "salesmanago/heartbeat.h"

#define AT_ONCE_MAX 16
#define SOON_US (5000 * HB_US_PER_MS) /* after what was found, once: is it gone, then the heartbeat goes */

/* A worker that is forgotten. */
struct lost {
    struct hb_str name;
    bool has_left; /* its heartbeat is not alone: that goes when nothing else is left, or nobody would know */
};
struct sweep {
    struct hb_sm_worker *worker;
    struct lost lost[AT_ONCE_MAX];
    size_t count;
};

static void see_heartbeat(void *user, struct hb_str key, struct hb_str value)
{
    struct sweep *sweep = user;
    struct hb_wall at;
    size_t skipped = sizeof HB_SM_HEARTBEAT_PREFIX - 1;
    struct hb_str name = hb_str_n(key.ptr + skipped, key.len - skipped);
    if (sweep->count < AT_ONCE_MAX &&
        hb_sm_heartbeat_read(value, hb_loop_wall(sweep->worker->options.loop), &at) == HB_SM_HEARTBEAT_FORGOTTEN)
        sweep->lost[sweep->count++] = (struct lost){name, false};
}

/* What is not written, or lost on its way, stands in the registry at the next sweep, and is removed then. */
static void remove_record(const struct sweep *sweep, struct hb_str key)
{
    (void)!hb_sm_record_write(sweep->worker, key, NULL, NULL, NULL);
}

static void see_status(void *user, struct hb_str key, struct hb_str value)
{
    struct sweep *sweep = user;
    struct hb_str store, connector, name;
    (void)value;
    if (!hb_connector_key_read(HB_CONNECTOR_STATUS, key, &store, &connector, &name))
        return;
    for (size_t i = 0; i < sweep->count; i++)
        if (hb_str_eq(name, sweep->lost[i].name)) {
            sweep->lost[i].has_left = true;
            remove_record(sweep, key);
        }
}

static bool remove_of(const struct sweep *sweep, const char *prefix, struct hb_str name)
{
    char bytes[HB_CONNECTOR_KEY_MAX];
    struct hb_str key = hb_sm_heartbeat_key(prefix, name, bytes);
    if (hb_registry_record(sweep->worker->options.registry, key).len == 0)
        return false;
    remove_record(sweep, key);
    return true;
}

/* By a clock to which even our own heartbeat is old nothing is told. */
static bool is_clock_right(const struct hb_sm_worker *worker)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_wall at;
    struct hb_str value = hb_registry_record(
        worker->options.registry, hb_sm_heartbeat_key(HB_SM_HEARTBEAT_PREFIX, hb_str_c(worker->options.worker), key));
    return hb_sm_heartbeat_read(value, hb_loop_wall(worker->options.loop), &at) == HB_SM_HEARTBEAT_FRESH;
}

/* Whether there was something to remove. */
static bool sweep(struct hb_sm_worker *worker)
{
    struct sweep sweep = {.worker = worker};
    hb_registry_each_record(worker->options.registry, HB_STR(HB_SM_HEARTBEAT_PREFIX), see_heartbeat, &sweep);
    if (sweep.count == 0)
        return false;
    hb_registry_each_record(worker->options.registry, HB_STR(HB_CONNECTOR_STATUS "/"), see_status, &sweep);
    for (size_t i = 0; i < sweep.count; i++) {
        struct lost *lost = &sweep.lost[i];
        lost->has_left |= remove_of(&sweep, HB_SM_MARK_PREFIX, lost->name);
        if (lost->has_left || !remove_of(&sweep, HB_SM_HEARTBEAT_PREFIX, lost->name))
            continue;
        hb_log(&worker->log, HB_LOG_SALESMANAGO_FORGOTTEN, HB_LOG_STR("gone", lost->name));
    }
    return true;
}

/* Between the looks of each minute one that comes soon, never a second: a worker that lives by a clock an hour behind
 * writes its records again, and would be swept for ever. */
void hb_sm_gone_second(struct hb_sm_worker *worker)
{
    struct hb_mono now = hb_sm_now(worker);
    bool is_soon = worker->sweep_soon_at.us > 0 && now.us >= worker->sweep_soon_at.us;
    bool is_due = now.us >= worker->sweep_at.us;
    if ((!is_due && !is_soon) || !worker->partitions[0].is_ours || !hb_registry_is_current(worker->options.registry) ||
        !is_clock_right(worker))
        return;
    if (is_due)
        worker->sweep_at.us = now.us + HB_SM_HEARTBEAT_EVERY_MS * HB_US_PER_MS;
    bool has_found = sweep(worker);
    worker->sweep_soon_at.us = is_due && has_found ? now.us + SOON_US : 0;
}
