/* Job: counters of a transaction, gathered in memory and written once: attempts a webhook and minute, their durations,
 * deliveries a webhook and state, the last window of each worker.
 *
 * Place: part of history/model_apply. Owns: its tables and statements. Fails: HB_ERR_MEMORY, as platform/sqlite.
 * Limits: who calls writes it out when it holds HB_MODEL_GATHERED_MAX. Threads: the database's. */
#ifndef HISTORY_MODEL_GATHER_H
#define HISTORY_MODEL_GATHER_H

#include "core/map.h"
#include "history/model_line.h"
#include "history/model_schema.h"
#include "hookbus/event.h"

enum { HB_GATHER_MINUTE, HB_GATHER_LATENCY, HB_GATHER_TALLY, HB_GATHER_WEBHOOK, HB_GATHER_WINDOW, HB_GATHER_COUNT };

struct hb_model_gather {
    struct hb_sqlite_statement *statements[HB_GATHER_COUNT];
    struct hb_map minutes, tallies, windows;
};

HB_MUST_USE enum hb_err hb_model_gather_init(struct hb_model_gather *gather, struct hb_sqlite *db);
void hb_model_gather_deinit(struct hb_model_gather *gather);
/* An attempt: delivered or failed. has_duration: it is recent enough that somebody may ask for it. */
HB_MUST_USE enum hb_err hb_model_gather_attempt(struct hb_model_gather *gather, const struct hb_model_line *line,
                                                bool is_delivered, bool has_duration);
/* A delivery of the webhook went from one state to another; -1: none. */
HB_MUST_USE enum hb_err hb_model_gather_move(struct hb_model_gather *gather, struct hb_str store,
                                             struct hb_str webhook, int from, int to);
size_t hb_model_gather_count(const struct hb_model_gather *gather);
/* Writes them into the open transaction and is empty again. */
HB_MUST_USE enum hb_err hb_model_gather_write(struct hb_model_gather *gather);
/* Forgets them (the transaction was rolled back). */
void hb_model_gather_drop(struct hb_model_gather *gather);

#endif
