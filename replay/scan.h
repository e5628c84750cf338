/* Job: finds the deliveries a replay job is to send again: reads history, the journal and the events out of Kafka.
 *
 * Place: the api's dry run and the runner call the same: what was counted is what is sent. The steps, one file each:
 * ends → lines of history (skipped, delivered, missing) → events (missing) → the journal's partition of the webhook's
 * shard → the events of those that cannot be judged without → core/replay_rule.
 * Owns / borrows: what the spec names must live until it returns; the list is the caller's. Fails: HB_ERR_AWAY,
 * HB_ERR_BROKER, HB_ERR_MEMORY; HB_ERR_FULL: more deliveries in the range than deliveries_max, HB_ERR_TIMEOUT,
 * HB_ERR_CLOSED: cancelled; HB_ERR_VERSION: a journal record of a newer hookbus. Limits: as given. Threads: blocks:
 * call it on a thread (replay/task.h). */
#ifndef REPLAY_SCAN_H
#define REPLAY_SCAN_H

#include "platform/kafka/kafka.h"
#include "replay/candidates.h"
#include "replay/job.h"

#include <stdatomic.h>

struct hb_replay_scan_spec {
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    const struct hb_replay_job *job;
    const struct hb_webhook *webhook;  /* a reference the caller holds: what it selects now (missing) */
    struct hb_replay_cursor from;      /* behind it alone; HB_REPLAY_BEGINNING */
    bool has_ends;                     /* the job began before: it reads to these ends, */
    const struct hb_replay_ends *ends; /* and does not take again what carries it already */
    size_t deliveries_max;             /* looked at, not only taken */
    int64_t limit_ms;                  /* 0: none */
    struct hb_mono (*now)(void);       /* any thread */
    atomic_bool is_cancelled;
    atomic_ullong scanned; /* records read so far */
};

struct hb_replay_list {
    struct hb_candidates *items; /* in the order they are to be selected */
    size_t gone;                 /* asked for, and no longer in Kafka */
    struct hb_replay_ends ends;
};
/* ret_list is filled on HB_OK alone. */
HB_MUST_USE enum hb_err hb_replay_scan_run(struct hb_replay_scan_spec *spec, struct hb_replay_list *ret_list,
                                           struct hb_error *reterr);
void hb_replay_list_deinit(struct hb_replay_list *list);

#endif
