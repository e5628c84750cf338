/* What is due. One look at all records; each kind has its rule. */
#include "registry/registry_internal.h"
#include "registry/sweep.h"

#include <stdio.h>

static bool is_long_deleted(const struct registry_store *store, struct hb_wall before)
{
    return store->record && store->store.is_deleted && store->record->appended.ms < before.ms;
}

/* The part of a key behind its n-th slash, up to the next one. */
static struct hb_str part_of(struct hb_str key, int n)
{
    struct hb_str part = {NULL, 0};
    for (int i = 0; i <= n; i++) {
        if (!hb_str_split(&key, '/', &part)) {
            return (struct hb_str){NULL, 0};
        }
    }
    return part;
}

/* Deleted by itself or with its store: whichever was later counts. */
static bool is_webhook_due(const struct hb_registry *registry, const struct registry_record *record,
                           struct hb_wall before)
{
    const struct registry_webhook *entry = hb_map_get(&registry->webhooks, part_of(record->key, 2));
    return entry && entry->record == record && entry->snapshot->status == HB_WEBHOOK_DELETED &&
           record->appended.ms < before.ms &&
           (!entry->store->store.is_deleted || is_long_deleted(entry->store, before));
}

/* The webhook's own record went first. */
static bool is_state_due(const struct hb_registry *registry, const struct registry_record *record,
                         struct hb_wall before)
{
    return record->appended.ms < before.ms && !hb_map_get(&registry->webhooks, part_of(record->key, 1));
}

static bool is_store_long_deleted(const struct hb_registry *registry, struct hb_str id, struct hb_wall before)
{
    const struct registry_store *store = id.len > 0 ? hb_map_get(&registry->stores, id) : NULL;
    return store && is_long_deleted(store, before);
}

static bool is_key_due(const struct hb_registry *registry, const struct registry_record *record, struct hb_wall before)
{
    const struct registry_key *entry = hb_map_get(&registry->keys, part_of(record->key, 1));
    return entry && ((entry->key.is_revoked && record->appended.ms < before.ms) ||
                     entry->key.expires.ms < before.ms || is_store_long_deleted(registry, entry->key.store, before));
}

/* An object of another room, "<kind>/<store>/…", goes with its store. */
static bool is_object_due(const struct hb_registry *registry, const struct registry_record *record,
                          struct hb_wall before)
{
    return part_of(record->key, 2).ptr && is_store_long_deleted(registry, part_of(record->key, 1), before);
}

static const struct {
    struct hb_str prefix;
    bool (*is_due)(const struct hb_registry *registry, const struct registry_record *record, struct hb_wall before);
} RULES[] = {
    {{"webhook/", 8}, is_webhook_due},  {{"state/", 6}, is_state_due},     {{"disabled/", 9}, is_state_due},
    {{"key/", 4}, is_key_due},          {{"replay/", 7}, is_object_due},   {{"connector", 9}, is_object_due},
};

static bool is_due(const struct hb_registry *registry, const struct registry_record *record, struct hb_wall before)
{
    for (size_t i = 0; i < sizeof(RULES) / sizeof(*RULES); i++) {
        if (hb_str_has_prefix(record->key, RULES[i].prefix)) {
            return RULES[i].is_due(registry, record, before);
        }
    }
    return false;
}

static bool add(struct hb_sweep_due *due, const struct registry_record *record)
{
    if (due->count == HB_SWEEP_TURN_MAX || record->key.len > HB_SWEEP_KEY_BYTES_MAX) {
        return false;
    }
    struct hb_sweep_due_record *slot = &due->records[due->count++];
    (void)snprintf(slot->key, sizeof(slot->key), "%.*s", HB_ARG(record->key));
    slot->offset = record->offset;
    return true;
}

bool hb_sweep_add(const struct hb_registry *registry, struct hb_sweep_due *due, struct hb_str key)
{
    const struct registry_record *record = hb_map_get(&registry->records, key);
    return record && add(due, record);
}

/* A registry without a key that opens everything would be given the first admin key again: then no key goes. */
static bool has_admin_key(const struct hb_registry *registry, struct hb_wall now)
{
    const struct registry_key *entry = NULL;
    size_t state = 0;
    bool has_one = false;
    while ((entry = hb_map_next(&registry->keys, &state)) != NULL) {
        bool is_open = !entry->key.is_revoked && entry->key.expires.ms > now.ms;
        has_one |= is_open && entry->key.store.len == 0 && (entry->key.scopes & (1U << HB_SCOPE_MANAGE)) != 0;
    }
    return has_one;
}

/* Whether something inside the store is left, due or not. */
static bool has_inside(const struct hb_registry *registry, const struct registry_store *store)
{
    const struct registry_record *record = NULL;
    const struct registry_key *key = NULL;
    size_t state = 0;
    bool is_found = store->webhooks_kept > 0;
    while (!is_found && (record = hb_map_next(&registry->records, &state)) != NULL) {
        bool is_kind = hb_str_has_prefix(record->key, HB_STR("replay/")) ||
                       hb_str_has_prefix(record->key, HB_STR("connector"));
        is_found = is_kind && part_of(record->key, 2).ptr && hb_str_eq(part_of(record->key, 1), store->store.id);
    }
    for (state = 0; !is_found && (key = hb_map_next(&registry->keys, &state)) != NULL;) {
        is_found = hb_str_eq(key->key.store, store->store.id);
    }
    return is_found;
}

static void look_at_stores(const struct hb_registry *registry, struct hb_sweep_due *due)
{
    const struct registry_store *store = NULL;
    size_t state = 0;
    while (due->count < HB_SWEEP_TURN_MAX && (store = hb_map_next(&registry->stores, &state)) != NULL) {
        if (is_long_deleted(store, due->before) && !has_inside(registry, store)) {
            (void)add(due, store->record);
        }
    }
}

void hb_sweep_look(const struct hb_registry *registry, struct hb_wall now, int64_t keep_ms, hb_sweep_source_fn *also,
                   struct hb_sweep_due *ret_due)
{
    const struct registry_record *record = NULL;
    struct hb_wall known = now.ms < registry->newest.ms ? now : registry->newest;
    bool keys_may_go = has_admin_key(registry, now);
    size_t state = 0;
    ret_due->count = 0;
    ret_due->before = (struct hb_wall){known.ms - keep_ms};
    while (ret_due->count < HB_SWEEP_TURN_MAX && (record = hb_map_next(&registry->records, &state)) != NULL) {
        bool may_go = keys_may_go || !hb_str_has_prefix(record->key, HB_STR("key/"));
        if (may_go && is_due(registry, record, ret_due->before)) {
            (void)add(ret_due, record);
        }
    }
    look_at_stores(registry, ret_due);
    if (also) {
        also(registry, ret_due);
    }
}
