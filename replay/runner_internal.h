/* Job: one job as this process runs it. Private to replay/runner.c, turns.c, run.c and run_select.c.
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

#define HB_REPLAY_ITS_TURN "its_turn" /* why a job waits: others are served before */

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
    struct hb_mono since; /* it waits, counts, or has its list */
    int64_t turn_us;      /* its list is its own for so long, also when a store has none */
    int64_t count_us;     /* counts so long, also when others wait; doubled each time it was not enough */
    bool is_yielding;     /* gives its list back: another store's turn */
    bool is_cut;          /* its counting was stopped: others' turn */
    /* Kafka does not permit what the job needs, until somebody allows it: the trouble says so. */
    bool is_reading_denied, is_writing_denied;
    char denied[HB_REPLAY_DETAIL_MAX]; /* in Kafka's words */
};

/* A job that wants a run. The views are the registry's, of this turn of the loop. */
struct replay_waiting {
    struct hb_str id, store, job, state; /* the last two: the records' values */
    struct hb_wall created;
    bool is_done; /* it has one */
};

struct hb_replay_runner {
    struct hb_replay_runner_options options;
    char registry_topic[HB_TOPIC_NAME_MAX];
    struct hb_timer *look_timer, *pump_timer;
    struct replay_run *runs;
    size_t runs_count;
    struct replay_run *next;        /* who may begin in this look; NULL: nobody */
    struct replay_waiting *waiting; /* owned; filled and emptied by a look */
    size_t waiting_count, waiting_capacity;
    size_t notes; /* written in this look */
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

/* A run for a job that waits for one. */
void hb_runner_adopt(struct hb_replay_runner *runner, const struct replay_waiting *waiting);

/* ---- turns.c: stores take turns at runs, at lists and at counting ---- */
/* Writes why a job waits that has no run, unless its state says so; some a look. value: its state's. */
void hb_turns_note(struct hb_replay_runner *runner, struct hb_str id, struct hb_str value, const char *reason);
/* The job wants a run. */
void hb_turns_wait(struct hb_replay_runner *runner, const struct replay_waiting *waiting);
/* Gives runs to those that wait for one, as far as there are; the others' states say that it is not their turn. */
void hb_turns_adopt(struct hb_replay_runner *runner);
/* Says who may begin, and who gives way to others. */
void hb_turns_choose(struct hb_replay_runner *runner);

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
/* It cannot run now, has said why, and has nothing in flight: it needs no run. */
bool hb_run_is_resting(const struct replay_run *run);
/* The job ended. */
void hb_run_end(struct replay_run *run, enum hb_replay_stage stage, const char *reason, const char *detail);

/* ---- run_select.c ---- */
/* Selects what the rate has room for. */
void hb_run_pump(struct replay_run *run);

#endif
