#include "registry/api_webhook_change.h"

#include "core/ids.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "registry/webhook_show.h"
#include "registry/webhook_url.h"

static const struct hb_api_key *check(struct hb_registry_api *api, struct hb_http_call *call, enum hb_scope scope)
{
    return hb_access_check(api->registry, call, scope, hb_http_call_param(call, "store"), hb_loop_wall(api->loop));
}

/* ---- create ---- */

static enum hb_pen_verdict judge_create(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    const struct hb_store *store = hb_registry_store(change->api->registry, hb_str_c(change->store));
    if (!store || store->is_deleted) {
        return hb_api_change_refuse(change, 404, "not_found", "The store was deleted.");
    }
    if (!hb_registry_has_webhook_room(change->api->registry, hb_str_c(change->store),
                                      hb_loop_wall(change->api->loop))) {
        return hb_api_change_refuse(
            change, 409, "too_many_webhooks",
            "The store has 10000 webhooks, those deleted in the last 36 days included: change one that is no "
            "longer needed (PATCH) instead of making another.");
    }
    struct webhook_edit *edit = hb_webhook_edit_make(change);
    if (!edit) {
        return HB_PEN_REFUSE;
    }
    struct hb_webhook_config *config = &edit->merge.config;
    hb_webhook_config_init(config, change->api->webhook_timeout_ms);
    config->id = hb_str_c(change->id);
    config->store = hb_str_c(change->store);
    config->revision = config->enabled_revision = 1;
    config->updated = hb_loop_wall(change->api->loop);
    edit->merge.is_new = true;
    if (!hb_webhook_merge_run(&edit->merge, change->body) ||
        !hb_webhook_edit_add_secret(edit, change, (struct hb_wall){INT64_MAX})) {
        hb_webhook_edit_free(&edit);
        return HB_PEN_REFUSE;
    }
    return hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
}

static void answer_created(struct api_change *change)
{
    struct hb_buf location = hb_buf_make(256);
    if (hb_buf_addf(&location, "/v1/stores/%s/webhooks/%s", change->store, change->id) == HB_OK) {
        hb_http_call_add_header(change->call, "Location", hb_buf_str(&location));
    }
    hb_buf_deinit(&location);
    hb_webhook_answer(change, 201);
}

static void make_id(char ret_id[HB_WEBHOOK_ID_BYTES + 1])
{
    unsigned char random[16];
    hb_random_bytes(random, sizeof(random));
    memcpy(ret_id, "wh_", 3);
    hb_base32_16(random, ret_id + 3);
}

static void create_webhook(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"webhook.create", false, true, judge_create, answer_created};
    struct hb_registry_api *api = user;
    char id[HB_WEBHOOK_ID_BYTES + 1];
    const struct hb_api_key *key = check(api, call, HB_SCOPE_MANAGE);
    struct api_change *change = key ? hb_api_change_new(api, call, key, &KIND) : NULL;
    make_id(id);
    if (!change || !hb_api_change_name(change, "webhook", hb_http_call_param(call, "store"), hb_str_c(id))) {
        return;
    }
    if (!hb_webhook_choose_secret(change)) {
        hb_api_change_drop(change);
        return;
    }
    hb_api_change_submit(change);
}

/* ---- change, delete ---- */

static enum hb_pen_verdict judge_patch(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct webhook_edit *edit = hb_webhook_edit_new(change);
    if (!edit || !hb_webhook_merge_run(&edit->merge, change->body)) {
        hb_webhook_edit_free(&edit);
        return HB_PEN_REFUSE;
    }
    return hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
}

/* Nothing is sent any more: what was secret need not stand there for as long as the record does. */
static void forget_secrets(struct hb_webhook_config *config)
{
    size_t kept = 0;
    config->secrets_count = 0;
    for (size_t i = 0; i < config->headers_count; i++) {
        if (!config->headers[i].sealed.ptr) {
            config->headers[kept++] = config->headers[i];
        }
    }
    config->headers_count = kept;
    config->url.len -= hb_webhook_url_plain_query(config).len;
    config->url_query = (struct hb_str){NULL, 0};
}

static enum hb_pen_verdict judge_delete(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct webhook_edit *edit = hb_webhook_edit_new(change);
    if (!edit) {
        return HB_PEN_REFUSE;
    }
    edit->merge.config.status = HB_WEBHOOK_DELETED;
    forget_secrets(&edit->merge.config);
    return hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
}

static void answer_patched(struct api_change *change) { hb_webhook_answer(change, 200); }
static void answer_deleted(struct api_change *change)
{
    hb_http_call_answer(change->call, 204, "application/json", (struct hb_str){NULL, 0});
}

static void change_webhook(struct hb_registry_api *api, struct hb_http_call *call, const struct api_change_kind *kind)
{
    const struct hb_api_key *key = check(api, call, HB_SCOPE_MANAGE);
    struct api_change *change = key ? hb_api_change_new(api, call, key, kind) : NULL;
    if (change &&
        hb_api_change_name(change, "webhook", hb_http_call_param(call, "store"), hb_http_call_param(call, "webhook"))) {
        hb_api_change_submit(change);
    }
}

static void patch_webhook(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"webhook.change", true, true, judge_patch, answer_patched};
    change_webhook(user, call, &KIND);
}

static void delete_webhook(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"webhook.delete", true, false, judge_delete, answer_deleted};
    change_webhook(user, call, &KIND);
}

/* ---- read ---- */

static struct hb_webhook_viewer viewer_of(const struct hb_registry_api *api, const struct hb_api_key *key)
{
    return (struct hb_webhook_viewer){.is_manager = (hb_scopes_effective(key->scopes) & (1U << HB_SCOPE_MANAGE)) != 0,
                                      .now = hb_loop_wall(api->loop)};
}

static void show_webhook(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_http_json answer;
    const struct hb_api_key *key = check(api, call, HB_SCOPE_READ);
    if (!key) {
        return;
    }
    const struct hb_webhook_viewer viewer = viewer_of(api, key);
    struct hb_webhook *webhook =
        hb_registry_webhook(api->registry, hb_http_call_param(call, "store"), hb_http_call_param(call, "webhook"));
    if (!webhook || webhook->status == HB_WEBHOOK_DELETED) {
        hb_http_call_problem(call, 404, "not_found", "There is no such webhook",
                             "No webhook of this id belongs to the store.", NULL, NULL);
        return;
    }
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    hb_webhook_show(&answer.w, api->registry, webhook, &viewer);
    hb_http_json_send(call, &answer, 200, webhook->revision);
}

static void list_webhooks(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct api_page page;
    size_t count = 0;
    const struct hb_api_key *key = check(api, call, HB_SCOPE_READ);
    if (!key || !hb_api_page_begin(call, &page)) {
        return;
    }
    const struct hb_webhook_viewer viewer = viewer_of(api, key);
    struct hb_webhook *const *webhooks = hb_registry_webhooks(api->registry, hb_http_call_param(call, "store"), &count);
    for (size_t i = 0; i < count; i++) {
        if (hb_api_page_takes(&page, webhooks[i]->id)) {
            hb_webhook_show(&page.answer.w, api->registry, webhooks[i], &viewer);
        }
    }
    hb_api_page_send(call, &page);
}

size_t hb_api_webhook_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"GET", "/v1/stores/{store}/webhooks", list_webhooks, NULL},
        {"POST", "/v1/stores/{store}/webhooks", create_webhook, NULL},
        {"GET", "/v1/stores/{store}/webhooks/{webhook}", show_webhook, NULL},
        {"PATCH", "/v1/stores/{store}/webhooks/{webhook}", patch_webhook, NULL},
        {"DELETE", "/v1/stores/{store}/webhooks/{webhook}", delete_webhook, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
