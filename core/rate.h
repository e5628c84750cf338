/* Job: says when a rate-limited webhook may be sent to again: `count` deliveries each `per_s` seconds.
 *
 * Place: the shard's owner asks it before it claims for a governed webhook. It is core/quota, whose rates are per
 * second, on a clock that runs `per_s` times slower; so the bucket holds one whole period's worth. Owns: nothing; a
 * plain value. Fails: never. Limits: count 1..1,000,000, per_s 1..86,400. Cost: O(1). Threads: one.
 *
 * Example:
 *     struct hb_rate rate = hb_rate_make(10, 60, now);
 *     int64_t wait_ms = hb_rate_look(&rate, now);
 *     if (wait_ms == 0) { hb_rate_take(&rate, 1); } */
#ifndef CORE_RATE_H
#define CORE_RATE_H

#include "core/quota.h"

#define HB_RATE_COUNT_MAX INT64_C(1000000)
#define HB_RATE_PER_S_MAX INT64_C(86400)

struct hb_rate {
    struct hb_quota quota;
    int64_t per_s;
};

/* A full bucket. count 0: no limit. */
struct hb_rate hb_rate_make(int64_t count, int64_t per_s, struct hb_mono now);
/* 0: may send now. Otherwise the milliseconds (at least 1) until it may. */
int64_t hb_rate_look(struct hb_rate *rate, struct hb_mono now);
/* How many may be sent at once now, at most `most`. */
int64_t hb_rate_room(struct hb_rate *rate, struct hb_mono now, int64_t most);
/* Takes n, at most what hb_rate_room said. */
void hb_rate_take(struct hb_rate *rate, int64_t n);

#endif
