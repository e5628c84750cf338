#include "core/map.h"

#include <stdlib.h>

#define CAPACITY_FIRST 16

/* FNV-1a, then mixed so that the low bits depend on all of it. Who can add keys holds a key of ours: no flooding to
 * fear. */
static uint64_t hash_of(struct hb_str key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.len; i++) {
        hash = (hash ^ (unsigned char)key.ptr[i]) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 32;
    return hash * UINT64_C(0x9e3779b97f4a7c15) >> 8;
}

/* The slot of the key, or the free one where it would go. There always is a free one. */
static size_t slot_of(const struct hb_map *map, struct hb_str key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    size_t i = (size_t)hash & mask;
    while (map->slots[i].value && !(map->slots[i].hash == hash && hb_str_eq(map->slots[i].key, key))) {
        i = (i + 1) & mask;
    }
    return i;
}

static enum hb_err grow(struct hb_map *map)
{
    struct hb_map bigger = {NULL, map->capacity ? map->capacity * 2 : CAPACITY_FIRST, map->count};
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    if (!bigger.slots) {
        return HB_ERR_MEMORY;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        struct hb_map_slot *slot = &map->slots[i];
        if (slot->value) {
            bigger.slots[slot_of(&bigger, slot->key, slot->hash)] = *slot;
        }
    }
    free(map->slots);
    *map = bigger;
    return HB_OK;
}

void hb_map_deinit(struct hb_map *map)
{
    free(map->slots);
    *map = HB_MAP_EMPTY;
}

void *hb_map_get(const struct hb_map *map, struct hb_str key)
{
    return map->count == 0 ? NULL : map->slots[slot_of(map, key, hash_of(key))].value;
}

enum hb_err hb_map_put(struct hb_map *map, struct hb_str key, void *value)
{
    HB_ASSERT(value != NULL);
    if ((map->count + 1) * 3 > map->capacity * 2) {
        enum hb_err err = grow(map);
        if (err) {
            return err;
        }
    }
    uint64_t hash = hash_of(key);
    struct hb_map_slot *slot = &map->slots[slot_of(map, key, hash)];
    map->count += slot->value ? 0 : 1;
    *slot = (struct hb_map_slot){key, value, hash};
    return HB_OK;
}

/* Whoever probed past the hole moves back into it, or a later search would stop short. */
static void close_hole(struct hb_map *map, size_t hole)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
        size_t home = (size_t)map->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct hb_map_slot){{NULL, 0}, NULL, 0};
}

void *hb_map_remove(struct hb_map *map, struct hb_str key)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t i = slot_of(map, key, hash_of(key));
    void *value = map->slots[i].value;
    if (value) {
        close_hole(map, i);
        map->count--;
    }
    return value;
}

void *hb_map_next(const struct hb_map *map, size_t *state)
{
    while (*state < map->capacity) {
        void *value = map->slots[(*state)++].value;
        if (value) {
            return value;
        }
    }
    return NULL;
}

static int compare_slots(const void *a, const void *b)
{
    return hb_str_cmp(((const struct hb_map_slot *)a)->key, ((const struct hb_map_slot *)b)->key);
}

void **hb_map_sorted(const struct hb_map *map, size_t *ret_count)
{
    *ret_count = 0;
    struct hb_map_slot *slots = map->count ? malloc(map->count * sizeof(*slots)) : NULL;
    void **values = slots ? malloc(map->count * sizeof(*values)) : NULL;
    if (!values) {
        free(slots);
        return NULL;
    }
    size_t count = 0;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value) {
            slots[count++] = map->slots[i];
        }
    }
    qsort(slots, count, sizeof(*slots), compare_slots);
    for (size_t i = 0; i < count; i++) {
        values[i] = slots[i].value;
    }
    free(slots);
    *ret_count = count;
    return values;
}
