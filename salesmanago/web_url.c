#include "salesmanago/web_url.h"

#include "core/egress.h"
#include "core/text_cut.h"

#define HOST_MAX 253 /* bytes: DNS */
#define LABEL_MAX 63

/* A URL while it is read: `ret_why` says what stopped it. */
struct reading {
    struct hb_str rest;
    struct hb_buf *out;
    const char *why;
    enum hb_err err;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_high(char c)
{
    return (c & 0x80) != 0;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_in(char c, const char *set)
{
    return c != 0 && strchr(set, c);
}

static void put_char(struct reading *r, char c)
{
    if (!r->err)
        r->err = hb_buf_add_char(r->out, c);
}

static void refuse(struct reading *r, const char *why)
{
    if (!r->err) {
        r->err = HB_ERR_INVALID;
        r->why = why;
    }
}

static struct hb_str take_until(struct reading *r, const char *stops)
{
    size_t at = 0;
    while (at < r->rest.len && !is_in(r->rest.ptr[at], stops))
        at++;
    struct hb_str taken = hb_str_n(r->rest.ptr, at);
    r->rest = hb_str_n(r->rest.ptr + at, r->rest.len - at);
    return taken;
}

static void read_scheme(struct reading *r)
{
    static const struct hb_str schemes[] = {HB_STR_INIT("https"), HB_STR_INIT("http"), HB_STR_INIT("ftp")};
    struct hb_str scheme = take_until(r, ":/?#");
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!hb_str_eq_nocase(scheme, schemes[i]) || !hb_str_has_prefix(r->rest, HB_STR("://")))
            continue;
        r->rest = hb_str_n(r->rest.ptr + 3, r->rest.len - 3);
        r->err = hb_buf_addf(r->out, "%s://", schemes[i].ptr);
        return;
    }
    refuse(r, "must begin with https://, http:// or ftp://");
}

/* ---- the host ---- */

static bool is_label(struct hb_str label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_letter(label.ptr[i]) && !is_digit(label.ptr[i]) && label.ptr[i] != '-' && !is_high(label.ptr[i]))
            return false;
    return true;
}

/* Names that no top-level domain has or will have. */
static bool is_never_public(struct hb_str top)
{
    static const char *const names[] = {"localhost", "localdomain", "local", "internal", "intranet",
                                        "private",   "corp",        "home",  "lan",      "example",
                                        "test",      "invalid",     "onion", "alt"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (hb_str_eq_nocase(top, hb_str_c(names[i])))
            return true;
    return false;
}

static bool is_domain(struct hb_str host)
{
    struct hb_str label, top = {NULL, 0};
    size_t count = 0;
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--; /* the root's own dot */
    if (host.len == 0 || host.len > HOST_MAX)
        return false;
    while (hb_str_split(&host, '.', &label)) {
        if (!is_label(label))
            return false;
        top = label;
        count++;
    }
    return count > 1 && top.len > 1 && (is_letter(top.ptr[0]) || is_high(top.ptr[0])) && !is_never_public(top);
}

static bool is_address(struct hb_str host)
{
    struct hb_address address;
    bool is_bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (is_bracketed)
        host = hb_str_n(host.ptr + 1, host.len - 2);
    return hb_address_parse(host, &address) && address.is_v6 == is_bracketed;
}

static bool is_port(struct hb_str port)
{
    uint64_t number;
    return port.len == 0 || (port.len <= 5 && hb_str_to_u64(port, &number) && number > 0 && number <= 65535);
}

/* A name, and perhaps one password behind a colon. */
static bool is_user(struct hb_str user)
{
    const char *colon = user.len > 0 ? memchr(user.ptr, ':', user.len) : NULL;
    for (size_t i = 0; i < user.len; i++)
        if (!is_letter(user.ptr[i]) && !is_digit(user.ptr[i]) && !is_in(user.ptr[i], "%-._~!$&'()*+,;=") &&
            user.ptr + i != colon)
            return false;
    return user.len > 0 && colon != user.ptr;
}

static void read_authority(struct reading *r)
{
    struct hb_str authority = take_until(r, "/?#"), host = authority;
    const char *at = memchr(authority.ptr, '@', authority.len);
    if (at) {
        if (!is_user(hb_str_n(authority.ptr, (size_t)(at - authority.ptr)))) {
            refuse(r, "has a user name that cannot stand in an address");
            return;
        }
        host = hb_str_n(at + 1, (size_t)(authority.ptr + authority.len - at) - 1);
    }
    const char *end = host.len > 0 && host.ptr[0] == '[' ? memchr(host.ptr, ']', host.len) : NULL;
    size_t from = end ? (size_t)(end - host.ptr) : 0;
    const char *colon = host.len > 0 ? memchr(host.ptr + from, ':', host.len - from) : NULL;
    struct hb_str port = colon ? hb_str_n(colon + 1, (size_t)(host.ptr + host.len - colon) - 1) : hb_str_n("", 0);
    if (colon)
        host.len = (size_t)(colon - host.ptr);
    if (!is_domain(host) && !is_address(host))
        refuse(r, "needs a host that the web knows (localhost and the like are none)");
    else if (!is_port(port))
        refuse(r, "has no such port");
    else
        r->err = hb_buf_add(r->out, authority);
}

/* ---- what follows it ---- */

/* Written as a browser writes it: what may not stand there is percent-encoded, a lone % too. */
static void put_encoded(struct reading *r, struct hb_str text, const char *allowed)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_escape = c == '%' && i + 2 < text.len && is_hex(text.ptr[i + 1]) && is_hex(text.ptr[i + 2]);
        if (c == '\t' || c == '\n' || c == '\r')
            continue;
        if (is_letter(c) || is_digit(c) || is_escape || is_in(c, allowed)) {
            put_char(r, c);
            continue;
        }
        put_char(r, '%');
        put_char(r, hex[(unsigned char)c >> 4]);
        put_char(r, hex[(unsigned char)c & 0x0F]);
    }
}

static bool climbs_out(struct hb_str path)
{
    struct hb_str segment;
    int depth = 0;
    while (hb_str_split(&path, '/', &segment)) {
        if (hb_str_eq(segment, HB_STR("..")))
            depth--;
        else if (segment.len > 0 && !hb_str_eq(segment, HB_STR(".")))
            depth++;
        if (depth < 0)
            return true;
    }
    return false;
}

static void read_path(struct reading *r)
{
    struct hb_str path = take_until(r, "?#"), segment;
    if (climbs_out(path))
        refuse(r, "has a path that climbs above its root");
    if (path.len == 0)
        return;
    path = hb_str_n(path.ptr + 1, path.len - 1);
    put_char(r, '/');
    for (bool is_first = true; hb_str_split(&path, '/', &segment); is_first = false) {
        if (!is_first && r->out->ptr[r->out->len - 1] != '/') /* doubled ones become one */
            put_char(r, '/');
        put_encoded(r, segment, "-_:@&=+,.!~*'$;()");
    }
}

static void read_query(struct reading *r)
{
    static const char allowed[] = "-_.!~*'();/?:@&=+$,[]";
    if (r->rest.len > 0 && r->rest.ptr[0] == '?') {
        put_char(r, '?');
        r->rest = hb_str_n(r->rest.ptr + 1, r->rest.len - 1);
        put_encoded(r, take_until(r, "#"), allowed);
    }
    if (r->rest.len > 0) {
        put_char(r, '#');
        put_encoded(r, hb_str_n(r->rest.ptr + 1, r->rest.len - 1), allowed);
    }
}

enum hb_err hb_sm_web_url(struct hb_str text, struct hb_buf *ret_url, const char **ret_why)
{
    size_t before = ret_url->len;
    struct reading r = {.rest = hb_text_strip(text), .out = ret_url};
    if (r.rest.len == 0)
        refuse(&r, "is empty");
    else if (r.rest.len > HB_SM_URL_BYTES_MAX)
        refuse(&r, "is too long");
    static void (*const steps[])(struct reading *) = {read_scheme, read_authority, read_path, read_query};
    for (size_t i = 0; !r.err && i < sizeof(steps) / sizeof(steps[0]); i++)
        steps[i](&r);
    if (r.err)
        ret_url->len = before;
    if (r.err == HB_ERR_INVALID)
        *ret_why = r.why;
    return r.err;
}
