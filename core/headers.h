/* Job: says whether a webhook's own headers may be sent.
 *
 * Place: asked at registration (registry, producer's API) and again by platform/http_client, which sends nothing that
 * fails here: libcurl writes header strings out as they are, CR and LF included. Owns / borrows: reads only. Fails:
 * HB_ERR_INVALID, HB_ERR_TOO_LARGE with a sentence that names the header, never its value (it may be a secret). Limits:
 * HB_WEBHOOK_HEADERS_MAX headers, HB_WEBHOOK_HEADER_BYTES_MAX bytes. Threads: any. */
#ifndef CORE_HEADERS_H
#define CORE_HEADERS_H

#include "hookbus/webhook.h"

/* All headers of a webhook: each as hb_header_check, no name twice, count and bytes within the limits. */
HB_MUST_USE enum hb_err hb_headers_check(const struct hb_name_value *headers, size_t count, struct hb_error *reterr);
/* One header: the name an RFC 9110 token and not one that is ours or frames the request, the value without control
 * characters and without spaces around it. */
HB_MUST_USE enum hb_err hb_header_check(struct hb_name_value header, struct hb_error *reterr);
/* Whether name and value could be written to the wire without changing the request's shape; says nothing about whose
 * the name is. For headers we make ourselves. */
bool hb_header_is_safe(struct hb_name_value header);

#endif
