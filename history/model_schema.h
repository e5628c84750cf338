/* Job: the read model's tables, and the file they stand in.
 *
 * Place: history/model_apply writes them, history/model_list, _show and _health read them, each with a connection of
 * its own. Nothing in the file is the truth: Kafka is; a file of another version, of another cluster or a damaged one
 * is removed and made again. Fails: as platform/sqlite. Threads: a connection's.
 *
 *   delivery  what is or was more than one successful attempt: state as the journal says it (core/shard_rule), where it
 *             has no journal record as the newest line does
 *   line      attempt lines of these, as they came, 35 days
 *   success   the newest million deliveries that succeeded at once
 *   minute    attempts a webhook and minute, 35 days; latency: their durations, two hours
 *   tally     deliveries of `delivery` a webhook and state; webhook: which there are
 *   offsets   up to where `attempts` (0) and `journal` (1) are in here, in the same transaction */
#ifndef HISTORY_MODEL_SCHEMA_H
#define HISTORY_MODEL_SCHEMA_H

#include "core/delivery_state.h"
#include "hookbus/time.h"
#include "platform/sqlite/sqlite.h"

#define HB_MODEL_VERSION "3"
#define HB_MODEL_SUCCESSES_MAX 1000000
#define HB_MODEL_KEPT_DAYS 35
#define HB_MODEL_DURATIONS_MS (2 * HB_MS_PER_HOUR)

/* Durations are counted in buckets, each 18 % wider than the one before, up to half a minute. */
#define HB_MODEL_BUCKETS 64

enum hb_model_topic { HB_MODEL_ATTEMPTS, HB_MODEL_JOURNAL, HB_MODEL_TOPIC_COUNT };

/* Opens the file for writing and makes the tables in a new one. `source` names what it was read from (brokers and
 * prefix). HB_ERR_INVALID: not such a file, of another version or source: remove it and open again. */
HB_MUST_USE enum hb_err hb_model_schema_open(const char *path, struct hb_str source, struct hb_sqlite **ret_db,
                                             struct hb_error *reterr);
/* The bucket of a duration, and the upper bound in ms of a bucket. */
int hb_model_bucket(int64_t us);
double hb_model_bucket_ms(int bucket);

#endif
