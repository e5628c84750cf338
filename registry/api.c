#include "registry/api_internal.h"

#include <stdlib.h>

#define TIMEOUT_MS_DEFAULT 15000

static void collect_routes(struct hb_registry_api *api)
{
    struct hb_http_route *at = api->routes;
    at += hb_api_store_routes(at);
    /* Before the routes with {id}: the first match wins. */
    at += hb_api_webhook_action_routes(at);
    at += hb_api_webhook_routes(at);
    at += hb_api_key_routes(at);
    at += hb_api_audit_routes(at);
    at += hb_api_secret_routes(at);
    api->routes_count = (size_t)(at - api->routes);
    HB_ASSERT(api->routes_count <= API_ROUTES_MAX);
    for (size_t i = 0; i < api->routes_count; i++) {
        api->routes[i].user = api;
    }
}

enum hb_err hb_registry_api_new(const struct hb_registry_api_options *options, struct hb_registry_api **ret_api,
                                struct hb_error *reterr)
{
    struct hb_registry_api *api = calloc(1, sizeof(*api));
    if (!api) {
        return hb_fail(reterr, HB_ERR_MEMORY, "registry api: %s", hb_err_text(HB_ERR_MEMORY));
    }
    api->loop = options->loop;
    api->registry = options->registry;
    api->keyring = options->keyring;
    api->egress = options->egress;
    api->log = options->log;
    api->webhook_timeout_ms = options->webhook_timeout_ms > 0 ? options->webhook_timeout_ms : TIMEOUT_MS_DEFAULT;
    struct hb_pen_options pen = {options->loop, options->registry, options->cluster, options->topic_prefix,
                                 options->log};
    enum hb_err err = hb_pen_new(&pen, &api->pen, reterr);
    if (err) {
        free(api);
        return err;
    }
    const struct hb_sweep_options sweep = {.loop = options->loop,
                                           .registry = options->registry,
                                           .pen = api->pen,
                                           .also = options->sweep_also,
                                           .keep_ms = options->sweep_keep_ms,
                                           .every_ms = options->sweep_every_ms};
    err = hb_sweep_new(&sweep, &api->sweep);
    if (err) {
        hb_registry_api_free(&api);
        return hb_fail(reterr, err, "registry api: %s", hb_err_text(err));
    }
    collect_routes(api);
    *ret_api = api;
    return HB_OK;
}

void hb_registry_api_free(struct hb_registry_api **api)
{
    if (!*api) {
        return;
    }
    (*api)->is_closing = true;
    hb_pen_free(&(*api)->pen);
    hb_sweep_free(&(*api)->sweep);
    free(*api);
    *api = NULL;
}

const struct hb_http_route *hb_registry_api_routes(const struct hb_registry_api *api, size_t *ret_count)
{
    *ret_count = api->routes_count;
    return api->routes;
}

struct hb_pen *hb_registry_api_pen(struct hb_registry_api *api) { return api->pen; }

uint64_t hb_registry_api_fenced(const struct hb_registry_api *api) { return hb_pen_fenced(api->pen); }
