/* What is walked: which partitions from where, and of a replay which products. */
#include "salesmanago/state.h"

#include "hookbus/catalog.h"

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
    char key[HB_CATALOG_KEY_MAX + 1];
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

bool hb_sm_walk_choose(struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    bool has_any = false;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (track->state != (walk->is_replay ? HB_SM_TRACK_ATTACHED : HB_SM_TRACK_DETACHED))
            continue;
        walk->places[i] =
            (struct hb_sm_walk_place){.is_in = true, .from = walk->is_replay ? 0 : track->position, .first_end = -1};
        track->is_walked = !walk->is_replay;
        track->is_overflowed = false;
        has_any = true;
    }
    return has_any;
}

void hb_sm_walk_tell(const struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    hb_log(&lane->worker->log, HB_LOG_CONNECTOR_WALK, HB_LOG_C("store", lane->store),
           HB_LOG_C("kind", walk->is_replay ? "replay" : "missed"),
           HB_LOG_INT("partitions", hb_sm_track_count(lane, HB_SM_TRACK_DETACHED)));
    if (walk->is_replay)
        return;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        if (lane->tracks[i].is_walked && strcmp(lane->tracks[i].why, "sync") == 0) {
            memcpy(lane->sync_id, lane->tracks[i].sync, sizeof lane->sync_id);
            lane->sync_state = "running";
        }
    }
}
