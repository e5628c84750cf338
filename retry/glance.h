/* Job: asks for the next due times of many shards with one command.
 *
 * Place: the owner's safety call every 10 s, so that an idle queue costs next to nothing. Owns: copies what it needs of
 * the views; they may go meanwhile. Fails: HB_ERR_FULL (more than HB_GLANCE_SHARDS_MAX), HB_ERR_AWAY, HB_ERR_MEMORY:
 * nothing was sent. Limits: all views of one call share their Redis (not a cluster: their keys have different tags).
 * Threads: the loop's. The callback comes exactly once, on HB_OK. */
#ifndef RETRY_GLANCE_H
#define RETRY_GLANCE_H

#include "retry/scripts.h"
#include "retry/view.h"

#define HB_GLANCE_SHARDS_MAX 64

struct hb_glimpse {
    enum hb_shard_gate gate; /* BEHIND: lose the view and look; FENCED: the next verb will say so */
    struct hb_shard_head head;
    struct hb_wall next_due; /* -1: nothing waits that can be sent */
};
/* In the order of the views given; glimpses NULL unless err is HB_OK. now: Redis's clock. */
typedef void hb_glance_fn(void *user, enum hb_err err, struct hb_wall now, const struct hb_glimpse *glimpses);
HB_MUST_USE enum hb_err hb_glance(struct hb_view *const *views, size_t count, hb_glance_fn *fn, void *user);

#endif
