/* Job: reads values inside bytes that hb_json_scan passed, in place, without building a tree or a double.
 *
 * Place: used by core/filter (numbers are compared as decimals, exactly) and by core/event_rules.
 * Cost: O(n) a step. Precondition: the bytes passed hb_json_scan (HB_ASSERT otherwise). Threads: any. */
#ifndef CORE_JSON_CURSOR_H
#define CORE_JSON_CURSOR_H

#include "hookbus/bytes.h"

enum hb_cursor_kind {
    HB_CURSOR_NONE,
    HB_CURSOR_NULL,
    HB_CURSOR_BOOL,
    HB_CURSOR_NUMBER,
    HB_CURSOR_STRING,
    HB_CURSOR_ARRAY,
    HB_CURSOR_OBJECT
};

/* A value: its raw text without surrounding white space. */
struct hb_cursor {
    enum hb_cursor_kind kind;
    struct hb_str raw;
};

/* The value of a whole text. */
struct hb_cursor hb_cursor_root(struct hb_str text);
/* Iterates members of an object or items of an array: start with *state = 0; false at the end. ret_name (objects) is
 * raw, still escaped, without quotes; NULL for arrays. */
bool hb_cursor_next(struct hb_cursor container, size_t *state, struct hb_str *ret_name, struct hb_cursor *ret_value);
/* The last member of that name (escapes are understood); kind NONE if there is none, or if `object` is none. */
struct hb_cursor hb_cursor_member(struct hb_cursor object, struct hb_str name);
/* The raw body of a string value: still escaped, without its quotes. */
struct hb_str hb_cursor_text(struct hb_cursor string);
/* Whether a raw string body (without quotes) equals plain UTF-8 text once unescaped. */
bool hb_cursor_text_eq(struct hb_str raw, struct hb_str plain);
/* Whether the unescaped text of a raw string body begins with plain UTF-8 text. */
bool hb_cursor_text_has_prefix(struct hb_str raw, struct hb_str prefix);
/* The same at its end. */
bool hb_cursor_text_has_suffix(struct hb_str raw, struct hb_str suffix);
/* Appends the unescaped text of a raw string body. A lone surrogate escape, which has no UTF-8, becomes U+FFFD (also in
 * hb_cursor_text_eq). */
HB_MUST_USE enum hb_err hb_cursor_unescape(struct hb_str raw, struct hb_buf *ret_text);
/* The code point that begins at *at of a raw string body (*at < raw.len), which moves behind it; escapes are
 * understood, a lone surrogate is U+FFFD. The bytes must be UTF-8, as hb_json_scan makes sure. */
unsigned hb_cursor_text_point(struct hb_str raw, size_t *at);
/* Whether a JSON number has no fraction, as an exact decimal: 1, 1.0 and 1.5e1 have none. */
bool hb_cursor_number_is_integer(struct hb_str number);
/* Compares two JSON numbers as exact decimals: <0, 0, >0. Exponents beyond ±999,999 count as that. */
int hb_cursor_number_cmp(struct hb_str a, struct hb_str b);

#endif
