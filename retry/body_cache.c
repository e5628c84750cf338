#include "retry/body_cache.h"

#include "core/map.h"

#include <stdlib.h>

struct place {
    int32_t topic, partition;
    int64_t offset;
};

struct kept {
    struct place place; /* the key of the map points here */
    struct hb_body *body;
    struct kept *newer, *older;
};

struct hb_body_cache {
    struct hb_map map;
    struct kept *newest, *oldest;
    size_t bytes, bytes_max;
};

static struct place place_of(const struct hb_position *at)
{
    return (struct place){at->topic, at->partition, at->offset};
}

static struct hb_str key_of(const struct place *place)
{
    return hb_str_n((const char *)place, sizeof(*place));
}

static size_t cost_of(const struct kept *kept)
{
    return kept->body->bytes + sizeof(*kept) + sizeof(struct hb_map_slot) * 2;
}

enum hb_err hb_body_cache_new(size_t bytes_max, struct hb_body_cache **ret_cache)
{
    struct hb_body_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return HB_ERR_MEMORY;
    cache->map = HB_MAP_EMPTY;
    cache->bytes_max = bytes_max;
    *ret_cache = cache;
    return HB_OK;
}

static void detach(struct hb_body_cache *cache, struct kept *kept)
{
    *(kept->newer ? &kept->newer->older : &cache->newest) = kept->older;
    *(kept->older ? &kept->older->newer : &cache->oldest) = kept->newer;
}

static void attach(struct hb_body_cache *cache, struct kept *kept)
{
    kept->newer = NULL;
    kept->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = kept;
    cache->newest = kept;
}

static void forget(struct hb_body_cache *cache, struct kept *kept)
{
    detach(cache, kept);
    (void)hb_map_remove(&cache->map, key_of(&kept->place));
    cache->bytes -= cost_of(kept);
    hb_body_unref(&kept->body);
    free(kept);
}

void hb_body_cache_free(struct hb_body_cache **cache_ptr)
{
    struct hb_body_cache *cache = *cache_ptr;

    *cache_ptr = NULL;
    if (!cache)
        return;
    while (cache->oldest)
        forget(cache, cache->oldest);
    hb_map_deinit(&cache->map);
    free(cache);
}

enum hb_err hb_body_cache_put(struct hb_body_cache *cache, struct hb_body *body)
{
    struct place place = place_of(&body->at);
    struct kept *former = hb_map_get(&cache->map, key_of(&place));
    struct kept *kept = calloc(1, sizeof(*kept));

    if (!kept)
        return HB_ERR_MEMORY;
    kept->place = place;
    kept->body = hb_body_ref(body);
    if (former)
        forget(cache, former);
    if (cost_of(kept) > cache->bytes_max || hb_map_put(&cache->map, key_of(&kept->place), kept)) {
        bool is_large = cost_of(kept) > cache->bytes_max;
        hb_body_unref(&kept->body);
        free(kept);
        return is_large ? HB_OK : HB_ERR_MEMORY;
    }
    attach(cache, kept);
    cache->bytes += cost_of(kept);
    while (cache->bytes > cache->bytes_max)
        forget(cache, cache->oldest);
    return HB_OK;
}

struct hb_body *hb_body_cache_get(struct hb_body_cache *cache, const struct hb_position *at)
{
    struct place place = place_of(at);
    struct kept *kept = hb_map_get(&cache->map, key_of(&place));

    if (!kept)
        return NULL;
    detach(cache, kept);
    attach(cache, kept);
    return kept->body;
}

size_t hb_body_cache_bytes(const struct hb_body_cache *cache)
{
    return cache->bytes;
}

size_t hb_body_cache_count(const struct hb_body_cache *cache)
{
    return cache->map.count;
}
