#include "core/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The allowed range of the second byte shuts out overlong forms, surrogates and what lies beyond U+10FFFF. */
static bool is_second(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_continuation(second);
    }
}

static size_t length_by_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

size_t hb_utf8_length(struct hb_str s)
{
    if (s.len == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)s.ptr;
    size_t length = length_by_lead(bytes[0]);
    if (length <= 1)
        return length;
    if (s.len < length || !is_second(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return length;
}

bool hb_utf8_is_valid(struct hb_str s)
{
    size_t at = 0;
    while (at < s.len) {
        if ((unsigned char)s.ptr[at] < 0x80) {
            at++;
            continue;
        }
        size_t length = hb_utf8_length(hb_str_n(s.ptr + at, s.len - at));
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
