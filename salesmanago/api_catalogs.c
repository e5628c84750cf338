#include "salesmanago/api_internal.h"

#include <stdlib.h>

/* A call that waits for what SALESmanago answers about catalogs. */
struct asking {
    struct hb_sm_api *api;
    struct hb_http_call *call;
    struct hb_sm_catalog made; /* of catalogUpsert: what was asked for */
};

/* ---- answers ---- */

static void add_catalog(struct hb_json_writer *w, const char *name, const struct hb_sm_catalog *catalog)
{
    hb_json_object(w, name);
    hb_json_add_str(w, "id", hb_str_c(catalog->id));
    hb_json_add_str(w, "name", hb_str_c(catalog->name));
    hb_json_add_str(w, "currency", hb_str_c(catalog->currency));
    hb_json_add_str(w, "location", hb_str_c(catalog->location));
    hb_json_close_object(w);
}

static void answer_catalogs(struct hb_http_call *call, const struct hb_answer *http,
                            const struct hb_sm_catalogs *catalogs)
{
    struct hb_http_json out;
    hb_sm_api_answer_begin(&out);
    hb_json_add_bool(&out.w, "ok", true);
    hb_json_array(&out.w, "catalogs");
    for (size_t i = 0; i < catalogs->count; i++)
        add_catalog(&out.w, NULL, &catalogs->list[i]);
    hb_json_close_array(&out.w);
    hb_json_add_bool(&out.w, "complete", !catalogs->is_cut);
    if (catalogs->limit >= 0)
        hb_json_add_int(&out.w, "limit", catalogs->limit);
    else
        hb_json_add_null(&out.w, "limit");
    hb_json_add_int(&out.w, "ms", http->duration_us / HB_US_PER_MS);
    hb_sm_api_answer_send(call, &out, 200, 0);
}

static void listed(void *user, const struct hb_answer *http, const struct hb_sm_answer *answer)
{
    struct asking *asking = user;
    struct hb_sm_catalogs catalogs = {.list = NULL};
    struct hb_http_problem problem = {.status = 0};
    struct hb_error error = {HB_OK, ""};
    if (answer->outcome != HB_SM_ACCEPTED)
        hb_sm_api_call_problem(answer, &problem);
    else if (hb_sm_catalogs_read(http->body, &catalogs, &error))
        (void)hb_sm_api_refuse_away(&problem, error.text);
    if (problem.status)
        hb_http_call_refuse(asking->call, &problem, SM_API_RETRY_AFTER_S);
    else
        answer_catalogs(asking->call, http, &catalogs);
    hb_sm_catalogs_deinit(&catalogs);
    free(asking);
}

static void made(void *user, const struct hb_answer *http, const struct hb_sm_answer *answer)
{
    struct asking *asking = user;
    struct hb_http_problem problem = {.status = 0};
    struct hb_error error = {HB_OK, ""};
    struct hb_http_json out;
    if (answer->outcome != HB_SM_ACCEPTED)
        hb_sm_api_call_problem(answer, &problem);
    else if (hb_sm_catalog_id_read(http->body, asking->made.id, &error))
        (void)hb_sm_api_refuse_away(&problem, error.text);
    if (problem.status) {
        hb_http_call_refuse(asking->call, &problem, SM_API_RETRY_AFTER_S);
    } else {
        hb_sm_api_answer_begin(&out);
        add_catalog(&out.w, "catalog", &asking->made);
        hb_sm_api_answer_send(asking->call, &out, 201, 0);
    }
    free(asking);
}

/* ---- requests ---- */

struct request {
    enum hb_sm_call kind;
    struct hb_str body;
    const struct hb_sm_catalog *made; /* may be NULL */
};

static void ask(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_sm_api_access *access,
                const struct request *request)
{
    struct hb_http_problem problem = {.status = 0};
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return;
    }
    *asking = (struct asking){.api = api, .call = call};
    if (request->made)
        asking->made = *request->made;
    const struct hb_sm_api_call_spec spec = {.kind = request->kind,
                                             .base_url = hb_buf_str(&access->base_url),
                                             .key = hb_buf_str(&access->key),
                                             .body = request->body,
                                             .store = hb_http_call_param(call, "store"),
                                             .done = request->kind == HB_SM_CALL_CATALOG_LIST ? listed : made,
                                             .user = asking};
    if (!hb_sm_api_call_send(api, &spec, &problem)) {
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
        free(asking);
    }
}

static void list(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_json *body)
{
    struct hb_http_problem problem = {.status = 0};
    struct hb_sm_api_access access;
    if (!hb_sm_api_access_read(api, hb_http_call_param(call, "store"), body, &access, &problem)) {
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
        return;
    }
    ask(api, call, &access, &(struct request){.kind = HB_SM_CALL_CATALOG_LIST});
    hb_sm_api_access_deinit(&access);
}

void hb_sm_api_test(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"key", "base_url", NULL};
    struct hb_json *body =
        hb_sm_api_may(user, call, HB_SCOPE_MANAGE) ? hb_sm_api_body_read(call, HB_SM_API_BODY_BYTES_MAX, NAMES) : NULL;
    if (body)
        list(user, call, body);
    hb_json_free(&body);
}

void hb_sm_api_catalogs(void *user, struct hb_http_call *call)
{
    struct hb_connector connector;
    if (!hb_sm_api_may(user, call, HB_SCOPE_MANAGE) || !hb_sm_api_load_or_answer(user, call, &connector))
        return;
    hb_connector_deinit(&connector);
    list(user, call, NULL);
}

/* ---- a new catalog ---- */

static bool read_text(const struct hb_json *body, const char *name, const char *should, struct hb_str *ret_text,
                      struct hb_http_problem *problem)
{
    return (hb_json_str(hb_json_get(body, name), ret_text) && ret_text->len > 0 &&
            ret_text->len < HB_SM_CATALOG_TEXT_BYTES_MAX) ||
           hb_http_refuse_field(problem, name, "The member is missing, no text or too long.", should);
}

static bool read_wish(const struct hb_json *body, struct hb_sm_catalog_wish *wish, struct hb_http_problem *problem)
{
    const struct hb_json *is_default = hb_json_get(body, "default");
    if (is_default && !hb_json_bool(is_default, &wish->is_default))
        return hb_http_refuse_field(problem, "default", "default is neither true nor false.", "true or false");
    return read_text(body, "name", "the catalog's name, 1..255 characters", &wish->name, problem) &&
           read_text(body, "currency", "ISO 4217: PLN", &wish->currency, problem) &&
           read_text(body, "location", "letters, digits and _, no digit first: shop_pl", &wish->location, problem);
}

static void copy(char *to, size_t max, struct hb_str text)
{
    size_t length = text.len < max ? text.len : max - 1;
    memcpy(to, text.ptr, length);
    to[length] = '\0';
}

static void make(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_json *body,
                 const struct hb_sm_api_access *access)
{
    struct hb_http_problem problem = {.status = 0};
    struct hb_error error = {HB_OK, ""};
    struct hb_sm_catalog_wish wish = {.name_member = NULL};
    struct hb_sm_catalog catalog = {.id = ""};
    struct hb_buf text = hb_buf_make(HB_SM_API_BODY_BYTES_MAX);
    if (read_wish(body, &wish, &problem) && hb_sm_catalog_write(&wish, &text, &error))
        (void)hb_http_refuse(&problem, 422, "invalid_field", error.text);
    if (problem.status) {
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
    } else {
        copy(catalog.name, sizeof catalog.name, wish.name);
        copy(catalog.currency, sizeof catalog.currency, wish.currency);
        copy(catalog.location, sizeof catalog.location, wish.location);
        ask(api, call, access,
            &(struct request){.kind = HB_SM_CALL_CATALOG_UPSERT, .body = hb_buf_str(&text), .made = &catalog});
    }
    hb_buf_deinit(&text);
}

void hb_sm_api_catalog_make(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"name", "currency", "location", "default", "key", "base_url", NULL};
    struct hb_http_problem problem = {.status = 0};
    struct hb_sm_api_access access;
    struct hb_json *body =
        hb_sm_api_may(user, call, HB_SCOPE_MANAGE) ? hb_sm_api_body_read(call, HB_SM_API_BODY_BYTES_MAX, NAMES) : NULL;
    if (!body)
        return;
    if (hb_sm_api_access_read(user, hb_http_call_param(call, "store"), body, &access, &problem)) {
        make(user, call, body, &access);
        hb_sm_api_access_deinit(&access);
    } else {
        hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
    }
    hb_json_free(&body);
}
