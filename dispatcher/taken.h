/* Job: an event the dispatcher has taken from Kafka and not settled yet; or that of one delivery the owner of its shard
 * has given to be sent again.
 *
 * Owns / borrows: it owns the Kafka record (all views of the event point into it; a resend's views are the owner's)
 * until its last delivery ended, and the bodies rendered from it, one a format, shared by all its deliveries. `open`
 * counts what keeps it unsettled: deliveries that are neither ended nor journaled, journal records and attempt lines not
 * acknowledged by Kafka; at 0 it settles. It is freed when its last delivery has ended, too.
 * Limits: one per ring slot, and one per request that outlived its slot. Threads: the loop's. */
#ifndef DISPATCHER_TAKEN_H
#define DISPATCHER_TAKEN_H

#include "core/render.h"
#include "hookbus/resend.h"
#include "platform/kafka/kafka.h"

/* The part of a request that is the same for all deliveries of an event in one format. */
struct hb_rendered {
    struct hb_str body;
    struct hb_buf body_buf, encoded;
    struct hb_name_value headers[HB_RENDER_HEADERS_MAX];
    size_t headers_count;
};

struct hb_taken {
    struct hb_taken *next; /* free list */
    struct hb_kafka_message message;
    struct hb_event event;
    struct hb_position position;
    char id_scratch[HB_ID_MAX];
    struct hb_rendered *rendered[HB_FORMAT_COUNT];
    uint32_t generation; /* of its partition, when taken */
    uint32_t open;
    uint32_t deliveries; /* not ended */
    uint64_t sequence;   /* its slot in the ring */
    uint64_t settled_mark;
    bool is_handed_back; /* a delivery of it was given up unsent: it must not settle here */
    bool is_settled;
    bool is_repeat; /* it may have been read before (partition.h): its successes are journaled too */
    bool is_kept;   /* its record was shown to the owner */
    /* A resend: */
    bool is_resend;
    enum hb_resend_end end;
    void *tag;
    char job[HB_ID_MAX + 1];
};

struct hb_taken_pool {
    struct hb_taken *free_list;
    size_t free_count;
    size_t in_use;
};

/* An empty one. NULL: out of memory. */
struct hb_taken *hb_taken_new(struct hb_taken_pool *pool);
/* Frees what it holds and returns it to the pool. */
void hb_taken_free(struct hb_taken_pool *pool, struct hb_taken *taken);
/* Frees record and bodies already: no delivery needs them any more. The event's views are gone after this. */
void hb_taken_drop_bytes(struct hb_taken *taken);
void hb_taken_pool_deinit(struct hb_taken_pool *pool);
/* The rendered request of a format, made at the first call. HB_ERR_MEMORY, HB_ERR_FULL. */
HB_MUST_USE enum hb_err hb_taken_render(struct hb_taken *taken, enum hb_format format,
                                        const struct hb_rendered **ret_rendered);
/* The same for an event that was never in Kafka (webhook test): fills `ret`, to be freed with hb_rendered_deinit. */
HB_MUST_USE enum hb_err hb_rendered_init(struct hb_rendered *ret, enum hb_format format, const struct hb_event *event,
                                         struct hb_wall appended);
void hb_rendered_deinit(struct hb_rendered *rendered);

#endif
