#include "replay/task.h"

#include "platform/loop/loop.h"
#include "registry/registry.h"

#include <pthread.h>
#include <stdlib.h>

struct hb_replay_task {
    struct hb_replay_task_options options;
    struct hb_wake *wake;
    pthread_t thread;
    bool is_running; /* the thread is not joined */
    struct hb_webhook *webhook;
    struct hb_replay_job job;
    struct hb_replay_ends *ends; /* the fixed ones; NULL: none */
    struct hb_replay_scan_spec spec;
    /* The thread's until it is joined. */
    enum hb_err err;
    struct hb_replay_list list;
    struct hb_error error;
};

static void *run(void *user)
{
    struct hb_replay_task *task = user;
    task->err = hb_replay_scan_run(&task->spec, &task->list, &task->error);
    hb_wake_send(task->wake);
    return NULL;
}

static void join(struct hb_replay_task *task)
{
    if (task->is_running)
        pthread_join(task->thread, NULL);
    task->is_running = false;
}

static void ended(void *user)
{
    struct hb_replay_task *task = user;
    join(task);
    task->options.done(task->options.user, task);
}

static enum hb_err prepare(struct hb_replay_task *task)
{
    const struct hb_replay_task_options *options = &task->options;
    enum hb_err err = hb_replay_job_read(options->job, &task->job);
    if (!err && options->ends) {
        task->ends = malloc(sizeof *task->ends);
        err = task->ends ? HB_OK : HB_ERR_MEMORY;
        if (!err)
            *task->ends = *options->ends;
    }
    task->webhook = hb_webhook_ref(options->webhook);
    task->spec.cluster = options->cluster;
    task->spec.topic_prefix = options->topic_prefix;
    task->spec.job = &task->job;
    task->spec.webhook = task->webhook;
    task->spec.from = options->from;
    task->spec.has_ends = task->ends != NULL;
    task->spec.ends = task->ends;
    task->spec.deliveries_max = options->deliveries_max;
    task->spec.limit_ms = options->limit_ms;
    task->spec.now = options->now;
    atomic_init(&task->spec.is_cancelled, false);
    atomic_init(&task->spec.scanned, 0);
    return err ? err : hb_wake_new(options->loop, ended, task, &task->wake);
}

enum hb_err hb_replay_task_start(const struct hb_replay_task_options *options, struct hb_replay_task **ret_task)
{
    struct hb_replay_task *task = calloc(1, sizeof *task);
    if (!task)
        return HB_ERR_MEMORY;
    task->options = *options;
    enum hb_err err = prepare(task);
    if (!err && pthread_create(&task->thread, NULL, run, task) != 0)
        err = HB_ERR_MEMORY;
    if (err) {
        hb_replay_task_free(&task);
        return err;
    }
    task->is_running = true;
    *ret_task = task;
    return HB_OK;
}

void hb_replay_task_cancel(struct hb_replay_task *task)
{
    atomic_store_explicit(&task->spec.is_cancelled, true, memory_order_relaxed);
}

void hb_replay_task_free(struct hb_replay_task **task)
{
    struct hb_replay_task *t = *task;
    if (!t)
        return;
    hb_replay_task_cancel(t);
    join(t);
    if (t->wake)
        hb_wake_free(&t->wake);
    hb_replay_list_deinit(&t->list);
    hb_replay_job_deinit(&t->job);
    hb_webhook_unref(&t->webhook);
    free(t->ends);
    free(t);
    *task = NULL;
}

enum hb_err hb_replay_task_result(struct hb_replay_task *task, struct hb_replay_list *ret_list, struct hb_error *reterr)
{
    HB_ASSERT(!task->is_running);
    if (task->err) {
        if (reterr)
            *reterr = task->error;
        return task->err;
    }
    *ret_list = task->list;
    task->list.items = NULL;
    return HB_OK;
}

uint64_t hb_replay_task_scanned(const struct hb_replay_task *task)
{
    return atomic_load_explicit(&task->spec.scanned, memory_order_relaxed);
}
