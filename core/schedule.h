/* Job: says when a delivery is tried again, or that its schedule is used up.
 *
 * Place: dispatcher/ asks it when it parks, retry/ after each failed attempt. A schedule is a list of waits: the one at
 * place n stands before attempt n + 1, so the first is mostly 0 and the list's length is the number of attempts.
 * Owns / borrows: a schedule borrows its list. Fails: never; negative counts are bugs (HB_ASSERT).
 * Limits: HB_SCHEDULE_MAX waits of at most HB_SCHEDULE_WAIT_S_MAX. Cost: O(1). Threads: any.
 *
 * Example:
 *     struct hb_schedule_ask ask = {.attempts = 3, .now = now, .retry_after_ms = outcome.retry_after_ms, .random = r};
 *     if (!hb_schedule_next(hb_schedule_default(), &ask, &due)) { die(); } */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "hookbus/answer.h"

#define HB_SCHEDULE_MAX 32
#define HB_SCHEDULE_WAIT_S_MAX INT64_C(604800)
#define HB_SCHEDULE_JITTER_PERCENT 20
/* A parked or dead delivery lives so long after its event was appended (a replayed one, after its selection). */
#define HB_SCHEDULE_EXPIRY_MS (30 * HB_MS_PER_DAY)
/* An operator is told before. */
#define HB_SCHEDULE_ALERT_MS (20 * HB_MS_PER_DAY)

struct hb_schedule {
    const int64_t *waits_s; /* borrowed */
    size_t count;
};

struct hb_schedule_ask {
    int attempts;           /* made so far and charged, >= 0 */
    struct hb_wall now;     /* when the last one ended */
    int64_t retry_after_ms; /* what the receiver asked for, or HB_NO_RETRY_AFTER */
    uint32_t random;        /* any 32 random bits */
};

/* At once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
struct hb_schedule hb_schedule_default(void);
/* A webhook's own list; count 0 gives the default. The list must outlive the schedule. */
struct hb_schedule hb_schedule_own(const int64_t *waits_s, size_t count);
/* True: ret_due is when the next attempt is due: the wait ±20 %, but no earlier than Retry-After. False: used up. */
bool hb_schedule_next(struct hb_schedule schedule, const struct hb_schedule_ask *ask, struct hb_wall *ret_due);
/* wait_ms ± HB_SCHEDULE_JITTER_PERCENT, evenly; 0 stays 0. */
int64_t hb_schedule_jitter(int64_t wait_ms, uint32_t random);
/* Whether a delivery whose life began at `since` has expired, or is old enough to tell an operator. */
bool hb_schedule_is_expired(struct hb_wall since, struct hb_wall now);
bool hb_schedule_is_alarming(struct hb_wall since, struct hb_wall now);

#endif
