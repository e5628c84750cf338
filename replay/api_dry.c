#include "platform/loop/loop.h"
#include "replay/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* A dry run under way. */
struct replay_dry {
    struct replay_dry *next;
    struct hb_replay_api *api;
    struct hb_http_call *call;
    struct hb_replay_task *task;
    char store[HB_ID_MAX + 1];
    int64_t rate;
    struct hb_str webhook;
    char webhook_text[HB_ID_MAX + 1];
};

static void dry_free(struct replay_dry *dry)
{
    for (struct replay_dry **at = &dry->api->dry_runs; *at; at = &(*at)->next) {
        if (*at == dry) {
            *at = dry->next;
            dry->api->dry_runs_count--;
            break;
        }
    }
    hb_replay_task_free(&dry->task);
    free(dry);
}

/* ---- the answer ---- */

static void add_item(struct hb_json_writer *w, const struct hb_replay_list *list, size_t index)
{
    const struct hb_candidate *item = hb_candidates_at(list->items, index);
    char id[HB_DELIVERY_ID_BYTES + 1];
    hb_delivery_id(item->delivery, id);
    struct hb_str event = hb_candidates_event(list->items, item);
    hb_json_object(w, NULL);
    hb_json_add_str(w, "delivery", hb_str_n(id, HB_DELIVERY_ID_BYTES));
    if (event.len > 0)
        hb_json_add_str(w, "event", event);
    hb_json_add_wall(w, "appended", item->position.appended);
    hb_json_add_str(w, "topic", hb_str_c(hb_topic_spec((enum hb_topic)item->position.topic)->name));
    hb_json_add_int(w, "partition", item->position.partition);
    hb_json_add_int(w, "offset", item->position.offset);
    if (item->journal != HB_REPLAY_NO_ENTRY)
        hb_json_add_str(w, "state", hb_str_c(hb_delivery_state_text((enum hb_delivery_state)item->journal)));
    hb_json_close_object(w);
}

static void write_answer(struct hb_json_writer *w, const struct replay_dry *dry, const struct hb_replay_list *list)
{
    size_t count = hb_candidates_count(list->items);
    hb_json_object(w, NULL);
    hb_json_add_bool(w, "dry_run", true);
    hb_json_add_str(w, "webhook", dry->webhook);
    hb_json_add_int(w, "total", (int64_t)count);
    hb_json_add_int(w, "gone", (int64_t)list->gone);
    hb_json_add_int(w, "rate", dry->rate);
    hb_json_add_int(w, "seconds", ((int64_t)count + dry->rate - 1) / dry->rate);
    if (count > 0) {
        hb_json_add_wall(w, "oldest", hb_candidates_at(list->items, 0)->position.appended);
        hb_json_add_wall(w, "newest", hb_candidates_at(list->items, count - 1)->position.appended);
    }
    hb_json_add_int(w, "scanned", (int64_t)hb_replay_task_scanned(dry->task));
    hb_json_array(w, "sample");
    for (size_t i = 0; i < count && i < HB_REPLAY_SAMPLE; i++)
        add_item(w, list, i);
    hb_json_close_array(w);
    hb_json_close_object(w);
}

static void answer(const struct replay_dry *dry, const struct hb_replay_list *list)
{
    struct hb_buf buf = hb_buf_make(REPLAY_ANSWER_BYTES_MAX);
    struct hb_json_writer w = hb_json_write(&buf);
    write_answer(&w, dry, list);
    if (hb_json_end(&w))
        hb_http_call_problem(dry->call, 500, "own_trouble", "The answer could not be made", "Out of memory.", NULL,
                             NULL);
    else
        hb_http_call_answer(dry->call, 200, "application/json", hb_buf_str(&buf));
    hb_buf_deinit(&buf);
}

static void refuse(const struct replay_dry *dry, enum hb_err err, const char *text)
{
    struct hb_http_problem problem;
    if (err == HB_ERR_FULL)
        (void)hb_replay_refuse(&problem, 422, "too_many_deliveries", "since", text);
    else if (err == HB_ERR_TIMEOUT)
        (void)hb_replay_refuse(&problem, 422, "range_too_large", "since",
                               "Counting took longer than 25 s: narrow the range of time.");
    else
        (void)hb_http_refuse(&problem, 503, "history_unavailable", text);
    hb_http_call_refuse(dry->call, &problem, REPLAY_RETRY_AFTER_S);
}

static void counted(void *user, struct hb_replay_task *task)
{
    struct replay_dry *dry = user;
    struct hb_replay_list list = {.items = NULL};
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = hb_replay_task_result(task, &list, &error);
    if (err)
        refuse(dry, err, error.text);
    else
        answer(dry, &list);
    hb_replay_list_deinit(&list);
    dry_free(dry);
}

/* ---- the beginning ---- */

static bool has_room(const struct hb_replay_api *api, struct hb_str store)
{
    for (const struct replay_dry *dry = api->dry_runs; dry; dry = dry->next)
        if (hb_str_eq(hb_str_c(dry->store), store))
            return false;
    return api->dry_runs_count < HB_REPLAY_DRY_RUNS_MAX;
}

static void gone(void *user)
{
    struct replay_dry *dry = user;
    hb_replay_task_cancel(dry->task); /* nobody waits for it: the answer is dropped */
}

void hb_replay_api_dry_run(struct hb_replay_api *api, struct hb_http_call *call, const struct hb_replay_job *job,
                           struct hb_str value)
{
    struct hb_http_problem problem;
    struct replay_dry *dry = has_room(api, job->store) ? calloc(1, sizeof *dry) : NULL;
    if (!dry) {
        (void)hb_http_refuse(&problem, 429, "too_many_queries",
                             "A dry run reads Kafka's topics: one a store at a time; try again when it has ended.");
        problem.title = "The request cannot be used";
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
        return;
    }
    dry->api = api;
    dry->call = call;
    dry->rate = job->rate;
    (void)snprintf(dry->store, sizeof dry->store, "%.*s", HB_ARG(job->store));
    (void)snprintf(dry->webhook_text, sizeof dry->webhook_text, "%.*s", HB_ARG(job->webhook));
    dry->webhook = hb_str_c(dry->webhook_text);
    dry->next = api->dry_runs;
    api->dry_runs = dry;
    api->dry_runs_count++;
    const struct hb_replay_task_options options = {
        .loop = api->options.loop,
        .cluster = api->options.cluster,
        .topic_prefix = api->options.topic_prefix,
        .job = value,
        .webhook = hb_registry_webhook(api->options.registry, job->store, job->webhook),
        .from = HB_REPLAY_BEGINNING,
        .deliveries_max = api->options.deliveries_max,
        .limit_ms = HB_REPLAY_DRY_MS_MAX,
        .now = api->options.now,
        .done = counted,
        .user = dry};
    if (hb_replay_task_start(&options, &dry->task)) {
        refuse(dry, HB_ERR_MEMORY, "No memory or thread for the dry run; try again.");
        dry_free(dry);
        return;
    }
    hb_http_call_on_gone(call, gone, dry);
}

void hb_replay_api_dry_end(struct hb_replay_api *api)
{
    while (api->dry_runs)
        dry_free(api->dry_runs);
}
