#include "core/catalog_record.h"
#include "core/json_scan.h"
#include "registry/webhook_config.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define MAPPING_TEXT_MAX ((size_t)256 * 1024)
#define ITEMS_SHOWN_MAX 100

/* ---- show ---- */

static void add_mapping(struct hb_json_writer *w, const char *name, struct hb_str own)
{
    struct hb_sm_mapping *mapping = NULL;
    struct hb_buf text = hb_buf_make(MAPPING_TEXT_MAX);
    if (hb_sm_mapping_read(own, &mapping, NULL) == HB_OK && hb_sm_mapping_write(mapping, &text) == HB_OK)
        hb_json_add_raw(w, name, hb_buf_str(&text));
    else
        hb_json_add_null(w, name);
    hb_buf_deinit(&text);
    hb_sm_mapping_free(&mapping);
}

static void show_mapping(struct hb_sm_api_change *change, const struct hb_connector *connector,
                         struct hb_json_writer *w)
{
    (void)change;
    hb_json_add_int(w, "revision", connector->revision);
    if (connector->mapping.len > 0)
        hb_json_add_raw(w, "own", connector->mapping);
    else
        hb_json_add_null(w, "own");
    add_mapping(w, "mapping", connector->mapping);
}

void hb_sm_api_mapping_show(void *user, struct hb_http_call *call)
{
    struct hb_connector connector;
    struct hb_http_json out;
    if (!hb_sm_api_may(user, call, HB_SCOPE_READ) || !hb_sm_api_load_or_answer(user, call, &connector))
        return;
    hb_sm_api_answer_begin(&out);
    show_mapping(NULL, &connector, &out.w);
    hb_sm_api_answer_send(call, &out, 200, connector.revision);
    hb_connector_deinit(&connector);
}

/* ---- set, reset ---- */

static enum hb_pen_verdict edit_set(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    connector->mapping = hb_http_call_body(change->call);
    return HB_PEN_WRITE;
}

static enum hb_pen_verdict edit_reset(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    (void)change;
    if (connector->mapping.len == 0)
        return HB_PEN_NOTHING;
    connector->mapping = (struct hb_str){NULL, 0};
    return HB_PEN_WRITE;
}

/* The mapping's own reader judges the bytes: its grammar is stricter than ours of bodies, and says the place. */
static bool check(struct hb_str text, struct hb_http_problem *problem)
{
    struct hb_sm_mapping *mapping = NULL;
    struct hb_error error = {HB_OK, ""};
    size_t at = 0;
    if (text.len > HB_SM_MAPPING_BYTES_MAX)
        return hb_http_refuse(problem, 413, "too_large", "A mapping may have 32 KiB.");
    if (text.len == 0 || hb_json_scan(text, &at))
        return hb_http_refuse(problem, 400, "invalid_json", "The body is not well-formed JSON.");
    enum hb_err err = hb_sm_mapping_read(text, &mapping, &error);
    hb_sm_mapping_free(&mapping);
    return !err || hb_http_refuse_field(problem, "mapping", error.text, "docs/salesmanago.md, The mapping");
}

void hb_sm_api_mapping_set(void *user, struct hb_http_call *call)
{
    static const struct hb_sm_api_change_kind KIND = {
        .action = "connector.mapping", .needs_match = true, .status = 200, .edit = edit_set, .show = show_mapping};
    struct hb_sm_api *api = user;
    struct hb_http_problem problem;
    const struct hb_api_key *key = hb_sm_api_may(api, call, HB_SCOPE_MANAGE);
    if (!key)
        return;
    if (!check(hb_http_call_body(call), &problem)) {
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
        return;
    }
    struct hb_sm_api_change *change = hb_sm_api_change_new(api, call, key, &KIND, NULL);
    if (change)
        hb_sm_api_change_submit(change);
}

void hb_sm_api_mapping_reset(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {NULL};
    static const struct hb_sm_api_change_kind KIND = {.action = "connector.mapping_reset",
                                                      .needs_match = true,
                                                      .status = 200,
                                                      .edit = edit_reset,
                                                      .show = show_mapping};
    hb_sm_api_change_run(user, call, &KIND, NAMES);
}

/* ---- trying it ---- */

/* A product that is mapped and not sent. */
struct trial {
    struct hb_sm_mapping *mapping;
    char currency[8];
    char language[36];
};

static void trial_free(void *user)
{
    struct trial *trial = user;
    hb_sm_mapping_free(&trial->mapping);
    free(trial);
}

static void show_remark(struct hb_json_writer *w, const char *name, const struct hb_sm_remark *remark)
{
    if (!remark->field)
        return;
    hb_json_object(w, name);
    if (remark->item[0])
        hb_json_add_str(w, "item", hb_str_c(remark->item));
    hb_json_add_str(w, "field", hb_str_c(remark->field));
    hb_json_add_str(w, "words", hb_str_c(remark->words));
    hb_json_close_object(w);
}

static void answer_items(const struct trial *trial, struct hb_http_call *call, const struct hb_catalog_product *product)
{
    struct hb_sm_items items = HB_SM_ITEMS_EMPTY;
    const struct hb_sm_settings settings = {
        .mapping = trial->mapping, .currency = hb_str_c(trial->currency), .language = hb_str_c(trial->language)};
    struct hb_http_json out;
    if (hb_sm_items_make(product, &settings, &items)) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "The product could not be mapped.", NULL, NULL);
        hb_sm_items_deinit(&items);
        return;
    }
    hb_sm_api_answer_begin(&out);
    hb_json_add_str(&out.w, "product", product->product);
    hb_json_add_str(&out.w, "state", hb_str_c(hb_catalog_state_text(product->state)));
    hb_json_array(&out.w, "items");
    for (size_t i = 0; i < items.count && i < ITEMS_SHOWN_MAX; i++)
        hb_json_add_raw(&out.w, NULL, hb_sm_item(&items, i).json);
    hb_json_close_array(&out.w);
    hb_json_add_int(&out.w, "items_count", (int64_t)items.count);
    hb_json_add_int(&out.w, "trimmed", (int64_t)items.trimmed);
    hb_json_add_int(&out.w, "refused", (int64_t)items.refused);
    show_remark(&out.w, "warning", &items.warning);
    show_remark(&out.w, "refusal", &items.refusal);
    hb_sm_api_answer_send(call, &out, 200, 0);
    hb_sm_items_deinit(&items);
}

static void answer_found(void *user, struct hb_http_call *call, const struct hb_catalog_scan_result *result)
{
    struct hb_http_problem problem = {.status = 0};
    struct hb_catalog_product product;
    const char *why = NULL;
    const struct hb_catalog_source source = {result->key, result->value, result->headers, result->headers_count};
    if (result->value.len == 0)
        (void)hb_http_refuse(&problem, 404, "not_found",
                             "The catalog knows no such product: no product event of this id has come.");
    else if (hb_catalog_read(&source, &product, &why) != HB_CATALOG_READ_OK)
        (void)hb_http_refuse(&problem, 409, "unreadable", "The product's record in the catalog cannot be read.");
    if (problem.status)
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
    else
        answer_items(user, call, &product);
}

static void try_data(const struct trial *trial, struct hb_http_call *call)
{
    struct hb_str data = hb_raw_member(hb_http_call_body(call), HB_STR("data"));
    const struct hb_catalog_product product = {.store = hb_http_call_param(call, "store"),
                                               .product = HB_STR("sample"),
                                               .state = HB_CATALOG_ACTIVE,
                                               .data = data};
    answer_items(trial, call, &product);
}

/* The mapping of the body, or the connector's. */
static bool read_trial(struct hb_http_call *call, const struct hb_connector *connector, const struct hb_json *body,
                       struct trial *trial, struct hb_http_problem *problem)
{
    struct hb_error error = {HB_OK, ""};
    struct hb_str text = connector->mapping;
    if (hb_json_get(body, "mapping"))
        text = hb_raw_member(hb_http_call_body(call), HB_STR("mapping"));
    (void)snprintf(trial->currency, sizeof trial->currency, "%.*s", HB_ARG(connector->catalog.currency));
    (void)snprintf(trial->language, sizeof trial->language, "%.*s", HB_ARG(connector->language));
    return hb_sm_mapping_read(text, &trial->mapping, &error) == HB_OK ||
           hb_http_refuse_field(problem, "mapping", error.text, "docs/salesmanago.md, The mapping");
}

static bool start(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_json *body,
                  struct trial *take_trial, struct hb_http_problem *problem)
{
    struct hb_str id;
    const struct hb_json *product = hb_json_get(body, "product"), *data = hb_json_get(body, "data");
    bool is_good = true;
    if (data && hb_json_kind(data) == HB_JSON_OBJECT && !product) {
        try_data(take_trial, call);
    } else if (hb_json_str(product, &id) && id.len > 0 && id.len <= HB_SUBJECT_MAX && !data) {
        const struct hb_sm_api_scan_spec spec = {.store = hb_http_call_param(call, "store"),
                                                 .product = id,
                                                 .answer = answer_found,
                                                 .user = take_trial,
                                                 .drop = trial_free};
        if (hb_sm_api_scan_start(api, call, &spec, problem))
            return true;
        is_good = false;
    } else {
        is_good = hb_http_refuse_field(problem, "product", "Which product?",
                                       "{\"product\": \"1001\"}, or {\"data\": {…}} with a product's data");
    }
    trial_free(take_trial);
    return is_good;
}

void hb_sm_api_mapping_test(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"product", "data", "mapping", NULL};
    struct hb_http_problem problem = {.status = 0};
    struct hb_connector connector;
    /* A product of the catalog is data that was published. */
    struct hb_json *body = hb_sm_api_may(user, call, HB_SCOPE_READ)
                               ? hb_sm_api_body_read(call, HB_SM_API_TEST_BODY_BYTES_MAX, NAMES)
                               : NULL;
    if (!body)
        return;
    if ((hb_json_get(body, "product") && !hb_sm_api_may(user, call, HB_SCOPE_READ_DATA)) ||
        !hb_sm_api_load_or_answer(user, call, &connector)) {
        hb_json_free(&body);
        return;
    }
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial) {
        (void)hb_http_refuse(&problem, 503, "own_trouble", "Out of memory.");
    } else if (!read_trial(call, &connector, body, trial, &problem)) {
        trial_free(trial);
    } else {
        (void)start(user, call, body, trial, &problem);
    }
    if (problem.status)
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
    hb_connector_deinit(&connector);
    hb_json_free(&body);
}
