/* Job: what the steps of a scan share. Private to replay/scan*.c. Threads: the scan's. */
#ifndef REPLAY_SCAN_INTERNAL_H
#define REPLAY_SCAN_INTERNAL_H

#include "replay/reading.h"
#include "replay/scan.h"

#define HB_SCAN_REQUEST_MS 5000 /* the longest a process that ends may have to wait for its scan */

struct hb_scan {
    struct hb_replay_scan_spec *spec;
    struct hb_error *reterr;
    struct hb_kafka_admin *admin;
    struct hb_candidates *candidates;
    struct hb_replay_rule rule;
    /* What the rule's lists point to. */
    struct hb_selection *types;
    uint64_t *subjects;
    unsigned char (*deliveries)[HB_REPLAY_DELIVERY_BYTES];
    struct hb_replay_ends *ends;
    struct hb_mono ends_at;
    int shard;
};

/* Partitions of a topic, at most HB_REPLAY_PARTITIONS_MAX. */
HB_MUST_USE enum hb_err hb_scan_partitions(struct hb_scan *scan, enum hb_topic topic, size_t *ret_count);
/* The first offset at or after `at` of each partition; at.ms 0: the first kept, INT64_MAX: the end. */
HB_MUST_USE enum hb_err hb_scan_offsets(struct hb_scan *scan, enum hb_topic topic, struct hb_wall at, size_t count,
                                        int64_t ret_offsets[HB_REPLAY_PARTITIONS_MAX]);
/* Reads ranges of topics with `take`. */
struct hb_scan_part {
    const enum hb_topic *topics; /* a range's topic is an index into them */
    size_t topics_count;
    const struct hb_reading_range *ranges;
    size_t ranges_count;
    enum hb_err (*take)(void *user, const struct hb_kafka_message *message);
    void *user;
};
HB_MUST_USE enum hb_err hb_scan_read(struct hb_scan *scan, const struct hb_scan_part *part);

/* ---- the steps ---- */
HB_MUST_USE enum hb_err hb_scan_lines(struct hb_scan *scan);
HB_MUST_USE enum hb_err hb_scan_missing(struct hb_scan *scan);
HB_MUST_USE enum hb_err hb_scan_journal(struct hb_scan *scan);
HB_MUST_USE enum hb_err hb_scan_asked(struct hb_scan *scan);
/* The rule of the job: its lists hashed and sorted. */
HB_MUST_USE enum hb_err hb_scan_rule(struct hb_scan *scan);
void hb_scan_rule_deinit(struct hb_scan *scan);

#endif
