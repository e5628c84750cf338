/* Job: one line of history (docs/schemas/records.md, "Attempts") as values.
 *
 * Place: history/model_apply reads them out of records of `attempts`. Fields it does not know are skipped.
 * Owns / borrows: texts are views of the line or of the scratch (where one had escapes), and live as both. Fails: false
 * for what is no such line, or one of a later version. Limits: the scratch is emptied by each call. Threads: any. */
#ifndef HISTORY_MODEL_LINE_H
#define HISTORY_MODEL_LINE_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

struct hb_model_line {
    struct hb_wall at;
    struct hb_str outcome, reason, store, webhook, delivery, event, type, subject, topic, replay, worker; /* ptr NULL: absent */
    int64_t partition, offset, attempt, status, window; /* -1: absent */
    int64_t us;                                 /* duration; -1: absent */
};

/* Reads a line (without its line feed). */
bool hb_model_line_read(struct hb_str text, struct hb_buf *scratch, struct hb_model_line *ret_line);

#endif
