/* Connectors as the registry has them, at work: made when a record comes, changed with it, stopped when it is deleted.
 * A lane stays until the process ends: there is at most one a store. */
#include "salesmanago/state.h"

#include "registry/each.h"
#include "salesmanago/catalog_calls.h"

#include <stdio.h>
#include <stdlib.h>

#define BODY_MAX HB_SM_UPSERT_BYTES_MAX

/* ---- what a record says ---- */

static void unusable(struct hb_sm_lane *lane, const char *what, const char *why)
{
    lane->hold = HB_SM_HOLD_UNUSABLE;
    lane->unusable_what = what;
    (void)snprintf(lane->unusable_why, sizeof lane->unusable_why, "%s", why);
    hb_log(&lane->worker->log, HB_LOG_CONNECTOR_UNUSABLE, HB_LOG_C("store", lane->store), HB_LOG_C("what", what),
           HB_LOG_C("why", why));
}

static enum hb_err make_target(struct hb_sm_lane *lane, struct hb_str key, struct hb_error *reterr)
{
    char url[HB_CONNECTOR_URL_MAX + 64];
    const struct hb_name_value headers[] = {{HB_STR(HB_SM_KEY_HEADER), key}};
    int len = snprintf(url, sizeof url, "%.*s%s", HB_ARG(lane->connector.base_url), hb_sm_call_path(HB_SM_CALL_UPSERT));
    if (len < 0 || (size_t)len >= sizeof url)
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "its address is too long");
    return hb_http_target_new(lane->worker->options.http, hb_str_n(url, (size_t)len), headers, 1, &lane->target,
                              reterr);
}

static enum hb_err open_key(struct hb_sm_lane *lane, struct hb_error *reterr)
{
    struct hb_buf key = hb_buf_make(HB_SM_API_KEY_MAX);
    enum hb_err err = hb_unseal(lane->worker->options.keyring,
                                hb_connector_place(lane->connector.store, lane->connector.id),
                                lane->connector.sealed_key, &key);
    lane->is_ours_to_mend = err == HB_ERR_NOT_FOUND;
    if (err == HB_ERR_NOT_FOUND)
        (void)hb_fail(reterr, err, "its API key is sealed with a key that is not in this worker's secrets.key_file: "
                                   "add it, restart");
    else if (err)
        (void)hb_fail(reterr, err, "its API key cannot be opened: %s; connect again", hb_err_text(err));
    else
        err = make_target(lane, hb_buf_str(&key), reterr);
    if (key.ptr)
        hb_wipe(key.ptr, key.len);
    hb_buf_deinit(&key);
    return err;
}

static void forget_settings(struct hb_sm_lane *lane)
{
    hb_http_target_unref(&lane->target);
    if (lane->mapping)
        hb_sm_mapping_free(&lane->mapping);
    lane->unusable_what = NULL;
    lane->is_ours_to_mend = false;
    lane->kept = 0;
    lane->refusals = HB_SM_REFUSALS_EMPTY;
}

static void apply_settings(struct hb_sm_lane *lane)
{
    struct hb_error error = {.text = ""};
    forget_settings(lane);
    if (hb_sm_mapping_read(lane->connector.mapping, &lane->mapping, &error))
        unusable(lane, "mapping", error.text);
    else if (open_key(lane, &error))
        unusable(lane, "key", error.text);
}

static enum hb_sm_hold hold_of(struct hb_sm_lane *lane)
{
    bool is_refused = hb_sm_pause_holds(lane);
    if (lane->connector.status == HB_CONNECTOR_PAUSED)
        return HB_SM_HOLD_PAUSED;
    if (is_refused)
        return HB_SM_HOLD_REFUSED;
    return lane->target && lane->mapping ? HB_SM_HOLD_NONE : HB_SM_HOLD_UNUSABLE;
}

/* ---- lanes ---- */

static void timer_due(void *user)
{
    hb_sm_lane_look(user);
}

static struct hb_sm_lane *lane_new(struct hb_sm_worker *worker, struct hb_str store)
{
    const struct hb_config *config = worker->options.config;
    struct hb_sm_lane *lane = store.len <= HB_ID_MAX ? calloc(1, sizeof *lane) : NULL;
    if (!lane)
        return NULL;
    memcpy(lane->store, store.ptr, store.len);
    lane->worker = worker;
    lane->hold = HB_SM_HOLD_UNUSABLE;
    lane->paused_revision = -1;
    lane->items_max = HB_SM_PRODUCTS_MAX;
    lane->reports_left = 4;
    lane->works_end = &lane->works;
    lane->body = hb_buf_make(BODY_MAX);
    lane->doubted_items_max = HB_SM_PRODUCTS_MAX;
    lane->suspects = (struct hb_sm_suspects){.max = (size_t)config->salesmanago_suspects_max,
                                             .first_ms = config->salesmanago_retry_first_ms,
                                             .most_ms = config->salesmanago_retry_most_ms};
    lane->backoff = (struct hb_sm_backoff){.first_ms = config->salesmanago_retry_first_ms,
                                           .most_ms = config->salesmanago_retry_most_ms};
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        lane->tracks[i] = (struct hb_sm_track){.lane = lane, .number = i, .why = ""};
    if (hb_timer_new(worker->options.loop, timer_due, lane, &lane->timer) ||
        hb_map_put(&worker->lanes, hb_str_n(lane->store, store.len), lane)) {
        hb_timer_free(&lane->timer);
        free(lane);
        return NULL;
    }
    return lane;
}

/* A connector that is new here: what came since it was made may have been settled before the registry told about it, so
 * it begins a few seconds back. */
static void begin_tracks(struct hb_sm_lane *lane)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        const struct hb_sm_partition *partition = &lane->worker->partitions[i];
        struct hb_sm_track *track = &lane->tracks[i];
        if (!partition->is_ours || !partition->is_ready || track->state != HB_SM_TRACK_NONE)
            continue;
        hb_sm_track_begin(lane, i);
        if (track->state == HB_SM_TRACK_ATTACHED && partition->past[0] < partition->next)
            hb_sm_track_leave(track, partition->past[0], "new");
    }
}

/* The records of its work go with it. */
static void end_deleted(struct hb_sm_lane *lane)
{
    char key[HB_SM_RECORD_KEY_MAX];
    hb_sm_batch_give_back(lane);
    hb_sm_walk_stop(lane);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (track->state == HB_SM_TRACK_NONE)
            continue;
        hb_sm_settle_all_unread(lane, i, HB_SM_LIVE, false);
        track->state = HB_SM_TRACK_NONE;
        track->must_write = false;
        int len = snprintf(key, sizeof key, "%s/%s/%s/%d", HB_CONNECTOR_POSITION, lane->store, HB_CONNECTOR_ID, i);
        (void)!hb_sm_record_write(lane->worker, hb_str_n(key, (size_t)len), NULL, NULL, NULL);
    }
    hb_sm_aside_clear(lane);
    hb_sm_report_lane(lane, true);
    hb_sm_dead_remove(lane);
    forget_settings(lane);
    lane->is_detached_told = false;
}

/* With the store goes what is connected to it. */
static bool is_store_gone(const struct hb_sm_lane *lane)
{
    const struct hb_store *store = hb_registry_store(lane->worker->options.registry, hb_str_c(lane->store));
    return store && store->is_deleted;
}

/* What is asked for (a sync, a replay) and when it was changed is no setting. */
static bool has_settings_of(const struct hb_sm_lane *lane, const struct hb_connector *other)
{
    const struct hb_connector *own = &lane->connector;
    return hb_str_eq(own->base_url, other->base_url) && hb_str_eq(own->sealed_key, other->sealed_key) &&
           hb_str_eq(own->catalog.id, other->catalog.id) &&
           hb_str_eq(own->catalog.currency, other->catalog.currency) && hb_str_eq(own->language, other->language) &&
           hb_str_eq(own->mapping, other->mapping);
}

/* What was made for requests by other settings is made anew; what is under way is answered first. */
static void outdate(struct hb_sm_lane *lane)
{
    if (lane->request)
        lane->is_outdated = true;
    else
        hb_sm_batch_give_back(lane);
}

static void change(struct hb_sm_lane *lane, struct hb_connector *take_connector)
{
    bool is_new = !lane->connector.text.ptr;
    if (!is_new && !has_settings_of(lane, take_connector))
        outdate(lane);
    bool is_enabled = lane->connector.enabled_revision != take_connector->enabled_revision;
    if (is_enabled || is_new || !has_settings_of(lane, take_connector)) /* what failed may be mended by it */
        hb_sm_aside_clear(lane);
    hb_connector_deinit(&lane->connector);
    lane->connector = *take_connector;
    if (lane->connector.status == HB_CONNECTOR_DELETED) {
        bool is_known = !is_new || lane->unusable_what; /* also as one whose record nobody could read */
        if (lane->hold != HB_SM_HOLD_DELETED && is_known)
            end_deleted(lane);
        lane->hold = HB_SM_HOLD_DELETED;
        return;
    }
    lane->hold = HB_SM_HOLD_UNUSABLE; /* until its settings say otherwise, also after a deletion */
    apply_settings(lane);
    if (is_enabled) { /* somebody mended something: at once, not after the rest */
        hb_sm_backoff_success(&lane->backoff);
        lane->rest_until.us = 0;
        lane->rests_long = false;
    }
}

/* Nobody knows what it says, so nothing is sent by what it said before; what changes waits in Kafka. */
static void unreadable(struct hb_sm_worker *worker, struct hb_str store, enum hb_err err)
{
    struct hb_sm_lane *lane = hb_sm_lane_of(worker, store);
    if (!lane)
        lane = lane_new(worker, store);
    if (!lane || (!lane->connector.text.ptr && lane->unusable_what))
        return; /* no memory: with the next look; or it is known */
    if (lane->hold == HB_SM_HOLD_DELETED && is_store_gone(lane))
        return; /* it ended with its store: ended anew, its tombstones would bring the next look, for ever */
    outdate(lane);
    hb_connector_deinit(&lane->connector);
    forget_settings(lane);
    lane->is_ours_to_mend = err == HB_ERR_VERSION;
    unusable(lane, "record", hb_err_text(err));
}

static void see(void *user, struct hb_str key, struct hb_str value)
{
    struct hb_sm_worker *worker = user;
    struct hb_str store, id, rest;
    struct hb_connector connector;
    if (!hb_connector_key_read(HB_CONNECTOR_RECORD, key, &store, &id, &rest) || rest.len > 0 ||
        !hb_str_eq(id, HB_STR(HB_CONNECTOR_ID)))
        return;
    struct hb_sm_lane *lane = hb_sm_lane_of(worker, store);
    if (lane && lane->connector.text.ptr && hb_str_eq(hb_buf_str(&lane->connector.text), value))
        return; /* as it was */
    enum hb_err err = hb_connector_read(value, &connector);
    if (err) {
        if (err != HB_ERR_MEMORY)
            unreadable(worker, store, err);
        return;
    }
    if (!lane)
        lane = lane_new(worker, store);
    if (!lane) {
        hb_connector_deinit(&connector);
        return; /* no memory: with the next look */
    }
    change(lane, &connector);
}

/* What this process lacks makes it red; what is wrong with a connector itself (its key is damaged) is in that one's
 * status, as with a webhook's secret. */
static void look_at_unusable(struct hb_sm_worker *worker)
{
    const struct hb_sm_lane *lane, *first = NULL;
    size_t state = 0, count = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        if (lane->hold == HB_SM_HOLD_DELETED || !lane->unusable_what || !lane->is_ours_to_mend)
            continue;
        first = !first || strcmp(lane->store, first->store) < 0 ? lane : first;
        count++;
    }
    worker->lanes_trouble[0] = '\0';
    if (first)
        (void)snprintf(worker->lanes_trouble, sizeof worker->lanes_trouble,
                       "nothing is sent for %zu connector%s, the first of store %.*s: %s", count, count > 1 ? "s" : "",
                       HB_ID_MAX, first->store, first->unusable_why);
}

void hb_sm_lanes_look(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    if (!hb_registry_is_current(worker->options.registry))
        return;
    worker->registry_seen = hb_registry_applied(worker->options.registry);
    worker->looked_at = hb_sm_now(worker);
    hb_registry_each_record(worker->options.registry, HB_STR(HB_CONNECTOR_RECORD "/"), see, worker);
    hb_sm_dead_load(worker);
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        if (lane->hold == HB_SM_HOLD_DELETED)
            continue;
        if (is_store_gone(lane)) {
            end_deleted(lane);
            lane->hold = HB_SM_HOLD_DELETED;
            continue;
        }
        lane->hold = hold_of(lane);
        begin_tracks(lane);
    }
    look_at_unusable(worker);
    hb_sm_pump_soon(worker);
}

void hb_sm_lanes_free(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        hb_sm_batch_give_back(lane);
        hb_sm_walk_stop(lane);
        for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
            hb_sm_track_forget(lane, i);
        hb_sm_aside_clear(lane);
        hb_buf_deinit(&lane->witness.bytes);
        hb_sm_pending_deinit(&lane->pending);
        hb_sm_dead_free(lane);
        forget_settings(lane);
        hb_connector_deinit(&lane->connector);
        hb_timer_free(&lane->timer);
        hb_buf_deinit(&lane->body);
        free(lane);
    }
    hb_map_deinit(&worker->lanes);
}
