#include "platform/json/json.h"
#include "registry/registry_internal.h"
#include "registry/webhook_snapshot.h"

#include <stdlib.h>

/* ---- the array of a store ---- */

/* Where the id stands in the sorted array, or would stand. */
static size_t place_of(const struct registry_store *store, struct hb_str id, bool *ret_is_there)
{
    size_t low = 0, high = store->webhooks_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hb_str_cmp(store->webhooks[middle]->id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_is_there = low < store->webhooks_count && hb_str_eq(store->webhooks[low]->id, id);
    return low;
}

static enum hb_err reserve_one(struct registry_store *store)
{
    if (store->webhooks_count < store->webhooks_capacity) {
        return HB_OK;
    }
    size_t capacity = store->webhooks_capacity ? store->webhooks_capacity * 2 : 8;
    struct hb_webhook **bigger = realloc(store->webhooks, capacity * sizeof(struct hb_webhook *));
    if (!bigger) {
        return HB_ERR_MEMORY;
    }
    store->webhooks = bigger;
    store->webhooks_capacity = capacity;
    return HB_OK;
}

/* Puts the snapshot into the array, or takes it out if it is a deleted one. Room was reserved. */
static void place(struct registry_store *store, struct hb_webhook *snapshot)
{
    bool is_there = false;
    size_t at = place_of(store, snapshot->id, &is_there);
    struct hb_webhook **slot = store->webhooks + at;
    bool is_wanted = snapshot->status != HB_WEBHOOK_DELETED;
    if (is_there && is_wanted) {
        *slot = snapshot;
    } else if (is_there) {
        store->webhooks_count--;
        memmove(slot, slot + 1, (store->webhooks_count - at) * sizeof(struct hb_webhook *));
    } else if (is_wanted) {
        memmove(slot + 1, slot, (store->webhooks_count - at) * sizeof(struct hb_webhook *));
        *slot = snapshot;
        store->webhooks_count++;
    }
}

/* ---- one webhook ---- */

static enum hb_webhook_status status_of(const struct hb_registry *registry, const struct registry_store *store,
                                        const struct hb_webhook_config *config)
{
    if (store->store.is_deleted || config->status == HB_WEBHOOK_DELETED) {
        return HB_WEBHOOK_DELETED;
    }
    bool is_disabled = hb_registry_is_disabled(registry, config->id, config->enabled_revision);
    return is_disabled ? HB_WEBHOOK_DISABLED : config->status;
}

static void tell_change(struct hb_registry *registry, struct hb_webhook *old_webhook, struct hb_webhook *new_webhook)
{
    bool was_there = old_webhook && old_webhook->status != HB_WEBHOOK_DELETED;
    bool is_there = new_webhook && new_webhook->status != HB_WEBHOOK_DELETED;
    if (registry->webhook_changed && (was_there || is_there)) {
        registry->webhook_changed(registry->user, was_there ? old_webhook : NULL, is_there ? new_webhook : NULL);
    }
}

/* A new snapshot from the configuration and what else counts now, in place of the old one. */
static enum hb_err renew(struct hb_registry *registry, struct registry_webhook *entry,
                         const struct hb_webhook_config *config)
{
    struct hb_snapshot_facts facts = {registry->keyring, entry->created_offset, entry->created,
                                      status_of(registry, entry->store, config),
                                      hb_registry_rests_until(registry, config->id, config->enabled_revision)};
    struct hb_webhook *snapshot = NULL;
    enum hb_err err = reserve_one(entry->store);
    if (!err) {
        err = hb_webhook_snapshot_new(config, &facts, &snapshot);
    }
    if (err) {
        return err;
    }
    struct hb_webhook *old = entry->snapshot;
    entry->snapshot = snapshot;
    entry->enabled_revision = config->enabled_revision;
    place(entry->store, snapshot);
    tell_change(registry, old, snapshot);
    hb_webhook_unref(&old);
    return HB_OK;
}

static enum hb_err renew_from_record(struct hb_registry *registry, struct registry_webhook *entry)
{
    struct hb_webhook_config config;
    struct hb_json *json = NULL;
    enum hb_err err = hb_json_parse(entry->record->value, &json, NULL);
    if (!err) {
        err = hb_webhook_config_read(json, entry->record->value, &config);
    }
    if (!err) {
        err = renew(registry, entry, &config);
    }
    hb_json_free(&json);
    return err;
}

static struct registry_webhook *entry_new(struct hb_registry *registry, const struct hb_webhook_config *config)
{
    struct registry_store *store = hb_registry_store_entry(registry, config->store);
    struct registry_webhook *entry = store ? calloc(1, sizeof(*entry)) : NULL;
    if (!entry) {
        return NULL;
    }
    memcpy(entry->id, config->id.ptr, config->id.len);
    entry->store = store;
    return entry;
}

/* The key says the same store and id. */
static bool ids_are_usable(const struct hb_webhook_config *config, struct hb_str key)
{
    struct hb_str part[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    for (size_t i = 0; i < 3; i++) {
        (void)hb_str_split(&key, '/', &part[i]);
    }
    return config->id.len > 0 && config->id.len <= HB_ID_MAX && config->store.len > 0 &&
           config->store.len <= HB_ID_MAX && hb_str_eq(part[1], config->store) && hb_str_eq(part[2], config->id);
}

static enum hb_err apply_new(struct hb_registry *registry, struct registry_record *record,
                             const struct hb_webhook_config *config)
{
    struct registry_webhook *entry = entry_new(registry, config);
    if (!entry) {
        return HB_ERR_MEMORY;
    }
    entry->record = record;
    entry->created_offset = config->created_offset >= 0 ? config->created_offset : record->offset;
    entry->created =
        config->created_offset >= 0 && config->created.ms != INT64_MIN ? config->created : record->appended;
    enum hb_err err = hb_map_put(&registry->webhooks, hb_str_c(entry->id), entry);
    if (!err) {
        err = renew(registry, entry, config);
    }
    if (err) {
        (void)hb_map_remove(&registry->webhooks, hb_str_c(entry->id));
        free(entry);
    } else {
        entry->store->webhooks_kept++;
    }
    return err;
}

enum hb_err hb_registry_apply_webhook(struct hb_registry *registry, struct registry_record *record,
                                      const struct hb_json *json)
{
    struct hb_webhook_config config;
    enum hb_err err = hb_webhook_config_read(json, record->value, &config);
    if (err || !ids_are_usable(&config, record->key)) {
        return HB_ERR_INVALID;
    }
    struct registry_webhook *entry = hb_map_get(&registry->webhooks, config.id);
    if (!entry) {
        return apply_new(registry, record, &config);
    }
    if (!hb_str_eq(entry->store->store.id, config.store)) {
        return HB_ERR_INVALID; /* ids are unique over all stores; state/<webhook> relies on it */
    }
    err = renew(registry, entry, &config);
    if (!err) {
        entry->record = record;
    }
    return err;
}

void hb_registry_forget_webhook(struct hb_registry *registry, struct registry_record *record)
{
    struct hb_str rest = record->key, id = {NULL, 0};
    while (hb_str_split(&rest, '/', &id)) {
    }
    struct registry_webhook *entry = hb_map_get(&registry->webhooks, id);
    if (!entry || entry->record != record) {
        return;
    }
    bool is_there = false;
    size_t at = place_of(entry->store, id, &is_there);
    if (is_there) {
        struct hb_webhook **slot = entry->store->webhooks + at;
        entry->store->webhooks_count--;
        memmove(slot, slot + 1, (entry->store->webhooks_count - at) * sizeof(struct hb_webhook *));
    }
    entry->store->webhooks_kept--;
    (void)hb_map_remove(&registry->webhooks, id);
    tell_change(registry, entry->snapshot, NULL);
    hb_webhook_unref(&entry->snapshot);
    free(entry);
}

enum hb_err hb_registry_refresh_webhook(struct hb_registry *registry, struct hb_str webhook)
{
    struct registry_webhook *entry = hb_map_get(&registry->webhooks, webhook);
    return entry ? renew_from_record(registry, entry) : HB_OK;
}

enum hb_err hb_registry_refresh_store(struct hb_registry *registry, struct registry_store *store)
{
    size_t state = 0;
    struct registry_webhook *entry = NULL;
    while ((entry = hb_map_next(&registry->webhooks, &state)) != NULL) {
        enum hb_err err = entry->store == store ? renew_from_record(registry, entry) : HB_OK;
        if (err) {
            return err;
        }
    }
    return HB_OK;
}
