/* Job: one pass over bytes that says whether they are one well-formed JSON value (RFC 8259) in UTF-8.
 *
 * Place: guards the splice of core/render: what passes can stand inside our own JSON without changing its meaning.
 * Cost: O(n), no allocation. Limits: HB_JSON_DEPTH_MAX levels. Threads: any.
 * The grammar alone decides: a lone surrogate escape ("\ud800") and a NUL escape are well-formed, duplicate names too.
 */
#ifndef CORE_JSON_SCAN_H
#define CORE_JSON_SCAN_H

#include "hookbus/bytes.h"

#define HB_JSON_DEPTH_MAX 64

/* HB_OK, HB_ERR_INVALID (ret_at: byte position of the first fault) or HB_ERR_TOO_LARGE (too deep). Leading and trailing
 * white space is allowed. */
HB_MUST_USE enum hb_err hb_json_scan(struct hb_str text, size_t *ret_at);
/* Whether all of the text is a JSON number (no white space around it). */
bool hb_json_is_number(struct hb_str text);

#endif
