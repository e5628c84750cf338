/* Job: reads a point in time as a person writes it: "2h" (so long ago) or an RFC 3339 time.
 *
 * Place: --since and --until of commands. Owns: nothing. Fails: HB_ERR_INVALID with a sentence. Limits: units s, m, h,
 * d; at most ten years. Threads: any. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include "hookbus/time.h"

/* now: what "ago" counts from. */
HB_MUST_USE enum hb_err hb_when_parse(const char *text, struct hb_wall now, struct hb_wall *ret_at,
                                      struct hb_error *reterr);
/* A span for people: "45 s", "12 min", "3 h 20 min". */
void hb_when_span(int64_t seconds, char ret_text[32]);

#endif
