#include "dispatcher/lane.h"

#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "registry/registry.h"

#include <stdlib.h>

void hb_lanes_init(struct hb_lanes *lanes, struct hb_http_client *http, void *owner, int window_start, int window_max)
{
    *lanes = (struct hb_lanes){.by_webhook = HB_MAP_EMPTY, .stalls = HB_MAP_EMPTY, .hosts = HB_MAP_EMPTY,
                               .http = http, .owner = owner, .window_start = window_start, .window_max = window_max, .rest = hb_rest_make()};
}

enum hb_err hb_hmacs_init(const struct hb_webhook *webhook, struct hb_hmac *ret_hmacs[HB_WEBHOOK_SECRETS_MAX])
{
    for (size_t i = 0; i < HB_WEBHOOK_SECRETS_MAX; i++)
        ret_hmacs[i] = NULL;
    for (size_t i = 0; i < webhook->secrets_count; i++) {
        enum hb_err err = hb_hmac_new(webhook->secrets[i].key, webhook->secrets[i].key_bytes, &ret_hmacs[i]);
        if (err) {
            hb_hmacs_deinit(ret_hmacs);
            return err;
        }
    }
    return HB_OK;
}

void hb_hmacs_deinit(struct hb_hmac *hmacs[HB_WEBHOOK_SECRETS_MAX])
{
    for (size_t i = 0; i < HB_WEBHOOK_SECRETS_MAX; i++)
        hb_hmac_free(&hmacs[i]);
}

static struct hb_stall *stall_get(struct hb_lanes *lanes, struct hb_str store)
{
    struct hb_stall *stall = hb_map_get(&lanes->stalls, store);
    if (stall)
        return stall;
    stall = calloc(1, sizeof *stall);
    if (stall && !(stall->store = hb_str_dup(store))) {
        free(stall);
        return NULL;
    }
    if (stall && hb_map_put(&lanes->stalls, hb_str_c(stall->store), stall)) {
        free(stall->store);
        free(stall);
        return NULL;
    }
    return stall;
}

static struct hb_host *host_get(struct hb_lanes *lanes, struct hb_str name)
{
    struct hb_host *host = hb_map_get(&lanes->hosts, name);
    if (host)
        return host;
    host = calloc(1, sizeof *host);
    if (host && !(host->name = hb_str_dup(name))) {
        free(host);
        return NULL;
    }
    if (host && hb_map_put(&lanes->hosts, hb_str_c(host->name), host)) {
        free(host->name);
        free(host);
        return NULL;
    }
    return host;
}

/* Leaves its host; the last one frees it. In flight requests count on the lane: an idle lane's host has none of it. */
static void leave_host(struct hb_lanes *lanes, struct hb_lane *lane)
{
    struct hb_host *host = lane->host;
    if (!host)
        return;
    struct hb_lane *before = NULL;
    for (struct hb_lane **at = &host->blocked; lane->is_host_blocked && *at; before = *at, at = &before->next_blocked) {
        if (*at == lane) {
            *at = lane->next_blocked;
            if (host->last_blocked == lane)
                host->last_blocked = before;
            lane->is_host_blocked = false;
            break;
        }
    }
    host->in_flight -= lane->in_flight;
    lane->host = NULL;
    lanes->left = host;
    if (--host->lanes == 0) {
        lanes->left = NULL;
        hb_map_remove(&lanes->hosts, hb_str_c(host->name));
        free(host->name);
        free(host);
    }
}

enum hb_err hb_lanes_get(struct hb_lanes *lanes, struct hb_webhook *webhook, struct hb_lane **ret_lane)
{
    struct hb_lane *lane = hb_map_get(&lanes->by_webhook, webhook->id);
    if (lane) {
        *ret_lane = lane;
        return HB_OK;
    }
    struct hb_stall *stall = stall_get(lanes, webhook->store);
    lane = stall ? calloc(1, sizeof *lane) : NULL;
    if (!lane)
        return HB_ERR_MEMORY;
    lane->stall = stall;
    lane->owner = lanes->owner;
    lane->window = hb_window_make(lanes->window_start, lanes->window_max);
    lane->last = &lane->first;
    lane->last_resend = &lane->first_resend;
    lane->rest = lanes->rest;
    lane->told_since = INT64_MAX;
    lane->gone_revision = -1;
    lane->webhook = hb_webhook_ref(webhook);
    if (hb_map_put(&lanes->by_webhook, lane->webhook->id, lane)) {
        hb_webhook_unref(&lane->webhook);
        free(lane);
        return HB_ERR_MEMORY;
    }
    stall->lanes++;
    *ret_lane = lane;
    return HB_OK;
}

static void unprepare(struct hb_lane *lane)
{
    hb_http_target_unref(&lane->target);
    hb_hmacs_deinit(lane->hmacs);
}

void hb_lanes_change(struct hb_lanes *lanes, struct hb_webhook *webhook)
{
    struct hb_lane *lane = hb_map_get(&lanes->by_webhook, webhook->id);
    if (!lane)
        return;
    struct hb_webhook *old = lane->webhook;
    lane->webhook = hb_webhook_ref(webhook);
    /* The key's view must live in the snapshot held now. The slot exists: replacing it needs no memory. */
    HB_ASSERT(hb_map_put(&lanes->by_webhook, lane->webhook->id, lane) == HB_OK);
    bool is_same = old->revision == webhook->revision;
    hb_webhook_unref(&old);
    if (!is_same)
        unprepare(lane);
}

enum hb_err hb_lane_prepare(struct hb_lanes *lanes, struct hb_lane *lane, struct hb_error *reterr)
{
    if (lane->target)
        return HB_OK;
    const struct hb_webhook *webhook = lane->webhook;
    enum hb_err err =
        hb_http_target_new(lanes->http, webhook->url, webhook->headers, webhook->headers_count, &lane->target, reterr);
    if (!err)
        err = hb_hmacs_init(webhook, lane->hmacs);
    struct hb_host *host = err ? NULL : host_get(lanes, hb_http_target_host(lane->target));
    if (!err && !host)
        err = HB_ERR_MEMORY;
    if (err) {
        unprepare(lane);
        return err;
    }
    if (host != lane->host) { /* also what is in flight to the old place counts here from now on: it ends here */
        host->lanes++;
        host->in_flight += lane->in_flight;
        leave_host(lanes, lane);
        lane->host = host;
    }
    return HB_OK;
}

void hb_lanes_drop(struct hb_lanes *lanes, struct hb_lane *lane)
{
    HB_ASSERT(lane->waiting == 0 && lane->resends == 0 && lane->in_flight == 0 && lane->kept == 0 &&
              !hb_turns_has(&lane->seat));
    hb_map_remove(&lanes->by_webhook, lane->webhook->id);
    leave_host(lanes, lane);
    lanes->left = NULL; /* an idle lane freed no slot */
    unprepare(lane);
    struct hb_stall *stall = lane->stall;
    if (--stall->lanes == 0) {
        hb_map_remove(&lanes->stalls, hb_str_c(stall->store));
        free(stall->store);
        free(stall);
    }
    hb_webhook_unref(&lane->webhook);
    free(lane);
}

void hb_lanes_forget_deleted(struct hb_lanes *lanes)
{
    size_t state = 0;
    struct hb_lane *lane;
    while ((lane = hb_map_next(&lanes->by_webhook, &state)) != NULL) {
        if (lane->webhook->status != HB_WEBHOOK_DELETED || lane->waiting > 0 || lane->resends > 0 ||
            lane->in_flight > 0 || lane->kept > 0)
            continue;
        hb_lanes_drop(lanes, lane);
        state = 0; /* the map changed */
    }
}

void hb_lanes_deinit(struct hb_lanes *lanes)
{
    size_t state = 0;
    struct hb_lane *lane;
    while ((lane = hb_map_next(&lanes->by_webhook, &state)) != NULL) {
        hb_lanes_drop(lanes, lane);
        state = 0; /* the map changed */
    }
    hb_map_deinit(&lanes->by_webhook);
    hb_map_deinit(&lanes->stalls);
    hb_map_deinit(&lanes->hosts);
}
