#include "registry/api_internal.h"

#include "platform/crypto/crypto.h"
#include "registry/pen_problem.h"

#include <stdio.h>
#include <stdlib.h>

#define NOUN "object" /* what the problems call it */

static void change_free(struct api_change *change)
{
    hb_json_free(&change->body);
    hb_wipe(change->secret, sizeof(change->secret));
    free(change);
}

void hb_api_change_drop(struct api_change *change)
{
    hb_http_call_refuse(change->call, &change->problem, API_RETRY_AFTER_S);
    change_free(change);
}

enum hb_pen_verdict hb_api_change_refuse(struct api_change *change, int status, const char *slug, const char *detail)
{
    (void)hb_http_refuse(&change->problem, status, slug, detail);
    return HB_PEN_REFUSE;
}

static bool read_if_match(struct api_change *change)
{
    return hb_http_match_read(change->call, &change->if_match, &change->problem) &&
           (!change->kind->needs_if_match || hb_http_match_require(change->if_match, NOUN, &change->problem));
}

static bool read_body(struct api_change *change)
{
    struct hb_str body = hb_http_call_body(change->call);
    return (body.len == 0 && !change->kind->needs_body) ||
           hb_http_json_read(body, API_BODY_BYTES_MAX, &change->body, &change->problem);
}

static enum hb_pen_verdict on_judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct api_change *change = user;
    change->problem.status = 0;
    return change->kind->judge(change, ret_value, ret_revision);
}

static void on_done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct api_change *change = user;
    (void)verdict;
    if (err) {
        hb_pen_explain(err, NOUN, &change->problem);
        hb_http_call_refuse(change->call, &change->problem, API_RETRY_AFTER_S);
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
        (void)hb_http_refuse(&change->problem, 404, "not_found", "An id has at most 64 bytes.");
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
    return hb_http_match_check(change->if_match, revision, NOUN, &change->problem);
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
        hb_pen_explain_busy(&change->problem);
        hb_api_change_drop(change);
    }
}
