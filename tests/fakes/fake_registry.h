/* Job: registry/registry.h without a topic: the test says what stores and webhooks there are and how far the registry was read.
 *
 * Place: linked instead of hb_registry. Owns: stores, webhooks, records. Threads: one. */
#ifndef TESTS_FAKES_FAKE_REGISTRY_H
#define TESTS_FAKES_FAKE_REGISTRY_H

#include "registry/registry.h"

struct hb_registry *fake_registry_new(struct hb_loop *loop);
void fake_registry_set_current(struct hb_registry *registry, bool is_current);
void fake_registry_set_applied(struct hb_registry *registry, int64_t offset); /* calls who waited for it */
/* The end that the next question is answered with; -1: no answer comes. */
void fake_registry_set_end(struct hb_registry *registry, int64_t end);
int fake_registry_asked(const struct hb_registry *registry);
void fake_registry_add_store(struct hb_registry *registry, const char *id);
void fake_registry_put_record(struct hb_registry *registry, const char *key, const char *value);

struct fake_webhook {
    const char *id, *store, *url, *types; /* types: comma-separated; NULL: every one */
    const char *filter;                   /* JSON or NULL */
    enum hb_webhook_status status;
    bool is_governed, is_secret_damaged;
    int64_t created_offset;
    bool is_ordered, holds_dead;
    int64_t revision, enabled_revision, resting_until_ms; /* revision 0: larger than any before */
    int64_t schedule_s[4];
    size_t schedule_count; /* 0: the default one */
};
/* A snapshot with one reference and one secret ("whsec_" of 24 bytes of 's'). */
struct hb_webhook *fake_webhook_new(const struct fake_webhook *spec);
/* Puts it in place of the one with its id (a deleted one is not listed any more) and gives it back; the registry keeps the reference. */
struct hb_webhook *fake_registry_put(struct hb_registry *registry, const struct fake_webhook *spec);
/* Snapshots that exist. */
int fake_webhooks(void);

#endif
