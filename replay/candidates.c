#include "replay/candidates.h"

#include <stdlib.h>

#define FIRST 1024
#define TEXT_BYTES_EACH_MAX HB_ID_MAX

struct hb_candidates {
    struct hb_candidate *items;
    size_t count, capacity, max;
    uint32_t *slots;    /* index + 1 of an item; 0: free. Open addressing, linear probing */
    size_t slots_count; /* a power of two, at least twice the capacity */
    struct hb_buf texts;
};

/* Delivery ids are the beginning of a SHA-256: any of their bytes are as good as a hash. */
static size_t slot_of(const struct hb_candidates *c, const unsigned char *delivery)
{
    uint64_t hash;
    memcpy(&hash, delivery, sizeof hash);
    size_t slot = (size_t)hash & (c->slots_count - 1);
    while (c->slots[slot] && memcmp(c->items[c->slots[slot] - 1].delivery, delivery, HB_REPLAY_DELIVERY_BYTES) != 0)
        slot = (slot + 1) & (c->slots_count - 1);
    return slot;
}

static enum hb_err grow(struct hb_candidates *c)
{
    size_t capacity = c->capacity ? 2 * c->capacity : FIRST;
    struct hb_candidate *items = realloc(c->items, capacity * sizeof *items);
    if (!items)
        return HB_ERR_MEMORY;
    c->items = items;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots)
        return HB_ERR_MEMORY;
    free(c->slots);
    c->slots = slots;
    c->slots_count = 2 * capacity;
    c->capacity = capacity;
    for (size_t i = 0; i < c->count; i++)
        c->slots[slot_of(c, c->items[i].delivery)] = (uint32_t)i + 1;
    return HB_OK;
}

enum hb_err hb_candidates_new(size_t max, struct hb_candidates **ret_candidates)
{
    HB_ASSERT(max >= 1 && max < UINT32_MAX / 4);
    struct hb_candidates *c = calloc(1, sizeof *c);
    if (!c)
        return HB_ERR_MEMORY;
    c->max = max;
    c->texts = hb_buf_make(max * TEXT_BYTES_EACH_MAX < UINT32_MAX ? max * TEXT_BYTES_EACH_MAX : UINT32_MAX);
    *ret_candidates = c;
    return HB_OK;
}

void hb_candidates_free(struct hb_candidates **candidates)
{
    struct hb_candidates *c = *candidates;
    if (!c)
        return;
    free(c->items);
    free(c->slots);
    hb_buf_deinit(&c->texts);
    free(c);
    *candidates = NULL;
}

struct hb_candidate *hb_candidates_get(const struct hb_candidates *c,
                                       const unsigned char delivery[HB_REPLAY_DELIVERY_BYTES])
{
    if (c->count == 0)
        return NULL;
    uint32_t found = c->slots[slot_of(c, delivery)];
    return found ? &c->items[found - 1] : NULL;
}

enum hb_err hb_candidates_put(struct hb_candidates *c, const unsigned char delivery[HB_REPLAY_DELIVERY_BYTES],
                              struct hb_candidate **ret_candidate)
{
    struct hb_candidate *found = hb_candidates_get(c, delivery);
    if (found) {
        *ret_candidate = found;
        return HB_OK;
    }
    if (c->count == c->max)
        return HB_ERR_FULL;
    enum hb_err err = c->count == c->capacity ? grow(c) : HB_OK;
    if (err)
        return err;
    struct hb_candidate *candidate = &c->items[c->count];
    *candidate = (struct hb_candidate){.journal = HB_REPLAY_NO_ENTRY, .journal_offset = HB_SHARD_NONE};
    memcpy(candidate->delivery, delivery, HB_REPLAY_DELIVERY_BYTES);
    c->slots[slot_of(c, delivery)] = (uint32_t)++c->count;
    *ret_candidate = candidate;
    return HB_OK;
}

enum hb_err hb_candidates_set_event(struct hb_candidates *c, struct hb_candidate *candidate, struct hb_str event)
{
    if (candidate->event_len > 0 || event.len == 0)
        return HB_OK;
    HB_ASSERT(event.len <= HB_ID_MAX);
    size_t at = c->texts.len;
    enum hb_err err = hb_buf_add(&c->texts, event);
    if (err)
        return err;
    candidate->event_at = (uint32_t)at;
    candidate->event_len = (uint8_t)event.len;
    return HB_OK;
}

struct hb_str hb_candidates_event(const struct hb_candidates *c, const struct hb_candidate *candidate)
{
    return candidate->event_len ? hb_str_n(c->texts.ptr + candidate->event_at, candidate->event_len)
                                : (struct hb_str){NULL, 0};
}

size_t hb_candidates_count(const struct hb_candidates *c)
{
    return c->count;
}

struct hb_candidate *hb_candidates_at(const struct hb_candidates *c, size_t index)
{
    HB_ASSERT(index < c->count);
    return &c->items[index];
}

struct hb_replay_facts hb_candidates_facts(const struct hb_candidate *candidate)
{
    unsigned flags = candidate->flags;
    bool is_delivered = candidate->journal == HB_DELIVERY_DELIVERED;
    return (struct hb_replay_facts){.delivery = candidate->delivery,
                                    .journal = is_delivered ? HB_REPLAY_NO_ENTRY : candidate->journal,
                                    .was_delivered = is_delivered || flags & HB_CANDIDATE_DELIVERED,
                                    .was_skipped = flags & HB_CANDIDATE_SKIPPED,
                                    .is_wanted = flags & HB_CANDIDATE_WANTED,
                                    .is_taken = flags & HB_CANDIDATE_TAKEN,
                                    .has_appended = flags & HB_CANDIDATE_HAS_APPENDED,
                                    .appended = candidate->position.appended,
                                    .has_subject = flags & HB_CANDIDATE_HAS_SUBJECT,
                                    .subject = candidate->subject,
                                    .has_event = flags & HB_CANDIDATE_READ,
                                    .is_of_type = flags & HB_CANDIDATE_OF_TYPE,
                                    .is_event_gone = flags & HB_CANDIDATE_GONE};
}

struct hb_replay_cursor hb_candidates_cursor(const struct hb_candidate *candidate)
{
    const struct hb_position *at = &candidate->position;
    return (struct hb_replay_cursor){at->appended, at->topic, at->partition, at->offset};
}

static int cmp_cursors(const void *a, const void *b)
{
    struct hb_replay_cursor x = hb_candidates_cursor(a), y = hb_candidates_cursor(b);
    return hb_replay_cursor_cmp(&x, &y);
}

void hb_candidates_finish(struct hb_candidates *c, const struct hb_replay_rule *rule,
                          const struct hb_replay_cursor *from, size_t *ret_gone)
{
    size_t kept = 0, gone = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct hb_replay_facts facts = hb_candidates_facts(&c->items[i]);
        enum hb_replay_verdict verdict = hb_replay_rule_judge(rule, &facts);
        struct hb_replay_cursor at = hb_candidates_cursor(&c->items[i]);
        bool has_place = c->items[i].flags & HB_CANDIDATE_HAS_POSITION; /* else only a tombstone knows of it */
        gone += has_place && (verdict == HB_REPLAY_GONE || verdict == HB_REPLAY_ASK);
        if (verdict == HB_REPLAY_TAKE && hb_replay_cursor_cmp(&at, from) > 0)
            c->items[kept++] = c->items[i];
    }
    free(c->slots);
    c->slots = NULL;
    c->count = kept;
    struct hb_candidate *smaller = kept > 0 ? realloc(c->items, kept * sizeof *smaller) : NULL;
    c->items = smaller ? smaller : c->items;
    c->capacity = kept;
    if (kept > 1)
        qsort(c->items, kept, sizeof *c->items, cmp_cursors);
    *ret_gone = gone;
}
