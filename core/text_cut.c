#include "core/text_cut.h"

#include "core/utf8.h"

/* Bytes of what stands at the start of a text that is not empty, and its units. */
static size_t step(struct hb_str text, size_t *ret_units)
{
    size_t bytes = hb_utf8_length(text);
    *ret_units = bytes == 4 ? 2 : 1;
    return bytes ? bytes : 1;
}

size_t hb_text_units(struct hb_str text)
{
    size_t units = 0, more;
    for (size_t at = 0; at < text.len; units += more)
        at += step(hb_str_n(text.ptr + at, text.len - at), &more);
    return units;
}

struct hb_str hb_text_cut(struct hb_str text, size_t units_max)
{
    size_t units = 0, more, at = 0;
    if (text.len <= units_max)
        return text; /* no character has fewer bytes than units */
    while (at < text.len) {
        size_t bytes = step(hb_str_n(text.ptr + at, text.len - at), &more);
        if (units + more > units_max)
            break;
        units += more;
        at += bytes;
    }
    return hb_str_n(text.ptr, at);
}

struct hb_str hb_text_cut_bytes(struct hb_str text, size_t bytes_max)
{
    if (text.len <= bytes_max)
        return text;
    size_t end = bytes_max;
    while (end > 0 && bytes_max - end < 4 && ((unsigned char)text.ptr[end] & 0xC0) == 0x80)
        end--;
    return hb_str_n(text.ptr, end);
}

/* White space of any kind, controls, and the marks that show nothing. */
static bool is_blank(unsigned point)
{
    return point <= 0x20 || (point >= 0x7F && point <= 0xA0) || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200B) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
           point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

/* Bytes of what cannot be seen at the start of the text; 0: what stands there can. */
static size_t blank_at_start(struct hb_str text)
{
    size_t bytes = hb_utf8_length(text);
    const unsigned char *p = (const unsigned char *)text.ptr;
    if (bytes == 0 || bytes == 4)
        return 0;
    unsigned point = bytes == 1   ? p[0]
                     : bytes == 2 ? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
                                  : (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    return is_blank(point) ? bytes : 0;
}

/* The same at its end. */
static size_t blank_at_end(struct hb_str text)
{
    for (size_t bytes = 1; bytes <= 3 && bytes <= text.len; bytes++)
        if (blank_at_start(hb_str_n(text.ptr + text.len - bytes, bytes)) == bytes)
            return bytes;
    return 0;
}

struct hb_str hb_text_strip(struct hb_str text)
{
    for (size_t bytes = blank_at_start(text); bytes > 0; bytes = blank_at_start(text))
        text = hb_str_n(text.ptr + bytes, text.len - bytes);
    for (size_t bytes = blank_at_end(text); bytes > 0; bytes = blank_at_end(text))
        text.len -= bytes;
    return text;
}
