#include "core/json_cursor.h"

#include "core/json_plain.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_space(struct hb_str text, size_t at)
{
    while (at < text.len && is_space(text.ptr[at]))
        at++;
    return at;
}

/* The position behind the string whose opening quote stands at `at`. */
static size_t skip_string(struct hb_str text, size_t at)
{
    const unsigned char *start = (const unsigned char *)text.ptr, *end = start + text.len;
    for (const unsigned char *here = start + at + 1;; here += 2) {
        here = hb_json_skip_plain(here, end, false);
        HB_ASSERT(end - here >= 1);
        if (*here == '"')
            return (size_t)(here - start) + 1;
        HB_ASSERT(end - here >= 2);
    }
}

/* The position behind the container that opens at `at`. */
static size_t skip_container(struct hb_str text, size_t at)
{
    int depth = 0;
    for (;;) {
        HB_ASSERT(at < text.len);
        char c = text.ptr[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
}

/* The position behind the number, true, false or null that begins at `at`. */
static size_t skip_word(struct hb_str text, size_t at)
{
    while (at < text.len && text.ptr[at] != ',' && text.ptr[at] != ']' && text.ptr[at] != '}' &&
           !is_space(text.ptr[at]))
        at++;
    return at;
}

static enum hb_cursor_kind kind_of(char first)
{
    switch (first) {
    case '{':
        return HB_CURSOR_OBJECT;
    case '[':
        return HB_CURSOR_ARRAY;
    case '"':
        return HB_CURSOR_STRING;
    case 't':
    case 'f':
        return HB_CURSOR_BOOL;
    case 'n':
        return HB_CURSOR_NULL;
    default:
        HB_ASSERT(first == '-' || is_digit(first));
        return HB_CURSOR_NUMBER;
    }
}

/* The value that begins at *at, which moves behind it. */
static struct hb_cursor value_at(struct hb_str text, size_t *at)
{
    size_t start = *at;
    HB_ASSERT(start < text.len);
    enum hb_cursor_kind kind = kind_of(text.ptr[start]);
    if (kind == HB_CURSOR_STRING)
        *at = skip_string(text, start);
    else if (kind == HB_CURSOR_OBJECT || kind == HB_CURSOR_ARRAY)
        *at = skip_container(text, start);
    else
        *at = skip_word(text, start);
    return (struct hb_cursor){kind, hb_str_n(text.ptr + start, *at - start)};
}

struct hb_cursor hb_cursor_root(struct hb_str text)
{
    size_t start = skip_space(text, 0);
    HB_ASSERT(start < text.len);
    size_t end = text.len;
    while (is_space(text.ptr[end - 1]))
        end--;
    return (struct hb_cursor){kind_of(text.ptr[start]), hb_str_n(text.ptr + start, end - start)};
}

bool hb_cursor_next(struct hb_cursor container, size_t *state, struct hb_str *ret_name, struct hb_cursor *ret_value)
{
    bool is_object = container.kind == HB_CURSOR_OBJECT;
    HB_ASSERT(is_object || container.kind == HB_CURSOR_ARRAY);
    struct hb_str text = container.raw;
    /* The state stands on the opening bracket, on a comma, or on the closing bracket. */
    HB_ASSERT(*state < text.len);
    if (*state == text.len - 1)
        return false;
    size_t at = skip_space(text, *state + 1);
    if (at == text.len - 1) {
        *state = at;
        return false;
    }
    if (is_object) {
        size_t end = skip_string(text, at);
        if (ret_name)
            *ret_name = hb_str_n(text.ptr + at + 1, end - at - 2);
        at = skip_space(text, end);
        HB_ASSERT(at < text.len && text.ptr[at] == ':');
        at = skip_space(text, at + 1);
    }
    *ret_value = value_at(text, &at);
    *state = skip_space(text, at);
    return true;
}

struct hb_cursor hb_cursor_member(struct hb_cursor object, struct hb_str name)
{
    struct hb_cursor found = {HB_CURSOR_NONE, {NULL, 0}}, value;
    struct hb_str raw;
    size_t state = 0;
    if (object.kind != HB_CURSOR_OBJECT)
        return found; /* a request's body may be any value: what is no object has no members */
    while (hb_cursor_next(object, &state, &raw, &value))
        if (hb_cursor_text_eq(raw, name))
            found = value;
    return found;
}

struct hb_str hb_cursor_text(struct hb_cursor string)
{
    HB_ASSERT(string.kind == HB_CURSOR_STRING);
    return hb_str_n(string.raw.ptr + 1, string.raw.len - 2);
}

static unsigned hex_value(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    return (unsigned)((c | 0x20) - 'a' + 10);
}

/* The UTF-16 unit of \uXXXX at `at`; the caller knows that it stands there. */
static unsigned unit_at(struct hb_str raw, size_t at)
{
    HB_ASSERT(at + 6 <= raw.len);
    unsigned unit = 0;
    for (size_t i = at + 2; i < at + 6; i++)
        unit = unit << 4 | hex_value(raw.ptr[i]);
    return unit;
}

static bool is_high_surrogate(unsigned unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(unsigned unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static bool is_unicode_escape(struct hb_str raw, size_t at)
{
    return at + 6 <= raw.len && raw.ptr[at] == '\\' && raw.ptr[at + 1] == 'u';
}

/* The code point of the \u escape at *at, which moves behind it. A lone surrogate has no UTF-8: U+FFFD. */
static unsigned code_point_at(struct hb_str raw, size_t *at)
{
    unsigned unit = unit_at(raw, *at);
    *at += 6;
    if (is_high_surrogate(unit) && is_unicode_escape(raw, *at)) {
        unsigned low = unit_at(raw, *at);
        if (is_low_surrogate(low)) {
            *at += 6;
            return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return is_high_surrogate(unit) || is_low_surrogate(unit) ? 0xFFFD : unit;
}

static size_t encode_utf8(unsigned point, char ret_bytes[4])
{
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = count; i > 1; i--) {
        ret_bytes[i - 1] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    ret_bytes[0] = (char)(leads[count] | point);
    return count;
}

/* The bytes that the escape at *at (which moves behind it) stands for. */
static size_t unescape_at(struct hb_str raw, size_t *at, char ret_bytes[4])
{
    HB_ASSERT(*at + 1 < raw.len);
    char c = raw.ptr[*at + 1];
    if (c == 'u')
        return encode_utf8(code_point_at(raw, at), ret_bytes);
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *found = strchr(from, c);
    ret_bytes[0] = found && c ? to[found - from] : c;
    *at += 2;
    return 1;
}

/* How much of plain the unescaped text begins with: *ret_matched bytes; true if the raw text came to its end. Stops
 * where plain is used up or something differs. */
static bool match_text(struct hb_str raw, struct hb_str plain, size_t *ret_matched)
{
    size_t at = 0, matched = 0;
    while (at < raw.len && matched < plain.len) {
        char made[4];
        size_t count = 1;
        if (raw.ptr[at] == '\\')
            count = unescape_at(raw, &at, made);
        else
            made[0] = raw.ptr[at++];
        if (plain.len - matched < count || memcmp(plain.ptr + matched, made, count) != 0) {
            *ret_matched = matched;
            return false;
        }
        matched += count;
    }
    *ret_matched = matched;
    return at == raw.len;
}

bool hb_cursor_text_eq(struct hb_str raw, struct hb_str plain)
{
    size_t matched;
    /* Unescaping never lengthens, and most names differ in their first byte. */
    if (raw.len < plain.len || (plain.len > 0 && raw.ptr[0] != plain.ptr[0] && raw.ptr[0] != '\\'))
        return false;
    if (raw.len == 0 || !memchr(raw.ptr, '\\', raw.len))
        return hb_str_eq(raw, plain);
    return match_text(raw, plain, &matched) && matched == plain.len;
}

bool hb_cursor_text_has_prefix(struct hb_str raw, struct hb_str prefix)
{
    size_t matched;
    (void)match_text(raw, prefix, &matched);
    return matched == prefix.len;
}

/* The unescaped bytes of what stands at *at, which moves behind it. */
static size_t step(struct hb_str raw, size_t *at)
{
    char made[4];
    if (raw.ptr[*at] == '\\')
        return unescape_at(raw, at, made);
    (*at)++;
    return 1;
}

/* Two passes, whatever the text: its unescaped length says where the suffix would begin. */
bool hb_cursor_text_has_suffix(struct hb_str raw, struct hb_str suffix)
{
    if (raw.len == 0 || !memchr(raw.ptr, '\\', raw.len)) /* the bytes decide */
        return raw.len >= suffix.len && memcmp(raw.ptr + raw.len - suffix.len, suffix.ptr, suffix.len) == 0;
    size_t left = 0, at = 0;
    while (at < raw.len)
        left += step(raw, &at);
    at = 0;
    while (left > suffix.len)
        left -= step(raw, &at);
    return left == suffix.len && hb_cursor_text_eq(hb_str_n(raw.ptr + at, raw.len - at), suffix);
}

static unsigned decode_utf8(struct hb_str raw, size_t *at)
{
    unsigned char lead = (unsigned char)raw.ptr[*at];
    size_t count = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned point = count == 1 ? lead : lead & (0x7Fu >> count);
    HB_ASSERT(*at + count <= raw.len);
    for (size_t i = 1; i < count; i++)
        point = point << 6 | ((unsigned char)raw.ptr[*at + i] & 0x3Fu);
    *at += count;
    return point;
}

unsigned hb_cursor_text_point(struct hb_str raw, size_t *at)
{
    HB_ASSERT(*at < raw.len);
    if (raw.ptr[*at] != '\\')
        return decode_utf8(raw, at);
    if (is_unicode_escape(raw, *at))
        return code_point_at(raw, at);
    char made[4];
    (void)unescape_at(raw, at, made);
    return (unsigned char)made[0];
}

enum hb_err hb_cursor_unescape(struct hb_str raw, struct hb_buf *ret_text)
{
    size_t before = ret_text->len;
    enum hb_err err = HB_OK;
    for (size_t at = 0; !err && at < raw.len;) {
        const char *escape = memchr(raw.ptr + at, '\\', raw.len - at);
        size_t run = (escape ? (size_t)(escape - raw.ptr) : raw.len) - at;
        err = hb_buf_add(ret_text, hb_str_n(raw.ptr + at, run));
        at += run;
        if (!err && escape) {
            char made[4];
            size_t count = unescape_at(raw, &at, made);
            err = hb_buf_add(ret_text, hb_str_n(made, count));
        }
    }
    if (err)
        ret_text->len = before;
    return err;
}
