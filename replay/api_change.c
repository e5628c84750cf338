#include "platform/loop/loop.h"
#include "registry/each.h"
#include "registry/pen_problem.h"
#include "replay/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a change through the pen ---- */

static void change_free(struct replay_change *change)
{
    hb_buf_deinit(&change->value);
    free(change);
}

static struct replay_change *change_new(struct hb_replay_api *api, struct hb_http_call *call,
                                        const struct hb_api_key *key, struct hb_str id)
{
    struct hb_str store = hb_http_call_param(call, "store");
    struct replay_change *change = calloc(1, sizeof *change);
    if (!change) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return NULL;
    }
    change->api = api;
    change->call = call;
    (void)snprintf(change->who, sizeof change->who, "%.*s", HB_ARG(key->prefix));
    (void)snprintf(change->store, sizeof change->store, "%.*s", HB_ARG(store));
    (void)snprintf(change->id, sizeof change->id, "%.*s", HB_ARG(id));
    (void)hb_replay_job_key(store, id, change->object);
    return change;
}

static void done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct replay_change *change = user;
    (void)verdict;
    if (err) {
        hb_pen_explain(err, "jobs", &change->problem);
        hb_http_call_refuse(change->call, &change->problem, REPLAY_RETRY_AFTER_S);
    } else {
        hb_replay_api_answer(change->api, change->call,
                             hb_registry_record(change->api->options.registry, hb_str_c(change->object)),
                             change->status);
    }
    if (change->oldest[0] && (!err || err == HB_ERR_CONFLICT))
        hb_replay_api_forget(change->api, change->who, hb_str_c(change->store), hb_str_c(change->oldest));
    change_free(change);
}

static void submit(struct replay_change *change, const char *action,
                   enum hb_pen_verdict (*judge)(void *user, struct hb_buf *ret_value, int64_t *ret_revision))
{
    change->pen = (struct hb_pen_change){.object = hb_str_c(change->object),
                                         .store = hb_str_c(change->store),
                                         .who = hb_str_c(change->who),
                                         .action = hb_str_c(action),
                                         .judge = judge,
                                         .done = done,
                                         .user = change};
    if (hb_pen_change(change->api->options.pen, &change->pen)) {
        hb_pen_explain_busy(&change->problem);
        hb_http_call_refuse(change->call, &change->problem, REPLAY_RETRY_AFTER_S);
        change_free(change);
    }
}

/* ---- a new job ---- */

static bool has_room(struct replay_change *change)
{
    struct replay_census census;
    hb_replay_api_count(change->api, hb_str_c(change->store), &census);
    (void)snprintf(change->oldest, sizeof change->oldest, "%s",
                   census.jobs >= HB_REPLAY_STORE_JOBS_MAX - HB_REPLAY_STORE_OPEN_MAX ? census.oldest : "");
    if (census.open >= HB_REPLAY_STORE_OPEN_MAX)
        return hb_http_refuse(&change->problem, 409, "too_many_replays",
                              "The store has a hundred unfinished replay jobs: cancel some, or wait.");
    return census.jobs < HB_REPLAY_STORE_JOBS_MAX ||
           hb_http_refuse(&change->problem, 409, "too_many_replays",
                          "The store has a thousand replay jobs, and those that ended are being forgotten: try again.");
}

static enum hb_pen_verdict judge_new(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct replay_change *change = user;
    if (hb_registry_record(change->api->options.registry, hb_str_c(change->object)).len > 0)
        return HB_PEN_NOTHING; /* judged again, and written before */
    if (!hb_replay_webhook_is_fit(change->api, hb_str_c(change->store), hb_str_c(change->webhook), &change->problem) ||
        !has_room(change))
        return HB_PEN_REFUSE;
    *ret_revision = 1;
    if (hb_buf_add(ret_value, hb_buf_str(&change->value)) == HB_OK)
        return HB_PEN_WRITE;
    (void)hb_http_refuse(&change->problem, 503, "own_trouble", "Out of memory.");
    return HB_PEN_REFUSE;
}

void hb_replay_api_make(struct hb_replay_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                        const struct hb_replay_job *job, struct hb_buf *take_value)
{
    struct replay_change *change = change_new(api, call, key, job->id);
    if (!change)
        return;
    change->status = 201;
    change->value = *take_value;
    *take_value = hb_buf_make(0);
    (void)snprintf(change->webhook, sizeof change->webhook, "%.*s", HB_ARG(job->webhook));
    submit(change, "replay.create", judge_new);
}

/* ---- pause, resume, cancel ---- */

static bool has_ended(const struct replay_change *change)
{
    char key[HB_REPLAY_KEY_MAX];
    struct hb_replay_progress *progress = malloc(sizeof *progress);
    struct hb_str value =
        hb_registry_record(change->api->options.registry, hb_replay_progress_key(hb_str_c(change->id), key));
    bool is_end =
        progress && hb_replay_progress_read(value, progress) == HB_OK && hb_replay_stage_is_end(progress->stage);
    free(progress);
    return is_end;
}

static enum hb_pen_verdict write_wish(struct replay_change *change, struct hb_replay_job *job, struct hb_buf *ret_value,
                                      int64_t *ret_revision)
{
    if (job->wish == change->wish)
        return HB_PEN_NOTHING;
    if (has_ended(change) || job->wish == HB_REPLAY_WISH_CANCELLED) {
        (void)hb_http_refuse(&change->problem, 409, "replay_ended", "The replay job has ended.");
        return HB_PEN_REFUSE;
    }
    job->wish = change->wish;
    job->updated = hb_loop_wall(change->api->options.loop);
    *ret_revision = ++job->revision;
    if (hb_replay_job_write(job, ret_value) == HB_OK)
        return HB_PEN_WRITE;
    (void)hb_http_refuse(&change->problem, 503, "own_trouble", "The record could not be made.");
    return HB_PEN_REFUSE;
}

static enum hb_pen_verdict judge_wish(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct replay_change *change = user;
    struct hb_replay_job job;
    struct hb_str value = hb_registry_record(change->api->options.registry, hb_str_c(change->object));
    if (value.len == 0 || hb_replay_job_read(value, &job)) {
        (void)hb_replay_refuse(&change->problem, 404, "not_found", "replay", "The store has no such replay job.");
        return HB_PEN_REFUSE;
    }
    enum hb_pen_verdict verdict = write_wish(change, &job, ret_value, ret_revision);
    hb_replay_job_deinit(&job);
    return verdict;
}

static void wish(struct hb_replay_api *api, struct hb_http_call *call, enum hb_replay_wish wanted, const char *action)
{
    struct hb_str store = hb_http_call_param(call, "store"), id = hb_http_call_param(call, "replay");
    const struct hb_api_key *key =
        hb_access_check(api->options.registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->options.loop));
    struct hb_http_problem problem;
    if (!key)
        return;
    if (id.len == 0 || id.len > HB_ID_MAX) {
        (void)hb_replay_refuse(&problem, 404, "not_found", "replay", "The store has no such replay job.");
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
        return;
    }
    struct replay_change *change = change_new(api, call, key, id);
    if (!change)
        return;
    change->status = 200;
    change->wish = wanted;
    submit(change, action, judge_wish);
}

void hb_replay_api_pause(void *user, struct hb_http_call *call)
{
    wish(user, call, HB_REPLAY_WISH_PAUSED, "replay.pause");
}

void hb_replay_api_resume(void *user, struct hb_http_call *call)
{
    wish(user, call, HB_REPLAY_WISH_ACTIVE, "replay.resume");
}

void hb_replay_api_cancel(void *user, struct hb_http_call *call)
{
    wish(user, call, HB_REPLAY_WISH_CANCELLED, "replay.cancel");
}
