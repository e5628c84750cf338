/* Job: a small pattern language on an event's data, in the manner of EventBridge patterns, compiled once per webhook.
 *
 * A pattern is an object: each member names a member of the data, its value is an array of alternatives (any-of) or a nested pattern. All
 * members must match. Alternatives: a string, number, true, false or null (exact); {"prefix": "x"}, {"suffix": "x"}, {"numeric": [">=", 10, "<", 20]},
 * {"exists": true|false}, {"anything-but": [..] or {"prefix": ".."}}. "$or": [pattern, …]. A data value that is an array matches if one of its items does.
 * Numbers are compared as exact decimals; a decimal string ("19.90") counts as a number for `numeric`.
 * Limits: HB_FILTER_BYTES_MAX, 8 levels, 256 rules. Cost: O(data × rules of a level). Threads: any; immutable. docs/filters.md has examples. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "hookbus/bytes.h"

#define HB_FILTER_BYTES_MAX 16384

struct hb_filter;

/* Compiles a pattern's JSON text (copied). HB_ERR_INVALID with the path and what would be right. */
HB_MUST_USE enum hb_err hb_filter_new(struct hb_str pattern, struct hb_filter **ret_filter, struct hb_error *reterr);
void hb_filter_free(struct hb_filter **filter);
/* data must have passed hb_json_scan. ret_why (may be NULL): the path that did not match, for `webhook test-filter`. */
bool hb_filter_matches(const struct hb_filter *filter, struct hb_str data, struct hb_error *ret_why);

#endif
