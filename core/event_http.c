#include "core/event_http.h"

enum known {
    SPECVERSION,
    ID,
    SOURCE,
    TYPE,
    SUBJECT,
    TIME,
    CHANGED,
    SEQUENCE,
    TRACEPARENT,
    CONTENT_TYPE,
    HTTP_TRACEPARENT,
    KNOWN_COUNT
};

static const char *const names[KNOWN_COUNT] = {"ce-specversion", "ce-id",        "ce-source",  "ce-type",
                                               "ce-subject",     "ce-time",      "ce-changed", "ce-sequence",
                                               "ce-traceparent", "content-type", "traceparent"};

static int find_known(struct hb_str name)
{
    for (int i = 0; i < KNOWN_COUNT; i++)
        if (hb_str_eq_nocase(name, hb_str_c(names[i])))
            return i;
    return -1;
}

static enum hb_err refuse(struct hb_event_problem *ret_problem, const char *slug, const char *field, const char *should)
{
    *ret_problem = (struct hb_event_problem){slug, field, should};
    return HB_ERR_INVALID;
}

bool hb_event_http_is_binary(const struct hb_event_request *request)
{
    for (size_t i = 0; i < request->headers_count; i++)
        if (find_known(request->headers[i].name) == SPECVERSION)
            return true;
    return false;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Without the quotes of a quoted-string; what is escaped in it stays for decode. */
static struct hb_str unquote(struct hb_str value, bool *ret_is_quoted)
{
    *ret_is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    return *ret_is_quoted ? hb_str_n(value.ptr + 1, value.len - 2) : value;
}

/* Appends the decoded value; the room was reserved. A percent sign that begins no triple stands for itself. */
static struct hb_str decode(struct hb_str value, struct hb_buf *scratch)
{
    bool is_quoted;
    value = unquote(value, &is_quoted);
    size_t start = scratch->len;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\' && is_quoted && i + 1 < value.len)
            c = value.ptr[++i];
        else if (c == '%' && i + 2 < value.len && hex_value(value.ptr[i + 1]) >= 0 &&
                 hex_value(value.ptr[i + 2]) >= 0) {
            c = (char)(hex_value(value.ptr[i + 1]) << 4 | hex_value(value.ptr[i + 2]));
            i += 2;
        }
        HB_ASSERT(scratch->len < scratch->capacity);
        scratch->ptr[scratch->len++] = c;
    }
    return hb_str_n(scratch->ptr + start, scratch->len - start);
}

/* A header that is there has a ptr. */
static enum hb_err gather(const struct hb_event_request *request, struct hb_str values[KNOWN_COUNT],
                          struct hb_event_problem *ret_problem)
{
    for (size_t i = 0; i < request->headers_count; i++) {
        int known = find_known(request->headers[i].name);
        if (known < 0)
            continue;
        if (values[known].ptr)
            return refuse(ret_problem, "duplicate_header", names[known], "each header once");
        struct hb_str value = hb_str_trim(request->headers[i].value);
        if (value.len == 0)
            return refuse(ret_problem, "empty_header", names[known], "a value, or no such header");
        values[known] = value;
    }
    return HB_OK;
}

/* Only ce-* values are encoded. */
static enum hb_err decode_all(struct hb_str values[KNOWN_COUNT], struct hb_buf *scratch)
{
    size_t room = 0;
    for (int i = 0; i < CONTENT_TYPE; i++)
        room += values[i].len;
    enum hb_err err = hb_buf_reserve(scratch, room);
    for (int i = 0; !err && i < CONTENT_TYPE; i++)
        if (values[i].len > 0 && (memchr(values[i].ptr, '%', values[i].len) || values[i].ptr[0] == '"'))
            values[i] = decode(values[i], scratch);
    return err;
}

static struct hb_str traceparent_of(const struct hb_str values[KNOWN_COUNT])
{
    if (values[TRACEPARENT].ptr || !hb_event_is_traceparent(values[HTTP_TRACEPARENT]))
        return values[TRACEPARENT];
    return values[HTTP_TRACEPARENT];
}

enum hb_err hb_event_http_read(const struct hb_event_request *request, struct hb_buf *scratch,
                               struct hb_event *ret_event, struct hb_str *ret_source,
                               struct hb_event_problem *ret_problem)
{
    struct hb_str values[KNOWN_COUNT] = {{NULL, 0}};
    enum hb_err err = gather(request, values, ret_problem);
    if (!err)
        err = decode_all(values, scratch);
    if (err)
        return err;
    if (!hb_str_eq(values[SPECVERSION], HB_STR("1.0")))
        return refuse(ret_problem, "invalid_specversion", "ce-specversion", "1.0");
    if (values[ID].len == 0 || values[SOURCE].len == 0)
        return refuse(ret_problem, "missing_header", values[ID].len == 0 ? "ce-id" : "ce-source", "a value");
    *ret_source = values[SOURCE];
    *ret_event = (struct hb_event){.id = values[ID],
                                   .type = values[TYPE],
                                   .subject = values[SUBJECT],
                                   .time = values[TIME],
                                   .content_type = values[CONTENT_TYPE],
                                   .changed = values[CHANGED],
                                   .sequence = values[SEQUENCE],
                                   .traceparent = traceparent_of(values),
                                   .data = request->body,
                                   .registry_stamp = HB_NO_STAMP};
    return HB_OK;
}
