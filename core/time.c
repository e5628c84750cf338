#include "hookbus/time.h"

#define S_PER_DAY INT64_C(86400)
#define YEAR_MIN_MS INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define YEAR_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
/* Two-digit years of the obsolete HTTP form, as POSIX reads them: no clock is asked which century it is. */
#define CENTURY_PIVOT 69

struct civil {
    int64_t year, month, day, hour, minute, second, ms;
};

/* Days since 1970-01-01 of a Gregorian date. Years are counted from March, so the leap day ends one. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* The inverse of days_from_civil. */
static void civil_from_days(int64_t days, struct civil *ret)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    ret->day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    ret->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    ret->year = year_of_era + era * 400 + (ret->month <= 2);
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* A leap second (60) is accepted and becomes the second after it: our time has none. */
static enum hb_err wall_from_civil(const struct civil *c, int64_t offset_s, struct hb_wall *ret_at)
{
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month))
        return HB_ERR_INVALID;
    if (c->hour > 23 || c->minute > 59 || c->second > 60)
        return HB_ERR_INVALID;
    int64_t seconds = days_from_civil(c->year, c->month, c->day) * S_PER_DAY;
    seconds += c->hour * 3600 + c->minute * 60 + c->second - offset_s;
    ret_at->ms = seconds * HB_MS_PER_S + c->ms;
    return HB_OK;
}

static char *put_digits(char *at, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

size_t hb_wall_format(struct hb_wall at, char ret_text[HB_WALL_TEXT_MAX])
{
    int64_t ms = at.ms < YEAR_MIN_MS ? YEAR_MIN_MS : at.ms > YEAR_MAX_MS ? YEAR_MAX_MS : at.ms;
    int64_t days = ms / HB_MS_PER_DAY - (ms % HB_MS_PER_DAY < 0);
    int64_t in_day = ms - days * HB_MS_PER_DAY;
    struct civil c;
    civil_from_days(days, &c);
    char *end = put_char(put_digits(ret_text, c.year, 4), '-');
    end = put_char(put_digits(end, c.month, 2), '-');
    end = put_char(put_digits(end, c.day, 2), 'T');
    end = put_char(put_digits(end, in_day / HB_MS_PER_HOUR, 2), ':');
    end = put_char(put_digits(end, in_day / 60000 % 60, 2), ':');
    end = put_char(put_digits(end, in_day / HB_MS_PER_S % 60, 2), '.');
    end = put_char(put_digits(end, in_day % HB_MS_PER_S, 3), 'Z');
    *end = '\0';
    return (size_t)(end - ret_text);
}

/* A cursor over the text. Each take_ returns false, and leaves it anywhere, when the text is not so. */
static bool take_digits(struct hb_str *text, size_t digits, int64_t *ret)
{
    uint64_t value;
    if (text->len < digits || !hb_str_to_u64(hb_str_n(text->ptr, digits), &value))
        return false;
    *text = hb_str_n(text->ptr + digits, text->len - digits);
    *ret = (int64_t)value;
    return true;
}

static bool take_any(struct hb_str *text, const char *allowed)
{
    if (text->len == 0 || text->ptr[0] == '\0' || !strchr(allowed, text->ptr[0]))
        return false;
    *text = hb_str_n(text->ptr + 1, text->len - 1);
    return true;
}

static bool take_text(struct hb_str *text, struct hb_str word)
{
    if (!hb_str_has_prefix(*text, word))
        return false;
    *text = hb_str_n(text->ptr + word.len, text->len - word.len);
    return true;
}

static bool take_clock(struct hb_str *text, struct civil *ret)
{
    return take_digits(text, 2, &ret->hour) && take_any(text, ":") && take_digits(text, 2, &ret->minute) &&
           take_any(text, ":") && take_digits(text, 2, &ret->second);
}

/* ".123456…" cut to milliseconds; no fraction is none. */
static bool take_fraction(struct hb_str *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!take_any(text, "."))
        return true;
    int64_t digit, weight = 100;
    if (!take_digits(text, 1, &digit))
        return false;
    do {
        *ret_ms += digit * weight;
        weight /= 10;
    } while (take_digits(text, 1, &digit));
    return true;
}

static bool take_offset(struct hb_str *text, int64_t *ret_offset_s)
{
    *ret_offset_s = 0;
    if (take_any(text, "Zz"))
        return true;
    int64_t sign = text->len && text->ptr[0] == '-' ? -1 : 1, hours, minutes;
    if (!take_any(text, "+-") || !take_digits(text, 2, &hours) || !take_any(text, ":") ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

enum hb_err hb_wall_parse(struct hb_str text, struct hb_wall *ret_at)
{
    struct civil c;
    int64_t offset_s;
    if (!take_digits(&text, 4, &c.year) || !take_any(&text, "-") || !take_digits(&text, 2, &c.month) ||
        !take_any(&text, "-") || !take_digits(&text, 2, &c.day) || !take_any(&text, "Tt ") || !take_clock(&text, &c) ||
        !take_fraction(&text, &c.ms) || !take_offset(&text, &offset_s) || text.len != 0)
        return HB_ERR_INVALID;
    return wall_from_civil(&c, offset_s, ret_at);
}

/* One of the words, by place; -1 if none stands there. */
static int take_word(struct hb_str *text, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (take_text(text, hb_str_c(words[i])))
            return i;
    return -1;
}

static bool take_month(struct hb_str *text, int64_t *ret_month)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int month = take_word(text, months, 12);
    *ret_month = month + 1;
    return month >= 0;
}

static bool take_short_day(struct hb_str *text)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return take_word(text, days, 7) >= 0;
}

static bool take_long_day(struct hb_str *text)
{
    static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    return take_word(text, days, 7) >= 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool take_imf_fixdate(struct hb_str text, struct civil *ret)
{
    return take_short_day(&text) && take_text(&text, HB_STR(", ")) && take_digits(&text, 2, &ret->day) &&
           take_any(&text, " ") && take_month(&text, &ret->month) && take_any(&text, " ") &&
           take_digits(&text, 4, &ret->year) && take_any(&text, " ") && take_clock(&text, ret) &&
           hb_str_eq(text, HB_STR(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool take_rfc850(struct hb_str text, struct civil *ret)
{
    if (!take_long_day(&text) || !take_text(&text, HB_STR(", ")) || !take_digits(&text, 2, &ret->day) ||
        !take_any(&text, "-") || !take_month(&text, &ret->month) || !take_any(&text, "-") ||
        !take_digits(&text, 2, &ret->year) || !take_any(&text, " ") || !take_clock(&text, ret) ||
        !hb_str_eq(text, HB_STR(" GMT")))
        return false;
    ret->year += ret->year >= CENTURY_PIVOT ? 1900 : 2000;
    return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool take_asctime(struct hb_str text, struct civil *ret)
{
    if (!take_short_day(&text) || !take_any(&text, " ") || !take_month(&text, &ret->month) || !take_any(&text, " "))
        return false;
    size_t digits = take_any(&text, " ") ? 1 : 2;
    return take_digits(&text, digits, &ret->day) && take_any(&text, " ") && take_clock(&text, ret) &&
           take_any(&text, " ") && take_digits(&text, 4, &ret->year) && text.len == 0;
}

enum hb_err hb_wall_parse_http(struct hb_str text, struct hb_wall *ret_at)
{
    struct civil c = {0};
    if (take_imf_fixdate(text, &c) || take_rfc850(text, &c) || take_asctime(text, &c)) {
        c.ms = 0;
        return wall_from_civil(&c, 0, ret_at);
    }
    return HB_ERR_INVALID;
}
