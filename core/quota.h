/* Job: says whether something that comes at a limited rate may come now: a token bucket.
 *
 * Place: used by producer/ for a store's events and bytes a second. Owns: nothing; a plain value, time is passed in.
 * The bucket holds one second's worth. Whoever finds anything in it may take all it needs and leave it in debt: so a
 * large batch passes whole, and the long-run rate still never exceeds the limit by more than that second's worth.
 * Fails: never. Limits: rates up to 10^10 a second; O(1). Threads: any; a bucket belongs to one.
 *
 * Example:
 *     struct hb_quota quota = hb_quota_make(1000, now);
 *     int64_t wait_ms = hb_quota_look(&quota, now);
 *     if (wait_ms > 0) { refuse(wait_ms); } else { hb_quota_take(&quota, events); } */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include "hookbus/time.h"

struct hb_quota {
    int64_t per_s;    /* 0: no limit */
    int64_t micro;    /* millionths of a token in the bucket; negative: debt */
    struct hb_mono at; /* when it was last filled up */
};

#define HB_QUOTA_PER_S_MAX INT64_C(10000000000)

/* A full bucket. per_s 0..HB_QUOTA_PER_S_MAX, others are clamped. */
struct hb_quota hb_quota_make(int64_t per_s, struct hb_mono now);
/* 0: may take now. Otherwise the milliseconds (at least 1) until it may. */
int64_t hb_quota_look(struct hb_quota *quota, struct hb_mono now);
/* Takes `amount` (>= 0), into debt if need be. Call after hb_quota_look answered 0. */
void hb_quota_take(struct hb_quota *quota, int64_t amount);
/* Whether the bucket is full again, so that nothing is lost when it is forgotten. */
bool hb_quota_is_full(struct hb_quota *quota, struct hb_mono now);

#endif
