#include "salesmanago/pending.h"

#include <stdlib.h>

struct hb_sm_change *hb_sm_change_new(struct hb_str key, struct hb_str value)
{
    struct hb_sm_change *change = malloc(sizeof *change + key.len + value.len);
    if (!change)
        return NULL;
    char *bytes = (char *)(change + 1);
    memcpy(bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(bytes + key.len, value.ptr, value.len);
    *change = (struct hb_sm_change){.key = {bytes, key.len}, .value = {bytes + key.len, value.len}};
    return change;
}

void hb_sm_change_free(struct hb_sm_change *change)
{
    free(change);
}

void hb_sm_pending_deinit(struct hb_sm_pending *pending)
{
    HB_ASSERT(pending->open == 0);
    hb_map_deinit(&pending->waiting_by_key);
}

/* ---- open ones, by offset ---- */

static void open_add(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->partition >= 0 && change->partition < HB_SM_PARTITIONS_MAX);
    struct hb_sm_open *place = &pending->places[change->partition][change->source];
    HB_ASSERT(!place->last || place->last->offset < change->offset);
    change->open_previous = place->last;
    change->open_next = NULL;
    *(place->last ? &place->last->open_next : &place->first) = change;
    place->last = change;
    pending->open++;
    pending->open_of[change->source]++;
    pending->bytes += change->key.len + change->value.len;
}

static void open_remove(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    struct hb_sm_open *place = &pending->places[change->partition][change->source];
    *(change->open_previous ? &change->open_previous->open_next : &place->first) = change->open_next;
    *(change->open_next ? &change->open_next->open_previous : &place->last) = change->open_previous;
    pending->open--;
    pending->open_of[change->source]--;
    pending->bytes -= change->key.len + change->value.len;
}

/* ---- the queue ---- */

static struct hb_sm_queue *queue_of(struct hb_sm_pending *pending, enum hb_sm_change_state state)
{
    return state == HB_SM_CHANGE_ASIDE ? &pending->aside : &pending->queue;
}

static size_t *count_of(struct hb_sm_pending *pending, enum hb_sm_change_state state)
{
    return state == HB_SM_CHANGE_ASIDE ? &pending->waiting_aside : &pending->waiting;
}

/* Into the queue of that state. */
static void queue_insert(struct hb_sm_pending *pending, struct hb_sm_change *change, struct hb_sm_change *before,
                         enum hb_sm_change_state state)
{
    struct hb_sm_queue *queue = queue_of(pending, state);
    change->state = state;
    change->next = before;
    change->previous = before ? before->previous : queue->last;
    *(change->previous ? &change->previous->next : &queue->first) = change;
    *(before ? &before->previous : &queue->last) = change;
    (*count_of(pending, state))++;
}

static void queue_remove(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    struct hb_sm_queue *queue = queue_of(pending, change->state);
    *(change->previous ? &change->previous->next : &queue->first) = change->next;
    *(change->next ? &change->next->previous : &queue->last) = change->previous;
    (*count_of(pending, change->state))--;
    change->state = HB_SM_CHANGE_TAKEN;
}

void hb_sm_pending_put_aside(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->state == HB_SM_CHANGE_WAITING);
    queue_remove(pending, change);
    queue_insert(pending, change, NULL, HB_SM_CHANGE_ASIDE);
}

void hb_sm_pending_put_last(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->state == HB_SM_CHANGE_WAITING);
    queue_remove(pending, change);
    queue_insert(pending, change, NULL, HB_SM_CHANGE_WAITING);
}

void hb_sm_pending_bring_back(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->state == HB_SM_CHANGE_ASIDE);
    queue_remove(pending, change);
    queue_insert(pending, change, pending->queue.first, HB_SM_CHANGE_WAITING);
}

/* Both are of one product, so of one partition: offsets say which is newer. */
enum hb_err hb_sm_pending_put(struct hb_sm_pending *pending, struct hb_sm_change *change,
                              struct hb_sm_change **ret_superseded)
{
    struct hb_sm_change *old = hb_map_get(&pending->waiting_by_key, change->key);
    *ret_superseded = NULL;
    if (old && old->offset >= change->offset) {
        *ret_superseded = change;
        return HB_OK;
    }
    enum hb_err err = hb_map_put(&pending->waiting_by_key, change->key, change);
    if (err)
        return err;
    if (old) { /* its place in the queue, so that a product that changes all the time is sent too */
        change->since = old->since;
        queue_insert(pending, change, old, old->state);
        queue_remove(pending, old);
        open_remove(pending, old);
        *ret_superseded = old;
    } else {
        queue_insert(pending, change, NULL, HB_SM_CHANGE_WAITING);
    }
    open_add(pending, change);
    return HB_OK;
}

void hb_sm_pending_hold(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    change->state = HB_SM_CHANGE_TAKEN;
    open_add(pending, change);
}

void hb_sm_pending_take(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->state != HB_SM_CHANGE_TAKEN);
    hb_map_remove(&pending->waiting_by_key, change->key);
    queue_remove(pending, change);
}

bool hb_sm_pending_has_newer(const struct hb_sm_pending *pending, const struct hb_sm_change *change)
{
    const struct hb_sm_change *waiting = hb_map_get(&pending->waiting_by_key, change->key);
    return waiting && waiting->offset > change->offset;
}

struct hb_sm_change *hb_sm_pending_back(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    HB_ASSERT(change->state == HB_SM_CHANGE_TAKEN);
    struct hb_sm_change *waiting = hb_map_get(&pending->waiting_by_key, change->key);
    if (waiting && (waiting->offset > change->offset || change->source == HB_SM_WALK)) {
        open_remove(pending, change);
        return change;
    }
    if (waiting) /* a walk met the same record: the one whose slot is open stays */
        hb_sm_pending_end(pending, waiting);
    if (hb_map_put(&pending->waiting_by_key, change->key, change))
        HB_ASSERT(false && "out of memory with a change in hand: Kafka has it for the next process");
    queue_insert(pending, change, pending->queue.first, HB_SM_CHANGE_WAITING);
    return waiting;
}

void hb_sm_pending_end(struct hb_sm_pending *pending, struct hb_sm_change *change)
{
    if (change->state != HB_SM_CHANGE_TAKEN) {
        hb_map_remove(&pending->waiting_by_key, change->key);
        queue_remove(pending, change);
    }
    open_remove(pending, change);
}
