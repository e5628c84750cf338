#include "core/ring.h"

#include <stdlib.h>

HB_MUST_USE enum hb_err hb_ring_init(struct hb_ring *ring, size_t slots)
{
    HB_ASSERT(slots > 0 && (slots & (slots - 1)) == 0);
    *ring = (struct hb_ring){.slots = calloc(slots, sizeof *ring->slots), .mask = slots - 1};
    return ring->slots ? HB_OK : HB_ERR_MEMORY;
}

void hb_ring_deinit(struct hb_ring *ring)
{
    free(ring->slots);
    *ring = (struct hb_ring){0};
}

bool hb_ring_is_full(const struct hb_ring *ring) { return ring->tail - ring->freed > ring->mask; }

/* A settled slot holds the complement of its offset: negative, so one word says both. */
static bool is_settled(int64_t slot) { return slot < 0; }
static int64_t offset_of(int64_t slot) { return slot < 0 ? ~slot : slot; }

uint64_t hb_ring_take(struct hb_ring *ring, int64_t offset)
{
    HB_ASSERT(offset >= 0 && !hb_ring_is_full(ring));
    HB_ASSERT(ring->tail == ring->freed || offset > offset_of(ring->slots[(ring->tail - 1) & ring->mask]));
    ring->slots[ring->tail & ring->mask] = offset;
    return ring->tail++;
}

bool hb_ring_settle(struct hb_ring *ring, uint64_t sequence, int64_t *ret_next)
{
    HB_ASSERT(sequence >= ring->head && sequence < ring->tail);
    int64_t *slot = &ring->slots[sequence & ring->mask];
    HB_ASSERT(!is_settled(*slot));
    *slot = ~*slot;
    if (sequence != ring->head)
        return false;
    while (ring->head < ring->tail && is_settled(ring->slots[ring->head & ring->mask]))
        ring->head++;
    *ret_next = offset_of(ring->slots[(ring->head - 1) & ring->mask]) + 1;
    return true;
}

void hb_ring_committed(struct hb_ring *ring, int64_t next_offset)
{
    while (ring->freed < ring->head && offset_of(ring->slots[ring->freed & ring->mask]) < next_offset)
        ring->freed++;
}

size_t hb_ring_unsettled(const struct hb_ring *ring) { return (size_t)(ring->tail - ring->head); }
size_t hb_ring_used(const struct hb_ring *ring) { return (size_t)(ring->tail - ring->freed); }
