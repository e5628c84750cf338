#include "core/json_scan.h"

#include "core/json_plain.h"
#include "core/utf8.h"

struct scan {
    const unsigned char *at;
    const unsigned char *end;
    uint64_t is_object; /* bit i: level i is an object, not an array */
    int depth;
};

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Steps over one character that is not ASCII. The two commonest kinds are tested here, the rest by core/utf8. */
static bool scan_high(struct scan *s)
{
    const unsigned char *at = s->at;
    size_t left = (size_t)(s->end - at);
    if (left >= 2 && at[0] >= 0xC2 && at[0] <= 0xDF && is_continuation(at[1])) {
        s->at += 2;
        return true;
    }
    if (left >= 3 && at[0] >= 0xE1 && at[0] <= 0xEC && is_continuation(at[1]) && is_continuation(at[2])) {
        s->at += 3;
        return true;
    }
    size_t length = hb_utf8_length(hb_str_n((const char *)at, left));
    s->at += length;
    return length > 0;
}

/* Steps over a backslash and what it escapes. A lone surrogate (\ud800) is well-formed JSON by the grammar of RFC 8259.
 */
static bool scan_escape(struct scan *s)
{
    s->at++;
    if (s->at == s->end)
        return false;
    if (*s->at != 'u') {
        if (*s->at == '\0' || !strchr("\"\\/bfnrt", *s->at))
            return false;
        s->at++;
        return true;
    }
    s->at++;
    for (int i = 0; i < 4; i++) {
        if (s->at == s->end || !is_hex(*s->at))
            return false;
        s->at++;
    }
    return true;
}

/* Steps over a string; at stands on its opening quote. */
static bool scan_string(struct scan *s)
{
    s->at++;
    for (;;) {
        s->at = hb_json_skip_plain(s->at, s->end, true);
        if (s->at == s->end)
            return false;
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        bool is_right = true;
        if (*s->at == '\\')
            is_right = scan_escape(s);
        else if (*s->at < 0x80)
            is_right = false;                                /* a control character */
        while (is_right && s->at < s->end && *s->at >= 0x80) /* they come in runs */
            is_right = scan_high(s);
        if (!is_right)
            return false;
    }
}

/* Steps over one or more digits. */
static bool scan_digits(struct scan *s)
{
    const unsigned char *first = s->at;
    while (s->at < s->end && is_digit(*s->at))
        s->at++;
    return s->at > first;
}

static bool scan_number(struct scan *s)
{
    if (*s->at == '-')
        s->at++;
    if (s->at < s->end && *s->at == '0')
        s->at++;
    else if (!scan_digits(s))
        return false;
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        return scan_digits(s);
    }
    return true;
}

static bool scan_literal(struct scan *s, const char *word)
{
    for (; *word; word++, s->at++)
        if (s->at == s->end || *s->at != (unsigned char)*word)
            return false;
    return true;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

/* True, and steps over it, if the next byte behind white space is c. */
static bool take(struct scan *s, unsigned char c)
{
    skip_space(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* Steps over a member's name and its colon. */
static bool scan_name(struct scan *s)
{
    skip_space(s);
    return s->at < s->end && *s->at == '"' && scan_string(s) && take(s, ':');
}

static bool scan_scalar(struct scan *s)
{
    switch (*s->at) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        return (*s->at == '-' || is_digit(*s->at)) && scan_number(s);
    }
}

/* Opens a container. True in *ret_is_empty if it closes at once. */
static enum hb_err scan_open(struct scan *s, bool *ret_is_empty)
{
    if (s->depth == HB_JSON_DEPTH_MAX)
        return HB_ERR_TOO_LARGE;
    bool is_object = *s->at == '{';
    s->at++;
    *ret_is_empty = take(s, is_object ? '}' : ']');
    if (*ret_is_empty)
        return HB_OK;
    uint64_t bit = UINT64_C(1) << s->depth++;
    s->is_object = is_object ? s->is_object | bit : s->is_object & ~bit;
    return !is_object || scan_name(s) ? HB_OK : HB_ERR_INVALID;
}

/* Behind a value: closes what closes here, up to the comma before the next value. *ret_is_done: the outermost value
 * ended. */
static enum hb_err scan_after(struct scan *s, bool *ret_is_done)
{
    while (s->depth > 0) {
        bool is_object = s->is_object >> (s->depth - 1) & 1;
        if (take(s, ',')) {
            *ret_is_done = false;
            return !is_object || scan_name(s) ? HB_OK : HB_ERR_INVALID;
        }
        if (!take(s, is_object ? '}' : ']'))
            return HB_ERR_INVALID;
        s->depth--;
    }
    skip_space(s);
    *ret_is_done = true;
    return s->at == s->end ? HB_OK : HB_ERR_INVALID;
}

static enum hb_err scan_text(struct scan *s)
{
    for (bool is_done = false; !is_done;) {
        skip_space(s);
        if (s->at == s->end)
            return HB_ERR_INVALID;
        enum hb_err err = HB_OK;
        bool is_whole = true;
        if (*s->at == '{' || *s->at == '[')
            err = scan_open(s, &is_whole);
        else if (!scan_scalar(s))
            err = HB_ERR_INVALID;
        if (!err && is_whole)
            err = scan_after(s, &is_done);
        if (err)
            return err;
    }
    return HB_OK;
}

enum hb_err hb_json_scan(struct hb_str text, size_t *ret_at)
{
    if (text.len == 0) {
        *ret_at = 0;
        return HB_ERR_INVALID;
    }
    const unsigned char *start = (const unsigned char *)text.ptr;
    struct scan s = {.at = start, .end = start + text.len};
    enum hb_err err = scan_text(&s);
    if (err)
        *ret_at = (size_t)(s.at - start);
    return err;
}

bool hb_json_is_number(struct hb_str text)
{
    const unsigned char *start = (const unsigned char *)text.ptr;
    struct scan s = {.at = start, .end = start + text.len};
    return text.len > 0 && scan_number(&s) && s.at == s.end;
}
