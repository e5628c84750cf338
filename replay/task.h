/* Job: runs a scan on a thread of its own and tells the loop when it has ended.
 *
 * Place: the api's dry run and the runner. Owns / borrows: owns its copy of the job, a reference to the webhook, and
 * the list until it is taken. Fails: HB_ERR_MEMORY. Limits: one thread a task; whoever starts them bounds them.
 * Threads: the loop's. */
#ifndef REPLAY_TASK_H
#define REPLAY_TASK_H

#include "replay/scan.h"

struct hb_loop;
struct hb_replay_task;

struct hb_replay_task_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster; /* its texts must outlive the task */
    struct hb_str topic_prefix;      /* as well */
    struct hb_str job;               /* the record's value, copied */
    struct hb_webhook *webhook;      /* a reference is taken */
    struct hb_replay_cursor from;
    const struct hb_replay_ends *ends; /* copied; NULL: the job begins now */
    size_t deliveries_max;
    int64_t limit_ms;
    struct hb_mono (*now)(void);
    void (*done)(void *user, struct hb_replay_task *task);
    void *user;
};
/* `done` comes once, unless it is freed before. */
HB_MUST_USE enum hb_err hb_replay_task_start(const struct hb_replay_task_options *options,
                                             struct hb_replay_task **ret_task);
/* Asks it to end soon: `done` still comes, with HB_ERR_CLOSED or what it had. */
void hb_replay_task_cancel(struct hb_replay_task *task);
/* Waits for its thread: at once after `done`, else as long as a request to Kafka may take. NULL is allowed. */
void hb_replay_task_free(struct hb_replay_task **task);
/* After `done`: what it came to. The list passes to the caller on HB_OK. */
HB_MUST_USE enum hb_err hb_replay_task_result(struct hb_replay_task *task, struct hb_replay_list *ret_list,
                                              struct hb_error *reterr);
/* Records read so far. */
uint64_t hb_replay_task_scanned(const struct hb_replay_task *task);

#endif
