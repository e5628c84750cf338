/* Job: tells whether a text is one that a small regular expression describes, in time that only its length decides.
 *
 * Place: the `pattern` keyword of core/schema. A pattern is ^…$ around literals (A-Z a-z 0-9 _ - and \ before a sign),
 * classes ([A-Z0-9], not negated), groups, | and the repeats ? * {m} {m,n}: what docs/schemas use. Anything else is
 * refused when it is compiled. It is ECMA-262's meaning of these.
 * Owns / borrows: a value, no memory of its own. Fails: HB_ERR_INVALID. Threads: no shared state.
 * Limits: HB_PATTERN_PLACES_MAX characters to stand at, repeats written out. Cost: one step a character, and it stops
 * at the first that cannot be right: sets of places, no backtracking. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include "hookbus/bytes.h"

#define HB_PATTERN_PLACES_MAX 64

/* Places (bits) are the characters of the pattern, each as often as its repeat allows. */
struct hb_pattern {
    uint64_t first, last;
    uint64_t follow[HB_PATTERN_PLACES_MAX];
    uint64_t accepts[128]; /* which places take this ASCII character */
    bool may_be_empty;
};

/* HB_ERR_INVALID: not of the form above, or too large. */
HB_MUST_USE enum hb_err hb_pattern_make(struct hb_str text, struct hb_pattern *ret_pattern);
/* raw: the body of a JSON string, still escaped (hb_cursor_text). */
bool hb_pattern_matches(const struct hb_pattern *pattern, struct hb_str raw);

#endif
