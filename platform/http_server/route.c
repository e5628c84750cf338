#include "platform/http_server/http_server_internal.h"

static struct hb_str cut_segment(struct hb_str *rest)
{
    const char *slash = rest->len ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t len = slash ? (size_t)(slash - rest->ptr) : rest->len;
    struct hb_str segment = {rest->ptr, len};
    size_t cut = slash ? len + 1 : len;
    *rest = (struct hb_str){rest->ptr + cut, rest->len - cut};
    return segment;
}

static size_t count_slashes(struct hb_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.ptr[i] == '/';
    }
    return count;
}

/* True if the path has the pattern's shape; the params hold the segments as sent. */
static bool matches(struct hb_http_call *call, const char *pattern_text, struct hb_str path)
{
    struct hb_str pattern = hb_str_c(pattern_text);
    if (count_slashes(pattern) != count_slashes(path)) {
        return false;
    }
    call->params_count = 0;
    while (pattern.len > 0 || path.len > 0) {
        struct hb_str wanted = cut_segment(&pattern);
        struct hb_str segment = cut_segment(&path);
        if (wanted.len >= 2 && wanted.ptr[0] == '{') {
            if (segment.len == 0) {
                return false;
            }
            HB_ASSERT(call->params_count < HB_HTTP_PARAMS_MAX);
            call->params[call->params_count++] =
                (struct hb_http_param){{wanted.ptr + 1, wanted.len - 2}, segment};
        } else if (!hb_str_eq(wanted, segment)) {
            return false;
        }
    }
    return true;
}

static bool decode_params(struct hb_http_call *call)
{
    for (size_t i = 0; i < call->params_count; i++) {
        if (!hb_http_decode(call, call->params[i].value, &call->params[i].value)) {
            return false;
        }
    }
    return true;
}

static void add_allowed(struct hb_buf *allow, const char *method)
{
    const char *separator = allow->len ? ", " : "";
    /* A list of methods that does not fit is cut: it is a hint. */
    if (hb_buf_addf(allow, "%s%s", separator, method) == HB_OK && strcmp(method, "GET") == 0) {
        (void)!hb_buf_add(allow, HB_STR(", HEAD"));
    }
}

enum hb_http_route_result hb_http_route_find(struct hb_http_call *call, const struct hb_http_route **ret_route,
                                             struct hb_buf *ret_allow)
{
    struct hb_str path = hb_str_c(call->url);
    /* What GET answers, HEAD answers without the body. */
    const char *method = strcmp(call->method, "HEAD") == 0 ? "GET" : call->method;
    for (size_t g = 0; g < call->server->groups_count; g++) {
        for (size_t i = 0; i < call->server->groups[g].count; i++) {
            const struct hb_http_route *route = &call->server->groups[g].routes[i];
            if (!matches(call, route->pattern, path)) {
                continue;
            }
            if (strcmp(route->method, method) == 0) {
                *ret_route = route;
                return decode_params(call) ? HB_HTTP_ROUTE_FOUND : HB_HTTP_ROUTE_BAD;
            }
            add_allowed(ret_allow, route->method);
        }
    }
    call->params_count = 0;
    return ret_allow->len ? HB_HTTP_ROUTE_NO_METHOD : HB_HTTP_ROUTE_NO_PATH;
}
