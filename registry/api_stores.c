#include "registry/api_internal.h"

#include "core/event_rules.h"
#include "core/utf8.h"
#include "platform/loop/loop.h"

static void add_store(struct hb_json_writer *w, const struct hb_store *store)
{
    hb_json_object(w, NULL);
    hb_json_add_str(w, "id", store->id);
    hb_json_add_str(w, "name", store->name);
    hb_json_add_int(w, "revision", store->revision);
    hb_json_add_bool(w, "check_schemas", store->checks_schemas);
    hb_json_add_wall(w, "created", store->created);
    hb_json_close_object(w);
}

static enum hb_err write_store(const struct hb_store *store, struct hb_wall now, struct hb_buf *ret_value)
{
    struct hb_json_writer w = hb_json_write(ret_value);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", 1);
    hb_json_add_str(&w, "id", store->id);
    hb_json_add_int(&w, "revision", store->revision);
    hb_json_add_str(&w, "name", store->name);
    hb_json_add_bool(&w, "check_schemas", store->checks_schemas);
    hb_json_add_wall(&w, "created", store->created);
    hb_json_add_wall(&w, "updated", now);
    hb_json_add_str(&w, "status", store->is_deleted ? HB_STR("deleted") : HB_STR("active"));
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

/* The members a body may have; id only when the store is made, and there it was read already. */
static bool merge_store(const struct hb_json *body, bool is_new, struct hb_store *store,
                        struct hb_http_problem *problem)
{
    for (const struct hb_json *item = hb_json_first(body); item; item = hb_json_next(item)) {
        struct hb_str name = hb_json_name(item);
        if (hb_str_eq(name, HB_STR("name"))) {
            if (!hb_json_str(item, &store->name) || store->name.len >= HB_STORE_NAME_MAX ||
                !hb_utf8_is_valid(store->name)) {
                return hb_http_refuse_field(problem, "name", "name cannot be used.", "text of at most 127 bytes");
            }
        } else if (hb_str_eq(name, HB_STR("check_schemas"))) {
            if (!hb_json_bool(item, &store->checks_schemas)) {
                return hb_http_refuse_field(problem, "check_schemas", "check_schemas is no truth value.",
                                            "true or false");
            }
        } else if (!(is_new && hb_str_eq(name, HB_STR("id")))) {
            return hb_http_refuse_field(problem, NULL, "The body has a member that is unknown or cannot be changed.",
                                        is_new ? "id, name, check_schemas" : "name, check_schemas");
        }
    }
    return true;
}

static enum hb_pen_verdict write_verdict(struct api_change *change, const struct hb_store *store,
                                         struct hb_buf *ret_value, int64_t *ret_revision)
{
    if (write_store(store, hb_loop_wall(change->api->loop), ret_value)) {
        return hb_api_change_refuse(change, 503, "own_trouble", "The record could not be made.");
    }
    *ret_revision = store->revision;
    return HB_PEN_WRITE;
}

static void answer_store(struct api_change *change, int status)
{
    const struct hb_store *store = hb_registry_store(change->api->registry, hb_str_c(change->store));
    struct hb_http_json answer;
    HB_ASSERT(store != NULL); /* our own reader has applied it */
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    add_store(&answer.w, store);
    hb_http_json_send(change->call, &answer, status, store->revision);
}

/* ---- create ---- */

static enum hb_pen_verdict judge_create(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    const struct hb_store *old = hb_registry_store(change->api->registry, hb_str_c(change->store));
    struct hb_store store = {.id = hb_str_c(change->store), .revision = 1, .created = hb_loop_wall(change->api->loop)};
    if (old) {
        return hb_api_change_refuse(change, 409, "exists_already",
                                    old->is_deleted ? "A store of this id was deleted; its id is not free yet."
                                                    : "There is a store of this id.");
    }
    if (!merge_store(change->body, true, &store, &change->problem)) {
        return HB_PEN_REFUSE;
    }
    return write_verdict(change, &store, ret_value, ret_revision);
}

static void answer_created(struct api_change *change)
{
    struct hb_buf location = hb_buf_make(256);
    if (hb_buf_addf(&location, "/v1/stores/%s", change->store) == HB_OK) {
        hb_http_call_add_header(change->call, "Location", hb_buf_str(&location));
    }
    hb_buf_deinit(&location);
    answer_store(change, 201);
}

static void create_store(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"store.create", false, true, judge_create, answer_created};
    struct hb_registry_api *api = user;
    struct hb_str id = {NULL, 0};
    const struct hb_api_key *key =
        hb_access_check_key(api->registry, call, HB_SCOPE_MANAGE, (struct hb_str){NULL, 0}, hb_loop_wall(api->loop));
    struct api_change *change = key ? hb_api_change_new(api, call, key, &KIND) : NULL;
    if (!change) {
        return;
    }
    if (!hb_json_str(hb_json_get(change->body, "id"), &id) || !hb_event_is_id(id)) {
        (void)hb_http_refuse_field(&change->problem, "id", "A store needs an id.", "1..64 of A-Z a-z 0-9 _ -");
        hb_api_change_drop(change);
        return;
    }
    if (hb_api_change_name(change, "store", id, (struct hb_str){NULL, 0})) {
        hb_api_change_submit(change);
    }
}

/* ---- change, delete ---- */

/* The store as it is, copied to be changed; false: gone, or changed meanwhile. */
static bool current_store(struct api_change *change, struct hb_store *ret_store)
{
    const struct hb_store *old = hb_registry_store(change->api->registry, hb_str_c(change->store));
    if (!old || old->is_deleted) {
        return hb_http_refuse(&change->problem, 404, "not_found", "The store was deleted.");
    }
    *ret_store = *old;
    ret_store->revision++;
    return hb_api_change_matches(change, old->revision);
}

static enum hb_pen_verdict judge_patch(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct hb_store store;
    if (!current_store(change, &store) || !merge_store(change->body, false, &store, &change->problem)) {
        return HB_PEN_REFUSE;
    }
    return write_verdict(change, &store, ret_value, ret_revision);
}

static enum hb_pen_verdict judge_delete(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct hb_store store;
    if (!current_store(change, &store)) {
        return HB_PEN_REFUSE;
    }
    store.is_deleted = true;
    return write_verdict(change, &store, ret_value, ret_revision);
}

static void answer_patched(struct api_change *change) { answer_store(change, 200); }
static void answer_deleted(struct api_change *change)
{
    hb_http_call_answer(change->call, 204, "application/json", (struct hb_str){NULL, 0});
}

static void change_store(struct hb_registry_api *api, struct hb_http_call *call, const struct api_change_kind *kind)
{
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key =
        hb_access_check(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop));
    struct api_change *change = key ? hb_api_change_new(api, call, key, kind) : NULL;
    if (change && hb_api_change_name(change, "store", store, (struct hb_str){NULL, 0})) {
        hb_api_change_submit(change);
    }
}

static void patch_store(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"store.change", true, true, judge_patch, answer_patched};
    change_store(user, call, &KIND);
}

static void delete_store(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"store.delete", true, false, judge_delete, answer_deleted};
    change_store(user, call, &KIND);
}

/* ---- read ---- */

static void show_store(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_str id = hb_http_call_param(call, "store");
    struct hb_http_json answer;
    if (!hb_access_check(api->registry, call, HB_SCOPE_READ, id, hb_loop_wall(api->loop))) {
        return;
    }
    const struct hb_store *store = hb_registry_store(api->registry, id);
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    add_store(&answer.w, store);
    hb_http_json_send(call, &answer, 200, store->revision);
}

static void add_to_page(void *user, const struct hb_store *store)
{
    struct api_page *page = user;
    if (!store->is_deleted && hb_api_page_takes(page, store->id)) {
        add_store(&page->answer.w, store);
    }
}

static void list_stores(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct api_page page;
    struct hb_str all = {NULL, 0};
    if (hb_access_check_key(api->registry, call, HB_SCOPE_READ, all, hb_loop_wall(api->loop)) &&
        hb_api_page_begin(call, &page)) {
        hb_registry_each_store(api->registry, add_to_page, &page);
        hb_api_page_send(call, &page);
    }
}

size_t hb_api_store_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"GET", "/v1/stores", list_stores, NULL},
        {"POST", "/v1/stores", create_store, NULL},
        {"GET", "/v1/stores/{store}", show_store, NULL},
        {"PATCH", "/v1/stores/{store}", patch_store, NULL},
        {"DELETE", "/v1/stores/{store}", delete_store, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
