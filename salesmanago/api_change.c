#include "core/ids.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "registry/pen_problem.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define NOUN "connector" /* what the problems call it */

static void change_free(struct hb_sm_api_change *change)
{
    hb_json_free(&change->body);
    hb_buf_deinit(&change->sealed);
    hb_buf_deinit(&change->tested);
    hb_buf_deinit(&change->base_url);
    free(change->products);
    free(change);
}

void hb_sm_api_change_drop(struct hb_sm_api_change *change)
{
    hb_http_call_refuse(change->call, &change->problem, SM_API_RETRY_AFTER_S);
    change_free(change);
}

enum hb_pen_verdict hb_sm_api_change_refuse(struct hb_sm_api_change *change, int status, const char *slug,
                                            const char *detail)
{
    (void)hb_http_refuse(&change->problem, status, slug, detail);
    return HB_PEN_REFUSE;
}

static bool matches(struct hb_sm_api_change *change, int64_t revision)
{
    return (!change->kind->needs_match || hb_http_match_require(change->if_match, NOUN, &change->problem)) &&
           hb_http_match_check(change->if_match, revision, NOUN, &change->problem);
}

/* ---- judging ---- */

/* A deleted connector is none, but its revisions go on: what was made under an older life stays void. */
static enum hb_err read_current(struct hb_sm_api_change *change, struct hb_connector *ret_connector, bool *ret_is_there)
{
    struct hb_str value = hb_registry_record(change->api->options.registry, hb_str_c(change->object));
    enum hb_err err = hb_connector_read(value, ret_connector);
    *ret_is_there = err == HB_OK && ret_connector->status != HB_CONNECTOR_DELETED;
    return err == HB_ERR_NOT_FOUND ? HB_OK : err;
}

static void begin_anew(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    int64_t revision = connector->revision;
    hb_connector_deinit(connector);
    *connector = (struct hb_connector){.id = HB_STR(HB_CONNECTOR_ID),
                                       .store = hb_str_c(change->store),
                                       .base_url = HB_STR(HB_CONNECTOR_BASE_URL),
                                       .revision = revision,
                                       .created = hb_loop_wall(change->api->options.loop)};
}

static enum hb_pen_verdict write(struct hb_sm_api_change *change, struct hb_connector *connector,
                                 struct hb_buf *ret_value, int64_t *ret_revision)
{
    connector->revision++;
    connector->updated = hb_loop_wall(change->api->options.loop);
    enum hb_pen_verdict verdict = change->kind->edit(change, connector);
    *ret_revision = connector->revision;
    if (verdict != HB_PEN_WRITE)
        return verdict;
    enum hb_err err = hb_connector_write(connector, ret_value);
    if (err || ret_value->len > HB_CONNECTOR_RECORD_BYTES_MAX)
        return hb_sm_api_change_refuse(change, 413, "too_large", "The connector's record would become too large.");
    return HB_PEN_WRITE;
}

static bool has_store(const struct hb_sm_api_change *change)
{
    const struct hb_store *store = hb_registry_store(change->api->options.registry, hb_str_c(change->store));
    return store && !store->is_deleted;
}

static enum hb_pen_verdict judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct hb_sm_api_change *change = user;
    struct hb_connector connector = {.revision = 0};
    enum hb_pen_verdict verdict = HB_PEN_REFUSE;
    bool is_there = false;
    change->problem.status = 0;
    if (!has_store(change)) /* deleted while SALESmanago was asked */
        return hb_sm_api_change_refuse(change, 404, "not_found", "No store of this id belongs to your key.");
    if (read_current(change, &connector, &is_there))
        return hb_sm_api_change_refuse(change, 503, "own_trouble", "The connector's record cannot be read.");
    if (!is_there && !change->kind->makes) {
        (void)hb_http_refuse(&change->problem, 404, "not_found",
                             "The store has no SALESmanago connector: connect it first (hookbus salesmanago connect).");
    } else if (!is_there) {
        begin_anew(change, &connector);
        verdict = write(change, &connector, ret_value, ret_revision);
    } else if (matches(change, connector.revision)) {
        verdict = write(change, &connector, ret_value, ret_revision);
    }
    hb_connector_deinit(&connector);
    return verdict;
}

/* ---- the end ---- */

static void answer(struct hb_sm_api_change *change)
{
    struct hb_connector connector = {.revision = 0};
    struct hb_http_json out;
    if (hb_connector_read(hb_registry_record(change->api->options.registry, hb_str_c(change->object)), &connector)) {
        (void)hb_http_refuse(&change->problem, 503, "own_trouble", "The change was written and cannot be read back.");
        hb_http_call_refuse(change->call, &change->problem, SM_API_RETRY_AFTER_S);
        return;
    }
    if (change->kind->status == 204) {
        hb_http_call_answer(change->call, 204, "application/json", HB_STR(""));
        hb_connector_deinit(&connector);
        return;
    }
    hb_sm_api_answer_begin(&out);
    if (change->kind->show)
        change->kind->show(change, &connector, &out.w);
    else
        hb_sm_api_show(change->api, &connector, &out.w);
    hb_sm_api_answer_send(change->call, &out, change->kind->status, connector.revision);
    hb_connector_deinit(&connector);
}

static void done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct hb_sm_api_change *change = user;
    (void)verdict;
    if (err) {
        hb_pen_explain(err, NOUN, &change->problem);
        hb_http_call_refuse(change->call, &change->problem, SM_API_RETRY_AFTER_S);
    } else {
        answer(change);
    }
    change_free(change);
}

/* ---- the beginning ---- */

static void name_wish(struct hb_sm_api_change *change)
{
    unsigned char random[10];
    char uuid[37];
    hb_random_bytes(random, sizeof random);
    hb_uuid7(hb_loop_wall(change->api->options.loop), random, uuid);
    (void)snprintf(change->wish_id, sizeof change->wish_id, "smw_%s", uuid);
}

struct hb_sm_api_change *hb_sm_api_change_new(struct hb_sm_api *api, struct hb_http_call *call,
                                              const struct hb_api_key *key, const struct hb_sm_api_change_kind *kind,
                                              struct hb_json *take_body)
{
    struct hb_sm_api_change *change = calloc(1, sizeof *change);
    if (!change) {
        hb_json_free(&take_body);
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return NULL;
    }
    struct hb_str store = hb_http_call_param(call, "store");
    change->api = api;
    change->call = call;
    change->kind = kind;
    change->body = take_body;
    change->sealed = change->tested = hb_buf_make(HB_SM_API_KEY_MAX * 4);
    change->base_url = hb_buf_make(HB_CONNECTOR_URL_MAX);
    (void)snprintf(change->who, sizeof change->who, "%.*s", HB_ARG(key->prefix));
    (void)snprintf(change->store, sizeof change->store, "%.*s", HB_ARG(store));
    (void)hb_connector_key(HB_CONNECTOR_RECORD, store, HB_STR(HB_CONNECTOR_ID), change->object);
    name_wish(change);
    if (hb_http_match_read(call, &change->if_match, &change->problem))
        return change;
    hb_sm_api_change_drop(change);
    return NULL;
}

void hb_sm_api_change_submit(struct hb_sm_api_change *change)
{
    change->pen = (struct hb_pen_change){.object = hb_str_c(change->object),
                                         .store = hb_str_c(change->store),
                                         .who = hb_str_c(change->who),
                                         .action = hb_str_c(change->kind->action),
                                         .judge = judge,
                                         .done = done,
                                         .user = change};
    if (hb_pen_change(change->api->options.pen, &change->pen)) {
        hb_pen_explain_busy(&change->problem);
        hb_sm_api_change_drop(change);
    }
}

void hb_sm_api_change_run(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_sm_api_change_kind *kind,
                          const char *const *names)
{
    const struct hb_api_key *key = hb_sm_api_may(api, call, HB_SCOPE_MANAGE);
    struct hb_json *body = key ? hb_sm_api_body_read(call, HB_SM_API_BODY_BYTES_MAX, names) : NULL;
    struct hb_sm_api_change *change = body ? hb_sm_api_change_new(api, call, key, kind, body) : NULL;
    if (change)
        hb_sm_api_change_submit(change);
}
