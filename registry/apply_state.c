#include "platform/json/json.h"
#include "registry/registry_internal.h"

#include <stdlib.h>

#define REST_PREFIX HB_STR("state/")
#define DISABLED_PREFIX HB_STR("disabled/")

static struct hb_str webhook_in(struct hb_str key, struct hb_str prefix)
{
    return hb_str_n(key.ptr + prefix.len, key.len - prefix.len);
}

static struct registry_state *state_entry(struct hb_registry *registry, struct hb_str webhook)
{
    struct registry_state *state = hb_map_get(&registry->states, webhook);
    if (state) {
        return state;
    }
    state = calloc(1, sizeof(*state));
    if (!state) {
        return NULL;
    }
    memcpy(state->webhook, webhook.ptr, webhook.len);
    if (hb_map_put(&registry->states, hb_str_c(state->webhook), state)) {
        free(state);
        return NULL;
    }
    return state;
}

/* The webhook was read before: only memory can fail, and a webhook that goes on although it is disabled is worse than a
 * restart. */
static void refresh(struct hb_registry *registry, struct hb_str webhook)
{
    enum hb_err err = hb_registry_refresh_webhook(registry, webhook);
    HB_ASSERT(err == HB_OK);
}

static void drop_if_empty(struct hb_registry *registry, struct hb_str webhook)
{
    const struct registry_state *state = hb_map_get(&registry->states, webhook);
    if (state && !state->rest.record && !state->disabled.record) {
        free(hb_map_remove(&registry->states, webhook));
    }
}

/* ---- resting ---- */

/* ms 0 in ret_until: it does not rest. */
static bool read_rest(const struct hb_json *json, int64_t *ret_revision, struct hb_wall *ret_until)
{
    struct hb_str status;
    if (!hb_json_str(hb_json_get(json, "status"), &status) ||
        !hb_json_int(hb_json_get(json, "revision"), ret_revision)) {
        return false;
    }
    *ret_until = (struct hb_wall){0};
    if (hb_str_eq(status, HB_STR("active"))) {
        return true;
    }
    return hb_str_eq(status, HB_STR("resting")) && hb_json_wall(hb_json_get(json, "until"), ret_until);
}

enum hb_err hb_registry_apply_state(struct hb_registry *registry, struct registry_record *record,
                                    const struct hb_json *json)
{
    struct hb_str webhook = webhook_in(record->key, REST_PREFIX);
    int64_t revision = 0;
    struct hb_wall until = {0};
    if (webhook.len == 0 || webhook.len > HB_ID_MAX || !read_rest(json, &revision, &until)) {
        return HB_ERR_INVALID;
    }
    struct registry_state *state = state_entry(registry, webhook);
    if (!state) {
        return HB_ERR_MEMORY;
    }
    bool is_other = state->rest.until.ms != until.ms || state->rest.revision != revision;
    state->rest.record = record;
    state->rest.revision = revision;
    state->rest.until = until;
    if (is_other) {
        refresh(registry, webhook);
    }
    return HB_OK;
}

void hb_registry_forget_state(struct hb_registry *registry, struct registry_record *record)
{
    struct hb_str webhook = webhook_in(record->key, REST_PREFIX);
    struct registry_state *state = hb_map_get(&registry->states, webhook);
    if (state && state->rest.record == record) {
        state->rest.record = NULL;
        state->rest.revision = 0;
        state->rest.until = (struct hb_wall){0};
        drop_if_empty(registry, webhook);
        refresh(registry, webhook);
    }
}

/* ---- disabled ---- */

enum hb_err hb_registry_apply_disabled(struct hb_registry *registry, struct registry_record *record,
                                       const struct hb_json *json)
{
    struct hb_str webhook = webhook_in(record->key, DISABLED_PREFIX), reason;
    int64_t revision = 0;
    if (webhook.len == 0 || webhook.len > HB_ID_MAX || !hb_json_int(hb_json_get(json, "revision"), &revision) ||
        !hb_json_str(hb_json_get(json, "reason"), &reason)) {
        return HB_ERR_INVALID;
    }
    struct registry_state *state = state_entry(registry, webhook);
    if (!state) {
        return HB_ERR_MEMORY;
    }
    bool is_other = !state->disabled.record || state->disabled.revision != revision;
    state->disabled.record = record;
    state->disabled.revision = revision;
    if (is_other) {
        refresh(registry, webhook);
    }
    return HB_OK;
}

void hb_registry_forget_disabled(struct hb_registry *registry, struct registry_record *record)
{
    struct hb_str webhook = webhook_in(record->key, DISABLED_PREFIX);
    struct registry_state *state = hb_map_get(&registry->states, webhook);
    if (state && state->disabled.record == record) {
        state->disabled.record = NULL;
        drop_if_empty(registry, webhook);
        refresh(registry, webhook);
    }
}

/* ---- what counts ---- */

struct hb_wall hb_registry_rests_until(const struct hb_registry *registry, struct hb_str webhook,
                                       int64_t enabled_revision)
{
    const struct registry_state *state = hb_map_get(&registry->states, webhook);
    return state && state->rest.record && state->rest.revision >= enabled_revision ? state->rest.until
                                                                                   : (struct hb_wall){0};
}

bool hb_registry_is_disabled(const struct hb_registry *registry, struct hb_str webhook, int64_t enabled_revision)
{
    const struct registry_state *state = hb_map_get(&registry->states, webhook);
    return state && state->disabled.record && state->disabled.revision >= enabled_revision;
}

const struct registry_record *hb_registry_rest_record(const struct hb_registry *registry, struct hb_str webhook)
{
    const struct registry_webhook *entry = hb_map_get(&registry->webhooks, webhook);
    bool rests = entry && hb_registry_rests_until(registry, webhook, entry->enabled_revision).ms != 0;
    return rests ? ((const struct registry_state *)hb_map_get(&registry->states, webhook))->rest.record : NULL;
}

const struct registry_record *hb_registry_disabled_record(const struct hb_registry *registry, struct hb_str webhook)
{
    const struct registry_webhook *entry = hb_map_get(&registry->webhooks, webhook);
    bool is_disabled = entry && hb_registry_is_disabled(registry, webhook, entry->enabled_revision);
    return is_disabled ? ((const struct registry_state *)hb_map_get(&registry->states, webhook))->disabled.record
                       : NULL;
}
