/* Numbers as JSON writes them, compared by their digits: none is too large or too fine. */
#include "core/json_cursor.h"

#define EXPONENT_MAX INT64_C(999999)

/* A number as sign × 0.d1d2d3… × 10^scale; digits is the text from d1 (not 0) to the end of the mantissa, a point
 * included. */
struct decimal {
    bool is_zero;
    bool is_negative;
    int64_t scale;
    struct hb_str digits;
};

static int64_t parse_exponent(struct hb_str text)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    int64_t value = 0;
    for (size_t i = text.len > 0 && (text.ptr[0] < '0' || text.ptr[0] > '9'); i < text.len; i++) {
        value = value * 10 + (text.ptr[i] - '0');
        if (value > EXPONENT_MAX)
            value = EXPONENT_MAX;
    }
    return is_negative ? -value : value;
}

/* Where the mantissa ends. */
static size_t mantissa_end(struct hb_str number)
{
    size_t at = 0;
    while (at < number.len && number.ptr[at] != 'e' && number.ptr[at] != 'E')
        at++;
    return at;
}

static struct decimal decimal_of(struct hb_str number)
{
    HB_ASSERT(number.len > 0);
    struct decimal d = {.is_negative = number.ptr[0] == '-'};
    size_t start = d.is_negative, end = mantissa_end(number);
    const char *point = memchr(number.ptr, '.', end);
    size_t whole_end = point ? (size_t)(point - number.ptr) : end;
    size_t first = start;
    while (first < end && (number.ptr[first] == '0' || number.ptr[first] == '.'))
        first++;
    d.is_zero = first == end;
    if (d.is_zero)
        return d;
    int64_t exponent = end < number.len ? parse_exponent(hb_str_n(number.ptr + end + 1, number.len - end - 1)) : 0;
    int64_t place = first < whole_end ? (int64_t)(whole_end - first) : -(int64_t)(first - whole_end - 1);
    d.scale = exponent + place;
    d.digits = hb_str_n(number.ptr + first, end - first);
    return d;
}

/* The next digit, '0' behind the last. */
static char next_digit(struct hb_str digits, size_t *at)
{
    if (*at < digits.len && digits.ptr[*at] == '.')
        (*at)++;
    return *at < digits.len ? digits.ptr[(*at)++] : '0';
}

static int compare_digits(struct hb_str a, struct hb_str b)
{
    size_t at_a = 0, at_b = 0;
    while (at_a < a.len || at_b < b.len) {
        char digit_a = next_digit(a, &at_a), digit_b = next_digit(b, &at_b);
        if (digit_a != digit_b)
            return digit_a < digit_b ? -1 : 1;
    }
    return 0;
}

static int sign_of(const struct decimal *d)
{
    return d->is_zero ? 0 : d->is_negative ? -1 : 1;
}

int hb_cursor_number_cmp(struct hb_str a, struct hb_str b)
{
    struct decimal x = decimal_of(a), y = decimal_of(b);
    int sign_x = sign_of(&x), sign_y = sign_of(&y);
    if (sign_x != sign_y)
        return sign_x < sign_y ? -1 : 1;
    if (sign_x == 0)
        return 0;
    int magnitude = x.scale != y.scale ? (x.scale < y.scale ? -1 : 1) : compare_digits(x.digits, y.digits);
    return sign_x < 0 ? -magnitude : magnitude;
}

/* The last digit that is not 0 decides: it must not stand behind the point. */
bool hb_cursor_number_is_integer(struct hb_str number)
{
    struct decimal d = decimal_of(number);
    int64_t significant = 0, count = 0;
    for (size_t i = 0; !d.is_zero && i < d.digits.len; i++) {
        count += d.digits.ptr[i] != '.';
        if (d.digits.ptr[i] != '.' && d.digits.ptr[i] != '0')
            significant = count;
    }
    return significant <= d.scale || d.is_zero;
}
