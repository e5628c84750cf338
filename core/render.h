/* Job: builds what a subscriber receives from an event, by splicing around the data bytes, and the headers that go with
 * it. The data bytes are copied unchanged; a body is made once an event and format and
 * shared. Fails: HB_ERR_MEMORY, HB_ERR_FULL (buffer's maximum). Precondition: the event passed hb_event_check. Threads:
 * any. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include "hookbus/webhook.h"

/* Appends the body. For `data` and `cloudevents-binary` nothing is appended: the data itself is the body
 * (hb_render_is_data). `appended` stands in for the time of an event that has none. */
HB_MUST_USE enum hb_err hb_render_body(enum hb_format format, const struct hb_event *event, struct hb_wall appended,
                                       struct hb_buf *ret_body);
/* Whether the body of this format is the data alone: nothing is rendered, the event's own bytes are sent. */
bool hb_render_is_data(enum hb_format format);

#define HB_RENDER_HEADERS_MAX 14
#define HB_RENDER_ENCODED_MAX 8192 /* a maximum for `encoded` that suffices for any event */
/* The headers of a format that depend on the event alone: Content-Type, Hookbus-Event-Type, Hookbus-Store, traceparent,
 * and ce-* for binary. (webhook-id, -timestamp, -signature, Hookbus-Delivery-Id, Hookbus-Attempt are the attempt's own:
 * core/signature.h and the dispatcher.) Views into event and `encoded`. Attribute values outside visible ASCII are
 * percent-encoded in ce-* (CloudEvents HTTP binding 3.1.3.2): those, source and time stand in `encoded`, which only
 * binary touches and which must live as long, unchanged. Errors: those of `encoded`. */
HB_MUST_USE enum hb_err hb_render_headers(enum hb_format format, const struct hb_event *event, struct hb_wall appended,
                                          struct hb_buf *encoded,
                                          struct hb_name_value ret_headers[HB_RENDER_HEADERS_MAX], size_t *ret_count);

#endif
