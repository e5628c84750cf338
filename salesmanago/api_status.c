#include "hookbus/topics.h"
#include "platform/loop/loop.h"
#include "registry/each.h"
#include "salesmanago/api_internal.h"
#include "salesmanago/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>

#define WORKERS_MAX 64 /* are shown; of more, those that are gone give way */

/* ---- what the workers say ---- */

struct told {
    struct hb_str worker;
    struct hb_json *document;
    bool is_gone;
    struct hb_wall seen; /* of who is gone */
};

/* Sums over the records connector-status/<store>/<connector>/<worker>, of workers that are not gone. */
struct sums {
    const struct hb_sm_api *api;
    const struct hb_connector *connector;
    struct told told[WORKERS_MAX];
    size_t count;
    int64_t lag, waiting, aside, sent, accepted, trimmed, refused;
    double rate;
    size_t syncing, synced; /* workers that know of the sync that is asked for; of them, those that are done */
    int64_t done, total;
    const struct hb_json *last_batch, *unusable; /* the first that says so */
    struct hb_str last_at, next_try; /* of the last batch; the earliest */
};

static void add_int(const struct hb_json *document, const char *name, int64_t *sum)
{
    int64_t value = 0;
    (void)hb_json_int(hb_json_get(document, name), &value);
    *sum += value;
}

static void add_sync(struct sums *sums, const struct hb_json *sync)
{
    struct hb_str id, state;
    if (!hb_json_str(hb_json_get(sync, "id"), &id) || !hb_str_eq(id, sums->connector->sync.id))
        return;
    sums->syncing++;
    sums->synced += hb_json_str(hb_json_get(sync, "state"), &state) && hb_str_eq(state, HB_STR("done"));
    add_int(sync, "done", &sums->done);
    add_int(sync, "total", &sums->total);
}

/* Times are RFC 3339 in UTC with milliseconds: their order is that of their bytes. */
static void add_times(struct sums *sums, const struct hb_json *document)
{
    struct hb_str at, next;
    const struct hb_json *batch = hb_json_get(document, "last_batch");
    if (hb_json_str(hb_json_get(batch, "at"), &at) && hb_str_cmp(at, sums->last_at) > 0) {
        sums->last_at = at;
        sums->last_batch = batch;
    }
    if (hb_json_str(hb_json_get(document, "next_try"), &next) &&
        (sums->next_try.len == 0 || hb_str_cmp(next, sums->next_try) < 0))
        sums->next_try = next;
}

static bool is_gone(const struct hb_sm_api *api, struct hb_str worker, struct hb_wall *ret_seen)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_str value =
        hb_registry_record(api->options.registry, hb_sm_heartbeat_key(HB_SM_HEARTBEAT_PREFIX, worker, key));
    return hb_sm_heartbeat_read(value, hb_loop_wall(api->options.loop), ret_seen) >= HB_SM_HEARTBEAT_GONE;
}

/* A place for what a worker tells; NULL: none is left. Nothing else refers to the document of one that is gone. */
static struct told *place_for(struct sums *sums, bool is_gone)
{
    if (sums->count < WORKERS_MAX)
        return &sums->told[sums->count++];
    for (size_t i = 0; i < WORKERS_MAX && !is_gone; i++)
        if (sums->told[i].is_gone) {
            hb_json_free(&sums->told[i].document);
            return &sums->told[i];
        }
    return NULL;
}

static void add_figures(struct sums *sums, const struct hb_json *document)
{
    double rate = 0;
    add_int(document, "lag", &sums->lag);
    add_int(document, "waiting", &sums->waiting);
    add_int(document, "aside", &sums->aside);
    add_int(document, "sent", &sums->sent);
    add_int(document, "accepted", &sums->accepted);
    add_int(document, "trimmed", &sums->trimmed);
    add_int(document, "refused", &sums->refused);
    if (hb_json_number(hb_json_get(document, "rate"), &rate))
        sums->rate += rate;
    if (!sums->unusable)
        sums->unusable = hb_json_get(document, "unusable");
    add_sync(sums, hb_json_get(document, "sync"));
    add_times(sums, document);
}

static void add_worker(void *user, struct hb_str key, struct hb_str value)
{
    struct sums *sums = user;
    struct hb_str store, connector;
    struct told told = {.document = NULL};
    if (!hb_connector_key_read(HB_CONNECTOR_STATUS, key, &store, &connector, &told.worker) ||
        hb_json_parse(value, &told.document, NULL))
        return;
    told.is_gone = is_gone(sums->api, told.worker, &told.seen);
    struct told *place = place_for(sums, told.is_gone);
    if (!place) {
        hb_json_free(&told.document);
        return;
    }
    *place = told;
    if (!told.is_gone)
        add_figures(sums, told.document);
}

static void sums_deinit(struct sums *sums)
{
    for (size_t i = 0; i < sums->count; i++)
        hb_json_free(&sums->told[i].document);
}

/* ---- partitions ---- */

/* connector-position/<store>/<connector>/<partition>: where a detached partition stands, or that it is attached again,
 * with the last sync that was begun there. It is under way while it is why the partition is detached. */
struct detached {
    struct hb_str sync;     /* that is asked for */
    size_t count;           /* partitions detached */
    size_t syncing, synced; /* of all: with that sync under way, and behind them */
};

static void add_position(void *user, struct hb_str key, struct hb_str value)
{
    struct detached *detached = user;
    struct hb_json *document = NULL;
    struct hb_str sync = {NULL, 0}, why = {NULL, 0};
    bool is_attached = false;
    (void)key;
    if (hb_json_parse(value, &document, NULL))
        return;
    (void)hb_json_bool(hb_json_get(document, "attached"), &is_attached);
    (void)hb_json_str(hb_json_get(document, "why"), &why);
    bool is_of_sync = hb_json_str(hb_json_get(document, "sync"), &sync) && hb_str_eq(sync, detached->sync);
    bool is_syncing = is_of_sync && !is_attached && hb_str_eq(why, HB_STR("sync"));
    detached->count += !is_attached;
    detached->syncing += is_syncing;
    detached->synced += is_of_sync && !is_syncing;
    hb_json_free(&document);
}

static void read_sums(const struct hb_sm_api *api, const struct hb_connector *connector, struct sums *ret_sums,
                      struct detached *ret_detached)
{
    char prefix[HB_CONNECTOR_KEY_MAX];
    *ret_sums = (struct sums){.api = api, .connector = connector};
    *ret_detached = (struct detached){.sync = connector->sync.id};
    hb_registry_each_record(api->options.registry, hb_sm_api_prefix(HB_CONNECTOR_STATUS, connector->store, prefix),
                            add_worker, ret_sums);
    hb_registry_each_record(api->options.registry, hb_sm_api_prefix(HB_CONNECTOR_POSITION, connector->store, prefix),
                            add_position, ret_detached);
}

static const char *const sync_texts[HB_SM_API_SYNC_STATE_COUNT] = {
#define SYNC_TEXT(name, text) text,
    HB_SM_API_SYNC_STATES(SYNC_TEXT)
#undef SYNC_TEXT
};

static enum hb_sm_api_sync_state sync_state(const struct hb_connector *connector, const struct sums *sums,
                                            const struct detached *detached)
{
    size_t partitions = (size_t)hb_topic_spec(HB_TOPIC_CATALOG)->partitions;
    if (connector->sync.id.len == 0)
        return HB_SM_API_SYNC_NONE;
    if (detached->syncing > 0)
        return HB_SM_API_SYNC_RUNNING;
    if (detached->synced >= partitions || (sums->syncing > 0 && sums->synced == sums->syncing))
        return HB_SM_API_SYNC_DONE;
    return sums->syncing > 0 || detached->synced > 0 ? HB_SM_API_SYNC_RUNNING : HB_SM_API_SYNC_WAITING;
}

static struct hb_sm_api_sync_progress progress_of(const struct hb_connector *connector, const struct sums *sums,
                                                  const struct detached *detached)
{
    struct hb_sm_api_sync_progress progress = {sync_state(connector, sums, detached), sums->done, sums->total};

    /* The positions that say so stand in the registry seconds before the workers' next figures. */
    if (progress.state == HB_SM_API_SYNC_DONE)
        progress.done = progress.total;
    return progress;
}

struct hb_sm_api_sync_progress hb_sm_api_sync_read(const struct hb_sm_api *api, const struct hb_connector *connector)
{
    struct sums sums;
    struct detached detached;
    read_sums(api, connector, &sums, &detached);
    struct hb_sm_api_sync_progress progress = progress_of(connector, &sums, &detached);
    sums_deinit(&sums);
    return progress;
}

/* ---- GET …/status ---- */

static void add_raw(struct hb_json_writer *w, const char *name, const struct hb_json *value)
{
    struct hb_buf text = hb_buf_make(SM_API_ANSWER_BYTES_MAX);
    if (value && hb_json_print(value, &text) == HB_OK)
        hb_json_add_raw(w, name, hb_buf_str(&text));
    hb_buf_deinit(&text);
}

static void show_sync(struct hb_json_writer *w, const struct hb_connector *connector,
                      const struct hb_sm_api_sync_progress *progress)
{
    if (connector->sync.id.len == 0)
        return;
    hb_json_object(w, "sync");
    hb_json_add_str(w, "id", connector->sync.id);
    hb_json_add_wall(w, "at", connector->sync.at);
    hb_json_add_str(w, "state", hb_str_c(sync_texts[progress->state]));
    hb_json_add_int(w, "done", progress->done);
    hb_json_add_int(w, "total", progress->total);
    hb_json_close_object(w);
}

static void show_workers(struct hb_json_writer *w, const struct sums *sums)
{
    hb_json_array(w, "workers");
    for (size_t i = 0; i < sums->count; i++) {
        const struct told *told = &sums->told[i];
        hb_json_object(w, NULL);
        hb_json_add_str(w, "worker", told->worker);
        if (told->is_gone) {
            hb_json_add_bool(w, "gone", true);
            hb_json_add_wall(w, "seen", told->seen);
        }
        add_raw(w, "says", told->document);
        hb_json_close_object(w);
    }
    hb_json_close_array(w);
}

static void show_figures(struct hb_json_writer *w, const struct sums *sums)
{
    hb_json_add_int(w, "lag", sums->lag);
    hb_json_add_int(w, "waiting", sums->waiting);
    hb_json_add_int(w, "aside", sums->aside);
    hb_json_add_int(w, "sent", sums->sent);
    hb_json_add_int(w, "accepted", sums->accepted);
    hb_json_add_int(w, "trimmed", sums->trimmed);
    hb_json_add_int(w, "refused", sums->refused);
    hb_json_add_int(w, "rate", (int64_t)(sums->rate + 0.5));
    add_raw(w, "last_batch", sums->last_batch);
    if (sums->next_try.len > 0)
        hb_json_add_str(w, "next_try", sums->next_try);
}

static void show_status(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_json_writer *w)
{
    struct sums sums;
    struct detached detached;
    read_sums(api, connector, &sums, &detached);
    struct hb_sm_api_sync_progress progress = progress_of(connector, &sums, &detached);
    hb_json_add_str(w, "store", connector->store);
    hb_json_add_str(w, "connector", connector->id);
    hb_json_add_int(w, "revision", connector->revision);
    hb_sm_api_show_state(api, connector, w);
    add_raw(w, "unusable", sums.unusable);
    hb_json_object(w, "catalog");
    hb_json_add_str(w, "id", connector->catalog.id);
    hb_json_add_str(w, "name", connector->catalog.name);
    hb_json_close_object(w);
    show_figures(w, &sums);
    hb_json_add_int(w, "dead", (int64_t)hb_sm_api_dead_count(api, connector->store));
    hb_json_add_int(w, "detached", (int64_t)detached.count);
    show_sync(w, connector, &progress);
    show_workers(w, &sums);
    sums_deinit(&sums);
}

void hb_sm_api_status(void *user, struct hb_http_call *call)
{
    struct hb_connector connector;
    struct hb_http_json out;
    if (!hb_sm_api_may(user, call, HB_SCOPE_READ) || !hb_sm_api_load_or_answer(user, call, &connector))
        return;
    hb_sm_api_answer_begin(&out);
    show_status(user, &connector, &out.w);
    hb_sm_api_answer_send(call, &out, 200, connector.revision);
    hb_connector_deinit(&connector);
}

/* ---- POST …/sync ---- */

/* One that is under way is not begun again: who asks twice sees the same. */
static enum hb_pen_verdict edit_sync(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    bool is_restart = false;
    const struct hb_json *restart = hb_json_get(change->body, "restart");
    if (restart && !hb_json_bool(restart, &is_restart)) {
        (void)hb_http_refuse_field(&change->problem, "restart", "restart is neither true nor false.", "true or false");
        return HB_PEN_REFUSE;
    }
    struct hb_sm_api_sync_progress progress = hb_sm_api_sync_read(change->api, connector);
    bool is_under_way = progress.state == HB_SM_API_SYNC_WAITING || progress.state == HB_SM_API_SYNC_RUNNING;
    if (is_under_way && !is_restart)
        return HB_PEN_NOTHING;
    connector->sync = (struct hb_connector_wish){hb_str_c(change->wish_id), hb_loop_wall(change->api->options.loop)};
    return HB_PEN_WRITE;
}

static void show_sync_asked(struct hb_sm_api_change *change, const struct hb_connector *connector,
                            struct hb_json_writer *w)
{
    struct hb_sm_api_sync_progress progress = hb_sm_api_sync_read(change->api, connector);
    hb_json_add_bool(w, "begun", hb_str_eq(connector->sync.id, hb_str_c(change->wish_id)));
    show_sync(w, connector, &progress);
    hb_sm_api_show_state(change->api, connector, w);
}

void hb_sm_api_sync(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"restart", NULL};
    static const struct hb_sm_api_change_kind KIND = {
        .action = "connector.sync", .status = 202, .edit = edit_sync, .show = show_sync_asked};
    hb_sm_api_change_run(user, call, &KIND, NAMES);
}
