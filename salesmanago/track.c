/* Where a connector stands in a partition. Attached, its changes are taken as they come and keep their records
 * unsettled. What cannot send now leaves: its position is written, and only when Kafka has that are its records settled
 * unread. */
#include "salesmanago/state.h"

#include "platform/json/json.h"

#include <stdio.h>

#define VALUE_MAX 1024

static struct hb_str key_of(const struct hb_sm_track *track, char key[HB_SM_RECORD_KEY_MAX])
{
    int len = snprintf(key, HB_SM_RECORD_KEY_MAX, "%s/%s/%s/%d", HB_CONNECTOR_POSITION, track->lane->store,
                       HB_CONNECTOR_ID, track->number);
    HB_ASSERT(len > 0 && len < HB_SM_RECORD_KEY_MAX);
    return hb_str_n(key, (size_t)len);
}

/* ---- writing ---- */

static void written(void *user, const struct hb_kafka_ack *ack);

static bool is_detaching(const struct hb_sm_track *track)
{
    return track->state == HB_SM_TRACK_LEAVING || track->state == HB_SM_TRACK_DETACHED;
}

static enum hb_err write_value(const struct hb_sm_track *track, struct hb_buf *value)
{
    struct hb_json_writer json = hb_json_write(value);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    if (is_detaching(track)) {
        hb_json_add_int(&json, "offset", track->position);
        hb_json_add_str(&json, "why", hb_str_c(track->why));
    } else {
        hb_json_add_bool(&json, "attached", true);
    }
    hb_json_add_wall(&json, "at", hb_loop_wall(track->lane->worker->options.loop));
    if (track->sync[0])
        hb_json_add_str(&json, "sync", hb_str_c(track->sync));
    if (track->replay[0])
        hb_json_add_str(&json, "replay", hb_str_c(track->replay));
    hb_json_add_str(&json, "worker", hb_str_c(track->lane->worker->options.worker));
    hb_json_close_object(&json);
    return hb_json_end(&json);
}

/* One at a time; what changes meanwhile is written after it. */
static void write_position(struct hb_sm_track *track)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_buf value = hb_buf_make(VALUE_MAX);
    track->must_write = true;
    if (track->is_writing)
        return;
    enum hb_err err = write_value(track, &value);
    if (!err)
        err = hb_sm_record_write(track->lane->worker, key_of(track, key), &value, written, track);
    hb_buf_deinit(&value);
    if (err)
        return; /* again with the next step */
    track->is_writing = true;
    track->must_write = false;
}

static void tell(struct hb_sm_lane *lane, enum hb_log_event event, const char *why)
{
    hb_log(&lane->worker->log, event, HB_LOG_C("store", lane->store), HB_LOG_C("why", why));
}

static void is_attached(struct hb_sm_lane *lane)
{
    if (!lane->is_detached_told || hb_sm_track_count(lane, HB_SM_TRACK_LEAVING) > 0 ||
        hb_sm_track_count(lane, HB_SM_TRACK_DETACHED) > 0 || hb_sm_track_count(lane, HB_SM_TRACK_RETURNING) > 0)
        return;
    lane->is_detached_told = false;
    tell(lane, HB_LOG_CONNECTOR_ATTACHED, "");
}

static void written(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_sm_track *track = user;
    struct hb_sm_lane *lane = track->lane;
    track->is_writing = false;
    if (ack->err == HB_ERR_DENIED)
        hb_sm_trouble_set(lane->worker, "Kafka refuses positions of connectors: %s", ack->text ? ack->text : "");
    if (ack->err) {
        track->must_write = track->state != HB_SM_TRACK_NONE;
        return; /* again with the next step */
    }
    if (track->must_write) { /* it says something else by now */
        write_position(track);
        return;
    }
    if (track->state == HB_SM_TRACK_LEAVING) {
        track->state = HB_SM_TRACK_DETACHED;
        hb_sm_settle_all_unread(lane, track->number, HB_SM_LIVE, false);
        hb_sm_pump_soon(lane->worker);
    } else if (track->state == HB_SM_TRACK_RETURNING) {
        track->state = HB_SM_TRACK_ATTACHED;
        is_attached(lane);
    }
}

/* ---- moves ---- */

static void read_record(struct hb_sm_track *track, int64_t *ret_position)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_str text = hb_registry_record(track->lane->worker->options.registry, key_of(track, key)), id, why;
    struct hb_json *json = NULL;
    *ret_position = -1;
    track->sync[0] = track->replay[0] = '\0';
    track->why = "";
    if (text.len == 0 || hb_json_parse(text, &json, NULL))
        return;
    if (!hb_json_int(hb_json_get(json, "offset"), ret_position) || *ret_position < 0)
        *ret_position = -1;
    if (*ret_position >= 0) /* of a sync it matters: it is not done yet */
        track->why = hb_json_str(hb_json_get(json, "why"), &why) && hb_str_eq(why, HB_STR("sync")) ? "sync" : "restart";
    if (hb_json_str(hb_json_get(json, "sync"), &id))
        (void)snprintf(track->sync, sizeof track->sync, "%.*s", HB_ARG(id));
    if (hb_json_str(hb_json_get(json, "replay"), &id))
        (void)snprintf(track->replay, sizeof track->replay, "%.*s", HB_ARG(id));
    hb_json_free(&json);
}

void hb_sm_track_begin(struct hb_sm_lane *lane, int32_t number)
{
    struct hb_sm_track *track = &lane->tracks[number];
    if (track->state != HB_SM_TRACK_NONE)
        return;
    read_record(track, &track->position);
    track->state = track->position >= 0 ? HB_SM_TRACK_DETACHED : HB_SM_TRACK_ATTACHED;
    track->must_write = track->is_walked = track->is_overflowed = false;
    if (track->state == HB_SM_TRACK_DETACHED)
        lane->is_detached_told = true;
}

void hb_sm_track_forget(struct hb_sm_lane *lane, int32_t number)
{
    struct hb_sm_track *track = &lane->tracks[number];
    if (track->state != HB_SM_TRACK_NONE)
        hb_sm_walk_stop(lane); /* it begins anew with what is left */
    hb_sm_settle_all_unread(lane, number, HB_SM_LIVE, true);
    hb_sm_settle_all_unread(lane, number, HB_SM_WALK, true);
    hb_sm_aside_lose(lane, number);
    track->state = HB_SM_TRACK_NONE;
    track->must_write = false;
}

bool hb_sm_track_takes(const struct hb_sm_track *track, bool *ret_is_place)
{
    *ret_is_place = track->state == HB_SM_TRACK_LEAVING;
    switch (track->state) {
    case HB_SM_TRACK_ATTACHED:
    case HB_SM_TRACK_LEAVING:
    case HB_SM_TRACK_RETURNING:
        return true;
    case HB_SM_TRACK_DETACHED:
        return track->is_walked && !track->is_overflowed;
    case HB_SM_TRACK_NONE:
        break;
    }
    return false;
}

void hb_sm_track_leave(struct hb_sm_track *track, int64_t position, const char *why)
{
    struct hb_sm_lane *lane = track->lane;
    track->state = HB_SM_TRACK_LEAVING;
    track->position = position;
    track->why = why;
    track->is_walked = track->is_overflowed = false;
    if (!lane->is_detached_told)
        tell(lane, HB_LOG_CONNECTOR_DETACHED, why);
    lane->is_detached_told = true;
    write_position(track);
}

void hb_sm_track_return(struct hb_sm_track *track)
{
    track->state = HB_SM_TRACK_RETURNING;
    track->is_walked = track->is_overflowed = false;
    write_position(track);
}

void hb_sm_track_save(struct hb_sm_track *track, int64_t position)
{
    if (track->state != HB_SM_TRACK_DETACHED || position <= track->position)
        return;
    track->position = position;
    write_position(track);
}

void hb_sm_track_overflow(struct hb_sm_lane *lane)
{
    lane->is_over = true;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (track->state != HB_SM_TRACK_DETACHED || !track->is_walked || track->is_overflowed)
            continue;
        track->is_overflowed = true; /* its position is before all of them */
        hb_sm_settle_all_unread(lane, i, HB_SM_LIVE, false);
    }
    hb_sm_track_step(lane);
}

size_t hb_sm_track_count(const struct hb_sm_lane *lane, enum hb_sm_track_state state)
{
    size_t count = 0;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        count += lane->tracks[i].state == state;
    return count;
}

/* ---- what has to be ---- */

/* Why whoever is attached has to leave; NULL: it has not. */
static const char *reason_to_leave(const struct hb_sm_lane *lane)
{
    static const char *const HELD[] = {[HB_SM_HOLD_UNUSABLE] = "unusable",
                                       [HB_SM_HOLD_PAUSED] = "paused",
                                       [HB_SM_HOLD_REFUSED] = "refused",
                                       [HB_SM_HOLD_DELETED] = "deleted"};
    if (lane->hold != HB_SM_HOLD_NONE)
        return HELD[lane->hold];
    if (lane->rests_long)
        return "away";
    return lane->is_over ? "behind" : NULL;
}

static int64_t position_of(const struct hb_sm_lane *lane, int32_t number)
{
    const struct hb_sm_change *lowest = hb_sm_pending_lowest(&lane->pending, number, HB_SM_LIVE);
    return lowest ? lowest->offset : lane->worker->partitions[number].next;
}

static void step_attached(struct hb_sm_track *track, const char *why)
{
    struct hb_sm_lane *lane = track->lane;
    struct hb_str wanted = lane->connector.sync.id;
    bool wants_sync = lane->hold == HB_SM_HOLD_NONE && wanted.len > 0 && !hb_str_eq(wanted, hb_str_c(track->sync));
    if (wants_sync) {
        (void)snprintf(track->sync, sizeof track->sync, "%.*s", HB_ARG(wanted));
        hb_sm_track_leave(track, 0, "sync");
    } else if (why) {
        hb_sm_track_leave(track, position_of(lane, track->number), why);
    }
}

/* A sync asked for while it is detached begins at the first record too. */
static void step_detached(struct hb_sm_track *track)
{
    struct hb_sm_lane *lane = track->lane;
    struct hb_str wanted = lane->connector.sync.id;
    if (lane->hold != HB_SM_HOLD_NONE || wanted.len == 0 || hb_str_eq(wanted, hb_str_c(track->sync)))
        return;
    if (lane->walk)
        hb_sm_walk_stop(lane);
    (void)snprintf(track->sync, sizeof track->sync, "%.*s", HB_ARG(wanted));
    hb_sm_track_leave(track, 0, "sync");
}

void hb_sm_track_step(struct hb_sm_lane *lane)
{
    const char *why = reason_to_leave(lane);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (track->state == HB_SM_TRACK_ATTACHED)
            step_attached(track, why);
        else if (track->state == HB_SM_TRACK_DETACHED)
            step_detached(track);
        if (track->must_write && track->state != HB_SM_TRACK_NONE)
            write_position(track);
    }
    lane->is_over = false;
}
