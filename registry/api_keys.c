#include "registry/api_internal.h"

#include "core/utf8.h"
#include "core/words.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"

/* ---- create ---- */

static bool read_scopes(const struct hb_json *value, struct hb_api_key *key, struct hb_http_problem *problem)
{
    static const char SHOULD[] = "at least one of publish, read, read:data, manage";
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item)) {
        struct hb_str text;
        int scope = hb_json_str(item, &text) ? hb_scope_find(text) : -1;
        if (scope < 0) {
            return hb_http_refuse_field(problem, "scopes", "scopes holds an unknown scope.", SHOULD);
        }
        key->scopes |= 1U << scope;
    }
    return key->scopes != 0 || hb_http_refuse_field(problem, "scopes", "A key needs scopes.", SHOULD);
}

static bool read_expires(const struct hb_json *value, struct hb_wall now, struct hb_api_key *key,
                         struct hb_http_problem *problem)
{
    if (!value || hb_json_kind(value) == HB_JSON_NULL) {
        return true;
    }
    if (!hb_json_wall(value, &key->expires) || key->expires.ms <= now.ms) {
        return hb_http_refuse_field(problem, "expires", "expires is no time to come.",
                                    "RFC 3339: 2027-01-31T12:00:00Z");
    }
    return true;
}

static bool members_are_known(const struct hb_json *body, struct hb_http_problem *problem)
{
    static const char *const NAMES[] = {"name", "scopes", "expires", "store"};
    for (const struct hb_json *item = hb_json_first(body); item; item = hb_json_next(item)) {
        if (HB_WORDS_FIND(NAMES, hb_json_name(item)) < 0) {
            return hb_http_refuse_field(problem, NULL, "The body has an unknown member.",
                                        "name, scopes, expires, store");
        }
    }
    return true;
}

/* A store that is no text must not make a key for all stores, nor one that another path names. */
static bool store_is_text(const struct api_change *change, struct hb_http_problem *problem)
{
    const struct hb_json *value = hb_json_get(change->body, "store");
    struct hb_str store;
    bool is_good = !value || (hb_json_str(value, &store) && store.len > 0 && hb_str_eq(store, hb_str_c(change->store)));
    return is_good ||
           hb_http_refuse_field(problem, "store", "store is not the id of the store the key is for.",
                                "the id of a store as text; without it POST /v1/keys makes a key for all stores");
}

/* The key as the body asks for it; name and store are views into the change and its body. */
static bool read_key(struct api_change *change, struct hb_api_key *ret_key)
{
    const struct hb_json *name = hb_json_get(change->body, "name");
    struct hb_api_key key = {.prefix = hb_str_c(change->id), .store = hb_str_c(change->store), .expires = {INT64_MAX}};
    if (!members_are_known(change->body, &change->problem) || !store_is_text(change, &change->problem)) {
        return false;
    }
    if (name && (!hb_json_str(name, &key.name) || key.name.len > HB_KEY_NAME_MAX || !hb_utf8_is_valid(key.name))) {
        return hb_http_refuse_field(&change->problem, "name", "name cannot be used.", "text of at most 128 bytes");
    }
    if (!read_scopes(hb_json_get(change->body, "scopes"), &key, &change->problem) ||
        !read_expires(hb_json_get(change->body, "expires"), hb_loop_wall(change->api->loop), &key, &change->problem)) {
        return false;
    }
    /* Nobody gives what he has not. */
    if (key.scopes & ~hb_scopes_effective(change->scopes)) {
        return hb_http_refuse(&change->problem, 403, "forbidden", "A key can give only scopes it has itself.");
    }
    *ret_key = key;
    return true;
}

static enum hb_pen_verdict judge_create(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct hb_api_key key;
    const struct hb_store *store = hb_registry_store(change->api->registry, hb_str_c(change->store));
    if (change->store[0] && (!store || store->is_deleted)) {
        return hb_api_change_refuse(change, 404, "not_found", "There is no such store.");
    }
    if (!read_key(change, &key)) {
        return HB_PEN_REFUSE;
    }
    if (!hb_registry_has_key_room(change->api->registry, hb_str_c(change->store), hb_loop_wall(change->api->loop))) {
        return hb_api_change_refuse(
            change, 409, "too_many_keys",
            "The store has 1000 keys that are neither revoked nor expired: revoke those nobody uses.");
    }
    if (hb_registry_record(change->api->registry, hb_str_c(change->object)).len > 0) {
        return hb_api_change_refuse(change, 503, "own_trouble", "The new key's prefix is taken; try again.");
    }
    hb_sha256(hb_str_c(change->secret), key.hash);
    *ret_revision = 1;
    if (hb_api_key_write(&key, hb_loop_wall(change->api->loop), ret_value)) {
        return hb_api_change_refuse(change, 503, "own_trouble", "The record could not be made.");
    }
    return HB_PEN_WRITE;
}

static void answer_created(struct api_change *change)
{
    struct hb_api_key key;
    struct hb_http_json answer;
    if (!read_key(change, &key)) {
        /* Judged a moment ago: only its end can have passed since. */
        hb_http_call_refuse(change->call, &change->problem, API_RETRY_AFTER_S);
        return;
    }
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    hb_json_object(&answer.w, NULL);
    hb_api_key_add_common(&answer.w, &key);
    hb_json_add_str(&answer.w, "key", hb_str_c(change->secret));
    hb_json_close_object(&answer.w);
    hb_http_json_send(change->call, &answer, 201, 0);
}

static void create(struct hb_registry_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                   struct hb_str store)
{
    static const struct api_change_kind KIND = {"key.create", false, true, judge_create, answer_created};
    char token[HB_KEY_TOKEN_BYTES + 1];
    struct api_change *change = key ? hb_api_change_new(api, call, key, &KIND) : NULL;
    if (!change) {
        return;
    }
    if (store.len == 0) {
        (void)hb_json_str(hb_json_get(change->body, "store"), &store);
    }
    hb_key_token_make(token);
    if (hb_api_change_name(change, "key", store, hb_key_token_prefix(hb_str_c(token)))) {
        memcpy(change->secret, token, sizeof(token));
        hb_api_change_submit(change);
    }
    hb_wipe(token, sizeof(token));
}

/* ---- revoke ---- */

/* The key of this prefix, if it belongs to the store the request came by; store empty: any. */
static const struct registry_key *key_of(const struct hb_registry_api *api, struct hb_str store, struct hb_str prefix)
{
    const struct registry_key *entry = hb_map_get(&api->registry->keys, prefix);
    bool is_of_store = entry && (store.len == 0 || hb_str_eq(entry->key.store, store));
    return is_of_store ? entry : NULL;
}

static enum hb_pen_verdict judge_revoke(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    const struct registry_key *entry = key_of(change->api, hb_str_c(change->store), hb_str_c(change->id));
    if (!entry) {
        return hb_api_change_refuse(change, 404, "not_found", "There is no key of this prefix.");
    }
    if (entry->key.is_revoked) {
        return HB_PEN_NOTHING;
    }
    struct hb_api_key key = entry->key;
    key.is_revoked = true;
    *ret_revision = 2;
    if (hb_api_key_write(&key, (struct hb_wall){INT64_MIN}, ret_value)) {
        return hb_api_change_refuse(change, 503, "own_trouble", "The record could not be made.");
    }
    return HB_PEN_WRITE;
}

static void answer_revoked(struct api_change *change)
{
    hb_http_call_answer(change->call, 204, "application/json", (struct hb_str){NULL, 0});
}

static void revoke(struct hb_registry_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                   struct hb_str store)
{
    static const struct api_change_kind KIND = {"key.revoke", false, false, judge_revoke, answer_revoked};
    struct api_change *change = key ? hb_api_change_new(api, call, key, &KIND) : NULL;
    if (change && hb_api_change_name(change, "key", store, hb_http_call_param(call, "prefix"))) {
        hb_api_change_submit(change);
    }
}

/* ---- show ---- */

static void show(struct hb_registry_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                 struct hb_str store)
{
    const struct registry_key *entry = key ? key_of(api, store, hb_http_call_param(call, "prefix")) : NULL;
    struct hb_http_problem problem = {0};
    struct hb_http_json answer;
    if (key && !entry) {
        (void)hb_http_refuse(&problem, 404, "not_found", "There is no key of this prefix.");
        hb_http_call_refuse(call, &problem, API_RETRY_AFTER_S);
    } else if (key) {
        hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
        hb_json_object(&answer.w, NULL);
        hb_api_key_add_common(&answer.w, &entry->key);
        hb_json_close_object(&answer.w);
        hb_http_json_send(call, &answer, 200, 0);
    }
}

/* ---- list ---- */

struct listing {
    struct api_page page;
    struct hb_str store; /* empty: all keys */
};

static void add_to_page(void *user, const struct hb_api_key *key)
{
    struct listing *listing = user;
    bool is_wanted = listing->store.len == 0 || hb_str_eq(key->store, listing->store);
    if (is_wanted && hb_api_page_takes(&listing->page, key->prefix)) {
        hb_json_object(&listing->page.answer.w, NULL);
        hb_api_key_add_common(&listing->page.answer.w, key);
        hb_json_close_object(&listing->page.answer.w);
    }
}

static void list(struct hb_registry_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                 struct hb_str store)
{
    struct listing listing = {.store = store};
    if (key && hb_api_page_begin(call, &listing.page)) {
        hb_registry_each_key(api->registry, add_to_page, &listing);
        hb_api_page_send(call, &listing.page);
    }
}

/* ---- routes: all keys, and those of a store ---- */

typedef void key_verb(struct hb_registry_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                      struct hb_str store);

static void with_all(struct hb_registry_api *api, struct hb_http_call *call, key_verb *verb)
{
    struct hb_str all = {NULL, 0};
    verb(api, call, hb_access_check_key(api->registry, call, HB_SCOPE_MANAGE, all, hb_loop_wall(api->loop)), all);
}

static void with_store(struct hb_registry_api *api, struct hb_http_call *call, key_verb *verb)
{
    struct hb_str store = hb_http_call_param(call, "store");
    verb(api, call, hb_access_check(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop)), store);
}

static void list_keys(void *user, struct hb_http_call *call) { with_all(user, call, list); }
static void create_key(void *user, struct hb_http_call *call) { with_all(user, call, create); }
static void show_key(void *user, struct hb_http_call *call) { with_all(user, call, show); }
static void revoke_key(void *user, struct hb_http_call *call) { with_all(user, call, revoke); }
static void list_store_keys(void *user, struct hb_http_call *call) { with_store(user, call, list); }
static void create_store_key(void *user, struct hb_http_call *call) { with_store(user, call, create); }
static void show_store_key(void *user, struct hb_http_call *call) { with_store(user, call, show); }
static void revoke_store_key(void *user, struct hb_http_call *call) { with_store(user, call, revoke); }

size_t hb_api_key_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"GET", "/v1/keys", list_keys, NULL},
        {"POST", "/v1/keys", create_key, NULL},
        {"GET", "/v1/keys/{prefix}", show_key, NULL},
        {"DELETE", "/v1/keys/{prefix}", revoke_key, NULL},
        {"GET", "/v1/stores/{store}/keys", list_store_keys, NULL},
        {"POST", "/v1/stores/{store}/keys", create_store_key, NULL},
        {"GET", "/v1/stores/{store}/keys/{prefix}", show_store_key, NULL},
        {"DELETE", "/v1/stores/{store}/keys/{prefix}", revoke_store_key, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
