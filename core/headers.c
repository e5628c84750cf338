#include "core/headers.h"

/* Who owns a name decides what its sender is told. */
struct reserved_row {
    const char *name;
    bool is_prefix;
    const char *why;
};

#define FRAMES "it decides how the request is framed or routed"
#define OURS "hookbus sets it itself"

static const struct reserved_row reserved_rows[] = {
    {"Host", false, FRAMES},
    {"Content-Length", false, FRAMES},
    {"Transfer-Encoding", false, FRAMES},
    {"Content-Encoding", false, FRAMES},
    {"Connection", false, FRAMES},
    {"Keep-Alive", false, FRAMES},
    {"Expect", false, FRAMES},
    {"TE", false, FRAMES},
    {"Trailer", false, FRAMES},
    {"Upgrade", false, FRAMES},
    {"HTTP2-Settings", false, FRAMES},
    {"Proxy-", true, FRAMES},
    {"Content-Type", false, OURS},
    {"User-Agent", false, OURS},
    {"traceparent", false, OURS},
    {"webhook-", true, OURS},
    {"Hookbus-", true, OURS},
    {"ce-", true, OURS},
};

/* RFC 9110 section 5.6.2. Common ones first: this stands before each request. */
static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9')) {
        return true;
    }
    return c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL;
}

static bool is_token(struct hb_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_token_char(name.ptr[i])) {
            return false;
        }
    }
    return name.len > 0;
}

static bool is_plain_value(struct hb_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static const struct reserved_row *find_reserved(struct hb_str name)
{
    for (size_t i = 0; i < sizeof(reserved_rows) / sizeof(reserved_rows[0]); i++) {
        struct hb_str reserved = hb_str_c(reserved_rows[i].name);
        struct hb_str compared = name;
        if (reserved_rows[i].is_prefix && name.len > reserved.len) {
            compared.len = reserved.len;
        }
        if (hb_str_eq_nocase(compared, reserved)) {
            return &reserved_rows[i];
        }
    }
    return NULL;
}

bool hb_header_is_safe(struct hb_name_value header)
{
    return is_token(header.name) && is_plain_value(header.value);
}

enum hb_err hb_header_check(struct hb_name_value header, struct hb_error *reterr)
{
    if (!is_token(header.name)) {
        return hb_fail(reterr, HB_ERR_INVALID, "a header name must be one or more letters, digits or !#$%%&'*+-.^_`|~");
    }
    const struct reserved_row *reserved = find_reserved(header.name);
    if (reserved != NULL) {
        return hb_fail(reterr, HB_ERR_INVALID, "the header %.100s cannot be set: %s", reserved->name, reserved->why);
    }
    int shown = header.name.len < 100 ? (int)header.name.len : 100;
    if (!is_plain_value(header.value)) {
        return hb_fail(reterr, HB_ERR_INVALID, "the value of header %.*s holds a control character (CR, LF, NUL …)",
                       shown, header.name.ptr);
    }
    if (hb_str_trim(header.value).len != header.value.len) {
        return hb_fail(reterr, HB_ERR_INVALID, "the value of header %.*s begins or ends with a space", shown,
                       header.name.ptr);
    }
    return HB_OK;
}

static enum hb_err check_unique(const struct hb_name_value *headers, size_t count, struct hb_error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (hb_str_eq_nocase(headers[i].name, headers[k].name)) {
                return hb_fail(reterr, HB_ERR_INVALID, "the header %.*s is given twice",
                               headers[i].name.len < 100 ? (int)headers[i].name.len : 100, headers[i].name.ptr);
            }
        }
    }
    return HB_OK;
}

enum hb_err hb_headers_check(const struct hb_name_value *headers, size_t count, struct hb_error *reterr)
{
    if (count > HB_WEBHOOK_HEADERS_MAX) {
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "at most %d headers, not %zu", HB_WEBHOOK_HEADERS_MAX, count);
    }
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += headers[i].name.len + headers[i].value.len;
        if (bytes > HB_WEBHOOK_HEADER_BYTES_MAX) {
            return hb_fail(reterr, HB_ERR_TOO_LARGE, "the headers' names and values are more than %d bytes",
                           HB_WEBHOOK_HEADER_BYTES_MAX);
        }
        enum hb_err err = hb_header_check(headers[i], reterr);
        if (err != HB_OK) {
            return err;
        }
    }
    return check_unique(headers, count, reterr);
}
