#include "producer/store_quota.h"

#include "core/quota.h"
#include "hookbus/event.h"

#include <stdlib.h>

struct buckets {
    struct hb_quota events, bytes;
    char id[HB_ID_MAX];
};

struct hb_store_quota hb_store_quota_make(int64_t events_per_s, int64_t bytes_per_s)
{
    return (struct hb_store_quota){events_per_s, bytes_per_s, HB_MAP_EMPTY};
}

void hb_store_quota_deinit(struct hb_store_quota *quota)
{
    size_t state = 0;
    void *buckets;
    while ((buckets = hb_map_next(&quota->stores, &state))) {
        free(buckets);
    }
    hb_map_deinit(&quota->stores);
}

static bool has_none(const struct hb_store_quota *quota)
{
    return quota->events_per_s == 0 && quota->bytes_per_s == 0;
}

static struct buckets *add(struct hb_store_quota *quota, struct hb_str store, struct hb_mono now)
{
    struct buckets *buckets = malloc(sizeof(*buckets));
    if (!buckets) {
        return NULL;
    }
    HB_ASSERT(store.len <= sizeof(buckets->id));
    memcpy(buckets->id, store.ptr, store.len);
    buckets->events = hb_quota_make(quota->events_per_s, now);
    buckets->bytes = hb_quota_make(quota->bytes_per_s, now);
    if (hb_map_put(&quota->stores, hb_str_n(buckets->id, store.len), buckets)) {
        free(buckets);
        return NULL;
    }
    return buckets;
}

enum hb_err hb_store_quota_look(struct hb_store_quota *quota, struct hb_str store, struct hb_mono now,
                                int64_t *ret_wait_ms)
{
    if (has_none(quota)) {
        *ret_wait_ms = 0;
        return HB_OK;
    }
    struct buckets *buckets = hb_map_get(&quota->stores, store);
    if (!buckets) {
        buckets = add(quota, store, now);
    }
    if (!buckets) {
        return HB_ERR_MEMORY;
    }
    int64_t events_ms = hb_quota_look(&buckets->events, now), bytes_ms = hb_quota_look(&buckets->bytes, now);
    *ret_wait_ms = events_ms > bytes_ms ? events_ms : bytes_ms;
    return HB_OK;
}

void hb_store_quota_take(struct hb_store_quota *quota, struct hb_str store, size_t events, size_t bytes)
{
    struct buckets *buckets = has_none(quota) ? NULL : hb_map_get(&quota->stores, store);
    if (buckets) {
        hb_quota_take(&buckets->events, (int64_t)events);
        hb_quota_take(&buckets->bytes, (int64_t)bytes);
    }
}
