#include "core/schedule.h"

#define MINUTE_S 60
#define HOUR_S 3600

static const int64_t default_waits_s[] = {0,          5,           5 * MINUTE_S, 30 * MINUTE_S, 2 * HOUR_S,
                                          5 * HOUR_S, 10 * HOUR_S, 14 * HOUR_S,  20 * HOUR_S,   24 * HOUR_S};

struct hb_schedule hb_schedule_default(void)
{
    return (struct hb_schedule){default_waits_s, sizeof(default_waits_s) / sizeof(default_waits_s[0])};
}

struct hb_schedule hb_schedule_own(const int64_t *waits_s, size_t count)
{
    HB_ASSERT(count <= HB_SCHEDULE_MAX);
    return count == 0 ? hb_schedule_default() : (struct hb_schedule){waits_s, count};
}

/* The span is 2p/100 of the wait; a wait is at most a week, so the products stay far below 2^63. */
int64_t hb_schedule_jitter(int64_t wait_ms, uint32_t random)
{
    int64_t span_ms = wait_ms * 2 * HB_SCHEDULE_JITTER_PERCENT / 100;
    return wait_ms - span_ms / 2 + (int64_t)(((uint64_t)span_ms * random) >> 32);
}

bool hb_schedule_next(struct hb_schedule schedule, const struct hb_schedule_ask *ask, struct hb_wall *ret_due)
{
    HB_ASSERT(ask->attempts >= 0);
    if ((size_t)ask->attempts >= schedule.count)
        return false;
    int64_t wait_s = schedule.waits_s[ask->attempts];
    HB_ASSERT(wait_s >= 0 && wait_s <= HB_SCHEDULE_WAIT_S_MAX);
    int64_t wait_ms = hb_schedule_jitter(wait_s * HB_MS_PER_S, ask->random);
    ret_due->ms = ask->now.ms + (wait_ms > ask->retry_after_ms ? wait_ms : ask->retry_after_ms);
    return true;
}

bool hb_schedule_is_expired(struct hb_wall since, struct hb_wall now)
{
    return now.ms - since.ms >= HB_SCHEDULE_EXPIRY_MS;
}

bool hb_schedule_is_alarming(struct hb_wall since, struct hb_wall now)
{
    return now.ms - since.ms >= HB_SCHEDULE_ALERT_MS;
}
