#include "producer/accept_internal.h"

#include <stdlib.h>

enum hb_err hb_accept_new(const struct hb_accept_options *options, struct hb_accept **ret_accept)
{
    struct hb_accept *accept = calloc(1, sizeof(*accept));
    if (!accept) {
        return HB_ERR_MEMORY;
    }
    accept->kafka = options->kafka;
    accept->marks = options->marks;
    accept->topic_prefix = options->topic_prefix;
    accept->held = HB_MAP_EMPTY;
    *ret_accept = accept;
    return HB_OK;
}

size_t hb_accept_open_calls(const struct hb_accept *accept)
{
    return accept->calls_count;
}

void hb_accept_close(struct hb_accept *accept)
{
    accept->is_closing = true;
}

bool hb_accept_is_fatal(const struct hb_accept *accept)
{
    return accept->is_fatal;
}

/* ---- calls ---- */

static void open_call(struct hb_accept *accept, struct hb_accept_call *call)
{
    call->accept = accept;
    call->is_dedup_off = false;
    call->to_mark = call->marking = NULL;
    call->to_mark_last = &call->to_mark;
    call->open = call->unacknowledged = 0;
    call->previous_call = NULL;
    call->next_call = accept->calls;
    if (accept->calls) {
        accept->calls->previous_call = call;
    }
    accept->calls = call;
    accept->calls_count++;
}

static void end_call(struct hb_accept_call *call)
{
    struct hb_accept *accept = call->accept;
    if (call->previous_call) {
        call->previous_call->next_call = call->next_call;
    } else {
        accept->calls = call->next_call;
    }
    if (call->next_call) {
        call->next_call->previous_call = call->previous_call;
    }
    accept->calls_count--;
    call->done(call->user);
}

void hb_accept_release(struct hb_accept_call *call)
{
    HB_ASSERT(call->open > 0);
    if (--call->open == 0) {
        end_call(call);
    }
}

void hb_accept_close_item(struct hb_accept_item *item, enum hb_accept_state state, enum hb_refusal refusal)
{
    item->state = state;
    item->refusal = refusal;
    hb_accept_release(item->call);
}

/* ---- asking who was there before ---- */

static void checked(void *user, const unsigned char *const *digests, size_t count)
{
    struct hb_accept_call *call = user;
    struct hb_accept_item *item = call->checking;
    call->checking = NULL;
    call->is_dedup_off = call->is_dedup_off || count == 0;
    hb_accept_hold(call);
    for (size_t i = 0; item; i++) {
        struct hb_accept_item *next = item->next;
        item->next = NULL;
        const unsigned char *known = i < count ? digests[i] : NULL;
        if (known && memcmp(known, item->digest, HB_MARK_BYTES) == 0) {
            hb_accept_settle(item, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE, known);
        } else if (known) {
            hb_accept_settle(item, HB_ACCEPT_REFUSED, HB_REFUSAL_CONFLICT, known);
        }
        item = next;
    }
    hb_accept_produce_all(call);
    hb_accept_release(call);
}

static enum hb_err check(struct hb_marks *marks, struct hb_accept_call *call)
{
    hb_marks_begin(marks);
    for (struct hb_accept_item *item = call->checking; item; item = item->next) {
        struct hb_mark asked = {.store = item->event.store, .id = item->event.id};
        enum hb_err err = hb_marks_add(marks, &asked);
        if (err) {
            return err;
        }
    }
    return hb_marks_check(marks, checked, call);
}

/* The item holds its id from now on, or waits for the one that does. */
static void claim(struct hb_accept *accept, struct hb_accept_item *item)
{
    struct hb_str store = item->event.store, id = item->event.id;
    memcpy(item->key, store.ptr, store.len);
    item->key[store.len] = '/';
    memcpy(item->key + store.len + 1, id.ptr, id.len);
    item->key_bytes = store.len + 1 + id.len;
    hb_accept_digest(&item->event, item->digest);
    struct hb_str key = hb_str_n(item->key, item->key_bytes);
    struct hb_accept_item *holder = hb_map_get(&accept->held, key);
    if (holder) {
        item->is_waiting = true;
        *holder->waiters_last = item;
        holder->waiters_last = &item->next;
        return;
    }
    item->is_holder = hb_map_put(&accept->held, key, item) == HB_OK;
    item->call->is_dedup_off = item->call->is_dedup_off || !item->is_holder;
}

/* Claims all ids of the call in one go, so that calls can only ever wait for earlier ones. */
static void claim_all(struct hb_accept_call *call)
{
    struct hb_accept_item **last = &call->checking;
    call->checking = NULL;
    for (size_t i = 0; i < call->count; i++) {
        struct hb_accept_item *item = &call->items[i];
        if (item->state != HB_ACCEPT_NEW) {
            continue;
        }
        hb_accept_hold(call);
        item->call = call;
        item->next = item->waiters = NULL;
        item->waiters_last = &item->waiters;
        item->is_holder = item->is_waiting = false;
        if (item->has_own_id) {
            claim(call->accept, item);
        }
        if (item->is_holder) {
            *last = item;
            last = &item->next;
        }
    }
}

void hb_accept_run(struct hb_accept *accept, struct hb_accept_call *call)
{
    open_call(accept, call);
    hb_accept_hold(call);
    claim_all(call);
    bool is_asked = call->checking && accept->marks && check(accept->marks, call) == HB_OK;
    if (!is_asked) {
        call->is_dedup_off = call->is_dedup_off || call->checking;
        call->checking = NULL;
        hb_accept_produce_all(call);
    }
    hb_accept_release(call);
}

void hb_accept_free(struct hb_accept **accept)
{
    if (!*accept) {
        return;
    }
    while ((*accept)->calls) {
        struct hb_accept_call *call = (*accept)->calls;
        hb_accept_hold(call);
        for (size_t i = 0; i < call->count; i++) {
            if (call->items[i].state == HB_ACCEPT_NEW) {
                hb_accept_close_item(&call->items[i], HB_ACCEPT_REFUSED, HB_REFUSAL_CLOSING);
            }
        }
        call->open = 1;
        hb_accept_release(call);
    }
    hb_map_deinit(&(*accept)->held);
    free(*accept);
    *accept = NULL;
}
