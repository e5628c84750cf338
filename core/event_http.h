/* Job: reads one published event out of an HTTP request in the binary mode of CloudEvents: attributes in ce-* headers,
 * the body is the data.
 *
 * Place: used by producer/. Then as with core/event_json: the caller fills in the store, hb_event_adopt_id,
 * hb_event_is_notice, hb_event_check. Source: CloudEvents HTTP protocol binding 1.0, 3.1.3.2 (percent-decoding, quoted
 * strings). Owns / borrows: views of headers and body; decoded values stand in scratch, which is grown at most once,
 * before anything is written to it. Fails: HB_ERR_INVALID with a problem; HB_ERR_MEMORY, HB_ERR_FULL of scratch.
 * Threads: any. */
#ifndef CORE_EVENT_HTTP_H
#define CORE_EVENT_HTTP_H

#include "core/event_record.h"

/* A request: names in any case. */
struct hb_event_request {
    const struct hb_name_value *headers;
    size_t headers_count;
    struct hb_str body;
};

/* Whether the request is in binary mode: it has a ce-specversion header. */
bool hb_event_http_is_binary(const struct hb_event_request *request);
/* ret_source: the producer's own source, for hb_event_adopt_id. Without a ce-traceparent the request's own traceparent
 * is taken, if it is right. */
HB_MUST_USE enum hb_err hb_event_http_read(const struct hb_event_request *request, struct hb_buf *scratch,
                                           struct hb_event *ret_event, struct hb_str *ret_source,
                                           struct hb_event_problem *ret_problem);

#endif
