#include "core/html_text.h"

#include "core/utf8.h"
#include "core/words.h"

#define NAME_MAX_BYTES 16 /* of a tag we know, and of a named reference */
#define REPLACEMENT 0xFFFDu

struct out {
    struct hb_buf *buf;
    size_t start;         /* where our text begins in it */
    bool is_space_wanted; /* before the next character, if there was one already */
    enum hb_err err;
};

struct in {
    struct hb_str text;
    size_t at;
    bool is_in_cdata;
};

static void put(struct out *out, struct hb_str bytes)
{
    if (!out->err && out->is_space_wanted && out->buf->len > out->start)
        out->err = hb_buf_add_char(out->buf, ' ');
    out->is_space_wanted = false;
    if (!out->err)
        out->err = hb_buf_add(out->buf, bytes);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static struct hb_str left(const struct in *in)
{
    return hb_str_n(in->text.ptr + in->at, in->text.len - in->at);
}

/* ---- characters ---- */

enum look { LOOK_SHOWN, LOOK_SPACE, LOOK_NOTHING };

static enum look look_of(unsigned point)
{
    if (point <= 0x20 || (point >= 0x7F && point <= 0xA0) || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
        point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000)
        return LOOK_SPACE;
    return point == 0xAD || point == 0x200B || point == 0xFEFF ? LOOK_NOTHING : LOOK_SHOWN;
}

static void put_as(struct out *out, enum look look, struct hb_str bytes)
{
    if (look == LOOK_SHOWN)
        put(out, bytes);
    else if (look == LOOK_SPACE)
        out->is_space_wanted = true;
}

static size_t encode(unsigned point, char ret_bytes[4])
{
    if (point < 0x80) {
        ret_bytes[0] = (char)point;
        return 1;
    }
    size_t count = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = count; i > 1; i--, point >>= 6)
        ret_bytes[i - 1] = (char)(0x80 | (point & 0x3F));
    ret_bytes[0] = (char)((count == 2 ? 0xC0 : count == 3 ? 0xE0 : 0xF0) | point);
    return count;
}

static void put_point(struct out *out, unsigned point)
{
    char bytes[4];
    put_as(out, look_of(point), hb_str_n(bytes, encode(point, bytes)));
}

static void take_high(struct in *in, struct out *out)
{
    struct hb_str rest = left(in);
    size_t bytes = hb_utf8_length(rest);
    const unsigned char *p = (const unsigned char *)rest.ptr;
    unsigned point = REPLACEMENT; /* bytes that are no UTF-8 are shown as they are */
    if (bytes == 2)
        point = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    else if (bytes == 3)
        point = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    rest.len = bytes ? bytes : 1;
    in->at += rest.len;
    put_as(out, look_of(point), rest);
}

/* ---- character references ---- */

struct named {
    const char *name;
    unsigned point;
};

static unsigned find_name(struct hb_str name)
{
    static const struct named table[] = {
#include "core/html_names.def"
    };
    size_t low = 0, high = sizeof(table) / sizeof(table[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = hb_str_cmp(name, hb_str_c(table[middle].name));
        if (order == 0)
            return table[middle].point;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

/* Numbers 128..159 mean what Windows means with them, as in browsers. */
static unsigned point_of_number(uint64_t number)
{
    static const unsigned windows[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021,
                                         0x2C6,  0x2030, 0x160,  0x2039, 0x152,  0x8D,   0x17D,  0x8F,
                                         0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                         0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};
    if (number >= 128 && number < 160)
        return windows[number - 128];
    bool is_none = number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF);
    return is_none ? REPLACEMENT : (unsigned)number;
}

static int digit_of(char c, bool is_hex)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return is_hex && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Bytes of "&#…" at the start of the text; 0: it is none. */
static size_t read_number(struct hb_str text, unsigned *ret_point)
{
    bool is_hex = text.len > 2 && (text.ptr[2] | 0x20) == 'x';
    size_t start = is_hex ? 3 : 2, at = start;
    uint64_t number = 0;
    for (; at < text.len && digit_of(text.ptr[at], is_hex) >= 0; at++)
        if (number <= 0x10FFFF) /* beyond, more digits change nothing */
            number = number * (is_hex ? 16 : 10) + (uint64_t)digit_of(text.ptr[at], is_hex);
    if (at == start)
        return 0;
    *ret_point = point_of_number(number);
    return at + (at < text.len && text.ptr[at] == ';');
}

/* The same for "&name;". The five that everybody forgets the semicolon of are known without it. */
static size_t read_name(struct hb_str text, unsigned *ret_point)
{
    size_t end = 1;
    while (end < text.len && end <= NAME_MAX_BYTES && is_alnum(text.ptr[end]))
        end++;
    bool is_ended = end < text.len && text.ptr[end] == ';';
    struct hb_str name = hb_str_n(text.ptr + 1, end - 1);
    static const char *const unended[] = {"amp", "gt", "lt", "nbsp", "quot"};
    bool may_read = is_ended || HB_WORDS_FIND(unended, name) >= 0;
    *ret_point = may_read ? find_name(name) : 0;
    return *ret_point ? end + is_ended : 0;
}

static void take_reference(struct in *in, struct out *out)
{
    struct hb_str rest = left(in);
    unsigned point;
    size_t bytes = rest.len > 1 && rest.ptr[1] == '#' ? read_number(rest, &point) : read_name(rest, &point);
    if (bytes > 0)
        put_point(out, point);
    else
        put(out, HB_STR("&"));
    in->at += bytes ? bytes : 1;
}

/* ---- tags ---- */

static bool is_one_of(struct hb_str name, const char *const *list)
{
    for (; *list; list++)
        if (hb_str_eq_nocase(name, hb_str_c(*list)))
            return true;
    return false;
}

/* The end of the quoted value whose quote stands at `at`; a quote that is never closed is a character like another (of
 * each kind there can be one such, so this stays O(n)). */
static size_t skip_quoted(const struct in *in, size_t at)
{
    const char *end = memchr(in->text.ptr + at + 1, in->text.ptr[at], in->text.len - at - 1);
    return end ? (size_t)(end - in->text.ptr) + 1 : at + 1;
}

/* Behind the ">" of the tag whose attributes begin at `at`, or the end of the text. */
static size_t skip_attributes(const struct in *in, size_t at)
{
    for (bool is_value = false; at < in->text.len;) {
        char c = in->text.ptr[at];
        if (c == '>')
            return at + 1;
        if (is_value && (c == '"' || c == '\'')) {
            at = skip_quoted(in, at);
            is_value = false;
            continue;
        }
        is_value = c == '=' || (is_value && (c == ' ' || c == '\t' || c == '\n' || c == '\r'));
        at++;
    }
    return at;
}

/* Behind the next `mark`, or the end of the text. */
static size_t skip_to(const struct in *in, size_t at, struct hb_str mark)
{
    if (at >= in->text.len)
        return in->text.len;
    const char *found = memmem(in->text.ptr + at, in->text.len - at, mark.ptr, mark.len);
    return found ? (size_t)(found - in->text.ptr) + mark.len : in->text.len;
}

/* Where "</name" stands, from `at` on, or the end of the text. */
static size_t find_closing(const struct in *in, size_t at, struct hb_str name)
{
    while (at < in->text.len) {
        const char *found = memchr(in->text.ptr + at, '<', in->text.len - at);
        if (!found)
            break;
        at = (size_t)(found - in->text.ptr);
        size_t end = at + 2 + name.len;
        if (end <= in->text.len && found[1] == '/' && hb_str_eq_nocase(hb_str_n(found + 2, name.len), name) &&
            (end == in->text.len || !is_alnum(in->text.ptr[end])))
            return at;
        at++;
    }
    return in->text.len;
}

/* A tag's name begins at `at`. */
static void take_tag(struct in *in, struct out *out, size_t at, bool is_closing)
{
    static const char *const hidden[] = {"script", "style", "template", "iframe", "title", "noembed", "noframes", NULL};
    static const char *const within_words[] = {
        "a",    "abbr",   "acronym", "b",   "bdi", "bdo",  "big",  "cite", "code", "data", "del",
        "dfn",  "em",     "font",    "i",   "ins", "kbd",  "mark", "q",    "s",    "samp", "small",
        "span", "strike", "strong",  "sub", "sup", "time", "tt",   "u",    "var",  "wbr",  NULL};
    size_t end = at;
    while (end < in->text.len && is_alnum(in->text.ptr[end]))
        end++;
    struct hb_str name = hb_str_n(in->text.ptr + at, end - at);
    if (!is_one_of(name, within_words))
        out->is_space_wanted = true;
    in->at = skip_attributes(in, end);
    if (!is_closing && is_one_of(name, hidden))
        in->at = find_closing(in, in->at, name);
}

static void take_angle(struct in *in, struct out *out)
{
    struct hb_str rest = left(in);
    char next = rest.len > 1 ? rest.ptr[1] : ' ';
    if (hb_str_has_prefix(rest, HB_STR("<!--"))) {
        in->at = skip_to(in, in->at + 2, HB_STR("-->"));
    } else if (hb_str_has_prefix(rest, HB_STR("<![CDATA["))) {
        in->at += 9;
        in->is_in_cdata = true;
    } else if (next == '!' || next == '?') {
        in->at = skip_to(in, in->at + 2, HB_STR(">"));
    } else if (is_letter(next) || next == '/') {
        take_tag(in, out, in->at + (next == '/' ? 2 : 1), next == '/');
    } else {
        put(out, HB_STR("<"));
        in->at++;
    }
}

static void take_plain(struct in *in, struct out *out)
{
    size_t end = in->at;
    while (end < in->text.len && in->text.ptr[end] > ' ' && in->text.ptr[end] < 0x7F && in->text.ptr[end] != '<' &&
           in->text.ptr[end] != '&' && in->text.ptr[end] != ']')
        end++;
    put(out, hb_str_n(in->text.ptr + in->at, end - in->at));
    in->at = end;
}

static void take(struct in *in, struct out *out)
{
    char c = in->text.ptr[in->at];
    if (c == '<') {
        take_angle(in, out);
    } else if (c == '&') {
        take_reference(in, out);
    } else if (c == ']') {
        bool is_end = in->is_in_cdata && hb_str_has_prefix(left(in), HB_STR("]]>"));
        if (!is_end)
            put(out, HB_STR("]"));
        in->is_in_cdata = in->is_in_cdata && !is_end;
        in->at += is_end ? 3 : 1;
    } else if ((c >= 0 && c <= ' ') || c == 0x7F) {
        out->is_space_wanted = true;
        in->at++;
    } else if (c & 0x80) {
        take_high(in, out);
    } else {
        take_plain(in, out);
    }
}

enum hb_err hb_html_text(struct hb_str html, struct hb_buf *ret_text)
{
    struct in in = {.text = html};
    struct out out = {.buf = ret_text, .start = ret_text->len};
    while (!out.err && in.at < html.len)
        take(&in, &out);
    if (out.err)
        ret_text->len = out.start;
    return out.err;
}
