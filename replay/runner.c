#include "replay/runner.h"

#include "platform/loop/loop.h"
#include "registry/each.h"
#include "registry/registry.h"
#include "replay/runner_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 1000
#define OWNER_GRACE_MS 5000 /* a process with a retry queue would have looked by then */
#define PUMP_MS 20

/* ---- what the runs ask ---- */

size_t hb_runner_active(const struct hb_replay_runner *runner)
{
    size_t count = 0;
    for (const struct replay_run *run = runner->runs; run; run = run->next)
        count += run->task || run->list.items;
    return count;
}

bool hb_runner_is_counting(const struct hb_replay_runner *runner)
{
    for (const struct replay_run *run = runner->runs; run; run = run->next)
        if (run->task)
            return true;
    return false;
}

bool hb_runner_is_busy_for(const struct hb_replay_runner *runner, struct hb_str webhook)
{
    for (const struct replay_run *run = runner->runs; run; run = run->next)
        if ((run->task || run->list.items) && hb_str_eq(run->job.webhook, webhook))
            return true;
    return false;
}

void hb_runner_pump_soon(struct hb_replay_runner *runner)
{
    if (!hb_timer_is_running(runner->pump_timer))
        hb_timer_start(runner->pump_timer, 0, PUMP_MS);
}

/* Selects what the rates allow; stands still when no run has anything to select. */
static void pump(void *user)
{
    struct hb_replay_runner *runner = user;
    bool has_more = false;
    for (struct replay_run *run = runner->runs; run && !runner->is_stopped; run = run->next) {
        hb_run_pump(run);
        has_more |= run->list.items && run->done_index < run->count;
    }
    if (!has_more)
        hb_timer_stop(runner->pump_timer);
}

/* ---- the registry ---- */

static struct hb_str id_in_key(struct hb_str key)
{
    size_t at = key.len;
    while (at > 0 && key.ptr[at - 1] != '/')
        at--;
    return hb_str_n(key.ptr + at, key.len - at);
}

/* replay/<store>/<job> */
static struct hb_str store_in_key(struct hb_str key)
{
    size_t from = sizeof "replay/" - 1, job = id_in_key(key).len + 1;
    return key.len > from + job ? hb_str_n(key.ptr + from, key.len - from - job) : hb_str_n(key.ptr, 0);
}

static struct replay_run *find(const struct hb_replay_runner *runner, struct hb_str id)
{
    struct replay_run *run = runner->runs;
    while (run && !(hb_str_eq(run->job.id, id) && !run->is_left))
        run = run->next;
    return run;
}

/* A look at each ended job of the past would cost more than running the others: its state says the end in its first
 * bytes, as hb_replay_progress_write wrote them. */
static bool has_ended(struct hb_str state)
{
    static const struct hb_str BEGINNINGS[] = {
#define STAGE_BEGINNING(name, text, is_end) HB_STR_INIT("{\"v\":1,\"status\":\"" text "\""),
        HB_REPLAY_STAGES(STAGE_BEGINNING)
#undef STAGE_BEGINNING
    };
    for (int i = 0; i < HB_REPLAY_STAGE_COUNT; i++)
        if (hb_replay_stage_is_end((enum hb_replay_stage)i) && hb_str_has_prefix(state, BEGINNINGS[i]))
            return true;
    return false;
}

void hb_runner_adopt(struct hb_replay_runner *runner, const struct replay_waiting *waiting)
{
    struct replay_run *run = NULL;
    struct hb_replay_job job;
    struct hb_replay_progress *state = malloc(sizeof *state);
    bool is_read = state && hb_replay_progress_read(waiting->state, state) == HB_OK &&
                   hb_replay_job_read(waiting->job, &job) == HB_OK;
    if (is_read && hb_run_new(runner, &job, state, &run))
        hb_replay_job_deinit(&job);
    free(state);
    if (!run)
        return;
    run->is_met = true;
    struct replay_run **at = &runner->runs;
    while (*at)
        at = &(*at)->next; /* the oldest first: they come in the order of their ids */
    *at = run;
    runner->runs_count++;
}

/* Of a job without a run: it asks for one, or its state says why it cannot run. */
static void consider(struct hb_replay_runner *runner, const struct hb_replay_job *job, struct replay_waiting *waiting)
{
    const struct hb_webhook *webhook = hb_registry_webhook(runner->options.registry, job->store, job->webhook);
    if (!runner->options.owns) {
        bool is_new = hb_loop_wall(runner->options.loop).ms - job->created.ms < OWNER_GRACE_MS;
        if (waiting->state.len == 0 && !is_new && job->wish == HB_REPLAY_WISH_ACTIVE)
            hb_turns_note(runner, waiting->id, waiting->state, "no_retry_queue");
        return;
    }
    if (!runner->options.owns(runner->options.owns_user, job->webhook))
        return;
    if (job->wish == HB_REPLAY_WISH_PAUSED) { /* told by the wish; a reason of before would be wrong */
        if (waiting->state.len > 0)
            hb_turns_note(runner, waiting->id, waiting->state, "paused");
        return;
    }
    if (job->wish == HB_REPLAY_WISH_ACTIVE && webhook && webhook->status == HB_WEBHOOK_DISABLED)
        hb_turns_note(runner, waiting->id, waiting->state, "webhook_disabled");
    else
        hb_turns_wait(runner, waiting);
}

static void see_job(void *user, struct hb_str key, struct hb_str value)
{
    struct hb_replay_runner *runner = user;
    char state_key[HB_REPLAY_KEY_MAX];
    struct hb_str id = id_in_key(key);
    struct replay_run *run = find(runner, id);
    if (id.len == 0 || id.len > HB_ID_MAX)
        return;
    struct hb_str state = hb_registry_record(runner->options.registry, hb_replay_progress_key(id, state_key));
    struct hb_replay_job job;
    if (has_ended(state) || hb_replay_job_read(value, &job))
        return; /* an ended run is not met, and freed */
    runner->unfinished++;
    if (!run) {
        struct replay_waiting waiting = {
            .id = id, .store = store_in_key(key), .job = value, .state = state, .created = job.created};
        consider(runner, &job, &waiting);
        hb_replay_job_deinit(&job);
    } else if (job.revision != run->job.revision) {
        hb_replay_job_deinit(&run->job);
        run->job = job;
    } else {
        hb_replay_job_deinit(&job);
    }
    if (run)
        run->is_met = runner->options.owns(runner->options.owns_user, run->job.webhook);
}

/* Those the registry or the shard took from us go, as soon as nothing of theirs is in flight. */
static void sweep(struct hb_replay_runner *runner)
{
    for (struct replay_run **at = &runner->runs; *at;) {
        struct replay_run *run = *at;
        run->is_left |= !run->is_met || hb_run_is_resting(run);
        if (run->is_left && hb_run_let_go(run) && !run->task) {
            *at = run->next;
            runner->runs_count--;
            hb_run_free(run);
            continue;
        }
        at = &run->next;
    }
}

static void look(void *user)
{
    struct hb_replay_runner *runner = user;
    struct hb_registry *registry = runner->options.registry;
    int64_t applied = hb_registry_applied(registry);
    bool has_news = applied != runner->seen || runner->unfinished > 0 || runner->runs;
    if (!hb_registry_is_current(registry) || !has_news)
        return;
    runner->unfinished = runner->notes = 0;
    for (struct replay_run *run = runner->runs; run; run = run->next)
        run->is_met = false;
    hb_registry_each_record(registry, HB_STR("replay/"), see_job, runner);
    sweep(runner);
    hb_turns_adopt(runner);
    hb_turns_choose(runner);
    for (struct replay_run *run = runner->runs; run; run = run->next)
        hb_run_step(run);
    runner->seen = applied;
}

/* ---- life ---- */

size_t hb_replay_runner_active(const struct hb_replay_runner *runner)
{
    return hb_runner_active(runner);
}

const char *hb_replay_runner_trouble(struct hb_replay_runner *runner)
{
    const struct replay_run *run = runner->runs;
    while (run && !run->is_reading_denied && !run->is_writing_denied)
        run = run->next;
    if (!run)
        return NULL;
    (void)snprintf(runner->trouble, sizeof runner->trouble, "replay job %.*s waits: Kafka refuses this user: %s",
                   HB_ARG(run->job.id), run->denied);
    return runner->trouble;
}

void hb_replay_runner_stop(struct hb_replay_runner *runner)
{
    runner->is_stopped = true;
    hb_timer_stop(runner->look_timer);
    hb_timer_stop(runner->pump_timer);
    for (struct replay_run *run = runner->runs; run; run = run->next)
        hb_run_save(run);
}

enum hb_err hb_replay_runner_new(const struct hb_replay_runner_options *options, struct hb_replay_runner **ret_runner)
{
    struct hb_replay_runner *runner = calloc(1, sizeof *runner);
    if (!runner)
        return HB_ERR_MEMORY;
    runner->options = *options;
    runner->seen = -1;
    hb_topic_name(options->topic_prefix, HB_TOPIC_REGISTRY, runner->registry_topic);
    enum hb_err err = hb_timer_new(options->loop, look, runner, &runner->look_timer);
    if (!err)
        err = hb_timer_new(options->loop, pump, runner, &runner->pump_timer);
    if (err) {
        hb_replay_runner_free(&runner);
        return err;
    }
    hb_timer_start(runner->look_timer, LOOK_MS, LOOK_MS);
    *ret_runner = runner;
    return HB_OK;
}

void hb_replay_runner_free(struct hb_replay_runner **runner)
{
    struct hb_replay_runner *old = *runner;
    if (!old)
        return;
    hb_timer_free(&old->look_timer);
    hb_timer_free(&old->pump_timer);
    while (old->runs) {
        struct replay_run *run = old->runs;
        old->runs = run->next;
        hb_run_free(run);
    }
    free(old->waiting);
    free(old);
    *runner = NULL;
}
