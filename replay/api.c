#include "platform/loop/loop.h"
#include "registry/each.h"
#include "replay/api_internal.h"

#include <stdlib.h>

/* ---- answers ---- */

bool hb_replay_refuse(struct hb_http_problem *problem, int status, const char *slug, const char *field,
                      const char *detail)
{
    (void)hb_http_refuse(problem, status, slug, detail);
    problem->field = field;
    return false;
}

/* What the operator wants counts until the job's end. */
static const char *status_of(const struct hb_replay_job *job, const struct hb_replay_progress *progress)
{
    if (hb_replay_stage_is_end(progress->stage) || job->wish == HB_REPLAY_WISH_ACTIVE)
        return hb_replay_stage_text(progress->stage);
    return hb_replay_wish_text(job->wish);
}

void hb_replay_api_show(struct hb_registry *registry, const struct hb_replay_job *job, struct hb_json_writer *w)
{
    char key[HB_REPLAY_KEY_MAX];
    struct hb_replay_progress *progress = malloc(sizeof *progress);
    if (!progress) {
        w->err = HB_ERR_MEMORY;
        return;
    }
    if (hb_replay_progress_read(hb_registry_record(registry, hb_replay_progress_key(job->id, key)), progress))
        hb_replay_progress_init(progress);
    hb_json_object(w, NULL);
    hb_replay_job_show(job, w);
    hb_json_add_str(w, "status", hb_str_c(status_of(job, progress)));
    if (progress->reason[0])
        hb_json_add_str(w, "reason", hb_str_c(progress->reason));
    if (progress->detail[0])
        hb_json_add_str(w, "detail", hb_str_c(progress->detail));
    if (progress->total >= 0)
        hb_json_add_int(w, "total", progress->total);
    else
        hb_json_add_null(w, "total");
    hb_json_add_int(w, "selected", progress->selected);
    hb_json_add_int(w, "gone", progress->gone);
    if (progress->started.ms > 0)
        hb_json_add_wall(w, "started", progress->started);
    if (progress->at.ms > 0)
        hb_json_add_wall(w, "progress_at", progress->at);
    if (progress->worker[0])
        hb_json_add_str(w, "worker", hb_str_c(progress->worker));
    hb_json_close_object(w);
    free(progress);
}

void hb_replay_api_answer(struct hb_replay_api *api, struct hb_http_call *call, struct hb_str value, int status)
{
    struct hb_replay_job job;
    struct hb_http_problem problem;
    if (value.len == 0 || hb_replay_job_read(value, &job)) {
        (void)hb_replay_refuse(&problem, 404, "not_found", "replay", "The store has no such replay job.");
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
        return;
    }
    struct hb_http_json answer;
    hb_http_json_begin(&answer, REPLAY_ANSWER_BYTES_MAX);
    hb_replay_api_show(api->options.registry, &job, &answer.w);
    hb_http_json_send(call, &answer, status, 0);
    hb_replay_job_deinit(&job);
}

/* ---- looking ---- */

static bool may_look(const struct hb_replay_api *api, struct hb_http_call *call)
{
    return hb_access_check(api->options.registry, call, HB_SCOPE_READ, hb_http_call_param(call, "store"),
                           hb_loop_wall(api->options.loop)) != NULL;
}

static void show(void *user, struct hb_http_call *call)
{
    struct hb_replay_api *api = user;
    char key[HB_REPLAY_KEY_MAX];
    struct hb_str store = hb_http_call_param(call, "store"), id = hb_http_call_param(call, "replay");
    if (!may_look(api, call))
        return;
    struct hb_str none = {NULL, 0};
    struct hb_str value =
        id.len <= HB_ID_MAX ? hb_registry_record(api->options.registry, hb_replay_job_key(store, id, key)) : none;
    hb_replay_api_answer(api, call, value, 200);
}

/* The store's jobs as they are met, oldest first. */
struct listing {
    struct hb_replay_job *jobs[HB_REPLAY_STORE_JOBS_MAX];
    size_t count;
    struct hb_str webhook; /* empty: any */
};

static void list_one(void *user, struct hb_str key, struct hb_str value)
{
    struct listing *listing = user;
    (void)key;
    struct hb_replay_job *job = calloc(1, sizeof *job);
    if (!job || listing->count == HB_REPLAY_STORE_JOBS_MAX || hb_replay_job_read(value, job)) {
        free(job);
        return;
    }
    if (listing->webhook.len > 0 && !hb_str_eq(job->webhook, listing->webhook)) {
        hb_replay_job_deinit(job);
        free(job);
        return;
    }
    listing->jobs[listing->count++] = job;
}

static int cmp_newest_first(const void *a, const void *b)
{
    const struct hb_replay_job *const *x = a, *const *y = b;
    return ((*x)->created.ms < (*y)->created.ms) - ((*x)->created.ms > (*y)->created.ms);
}

static void answer_list(struct hb_replay_api *api, struct hb_http_call *call, const struct listing *listing)
{
    struct hb_http_json answer;
    struct hb_json_writer *w = &answer.w;
    size_t shown = 0;
    hb_http_json_begin(&answer, REPLAY_ANSWER_BYTES_MAX);
    hb_json_object(w, NULL);
    hb_json_array(w, "items");
    for (; shown < listing->count && shown < HB_REPLAY_LIST_MAX && w->buf->len < REPLAY_ANSWER_BYTES_MAX / 2; shown++)
        hb_replay_api_show(api->options.registry, listing->jobs[shown], w);
    hb_json_close_array(w);
    hb_json_add_bool(w, "complete", shown == listing->count);
    hb_json_add_null(w, "next");
    hb_json_close_object(w);
    hb_http_json_send(call, &answer, 200, 0);
}

static void list(void *user, struct hb_http_call *call)
{
    struct hb_replay_api *api = user;
    char prefix[HB_REPLAY_KEY_MAX];
    struct hb_str none = {NULL, 0};
    if (!may_look(api, call))
        return;
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        return;
    }
    (void)hb_http_call_query(call, "webhook", &listing->webhook);
    hb_registry_each_record(api->options.registry, hb_replay_job_key(hb_http_call_param(call, "store"), none, prefix),
                            list_one, listing);
    if (listing->count > 0)
        qsort(listing->jobs, listing->count, sizeof *listing->jobs, cmp_newest_first);
    answer_list(api, call, listing);
    for (size_t i = 0; i < listing->count; i++) {
        hb_replay_job_deinit(listing->jobs[i]);
        free(listing->jobs[i]);
    }
    free(listing);
}

/* ---- life ---- */

enum hb_err hb_replay_api_new(const struct hb_replay_api_options *options, struct hb_http_server *server,
                              struct hb_replay_api **ret_api)
{
    static const struct hb_http_route ROUTES[REPLAY_ROUTES] = {
        {"GET", "/v1/stores/{store}/replays", list, NULL},
        {"POST", "/v1/stores/{store}/replays", hb_replay_api_create, NULL},
        {"GET", "/v1/stores/{store}/replays/{replay}", show, NULL},
        {"POST", "/v1/stores/{store}/replays/{replay}/pause", hb_replay_api_pause, NULL},
        {"POST", "/v1/stores/{store}/replays/{replay}/resume", hb_replay_api_resume, NULL},
        {"POST", "/v1/stores/{store}/replays/{replay}/cancel", hb_replay_api_cancel, NULL},
    };
    struct hb_replay_api *api = calloc(1, sizeof *api);
    if (!api)
        return HB_ERR_MEMORY;
    api->options = *options;
    memcpy(api->routes, ROUTES, sizeof ROUTES);
    for (size_t i = 0; i < REPLAY_ROUTES; i++)
        api->routes[i].user = api;
    enum hb_err err = hb_http_server_mount(server, api->routes, REPLAY_ROUTES);
    if (err)
        hb_replay_api_free(&api);
    else
        *ret_api = api;
    return err;
}

void hb_replay_api_free(struct hb_replay_api **api)
{
    if (!*api)
        return;
    hb_replay_api_dry_end(*api);
    free(*api);
    *api = NULL;
}
