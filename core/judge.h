/* Job: judges an answer: the facts of one request become verdict and reason.
 *
 * Place: takes struct hb_answer from platform/http_client, gives struct hb_outcome to settle and to the webhook's
 * window. Owns / borrows: reads the answer only. Fails: never. Limits: O(1). Threads: any. */
#ifndef CORE_JUDGE_H
#define CORE_JUDGE_H

#include "hookbus/outcome.h"

#define HB_JUDGE_RETRY_AFTER_MS_MAX (24 * HB_MS_PER_HOUR)
#define HB_JUDGE_REST_MS_MAX HB_MS_PER_HOUR

/* 2xx is delivered whatever became of the body; 410 is dead and disables; 429 and 503 carry Retry-After; the rest is
 * tried again. */
struct hb_outcome hb_judge_run(const struct hb_answer *answer);

#endif
