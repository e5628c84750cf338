#include "core/url.h"
#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES_MAX 64

/* A request under way. */
struct hb_sm_api_call {
    struct hb_sm_api_call *next;
    struct hb_sm_api *api;
    enum hb_sm_call kind;
    struct hb_http_target *target;
    struct hb_buf key, body;
    char store[HB_ID_MAX + 1];
    void (*done)(void *user, const struct hb_answer *http, const struct hb_sm_answer *answer);
    void *user;
};

static void call_free(struct hb_sm_api_call *call)
{
    for (struct hb_sm_api_call **at = &call->api->calls; *at; at = &(*at)->next) {
        if (*at == call) {
            *at = call->next;
            call->api->calls_count--;
            break;
        }
    }
    if (call->key.ptr)
        hb_wipe(call->key.ptr, call->key.capacity);
    hb_buf_deinit(&call->key);
    hb_buf_deinit(&call->body);
    hb_http_target_unref(&call->target);
    free(call);
}

/* ---- the answer ---- */

static void answered(void *user, const struct hb_answer *http)
{
    struct hb_sm_api_call *call = user;
    struct hb_sm_answer answer;
    hb_sm_answer_read(http, call->kind, &answer);
    hb_connector_hide_key(answer.words, hb_buf_str(&call->key));
    hb_connector_hide_key(answer.warning, hb_buf_str(&call->key));
    hb_connector_hide_key(answer.field, hb_buf_str(&call->key));
    call->done(call->user, http, &answer);
    call_free(call);
}

/* What a failure on the wire means to a person. */
static const char *advice(const char *words)
{
    static const struct {
        const char *word, *text;
    } ROWS[] = {
        {"address_blocked", "the address may not be called; for a private one see egress.allow"},
        {"dns_not_found", "no such host: look at base_url"},
        {"connect_refused", "nothing listens there: look at base_url"},
        {"tls_", "its certificate is not trusted: look at base_url and egress.ca_file"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (strncmp(words, ROWS[i].word, strlen(ROWS[i].word)) == 0)
            return ROWS[i].text;
    return "try again later";
}

static void say(struct hb_http_problem *problem, const char *what, const char *words)
{
    (void)snprintf(problem->detail, sizeof problem->detail, "%s%s%s", what, words[0] ? ": " : ".", words);
}

void hb_sm_api_call_problem(const struct hb_sm_answer *answer, struct hb_http_problem *ret_problem)
{
    switch (answer->outcome) {
    case HB_SM_KEY_REFUSED:
        (void)hb_http_refuse(ret_problem, 422, "key_refused", "");
        say(ret_problem, "SALESmanago does not take the API key", answer->words);
        ret_problem->field = "key";
        ret_problem->should = "a key that is valid in SALESmanago: Integration Center, API, API v3";
        return;
    case HB_SM_CATALOG_UNKNOWN:
        (void)hb_http_refuse(ret_problem, 422, "catalog_unknown", "");
        say(ret_problem, "SALESmanago does not know the catalog", answer->words);
        ret_problem->field = "catalog";
        return;
    case HB_SM_OVER_LIMIT:
        (void)hb_http_refuse(ret_problem, 409, "over_limit", "");
        say(ret_problem, "A limit of the SALESmanago account is reached", answer->words);
        return;
    case HB_SM_REFUSED:
        (void)hb_http_refuse(ret_problem, 422, "salesmanago_refused", "");
        say(ret_problem, "SALESmanago refuses this", answer->words);
        return;
    case HB_SM_TOO_LARGE:
    case HB_SM_TIMEOUT:
    case HB_SM_BUSY:
    case HB_SM_AWAY:
    case HB_SM_UNREADABLE:
    case HB_SM_ACCEPTED:
    case HB_SM_OUTCOME_COUNT:
        break;
    }
    char what[HB_ERROR_TEXT_MAX];
    if (answer->status > 0)
        (void)snprintf(what, sizeof what, "SALESmanago answered %d, which cannot be used", answer->status);
    else
        (void)snprintf(what, sizeof what, "SALESmanago could not be asked (%s)", advice(answer->words));
    (void)hb_sm_api_refuse_away(ret_problem, "");
    say(ret_problem, what, answer->words);
}

/* ---- the request ---- */

static bool has_room(const struct hb_sm_api *api, struct hb_str store, struct hb_http_problem *problem)
{
    size_t own = 0;
    for (const struct hb_sm_api_call *call = api->calls; call; call = call->next)
        own += hb_str_eq(hb_str_c(call->store), store);
    if (own < HB_SM_API_STORE_CALLS_MAX && api->calls_count < HB_SM_API_CALLS_MAX)
        return true;
    return hb_http_refuse(problem, 429, "too_many_calls",
                          "Other calls of SALESmanago are under way for the store, or too many in all: try again.");
}

bool hb_sm_api_base_url_check(const struct hb_sm_api *api, struct hb_str url, struct hb_http_problem *ret_problem)
{
    struct hb_error error = {HB_OK, ""};
    struct hb_url parsed;
    if (url.len > HB_CONNECTOR_URL_MAX || hb_url_check(url, api->options.egress, &parsed, &error))
        return hb_http_refuse_field(ret_problem, "base_url", error.code ? error.text : "base_url is too long.",
                                    HB_CONNECTOR_BASE_URL);
    if (memchr(url.ptr, '?', url.len) || url.ptr[url.len - 1] == '/')
        return hb_http_refuse_field(ret_problem, "base_url", "base_url has a query, or ends with a slash.",
                                    HB_CONNECTOR_BASE_URL);
    return true;
}

static enum hb_err make(struct hb_sm_api_call *call, const struct hb_sm_api_call_spec *spec, struct hb_error *reterr)
{
    struct hb_buf url = hb_buf_make(HB_CONNECTOR_URL_MAX + PATH_BYTES_MAX);
    enum hb_err err = hb_buf_add(&call->key, spec->key);
    err = err ? err : hb_buf_add(&call->body, spec->body);
    err = err ? err : hb_buf_addf(&url, "%.*s%s", HB_ARG(spec->base_url), hb_sm_call_path(spec->kind));
    err = err ? err : hb_http_target_new(call->api->options.http, hb_buf_str(&url), NULL, 0, &call->target, reterr);
    hb_buf_deinit(&url);
    return err;
}

bool hb_sm_api_call_send(struct hb_sm_api *api, const struct hb_sm_api_call_spec *spec,
                         struct hb_http_problem *ret_problem)
{
    struct hb_error error = {HB_OK, ""};
    if (!has_room(api, spec->store, ret_problem))
        return false;
    struct hb_sm_api_call *call = calloc(1, sizeof *call);
    if (!call)
        return hb_http_refuse(ret_problem, 503, "own_trouble", "Out of memory.");
    *call = (struct hb_sm_api_call){.next = api->calls,
                                    .api = api,
                                    .kind = spec->kind,
                                    .key = hb_buf_make(HB_SM_API_KEY_MAX),
                                    .body = hb_buf_make(HB_SM_API_BODY_BYTES_MAX),
                                    .done = spec->done,
                                    .user = spec->user};
    (void)snprintf(call->store, sizeof call->store, "%.*s", HB_ARG(spec->store));
    api->calls = call;
    api->calls_count++;
    enum hb_err err = make(call, spec, &error);
    if (!err) {
        const struct hb_name_value headers[] = {{HB_STR(HB_SM_KEY_HEADER), hb_buf_str(&call->key)},
                                                {HB_STR("Content-Type"), HB_STR(HB_SM_CONTENT_TYPE)}};
        const struct hb_http_request_spec request = {.target = call->target,
                                                     .method = hb_sm_call_method(spec->kind),
                                                     .headers = headers,
                                                     .headers_count = spec->body.len > 0 ? 2 : 1,
                                                     .body = hb_buf_str(&call->body),
                                                     .timeout_ms = HB_SM_API_TIMEOUT_MS,
                                                     .done = answered,
                                                     .user = call};
        err = hb_http_send(api->options.http, &request, NULL);
    }
    if (!err)
        return true;
    call_free(call);
    return hb_http_refuse(ret_problem, err == HB_ERR_INVALID ? 422 : 503, "not_sendable",
                          error.text[0] ? error.text : hb_err_text(err));
}

void hb_sm_api_call_end_all(struct hb_sm_api *api)
{
    HB_ASSERT(api->calls == NULL); /* the http client was freed before: each callback has come */
}
