#include "platform/loop/loop.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* A scan that a call waits for. */
struct hb_sm_api_scan {
    struct hb_sm_api_scan *next;
    struct hb_sm_api *api;
    struct hb_http_call *call;
    struct hb_catalog_scan *scan;
    char store[HB_ID_MAX + 1];
    struct hb_sm_api_scan_spec spec;
};

static void scan_free(struct hb_sm_api_scan *scan)
{
    for (struct hb_sm_api_scan **at = &scan->api->scans; *at; at = &(*at)->next) {
        if (*at == scan) {
            *at = scan->next;
            scan->api->scans_count--;
            break;
        }
    }
    hb_catalog_scan_free(&scan->scan);
    if (scan->spec.drop)
        scan->spec.drop(scan->spec.user);
    free(scan);
}

static void done(void *user, struct hb_catalog_scan *ended)
{
    struct hb_sm_api_scan *scan = user;
    struct hb_catalog_scan_result result;
    struct hb_http_problem problem;
    hb_catalog_scan_result(ended, &result);
    if (result.err) {
        (void)hb_http_refuse(&problem, 503, "catalog_unavailable", result.text);
        hb_http_call_refuse(scan->call, &problem, SM_API_RETRY_AFTER_S);
    } else {
        scan->spec.answer(scan->spec.user, scan->call, &result);
    }
    scan_free(scan);
}

static void gone(void *user)
{
    struct hb_sm_api_scan *scan = user;
    hb_catalog_scan_cancel(scan->scan); /* nobody waits for it: the answer is dropped */
}

static bool has_room(const struct hb_sm_api *api, struct hb_str store)
{
    for (const struct hb_sm_api_scan *scan = api->scans; scan; scan = scan->next)
        if (hb_str_eq(hb_str_c(scan->store), store))
            return false;
    return api->scans_count < HB_SM_API_SCANS_MAX;
}

bool hb_sm_api_scan_start(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_sm_api_scan_spec *spec,
                          struct hb_http_problem *ret_problem)
{
    if (!has_room(api, spec->store))
        return hb_http_refuse(ret_problem, 429, "too_many_queries",
                              "This reads the catalog's topic: one a store at a time; try again when it has ended.");
    struct hb_sm_api_scan *scan = calloc(1, sizeof *scan);
    if (!scan)
        return hb_http_refuse(ret_problem, 503, "own_trouble", "Out of memory.");
    *scan = (struct hb_sm_api_scan){.next = api->scans, .api = api, .call = call, .spec = *spec};
    (void)snprintf(scan->store, sizeof scan->store, "%.*s", HB_ARG(spec->store));
    const struct hb_catalog_scan_options options = {.loop = api->options.loop,
                                                    .cluster = api->options.cluster,
                                                    .topic_prefix = api->options.topic_prefix,
                                                    .store = spec->store,
                                                    .product = spec->product,
                                                    .limit_ms = HB_SM_API_SCAN_MS_MAX,
                                                    .now = api->options.now,
                                                    .done = done,
                                                    .user = scan};
    if (hb_catalog_scan_start(&options, &scan->scan)) {
        free(scan);
        return hb_http_refuse(ret_problem, 503, "own_trouble", "No memory or thread to read the catalog; try again.");
    }
    api->scans = scan;
    api->scans_count++;
    hb_http_call_on_gone(call, gone, scan);
    return true;
}

void hb_sm_api_scan_end_all(struct hb_sm_api *api)
{
    while (api->scans)
        scan_free(api->scans);
}

/* ---- GET …/products ---- */

static void answer_count(void *user, struct hb_http_call *call, const struct hb_catalog_scan_result *result)
{
    struct hb_http_json out;
    (void)user;
    hb_sm_api_answer_begin(&out);
    hb_json_add_int(&out.w, "known", (int64_t)result->products);
    hb_sm_api_answer_send(call, &out, 200, 0);
}

void hb_sm_api_products(void *user, struct hb_http_call *call)
{
    struct hb_http_problem problem;
    const struct hb_sm_api_scan_spec spec = {.store = hb_http_call_param(call, "store"), .answer = answer_count};
    if (hb_sm_api_may(user, call, HB_SCOPE_READ) && !hb_sm_api_scan_start(user, call, &spec, &problem))
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
}
