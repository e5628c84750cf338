#include "core/map.h"
#include "platform/json/json.h"
#include "registry/api_key.h"
#include "registry/registry_internal.h"
#include "registry/webhook_config.h"

#include <stdlib.h>

/* A kind of record that has a table. Others (group/, watermark/, connector/, replay/ …) are kept as text for their
 * rooms. */
struct kind {
    struct hb_str prefix;
    /* HB_ERR_INVALID: not what the key says, nothing was changed. The record is not yet among the records. */
    enum hb_err (*apply)(struct hb_registry *registry, struct registry_record *record, const struct hb_json *json);
    /* The record is going away (tombstone). */
    void (*forget)(struct hb_registry *registry, struct registry_record *record);
};

/* ---- stores ---- */

static struct hb_str id_in_key(struct hb_str key, struct hb_str prefix)
{
    return hb_str_n(key.ptr + prefix.len, key.len - prefix.len);
}

struct registry_store *hb_registry_store_entry(struct hb_registry *registry, struct hb_str id)
{
    struct registry_store *entry = hb_map_get(&registry->stores, id);
    if (entry) {
        return entry;
    }
    entry = id.len <= HB_ID_MAX ? calloc(1, sizeof(*entry)) : NULL;
    if (!entry) {
        return NULL;
    }
    memcpy(entry->id, id.ptr, id.len);
    entry->store.id = hb_str_n(entry->id, id.len);
    if (hb_map_put(&registry->stores, entry->store.id, entry)) {
        free(entry);
        return NULL;
    }
    return entry;
}

static enum hb_err apply_store(struct hb_registry *registry, struct registry_record *record, const struct hb_json *json)
{
    struct hb_str id, status = {NULL, 0}, created = {NULL, 0}, name = {NULL, 0};
    struct hb_store store = {.created = record->appended};
    if (!hb_json_str(hb_json_get(json, "id"), &id) || !hb_json_int(hb_json_get(json, "revision"), &store.revision) ||
        id.len == 0 || id.len > HB_ID_MAX || !hb_str_eq(id, id_in_key(record->key, HB_STR("store/")))) {
        return HB_ERR_INVALID;
    }
    struct registry_store *entry = hb_registry_store_entry(registry, id);
    if (!entry) {
        return HB_ERR_MEMORY;
    }
    (void)hb_json_str(hb_json_get(json, "status"), &status);
    (void)hb_json_bool(hb_json_get(json, "check_schemas"), &store.checks_schemas);
    if (hb_json_str(hb_json_get(json, "created"), &created) && hb_wall_parse(created, &store.created)) {
        return HB_ERR_INVALID;
    }
    (void)hb_json_str(hb_json_get(json, "name"), &name);
    store.is_deleted = hb_str_eq(status, HB_STR("deleted"));
    store.id = entry->store.id;
    store.name = hb_str_n(entry->name, name.len < HB_STORE_NAME_MAX ? name.len : HB_STORE_NAME_MAX);
    memcpy(entry->name, name.ptr ? name.ptr : "", store.name.len);
    bool was_deleted = entry->store.is_deleted;
    entry->store = store;
    entry->record = record;
    if (was_deleted != store.is_deleted) {
        /* All of them were read before: only memory can fail, and half a deleted store is worse than a restart. */
        enum hb_err err = hb_registry_refresh_store(registry, entry);
        HB_ASSERT(err == HB_OK);
    }
    return HB_OK;
}

static void forget_store(struct hb_registry *registry, struct registry_record *record)
{
    struct registry_store *entry = hb_map_get(&registry->stores, id_in_key(record->key, HB_STR("store/")));
    if (!entry) {
        return;
    }
    /* Its webhooks may still point to the entry: then an empty one stays. */
    entry->record = NULL;
    entry->store = (struct hb_store){.id = entry->store.id};
    if (entry->webhooks_kept == 0) {
        (void)hb_map_remove(&registry->stores, entry->store.id);
        free(entry->webhooks);
        free(entry);
    }
}

/* ---- keys ---- */

static enum hb_err apply_key(struct hb_registry *registry, struct registry_record *record, const struct hb_json *json)
{
    struct hb_api_key key;
    if (hb_api_key_read(json, &key) || !hb_str_eq(key.prefix, id_in_key(record->key, HB_STR("key/")))) {
        return HB_ERR_INVALID;
    }
    struct registry_key *entry = calloc(1, sizeof(*entry));
    if (!entry) {
        return HB_ERR_MEMORY;
    }
    entry->text = hb_buf_make(key.prefix.len + key.name.len + key.store.len + 1);
    enum hb_err err = hb_buf_reserve(&entry->text, key.prefix.len + key.name.len + key.store.len + 1);
    struct hb_str *views[] = {&key.prefix, &key.name, &key.store};
    for (size_t i = 0; !err && i < sizeof(views) / sizeof(*views); i++) {
        size_t at = entry->text.len;
        err = hb_buf_add(&entry->text, *views[i]);
        *views[i] = hb_str_n(entry->text.ptr + at, views[i]->len);
    }
    entry->key = key;
    struct registry_key *old = hb_map_get(&registry->keys, key.prefix);
    if (err || hb_map_put(&registry->keys, key.prefix, entry)) {
        hb_buf_deinit(&entry->text);
        free(entry);
        return HB_ERR_MEMORY;
    }
    if (old) {
        hb_buf_deinit(&old->text);
        free(old);
    }
    return HB_OK;
}

static void forget_key(struct hb_registry *registry, struct registry_record *record)
{
    struct registry_key *entry = hb_map_remove(&registry->keys, id_in_key(record->key, HB_STR("key/")));
    if (entry) {
        hb_buf_deinit(&entry->text);
        free(entry);
    }
}

/* ---- audit ---- */

static enum hb_err apply_audit(struct hb_registry *registry, struct registry_record *record, const struct hb_json *json)
{
    (void)json;
    if (registry->audit_count == registry->audit_capacity) {
        size_t capacity = registry->audit_capacity ? registry->audit_capacity * 2 : 64;
        struct registry_record **bigger = realloc(registry->audit, capacity * sizeof(struct registry_record *));
        if (!bigger) {
            return HB_ERR_MEMORY;
        }
        registry->audit = bigger;
        registry->audit_capacity = capacity;
    }
    registry->audit[registry->audit_count++] = record;
    return HB_OK;
}

/* What gets a tombstone is the oldest: found at once. */
static void forget_audit(struct hb_registry *registry, struct registry_record *record)
{
    for (size_t i = 0; i < registry->audit_count; i++) {
        if (registry->audit[i] == record) {
            registry->audit_count--;
            memmove(&registry->audit[i], &registry->audit[i + 1],
                    (registry->audit_count - i) * sizeof(registry->audit[0]));
            return;
        }
    }
}

/* ---- any record ---- */

static const struct kind KINDS[] = {
    {{"store/", 6}, apply_store, forget_store},
    {{"webhook/", 8}, hb_registry_apply_webhook, hb_registry_forget_webhook},
    {{"key/", 4}, apply_key, forget_key},
    {{"state/", 6}, hb_registry_apply_state, hb_registry_forget_state},
    {{"disabled/", 9}, hb_registry_apply_disabled, hb_registry_forget_disabled},
    {{"audit/", 6}, apply_audit, forget_audit},
};

static const struct kind *kind_of(struct hb_str key)
{
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++) {
        if (hb_str_has_prefix(key, KINDS[i].prefix)) {
            return &KINDS[i];
        }
    }
    return NULL;
}

static struct registry_record *record_new(const struct registry_input *input)
{
    struct registry_record *record = malloc(sizeof(*record) + input->key.len + input->value.len + 2);
    if (!record) {
        return NULL;
    }
    char *key = (char *)(record + 1);
    char *value = key + input->key.len + 1;
    memcpy(key, input->key.ptr, input->key.len);
    memcpy(value, input->value.ptr, input->value.len);
    key[input->key.len] = value[input->value.len] = '\0';
    *record = (struct registry_record){hb_str_n(key, input->key.len), hb_str_n(value, input->value.len), input->offset,
                                       input->appended};
    return record;
}

static void forget(struct hb_registry *registry, struct hb_str key)
{
    const struct kind *kind = kind_of(key);
    struct registry_record *record = hb_map_remove(&registry->records, key);
    if (record && kind) {
        kind->forget(registry, record);
    }
    free(record);
}

static enum hb_err keep(struct hb_registry *registry, struct registry_record *record, const struct hb_json *json)
{
    const struct kind *kind = kind_of(record->key);
    struct registry_record *old = hb_map_get(&registry->records, record->key);
    enum hb_err err = HB_OK;
    if (old && kind && kind->apply == apply_audit) {
        forget_audit(registry, old);
    }
    if (kind) {
        err = kind->apply(registry, record, json);
    }
    if (!err && hb_map_put(&registry->records, record->key, record)) {
        HB_ASSERT(false && "out of memory with a half-applied record");
    }
    if (!err) {
        free(old);
    }
    return err;
}

static enum hb_err parse(const struct registry_record *record, struct hb_json **ret_json)
{
    bool is_webhook = hb_str_has_prefix(record->key, HB_STR("webhook/"));
    int64_t version = 0, known = is_webhook ? HB_WEBHOOK_RECORD_VERSION : HB_REGISTRY_RECORD_VERSION;
    struct hb_json *json = NULL;
    enum hb_err err = hb_json_parse(record->value, &json, NULL);
    if (!err && (!hb_json_int(hb_json_get(json, "v"), &version) || version < 1)) {
        err = HB_ERR_INVALID;
    } else if (!err && version > known) {
        err = HB_ERR_VERSION;
    }
    if (err) {
        hb_json_free(&json);
        return err;
    }
    *ret_json = json;
    return HB_OK;
}

static enum hb_err apply_value(struct hb_registry *registry, const struct registry_input *input)
{
    struct registry_record *record = record_new(input);
    struct hb_json *json = NULL;
    if (!record) {
        return HB_ERR_MEMORY;
    }
    enum hb_err err = parse(record, &json);
    if (!err) {
        err = keep(registry, record, json);
    }
    hb_json_free(&json);
    if (err) {
        free(record);
    }
    return err;
}

enum hb_err hb_registry_apply(struct hb_registry *registry, const struct registry_input *input)
{
    enum hb_err err = HB_OK;
    if (input->key.ptr == NULL || input->key.len == 0 || input->key.len > HB_REGISTRY_KEY_MAX) {
        err = HB_ERR_INVALID;
    } else if (!input->value.ptr) {
        forget(registry, input->key);
    } else {
        err = apply_value(registry, input);
    }
    if (err == HB_ERR_VERSION || err == HB_ERR_MEMORY) {
        return err;
    }
    if (err) {
        registry->unreadable_count++;
        hb_log(registry->log, HB_LOG_REGISTRY_UNREADABLE, HB_LOG_STR("key", input->key),
               HB_LOG_INT("offset", input->offset));
    }
    registry->applied = input->offset;
    registry->newest = input->appended.ms > registry->newest.ms ? input->appended : registry->newest;
    return HB_OK;
}

static void free_all(struct hb_map *map)
{
    size_t state = 0;
    void *value = NULL;
    while ((value = hb_map_next(map, &state)) != NULL) {
        free(value);
    }
    hb_map_deinit(map);
}

void hb_registry_clear(struct hb_registry *registry)
{
    size_t state = 0;
    struct registry_webhook *webhook = NULL;
    struct registry_store *store = NULL;
    struct registry_key *key = NULL;
    while ((webhook = hb_map_next(&registry->webhooks, &state)) != NULL) {
        hb_webhook_unref(&webhook->snapshot);
    }
    for (state = 0; (store = hb_map_next(&registry->stores, &state)) != NULL;) {
        free(store->webhooks);
    }
    for (state = 0; (key = hb_map_next(&registry->keys, &state)) != NULL;) {
        hb_buf_deinit(&key->text);
    }
    free_all(&registry->webhooks);
    free_all(&registry->stores);
    free_all(&registry->states);
    free_all(&registry->keys);
    free_all(&registry->records);
    free(registry->audit);
    registry->audit = NULL;
    registry->audit_count = registry->audit_capacity = 0;
}
