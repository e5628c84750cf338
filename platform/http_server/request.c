/* What a handler reads of its call. */
#include "platform/http_server/http_server_internal.h"

#include <stdlib.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hb_http_decode(struct hb_http_call *call, struct hb_str raw, struct hb_str *ret_text)
{
    if (raw.len == 0 || !memchr(raw.ptr, '%', raw.len)) {
        *ret_text = raw;
        return true;
    }
    char *text = hb_http_keep(call, raw);
    if (!text) {
        return false;
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            int high = i + 2 < raw.len ? hex(raw.ptr[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex(raw.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        text[len++] = c;
    }
    *ret_text = (struct hb_str){text, len};
    return true;
}

struct hb_str hb_http_call_method(const struct hb_http_call *call)
{
    return hb_str_c(call->method);
}

/* Decoding puts memory into the call's keeping, which does not change what the caller sees of it. */
static struct hb_http_call *unconst(const struct hb_http_call *call)
{
    struct hb_http_call *same = NULL;
    memcpy(&same, &call, sizeof(same));
    return same;
}

struct hb_str hb_http_call_path(const struct hb_http_call *call)
{
    struct hb_str path = hb_str_c(call->url);
    (void)hb_http_decode(unconst(call), path, &path);
    return path;
}

struct hb_str hb_http_call_param(const struct hb_http_call *call, const char *name)
{
    for (size_t i = 0; i < call->params_count; i++) {
        if (hb_str_eq(call->params[i].name, hb_str_c(name))) {
            return call->params[i].value;
        }
    }
    return (struct hb_str){NULL, 0};
}

static bool look_up(const struct hb_http_call *call, enum MHD_ValueKind kind, const char *name,
                    struct hb_str *ret_value)
{
    const char *value = NULL;
    size_t len = 0;
    if (!call->mhd || MHD_lookup_connection_value_n(call->mhd, kind, name, strlen(name), &value, &len) != MHD_YES) {
        return false;
    }
    *ret_value = (struct hb_str){value, value ? len : 0};
    return true;
}

bool hb_http_call_query(const struct hb_http_call *call, const char *name, struct hb_str *ret_value)
{
    struct hb_str raw = {NULL, 0};
    if (!look_up(call, MHD_GET_ARGUMENT_KIND, name, &raw)) {
        return false;
    }
    if (!hb_http_decode(unconst(call), raw, ret_value)) {
        *ret_value = raw; /* a bad escape stays as sent: the room refuses the value */
    }
    return true;
}

struct hb_str hb_http_call_header(const struct hb_http_call *call, const char *name)
{
    struct hb_str value = {NULL, 0};
    (void)look_up(call, MHD_HEADER_KIND, name, &value);
    return value;
}

struct hb_str hb_http_call_body(const struct hb_http_call *call)
{
    return hb_buf_str(&call->body);
}

const char *hb_http_call_peer(const struct hb_http_call *call)
{
    struct hb_http_call *own = unconst(call);
    if (own->peer[0] == '\0' && call->mhd) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(call->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *address = info ? info->client_addr : NULL;
        const void *from = address;
        if (address && address->sa_family == AF_INET) {
            struct sockaddr_in in;
            memcpy(&in, from, sizeof(in));
            (void)inet_ntop(AF_INET, &in.sin_addr, own->peer, sizeof(own->peer));
        } else if (address && address->sa_family == AF_INET6) {
            struct sockaddr_in6 in6;
            memcpy(&in6, from, sizeof(in6));
            (void)inet_ntop(AF_INET6, &in6.sin6_addr, own->peer, sizeof(own->peer));
        }
    }
    return call->peer;
}

struct each {
    void (*fn)(void *user, struct hb_str name, struct hb_str value);
    void *user;
};

static enum MHD_Result each_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct each *each = user;
    each->fn(each->user, hb_str_c(name), hb_str_c(value));
    return MHD_YES;
}

void hb_http_call_each_header(const struct hb_http_call *call,
                              void (*fn)(void *user, struct hb_str name, struct hb_str value), void *user)
{
    struct each each = {fn, user};
    if (call->mhd) {
        (void)MHD_get_connection_values(call->mhd, MHD_HEADER_KIND, each_header, &each);
    }
}

void hb_http_call_on_gone(struct hb_http_call *call, void (*fn)(void *user), void *user)
{
    call->gone = fn;
    call->gone_user = user;
}

/* What decides where a request ends. */
struct framing {
    int hosts, lengths, encodings;
    bool is_chunked, has_odd_name;
};

static enum MHD_Result look_at_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct framing *framing = user;
    size_t len = strlen(name);
    /* "Content-Length : 3" is no such header to us and may be one to who stands before us (RFC 9112 section 5.1). */
    framing->has_odd_name |= len == 0 || strcspn(name, " \t") < len;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        framing->hosts++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        framing->is_chunked = value && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

const char *hb_http_framing_fault(const struct hb_http_call *call, const char *version)
{
    struct framing framing = {0};
    (void)MHD_get_connection_values(call->mhd, MHD_HEADER_KIND, look_at_header, &framing);
    if (framing.has_odd_name) {
        return "No blank stands in a header's name or before its colon.";
    }
    if (framing.hosts > 1 || (framing.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)) {
        return "A request has one Host header.";
    }
    if (framing.lengths > 1) {
        return "A request has one Content-Length header at most.";
    }
    if (framing.encodings > 0 && framing.lengths > 0) {
        return "A request has a Content-Length or a Transfer-Encoding header, not both.";
    }
    if (framing.encodings > 1 || (framing.encodings == 1 && !framing.is_chunked)) {
        return "The only Transfer-Encoding taken is chunked.";
    }
    return NULL;
}
