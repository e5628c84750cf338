/* The replay of dead products: which are wanted. */
#include "salesmanago/state.h"

#include <stdio.h>
#include <stdlib.h>

bool hb_sm_replay_is_wanted(const struct hb_sm_lane *lane)
{
    struct hb_str wanted = lane->connector.replay.id;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX && wanted.len > 0 && wanted.len <= HB_ID_MAX; i++)
        if (lane->tracks[i].state == HB_SM_TRACK_ATTACHED && !hb_str_eq(wanted, hb_str_c(lane->tracks[i].replay)))
            return true;
    return false;
}

static int cmp(const void *a, const void *b)
{
    return memcmp(a, b, HB_HASH_BYTES);
}

bool hb_sm_replay_wants(const struct hb_sm_walk *walk, const unsigned char hash[HB_HASH_BYTES])
{
    return walk->filter && bsearch(hash, walk->filter, walk->filter_count, HB_HASH_BYTES, cmp) != NULL;
}

static void add(void *user, struct hb_str product, int64_t offset)
{
    struct hb_sm_walk *walk = user;
    char key[HB_ID_MAX + HB_SUBJECT_MAX + 2];
    int len = snprintf(key, sizeof key, "%s/%.*s", walk->lane->store, HB_ARG(product));
    (void)offset;
    if (len > 0 && (size_t)len < sizeof key)
        hb_sm_hash(walk->lane->worker, hb_str_n(key, (size_t)len), walk->filter[walk->filter_count++]);
}

enum hb_err hb_sm_replay_filter(struct hb_sm_walk *walk)
{
    const struct hb_connector *connector = &walk->lane->connector;
    size_t most = connector->products_count > 0 ? connector->products_count : walk->lane->dead.count;
    walk->filter = calloc(most + 1, HB_HASH_BYTES);
    if (!walk->filter)
        return HB_ERR_MEMORY;
    if (connector->products_count == 0)
        hb_sm_dead_each(walk->lane, add, walk);
    for (size_t i = 0; i < connector->products_count; i++)
        add(walk, connector->products[i], -1);
    qsort(walk->filter, walk->filter_count, HB_HASH_BYTES, cmp);
    return HB_OK;
}
