/* Job: a small pattern language on an event's data, in the manner of EventBridge patterns, compiled once per webhook.
 *
 * A pattern is an object: each member names a member of the data, its value is an array of alternatives (any-of) or a
 * nested pattern. All members must match. Alternatives: a string, number, true, false or null (exact); {"prefix": "x"},
 * {"suffix": "x"}, {"numeric": [">=", 10, "<", 20]}, {"exists": true|false}, {"anything-but": "x" or [..] or {"prefix":
 * ".."}}.
 * "$or": [pattern, …]. A data value that is an array matches if one of its items does. Numbers are compared as exact
 * decimals; a decimal string ("19.90") counts as a number for `numeric`. docs/filters.md has examples and the fine
 * print. Limits: HB_FILTER_BYTES_MAX, HB_FILTER_DEPTH_MAX, HB_FILTER_RULES_MAX. Cost: one pass over the data for each
 * pattern (each branch of $or is one) and each 8 members of it, no allocation. Threads: any; immutable after making. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "hookbus/bytes.h"

#define HB_FILTER_BYTES_MAX 16384
#define HB_FILTER_DEPTH_MAX 8   /* nested patterns, each $or counts as one */
#define HB_FILTER_RULES_MAX 256 /* members and alternatives, all together */

struct hb_filter;

/* Compiles a pattern's JSON text (copied). HB_ERR_INVALID or HB_ERR_TOO_LARGE with the path and what would be right. */
HB_MUST_USE enum hb_err hb_filter_new(struct hb_str pattern, struct hb_filter **ret_filter, struct hb_error *reterr);
/* NULL inside is allowed. */
void hb_filter_free(struct hb_filter **filter);
/* TOO_COSTLY: the work limit ended it, and nothing is known: never to be taken for NO. */
enum hb_filter_match { HB_FILTER_MATCH_NO, HB_FILTER_MATCH_YES, HB_FILTER_MATCH_TOO_COSTLY };

/* data must have passed hb_json_scan. ret_why (may be NULL): filled on all but YES, with the path that did not match or
 * that it would cost too much, for `webhook test-filter`. */
enum hb_filter_match hb_filter_match(const struct hb_filter *filter, struct hb_str data, struct hb_error *ret_why);

#endif
