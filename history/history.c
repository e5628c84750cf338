#include "history/history.h"

#include "core/event_rules.h"
#include "core/selection.h"
#include "history/query.h"
#include "history/tail.h"
#include "hookbus/topics.h"
#include "platform/http_server/http_server.h"
#include "platform/loop/loop.h"
#include "registry/access.h"

#include <pthread.h>
#include <stdlib.h>

#define SINCE_MS_DEFAULT (24 * HB_MS_PER_HOUR)
#define LIMIT_DEFAULT 50
#define ROUTES 3

/* One query on its thread; the loop sees it again when `wake` is called. */
struct job {
    struct job *next;
    struct hb_history *history;
    struct hb_http_call *call;
    struct hb_wake *wake;
    pthread_t thread;
    struct hb_query_spec spec;
    char *store, *subject, *type, *event; /* what the spec's views point into */
    bool is_single;
    struct hb_buf json;
    enum hb_err err;
    struct hb_error error;
};

struct hb_history {
    struct hb_history_options options;
    struct hb_http_route routes[ROUTES];
    struct hb_tails *tails;
    struct job *jobs;
    size_t jobs_count;
};

static void job_free(struct job *job)
{
    for (struct job **at = &job->history->jobs; *at; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            job->history->jobs_count--;
            break;
        }
    }
    hb_wake_free(&job->wake);
    hb_buf_deinit(&job->json);
    free(job->store);
    free(job->subject);
    free(job->type);
    free(job->event);
    free(job);
}

static void *run_job(void *user)
{
    struct job *job = user;
    job->err = hb_query_run(&job->spec, &job->json, &job->error);
    hb_wake_send(job->wake);
    return NULL;
}

static void answer(struct job *job)
{
    struct hb_str json = hb_buf_str(&job->json);
    if (job->err) {
        hb_http_call_add_header(job->call, "Retry-After", HB_STR("5"));
        hb_http_call_problem(job->call, 503, "history_unavailable", "History cannot be read now",
                             job->error.text[0] ? job->error.text : hb_err_text(job->err), NULL, NULL);
        return;
    }
    const struct hb_str none = HB_STR("{\"events\":[],\"complete\":true");
    if (job->is_single && hb_str_has_prefix(json, none)) {
        hb_http_call_problem(job->call, 404, "not_found", "There is no such event",
                             "The store has no event of this id since the time searched.", "event",
                             "an id of an event published in the last 24 hours, or ?since= an earlier time");
        return;
    }
    hb_http_call_answer(job->call, 200, "application/json", json);
}

static void job_done(void *user)
{
    struct job *job = user;
    pthread_join(job->thread, NULL);
    answer(job);
    job_free(job);
}

/* Takes a query parameter; true if it is absent or good. */
static bool take_text(struct hb_http_call *call, const char *name, bool (*is_good)(struct hb_str), char **ret_owned,
                      struct hb_str *ret_view)
{
    struct hb_str value;
    if (!hb_http_call_query(call, name, &value) || value.len == 0)
        return true;
    if (!is_good(value) || !(*ret_owned = hb_str_dup(value)))
        return false;
    *ret_view = hb_str_n(*ret_owned, value.len);
    return true;
}

/* Which parameter is wrong, or NULL. */
static const char *read_parameters(struct job *job, struct hb_wall now)
{
    struct hb_str value;
    uint64_t limit;
    job->spec.since.ms = now.ms - SINCE_MS_DEFAULT;
    job->spec.limit = LIMIT_DEFAULT;
    if (!take_text(job->call, "subject", hb_event_is_subject, &job->subject, &job->spec.subject))
        return "subject";
    if (!take_text(job->call, "type", hb_selection_is_pattern, &job->type, &job->spec.type))
        return "type";
    if (hb_http_call_query(job->call, "since", &value) && hb_wall_parse(value, &job->spec.since))
        return "since";
    if (hb_http_call_query(job->call, "limit", &value)) {
        if (!hb_str_to_u64(value, &limit) || limit < 1 || limit > HB_QUERY_EVENTS_MAX)
            return "limit";
        job->spec.limit = (size_t)limit;
    }
    return NULL;
}

static struct job *job_new(struct hb_history *history, struct hb_http_call *call, const struct hb_api_key *key,
                           struct hb_str store)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->history = history;
    job->call = call;
    job->json = hb_buf_make(HB_QUERY_BYTES_MAX);
    job->store = hb_str_dup(store);
    job->spec = (struct hb_query_spec){.cluster = history->options.cluster,
                                       .topic_prefix = history->options.topic_prefix,
                                       .store = hb_str_c(job->store),
                                       .now = history->options.now,
                                       .has_data = (key->scopes & (1u << HB_SCOPE_READ_DATA)) != 0};
    job->next = history->jobs;
    history->jobs = job;
    history->jobs_count++;
    if (!job->store || hb_wake_new(history->options.loop, job_done, job, &job->wake)) {
        job_free(job);
        return NULL;
    }
    return job;
}

/* The server asks the handlers of GET for HEAD too: here the answer is the whole work. */
static bool refuses_head(struct hb_http_call *call)
{
    if (!hb_str_eq(hb_http_call_method(call), HB_STR("HEAD")))
        return false;
    hb_http_call_add_header(call, "Allow", HB_STR("GET"));
    hb_http_call_problem(call, 405, "method_not_allowed", "History answers GET alone",
                         "What HEAD would say costs what GET costs.", NULL, NULL);
    return true;
}

static bool has_room(const struct hb_history *history, struct hb_str store)
{
    size_t of_store = 0;
    for (const struct job *job = history->jobs; job; job = job->next)
        of_store += hb_str_eq(job->spec.store, store);
    return history->jobs_count < HB_HISTORY_QUERIES_MAX && of_store < HB_HISTORY_STORE_QUERIES_MAX;
}

/* A job for an allowed call, or NULL after having answered. */
static struct job *begin(struct hb_history *history, struct hb_http_call *call)
{
    struct hb_wall now = hb_loop_wall(history->options.loop);
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key = hb_access_check(history->options.registry, call, HB_SCOPE_READ, store, now);
    if (!key || refuses_head(call))
        return NULL;
    struct job *job = has_room(history, store) ? job_new(history, call, key, store) : NULL;
    if (!job) {
        hb_http_call_add_header(call, "Retry-After", HB_STR("5"));
        hb_http_call_problem(call, 429, "too_many_queries", "Too many queries at a time",
                             "Each reads Kafka's topics; try again when one has ended.", NULL, NULL);
        return NULL;
    }
    const char *wrong = read_parameters(job, now);
    if (!wrong)
        return job;
    hb_http_call_problem(call, 400, "invalid_parameter", "A query parameter is not usable", wrong, wrong,
                         "subject: text; type: word.word, word.* or *; since: RFC 3339; limit: 1..500");
    job_free(job);
    return NULL;
}

static void start(struct job *job)
{
    if (pthread_create(&job->thread, NULL, run_job, job) == 0)
        return;
    hb_http_call_problem(job->call, 503, "own_trouble", "No thread for the query", "Try again.", NULL, NULL);
    job_free(job);
}

static void list(void *user, struct hb_http_call *call)
{
    struct job *job = begin(user, call);
    if (job)
        start(job);
}

static void show(void *user, struct hb_http_call *call)
{
    struct job *job = begin(user, call);
    if (!job)
        return;
    struct hb_str id = hb_http_call_param(call, "event");
    if (!hb_event_is_id(id) || !(job->event = hb_str_dup(id))) {
        hb_http_call_problem(call, 404, "not_found", "There is no such event",
                             "An event id has 1..64 of A-Z a-z 0-9 _ -", "event", NULL);
        job_free(job);
        return;
    }
    job->spec.event = hb_str_c(job->event);
    job->is_single = true;
    start(job);
}

static void tail(void *user, struct hb_http_call *call)
{
    struct hb_history *history = user;
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key =
        hb_access_check(history->options.registry, call, HB_SCOPE_READ, store, hb_loop_wall(history->options.loop));
    if (key && !refuses_head(call))
        hb_tails_add(history->tails, call, store, (key->scopes & (1u << HB_SCOPE_READ_DATA)) != 0);
}

enum hb_err hb_history_new(const struct hb_history_options *options, struct hb_http_server *server,
                           struct hb_history **ret_history)
{
    struct hb_history *history = calloc(1, sizeof *history);
    if (!history)
        return HB_ERR_MEMORY;
    history->options = *options;
    history->routes[0] = (struct hb_http_route){"GET", "/v1/stores/{store}/events", list, history};
    history->routes[1] = (struct hb_http_route){"GET", "/v1/stores/{store}/events/{event}", show, history};
    history->routes[2] = (struct hb_http_route){"GET", "/v1/stores/{store}/tail", tail, history};
    enum hb_err err = hb_tails_new(options, &history->tails);
    if (!err)
        err = hb_http_server_mount(server, history->routes, ROUTES);
    if (err)
        hb_history_free(&history);
    else
        *ret_history = history;
    return err;
}

void hb_history_free(struct hb_history **history)
{
    struct hb_history *h = *history;
    if (!h)
        return;
    while (h->jobs) { /* a query ends by its own time limit at the latest */
        pthread_join(h->jobs->thread, NULL);
        job_free(h->jobs);
    }
    hb_tails_free(&h->tails);
    free(h);
    *history = NULL;
}
