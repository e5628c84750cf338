/* Job: remembers which of a partition's events are settled, and says up to where all are.
 *
 * Place: one per assigned partition in dispatcher/. An event takes a slot when it is read; slots are given in the
 * order of offsets (gaps are fine) and settle in any order. The *watermark* is the offset below which everything is
 * settled: it is stored in Kafka. A slot is free again only when the commit of an offset above it was acknowledged:
 * so a crash repeats at most a ring.
 * Owns: its slots. Fails: HB_ERR_MEMORY. Limits: the slots given at the start; cost O(1) amortized. Threads: one. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include "hookbus/bytes.h"

struct hb_ring {
    int64_t *slots;     /* offset, or its complement once settled */
    uint64_t mask;
    uint64_t freed;     /* sequence numbers: all below are committed, */
    uint64_t head;      /* all below are settled, */
    uint64_t tail;      /* all below were taken */
};

/* slots: a power of two. */
HB_MUST_USE enum hb_err hb_ring_init(struct hb_ring *ring, size_t slots);
void hb_ring_deinit(struct hb_ring *ring);
/* No slot is free: the partition must wait. */
bool hb_ring_is_full(const struct hb_ring *ring);
/* Takes a slot for the next offset, which must be larger than the last one taken; returns its sequence number. Not when
 * full. */
uint64_t hb_ring_take(struct hb_ring *ring, int64_t offset);
/* Settles a taken slot (once). True if the watermark moved: *ret_next is the offset to store (one above the last
 * settled). */
bool hb_ring_settle(struct hb_ring *ring, uint64_t sequence, int64_t *ret_next);
/* Kafka acknowledged a commit of `next_offset`: slots of offsets below it are free. */
void hb_ring_committed(struct hb_ring *ring, int64_t next_offset);
/* Taken and not settled, counted from the watermark (settled ones above it included). */
size_t hb_ring_unsettled(const struct hb_ring *ring);
/* Slots not free. */
size_t hb_ring_used(const struct hb_ring *ring);

#endif
