#include "salesmanago/newest.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024

void hb_sm_newest_init(struct hb_sm_newest *newest, size_t max)
{
    *newest = (struct hb_sm_newest){.max = max};
}

void hb_sm_newest_clear(struct hb_sm_newest *newest)
{
    free(newest->slots);
    newest->slots = NULL;
    newest->capacity = newest->count = 0;
}

void hb_sm_newest_deinit(struct hb_sm_newest *newest)
{
    hb_sm_newest_clear(newest);
}

static uint64_t word_of(const unsigned char hash[HB_HASH_BYTES])
{
    uint64_t word;
    memcpy(&word, hash, sizeof word);
    return word;
}

/* Its slot, or the free one where it would go. */
static struct hb_sm_newest_slot *find(const struct hb_sm_newest *newest, const unsigned char hash[HB_HASH_BYTES])
{
    size_t at = (size_t)word_of(hash) & (newest->capacity - 1);
    while (newest->slots[at].offset != 0 && memcmp(newest->slots[at].hash, hash, HB_HASH_BYTES) != 0)
        at = (at + 1) & (newest->capacity - 1);
    return &newest->slots[at];
}

/* At most three quarters are used. */
static enum hb_err make_room(struct hb_sm_newest *newest)
{
    if (newest->capacity > 0 && newest->count < newest->capacity / 4 * 3)
        return HB_OK;
    struct hb_sm_newest bigger = {.capacity = newest->capacity ? 2 * newest->capacity : FIRST_CAPACITY};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return HB_ERR_MEMORY;
    for (size_t i = 0; i < newest->capacity; i++)
        if (newest->slots[i].offset != 0)
            *find(&bigger, newest->slots[i].hash) = newest->slots[i];
    free(newest->slots);
    newest->slots = bigger.slots;
    newest->capacity = bigger.capacity;
    return HB_OK;
}

enum hb_err hb_sm_newest_note(struct hb_sm_newest *newest, const unsigned char hash[HB_HASH_BYTES], int64_t offset)
{
    struct hb_sm_newest_slot *slot = newest->capacity > 0 ? find(newest, hash) : NULL;
    if (!slot || slot->offset == 0) {
        if (newest->count >= newest->max)
            return HB_ERR_FULL;
        enum hb_err err = make_room(newest);
        if (err)
            return err;
        slot = find(newest, hash);
        memcpy(slot->hash, hash, HB_HASH_BYTES);
        newest->count++;
    }
    if (offset + 1 > slot->offset)
        slot->offset = offset + 1;
    return HB_OK;
}

bool hb_sm_newest_is(const struct hb_sm_newest *newest, const unsigned char hash[HB_HASH_BYTES], int64_t offset)
{
    return offset >= 0 && newest->capacity > 0 && find(newest, hash)->offset == offset + 1;
}

bool hb_sm_newest_in_slice(const unsigned char hash[HB_HASH_BYTES], unsigned slice, unsigned slices)
{
    uint64_t word;
    memcpy(&word, hash + HB_HASH_BYTES - sizeof word, sizeof word);
    return word % slices == slice;
}
