#include "core/quota.h"

#define MICRO INT64_C(1000000)
/* The deepest debt: far from where the sums would overflow (a full bucket of the largest rate is 10^16). */
#define DEBT_MAX (INT64_MAX / 4)

static int64_t full_of(const struct hb_quota *quota)
{
    return quota->per_s * MICRO;
}

struct hb_quota hb_quota_make(int64_t per_s, struct hb_mono now)
{
    int64_t rate = per_s < 0 ? 0 : per_s > HB_QUOTA_PER_S_MAX ? HB_QUOTA_PER_S_MAX : per_s;
    return (struct hb_quota){rate, rate * MICRO, now};
}

/* per_s tokens a second are per_s millionths of a token a microsecond. */
static void fill(struct hb_quota *quota, struct hb_mono now)
{
    int64_t elapsed_us = now.us - quota->at.us;
    int64_t missing = full_of(quota) - quota->micro;
    if (elapsed_us <= 0 || quota->per_s == 0) {
        return;
    }
    quota->at = now;
    if (elapsed_us >= missing / quota->per_s + 1) {
        quota->micro = full_of(quota);
    } else {
        quota->micro += elapsed_us * quota->per_s;
    }
}

int64_t hb_quota_look(struct hb_quota *quota, struct hb_mono now)
{
    if (quota->per_s == 0) {
        return 0;
    }
    fill(quota, now);
    if (quota->micro > 0) {
        return 0;
    }
    return -quota->micro / quota->per_s / HB_US_PER_MS + 1;
}

void hb_quota_take(struct hb_quota *quota, int64_t amount)
{
    if (quota->per_s == 0 || amount <= 0) {
        return;
    }
    quota->micro -= (amount > DEBT_MAX / MICRO ? DEBT_MAX / MICRO : amount) * MICRO;
    if (quota->micro < -DEBT_MAX) {
        quota->micro = -DEBT_MAX;
    }
}

bool hb_quota_is_full(struct hb_quota *quota, struct hb_mono now)
{
    if (quota->per_s == 0) {
        return true;
    }
    fill(quota, now);
    return quota->micro >= full_of(quota);
}
