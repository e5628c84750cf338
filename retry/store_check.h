/* Job: says whether a Redis can hold the retry queue, and how full it is.
 *
 * Place: asked when a role starts and after each reconnect, and every minute for the room that is left. Owns: nothing.
 * Fails: HB_ERR_CONFIG with a sentence that says what to set. Threads: the loop's. */
#ifndef RETRY_STORE_CHECK_H
#define RETRY_STORE_CHECK_H

#include "platform/redis/redis.h"

struct hb_store_state {
    int64_t used_bytes, max_bytes; /* max 0: no limit */
};
/* Judges the text of INFO. HB_ERR_CONFIG: unfit for good (version under 7, a policy that evicts). HB_ERR_AWAY: not now
 * (loading, a replica). HB_ERR_STORE: not Redis's INFO. */
HB_MUST_USE enum hb_err hb_store_judge(struct hb_str info, struct hb_store_state *ret_state, struct hb_error *reterr);

/* `error` says what is wrong when err is not HB_OK. */
typedef void hb_store_check_fn(void *user, enum hb_err err, const struct hb_store_state *state,
                               const struct hb_error *error);
/* Asks. The callback comes exactly once, on HB_OK. */
HB_MUST_USE enum hb_err hb_store_check(struct hb_redis *redis, hb_store_check_fn *fn, void *user);

#endif
