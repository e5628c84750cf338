#include "hookbus/webhook.h"
#include "platform/loop/loop.h"
#include "records/outbox.h"
#include "registry/registry.h"
#include "replay/runner_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define AGAIN_MS 5000 /* after trouble with Kafka, and for an end the registry does not show */
#define SAVE_MS 1000
#define STATE_BYTES_MAX (256 * 1024)

static struct hb_wall now_of(const struct replay_run *run)
{
    return hb_loop_wall(run->runner->options.loop);
}

/* ---- its state ---- */

static void say(struct replay_run *run, enum hb_replay_stage stage, const char *reason, const char *detail)
{
    if (run->state.stage == stage && strcmp(run->state.reason, reason) == 0)
        return;
    run->state.stage = stage;
    (void)snprintf(run->state.reason, sizeof run->state.reason, "%s", reason);
    (void)snprintf(run->state.detail, sizeof run->state.detail, "%s", detail);
    run->is_changed = true;
}

/* Time does not mend it: told once, by log, by the job's state and by the process's trouble. */
static void deny(struct replay_run *run, bool *flag, const char *text)
{
    (void)snprintf(run->denied, sizeof run->denied, "%s", text);
    if (!*flag)
        hb_log(run->runner->options.log, HB_LOG_REPLAY_DENIED, HB_LOG_STR("job", run->job.id),
               HB_LOG_STR("webhook", run->job.webhook), HB_LOG_C("detail", text));
    *flag = true;
}

static void written(void *user, const struct hb_kafka_ack *ack)
{
    struct replay_run *run = user;
    run->in_flight--;
    if (ack->err == HB_ERR_DENIED)
        deny(run, &run->is_writing_denied, "how far a replay got may not be written to the registry topic");
    else
        run->is_writing_denied &= ack->err != HB_OK;
    run->is_changed |= ack->err != HB_OK;
    run->is_fixed |= ack->err == HB_OK && run->state.has_ends;
}

static enum hb_err produce(struct replay_run *run, struct hb_buf *value)
{
    char key[HB_REPLAY_KEY_MAX];
    struct hb_kafka_producer *producer = hb_outbox_producer(run->runner->options.outbox);
    enum hb_err err = producer ? hb_replay_progress_write(&run->state, value) : HB_ERR_CLOSED;
    if (err)
        return err;
    const struct hb_kafka_record record = {.topic = run->runner->registry_topic,
                                           .partition = 0,
                                           .key = hb_replay_progress_key(run->job.id, key),
                                           .value = hb_buf_str(value)};
    return hb_kafka_produce(producer, &record, written, run);
}

void hb_run_save(struct replay_run *run)
{
    struct hb_wall now = now_of(run);
    if (!run->is_changed || run->is_left)
        return;
    struct hb_buf value = hb_buf_make(STATE_BYTES_MAX);
    run->state.at = now;
    (void)snprintf(run->state.worker, sizeof run->state.worker, "%s", run->runner->options.worker);
    if (produce(run, &value) == HB_OK) {
        run->in_flight++;
        run->is_changed = false;
        run->saved = now;
    }
    hb_buf_deinit(&value);
}

void hb_run_end(struct replay_run *run, enum hb_replay_stage stage, const char *reason, const char *detail)
{
    say(run, stage, reason, detail);
    run->is_over = true;
    run->is_changed = true;
    hb_log(run->runner->options.log, HB_LOG_REPLAY_ENDED, HB_LOG_STR("job", run->job.id),
           HB_LOG_STR("webhook", run->job.webhook), HB_LOG_C("status", hb_replay_stage_text(stage)),
           HB_LOG_INT("selected", run->state.selected), HB_LOG_C("detail", detail));
    hb_run_save(run);
}

/* ---- counting ---- */

static void counted(void *user, struct hb_replay_task *task);

static void begin(struct replay_run *run)
{
    struct hb_replay_runner *runner = run->runner;
    char key[HB_REPLAY_KEY_MAX];
    const struct hb_replay_task_options options = {
        .loop = runner->options.loop,
        .cluster = runner->options.cluster,
        .topic_prefix = runner->options.topic_prefix,
        .job = hb_registry_record(runner->options.registry, hb_replay_job_key(run->job.store, run->job.id, key)),
        .webhook = hb_registry_webhook(runner->options.registry, run->job.store, run->job.webhook),
        .from = run->state.cursor,
        .ends = run->state.has_ends ? &run->state.ends : NULL,
        .deliveries_max = runner->options.deliveries_max,
        .now = runner->options.now,
        .done = counted,
        .user = run};
    if (hb_replay_task_start(&options, &run->task)) {
        run->again.ms = now_of(run).ms + AGAIN_MS;
        return;
    }
    run->since = hb_loop_mono(runner->options.loop);
    run->state.started = run->state.started.ms > 0 ? run->state.started : now_of(run);
    say(run, HB_REPLAY_STAGE_COUNTING, "", "");
    hb_log(runner->options.log, HB_LOG_REPLAY_STARTED, HB_LOG_STR("job", run->job.id),
           HB_LOG_STR("webhook", run->job.webhook), HB_LOG_INT("selected", run->state.selected));
}

/* Counted again for each turn, it would get nowhere if that took longer than the turn. */
static void begin_turn(struct replay_run *run)
{
    struct hb_mono now = hb_loop_mono(run->runner->options.loop);
    int64_t counted_us = now.us - run->since.us, least_us = HB_REPLAY_TURN_MS * HB_US_PER_MS;
    run->turn_us = 2 * counted_us > least_us ? 2 * counted_us : least_us;
    run->since = now;
}

static void take_list(struct replay_run *run)
{
    begin_turn(run);
    run->is_reading_denied = false;
    run->count = hb_candidates_count(run->list.items);
    run->next_index = run->done_index = 0;
    memset(run->slots, 0, sizeof run->slots);
    if (!run->state.has_ends) {
        run->state.ends = run->list.ends;
        run->state.has_ends = true;
        run->is_fixed = false;
    } else {
        run->is_fixed = true;
    }
    if (run->state.total < 0) {
        run->state.total = (int64_t)run->count;
        run->state.gone = (int64_t)run->list.gone;
    }
    if (run->state.total < (int64_t)run->count)
        run->state.total = (int64_t)run->count; /* more than the first time; nothing was selected then */
    /* What was in flight when a process died carries the job, or was delivered since: it is done, too. */
    run->selected_before = run->state.total - (int64_t)run->count;
    run->state.selected = run->selected_before;
    run->rate = hb_rate_make(run->job.rate, 1, hb_loop_mono(run->runner->options.loop));
    hb_rate_take(&run->rate, run->job.rate); /* nothing was saved up: a crash is no burst */
    say(run, HB_REPLAY_STAGE_RUNNING, "", "");
    run->is_changed = true;
    hb_run_save(run);
    hb_runner_pump_soon(run->runner);
}

static void wait_for_turn(struct replay_run *run)
{
    run->since = hb_loop_mono(run->runner->options.loop);
    say(run, HB_REPLAY_STAGE_WAITING, HB_REPLAY_ITS_TURN, "");
}

/* Trouble that time or an operator mends is tried again; the job's own ends it. */
static void fail(struct replay_run *run, enum hb_err err, const struct hb_error *error)
{
    switch ((int)err) {
    case HB_ERR_CLOSED: /* as we asked */
        if (!run->is_cut)
            break;
        run->count_us *= 2;
        wait_for_turn(run);
        break;
    case HB_ERR_FULL:
        hb_run_end(run, HB_REPLAY_STAGE_FAILED, "too_many_deliveries", error->text);
        break;
    case HB_ERR_INVALID:
    case HB_ERR_VERSION:
    case HB_ERR_TOO_LARGE:
    case HB_ERR_CONFIG:
        hb_run_end(run, HB_REPLAY_STAGE_FAILED, "not_possible", error->text);
        break;
    case HB_ERR_DENIED:
        run->again.ms = now_of(run).ms + AGAIN_MS;
        deny(run, &run->is_reading_denied, error->text);
        say(run, HB_REPLAY_STAGE_WAITING, "denied", error->text);
        break;
    default:
        run->again.ms = now_of(run).ms + AGAIN_MS;
        say(run, HB_REPLAY_STAGE_WAITING, "kafka_away", error->text);
        break;
    }
}

static void counted(void *user, struct hb_replay_task *task)
{
    struct replay_run *run = user;
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = hb_replay_task_result(task, &run->list, &error);
    hb_replay_task_free(&run->task);
    if (run->is_left)
        return;
    if (err)
        fail(run, err, &error);
    else
        take_list(run);
    run->is_cut = false;
}

/* ---- one look ---- */

bool hb_run_let_go(struct replay_run *run)
{
    if (run->task) {
        hb_replay_task_cancel(run->task);
        return false;
    }
    if (run->in_flight > 0)
        return false;
    hb_replay_list_deinit(&run->list);
    return true;
}

bool hb_run_may_send(const struct replay_run *run, const char **ret_reason)
{
    const struct hb_webhook *webhook =
        hb_registry_webhook(run->runner->options.registry, run->job.store, run->job.webhook);
    *ret_reason = !webhook                                 ? "webhook_unknown"
                  : webhook->status == HB_WEBHOOK_DISABLED ? "webhook_disabled"
                  : webhook->status == HB_WEBHOOK_DELETED  ? "webhook_deleted"
                                                           : NULL;
    return *ret_reason == NULL;
}

static bool is_all_selected(const struct replay_run *run)
{
    return run->list.items && run->is_fixed && run->done_index == run->count;
}

/* Stands still, its list given back, and says why. */
static void wait(struct replay_run *run, const char *reason)
{
    if (!hb_run_let_go(run))
        return;
    run->is_reading_denied = false; /* nothing is read now */
    if (strcmp(reason, "webhook_deleted") == 0)
        hb_run_end(run, HB_REPLAY_STAGE_FAILED, reason, "the webhook was deleted");
    else
        say(run, HB_REPLAY_STAGE_WAITING, reason, "");
}

static void go_on(struct replay_run *run)
{
    struct hb_replay_runner *runner = run->runner;
    if (run->list.items) {
        if (is_all_selected(run))
            hb_run_end(run, HB_REPLAY_STAGE_DONE, "", "");
        else if (!run->is_yielding)
            hb_runner_pump_soon(runner);
        else if (hb_run_let_go(run))
            wait_for_turn(run);
        return;
    }
    run->is_yielding = false;
    if (run->task || now_of(run).ms < run->again.ms)
        return;
    if (runner->next == run)
        begin(run);
    else
        say(run, HB_REPLAY_STAGE_WAITING, HB_REPLAY_ITS_TURN, "");
}

void hb_run_step(struct replay_run *run)
{
    const char *reason = NULL;
    if (run->is_left) {
        (void)hb_run_let_go(run);
        return;
    }
    if (run->is_over) {
        (void)hb_run_let_go(run);
        run->is_changed |= now_of(run).ms - run->saved.ms > AGAIN_MS; /* the registry does not say it yet */
    } else if (run->job.wish == HB_REPLAY_WISH_CANCELLED) {
        if (hb_run_let_go(run))
            hb_run_end(run, HB_REPLAY_STAGE_CANCELLED, "", "");
    } else if (run->job.wish == HB_REPLAY_WISH_PAUSED) {
        wait(run, "paused");
    } else if (!hb_run_may_send(run, &reason)) {
        wait(run, reason);
    } else {
        go_on(run);
    }
    if (now_of(run).ms - run->saved.ms >= SAVE_MS)
        hb_run_save(run);
}

bool hb_run_is_resting(const struct replay_run *run)
{
    const char *reason = run->job.wish == HB_REPLAY_WISH_PAUSED ? "paused" : NULL;
    if (run->task || run->list.items || run->in_flight > 0 || run->is_changed || run->is_over ||
        run->job.wish == HB_REPLAY_WISH_CANCELLED || (!reason && hb_run_may_send(run, &reason)))
        return false;
    return run->state.stage == HB_REPLAY_STAGE_WAITING && strcmp(run->state.reason, reason) == 0;
}

/* ---- life ---- */

enum hb_err hb_run_new(struct hb_replay_runner *runner, const struct hb_replay_job *take_job,
                       const struct hb_replay_progress *state, struct replay_run **ret_run)
{
    struct replay_run *run = calloc(1, sizeof *run);
    if (!run)
        return HB_ERR_MEMORY;
    run->runner = runner;
    run->job = *take_job;
    run->state = *state;
    run->since = hb_loop_mono(runner->options.loop);
    run->count_us = HB_REPLAY_TURN_MS * HB_US_PER_MS;
    *ret_run = run;
    return HB_OK;
}

void hb_run_free(struct replay_run *run)
{
    hb_replay_task_free(&run->task);
    hb_replay_list_deinit(&run->list);
    hb_replay_job_deinit(&run->job);
    free(run);
}
