/* Job: an event's record kept in memory, byte for byte, for a delivery that is sent again.
 *
 * Place: made on parking (dispatcher) or read from the event topic (bodies.h); kept in body_cache.h; held by whoever
 * sends it. Owns / borrows: a body owns a copy of the whole record; its views live as long as a reference. Fails:
 * HB_ERR_MEMORY. Limits: those of the record. Threads: the loop's; references are not atomic.
 *
 * Example:
 *     if (hb_body_is_of(body, webhook->id, claim->delivery) && hb_body_event(body, scratch, &event))
 *         send(&event); */
#ifndef RETRY_BODY_H
#define RETRY_BODY_H

#include "core/event_record.h"

/* As many as an event is read from (HB_KAFKA_HEADERS_MAX): ours has at most 14; what a foreign producer put behind these
 * is looked at neither the first time nor when it is sent again. */
#define HB_BODY_HEADERS_MAX 24
#define HB_DELIVERY_BYTES 16   /* a delivery's id as bytes: the first of SHA-256(webhook id, 0x00, event id) */

struct hb_body {
    struct hb_position at;
    struct hb_str key, value; /* value.ptr is never NULL: a tombstone is no event */
    const struct hb_name_value *headers;
    size_t headers_count;
    size_t bytes; /* of memory, all in */
    unsigned references;
};

/* What a body is made of; copied. */
struct hb_body_record {
    struct hb_position at;
    struct hb_str key, value;
    const struct hb_name_value *headers;
    size_t headers_count;
};

/* A copy with one reference, of the first HB_BODY_HEADERS_MAX headers. HB_ERR_INVALID: a tombstone. */
HB_MUST_USE enum hb_err hb_body_new(const struct hb_body_record *record, struct hb_body **ret_body);
struct hb_body *hb_body_ref(struct hb_body *body);
/* Gives one reference back; NULL is allowed; sets the pointer to NULL. */
void hb_body_unref(struct hb_body **body);
/* Reads the event out of it; its strings are views into the body and into id_scratch. False: it is no event. */
bool hb_body_event(const struct hb_body *body, char id_scratch[HB_ID_MAX], struct hb_event *ret_event);
/* True if the event in it gives this delivery of this webhook: never another event's body. */
bool hb_body_is_of(const struct hb_body *body, struct hb_str webhook, const unsigned char delivery[HB_DELIVERY_BYTES]);

#endif
