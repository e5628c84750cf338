/* Job: one delivery out of the read model, whole: its state, where its event stands, every attempt line.
 *
 * Place: behind GET /v1/stores/{store}/deliveries/{delivery}, and what retry and cancel judge by. Owns: a copy of what
 * it found. Fails: HB_ERR_NOT_FOUND, as platform/sqlite. Limits: HB_MODEL_SHOW_LINES_MAX newest lines. Threads: the
 * database's. */
#ifndef HISTORY_MODEL_SHOW_H
#define HISTORY_MODEL_SHOW_H

#include "history/model_row.h"
#include "platform/json/json.h"

#define HB_MODEL_SHOW_LINES_MAX 200

/* A delivery found; `row`'s texts live in `text`. */
struct hb_model_found {
    struct hb_model_row row;
    unsigned char id[16];
    int64_t us, http;   /* of a success at once: its duration and status; else -1 */
    struct hb_buf text;
};

/* The delivery of a store. */
HB_MUST_USE enum hb_err hb_model_find(struct hb_sqlite *db, struct hb_str store, const unsigned char id[16],
                                      struct hb_model_found *ret_found);
void hb_model_found_deinit(struct hb_model_found *found);
/* Adds "lines":[…], oldest first, into an open object. */
HB_MUST_USE enum hb_err hb_model_write_lines(struct hb_sqlite *db, const struct hb_model_found *found,
                                             struct hb_json_writer *w);

#endif
