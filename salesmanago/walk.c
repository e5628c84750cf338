/* Reading what a connector missed, in two passes: the first to the end, noting the newest offset of each product, the
 * second sends only those. What comes live meanwhile is noted too, and what it supersedes is not sent. Of more products
 * than may be noted at a time the topic is walked in several rounds, each of one slice of them. */
#include "salesmanago/state.h"

#include "core/catalog_record.h"
#include "core/smaller.h"

#include <stdio.h>
#include <stdlib.h>

#define POLL_MAX 100
#define OPEN_MAX 300                         /* read ahead of what is sent */
#define OPEN_BYTES_MAX ((size_t)8 << 20)
#define SAVE_US (5000 * HB_US_PER_MS)
#define SLICES_MAX 1024

static void step(struct hb_sm_walk *walk);

/* ---- a record ---- */

static bool is_wanted(const struct hb_sm_walk *walk, const struct hb_kafka_message *message,
                      unsigned char ret_hash[HB_HASH_BYTES])
{
    struct hb_str store, product;
    if (message->value.len == 0 || !hb_catalog_key_read(message->key, &store, &product) ||
        !hb_str_eq(store, hb_str_c(walk->lane->store)))
        return false;
    hb_sm_hash(walk->lane->worker, message->key, ret_hash);
    return hb_sm_newest_in_slice(ret_hash, walk->slice, walk->slices) &&
           (!walk->is_replay || hb_sm_replay_wants(walk, ret_hash));
}

static void note(struct hb_sm_walk *walk, const unsigned char hash[HB_HASH_BYTES], int64_t offset)
{
    enum hb_err err = hb_sm_newest_note(&walk->newest, hash, offset);
    if (!err || walk->is_sending) /* what is not noted by then is not sent */
        return;
    walk->must_restart = true;
    if (err == HB_ERR_FULL && walk->slices < SLICES_MAX)
        walk->slices *= 2;
}

static void queue(struct hb_sm_walk *walk, const struct hb_kafka_message *message)
{
    struct hb_sm_lane *lane = walk->lane;
    struct hb_sm_change *superseded = NULL, *change = hb_sm_change_new(message->key, message->value);
    if (!change) {
        walk->must_restart = true;
        return;
    }
    change->partition = message->partition;
    change->offset = message->offset;
    change->source = HB_SM_WALK;
    change->since = hb_sm_now(lane->worker);
    change->appended = message->appended;
    if (hb_sm_pending_put(&lane->pending, change, &superseded)) {
        hb_sm_change_free(change);
        walk->must_restart = true;
    } else {
        hb_sm_aside_if_suspect(lane, change->key);
        if (superseded)
            hb_sm_settle_superseded(lane, superseded);
    }
}

static void take_message(void *user, struct hb_kafka_message *message)
{
    struct hb_sm_walk *walk = ((struct hb_sm_reader *)user)->walk;
    unsigned char hash[HB_HASH_BYTES];
    struct hb_sm_walk_place *place = walk ? &walk->places[message->partition] : NULL;
    if (!place || !place->is_in || place->is_read || walk->must_restart || message->offset < place->next) {
        hb_kafka_message_free(message);
        return;
    }
    if (message->offset < place->end && is_wanted(walk, message, hash)) {
        if (!walk->is_sending)
            note(walk, hash, message->offset);
        else if (hb_sm_newest_is(&walk->newest, hash, message->offset))
            queue(walk, message);
    }
    place->next = message->offset + 1;
    place->is_read = place->next >= place->end;
    hb_kafka_message_free(message);
}

static void take_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_sm_walk *walk = ((struct hb_sm_reader *)user)->walk;
    (void)topic;
    if (walk && walk->places[partition].is_in && offset >= walk->places[partition].end)
        walk->places[partition].is_read = true;
}

/* A place before the first record kept: from there on. */
static void take_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_sm_walk *walk = ((struct hb_sm_reader *)user)->walk;
    (void)topic;
    if (!walk)
        return;
    if (err == HB_ERR_NOT_FOUND && partition >= 0 && walk->places[partition].from != HB_KAFKA_BEGINNING) {
        walk->places[partition].from = HB_KAFKA_BEGINNING;
        walk->must_restart = true;
    } else if (err == HB_ERR_DENIED) {
        hb_sm_trouble_set(walk->lane->worker, "Kafka refuses this user: %s", text);
    }
}

const struct hb_kafka_reader_events hb_sm_walk_events = {take_message, take_end, take_error};

void hb_sm_walk_readable(void *user, int events)
{
    struct hb_sm_reader *reader = user;
    (void)events;
    if (reader->walk)
        step(reader->walk);
    else
        (void)hb_kafka_reader_poll(reader->reader, POLL_MAX, 0);
}

/* ---- passes ---- */

static void begin_pass(struct hb_sm_walk *walk, bool is_sending)
{
    struct hb_kafka_start starts[HB_SM_PARTITIONS_MAX];
    size_t count = 0;
    walk->is_sending = is_sending;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_walk_place *place = &walk->places[i];
        if (!place->is_in)
            continue;
        place->next = place->from < 0 ? 0 : place->from;
        place->is_read = place->next >= place->end;
        if (!place->is_read)
            starts[count++] = (struct hb_kafka_start){0, i, place->from};
    }
    if (hb_kafka_reader_assign(walk->reader->reader, starts, count))
        walk->must_restart = true;
    hb_watch_set(walk->reader->watch, HB_WATCH_READ);
}

/* A round begins: to the end as it is now, so that what was sent live before is met in it. */
static void begin_round(struct hb_sm_walk *walk)
{
    struct hb_sm_worker *worker = walk->lane->worker;
    walk->must_restart = false;
    hb_sm_newest_clear(&walk->newest);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        if (!walk->places[i].is_in)
            continue;
        walk->places[i].end = worker->partitions[i].next;
        if (walk->places[i].first_end < 0)
            walk->places[i].first_end = walk->places[i].end;
    }
    begin_pass(walk, false);
}

/* A round that began anew goes beyond what came live since the first: that is let go when the walk is stopped, so the
 * position stays before all of it. */
static void save(struct hb_sm_walk *walk)
{
    if (walk->is_replay || !walk->is_sending || walk->slices > 1 || walk->must_restart) /* what was read is let go */
        return;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        const struct hb_sm_walk_place *place = &walk->places[i];
        if (!place->is_in)
            continue;
        const struct hb_sm_change *lowest = hb_sm_pending_lowest(&walk->lane->pending, i, HB_SM_WALK);
        int64_t position = hb_smaller_int(lowest ? lowest->offset : place->next, place->end);
        hb_sm_track_save(&walk->lane->tracks[i], hb_smaller_int(position, place->first_end));
    }
    walk->saved = hb_sm_now(walk->lane->worker);
}

static void give_up(struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    lane->walk = NULL;
    hb_sm_walk_lend_reader(walk);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        hb_sm_settle_all_unread(lane, i, HB_SM_WALK, true);
    hb_sm_newest_deinit(&walk->newest);
    free(walk->filter);
    free(walk);
}

static void finish(struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    bool is_replay = walk->is_replay, is_sync = lane->sync_state && strcmp(lane->sync_state, "running") == 0;
    int64_t ends[HB_SM_PARTITIONS_MAX];
    char replay[HB_ID_MAX + 1];
    memcpy(replay, walk->replay, sizeof replay);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        ends[i] = walk->places[i].is_in ? walk->places[i].first_end : -1;
    give_up(walk);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (is_replay && ends[i] >= 0 && track->state == HB_SM_TRACK_ATTACHED) {
            memcpy(track->replay, replay, sizeof track->replay);
            hb_sm_track_return(track);
        } else if (!is_replay && ends[i] >= 0 && track->is_overflowed) {
            hb_sm_track_leave(track, ends[i], "behind");
        } else if (!is_replay && ends[i] >= 0 && track->is_walked) {
            hb_sm_track_return(track);
        }
    }
    if (is_sync) {
        lane->sync_state = "done";
        lane->sync_done = lane->sync_total = lane->walk_total;
    }
    hb_sm_pump_soon(lane->worker);
}

static bool is_read(const struct hb_sm_walk *walk)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        if (walk->places[i].is_in && !walk->places[i].is_read)
            return false;
    return true;
}

/* A pass or a round may be over; the walk is gone when it returns false. Only who reads has a reader: there are few,
 * and what was read may wait for long. */
static bool advance(struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    while (walk->must_restart || is_read(walk)) {
        if (walk->must_restart) {
            if (!hb_sm_walk_take_reader(walk))
                return true;
            walk->slice = 0;
            lane->walk_total = lane->walk_done = 0;
            for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
                hb_sm_settle_all_unread(lane, i, HB_SM_WALK, true);
            begin_round(walk);
            if (walk->must_restart)
                return true; /* Kafka takes no assignment now: with the next second */
        } else if (!walk->is_sending) {
            lane->walk_total += (int64_t)walk->newest.count;
            begin_pass(walk, true);
        } else if (lane->pending.open_of[HB_SM_WALK] > 0) {
            hb_sm_walk_lend_reader(walk);
            return true;
        } else if (walk->slice + 1 < walk->slices) {
            if (!hb_sm_walk_take_reader(walk))
                return true;
            walk->slice++;
            begin_round(walk);
        } else {
            finish(walk);
            return false;
        }
    }
    return true;
}

static bool is_full(const struct hb_sm_lane *lane)
{
    return lane->pending.open_of[HB_SM_WALK] >= OPEN_MAX || lane->pending.bytes >= OPEN_BYTES_MAX;
}

static void read_on(struct hb_sm_walk *walk)
{
    bool was_full = is_full(walk->lane);
    if (!was_full)
        (void)hb_kafka_reader_poll(walk->reader->reader, POLL_MAX, 0);
    hb_watch_set(walk->reader->watch, was_full ? 0 : HB_WATCH_READ);
}

static void step(struct hb_sm_walk *walk)
{
    struct hb_sm_lane *lane = walk->lane;
    if (walk->is_stepping)
        return;
    walk->is_stepping = true;
    if (walk->reader)
        read_on(walk);
    walk->is_stepping = false;
    if (hb_sm_now(lane->worker).us - walk->saved.us > SAVE_US)
        save(walk);
    if (advance(walk))
        hb_sm_lane_look(lane);
}

/* ---- when ---- */

void hb_sm_walk_note(struct hb_sm_walk *walk, struct hb_str key, int64_t offset)
{
    unsigned char hash[HB_HASH_BYTES];
    hb_sm_hash(walk->lane->worker, key, hash);
    if (hb_sm_newest_in_slice(hash, walk->slice, walk->slices))
        note(walk, hash, offset);
}

static void begin(struct hb_sm_lane *lane, bool is_replay)
{
    struct hb_sm_reader *reader = hb_sm_walk_free_reader(lane->worker);
    struct hb_sm_walk *walk = reader ? calloc(1, sizeof *walk) : NULL;
    if (!walk)
        return; /* its turn comes, or memory does */
    walk->lane = lane;
    walk->is_replay = is_replay;
    if (is_replay)
        (void)snprintf(walk->replay, sizeof walk->replay, "%.*s", HB_ARG(lane->connector.replay.id));
    walk->slices = 1;
    walk->saved = hb_sm_now(lane->worker);
    walk->reader = reader;
    hb_sm_newest_init(&walk->newest, (size_t)lane->worker->options.config->salesmanago_walk_products_max);
    if ((is_replay && hb_sm_replay_filter(walk)) || !hb_sm_walk_choose(walk)) {
        free(walk->filter);
        free(walk);
        return;
    }
    reader->walk = walk;
    lane->walk = walk;
    lane->rests_long = false; /* the pause is over, also if nothing of this walk should be accepted */
    lane->walk_total = lane->walk_done = 0;
    hb_sm_walk_tell(walk);
    begin_round(walk);
    step(walk);
}

void hb_sm_walk_stop(struct hb_sm_lane *lane)
{
    struct hb_sm_walk *walk = lane->walk;
    if (!walk)
        return;
    save(walk);
    give_up(walk);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        struct hb_sm_track *track = &lane->tracks[i];
        if (!track->is_walked)
            continue;
        track->is_walked = track->is_overflowed = false;
        if (track->state == HB_SM_TRACK_DETACHED) /* its position is before all of them */
            hb_sm_settle_all_unread(lane, i, HB_SM_LIVE, false);
    }
    if (lane->sync_state && strcmp(lane->sync_state, "running") == 0)
        lane->sync_state = "waiting";
}

void hb_sm_walk_look(struct hb_sm_lane *lane)
{
    bool is_resting = lane->rest_until.us > hb_sm_now(lane->worker).us;
    if (lane->walk) {
        if (lane->hold != HB_SM_HOLD_NONE || (lane->rests_long && is_resting))
            hb_sm_walk_stop(lane);
        else
            step(lane->walk);
        return;
    }
    if (is_resting || lane->worker->is_stopping || !hb_sm_lane_may_send(lane) ||
        hb_sm_track_count(lane, HB_SM_TRACK_LEAVING) > 0)
        return;
    if (hb_sm_track_count(lane, HB_SM_TRACK_DETACHED) > 0)
        begin(lane, false);
    else if (hb_sm_track_count(lane, HB_SM_TRACK_RETURNING) == 0 && hb_sm_replay_is_wanted(lane))
        begin(lane, true);
}
