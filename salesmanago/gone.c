/* What a worker that never comes back has left in the registry: one of us removes it. */
#include "salesmanago/state.h"

#include "registry/each.h"
#include "salesmanago/sign.h"

#include <stdio.h>

#define AT_ONCE_MAX 16

struct sweep {
    struct hb_sm_worker *worker;
    struct hb_str names[AT_ONCE_MAX];
    size_t count;
    bool is_failed;
};

static void see_sign(void *user, struct hb_str key, struct hb_str value)
{
    struct sweep *sweep = user;
    struct hb_wall at;
    struct hb_str name = hb_str_n(key.ptr + sizeof HB_SM_SIGN_PREFIX - 1, key.len - (sizeof HB_SM_SIGN_PREFIX - 1));
    if (sweep->count < AT_ONCE_MAX &&
        hb_sm_sign_read(value, hb_loop_wall(sweep->worker->options.loop), &at) == HB_SM_SIGN_FORGOTTEN)
        sweep->names[sweep->count++] = name;
}

static void remove_record(struct sweep *sweep, struct hb_str key)
{
    if (!sweep->is_failed && hb_sm_record_write(sweep->worker, key, NULL, NULL, NULL))
        sweep->is_failed = true; /* the sign stays, so it is tried again */
}

static void see_status(void *user, struct hb_str key, struct hb_str value)
{
    struct sweep *sweep = user;
    struct hb_str store, connector, name;
    (void)value;
    if (!hb_connector_key_read(HB_CONNECTOR_STATUS, key, &store, &connector, &name))
        return;
    for (size_t i = 0; i < sweep->count; i++)
        if (hb_str_eq(name, sweep->names[i]))
            remove_record(sweep, key);
}

static void remove_of(struct sweep *sweep, const char *prefix, struct hb_str name)
{
    char key[HB_SM_RECORD_KEY_MAX];
    int len = snprintf(key, sizeof key, "%s%.*s", prefix, HB_ARG(name));
    if (len > 0 && (size_t)len < sizeof key)
        remove_record(sweep, hb_str_n(key, (size_t)len));
}

/* By a clock to which even our own sign is old nothing is told. */
static bool is_clock_right(const struct hb_sm_worker *worker)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_wall at;
    int len = snprintf(key, sizeof key, "%s%s", HB_SM_SIGN_PREFIX, worker->options.worker);
    return len > 0 && (size_t)len < sizeof key &&
           hb_sm_sign_read(hb_registry_record(worker->options.registry, hb_str_n(key, (size_t)len)),
                           hb_loop_wall(worker->options.loop), &at) == HB_SM_SIGN_FRESH;
}

void hb_sm_gone_sweep(struct hb_sm_worker *worker)
{
    struct sweep sweep = {.worker = worker};
    if (!worker->partitions[0].is_ours || !hb_registry_is_current(worker->options.registry) ||
        !is_clock_right(worker))
        return;
    hb_registry_each_record(worker->options.registry, HB_STR(HB_SM_SIGN_PREFIX), see_sign, &sweep);
    if (sweep.count == 0)
        return;
    hb_registry_each_record(worker->options.registry, HB_STR(HB_CONNECTOR_STATUS "/"), see_status, &sweep);
    for (size_t i = 0; i < sweep.count; i++) {
        remove_of(&sweep, HB_SM_MARK_PREFIX, sweep.names[i]);
        remove_of(&sweep, HB_SM_SIGN_PREFIX, sweep.names[i]);
        if (!sweep.is_failed)
            hb_log(&worker->log, HB_LOG_SALESMANAGO_FORGOTTEN, HB_LOG_STR("gone", sweep.names[i]));
    }
}
