/* Job: remembers of each product met in a topic the offset of its newest version.
 *
 * Place: a walk (salesmanago/walk.c): its first pass fills it, its second sends only what stands here. Products are
 * kept by a 16-byte hash under a key of this process. When there are more than it may hold, the topic is walked in
 * several rounds, each of the products of one slice of the hashes.
 * Owns: its table. Fails: HB_ERR_MEMORY; HB_ERR_FULL: more than max products. Cost: O(1). Threads: one.
 *
 * Example:
 *     hb_sm_newest_init(&newest, 500000);
 *     err = hb_sm_newest_note(&newest, hash, offset);
 *     if (hb_sm_newest_is(&newest, hash, offset)) { send(); } */
#ifndef SALESMANAGO_NEWEST_H
#define SALESMANAGO_NEWEST_H

#include "core/hash.h"

struct hb_sm_newest_slot {
    unsigned char hash[HB_HASH_BYTES];
    int64_t offset; /* + 1; 0: free */
};
struct hb_sm_newest {
    struct hb_sm_newest_slot *slots;
    size_t capacity, count, max;
};

void hb_sm_newest_init(struct hb_sm_newest *newest, size_t max);
void hb_sm_newest_deinit(struct hb_sm_newest *newest);
/* Forgets all. */
void hb_sm_newest_clear(struct hb_sm_newest *newest);
/* A version at that offset was met: kept if it is the newest. */
HB_MUST_USE enum hb_err hb_sm_newest_note(struct hb_sm_newest *newest, const unsigned char hash[HB_HASH_BYTES],
                                          int64_t offset);
/* Whether that is the newest version met. */
bool hb_sm_newest_is(const struct hb_sm_newest *newest, const unsigned char hash[HB_HASH_BYTES], int64_t offset);
/* Whether the product belongs to slice `slice` of `slices`. */
bool hb_sm_newest_in_slice(const unsigned char hash[HB_HASH_BYTES], unsigned slice, unsigned slices);

#endif
