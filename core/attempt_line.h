/* Job: one line of history as JSON (docs/schemas/records.md, "Attempts").
 *
 * Place: made by dispatcher/ for every attempt, every skipped delivery and every unreadable record; written without
 * printf: it stands on the hot path. Fails: HB_ERR_FULL, HB_ERR_MEMORY (the buffer is as before). Threads: any. */
#ifndef CORE_ATTEMPT_LINE_H
#define CORE_ATTEMPT_LINE_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

#define HB_LINE_BYTES_MAX 65536 /* a longer line is written without body, detail and location */

/* Empty texts and negative numbers are left out. */
struct hb_attempt_line {
    struct hb_wall at;
    struct hb_str outcome, reason, worker;
    struct hb_str store, webhook, delivery, event, type, subject;
    struct hb_str topic; /* full name */
    int32_t partition;
    int64_t offset;
    int attempt;         /* 0: nothing was sent */
    int status;          /* 0: no status line */
    int64_t duration_us, connect_us; /* -1: nothing was sent */
    int64_t retry_after_ms;          /* -1 */
    int window;                      /* requests this worker may have under way for the webhook now; 0: not told */
    struct hb_str address, body, location, detail, replay;
};

/* Appends the line with its line feed. */
HB_MUST_USE enum hb_err hb_attempt_line_add(struct hb_buf *buf, const struct hb_attempt_line *line);

#endif
