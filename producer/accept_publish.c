/* Second half of accepting: Kafka, then the marks, then the results. */
#include "producer/accept_internal.h"

#include "platform/kafka/kafka_event.h"

/* ---- Kafka ---- */

static enum hb_refusal refusal_of(enum hb_err err)
{
    switch ((int)err) {
    case HB_ERR_FULL:
        return HB_REFUSAL_OVERLOADED;
    case HB_ERR_TOO_LARGE:
        return HB_REFUSAL_EVENT_TOO_LARGE;
    case HB_ERR_TIMEOUT:
        return HB_REFUSAL_KAFKA_TIMEOUT;
    case HB_ERR_MEMORY:
        return HB_REFUSAL_MEMORY;
    case HB_ERR_CLOSED:
        return HB_REFUSAL_CLOSING;
    default:
        return HB_REFUSAL_KAFKA_REFUSED;
    }
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack);

static enum hb_err produce(struct hb_accept *accept, struct hb_accept_item *item)
{
    if (accept->is_closing) {
        return HB_ERR_CLOSED;
    }
    enum hb_err err = hb_kafka_produce_event(accept->kafka, accept->topic_prefix, &item->event, acknowledged, item);
    accept->is_fatal = accept->is_fatal || err == HB_ERR_FATAL;
    item->call->unacknowledged += err ? 0 : 1;
    return err;
}

/* ---- results, and those who wait for the same id ---- */

/* Everybody who waited learns what became of the id: the same body is a duplicate, another one a conflict. */
static void tell_waiters(struct hb_accept_item *waiter, const unsigned char known[HB_MARK_BYTES])
{
    while (waiter) {
        struct hb_accept_item *next = waiter->next;
        bool is_same = memcmp(waiter->digest, known, HB_MARK_BYTES) == 0;
        hb_accept_close_item(waiter, is_same ? HB_ACCEPT_DUPLICATE : HB_ACCEPT_REFUSED,
                             is_same ? HB_REFUSAL_NONE : HB_REFUSAL_CONFLICT);
        waiter = next;
    }
}

/* The id was not accepted: the first who waits holds it from now on, and the others wait for that one. */
static struct hb_accept_item *hand_over(struct hb_accept *accept, struct hb_accept_item *first)
{
    if (!first) {
        return NULL;
    }
    first->waiters = first->next;
    first->waiters_last = &first->waiters;
    while (*first->waiters_last) {
        first->waiters_last = &(*first->waiters_last)->next;
    }
    first->next = NULL;
    first->is_holder = true;
    /* The slot its predecessor left is free: this cannot need memory. */
    enum hb_err err = hb_map_put(&accept->held, hb_str_n(first->key, first->key_bytes), first);
    HB_ASSERT(!err);
    return first;
}

void hb_accept_settle(struct hb_accept_item *item, enum hb_accept_state state, enum hb_refusal refusal,
                      const unsigned char *known)
{
    struct hb_accept *accept = item->call->accept;
    while (item) {
        struct hb_accept_item *waiters = item->waiters;
        unsigned char kept[HB_MARK_BYTES];
        if (known) {
            memcpy(kept, known, sizeof(kept));
        }
        if (item->is_holder) {
            (void)hb_map_remove(&accept->held, hb_str_n(item->key, item->key_bytes));
            item->is_holder = false;
        }
        hb_accept_close_item(item, state, refusal);
        if (known) {
            tell_waiters(waiters, kept);
            return;
        }
        item = hand_over(accept, waiters);
        enum hb_err err = item ? produce(accept, item) : HB_OK;
        if (!err) {
            return;
        }
        state = HB_ACCEPT_REFUSED;
        refusal = refusal_of(err);
    }
}

/* ---- marking: only what Kafka has acknowledged ---- */

static void mark(struct hb_accept_call *call);

static void marked(void *user, bool is_written)
{
    struct hb_accept_call *call = user;
    struct hb_accept_item *item = call->marking;
    call->marking = NULL;
    call->is_dedup_off = call->is_dedup_off || !is_written;
    /* The call must not end between two of its items: it ends with the last. */
    hb_accept_hold(call);
    while (item) {
        struct hb_accept_item *next = item->next;
        hb_accept_settle(item, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE, item->digest);
        item = next;
    }
    mark(call);
    hb_accept_release(call);
}

static enum hb_err write_marks(struct hb_marks *marks, struct hb_accept_call *call)
{
    hb_marks_begin(marks);
    for (struct hb_accept_item *item = call->marking; item; item = item->next) {
        struct hb_mark made = {.store = item->event.store, .id = item->event.id};
        memcpy(made.digest, item->digest, sizeof(made.digest));
        enum hb_err err = hb_marks_add(marks, &made);
        if (err) {
            return err;
        }
    }
    return hb_marks_write(marks, marked, call);
}

/* Marks in one command what is acknowledged, once nothing of the call is on its way to Kafka. The caller keeps the call
 * open: it may not end in here. */
static void mark(struct hb_accept_call *call)
{
    if (call->unacknowledged > 0 || call->marking || !call->to_mark) {
        return;
    }
    call->marking = call->to_mark;
    call->to_mark = NULL;
    call->to_mark_last = &call->to_mark;
    if (!call->accept->marks || write_marks(call->accept->marks, call)) {
        struct hb_accept_item *item = call->marking;
        call->marking = NULL;
        call->is_dedup_off = true;
        while (item) {
            struct hb_accept_item *next = item->next;
            hb_accept_settle(item, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE, item->digest);
            item = next;
        }
    }
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_accept_item *item = user;
    struct hb_accept_call *call = item->call;
    call->unacknowledged--;
    call->accept->is_fatal = call->accept->is_fatal || ack->err == HB_ERR_FATAL;
    hb_accept_hold(call);
    if (ack->err) {
        hb_accept_settle(item, HB_ACCEPT_REFUSED, refusal_of(ack->err), NULL);
    } else if (item->is_holder) {
        item->next = NULL;
        *call->to_mark_last = item;
        call->to_mark_last = &item->next;
    } else {
        hb_accept_close_item(item, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    }
    mark(call);
    hb_accept_release(call);
}

/* ---- publishing ---- */

/* In order, so that a batch's events of one subject stay in order; after a full queue nothing more of it is tried. The
 * caller keeps the call open. */
void hb_accept_produce_all(struct hb_accept_call *call)
{
    enum hb_err err = HB_OK;
    for (size_t i = 0; i < call->count; i++) {
        struct hb_accept_item *item = &call->items[i];
        if (item->state != HB_ACCEPT_NEW || item->is_waiting) {
            continue;
        }
        err = err == HB_ERR_FULL ? err : produce(call->accept, item);
        if (err) {
            hb_accept_settle(item, HB_ACCEPT_REFUSED, refusal_of(err), NULL);
        }
    }
}
