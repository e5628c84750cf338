/* Job: the quotas of events and bytes a second, one pair of buckets a store.
 *
 * Place: asked by producer/ingest.c before a request is read, charged when it is. Each api process counts for itself.
 * Owns / borrows: owns its buckets. Fails: HB_ERR_MEMORY. Limits: an entry a store that published since the start
 * (about 200 bytes); none at all while both quotas are 0. Threads: the loop's. */
#ifndef PRODUCER_STORE_QUOTA_H
#define PRODUCER_STORE_QUOTA_H

#include "core/map.h"
#include "hookbus/time.h"

struct hb_store_quota {
    int64_t events_per_s, bytes_per_s; /* 0: no quota */
    struct hb_map stores;
};

/* In place; nothing is allocated yet. */
struct hb_store_quota hb_store_quota_make(int64_t events_per_s, int64_t bytes_per_s);
void hb_store_quota_deinit(struct hb_store_quota *quota);
/* ret_wait_ms: 0, the store may publish now; otherwise how long until it may. HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_store_quota_look(struct hb_store_quota *quota, struct hb_str store, struct hb_mono now,
                                            int64_t *ret_wait_ms);
/* Charges what a request took, into debt if need be. Call after hb_store_quota_look answered 0. */
void hb_store_quota_take(struct hb_store_quota *quota, struct hb_str store, size_t events, size_t bytes);

#endif
