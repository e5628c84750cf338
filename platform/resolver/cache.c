#include "platform/resolver/internal.h"

#include <stdlib.h>

enum hb_err cache_init(struct cache *cache, size_t max)
{
    size_t buckets = 64;
    while (buckets < max && buckets < (1U << 20)) {
        buckets *= 2;
    }
    *cache = (struct cache){.buckets_count = buckets, .max = max};
    cache->buckets = calloc(buckets, sizeof(struct cache_entry *));
    return cache->buckets != NULL ? HB_OK : HB_ERR_MEMORY;
}

void cache_deinit(struct cache *cache)
{
    while (cache->newest != NULL) {
        struct cache_entry *entry = cache->newest;
        cache->newest = entry->older;
        free(entry);
    }
    free(cache->buckets);
    *cache = (struct cache){.max = 0};
}

/* FNV-1a: short keys, and whoever could choose colliding names can only fill a bounded table. */
uint32_t cache_hash(struct hb_str name)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619U;
    }
    return hash;
}

static void unlink_use(struct cache *cache, struct cache_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct cache *cache, struct cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static struct cache_entry **bucket_of(struct cache *cache, uint32_t hash)
{
    return &cache->buckets[hash & (cache->buckets_count - 1)];
}

struct cache_entry *cache_find(struct cache *cache, struct hb_str name, uint32_t hash)
{
    struct cache_entry *entry = *bucket_of(cache, hash);
    while (entry != NULL && (entry->hash != hash || !hb_str_eq(hb_str_n(entry->name, entry->name_len), name))) {
        entry = entry->chain;
    }
    if (entry != NULL && entry != cache->newest) {
        unlink_use(cache, entry);
        link_newest(cache, entry);
    }
    return entry;
}

static bool is_free(const struct cache_entry *entry)
{
    return !entry->is_running && entry->lookups == NULL && entry->pins == 0;
}

static bool evict_oldest(struct cache *cache)
{
    struct cache_entry *entry = cache->oldest;
    while (entry != NULL && !is_free(entry)) {
        entry = entry->newer;
    }
    if (entry == NULL) {
        return false;
    }
    struct cache_entry **link = bucket_of(cache, entry->hash);
    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    unlink_use(cache, entry);
    cache->count--;
    free(entry);
    return true;
}

struct cache_entry *cache_add(struct cache *cache, struct hb_str name, uint32_t hash)
{
    if (cache->count >= cache->max && !evict_oldest(cache)) {
        return NULL;
    }
    struct cache_entry *entry = calloc(1, sizeof(*entry) + name.len + 1);
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->name, name.ptr, name.len);
    entry->name_len = name.len;
    entry->hash = hash;
    struct cache_entry **bucket = bucket_of(cache, hash);
    entry->chain = *bucket;
    *bucket = entry;
    link_newest(cache, entry);
    cache->count++;
    return entry;
}
