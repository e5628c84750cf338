/* Job: removes from the read model what is too old or too much, a slice at a time.
 *
 * Place: part of history/model_apply, inside its transaction. Owns: its statements. Fails: as platform/sqlite. Limits:
 * a call removes some thousand rows. Threads: the database's. */
#ifndef HISTORY_MODEL_PRUNE_H
#define HISTORY_MODEL_PRUNE_H

#include "history/model_gather.h"

struct hb_model_prune;

HB_MUST_USE enum hb_err hb_model_prune_new(struct hb_sqlite *db, struct hb_model_prune **ret_prune);
void hb_model_prune_free(struct hb_model_prune **prune);
/* The tallies of what goes are gathered. *ret_is_done false: there is more. */
HB_MUST_USE enum hb_err hb_model_prune(struct hb_model_prune *prune, struct hb_model_gather *gather, struct hb_wall now,
                                       size_t lines_max, bool *ret_is_done);

#endif
