#include "hookbus/bytes.h"

#include "core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 64 /* the first allocation, so that short texts take one */

int hb_str_cmp(struct hb_str a, struct hb_str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool hb_str_eq_nocase(struct hb_str a, struct hb_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
            return false;
    return true;
}

/* "Nothing left" is a NULL pointer, so that the empty field behind a last separator is still given. */
bool hb_str_split(struct hb_str *rest, char separator, struct hb_str *ret_field)
{
    if (!rest->ptr)
        return false;
    const char *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!end) {
        *ret_field = *rest;
        *rest = (struct hb_str){NULL, 0};
        return true;
    }
    size_t taken = (size_t)(end - rest->ptr);
    *ret_field = hb_str_n(rest->ptr, taken);
    *rest = hb_str_n(end + 1, rest->len - taken - 1);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct hb_str hb_str_trim(struct hb_str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool hb_str_to_u64(struct hb_str s, uint64_t *ret)
{
    if (s.len == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

char *hb_str_dup(struct hb_str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

void hb_buf_deinit(struct hb_buf *buf)
{
    if (!buf)
        return;
    free(buf->ptr);
    buf->ptr = NULL;
    buf->len = 0;
    buf->capacity = 0;
}

/* Doubles until `needed` (with the NUL) fits, but never beyond the maximum: the last step is exact. */
static size_t next_capacity(const struct hb_buf *buf, size_t needed)
{
    size_t limit = buf->max + 1;
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    while (capacity < needed) {
        if (capacity > limit / 2)
            return limit;
        capacity *= 2;
    }
    return capacity < limit ? capacity : limit;
}

enum hb_err hb_buf_reserve(struct hb_buf *buf, size_t more)
{
    HB_ASSERT(buf->max < SIZE_MAX);
    if (buf->len > buf->max || more > buf->max - buf->len)
        return HB_ERR_FULL;
    size_t needed = buf->len + more + 1;
    if (needed <= buf->capacity)
        return HB_OK;
    size_t capacity = next_capacity(buf, needed);
    char *memory = realloc(buf->ptr, capacity);
    if (!memory)
        return HB_ERR_MEMORY;
    buf->ptr = memory;
    buf->capacity = capacity;
    return HB_OK;
}

enum hb_err hb_buf_add(struct hb_buf *buf, struct hb_str bytes)
{
    enum hb_err err = hb_buf_reserve(buf, bytes.len);
    if (err)
        return err;
    if (bytes.len)
        memcpy(buf->ptr + buf->len, bytes.ptr, bytes.len);
    buf->len += bytes.len;
    buf->ptr[buf->len] = '\0';
    return HB_OK;
}

enum hb_err hb_buf_add_char(struct hb_buf *buf, char c)
{
    return hb_buf_add(buf, hb_str_n(&c, 1));
}

enum hb_err hb_buf_addf(struct hb_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    HB_ASSERT(length >= 0);
    enum hb_err err = hb_buf_reserve(buf, (size_t)length);
    if (!err) {
        (void)vsnprintf(buf->ptr + buf->len, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
    return err;
}

/* The two-character escape of a byte, or NULL if it has none. */
static const char *short_escape(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

/* Bytes at the start of text that may stand in a JSON string as they are. */
static size_t plain_run(struct hb_str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            at++;
            continue;
        }
        if (c < 0x80)
            break;
        size_t length = hb_utf8_length(hb_str_n(text.ptr + at, text.len - at));
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

/* Appends the escaped form of one byte that cannot stand as it is. */
static enum hb_err add_escaped(struct hb_buf *buf, char c)
{
    const char *escape = short_escape(c);
    if (escape)
        return hb_buf_add(buf, hb_str_c(escape));
    /* Many readers of JSON end a string at a NUL or refuse the document: like what is no UTF-8, it is shown as
     * U+FFFD. */
    if (c != '\0' && (unsigned char)c < 0x20)
        return hb_buf_addf(buf, "\\u%04x", (unsigned)c);
    return hb_buf_add(buf, HB_STR("\xEF\xBF\xBD"));
}

enum hb_err hb_buf_add_json(struct hb_buf *buf, struct hb_str text)
{
    size_t before = buf->len;
    enum hb_err err = hb_buf_reserve(buf, text.len);
    while (!err && text.len > 0) {
        size_t run = plain_run(text);
        err = hb_buf_add(buf, hb_str_n(text.ptr, run));
        text = hb_str_n(text.ptr + run, text.len - run);
        if (!err && text.len > 0) {
            err = add_escaped(buf, text.ptr[0]);
            text = hb_str_n(text.ptr + 1, text.len - 1);
        }
    }
    if (err && buf->ptr) {
        buf->len = before;
        if (before < buf->capacity)
            buf->ptr[before] = '\0';
    }
    return err;
}
