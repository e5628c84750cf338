/* Job: one signed request: what an attempt adds to a rendered event.
 *
 * Place: used by the dispatcher's attempt step and by `webhook test`. Borrows everything; the request copies the
 * headers it is given.
 * Fails: never; HB_ASSERT on more headers than there is room for. Threads: any. */
#ifndef DISPATCHER_ATTEMPT_H
#define DISPATCHER_ATTEMPT_H

#include "core/ids.h"
#include "core/signature.h"
#include "dispatcher/taken.h"

#define HB_ATTEMPT_HEADERS_MAX (HB_RENDER_HEADERS_MAX + 6)

struct hb_hmac;
/* Everything an attempt's own headers point into. */
struct hb_attempt_headers {
    char timestamp[24], attempt[12], signature[HB_SIGNATURE_HEADER_MAX];
    struct hb_name_value headers[HB_ATTEMPT_HEADERS_MAX];
    size_t count;
};
struct hb_attempt_spec {
    const struct hb_webhook *webhook;
    struct hb_hmac *const *hmacs;      /* one per secret of the webhook */
    const struct hb_rendered *rendered;
    struct hb_str event_id;            /* webhook-id */
    struct hb_str delivery_id;
    struct hb_str job;                 /* of a replay; empty: none */
    int number;                        /* 1 for the first attempt */
    struct hb_wall now;
};
/* The id of an event's delivery to a webhook, and a NUL. */
void hb_attempt_delivery_id(struct hb_str webhook, struct hb_str event, char ret_id[HB_DELIVERY_ID_BYTES + 1]);
/* Fills the headers: the rendered ones, webhook-id, -timestamp, -signature (every secret not expired),
 * Hookbus-Delivery-Id, Hookbus-Attempt, on a replay Hookbus-Replay. False if no secret can sign: nothing unsigned may
 * be sent. */
HB_MUST_USE bool hb_attempt_headers_make(const struct hb_attempt_spec *spec, struct hb_attempt_headers *ret);

#endif
