/* Job: remembers the deliveries that were done not long ago (core/shard_rule.h says what for).
 *
 * Place: one an owner process, shared by its shards' views. A hint: what was forgotten may be sent once more. Owns: its
 * table; copies what it is given. Fails: HB_ERR_MEMORY. Limits: a number of deliveries, given when made; the oldest
 * goes first; about 110 bytes each, touched only as they come. O(1). Threads: the loop's. */
#ifndef RETRY_DONE_MEMORY_H
#define RETRY_DONE_MEMORY_H

#include "core/shard_rule.h"
#include "retry/body.h"

struct hb_done_memory;

HB_MUST_USE enum hb_err hb_done_memory_new(size_t deliveries_max, struct hb_done_memory **ret_memory);
void hb_done_memory_free(struct hb_done_memory **memory);
/* Remembers, or remembers anew. Out of memory: forgotten, which harms little. */
void hb_done_memory_put(struct hb_done_memory *memory, const unsigned char delivery[HB_DELIVERY_BYTES],
                        const struct hb_shard_memory *done);
void hb_done_memory_forget(struct hb_done_memory *memory, const unsigned char delivery[HB_DELIVERY_BYTES]);
/* NULL: not remembered. Valid until the next change. */
const struct hb_shard_memory *hb_done_memory_get(const struct hb_done_memory *memory,
                                                 const unsigned char delivery[HB_DELIVERY_BYTES]);
size_t hb_done_memory_count(const struct hb_done_memory *memory);

#endif
