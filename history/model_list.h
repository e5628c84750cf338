/* Job: lists and counts deliveries out of the read model, newest first.
 *
 * Place: behind GET /v1/stores/{store}/deliveries. Deliveries that succeeded at once and the others stand in two tables
 * and are merged here. Fails: as platform/sqlite (HB_ERR_TIMEOUT: over the database's limit); HB_ERR_NOT_FOUND: the
 * cursor is none of ours. Limits: HB_MODEL_LIST_MAX a page. Threads: the database's. */
#ifndef HISTORY_MODEL_LIST_H
#define HISTORY_MODEL_LIST_H

#include "core/delivery_state.h"
#include "history/model_row.h"
#include "platform/json/json.h"

#define HB_MODEL_LIST_MAX 500
#define HB_MODEL_CURSOR_BYTES 96

/* Empty texts: any. */
struct hb_model_filter {
    struct hb_str store; /* must be given */
    struct hb_str webhook, reason, event, subject;
    struct hb_str type;          /* "order.created", "order.*", "*" */
    int state;                   /* enum hb_delivery_state; -1: any */
    struct hb_wall since, until; /* the event was appended from .. before; ms 0, INT64_MAX: any time */
    size_t limit;                /* 1..HB_MODEL_LIST_MAX */
    struct hb_str cursor;        /* `next` of the page before; empty: the first */
};

/* Adds "items":[…] and "next":"…"|null into an open object. */
HB_MUST_USE enum hb_err hb_model_list(struct hb_sqlite *db, const struct hb_model_filter *filter,
                                      struct hb_json_writer *w);
/* Adds "counts":{"parked":n,…} of all that match, whatever the page. */
HB_MUST_USE enum hb_err hb_model_count(struct hb_sqlite *db, const struct hb_model_filter *filter,
                                       struct hb_json_writer *w);
/* Adds the members of a delivery into an open object. */
void hb_model_write_row(struct hb_json_writer *w, const struct hb_model_row *row);

#endif
