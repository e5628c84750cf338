/* Job: one job as this process runs it. Private to replay/runner.c, run.c and run_select.c.
 *
 * A run lives as long as its job is unfinished and its webhook's shard is ours; its list only while it selects.
 * Threads: the loop's. */
#ifndef REPLAY_RUNNER_INTERNAL_H
#define REPLAY_RUNNER_INTERNAL_H

#include "core/rate.h"
#include "replay/job.h"
#include "replay/runner.h"
#include "replay/task.h"

struct hb_timer;

/* A record at Kafka. */
struct replay_slot {
    struct replay_run *run;
    bool is_acknowledged;
};

struct replay_run {
    struct replay_run *next;
    struct hb_replay_runner *runner;
    struct hb_replay_job job;
    struct hb_replay_progress state;
    struct hb_replay_task *task; /* counting; NULL: not */
    struct hb_replay_list list;  /* items NULL: none */
    struct hb_rate rate;
    size_t count, next_index, done_index; /* of the list: all, selected, acknowledged without a gap */
    int64_t selected_before;              /* state.selected when the list was made */
    size_t in_flight;                     /* records of it at Kafka, its state's too */
    struct replay_slot slots[HB_REPLAY_IN_FLIGHT_MAX];
    struct hb_wall again; /* do not count before */
    struct hb_wall saved; /* when its state was written last */
    bool is_met;          /* in this look at the registry */
    bool is_fixed;        /* its ends are in Kafka: selecting may begin */
    bool is_left;         /* not ours any more, or gone: freed when nothing is in flight */
    bool is_over;         /* ended; the registry does not say so yet */
    bool is_changed;      /* since it was saved */
    /* Kafka does not permit what the job needs, until somebody allows it: the trouble says so. */
    bool is_reading_denied, is_writing_denied;
    char denied[HB_REPLAY_DETAIL_MAX]; /* in Kafka's words */
};

struct hb_replay_runner {
    struct hb_replay_runner_options options;
    char registry_topic[HB_TOPIC_NAME_MAX];
    struct hb_timer *look_timer, *pump_timer;
    struct replay_run *runs;
    size_t runs_count;
    int64_t seen;      /* registry offset at the last look */
    size_t unfinished; /* jobs it met then, anybody's */
    bool is_stopped;
    char trouble[HB_REPLAY_TROUBLE_MAX]; /* what hb_replay_runner_trouble gave last */
};

/* ---- runner.c ---- */
/* Runs with a list or a task. */
size_t hb_runner_active(const struct hb_replay_runner *runner);
bool hb_runner_is_counting(const struct hb_replay_runner *runner);
/* A job of the webhook selects now. One after the other: two at once would both find the same deliveries dead, and the
 * second would send again what the first had delivered meanwhile. */
bool hb_runner_is_busy_for(const struct hb_replay_runner *runner, struct hb_str webhook);
/* Something can be selected: the pump runs. */
void hb_runner_pump_soon(struct hb_replay_runner *runner);

/* ---- run.c ---- */
HB_MUST_USE enum hb_err hb_run_new(struct hb_replay_runner *runner, const struct hb_replay_job *take_job,
                                   const struct hb_replay_progress *state, struct replay_run **ret_run);
void hb_run_free(struct replay_run *run);
/* One look: begins, goes on, waits, ends, saves; by run->job, as the registry says it now. */
void hb_run_step(struct replay_run *run);
/* Writes its state if it changed. */
void hb_run_save(struct replay_run *run);
/* Frees list and task as soon as nothing needs them. False: something is in flight still. */
bool hb_run_let_go(struct replay_run *run);
/* Whether the webhook may be sent to; else why not, as state.reason. */
bool hb_run_may_send(const struct replay_run *run, const char **ret_reason);
/* The job ended. */
void hb_run_end(struct replay_run *run, enum hb_replay_stage stage, const char *reason, const char *detail);

/* ---- run_select.c ---- */
/* Selects what the rate has room for. */
void hb_run_pump(struct replay_run *run);

#endif
