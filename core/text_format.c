#include "core/text_format.h"

#include "core/json_cursor.h"
#include "core/words.h"
#include "hookbus/time.h"

#define DATE_BYTES 10
#define DATE_TIME_BYTES_MAX 64
#define EMAIL_BYTES_MAX 254 /* RFC 5321 section 4.5.3.1.3, without the brackets */
#define LOCAL_BYTES_MAX 64

/* The unescaped text, if it is printable ASCII without spaces and has at most `room` characters; else empty, which fits
 * no format. */
static struct hb_str plain_text(struct hb_str raw, char *room, size_t room_bytes)
{
    size_t at = 0, length = 0;
    while (at < raw.len) {
        unsigned point = hb_cursor_text_point(raw, &at);
        if (length == room_bytes || point <= ' ' || point >= 0x7F)
            return (struct hb_str){NULL, 0};
        room[length++] = (char)point;
    }
    return hb_str_n(room, length);
}

static bool is_alpha(unsigned c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

/* full-date: the rules of a time, at midnight. */
static bool is_date(struct hb_str raw)
{
    static const char MIDNIGHT[] = "T00:00:00Z";
    char room[DATE_BYTES + sizeof(MIDNIGHT)];
    struct hb_str text = plain_text(raw, room, DATE_BYTES);
    struct hb_wall at;
    if (text.len != DATE_BYTES)
        return false;
    memcpy(room + DATE_BYTES, MIDNIGHT, sizeof(MIDNIGHT) - 1);
    return hb_wall_parse(hb_str_n(room, DATE_BYTES + sizeof(MIDNIGHT) - 1), &at) == HB_OK;
}

/* With T, as the grammar has it: the space that hb_wall_parse takes for it is no plain text. */
static bool is_date_time(struct hb_str raw)
{
    char room[DATE_TIME_BYTES_MAX];
    struct hb_wall at;
    return hb_wall_parse(plain_text(raw, room, sizeof(room)), &at) == HB_OK;
}

/* Labels of letters, digits and hyphens, or an address in brackets. */
static bool is_mail_domain(struct hb_str domain)
{
    if (domain.len > 2 && domain.ptr[0] == '[' && domain.ptr[domain.len - 1] == ']')
        return true;
    struct hb_str label;
    while (hb_str_split(&domain, '.', &label)) {
        if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++) {
            unsigned c = (unsigned char)label.ptr[i];
            if (!is_alpha(c) && !is_digit(c) && c != '-')
                return false;
        }
    }
    return true;
}

/* Kinder to the local part than RFC 5321: addresses with two dots in a row are in use. */
static bool is_email(struct hb_str raw)
{
    char room[EMAIL_BYTES_MAX];
    struct hb_str text = plain_text(raw, room, sizeof(room));
    const char *sign = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
    size_t local_bytes = sign ? (size_t)(sign - text.ptr) : 0;
    if (local_bytes == 0 || local_bytes > LOCAL_BYTES_MAX || local_bytes + 1 == text.len)
        return false;
    bool is_quoted = text.ptr[0] == '"' && local_bytes > 2 && text.ptr[local_bytes - 1] == '"';
    if (!is_quoted && memchr(text.ptr, '@', local_bytes))
        return false;
    return is_mail_domain(hb_str_n(sign + 1, text.len - local_bytes - 1));
}

static bool is_hex(unsigned c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A character of RFC 3986; brackets anywhere, for ?size[]=1 is what shops have. */
static bool is_uri_character(unsigned c)
{
    return is_alpha(c) || is_digit(c) || (c != 0 && c < 0x7F && strchr("-._~:/?#[]@!$&'()*+,;=%", (int)c));
}

static bool is_uri_scheme(struct hb_str raw, size_t *at)
{
    bool is_first = true;
    while (*at < raw.len) {
        unsigned c = hb_cursor_text_point(raw, at);
        if (c == ':')
            return !is_first;
        if (!is_alpha(c) && (is_first || (!is_digit(c) && c != '+' && c != '-' && c != '.')))
            return false;
        is_first = false;
    }
    return false;
}

/* An absolute URI as RFC 3986 writes them, of any length: scheme, colon, and only its characters. */
static bool is_uri(struct hb_str raw)
{
    size_t at = 0;
    unsigned hex_left = 0;
    if (!is_uri_scheme(raw, &at))
        return false;
    while (at < raw.len) {
        unsigned c = hb_cursor_text_point(raw, &at);
        if (hex_left > 0 ? !is_hex(c) : !is_uri_character(c))
            return false;
        hex_left = hex_left > 0 ? hex_left - 1 : c == '%' ? 2 : 0;
    }
    return hex_left == 0;
}

const struct hb_text_format *hb_text_format_find(struct hb_str name)
{
    static const struct hb_text_format FORMATS[] = {
        {"date", "a date such as 2026-01-31", is_date},
        {"date-time", "an RFC 3339 time such as 2026-01-31T12:00:00Z", is_date_time},
        {"email", "an e-mail address such as anna@example.com", is_email},
        {"uri", "an absolute URI such as https://example.com/p/1, percent-encoded", is_uri},
    };
    int format = HB_WORDS_FIND_ROW(FORMATS, name, name);
    return format >= 0 ? &FORMATS[format] : NULL;
}
