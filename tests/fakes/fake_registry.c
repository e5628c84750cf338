#include "fakes/fake_registry.h"

#include "core/filter.h"
#include "core/selection.h"
#include "platform/loop/loop.h"
#include "registry/each.h"

#include <stdio.h>
#include <stdlib.h>

#define STORES_MAX 8
#define WEBHOOKS_MAX 32
#define RECORDS_MAX 32
#define WAITS_MAX 64

struct snapshot {
    struct hb_webhook webhook; /* first */
    int references;
    char id[65], store[65], url[256];
    struct hb_webhook_secret secret;
    int64_t schedule_s[4];
    struct hb_selection *selection;
    struct hb_filter *filter;
};
struct wait {
    int64_t offset;
    hb_registry_reached_fn *fn;
    void *user;
};
struct hb_registry {
    struct hb_loop *loop;
    bool is_current;
    int64_t applied, end, next_end;
    struct hb_mono asked_at;
    int asked;
    struct hb_store stores[STORES_MAX];
    struct hb_webhook *webhooks[WEBHOOKS_MAX], *listed[WEBHOOKS_MAX];
    size_t stores_count, webhooks_count;
    char *keys[RECORDS_MAX], *values[RECORDS_MAX];
    size_t records_count;
    struct wait waits[WAITS_MAX];
    size_t waits_count;
};

static int snapshots;
int fake_webhooks(void) { return snapshots; }

struct hb_registry *fake_registry_new(struct hb_loop *loop)
{
    struct hb_registry *registry = calloc(1, sizeof *registry);
    HB_ASSERT(registry);
    registry->loop = loop;
    registry->next_end = -1;
    registry->asked_at.us = -1;
    registry->is_current = true;
    return registry;
}

void hb_registry_free(struct hb_registry **registry)
{
    struct hb_registry *r = *registry;
    for (size_t i = 0; i < r->webhooks_count; i++)
        hb_webhook_unref(&r->webhooks[i]);
    for (size_t i = 0; i < r->records_count; i++) {
        free(r->keys[i]);
        free(r->values[i]);
    }
    free(r);
    *registry = NULL;
}

void fake_registry_set_current(struct hb_registry *registry, bool is_current) { registry->is_current = is_current; }
bool hb_registry_is_current(const struct hb_registry *registry) { return registry->is_current; }
bool hb_registry_has_keys(const struct hb_registry *registry) { return registry != NULL; }
const char *hb_registry_trouble(const struct hb_registry *registry) { return registry ? NULL : ""; }
int64_t hb_registry_applied(const struct hb_registry *registry) { return registry->applied; }
int64_t hb_registry_end(const struct hb_registry *registry) { return registry->end; }
int fake_registry_asked(const struct hb_registry *registry) { return registry->asked; }
void fake_registry_set_end(struct hb_registry *registry, int64_t end) { registry->next_end = end; }

void fake_registry_set_applied(struct hb_registry *registry, int64_t offset)
{
    registry->applied = offset;
    for (size_t i = 0; i < registry->waits_count;) {
        struct wait wait = registry->waits[i];
        if (wait.offset > offset) {
            i++;
            continue;
        }
        registry->waits[i] = registry->waits[--registry->waits_count];
        wait.fn(wait.user, HB_OK);
    }
}

void hb_registry_ask_end(struct hb_registry *registry)
{
    registry->asked++;
    if (registry->next_end < 0)
        return;
    registry->end = registry->next_end;
    registry->asked_at = hb_loop_mono(registry->loop);
}

bool hb_registry_end_known(const struct hb_registry *registry, struct hb_mono since) { return registry->asked_at.us > since.us; }

enum hb_err hb_registry_when(struct hb_registry *registry, int64_t offset, int timeout_ms, hb_registry_reached_fn *fn, void *user)
{
    (void)timeout_ms;
    if (registry->waits_count == WAITS_MAX)
        return HB_ERR_FULL;
    registry->waits[registry->waits_count++] = (struct wait){offset, fn, user};
    return HB_OK;
}

void hb_registry_when_cancel(struct hb_registry *registry, const void *user)
{
    for (size_t i = 0; i < registry->waits_count;)
        if (registry->waits[i].user == user)
            registry->waits[i] = registry->waits[--registry->waits_count];
        else
            i++;
}

void fake_registry_add_store(struct hb_registry *registry, const char *id)
{
    HB_ASSERT(registry->stores_count < STORES_MAX);
    registry->stores[registry->stores_count++] = (struct hb_store){.id = hb_str_c(id), .name = hb_str_c(id), .revision = 1};
}

const struct hb_store *hb_registry_store(const struct hb_registry *registry, struct hb_str store)
{
    for (size_t i = 0; i < registry->stores_count; i++)
        if (hb_str_eq(registry->stores[i].id, store))
            return &registry->stores[i];
    return NULL;
}

struct hb_webhook *const *hb_registry_webhooks(const struct hb_registry *registry, struct hb_str store, size_t *ret_count)
{
    struct hb_webhook **listed = ((struct hb_registry *)(uintptr_t)registry)->listed;
    size_t count = 0;
    for (size_t i = 0; i < registry->webhooks_count; i++)
        if (hb_str_eq(registry->webhooks[i]->store, store) && registry->webhooks[i]->status != HB_WEBHOOK_DELETED)
            listed[count++] = registry->webhooks[i];
    *ret_count = count;
    return listed;
}

struct hb_webhook *hb_registry_webhook_by_id(const struct hb_registry *registry, struct hb_str id)
{
    for (size_t i = 0; i < registry->webhooks_count; i++)
        if (hb_str_eq(registry->webhooks[i]->id, id))
            return registry->webhooks[i];
    return NULL;
}

void fake_registry_put_record(struct hb_registry *registry, const char *key, const char *value)
{
    for (size_t i = 0; i < registry->records_count; i++)
        if (strcmp(registry->keys[i], key) == 0) {
            free(registry->values[i]);
            registry->values[i] = hb_str_dup(hb_str_c(value));
            return;
        }
    HB_ASSERT(registry->records_count < RECORDS_MAX);
    registry->keys[registry->records_count] = hb_str_dup(hb_str_c(key));
    registry->values[registry->records_count++] = hb_str_dup(hb_str_c(value));
}

struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    for (size_t i = registry->records_count; i-- > 0;)
        if (hb_str_eq(hb_str_c(registry->keys[i]), key))
            return hb_str_c(registry->values[i]);
    return (struct hb_str){NULL, 0};
}

void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user)
{
    const char *last = "";
    for (;;) {
        size_t next = registry->records_count;
        for (size_t i = 0; i < registry->records_count; i++) /* the next key in their order */
            if (strcmp(registry->keys[i], last) > 0 && hb_str_has_prefix(hb_str_c(registry->keys[i]), prefix) &&
                (next == registry->records_count || strcmp(registry->keys[i], registry->keys[next]) < 0))
                next = i;
        if (next == registry->records_count)
            return;
        last = registry->keys[next];
        fn(user, hb_str_c(last), hb_str_c(registry->values[next]));
    }
}

struct hb_webhook *hb_registry_webhook(const struct hb_registry *registry, struct hb_str store, struct hb_str id)
{
    struct hb_webhook *webhook = hb_registry_webhook_by_id(registry, id);
    return webhook && hb_str_eq(webhook->store, store) ? webhook : NULL;
}

static struct hb_selection *selection_of(const char *types)
{
    struct hb_str patterns[8], rest = hb_str_c(types ? types : "*");
    struct hb_selection *selection = NULL;
    size_t count = 0;
    while (count < 8 && hb_str_split(&rest, ',', &patterns[count]))
        count++;
    HB_ASSERT(hb_selection_new(patterns, count, NULL, 0, &selection, NULL) == HB_OK);
    return selection;
}

static int64_t last_revision;

struct hb_webhook *fake_webhook_new(const struct fake_webhook *spec)
{
    struct snapshot *s = calloc(1, sizeof *s);
    HB_ASSERT(s);
    s->references = 1;
    (void)snprintf(s->id, sizeof s->id, "%s", spec->id);
    (void)snprintf(s->store, sizeof s->store, "%s", spec->store);
    (void)snprintf(s->url, sizeof s->url, "%s", spec->url ? spec->url : "http://receiver.example/hook");
    memset(s->secret.key, 's', 24);
    s->secret.key_bytes = 24;
    s->secret.expires.ms = INT64_MAX;
    s->selection = selection_of(spec->types);
    if (spec->filter)
        HB_ASSERT(hb_filter_new(hb_str_c(spec->filter), &s->filter, NULL) == HB_OK);
    s->webhook = (struct hb_webhook){
        .id = hb_str_c(s->id), .store = hb_str_c(s->store), .created_offset = spec->created_offset, .url = hb_str_c(s->url),
        .status = spec->status, .is_governed = spec->is_governed || spec->is_ordered, .is_secret_damaged = spec->is_secret_damaged, .timeout_ms = 15000,
        .secrets_count = spec->is_secret_damaged ? 0 : 1, .secrets = &s->secret, .selection = s->selection, .filter = s->filter,
        .is_ordered = spec->is_ordered, .holds_dead = spec->holds_dead, .enabled_revision = spec->enabled_revision,
        .resting_until = {spec->resting_until_ms}, .schedule_s = s->schedule_s, .schedule_count = spec->schedule_count};
    memcpy(s->schedule_s, spec->schedule_s, sizeof s->schedule_s);
    if (spec->revision > last_revision)
        last_revision = spec->revision;
    s->webhook.revision = spec->revision ? spec->revision : ++last_revision;
    snapshots++;
    return &s->webhook;
}

struct hb_webhook *hb_webhook_ref(struct hb_webhook *webhook)
{
    ((struct snapshot *)webhook)->references++;
    return webhook;
}

void hb_webhook_unref(struct hb_webhook **webhook)
{
    struct snapshot *s = (struct snapshot *)*webhook;
    *webhook = NULL;
    if (!s || --s->references > 0)
        return;
    hb_selection_free(&s->selection);
    hb_filter_free(&s->filter);
    free(s);
    snapshots--;
}

struct hb_webhook *fake_registry_put(struct hb_registry *registry, const struct fake_webhook *spec)
{
    struct hb_webhook *webhook = fake_webhook_new(spec);
    for (size_t i = 0; i < registry->webhooks_count; i++) {
        if (hb_str_eq(registry->webhooks[i]->id, webhook->id)) {
            hb_webhook_unref(&registry->webhooks[i]);
            return registry->webhooks[i] = webhook;
        }
    }
    HB_ASSERT(registry->webhooks_count < WEBHOOKS_MAX);
    return registry->webhooks[registry->webhooks_count++] = webhook;
}
