#include "retry/done_memory.h"

#include "core/map.h"

#include <stdlib.h>

struct done {
    struct hb_shard_memory memory;
    unsigned char delivery[HB_DELIVERY_BYTES]; /* the map's key points here */
    bool is_used;
};

struct hb_done_memory {
    struct hb_map map;
    struct done *ring;
    size_t size, next;
};

static struct hb_str key_of(const unsigned char *delivery)
{
    return hb_str_n((const char *)delivery, HB_DELIVERY_BYTES);
}

enum hb_err hb_done_memory_new(size_t deliveries_max, struct hb_done_memory **ret_memory)
{
    struct hb_done_memory *memory = calloc(1, sizeof(*memory));
    struct done *ring = calloc(deliveries_max ? deliveries_max : 1, sizeof(*ring));

    if (!memory || !ring) {
        free(memory);
        free(ring);
        return HB_ERR_MEMORY;
    }
    *memory = (struct hb_done_memory){.map = HB_MAP_EMPTY, .ring = ring, .size = deliveries_max};
    *ret_memory = memory;
    return HB_OK;
}

void hb_done_memory_free(struct hb_done_memory **memory)
{
    if (*memory) {
        hb_map_deinit(&(*memory)->map);
        free((*memory)->ring);
        free(*memory);
    }
    *memory = NULL;
}

static void drop(struct hb_done_memory *memory, struct done *done)
{
    (void)hb_map_remove(&memory->map, key_of(done->delivery));
    done->is_used = false;
}

void hb_done_memory_put(struct hb_done_memory *memory, const unsigned char delivery[HB_DELIVERY_BYTES],
                        const struct hb_shard_memory *said)
{
    struct done *known = hb_map_get(&memory->map, key_of(delivery));

    if (known) {
        known->memory = *said;
        return;
    }
    if (memory->size == 0)
        return;
    struct done *done = &memory->ring[memory->next];
    memory->next = (memory->next + 1) % memory->size;
    if (done->is_used)
        drop(memory, done);
    done->memory = *said;
    memcpy(done->delivery, delivery, HB_DELIVERY_BYTES);
    done->is_used = hb_map_put(&memory->map, key_of(done->delivery), done) == HB_OK;
}

void hb_done_memory_forget(struct hb_done_memory *memory, const unsigned char delivery[HB_DELIVERY_BYTES])
{
    struct done *done = hb_map_get(&memory->map, key_of(delivery));

    if (done)
        drop(memory, done);
}

const struct hb_shard_memory *hb_done_memory_get(const struct hb_done_memory *memory,
                                                 const unsigned char delivery[HB_DELIVERY_BYTES])
{
    const struct done *done = hb_map_get(&memory->map, key_of(delivery));

    return done ? &done->memory : NULL;
}

size_t hb_done_memory_count(const struct hb_done_memory *memory)
{
    return memory->map.count;
}
