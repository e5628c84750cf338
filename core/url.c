#include "core/url.h"

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes that mean something else to somebody: parsers disagree about them, so no URL of ours has them. */
static enum hb_err check_bytes(struct hb_str text, struct hb_error *reterr)
{
    if (text.len == 0) {
        return hb_fail(reterr, HB_ERR_INVALID, "the URL is empty");
    }
    if (text.len > HB_WEBHOOK_URL_MAX) {
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "the URL is longer than %d bytes", HB_WEBHOOK_URL_MAX);
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= 0x20 || c == 0x7f) {
            return hb_fail(reterr, HB_ERR_INVALID,
                           "the URL holds a space or control character at byte %zu; write it as %%%02X", i,
                           (unsigned)c);
        }
        if (c >= 0x80) {
            return hb_fail(
                reterr, HB_ERR_INVALID,
                "the URL holds a non-ASCII character at byte %zu; percent-encode the path and write the host as xn--…",
                i);
        }
        if (c == '\\' || c == '#' || strchr("\"<>^`{|}", c) != NULL) {
            return hb_fail(reterr, HB_ERR_INVALID, "the URL holds %s at byte %zu",
                           c == '#'    ? "a fragment (#)"
                           : c == '\\' ? "a backslash"
                                       : "a character that must be percent-encoded",
                           i);
        }
    }
    return HB_OK;
}

static enum hb_err cut_scheme(struct hb_str *rest, bool *ret_is_https, struct hb_error *reterr)
{
    static const struct {
        const char *text;
        bool is_https;
    } schemes[] = {{"https://", true}, {"http://", false}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct hb_str scheme = hb_str_c(schemes[i].text);
        if (rest->len >= scheme.len && hb_str_eq_nocase(hb_str_n(rest->ptr, scheme.len), scheme)) {
            *ret_is_https = schemes[i].is_https;
            *rest = hb_str_n(rest->ptr + scheme.len, rest->len - scheme.len);
            return HB_OK;
        }
    }
    return hb_fail(reterr, HB_ERR_INVALID, "the URL must begin with https:// or http://");
}

static enum hb_err check_label(struct hb_str label, struct hb_error *reterr)
{
    if (label.len == 0 || label.len > 63) {
        return hb_fail(reterr, HB_ERR_INVALID, "each part of the host name between dots has 1 to 63 characters");
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_') {
            return hb_fail(reterr, HB_ERR_INVALID, "the host name may hold letters, digits, '-', '_' and dots only");
        }
    }
    if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') {
        return hb_fail(reterr, HB_ERR_INVALID, "no part of the host name may begin or end with '-'");
    }
    return HB_OK;
}

/* A last label of this form makes resolvers and libraries read the host as an address: 2130706433, 0x7f.1, 0177.0.0.1.
 */
static bool is_number(struct hb_str label)
{
    bool is_0x = label.len >= 2 && label.ptr[0] == '0' && (label.ptr[1] == 'x' || label.ptr[1] == 'X');
    for (size_t i = is_0x ? 2 : 0; i < label.len; i++) {
        if (is_0x ? !is_hex(label.ptr[i]) : !is_digit(label.ptr[i])) {
            return false;
        }
    }
    return true;
}

static enum hb_err parse_name(struct hb_url *url, struct hb_error *reterr)
{
    struct hb_str rest = url->host;
    if (rest.len > 0 && rest.ptr[rest.len - 1] == '.') {
        rest.len--; /* the root's dot */
    }
    if (rest.len == 0 || rest.len > HB_URL_HOST_MAX) {
        return hb_fail(reterr, HB_ERR_INVALID, "the host has 1 to %d characters", HB_URL_HOST_MAX);
    }
    struct hb_str all = rest;
    struct hb_str label = {NULL, 0};
    while (hb_str_split(&rest, '.', &label)) {
        enum hb_err err = check_label(label, reterr);
        if (err != HB_OK) {
            return err;
        }
    }
    if (all.ptr[all.len - 1] == '.') {
        return hb_fail(reterr, HB_ERR_INVALID, "the host name ends with more than one dot");
    }
    if (!is_number(label)) {
        return HB_OK;
    }
    if (all.len != url->host.len || !hb_address_parse(url->host, &url->address)) {
        return hb_fail(reterr, HB_ERR_INVALID,
                       "an IPv4 address must be written as four decimal numbers, such as 192.0.2.1");
    }
    url->is_literal = true;
    return HB_OK;
}

static enum hb_err parse_v6(struct hb_url *url, struct hb_error *reterr)
{
    if (memchr(url->host.ptr, '%', url->host.len) != NULL) {
        return hb_fail(reterr, HB_ERR_INVALID, "an IPv6 address with a zone cannot be called");
    }
    if (!hb_address_parse(url->host, &url->address) || !url->address.is_v6) {
        return hb_fail(reterr, HB_ERR_INVALID, "between brackets stands an IPv6 address");
    }
    url->is_literal = true;
    return HB_OK;
}

static enum hb_err parse_port(struct hb_url *url, struct hb_str digits, struct hb_error *reterr)
{
    uint64_t port = 0;
    if (digits.len == 0 || digits.len > 5 || !hb_str_to_u64(digits, &port) || port < 1 || port > 65535) {
        return hb_fail(reterr, HB_ERR_INVALID, "the port must be a number from 1 to 65535");
    }
    url->port = (uint16_t)port;
    return HB_OK;
}

/* host[:port] or [v6][:port], nothing else. */
static enum hb_err parse_authority(struct hb_url *url, struct hb_str authority, struct hb_error *reterr)
{
    if (memchr(authority.ptr, '@', authority.len) != NULL) {
        return hb_fail(reterr, HB_ERR_INVALID, "the URL must not hold a user name or password (@); use a header");
    }
    bool is_v6 = authority.len > 0 && authority.ptr[0] == '[';
    const char *end = memchr(authority.ptr, is_v6 ? ']' : ':', authority.len);
    if (is_v6 && end == NULL) {
        return hb_fail(reterr, HB_ERR_INVALID, "the closing bracket of the IPv6 address is missing");
    }
    size_t host_end = end != NULL ? (size_t)(end - authority.ptr) : authority.len;
    url->host = is_v6 ? hb_str_n(authority.ptr + 1, host_end - 1) : hb_str_n(authority.ptr, host_end);
    size_t port_at = is_v6 ? host_end + 1 : host_end;
    if (port_at < authority.len) {
        if (authority.ptr[port_at] != ':') {
            return hb_fail(reterr, HB_ERR_INVALID, "only a port may follow the IPv6 address");
        }
        enum hb_err err = parse_port(url, hb_str_n(authority.ptr + port_at + 1, authority.len - port_at - 1), reterr);
        if (err != HB_OK) {
            return err;
        }
    }
    return is_v6 ? parse_v6(url, reterr) : parse_name(url, reterr);
}

enum hb_err hb_url_parse(struct hb_str text, struct hb_url *ret_url, struct hb_error *reterr)
{
    struct hb_url url = {.is_https = false};
    struct hb_str rest = text;
    enum hb_err err = check_bytes(text, reterr);
    if (err == HB_OK) {
        err = cut_scheme(&rest, &url.is_https, reterr);
    }
    if (err != HB_OK) {
        return err;
    }
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?') {
        end++;
    }
    if (end == 0) {
        return hb_fail(reterr, HB_ERR_INVALID, "the URL has no host");
    }
    url.port = url.is_https ? 443 : 80;
    url.path = hb_str_n(rest.ptr + end, rest.len - end);
    err = parse_authority(&url, hb_str_n(rest.ptr, end), reterr);
    if (err == HB_OK) {
        *ret_url = url;
    }
    return err;
}

/* Names that lead to a known private address; refused unless the filter lets that address through. NULL: to any private
 * address, which the filter judges when it is dialled, if its operator gave it rules at all. */
static const struct private_name {
    const char *suffix;
    const char *address;
} private_names[] = {
    {"metadata.google.internal", "169.254.169.254"},
    {"metadata.goog", "169.254.169.254"},
    {"instance-data", "169.254.169.254"},
    {"localhost", "127.0.0.1"},
    {"localhost.localdomain", "127.0.0.1"},
    {"localhost6", "::1"},
    {"ip6-localhost", "::1"},
    {"ip6-loopback", "::1"},
    {"internal", NULL},
    {"local", NULL},
    {"localdomain", NULL},
    {"home.arpa", NULL},
    {"lan", NULL},
    {"intranet", NULL},
};

/* The name itself or a name below it. */
static bool is_below(struct hb_str host, struct hb_str suffix)
{
    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host.len--;
    }
    if (host.len < suffix.len) {
        return false;
    }
    size_t at = host.len - suffix.len;
    return hb_str_eq_nocase(hb_str_n(host.ptr + at, suffix.len), suffix) && (at == 0 || host.ptr[at - 1] == '.');
}

static bool is_private_name_allowed(const struct private_name *row, const struct hb_egress *egress, uint16_t port)
{
    if (row->address == NULL) {
        return hb_egress_has_rules(egress);
    }
    struct hb_address address;
    HB_ASSERT(hb_address_parse(hb_str_c(row->address), &address));
    return hb_egress_allows(egress, &address, port);
}

static enum hb_err check_name(const struct hb_url *url, const struct hb_egress *egress, struct hb_error *reterr)
{
    for (size_t i = 0; i < sizeof(private_names) / sizeof(private_names[0]); i++) {
        const struct private_name *row = &private_names[i];
        if (is_below(url->host, hb_str_c(row->suffix)) && !is_private_name_allowed(row, egress, url->port)) {
            return hb_fail(
                reterr, HB_ERR_DENIED,
                "names at or below \"%s\" lead to private addresses, which may not be called; the operator's "
                "setting egress.allow can permit them",
                row->suffix);
        }
        if (is_below(url->host, hb_str_c(row->suffix))) {
            return HB_OK; /* the first row that fits decides: metadata.google.internal before internal */
        }
    }
    return HB_OK;
}

enum hb_err hb_url_check(struct hb_str text, const struct hb_egress *egress, struct hb_url *ret_url,
                         struct hb_error *reterr)
{
    struct hb_url url;
    enum hb_err err = hb_url_parse(text, &url, reterr);
    if (err != HB_OK) {
        return err;
    }
    if (!url.is_literal) {
        err = check_name(&url, egress, reterr);
    } else if (!hb_egress_allows(egress, &url.address, url.port)) {
        err = hb_fail(reterr, HB_ERR_DENIED,
                      "this address is not a public one and may not be called; the operator's setting egress.allow can "
                      "permit it");
    }
    if (err == HB_OK) {
        *ret_url = url;
    }
    return err;
}
