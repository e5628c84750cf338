#include "registry/api_internal.h"

#include "platform/crypto/crypto.h"

#include <stdio.h>
#include <stdlib.h>

static void change_free(struct api_change *change)
{
    hb_json_free(&change->body);
    hb_wipe(change->secret, sizeof(change->secret));
    free(change);
}

void hb_api_change_drop(struct api_change *change)
{
    hb_api_answer_problem(change->call, &change->problem);
    change_free(change);
}

enum hb_pen_verdict hb_api_change_refuse(struct api_change *change, int status, const char *slug, const char *detail)
{
    (void)hb_api_refuse_as(&change->problem, status, slug, detail);
    return HB_PEN_REFUSE;
}

/* "3" in quotes, or *. Weak tags never match for a change (RFC 9110 section 13.1.1). */
static bool read_if_match(struct api_change *change)
{
    struct hb_str text = hb_http_call_header(change->call, "If-Match");
    uint64_t revision = 0;
    change->if_match = API_NO_MATCH;
    if (text.len == 0) {
        return !change->kind->needs_if_match || hb_api_refuse_as(&change->problem, 428, "precondition_required",
                                                                 "Read the object first and send its ETag in If-Match, "
                                                                 "or If-Match: * to overwrite whatever is there.");
    }
    if (hb_str_eq(text, HB_STR("*"))) {
        change->if_match = API_ANY_MATCH;
        return true;
    }
    bool is_quoted = text.len >= 3 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
    if (!is_quoted || !hb_str_to_u64(hb_str_n(text.ptr + 1, text.len - 2), &revision) || revision > INT64_MAX) {
        return hb_api_refuse_as(&change->problem, 412, "precondition_failed", "If-Match is not an ETag this API gave.");
    }
    change->if_match = (int64_t)revision;
    return true;
}

static bool read_body(struct api_change *change)
{
    struct hb_str body = hb_http_call_body(change->call);
    struct hb_error error = {HB_OK, ""};
    if (body.len > API_BODY_BYTES_MAX) {
        return hb_api_refuse_as(&change->problem, 413, "too_large", "The body may have 64 KiB.");
    }
    if (body.len == 0 && !change->kind->needs_body) {
        return true;
    }
    if (hb_json_parse(body, &change->body, &error) || hb_json_kind(change->body) != HB_JSON_OBJECT) {
        (void)hb_api_refuse_as(&change->problem, 400, "invalid_json",
                               error.code ? error.text : "The body must be a JSON object.");
        return false;
    }
    return true;
}

static enum hb_pen_verdict on_judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct api_change *change = user;
    change->problem.status = 0;
    return change->kind->judge(change, ret_value, ret_revision);
}

static void answer_failure(struct api_change *change, enum hb_err err)
{
    if (err == HB_ERR_TIMEOUT) {
        (void)hb_api_refuse_as(
            &change->problem, 503, "outcome_unknown",
            "Kafka did not say in time whether the change was written: read the object before trying again.");
    } else if (err == HB_ERR_CLOSED) {
        (void)hb_api_refuse_as(&change->problem, 503, "closing",
                               "This process is ending; nothing is known to be written.");
    } else if (err != HB_ERR_CONFLICT) {
        (void)hb_api_refuse_as(&change->problem, 503, "registry_away",
                               "The registry could not be written; nothing was changed.");
    }
    hb_api_answer_problem(change->call, &change->problem);
}

static void on_done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct api_change *change = user;
    (void)verdict;
    if (err) {
        answer_failure(change, err);
    } else {
        change->kind->answer(change);
    }
    change_free(change);
}

struct api_change *hb_api_change_new(struct hb_registry_api *api, struct hb_http_call *call,
                                     const struct hb_api_key *key, const struct api_change_kind *kind)
{
    struct api_change *change = calloc(1, sizeof(*change));
    if (!change) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return NULL;
    }
    change->api = api;
    change->call = call;
    change->kind = kind;
    change->scopes = key->scopes;
    (void)snprintf(change->who, sizeof(change->who), "%.*s", HB_ARG(key->prefix));
    if (!read_if_match(change) || !read_body(change)) {
        hb_api_change_drop(change);
        return NULL;
    }
    return change;
}

bool hb_api_change_name(struct api_change *change, const char *kind, struct hb_str store, struct hb_str id)
{
    if (store.len > HB_ID_MAX || id.len > HB_ID_MAX) {
        (void)hb_api_refuse_as(&change->problem, 404, "not_found", "An id has at most 64 bytes.");
        hb_api_change_drop(change);
        return false;
    }
    (void)snprintf(change->store, sizeof(change->store), "%.*s", HB_ARG(store));
    (void)snprintf(change->id, sizeof(change->id), "%.*s", HB_ARG(id));
    bool is_keyed_by_id = strcmp(kind, "key") == 0;
    (void)snprintf(change->object, sizeof(change->object), "%s/%.*s%s%.*s", kind, is_keyed_by_id ? 0 : (int)store.len,
                   store.len ? store.ptr : "", id.len && !is_keyed_by_id ? "/" : "", HB_ARG(id));
    return true;
}

bool hb_api_change_matches(struct api_change *change, int64_t revision)
{
    if (change->if_match == API_NO_MATCH || change->if_match == API_ANY_MATCH || change->if_match == revision) {
        return true;
    }
    char detail[128];
    (void)snprintf(detail, sizeof(detail), "The object is at revision %lld: read it again and decide anew.",
                   (long long)revision);
    return hb_api_refuse_as(&change->problem, 412, "precondition_failed", detail);
}

void hb_api_change_submit(struct api_change *change)
{
    change->pen = (struct hb_pen_change){.object = hb_str_c(change->object),
                                         .store = hb_str_c(change->store),
                                         .who = hb_str_c(change->who),
                                         .action = hb_str_c(change->kind->action),
                                         .judge = on_judge,
                                         .done = on_done,
                                         .user = change};
    if (hb_pen_change(change->api->pen, &change->pen)) {
        (void)hb_api_refuse_as(&change->problem, 503, "busy", "A thousand changes wait already; nothing was changed.");
        hb_api_change_drop(change);
    }
}
