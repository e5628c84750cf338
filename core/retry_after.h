/* Job: reads a Retry-After header (RFC 9110 section 10.2.3).
 *
 * Place: used by platform/http_client while headers arrive; core/judge clamps what comes of it.
 * Fails: never; what cannot be read is as if it were not there. Threads: any. */
#ifndef CORE_RETRY_AFTER_H
#define CORE_RETRY_AFTER_H

#include "hookbus/answer.h"

/* More than anybody may ask for; keeps sums of times from overflowing. */
#define HB_RETRY_AFTER_MS_MAX (3650 * HB_MS_PER_DAY)

/* Seconds or an HTTP date against `now`, in milliseconds from now: a date in the past is 0, too much is
 * HB_RETRY_AFTER_MS_MAX, anything unreadable (also a sign or a fraction) HB_NO_RETRY_AFTER. */
int64_t hb_retry_after_parse(struct hb_str value, struct hb_wall now);

#endif
