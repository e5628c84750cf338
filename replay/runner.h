/* Job: runs the replay jobs whose webhook's shard is this process's.
 *
 * Place: in a dispatcher process, beside retry/ (which says what it owns: hb_owner.owns of include/hookbus/resend.h).
 * It finds jobs in the registry, counts what they ask for (replay/scan, on a thread), and selects: a journal record
 * `parked, job J`, due two seconds later, at the job's rate; from then on a delivery is the retry queue's. How far a
 * job got stands in `replay-state/<job>`, written every second: kill -9, and the shard's next owner goes on behind the
 * cursor. A second selection by the same job has the same version (docs/decisions/0008-a-replay-is-one-life.md): it
 * changes nothing. Owns / borrows: what the options give must outlive it; the outbox must be ended (hb_outbox_end)
 * before hb_replay_runner_free. Fails: HB_ERR_MEMORY. Limits: HB_REPLAY_RUNS_MAX jobs looked after,
 * HB_REPLAY_ACTIVE_MAX of them with their list in memory, one counting, by turns over the
 * stores (replay/turns.c); HB_REPLAY_IN_FLIGHT_MAX records of a job not
 * acknowledged. Threads: the loop's. */
#ifndef REPLAY_RUNNER_H
#define REPLAY_RUNNER_H

#include "hookbus/bytes.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_loop;
struct hb_metrics;
struct hb_outbox;
struct hb_registry;
struct hb_replay_runner;

#define HB_REPLAY_RUNS_MAX 64
#define HB_REPLAY_ACTIVE_MAX 4
#define HB_REPLAY_TURN_MS INT64_C(120000)
#define HB_REPLAY_IN_FLIGHT_MAX 512
#define HB_REPLAY_TROUBLE_MAX 384

struct hb_replay_runner_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster; /* its texts must outlive the runner, as topic_prefix and worker */
    struct hb_str topic_prefix;
    const char *worker;
    struct hb_registry *registry;
    struct hb_outbox *outbox;
    /* NULL: this process has no retry queue. It runs nothing and says so of jobs that nobody else has looked at. */
    bool (*owns)(void *user, struct hb_str webhook);
    void *owns_user;
    size_t deliveries_max;       /* replay.deliveries_max */
    struct hb_mono (*now)(void); /* the monotonic clock, callable from any thread */
    struct hb_metrics *metrics;  /* may be NULL */
    const struct hb_log_context *log;
};
HB_MUST_USE enum hb_err hb_replay_runner_new(const struct hb_replay_runner_options *options,
                                             struct hb_replay_runner **ret_runner);
/* Selects nothing more and writes how far each job got: call it before the outbox is flushed for the last time. */
void hb_replay_runner_stop(struct hb_replay_runner *runner);
/* NULL is allowed; sets the pointer to NULL. */
void hb_replay_runner_free(struct hb_replay_runner **runner);
/* NULL, or in a sentence what somebody must mend before a job of ours goes on: Kafka does not permit what it needs. */
const char *hb_replay_runner_trouble(struct hb_replay_runner *runner);
/* Jobs it has a list of or counts for (tests, metrics). */
size_t hb_replay_runner_active(const struct hb_replay_runner *runner);

#endif
