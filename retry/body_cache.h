/* Job: the bodies used last, by their place in Kafka, up to a number of bytes.
 *
 * Place: filled on parking and by bodies.h; serves the short retries without asking Kafka. Owns / borrows: holds a
 * reference of each body in it; what it gives out is borrowed until the next put (take a reference to keep it). Fails:
 * HB_ERR_MEMORY: not kept, which harms nothing. Limits: bytes, given when made; the one unused longest goes first; a
 * body larger than all of it is not kept. O(1). Threads: the loop's. */
#ifndef RETRY_BODY_CACHE_H
#define RETRY_BODY_CACHE_H

#include "retry/body.h"

struct hb_body_cache;

HB_MUST_USE enum hb_err hb_body_cache_new(size_t bytes_max, struct hb_body_cache **ret_cache);
void hb_body_cache_free(struct hb_body_cache **cache);
/* Keeps the body (one more reference) as the one used last; one at the same place is replaced. */
HB_MUST_USE enum hb_err hb_body_cache_put(struct hb_body_cache *cache, struct hb_body *body);
/* The body at that topic, partition and offset, which counts as used now; NULL if it is not here. */
struct hb_body *hb_body_cache_get(struct hb_body_cache *cache, const struct hb_position *at);
size_t hb_body_cache_bytes(const struct hb_body_cache *cache);
size_t hb_body_cache_count(const struct hb_body_cache *cache);

#endif
