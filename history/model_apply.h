/* Job: puts records of `attempts` and `journal` into the read model's tables.
 *
 * Place: history/model reads Kafka and calls it; the order of the two topics does not matter: what was read in any
 * order gives the same deliveries, lines and counters. What a journal record does is core/shard_rule's to say; a
 * delivery without journal records is as its newest line says.
 * Owns / borrows: borrows the database; owns its statements. Records are borrowed for a call.
 * Fails: as platform/sqlite; what cannot be read is counted, not a failure. Limits: a transaction gathers counters for
 * HB_MODEL_GATHERED_MAX webhooks and minutes, then writes them. Threads: the database's.
 *
 * Example:
 *     err = hb_model_apply_attempts(apply, partition, offset, value);
 *     err = hb_model_apply_commit(apply); */
#ifndef HISTORY_MODEL_APPLY_H
#define HISTORY_MODEL_APPLY_H

#include "core/journal_record.h"
#include "history/model_schema.h"

#define HB_MODEL_GATHERED_MAX 4096

struct hb_model_apply;

struct hb_model_apply_options {
    struct hb_sqlite *db;
    struct hb_str topic_prefix;
    struct hb_wall (*wall)(void); /* any thread: what is older than two hours needs no durations */
};
struct hb_model_counts {
    uint64_t lines, journal, stale, unreadable; /* since it was made */
    bool has_newer;                             /* a record of a newer hookbus was left out */
};

HB_MUST_USE enum hb_err hb_model_apply_new(const struct hb_model_apply_options *options,
                                           struct hb_model_apply **ret_apply);
/* What was not committed is rolled back. NULL is allowed; sets the pointer to NULL. */
void hb_model_apply_free(struct hb_model_apply **apply);

/* A record of `attempts`: its lines. */
HB_MUST_USE enum hb_err hb_model_apply_attempts(struct hb_model_apply *apply, int32_t partition, int64_t offset,
                                                struct hb_str value);
/* A record of `journal`. */
struct hb_model_journal {
    struct hb_journal_source source;
    int32_t partition;
    int64_t offset;
    struct hb_wall appended;
};
HB_MUST_USE enum hb_err hb_model_apply_journal(struct hb_model_apply *apply, const struct hb_model_journal *record);
/* Everything up to `next` is in here (a gap that compaction left, or the start of a partition). */
HB_MUST_USE enum hb_err hb_model_apply_moved(struct hb_model_apply *apply, enum hb_model_topic topic, int32_t partition,
                                             int64_t next);
/* The next offset to read; -1: nothing of the partition was read yet. */
HB_MUST_USE enum hb_err hb_model_apply_next(struct hb_model_apply *apply, enum hb_model_topic topic, int32_t partition,
                                            int64_t *ret_next);
HB_MUST_USE enum hb_err hb_model_apply_commit(struct hb_model_apply *apply);
/* Removes some of what is too old, after a commit; call again until *ret_is_done. */
HB_MUST_USE enum hb_err hb_model_apply_prune(struct hb_model_apply *apply, size_t lines_max, bool *ret_is_done);
struct hb_model_counts hb_model_apply_counts(const struct hb_model_apply *apply);

#endif
