#include "history/deliveries_internal.h"

#include "core/event_rules.h"
#include "core/ids.h"
#include "core/selection.h"
#include "platform/loop/loop.h"

#include <stdlib.h>

static bool is_over(void *user)
{
    const struct ask *ask = user;
    return ask->deliveries->options.now().us >= ask->until_us;
}

static void run(void *user)
{
    struct ask *ask = user;
    struct hb_sqlite *db = NULL;
    ask->until_us = ask->deliveries->options.now().us + HB_DELIVERIES_MS_MAX * HB_US_PER_MS;
    ask->err = hb_model_open(ask->deliveries->options.model, &db, &ask->error);
    if (!ask->err) {
        hb_sqlite_limit(db, is_over, ask);
        ask->err = ask->kind->run(ask, db);
    }
    hb_sqlite_free(&db);
}

static void done(void *user)
{
    struct ask *ask = user;
    if (ask->err == HB_ERR_INVALID) {
        hb_model_distrust(ask->deliveries->options.model);
    }
    if (ask->err) {
        hb_ask_answer_error(ask);
    } else if (ask->kind->answer) {
        ask->kind->answer(ask);
        return;
    } else {
        hb_http_call_answer(ask->call, 200, "application/json", hb_buf_str(&ask->json));
    }
    hb_ask_free(ask);
}

static void drop(void *user) { hb_ask_free(user); }

static bool refuses_head(struct hb_http_call *call)
{
    if (!hb_str_eq(hb_http_call_method(call), HB_STR("HEAD"))) {
        return false;
    }
    hb_http_call_add_header(call, "Allow", HB_STR("GET"));
    hb_http_call_problem(call, 405, "method_not_allowed", "This answers GET alone",
                         "What HEAD would say costs what GET costs.", NULL, NULL);
    return true;
}

struct hb_str hb_ask_keep(struct ask *ask, struct hb_str text)
{
    size_t at = ask->text.len;
    if (hb_buf_add(&ask->text, text)) {
        return (struct hb_str){NULL, 0};
    }
    return hb_str_n(ask->text.ptr + at, text.len);
}

static struct ask *make(struct hb_deliveries *deliveries, struct hb_http_call *call, struct hb_str store)
{
    struct ask *ask = calloc(1, sizeof(*ask));
    if (!ask) {
        return NULL;
    }
    ask->deliveries = deliveries;
    ask->call = call;
    ask->text = hb_buf_make(ASK_TEXT_BYTES_MAX);
    ask->json = hb_buf_make(ASK_JSON_BYTES_MAX);
    ask->now = hb_loop_wall(deliveries->options.loop);
    if (hb_buf_reserve(&ask->text, ASK_TEXT_BYTES_MAX)) {
        hb_ask_free(ask);
        return NULL;
    }
    ask->store = hb_ask_keep(ask, store);
    ask->work = (struct hb_work){.store = ask->store, .run = run, .done = done, .drop = drop, .user = ask};
    return ask;
}

struct ask *hb_ask_new(struct hb_deliveries *deliveries, struct hb_http_call *call, enum hb_scope scope,
                       const struct ask_kind *kind)
{
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key = hb_access_check(deliveries->options.registry, call, scope, store,
                                                   hb_loop_wall(deliveries->options.loop));
    if (!key || refuses_head(call)) {
        return NULL;
    }
    struct ask *ask = make(deliveries, call, store);
    if (!ask) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return NULL;
    }
    ask->kind = kind;
    ask->has_data = (key->scopes & (1U << HB_SCOPE_READ_DATA)) != 0;
    return ask;
}

void hb_ask_free(struct ask *ask)
{
    if (ask->kind && ask->kind->forget) {
        ask->kind->forget(ask);
    }
    hb_model_found_deinit(&ask->found);
    hb_buf_deinit(&ask->text);
    hb_buf_deinit(&ask->json);
    free(ask);
}

bool hb_ask_take_delivery(struct ask *ask)
{
    struct hb_str id = hb_http_call_param(ask->call, "delivery");
    if (hb_delivery_id_read(id, ask->id)) {
        return true;
    }
    ask->err = HB_ERR_NOT_FOUND;
    hb_ask_answer_error(ask);
    hb_ask_free(ask);
    return false;
}

void hb_ask_start(struct ask *ask)
{
    enum hb_err err = hb_works_start(ask->deliveries->asks, &ask->work);
    if (!err) {
        return;
    }
    hb_http_call_add_header(ask->call, "Retry-After", HB_STR("1"));
    hb_http_call_problem(ask->call, 429, "too_many_queries", "Too many queries at a time",
                         "Try again when one has ended.", NULL, NULL);
    hb_ask_free(ask);
}

/* ---- answers ---- */

void hb_ask_answer_error(struct ask *ask)
{
    const struct hb_model_status status = hb_model_status(ask->deliveries->options.model);
    if (ask->err == HB_ERR_NOT_FOUND && ask->filter.cursor.len > 0) {
        hb_http_call_problem(ask->call, 400, "invalid_parameter", "A query parameter is not usable", "cursor", "cursor",
                             "next of the page before");
    } else if (ask->err == HB_ERR_NOT_FOUND) {
        hb_http_call_problem(ask->call, 404, "not_found", "There is no such delivery",
                             status.is_complete
                                 ? "The store has none of this id that failed, waited or was skipped in the last 35 "
                                   "days, nor is it among the newest million that succeeded at once."
                                 : "The read model is still being made, and has none of this id so far.",
                             NULL, NULL);
    } else if (ask->err == HB_ERR_TIMEOUT) {
        hb_http_call_problem(ask->call, 503, "query_too_slow", "The question takes too long",
                             "It would look at too many deliveries: name a webhook, a state or a shorter time.", NULL,
                             NULL);
    } else {
        hb_http_call_add_header(ask->call, "Retry-After", HB_STR("3"));
        hb_http_call_problem(ask->call, 503, "read_model_unavailable", "The read model cannot be read now",
                             status.trouble[0] ? status.trouble : hb_err_text(ask->err), NULL, NULL);
    }
}

void hb_ask_add_status(struct hb_model *model, struct hb_json_writer *w)
{
    const struct hb_model_status status = hb_model_status(model);
    hb_json_add_bool(w, "complete", status.is_complete);
    if (!status.is_complete) {
        hb_json_add_int(w, "percent", status.percent);
    }
    if (status.trouble[0]) {
        hb_json_add_str(w, "trouble", hb_str_c(status.trouble));
    }
}

/* ---- the filter ---- */

static bool is_any(struct hb_str text) { return text.len <= HB_SUBJECT_MAX; }

static bool take_text(struct ask *ask, const char *name, bool (*is_good)(struct hb_str), struct hb_str *ret_text)
{
    struct hb_str value;
    if (!hb_http_call_query(ask->call, name, &value) || value.len == 0) {
        return true;
    }
    *ret_text = is_good(value) ? hb_ask_keep(ask, value) : (struct hb_str){NULL, 0};
    return ret_text->len > 0;
}

static bool take_time(const struct ask *ask, const char *name, struct hb_wall *ret_at)
{
    struct hb_str value;
    return !hb_http_call_query(ask->call, name, &value) || value.len == 0 || hb_wall_parse(value, ret_at) == HB_OK;
}

static bool take_numbers(struct ask *ask, const char **ret_wrong)
{
    struct hb_str value;
    uint64_t limit = 0;
    ask->filter.limit = 50;
    if (hb_http_call_query(ask->call, "limit", &value)) {
        *ret_wrong = "limit";
        if (!hb_str_to_u64(value, &limit) || limit < 1 || limit > HB_MODEL_LIST_MAX) {
            return false;
        }
        ask->filter.limit = (size_t)limit;
    }
    ask->filter.state = -1;
    if (hb_http_call_query(ask->call, "state", &value) && value.len > 0) {
        *ret_wrong = "state";
        ask->filter.state = hb_delivery_state_find(value);
        return ask->filter.state >= 0;
    }
    return true;
}

const char *hb_ask_read_filter(struct ask *ask)
{
    struct hb_model_filter *filter = &ask->filter;
    const struct {
        const char *name;
        bool (*is_good)(struct hb_str);
        struct hb_str *text;
    } TEXTS[] = {{"webhook", hb_event_is_id, &filter->webhook},   {"reason", hb_event_is_id, &filter->reason},
                 {"event", hb_event_is_id, &filter->event},       {"subject", hb_event_is_subject, &filter->subject},
                 {"type", hb_selection_is_pattern, &filter->type}, {"cursor", is_any, &filter->cursor}};
    struct hb_str value;
    const char *wrong = NULL;
    filter->store = ask->store;
    filter->until.ms = INT64_MAX;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
        if (!take_text(ask, TEXTS[i].name, TEXTS[i].is_good, TEXTS[i].text)) {
            return TEXTS[i].name;
        }
    }
    if (!take_time(ask, "since", &filter->since)) {
        return "since";
    }
    if (!take_time(ask, "until", &filter->until)) {
        return "until";
    }
    ask->has_count = hb_http_call_query(ask->call, "count", &value) && hb_str_eq(value, HB_STR("true"));
    return take_numbers(ask, &wrong) ? NULL : wrong;
}
