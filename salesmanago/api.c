#include "platform/loop/loop.h"
#include "salesmanago/api_internal.h"

#include <stdlib.h>

const struct hb_api_key *hb_sm_api_may(const struct hb_sm_api *api, struct hb_http_call *call, enum hb_scope scope)
{
    struct hb_str store = hb_http_call_param(call, "store");
    if (store.len == 0) { /* hb_access_check would take it for all stores */
        hb_http_call_problem(call, 404, "not_found", "There is no such store", "The path names no store.", NULL, NULL);
        return NULL;
    }
    return hb_access_check(api->options.registry, call, scope, store, hb_loop_wall(api->options.loop));
}

bool hb_sm_api_load(const struct hb_sm_api *api, struct hb_str store, struct hb_connector *ret_connector)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_str value = hb_registry_record(
        api->options.registry, hb_connector_key(HB_CONNECTOR_RECORD, store, HB_STR(HB_CONNECTOR_ID), key));
    if (hb_connector_read(value, ret_connector))
        return false;
    if (ret_connector->status != HB_CONNECTOR_DELETED)
        return true;
    hb_connector_deinit(ret_connector);
    return false;
}

bool hb_sm_api_load_or_answer(const struct hb_sm_api *api, struct hb_http_call *call,
                              struct hb_connector *ret_connector)
{
    if (hb_sm_api_load(api, hb_http_call_param(call, "store"), ret_connector))
        return true;
    hb_http_call_problem(call, 404, "not_found", "There is no such object",
                         "The store has no SALESmanago connector: connect it first (hookbus salesmanago connect).",
                         NULL, NULL);
    return false;
}

/* ---- showing ---- */

static void show_pause(const struct hb_connector_state *state, struct hb_json_writer *w)
{
    hb_json_add_str(w, "status", HB_STR("paused"));
    hb_json_add_str(w, "reason", hb_str_c(hb_connector_pause_text(state->reason)));
    if (state->code > 0)
        hb_json_add_int(w, "code", state->code);
    if (state->field.len > 0)
        hb_json_add_str(w, "field", state->field);
    if (state->words.len > 0)
        hb_json_add_str(w, "words", state->words);
    hb_json_add_wall(w, "since", state->at);
    hb_json_add_str(w, "todo", hb_str_c(hb_connector_pause_todo(state->reason)));
}

void hb_sm_api_show_state(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_json_writer *w)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_connector_state state = {.revision = 0};
    struct hb_str value = hb_registry_record(
        api->options.registry, hb_connector_key(HB_CONNECTOR_STATE, connector->store, connector->id, key));
    if (connector->status == HB_CONNECTOR_PAUSED) {
        hb_json_add_str(w, "status", HB_STR("paused"));
        hb_json_add_str(w, "reason", HB_STR("operator"));
        hb_json_add_str(w, "todo", HB_STR("An operator paused it. To go on: hookbus salesmanago resume"));
    } else if (hb_connector_state_read(value, &state) == HB_OK && hb_connector_state_holds(&state, connector)) {
        show_pause(&state, w);
    } else {
        hb_json_add_str(w, "status", hb_str_c(hb_connector_status_text(connector->status)));
    }
    hb_connector_state_deinit(&state);
}

static void show_wish(const char *name, const struct hb_connector_wish *wish, struct hb_json_writer *w)
{
    if (wish->id.len == 0)
        return;
    hb_json_object(w, name);
    hb_json_add_str(w, "id", wish->id);
    hb_json_add_wall(w, "at", wish->at);
    hb_json_close_object(w);
}

void hb_sm_api_show(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_json_writer *w)
{
    hb_json_add_str(w, "id", connector->id);
    hb_json_add_str(w, "store", connector->store);
    hb_json_add_str(w, "kind", HB_STR(HB_CONNECTOR_KIND));
    hb_json_add_str(w, "name", connector->name);
    hb_json_add_int(w, "revision", connector->revision);
    hb_sm_api_show_state(api, connector, w);
    hb_json_add_str(w, "base_url", connector->base_url);
    hb_json_object(w, "key");
    hb_json_add_bool(w, "sealed", connector->sealed_key.len > 0);
    hb_json_close_object(w);
    hb_json_object(w, "catalog");
    hb_json_add_str(w, "id", connector->catalog.id);
    hb_json_add_str(w, "name", connector->catalog.name);
    hb_json_add_str(w, "currency", connector->catalog.currency);
    hb_json_add_str(w, "location", connector->catalog.location);
    hb_json_close_object(w);
    if (connector->language.len > 0)
        hb_json_add_str(w, "language", connector->language);
    hb_json_add_str(w, "mapping", connector->mapping.len > 0 ? HB_STR("own") : HB_STR("default"));
    show_wish("sync", &connector->sync, w);
    show_wish("replay", &connector->replay, w);
    hb_json_add_wall(w, "created", connector->created);
    hb_json_add_wall(w, "updated", connector->updated);
}

static void show(void *user, struct hb_http_call *call)
{
    struct hb_connector connector;
    struct hb_http_json out;
    if (!hb_sm_api_may(user, call, HB_SCOPE_READ) || !hb_sm_api_load_or_answer(user, call, &connector))
        return;
    hb_sm_api_answer_begin(&out);
    hb_sm_api_show(user, &connector, &out.w);
    hb_sm_api_answer_send(call, &out, 200, connector.revision);
    hb_connector_deinit(&connector);
}

/* ---- simple changes ---- */

static enum hb_pen_verdict edit_pause(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    (void)change;
    if (connector->status == HB_CONNECTOR_PAUSED)
        return HB_PEN_NOTHING;
    connector->status = HB_CONNECTOR_PAUSED;
    return HB_PEN_WRITE;
}

/* Whoever says resume means: forget why it was paused. That may stand where this registry does not show it yet. */
static enum hb_pen_verdict edit_resume(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    (void)change;
    connector->status = HB_CONNECTOR_ACTIVE;
    connector->enabled_revision = connector->revision;
    return HB_PEN_WRITE;
}

/* Its key, under the newest sealing key; SALESmanago is not asked. To a worker it is another key: what it was about to
 * send is made anew. */
static enum hb_pen_verdict edit_reseal(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    const struct hb_keyring *keyring = change->api->options.keyring;
    if (!keyring)
        return hb_sm_api_change_refuse(change, 503, "sealing_key_missing",
                                       "This process has no sealing key (secrets.key_file).");
    change->sealed.len = 0; /* a change that another writer came before is judged again */
    enum hb_err err = hb_reseal(keyring, hb_connector_place(connector->store, connector->id), connector->sealed_key,
                                &change->sealed);
    if (err == HB_ERR_MEMORY || err == HB_ERR_FULL)
        return hb_sm_api_change_refuse(change, 503, "own_trouble", "Out of memory.");
    if (err)
        return hb_sm_api_change_refuse(change, 409, "cannot_be_opened",
                                       "Its API key cannot be opened with the sealing keys at hand: bring its sealing "
                                       "key back, or connect anew (hookbus salesmanago connect).");
    connector->sealed_key = hb_buf_str(&change->sealed);
    return HB_PEN_WRITE;
}

/* The record stays, so that revisions go on; what it knew of the account goes. */
static enum hb_pen_verdict edit_delete(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    (void)change;
    connector->status = HB_CONNECTOR_DELETED;
    connector->sealed_key = (struct hb_str){NULL, 0};
    connector->mapping = (struct hb_str){NULL, 0};
    connector->sync = connector->replay = (struct hb_connector_wish){.id = {NULL, 0}};
    connector->products_count = 0;
    return HB_PEN_WRITE;
}

static const char *const NO_NAMES[] = {NULL};

static void pause_sending(void *user, struct hb_http_call *call)
{
    static const struct hb_sm_api_change_kind KIND = {.action = "connector.pause", .status = 200, .edit = edit_pause};
    hb_sm_api_change_run(user, call, &KIND, NO_NAMES);
}

static void resume(void *user, struct hb_http_call *call)
{
    static const struct hb_sm_api_change_kind KIND = {.action = "connector.resume", .status = 200, .edit = edit_resume};
    hb_sm_api_change_run(user, call, &KIND, NO_NAMES);
}

static void reseal(void *user, struct hb_http_call *call)
{
    static const struct hb_sm_api_change_kind KIND = {.action = "connector.reseal", .status = 200, .edit = edit_reseal};
    hb_sm_api_change_run(user, call, &KIND, NO_NAMES);
}

static void forget(void *user, struct hb_http_call *call)
{
    static const struct hb_sm_api_change_kind KIND = {
        .action = "connector.delete", .needs_match = true, .status = 204, .edit = edit_delete};
    hb_sm_api_change_run(user, call, &KIND, NO_NAMES);
}

/* ---- life ---- */

static const struct hb_http_route ROUTES[] = {
    {"GET", "/v1/stores/{store}/connectors/salesmanago", show, NULL},
    {"PUT", "/v1/stores/{store}/connectors/salesmanago", hb_sm_api_connect, NULL},
    {"DELETE", "/v1/stores/{store}/connectors/salesmanago", forget, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/test", hb_sm_api_test, NULL},
    {"GET", "/v1/stores/{store}/connectors/salesmanago/catalogs", hb_sm_api_catalogs, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/catalogs", hb_sm_api_catalog_make, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/pause", pause_sending, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/resume", resume, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/reseal", reseal, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/sync", hb_sm_api_sync, NULL},
    {"GET", "/v1/stores/{store}/connectors/salesmanago/status", hb_sm_api_status, NULL},
    {"GET", "/v1/stores/{store}/connectors/salesmanago/products", hb_sm_api_products, NULL},
    {"GET", "/v1/stores/{store}/connectors/salesmanago/dead", hb_sm_api_dead, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/dead/replay", hb_sm_api_dead_replay, NULL},
    {"GET", "/v1/stores/{store}/connectors/salesmanago/mapping", hb_sm_api_mapping_show, NULL},
    {"PUT", "/v1/stores/{store}/connectors/salesmanago/mapping", hb_sm_api_mapping_set, NULL},
    {"DELETE", "/v1/stores/{store}/connectors/salesmanago/mapping", hb_sm_api_mapping_reset, NULL},
    {"POST", "/v1/stores/{store}/connectors/salesmanago/mapping/test", hb_sm_api_mapping_test, NULL},
};
#define ROUTES_COUNT (sizeof ROUTES / sizeof *ROUTES)
_Static_assert(ROUTES_COUNT <= SM_API_ROUTES_MAX, "SM_API_ROUTES_MAX");

enum hb_err hb_sm_api_new(const struct hb_sm_api_options *options, struct hb_http_server *server,
                          struct hb_sm_api **ret_api)
{
    struct hb_sm_api *api = calloc(1, sizeof *api);
    if (!api)
        return HB_ERR_MEMORY;
    api->options = *options;
    memcpy(api->routes, ROUTES, sizeof ROUTES);
    for (size_t i = 0; i < ROUTES_COUNT; i++)
        api->routes[i].user = api;
    enum hb_err err = hb_http_server_mount(server, api->routes, ROUTES_COUNT);
    if (err)
        hb_sm_api_free(&api);
    else
        *ret_api = api;
    return err;
}

void hb_sm_api_free(struct hb_sm_api **api)
{
    if (!*api)
        return;
    hb_sm_api_scan_end_all(*api);
    hb_sm_api_call_end_all(*api);
    free(*api);
    *api = NULL;
}
