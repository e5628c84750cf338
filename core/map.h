/* Job: finds a pointer by a string key.
 *
 * Place: tables held in memory (registry, rooms). Open addressing, linear probing, deletion by shifting back: no
 * tombstones, so a table that changes for months stays as fast as a fresh one. Owns / borrows: the map owns its slots
 * only; keys are views that must live as long as their entry (put them into the value). Fails: HB_ERR_MEMORY. Limits:
 * none of its own; whoever fills it bounds it. Cost: O(1). Threads: no shared state.
 *
 * Example:
 *     struct hb_map stores = HB_MAP_EMPTY;
 *     err = hb_map_put(&stores, store->id, store);
 *     struct store *found = hb_map_get(&stores, id); */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include "hookbus/bytes.h"

struct hb_map_slot {
    struct hb_str key;
    void *value; /* NULL: free */
    uint64_t hash;
};

struct hb_map {
    struct hb_map_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};
#define HB_MAP_EMPTY ((struct hb_map){NULL, 0, 0})

/* Frees the slots, not keys or values; the map is empty again. */
void hb_map_deinit(struct hb_map *map);
/* NULL if there is none. */
void *hb_map_get(const struct hb_map *map, struct hb_str key);
/* Adds or replaces; the key's view is replaced too. value must not be NULL. HB_ERR_MEMORY: nothing changed. */
HB_MUST_USE enum hb_err hb_map_put(struct hb_map *map, struct hb_str key, void *value);
/* Takes an entry out; NULL if there is none. */
void *hb_map_remove(struct hb_map *map, struct hb_str key);
/* Iterates in no order: start with *state = 0; NULL at the end. The map must not change meanwhile. */
void *hb_map_next(const struct hb_map *map, size_t *state);
/* A new array (free) of all values, in the order of their keys; NULL when empty or without memory. */
void **hb_map_sorted(const struct hb_map *map, size_t *ret_count);

#endif
