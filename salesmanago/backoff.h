/* Job: how long a connector pauses after a request that failed for a while.
 *
 * Place: one of each connector. The first pause is first_ms, doubled up to most_ms while it goes on, +-20 %; never
 * shorter than what SALESmanago asked for (Retry-After), which may be at most HB_SM_ASKED_MS_MAX. Owns: nothing; time
 * and randomness are passed in. Fails: never. Threads: one.
 *
 * Example:
 *     int64_t pause_ms = hb_sm_backoff_failure(&backoff, answer.retry_after_ms, random);
 *     hb_sm_backoff_success(&backoff); */
#ifndef SALESMANAGO_BACKOFF_H
#define SALESMANAGO_BACKOFF_H

#include <stdint.h>

#define HB_SM_ASKED_MS_MAX INT64_C(3600000)

struct hb_sm_backoff {
    int64_t first_ms, most_ms; /* both > 0 */
    int64_t next_ms;           /* before jitter; 0: it is well */
};

/* The pause from now on. retry_after_ms < 0: not asked for. random: any 32 random bits. */
int64_t hb_sm_backoff_failure(struct hb_sm_backoff *backoff, int64_t retry_after_ms, uint32_t random);
void hb_sm_backoff_success(struct hb_sm_backoff *backoff);

#endif
