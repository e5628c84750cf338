#include "salesmanago/backoff.h"

#define JITTER_PERCENT 20

int64_t hb_sm_backoff_failure(struct hb_sm_backoff *backoff, int64_t retry_after_ms, uint32_t random)
{
    int64_t step = backoff->next_ms > 0 ? backoff->next_ms : backoff->first_ms;
    int64_t spread = step * JITTER_PERCENT / 100;
    int64_t pause = step - spread + (int64_t)(random % (uint32_t)(2 * spread + 1));

    backoff->next_ms = step > backoff->most_ms / 2 ? backoff->most_ms : 2 * step;
    if (pause > backoff->most_ms)
        pause = backoff->most_ms;
    if (retry_after_ms > HB_SM_ASKED_MS_MAX)
        retry_after_ms = HB_SM_ASKED_MS_MAX;
    return retry_after_ms > pause ? retry_after_ms : pause;
}

void hb_sm_backoff_success(struct hb_sm_backoff *backoff)
{
    backoff->next_ms = 0;
}
