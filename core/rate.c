#include "core/rate.h"

#define MICRO INT64_C(1000000)

/* The slow clock. What rounding cuts off is found again at the next look: the quota remembers the slow time. */
static struct hb_mono slow(const struct hb_rate *rate, struct hb_mono now)
{
    return (struct hb_mono){now.us / rate->per_s};
}

struct hb_rate hb_rate_make(int64_t count, int64_t per_s, struct hb_mono now)
{
    HB_ASSERT(count >= 0 && count <= HB_RATE_COUNT_MAX);
    HB_ASSERT(count == 0 || (per_s >= 1 && per_s <= HB_RATE_PER_S_MAX));
    struct hb_rate rate = {.per_s = count == 0 ? 1 : per_s};
    rate.quota = hb_quota_make(count, slow(&rate, now));
    return rate;
}

int64_t hb_rate_look(struct hb_rate *rate, struct hb_mono now)
{
    if (hb_rate_room(rate, now, 1) > 0)
        return 0;
    /* Whole tokens only: the quota alone would let the last one go while it is not there yet. */
    int64_t missing = MICRO - rate->quota.micro;
    int64_t slow_us = (missing + rate->quota.per_s - 1) / rate->quota.per_s;
    int64_t ready_us = (rate->quota.at.us + slow_us) * rate->per_s;
    int64_t wait_us = ready_us - now.us;
    return wait_us <= 0 ? 1 : (wait_us + HB_US_PER_MS - 1) / HB_US_PER_MS;
}

int64_t hb_rate_room(struct hb_rate *rate, struct hb_mono now, int64_t most)
{
    if (rate->quota.per_s == 0)
        return most;
    (void)hb_quota_look(&rate->quota, slow(rate, now));
    int64_t whole = rate->quota.micro < 0 ? 0 : rate->quota.micro / MICRO;
    return whole < most ? whole : most;
}

void hb_rate_take(struct hb_rate *rate, int64_t n)
{
    hb_quota_take(&rate->quota, n);
}
