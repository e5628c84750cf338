#include "registry/registry_internal.h"

#include "platform/crypto/crypto.h"
#include "registry/api_key.h"

#include <stdlib.h>

enum hb_err hb_registry_make(const struct hb_registry_options *options, struct hb_registry **ret_registry)
{
    struct hb_registry *registry = calloc(1, sizeof(*registry));
    if (!registry) {
        return HB_ERR_MEMORY;
    }
    registry->loop = options->loop;
    registry->keyring = options->keyring;
    registry->log = options->log;
    registry->webhook_changed = options->webhook_changed;
    registry->became_current = options->became_current;
    registry->user = options->user;
    registry->applied = -1;
    *ret_registry = registry;
    return HB_OK;
}

enum hb_err hb_registry_new(const struct hb_registry_options *options, struct hb_registry **ret_registry,
                            struct hb_error *reterr)
{
    struct hb_registry *registry = NULL;
    enum hb_err err = hb_registry_make(options, &registry);
    if (!err) {
        err = hb_registry_wait_init(registry);
    }
    if (!err) {
        err = hb_registry_follow(registry, options, reterr);
    }
    if (err) {
        hb_registry_free(&registry);
        return reterr && reterr->code == err ? err : hb_fail(reterr, err, "registry: %s", hb_err_text(err));
    }
    *ret_registry = registry;
    return HB_OK;
}

void hb_registry_free(struct hb_registry **registry)
{
    if (!*registry) {
        return;
    }
    hb_registry_unfollow(*registry);
    hb_registry_wait_deinit(*registry);
    hb_registry_clear(*registry);
    free(*registry);
    *registry = NULL;
}

bool hb_registry_is_current(const struct hb_registry *registry)
{
    return registry->is_current && !registry->is_stopped;
}

bool hb_registry_has_keys(const struct hb_registry *registry) { return registry->keyring != NULL; }

const char *hb_registry_trouble(const struct hb_registry *registry)
{
    bool is_troubled = registry->is_stopped || (registry->is_away && !registry->is_current);
    return is_troubled ? registry->trouble : NULL;
}

int64_t hb_registry_applied(const struct hb_registry *registry) { return registry->applied; }

int64_t hb_registry_end(const struct hb_registry *registry) { return registry->end; }

const struct hb_store *hb_registry_store(const struct hb_registry *registry, struct hb_str store)
{
    const struct registry_store *entry = hb_map_get(&registry->stores, store);
    return entry && entry->record ? &entry->store : NULL;
}

struct hb_webhook *const *hb_registry_webhooks(const struct hb_registry *registry, struct hb_str store,
                                               size_t *ret_count)
{
    const struct registry_store *entry = hb_map_get(&registry->stores, store);
    *ret_count = entry ? entry->webhooks_count : 0;
    return entry ? entry->webhooks : NULL;
}

/* Those that are not deleted, and those deleted a short while ago: a deletion is the last record of a webhook. */
static size_t count_webhooks(const struct hb_registry *registry, const struct registry_store *store, struct hb_wall now)
{
    size_t state = 0, count = 0;
    const struct registry_webhook *entry = NULL;
    while ((entry = hb_map_next(&registry->webhooks, &state)) != NULL) {
        bool is_deleted = entry->snapshot->status == HB_WEBHOOK_DELETED;
        bool is_long_gone = is_deleted && entry->record->appended.ms < now.ms - HB_DELETED_COUNTS_MS;
        count += entry->store == store && !is_long_gone;
    }
    return count;
}

bool hb_registry_has_webhook_room(const struct hb_registry *registry, struct hb_str store, struct hb_wall now)
{
    const struct registry_store *entry = hb_map_get(&registry->stores, store);
    /* Counted one by one only when it matters: all stores' webhooks are looked at. */
    return !entry || entry->webhooks_kept < HB_STORE_WEBHOOKS_MAX ||
           count_webhooks(registry, entry, now) < HB_STORE_WEBHOOKS_MAX;
}

bool hb_registry_has_key_room(const struct hb_registry *registry, struct hb_str store, struct hb_wall now)
{
    size_t state = 0, count = 0;
    const struct registry_key *entry = NULL;
    while (store.len > 0 && (entry = hb_map_next(&registry->keys, &state)) != NULL) {
        bool is_open = !entry->key.is_revoked && entry->key.expires.ms > now.ms;
        count += is_open && hb_str_eq(entry->key.store, store);
    }
    return count < HB_STORE_KEYS_MAX;
}

struct hb_webhook *hb_registry_webhook(const struct hb_registry *registry, struct hb_str store, struct hb_str id)
{
    const struct registry_webhook *entry = hb_map_get(&registry->webhooks, id);
    return entry && hb_str_eq(entry->store->store.id, store) ? entry->snapshot : NULL;
}

struct hb_webhook *hb_registry_webhook_by_id(const struct hb_registry *registry, struct hb_str id)
{
    const struct registry_webhook *entry = hb_map_get(&registry->webhooks, id);
    return entry ? entry->snapshot : NULL;
}

size_t hb_registry_audit(const struct hb_registry *registry, struct registry_record *const **ret_records)
{
    *ret_records = registry->audit;
    return registry->audit_count;
}

struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    const struct registry_record *record = hb_map_get(&registry->records, key);
    return record ? record->value : (struct hb_str){NULL, 0};
}

const struct hb_api_key *hb_registry_authenticate(const struct hb_registry *registry, struct hb_str token,
                                                  struct hb_wall now)
{
    struct hb_str prefix = hb_key_token_prefix(token);
    const struct registry_key *entry = prefix.len > 0 ? hb_map_get(&registry->keys, prefix) : NULL;
    unsigned char hash[HB_SHA256_BYTES];
    if (!entry) {
        return NULL;
    }
    hb_sha256(token, hash);
    if (!hb_equal_constant_time(hash, entry->key.hash, sizeof(hash))) {
        return NULL;
    }
    return entry->key.is_revoked || entry->key.expires.ms <= now.ms ? NULL : &entry->key;
}

void hb_registry_each_store(const struct hb_registry *registry, void (*fn)(void *user, const struct hb_store *store),
                            void *user)
{
    size_t count = 0;
    void **entries = hb_map_sorted(&registry->stores, &count);
    for (size_t i = 0; i < count; i++) {
        const struct registry_store *entry = entries[i];
        if (entry->record) {
            fn(user, &entry->store);
        }
    }
    free(entries);
}

void hb_registry_each_key(const struct hb_registry *registry, void (*fn)(void *user, const struct hb_api_key *key),
                          void *user)
{
    size_t count = 0;
    void **entries = hb_map_sorted(&registry->keys, &count);
    for (size_t i = 0; i < count; i++) {
        fn(user, &((const struct registry_key *)entries[i])->key);
    }
    free(entries);
}
