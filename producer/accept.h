/* Job: takes valid events into the bus: de-duplicates them, gives them to Kafka, marks them as accepted.
 *
 * Place: takes calls (one HTTP request: one event or a batch) from producer/ingest.c; gives records to Kafka's event
 * topics. It knows nothing of HTTP, so that another way in (a relay) can use it.
 * The order for an event with an id of the producer's own, which nothing may change: ask for its mark; publish; Kafka's
 * acknowledgement; write its mark; report. A crash anywhere in between costs a duplicate, never a loss. While one call
 * holds an id, others of the same id in this process wait for it. Generated ids need none of this.
 * Owns / borrows: a call and its items belong to the caller and stay until `done`; so do the bytes the events point to.
 * Fails: hb_accept_run cannot; each item gets its own result. Limits: Kafka's local queue (a full one refuses with
 * HB_REFUSAL_OVERLOADED); an item waits at most for Redis's command timeout twice and Kafka's message timeout.
 * Threads: the loop's. `done` may be called from inside hb_accept_run. */
#ifndef PRODUCER_ACCEPT_H
#define PRODUCER_ACCEPT_H

#include "core/event_rules.h"
#include "hookbus/event.h"
#include "producer/refusal.h"

struct hb_accept;
struct hb_accept_call;
struct hb_kafka_producer;
struct hb_marks;

enum hb_accept_state {
    HB_ACCEPT_NEW,       /* to be accepted */
    HB_ACCEPT_ACCEPTED,  /* Kafka has it */
    HB_ACCEPT_DUPLICATE, /* the same id with the same body was accepted before */
    HB_ACCEPT_REFUSED,   /* see `refusal` */
};

#define HB_ACCEPT_KEY_MAX (HB_ID_MAX + 1 + HB_ID_MAX)

/* One event of a call. The caller sets event, has_own_id, state, and refusal where it refuses itself. */
struct hb_accept_item {
    struct hb_event event;
    enum hb_accept_state state;
    enum hb_refusal refusal;
    const char *field; /* of a refusal: the member at fault and what would be right; static, may be NULL */
    const char *should;
    const char *slug; /* finer than the refusal's own, static; NULL: the refusal's */
    bool has_own_id;  /* the producer gave the id: it is de-duplicated */
    /* accept.c's own: */
    struct hb_accept_call *call;
    struct hb_accept_item *next;                    /* in the list it stands in */
    struct hb_accept_item *waiters, **waiters_last; /* items of the same id that wait for this one */
    unsigned char digest[16];                       /* of its body */
    bool is_holder;                                 /* it holds its id */
    bool is_waiting;                                /* it came while another held its id */
    char key[HB_ACCEPT_KEY_MAX];                    /* "<store>/<id>" */
    size_t key_bytes;
    char made_id[HB_ID_MAX]; /* room for an id made by whoever filled the item */
};

struct hb_accept_call {
    struct hb_accept_item *items;
    size_t count;
    bool is_dedup_off; /* set by accept.c: at least one own id could not be checked or marked */
    /* Every item has its result. The call is the caller's again. */
    void (*done)(void *user);
    void *user;
    /* accept.c's own: */
    struct hb_accept *accept;
    struct hb_accept_call *previous_call, *next_call;
    struct hb_accept_item *to_mark, **to_mark_last; /* acknowledged, not marked yet */
    struct hb_accept_item *marking;                 /* being marked */
    struct hb_accept_item *checking;                /* whose marks are being asked for */
    size_t open;                                    /* items without a result */
    size_t unacknowledged;                          /* items Kafka has, and has not answered for */
};

struct hb_accept_options {
    struct hb_kafka_producer *kafka; /* both must outlive the object, and be freed before it */
    struct hb_marks *marks;          /* NULL: no Redis, no de-duplication beyond this moment */
    struct hb_str topic_prefix;      /* must outlive the object */
};

HB_MUST_USE enum hb_err hb_accept_new(const struct hb_accept_options *options, struct hb_accept **ret_accept);
/* Calls that are still open get HB_REFUSAL_CLOSING for what has no result yet. Kafka and Redis must be freed before. */
void hb_accept_free(struct hb_accept **accept);
/* Nothing more is given to Kafka: what would be is refused as closing. Call before Kafka's producer is freed. */
void hb_accept_close(struct hb_accept *accept);
/* Accepts the items in state NEW, in their order. */
void hb_accept_run(struct hb_accept *accept, struct hb_accept_call *call);
/* Calls not done yet. */
size_t hb_accept_open_calls(const struct hb_accept *accept);
/* Whether Kafka's client said it cannot go on: the process should end and be started again. */
bool hb_accept_is_fatal(const struct hb_accept *accept);

#endif
