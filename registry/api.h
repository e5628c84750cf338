/* Job: the HTTP API of the registry: stores, webhooks, secrets, keys, audit.
 *
 * Place: mounted by the api role on platform/http_server; every change goes through the pen; described in
 * docs/openapi.yaml.
 * Owns / borrows: loop, registry, keyring, egress and log are borrowed and must outlive it. Free it before the HTTP
 * server: calls that wait are answered with 503 then. Fails: HB_ERR_MEMORY, HB_ERR_CONFIG. Limits: 64 KiB a body,
 * 500 objects a page.
 * Threads: the loop's. */
#ifndef REGISTRY_API_H
#define REGISTRY_API_H

#include "platform/http_server/http_server.h"
#include "registry/registry.h"
#include "registry/sweep.h"

struct hb_egress;
struct hb_pen;
struct hb_registry_api;

struct hb_registry_api_options {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    const struct hb_keyring *keyring; /* NULL: nothing with a secret can be made: 503 */
    const struct hb_egress *egress;   /* NULL: only global addresses */
    const struct hb_log_context *log;
    int64_t webhook_timeout_ms; /* of a webhook that names none; 0: 15000 */
    /* As in sweep.h, which it runs. */
    hb_sweep_source_fn *sweep_also;
    int64_t sweep_keep_ms, sweep_every_ms;
};
HB_MUST_USE enum hb_err hb_registry_api_new(const struct hb_registry_api_options *options,
                                            struct hb_registry_api **ret_api, struct hb_error *reterr);
/* NULL is allowed; sets the pointer to NULL. */
void hb_registry_api_free(struct hb_registry_api **api);
/* The routes to mount; the array lives as long as the api. */
const struct hb_http_route *hb_registry_api_routes(const struct hb_registry_api *api, size_t *ret_count);

/* How making the first admin key ended. code HB_OK: text says what was done ("… stands in <path>", or that there are
 * keys already); else what is wrong and what to do. */
typedef void hb_registry_bootstrap_fn(void *user, const struct hb_error *result);
/* Call once the registry is current. If it has no key at all: a token with all scopes is written to `path` (0600, not
 * overwriting, synced) BEFORE its record is committed, so that a crash in between leaves a key one can find. A file
 * that is there already gives its token. `done` comes once, possibly from inside this call; not after
 * hb_registry_api_free. */
void hb_registry_api_bootstrap(struct hb_registry_api *api, const char *path, hb_registry_bootstrap_fn *done,
                               void *user);

/* The pen its changes go through, for rooms that keep objects of their own in the registry. Lives as the api. */
struct hb_pen *hb_registry_api_pen(struct hb_registry_api *api);

/* Transactions of this process that were refused because another one had taken the pen. */
uint64_t hb_registry_api_fenced(const struct hb_registry_api *api);

#endif
