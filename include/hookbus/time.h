/* Job: two kinds of time that the compiler keeps apart.
 *
 * Wall time is UTC milliseconds since 1970 in 64 bits; monotonic time is microseconds since some start and
 * never jumps. Nothing below main reads a clock: time comes from the loop (platform/loop) as a parameter.
 * Fails: only parsing. Threads: no shared state. */
#ifndef HOOKBUS_TIME_H
#define HOOKBUS_TIME_H

#include <stdint.h>

#include "hookbus/bytes.h"

struct hb_wall {
    int64_t ms;
};
struct hb_mono {
    int64_t us;
};

#define HB_US_PER_MS INT64_C(1000)
#define HB_MS_PER_S INT64_C(1000)
#define HB_MS_PER_HOUR (INT64_C(3600) * HB_MS_PER_S)
#define HB_MS_PER_DAY (24 * HB_MS_PER_HOUR)

/* "2026-01-31T12:00:00.123Z" */
#define HB_WALL_TEXT_MAX 32

/* Writes RFC 3339 in UTC with milliseconds and a NUL into ret_text; returns its length. Years 0..9999, others
 * are clamped. */
size_t hb_wall_format(struct hb_wall at, char ret_text[HB_WALL_TEXT_MAX]);
/* Parses RFC 3339 (section 5.6: any offset, fraction of any length, `T` or space). HB_ERR_INVALID otherwise. */
HB_MUST_USE enum hb_err hb_wall_parse(struct hb_str text, struct hb_wall *ret_at);
/* Parses an HTTP date (RFC 9110 section 5.6.7, all three forms). HB_ERR_INVALID otherwise. */
HB_MUST_USE enum hb_err hb_wall_parse_http(struct hb_str text, struct hb_wall *ret_at);

#endif
