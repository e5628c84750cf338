#include "core/render.h"

#include "core/base64.h"

/* Room for source and time (64 bytes, perhaps encoded) in the ce- headers. */
#define FIXED_BYTES_MAX 512

struct json {
    struct hb_buf *buf;
    enum hb_err err; /* the first error; from then on nothing is added */
};

static void add_raw(struct json *json, struct hb_str bytes)
{
    if (!json->err)
        json->err = hb_buf_add(json->buf, bytes);
}

static void add_escaped(struct json *json, struct hb_str text)
{
    if (!json->err)
        json->err = hb_buf_add_json(json->buf, text);
}

/* lead is what stands before the value, up to its opening quote. */
static void add_text(struct json *json, struct hb_str lead, struct hb_str text)
{
    add_raw(json, lead);
    add_escaped(json, text);
    add_raw(json, HB_STR("\""));
}

static void add_optional(struct json *json, struct hb_str lead, struct hb_str text)
{
    if (text.len > 0)
        add_text(json, lead, text);
}

static void add_changed_list(struct json *json, struct hb_str changed)
{
    struct hb_str path, lead = HB_STR(",\"changed\":[\"");
    if (changed.len == 0)
        return;
    while (hb_str_split(&changed, ',', &path)) {
        add_text(json, lead, path);
        lead = HB_STR(",\"");
    }
    add_raw(json, HB_STR("]"));
}

/* The splice: data that passed the scan stands as it came; other data as base64. */
static void add_data(struct json *json, const struct hb_event *event)
{
    if (event->is_json) {
        add_raw(json, HB_STR(",\"data\":"));
        add_raw(json, event->data);
    } else {
        add_raw(json, HB_STR(",\"data_base64\":\""));
        if (!json->err)
            json->err = hb_base64_append(event->data, json->buf);
        add_raw(json, HB_STR("\""));
    }
    add_raw(json, HB_STR("}"));
}

static struct hb_str time_of(const struct hb_event *event, struct hb_wall appended, char scratch[HB_WALL_TEXT_MAX])
{
    return event->time.len > 0 ? event->time : hb_str_n(scratch, hb_wall_format(appended, scratch));
}

static void add_standard(struct json *json, const struct hb_event *event, struct hb_str time)
{
    add_text(json, HB_STR("{\"type\":\""), event->type);
    add_text(json, HB_STR(",\"timestamp\":\""), time);
    add_text(json, HB_STR(",\"id\":\""), event->id);
    add_text(json, HB_STR(",\"store\":\""), event->store);
    add_text(json, HB_STR(",\"subject\":\""), event->subject);
    add_changed_list(json, event->changed);
    if (!event->is_json)
        add_text(json, HB_STR(",\"content_type\":\""), event->content_type);
    add_data(json, event);
}

static void add_cloudevents(struct json *json, const struct hb_event *event, struct hb_str time)
{
    struct hb_str content_type = event->content_type.len > 0 ? event->content_type : HB_STR("application/json");
    add_text(json, HB_STR("{\"specversion\":\"1.0\",\"id\":\""), event->id);
    add_text(json, HB_STR(",\"source\":\"/stores/"), event->store);
    add_text(json, HB_STR(",\"type\":\""), event->type);
    add_text(json, HB_STR(",\"subject\":\""), event->subject);
    add_text(json, HB_STR(",\"time\":\""), time);
    add_text(json, HB_STR(",\"datacontenttype\":\""), content_type);
    add_optional(json, HB_STR(",\"changed\":\""), event->changed);
    add_optional(json, HB_STR(",\"sequence\":\""), event->sequence);
    add_optional(json, HB_STR(",\"traceparent\":\""), event->traceparent);
    add_optional(json, HB_STR(",\"foreignid\":\""), event->foreign_id);
    add_data(json, event);
}

bool hb_render_is_data(enum hb_format format)
{
    return format == HB_FORMAT_DATA || format == HB_FORMAT_CLOUDEVENTS_BINARY;
}

enum hb_err hb_render_body(enum hb_format format, const struct hb_event *event, struct hb_wall appended,
                           struct hb_buf *ret_body)
{
    if (hb_render_is_data(format))
        return HB_OK;
    char scratch[HB_WALL_TEXT_MAX];
    size_t before = ret_body->len;
    struct hb_str time = time_of(event, appended, scratch);
    struct json json = {ret_body, hb_buf_reserve(ret_body, event->data.len + 256)};
    if (json.err == HB_ERR_FULL)
        json.err = HB_OK; /* the guess was too large; what is added will tell */
    if (format == HB_FORMAT_STANDARD)
        add_standard(&json, event, time);
    else
        add_cloudevents(&json, event, time);
    if (json.err)
        ret_body->len = before;
    return json.err;
}

struct headers {
    struct hb_name_value *list;
    size_t count;
    struct hb_buf *encoded;
};

static void add_header(struct headers *headers, struct hb_str name, struct hb_str value)
{
    if (value.len == 0)
        return;
    HB_ASSERT(headers->count < HB_RENDER_HEADERS_MAX);
    headers->list[headers->count++] = (struct hb_name_value){name, value};
}

/* CloudEvents HTTP binding 3.1.3.2: space, quote, percent and all beyond visible ASCII. */
static bool must_encode(unsigned char c)
{
    return c <= 0x20 || c == '"' || c == '%' || c >= 0x7F;
}

/* The room was reserved: nothing here fails or moves the buffer. */
static struct hb_str percent_encode(struct hb_buf *encoded, struct hb_str value)
{
    size_t start = encoded->len;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        HB_ASSERT(encoded->len + 4 <= encoded->capacity);
        if (!must_encode(c)) {
            encoded->ptr[encoded->len++] = (char)c;
            continue;
        }
        encoded->ptr[encoded->len++] = '%';
        encoded->ptr[encoded->len++] = "0123456789ABCDEF"[c >> 4];
        encoded->ptr[encoded->len++] = "0123456789ABCDEF"[c & 15];
    }
    encoded->ptr[encoded->len] = '\0';
    return hb_str_n(encoded->ptr + start, encoded->len - start);
}

static struct hb_str append_fixed(struct hb_buf *encoded, struct hb_str a, struct hb_str b)
{
    size_t start = encoded->len;
    HB_ASSERT(start + a.len + b.len < encoded->capacity);
    memcpy(encoded->ptr + start, a.ptr, a.len);
    memcpy(encoded->ptr + start + a.len, b.ptr, b.len);
    encoded->len += a.len + b.len;
    encoded->ptr[encoded->len] = '\0';
    return hb_str_n(encoded->ptr + start, a.len + b.len);
}

static void add_binary(struct headers *headers, const struct hb_event *event, struct hb_wall appended)
{
    char scratch[HB_WALL_TEXT_MAX];
    struct hb_str time = time_of(event, appended, scratch);
    add_header(headers, HB_STR("ce-specversion"), HB_STR("1.0"));
    add_header(headers, HB_STR("ce-id"), event->id);
    add_header(headers, HB_STR("ce-source"), append_fixed(headers->encoded, HB_STR("/stores/"), event->store));
    add_header(headers, HB_STR("ce-type"), event->type);
    add_header(headers, HB_STR("ce-subject"), percent_encode(headers->encoded, event->subject));
    add_header(headers, HB_STR("ce-time"), percent_encode(headers->encoded, time));
    add_header(headers, HB_STR("ce-changed"), event->changed);
    add_header(headers, HB_STR("ce-sequence"), event->sequence);
    add_header(headers, HB_STR("ce-traceparent"), event->traceparent);
    add_header(headers, HB_STR("ce-foreignid"), percent_encode(headers->encoded, event->foreign_id));
}

static struct hb_str content_type_of(enum hb_format format, const struct hb_event *event)
{
    if (format == HB_FORMAT_CLOUDEVENTS)
        return HB_STR("application/cloudevents+json; charset=utf-8");
    if (format == HB_FORMAT_STANDARD || event->content_type.len == 0)
        return HB_STR("application/json");
    return event->content_type;
}

enum hb_err hb_render_headers(enum hb_format format, const struct hb_event *event, struct hb_wall appended,
                              struct hb_buf *encoded, struct hb_name_value ret_headers[HB_RENDER_HEADERS_MAX],
                              size_t *ret_count)
{
    struct headers headers = {.list = ret_headers, .encoded = encoded};
    if (format == HB_FORMAT_CLOUDEVENTS_BINARY) {
        enum hb_err err = hb_buf_reserve(encoded, FIXED_BYTES_MAX + 3 * (event->subject.len + event->foreign_id.len));
        if (err)
            return err;
    }
    add_header(&headers, HB_STR("Content-Type"), content_type_of(format, event));
    add_header(&headers, HB_STR("Hookbus-Event-Type"), event->type);
    add_header(&headers, HB_STR("Hookbus-Store"), event->store);
    add_header(&headers, HB_STR("traceparent"), event->traceparent);
    if (format == HB_FORMAT_CLOUDEVENTS_BINARY)
        add_binary(&headers, event, appended);
    *ret_count = headers.count;
    return HB_OK;
}
