/* Job: bytes that are borrowed (hb_str) and bytes that are owned (hb_buf).
 *
 * Owns / borrows: a hb_str owns nothing and must not outlive what it points into. A hb_buf owns its memory
 * and is created with its maximum; it never grows beyond it.
 * Limits: a buffer's maximum is given where it is made. Threads: no shared state. */
#ifndef HOOKBUS_BYTES_H
#define HOOKBUS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hookbus/error.h"

/* Borrowed bytes, not NUL-terminated. ptr may be NULL only if len is 0. Passed by value. */
struct hb_str {
    const char *ptr;
    size_t len;
};

/* A view of a string literal. */
#define HB_STR(literal) ((struct hb_str){"" literal, sizeof(literal) - 1})
/* The same inside the initializer of a static table, where a compound literal is no constant. */
#define HB_STR_INIT(literal) {"" literal, sizeof(literal) - 1}
/* For printf: "%.*s", HB_ARG(s). */
#define HB_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/* A view of a NUL-terminated string; NULL gives the empty view. */
static inline struct hb_str hb_str_c(const char *c) { return (struct hb_str){c, c ? strlen(c) : 0}; }
/* A view of len bytes at ptr. */
static inline struct hb_str hb_str_n(const char *ptr, size_t len) { return (struct hb_str){ptr, len}; }
/* True if both hold the same bytes. Not constant-time: see platform/crypto for that. */
static inline bool hb_str_eq(struct hb_str a, struct hb_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
/* True if s begins with prefix. */
static inline bool hb_str_has_prefix(struct hb_str s, struct hb_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}
/* Lexicographic order by unsigned bytes: <0, 0, >0. */
int hb_str_cmp(struct hb_str a, struct hb_str b);
/* Equal without regard to ASCII case (header names). */
bool hb_str_eq_nocase(struct hb_str a, struct hb_str b);
/* The next field of `*rest` up to `separator`, which is cut off `*rest`; false when nothing is left.
 * "a,,b" gives "a", "", "b"; "a," gives "a", ""; "" gives one empty field, a NULL view none: look at .len first where
 * an empty text means an empty list. */
bool hb_str_split(struct hb_str *rest, char separator, struct hb_str *ret_field);
/* Without leading and trailing spaces and tabs. */
struct hb_str hb_str_trim(struct hb_str s);
/* Parses a whole decimal integer (no sign, no spaces) that fits: false otherwise, *ret untouched. */
bool hb_str_to_u64(struct hb_str s, uint64_t *ret);
/* An owned, NUL-terminated copy, or NULL when out of memory. Freed with free(). */
char *hb_str_dup(struct hb_str s);

/* Owned, growing bytes with a maximum. Always NUL-terminated behind len once something was added. */
struct hb_buf {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t max; /* bytes, without the NUL */
};

/* An empty buffer that may grow to max_bytes; nothing is allocated yet. */
static inline struct hb_buf hb_buf_make(size_t max_bytes) { return (struct hb_buf){NULL, 0, 0, max_bytes}; }
/* Frees the memory and empties the buffer; its maximum stays. NULL is allowed. */
void hb_buf_deinit(struct hb_buf *buf);
/* Forgets the content, keeps the memory. */
static inline void hb_buf_clear(struct hb_buf *buf) { buf->len = 0; }
/* The content as a view; valid until the buffer changes. */
static inline struct hb_str hb_buf_str(const struct hb_buf *buf) { return (struct hb_str){buf->ptr, buf->len}; }
/* Makes room for `more` bytes. HB_ERR_FULL beyond the maximum, HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_buf_reserve(struct hb_buf *buf, size_t more);
/* Appends bytes. HB_ERR_FULL (nothing is added) or HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_buf_add(struct hb_buf *buf, struct hb_str bytes);
/* Appends one byte. Errors as hb_buf_add. */
HB_MUST_USE enum hb_err hb_buf_add_char(struct hb_buf *buf, char c);
/* Appends formatted text. Errors as hb_buf_add. */
__attribute__((format(printf, 2, 3))) HB_MUST_USE enum hb_err hb_buf_addf(struct hb_buf *buf, const char *format, ...);
/* Appends `text` as the inside of a JSON string (no quotes added), escaping what JSON requires; bytes that are
 * not UTF-8, and NULs, become U+FFFD. Errors as hb_buf_add. */
HB_MUST_USE enum hb_err hb_buf_add_json(struct hb_buf *buf, struct hb_str text);

#endif
