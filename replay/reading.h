/* Job: reads parts of topics from an offset to an end, and no further, however much is written meanwhile.
 *
 * Place: replay/scan, on its thread. Owns / borrows: everything is the caller's. Fails: HB_ERR_AWAY, HB_ERR_BROKER;
 * HB_ERR_CLOSED (cancelled), HB_ERR_TIMEOUT (over its time); whatever `take` answers ends it. Limits:
 * HB_READING_RANGES_MAX. Threads: one; blocks. */
#ifndef REPLAY_READING_H
#define REPLAY_READING_H

#include "platform/kafka/kafka.h"

#include <stdatomic.h>

#define HB_READING_TOPICS_MAX 5
#define HB_READING_RANGES_MAX 1280 /* HB_READING_TOPICS_MAX topics of HB_REPLAY_PARTITIONS_MAX partitions */

struct hb_reading_range {
    int topic; /* index into the names */
    int32_t partition;
    int64_t from, to; /* from <= offset < to */
};

struct hb_reading {
    struct hb_kafka_cluster cluster;
    const char *const *topics;
    size_t topics_count;
    const struct hb_reading_range *ranges;
    size_t ranges_count;
    /* The message is freed by the reading. HB_OK goes on. */
    enum hb_err (*take)(void *user, const struct hb_kafka_message *message);
    void *user;
    const atomic_bool *is_cancelled;
    struct hb_mono (*now)(void); /* any thread */
    struct hb_mono ends_at;      /* us INT64_MAX: no limit */
    atomic_ullong *scanned;      /* records, counted up; may be NULL */
};
HB_MUST_USE enum hb_err hb_reading_run(const struct hb_reading *reading, struct hb_error *reterr);

#endif
