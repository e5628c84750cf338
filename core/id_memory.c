#include "core/id_memory.h"

#include <stdlib.h>

struct entry {
    unsigned char key[HB_ID_MEMORY_KEY_BYTES];
    uint64_t body_hash;
    int64_t offset;
    int32_t partition;
    int32_t topic;
};

/* Entries stand in a ring in the order in which they came; the index finds them by key: open addressing with linear
 * probing, at most half full. A slot holds the entry's place in the ring plus one, 0 is free. Removal shifts back what
 * follows, so there are no tombstones and a long life does not slow it down. */
struct hb_id_memory {
    struct entry *ring;
    uint32_t *index;
    uint32_t mask;
    uint32_t ids_max;
    uint32_t next; /* where the next entry goes: the oldest once the ring is full */
    uint32_t count;
};

enum hb_err hb_id_memory_new(size_t ids_max, struct hb_id_memory **ret_memory)
{
    HB_ASSERT(ids_max >= 1 && ids_max <= HB_ID_MEMORY_IDS_MAX);
    struct hb_id_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return HB_ERR_MEMORY;
    uint32_t slots = 2;
    while (slots < 2 * ids_max)
        slots *= 2;
    memory->mask = slots - 1;
    memory->ids_max = (uint32_t)ids_max;
    /* Large zeroed allocations are untouched pages until they are written: memory is paid as ids come. */
    memory->ring = calloc(ids_max, sizeof(memory->ring[0]));
    memory->index = calloc(slots, sizeof(memory->index[0]));
    if (!memory->ring || !memory->index) {
        hb_id_memory_free(&memory);
        return HB_ERR_MEMORY;
    }
    *ret_memory = memory;
    return HB_OK;
}

void hb_id_memory_free(struct hb_id_memory **memory)
{
    if (!*memory)
        return;
    free((*memory)->ring);
    free((*memory)->index);
    free(*memory);
    *memory = NULL;
}

/* The key is a hash already: any of its bytes spread well. */
static uint32_t home_of(const struct hb_id_memory *memory, const unsigned char *key)
{
    uint32_t hash;
    memcpy(&hash, key, sizeof(hash));
    return hash & memory->mask;
}

/* The slot that holds this key, or the free one where it would go. */
static uint32_t find_slot(const struct hb_id_memory *memory, const unsigned char *key)
{
    uint32_t slot = home_of(memory, key);
    while (memory->index[slot] && memcmp(memory->ring[memory->index[slot] - 1].key, key, HB_ID_MEMORY_KEY_BYTES) != 0)
        slot = (slot + 1) & memory->mask;
    return slot;
}

static void remove_slot(struct hb_id_memory *memory, uint32_t hole)
{
    HB_ASSERT(memory->index[hole] != 0);
    for (uint32_t slot = (hole + 1) & memory->mask; memory->index[slot]; slot = (slot + 1) & memory->mask) {
        uint32_t home = home_of(memory, memory->ring[memory->index[slot] - 1].key);
        /* It may move into the hole unless its home lies behind the hole. */
        if (((slot - home) & memory->mask) >= ((slot - hole) & memory->mask)) {
            memory->index[hole] = memory->index[slot];
            hole = slot;
        }
    }
    memory->index[hole] = 0;
}

static void remember(struct hb_id_memory *memory, const unsigned char *key, uint64_t body_hash,
                     struct hb_position position)
{
    if (memory->count == memory->ids_max)
        remove_slot(memory, find_slot(memory, memory->ring[memory->next].key));
    else
        memory->count++;
    struct entry *entry = &memory->ring[memory->next];
    memcpy(entry->key, key, sizeof(entry->key));
    entry->body_hash = body_hash;
    entry->offset = position.offset;
    entry->partition = position.partition;
    entry->topic = position.topic;
    memory->index[find_slot(memory, key)] = memory->next + 1;
    memory->next = memory->next + 1 == memory->ids_max ? 0 : memory->next + 1;
}

enum hb_id_meeting hb_id_memory_meet(struct hb_id_memory *memory, const unsigned char key[HB_ID_MEMORY_KEY_BYTES],
                                     uint64_t body_hash, struct hb_position position)
{
    uint32_t place = memory->index[find_slot(memory, key)];
    if (place == 0) {
        remember(memory, key, body_hash, position);
        return HB_ID_NEW;
    }
    const struct entry *met = &memory->ring[place - 1];
    /* Another body at the same position is a topic that was made anew: as loud as any other conflict. */
    if (met->body_hash != body_hash)
        return HB_ID_CONFLICT;
    bool is_same =
        met->topic == position.topic && met->partition == position.partition && met->offset == position.offset;
    return is_same ? HB_ID_SAME_POSITION : HB_ID_DUPLICATE;
}

size_t hb_id_memory_count(const struct hb_id_memory *memory)
{
    return memory->count;
}
