/* Job: keeps the read model: the file that answers questions about deliveries at once.
 *
 * Place: one an api process. A thread of its own, below everybody else's priority, reads `attempts` and `journal` and
 * writes the file (history/model_apply); questions open the file for themselves on threads of their own
 * (history/model_list, _show, _health). How far it has read stands in the same transactions, so what is in the file is
 * whole whenever the process is killed. A file that is gone, damaged, of another version or of another cluster is made
 * again from Kafka; until it has reached the ends it saw at the beginning it is not complete, and says so.
 * Owns / borrows: options' texts must outlive it. Fails: hb_model_new with HB_ERR_MEMORY alone: everything else is
 * trouble that hb_model_status tells, and that it tries again by itself.
 * Limits: memory of one Kafka reader and 64 MiB of pages; the file by HB_MODEL_KEPT_DAYS, HB_MODEL_SUCCESSES_MAX and
 * lines_max. One process a file: a second one keeps out, in trouble. Threads: as said at each function. */
#ifndef HISTORY_MODEL_H
#define HISTORY_MODEL_H

#include "history/model_schema.h"
#include "platform/kafka/kafka.h"

struct hb_model;

struct hb_model_options {
    const char *path;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    size_t lines_max;
    struct hb_mono (*now)(void);  /* any thread */
    struct hb_wall (*wall)(void); /* any thread */
};
struct hb_model_status {
    bool is_complete; /* it has reached the ends it saw when it began; it follows from there on */
    int percent;      /* of that way, 0..100 */
    uint64_t lines, journal, stale, unreadable; /* read since the process began */
    uint64_t rebuilds;                          /* times the file was made anew, the first time included */
    char trouble[HB_ERROR_TEXT_MAX];            /* empty: none */
};

/* Starts the thread. From the loop's thread. */
HB_MUST_USE enum hb_err hb_model_new(const struct hb_model_options *options, struct hb_model **ret_model);
/* Ends it (within a second, or what a question to a broker that does not answer takes: 5 s). NULL is allowed. */
void hb_model_free(struct hb_model **model);
/* Any thread. */
struct hb_model_status hb_model_status(struct hb_model *model);
/* A connection to ask with; the caller frees it. HB_ERR_IO: the file is not there (yet). Any thread. */
HB_MUST_USE enum hb_err hb_model_open(struct hb_model *model, struct hb_sqlite **ret_db, struct hb_error *reterr);
/* Somebody found the file damaged: it is made anew. Any thread. */
void hb_model_distrust(struct hb_model *model);

#endif
