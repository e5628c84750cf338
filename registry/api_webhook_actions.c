#include "registry/api_webhook_change.h"

#include "core/filter.h"
#include "core/json_scan.h"
#include "platform/loop/loop.h"

#define OVERLAP_S_DEFAULT 86400
#define OVERLAP_S_MAX (30 * 86400)

/* ---- enable, pause, resume, disable, wake ---- */

#define AS_IT_IS HB_WEBHOOK_STATUS_COUNT

/* What an action does to a webhook. */
struct action {
    struct api_change_kind kind;
    enum hb_webhook_status to;     /* AS_IT_IS: the configured status stays */
    bool is_refused_when_disabled; /* pause, resume and wake do not enable */
    bool voids_state;              /* a new enabled_revision: run-time state made before is void */
    bool is_done_anyway;           /* also when nothing would change by what the registry shows */
};

static enum hb_pen_verdict judge_action(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision);
static void answer_webhook(struct api_change *change) { hb_webhook_answer(change, 200); }

/* Who says enable means: forget what hookbus believes. That may stand where the registry does not show it. */
static const struct action ENABLE = {
    {"webhook.enable", false, false, judge_action, answer_webhook}, HB_WEBHOOK_ACTIVE, false, true, true};
static const struct action PAUSE = {
    {"webhook.pause", false, false, judge_action, answer_webhook}, HB_WEBHOOK_PAUSED, true, false, false};
static const struct action RESUME = {
    {"webhook.resume", false, false, judge_action, answer_webhook}, HB_WEBHOOK_ACTIVE, true, false, false};
static const struct action DISABLE = {
    {"webhook.disable", false, false, judge_action, answer_webhook}, HB_WEBHOOK_DISABLED, false, false, false};
static const struct action WAKE = {
    {"webhook.wake", false, false, judge_action, answer_webhook}, AS_IT_IS, true, true, false};

/* Whether run-time state counts that the action would end. */
static bool has_state(const struct hb_registry *registry, struct hb_str webhook)
{
    return hb_registry_rest_record(registry, webhook) || hb_registry_disabled_record(registry, webhook);
}

static enum hb_pen_verdict judge_action(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    /* The kind is the first member of its action. */
    const struct action *action = (const struct action *)(const void *)change->kind;
    struct webhook_edit *edit = hb_webhook_edit_new(change);
    if (!edit) {
        return HB_PEN_REFUSE;
    }
    struct hb_webhook_config *config = &edit->merge.config;
    const struct hb_webhook *now = hb_registry_webhook(change->api->registry, config->store, config->id);
    bool is_as_wanted = action->to == AS_IT_IS || (config->status == action->to && now->status == action->to);
    bool ends_state = action->voids_state && has_state(change->api->registry, config->id);
    if (now->status == HB_WEBHOOK_DISABLED && action->is_refused_when_disabled) {
        hb_webhook_edit_free(&edit);
        return hb_api_change_refuse(change, 409, "webhook_disabled", "The webhook is disabled: enable it first.");
    }
    if (is_as_wanted && !ends_state && !action->is_done_anyway) {
        hb_webhook_edit_free(&edit);
        return HB_PEN_NOTHING;
    }
    config->status = action->to == AS_IT_IS ? config->status : action->to;
    config->enabled_revision = action->voids_state ? config->revision : config->enabled_revision;
    return hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
}

static struct api_change *begin(struct hb_registry_api *api, struct hb_http_call *call,
                                const struct api_change_kind *kind)
{
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key =
        hb_access_check(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop));
    struct api_change *change = key ? hb_api_change_new(api, call, key, kind) : NULL;
    return change && hb_api_change_name(change, "webhook", store, hb_http_call_param(call, "webhook")) ? change : NULL;
}

static void act(struct hb_registry_api *api, struct hb_http_call *call, const struct action *action)
{
    struct api_change *change = begin(api, call, &action->kind);
    if (change) {
        hb_api_change_submit(change);
    }
}

static void enable(void *user, struct hb_http_call *call) { act(user, call, &ENABLE); }
static void pause_deliveries(void *user, struct hb_http_call *call) { act(user, call, &PAUSE); }
static void resume(void *user, struct hb_http_call *call) { act(user, call, &RESUME); }
static void disable(void *user, struct hb_http_call *call) { act(user, call, &DISABLE); }
static void wake(void *user, struct hb_http_call *call) { act(user, call, &WAKE); }

/* ---- the secret ---- */

static enum hb_pen_verdict judge_rotate(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct webhook_edit *edit = hb_webhook_edit_new(change);
    struct hb_wall old_ends = {hb_loop_wall(change->api->loop).ms + change->overlap_s * HB_MS_PER_S};
    if (!edit || !hb_webhook_edit_add_secret(edit, change, old_ends)) {
        hb_webhook_edit_free(&edit);
        return HB_PEN_REFUSE;
    }
    return hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
}

static bool read_rotation(struct api_change *change)
{
    const struct hb_json *overlap = hb_json_get(change->body, "overlap_s");
    change->overlap_s = OVERLAP_S_DEFAULT;
    if (overlap &&
        (!hb_json_int(overlap, &change->overlap_s) || change->overlap_s < 0 || change->overlap_s > OVERLAP_S_MAX)) {
        return hb_http_refuse_field(&change->problem, "overlap_s", "overlap_s is no such number of seconds.",
                                    "0..2592000");
    }
    for (const struct hb_json *item = hb_json_first(change->body); item; item = hb_json_next(item)) {
        struct hb_str name = hb_json_name(item);
        if (!hb_str_eq(name, HB_STR("overlap_s")) && !hb_str_eq(name, HB_STR("secret"))) {
            return hb_http_refuse_field(&change->problem, NULL, "The body has an unknown member.", "overlap_s, secret");
        }
    }
    return hb_webhook_choose_secret(change);
}

static void rotate_secret(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"webhook.rotate_secret", false, false, judge_rotate, answer_webhook};
    struct api_change *change = begin(user, call, &KIND);
    if (change && !read_rotation(change)) {
        hb_api_change_drop(change);
    } else if (change) {
        hb_api_change_submit(change);
    }
}

static void refuse_secret(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_str store = hb_http_call_param(call, "store");
    if (hb_access_check(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop))) {
        hb_http_call_problem(call, 403, "secret_shown_once", "A secret is shown once",
                             "It was in the answer that made it. If it is lost, rotate: POST to this path.", NULL,
                             NULL);
    }
}

/* ---- trying a filter ---- */

static void answer_match(struct hb_http_call *call, const struct hb_filter *filter, struct hb_str data)
{
    struct hb_error why = {HB_OK, ""};
    struct hb_http_json answer;
    bool matches = hb_filter_match(filter, data, &why) == HB_FILTER_MATCH_YES;
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    hb_json_object(&answer.w, NULL);
    hb_json_add_bool(&answer.w, "matches", matches);
    if (!matches) {
        hb_json_add_str(&answer.w, "why", hb_str_c(why.text));
    }
    hb_json_close_object(&answer.w);
    hb_http_json_send(call, &answer, 200, 0);
}

static void test_filter(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_str body = hb_http_call_body(call), store = hb_http_call_param(call, "store");
    struct hb_filter *filter = NULL;
    struct hb_error error = {HB_OK, ""};
    struct hb_http_problem problem = {.status = 0};
    size_t at = 0;
    if (!hb_access_check(api->registry, call, HB_SCOPE_READ, store, hb_loop_wall(api->loop))) {
        return;
    }
    if (body.len > API_TEST_BODY_BYTES_MAX) {
        (void)hb_http_refuse(&problem, 413, "too_large", "Filter and data together may have 300 KiB.");
    } else if (hb_json_scan(body, &at)) {
        (void)hb_http_refuse(&problem, 400, "invalid_json", "The body is not well-formed JSON.");
    } else if (hb_raw_member(body, HB_STR("data")).len == 0) {
        (void)hb_http_refuse_field(&problem, "data", "data is missing.", "the data of an event");
    } else if (hb_raw_member(body, HB_STR("filter")).len == 0) {
        (void)hb_http_refuse_field(&problem, "filter", "filter is missing.", "a pattern, see docs/filters.md");
    } else if (hb_filter_new(hb_raw_member(body, HB_STR("filter")), &filter, &error)) {
        (void)hb_http_refuse_field(&problem, "filter", error.text, NULL);
    }
    if (problem.status) {
        hb_http_call_refuse(call, &problem, API_RETRY_AFTER_S);
        return;
    }
    answer_match(call, filter, hb_raw_member(body, HB_STR("data")));
    hb_filter_free(&filter);
}

size_t hb_api_webhook_action_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"POST", "/v1/stores/{store}/webhooks/test-filter", test_filter, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/enable", enable, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/pause", pause_deliveries, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/resume", resume, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/disable", disable, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/wake", wake, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/secret", rotate_secret, NULL},
        {"GET", "/v1/stores/{store}/webhooks/{webhook}/secret", refuse_secret, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
