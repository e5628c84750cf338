#include "core/decimal.h"

/* Digits before and behind the point, views into the text; whole without leading zeros. */
struct parts {
    bool is_negative;
    struct hb_str whole, fraction;
};

static size_t digits_at(struct hb_str text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9')
        end++;
    return end - at;
}

static bool split(struct hb_str text, struct parts *ret_parts)
{
    *ret_parts = (struct parts){.is_negative = text.len > 0 && text.ptr[0] == '-'};
    size_t at = ret_parts->is_negative, count = digits_at(text, at);
    if (count == 0)
        return false;
    size_t end = at + count;
    while (at < end && text.ptr[at] == '0')
        at++;
    ret_parts->whole = hb_str_n(text.ptr + at, end - at);
    if (end == text.len)
        return true;
    count = digits_at(text, end + 1);
    ret_parts->fraction = hb_str_n(text.ptr + end + 1, count);
    return text.ptr[end] == '.' && count > 0 && end + 1 + count == text.len;
}

static bool is_zeros(struct hb_str digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] != '0')
            return false;
    return true;
}

/* Adds one to the last of the digits; true if that carried out of the first. */
static bool add_one(char *digits, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        if (digits[i - 1] != '9') {
            digits[i - 1]++;
            return false;
        }
        digits[i - 1] = '0';
    }
    return true;
}

enum hb_decimal_read hb_decimal_round(struct hb_str text, struct hb_decimal_limit limit,
                                      char bytes[HB_DECIMAL_TEXT_MAX], struct hb_str *ret_text)
{
    struct parts parts;
    HB_ASSERT(limit.whole_max > 0 && limit.whole_max + limit.places + 2 < HB_DECIMAL_TEXT_MAX);
    if (!split(text, &parts))
        return HB_DECIMAL_NO_NUMBER;
    if (parts.is_negative && !(parts.whole.len == 0 && is_zeros(parts.fraction)))
        return HB_DECIMAL_NEGATIVE;
    if (parts.whole.len > limit.whole_max)
        return HB_DECIMAL_TOO_LARGE;
    /* One number of whole and places digits, with a 0 before it for what a carry may bring. */
    char digits[HB_DECIMAL_TEXT_MAX];
    size_t whole = parts.whole.len + 1, count = whole + limit.places;
    memset(digits, '0', count);
    if (parts.whole.len > 0)
        memcpy(digits + 1, parts.whole.ptr, parts.whole.len);
    if (parts.fraction.len > 0)
        memcpy(digits + whole, parts.fraction.ptr,
               parts.fraction.len < limit.places ? parts.fraction.len : limit.places);
    bool is_up = parts.fraction.len > limit.places && parts.fraction.ptr[limit.places] >= '5';
    bool has_carry = is_up && add_one(digits, count);
    HB_ASSERT(!has_carry); /* the 0 in front took it */
    size_t first = 0;
    while (first + 1 < whole && digits[first] == '0')
        first++;
    if (whole - first > limit.whole_max)
        return HB_DECIMAL_TOO_LARGE;
    size_t len = whole - first;
    memcpy(bytes, digits + first, len);
    if (limit.places > 0) {
        bytes[len++] = '.';
        memcpy(bytes + len, digits + whole, limit.places);
        len += limit.places;
    }
    *ret_text = hb_str_n(bytes, len);
    return HB_DECIMAL_OK;
}

static struct hb_str without_last_zeros(struct hb_str digits)
{
    while (digits.len > 0 && digits.ptr[digits.len - 1] == '0')
        digits.len--;
    return digits;
}

bool hb_decimal_eq(struct hb_str a, struct hb_str b)
{
    struct parts x, y;
    if (!split(a, &x) || !split(b, &y))
        return false;
    x.fraction = without_last_zeros(x.fraction);
    y.fraction = without_last_zeros(y.fraction);
    bool is_zero = x.whole.len == 0 && x.fraction.len == 0;
    return hb_str_eq(x.whole, y.whole) && hb_str_eq(x.fraction, y.fraction) &&
           (is_zero || x.is_negative == y.is_negative);
}
