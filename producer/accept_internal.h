/* Job: what the steps of accepting share: accept.c (calls, ids, marks asked for) and accept_publish.c (Kafka, marks
 * written).
 *
 * Place: included by those two only. A function that may end a call says so; whoever walks a call's items meanwhile
 * keeps it open: hb_accept_hold before, hb_accept_release after. */
#ifndef PRODUCER_ACCEPT_INTERNAL_H
#define PRODUCER_ACCEPT_INTERNAL_H

#include "core/map.h"
#include "producer/accept.h"
#include "producer/marks.h"

struct hb_accept {
    struct hb_kafka_producer *kafka;
    struct hb_marks *marks;
    struct hb_str topic_prefix;
    struct hb_map held; /* "<store>/<id>" -> the item that holds it */
    struct hb_accept_call *calls;
    size_t calls_count;
    bool is_closing;
    bool is_fatal;
};

/* Keeps a call from ending. */
static inline void hb_accept_hold(struct hb_accept_call *call)
{
    call->open++;
}
/* Ends the call if nothing holds it and every item has its result: `done` is called, the call is the caller's. */
void hb_accept_release(struct hb_accept_call *call);
/* An item's result is final. May end the call. */
void hb_accept_close_item(struct hb_accept_item *item, enum hb_accept_state state, enum hb_refusal refusal);
/* An item's result is final; releases its id, if it holds it, and tells or lets go those who wait for it. `known`: the
 * digest of the body that was accepted under the id; NULL: none was. May end calls. */
void hb_accept_settle(struct hb_accept_item *item, enum hb_accept_state state, enum hb_refusal refusal,
                      const unsigned char *known);
/* Gives the call's new items to Kafka in their order. The caller holds the call. */
void hb_accept_produce_all(struct hb_accept_call *call);
/* The digest of what the producer said. */
void hb_accept_digest(const struct hb_event *event, unsigned char ret_digest[HB_MARK_BYTES]);

#endif
