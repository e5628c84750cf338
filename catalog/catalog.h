/* Job: the room's door: merges product and inventory events into the topic `catalog`.
 *
 * Place: role `hookbus catalog`. One thread of its own reads, merges and writes (catalog/session.h); the loop only
 * hears what it has to say, since file and transactions wait. Owns / borrows: the options' texts and objects must
 * outlive it.
 * Fails: hb_catalog_new with HB_ERR_MEMORY or HB_ERR_IO; everything later is trouble that hb_catalog_trouble tells and
 * that it tries again by itself, but for `failed`. Limits: configuration section `catalog`; memory of two batches, one
 * consumer's fetched records and the file's pages. Threads: the loop's, but for now and wall, which any thread may ask,
 * and metrics, whose CATALOG_ cells its thread alone writes. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "core/metrics.h"
#include "hookbus/config.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_catalog;
struct hb_loop;

struct hb_catalog_options {
    struct hb_loop *loop;
    const struct hb_config *config;
    struct hb_kafka_cluster cluster;
    const char *worker;     /* static name in the group and of the state file, without folder or slash */
    const char *state_path; /* the state file */
    bool resets_offsets;    /* where a committed offset is beyond the end, begin at the earliest event kept */
    struct hb_metrics *metrics;
    const struct hb_log_context *log;
    struct hb_mono (*now)(void);
    struct hb_wall (*wall)(void);
    void (*stopped)(void *user);                      /* after _stop */
    void (*failed)(void *user, const char *sentence); /* it cannot go on: the process must end */
    void *user;
};

HB_MUST_USE enum hb_err hb_catalog_new(const struct hb_catalog_options *options, struct hb_catalog **ret_catalog,
                                       struct hb_error *reterr);
/* Takes nothing new, writes what it has merged, then `stopped`. */
void hb_catalog_stop(struct hb_catalog *catalog);
/* NULL is allowed. Waits for its thread. */
void hb_catalog_free(struct hb_catalog **catalog);
/* NULL: all is well. Valid until the next call. */
const char *hb_catalog_trouble(struct hb_catalog *catalog);

#endif
