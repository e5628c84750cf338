#include "core/event_json.h"

#include "core/base64.h"

#define NAME_SHOWN_MAX 64 /* bytes of an unknown member's name that a problem shows */

/* The members either form knows, and which of the two. */
enum member {
    ID,
    TYPE,
    SUBJECT,
    TIME,
    CHANGED,
    SEQUENCE,
    TRACEPARENT,
    CONTENT_TYPE,
    DATA,
    DATA_BASE64,
    SPECVERSION,
    SOURCE,
    MEMBER_COUNT
};
enum form { OURS, CLOUDEVENT, FORM_COUNT };

static const char *const names[FORM_COUNT][MEMBER_COUNT] = {
    [OURS] = {"id", "type", "subject", "time", "changed", "sequence", "traceparent", "content_type", "data",
              "data_base64", NULL, NULL},
    [CLOUDEVENT] = {"id", "type", "subject", "time", "changed", "sequence", "traceparent", "datacontenttype", "data",
                    "data_base64", "specversion", "source"},
};

struct reader {
    enum form form;
    struct hb_buf *scratch;
    struct hb_event_problem *problem;
    struct hb_cursor members[MEMBER_COUNT]; /* kind NONE: absent */
};

static enum hb_err refuse(struct reader *r, const char *slug, const char *field, const char *should)
{
    *r->problem = (struct hb_event_problem){slug, field, should};
    return HB_ERR_INVALID;
}

static int find_member(enum form form, struct hb_str raw)
{
    for (int i = 0; i < MEMBER_COUNT; i++)
        if (names[form][i] && hb_cursor_text_eq(raw, hb_str_c(names[form][i])))
            return i;
    return -1;
}

/* The first bytes of a name, as it was written, kept in scratch; our own words if there is no room. */
static enum hb_err refuse_unknown(struct reader *r, struct hb_str raw)
{
    const char *field = "a member";
    size_t start = r->scratch->len, shown = raw.len < NAME_SHOWN_MAX ? raw.len : NAME_SHOWN_MAX;
    while (shown < raw.len && shown > 0 && ((unsigned char)raw.ptr[shown] & 0xC0) == 0x80)
        shown--; /* never half a character */
    if (hb_buf_add(r->scratch, hb_str_n(raw.ptr, shown)) == HB_OK && hb_buf_add_char(r->scratch, '\0') == HB_OK)
        field = r->scratch->ptr + start;
    return refuse(r, "unknown_member", field,
                  "only id, type, subject, time, changed, sequence, traceparent, content_type, data, data_base64");
}

static enum hb_err gather(struct reader *r, struct hb_str item)
{
    struct hb_cursor root = hb_cursor_root(item), value;
    struct hb_str name;
    size_t state = 0;
    if (root.kind != HB_CURSOR_OBJECT)
        return refuse(r, "not_an_object", "event", "a JSON object");
    while (hb_cursor_next(root, &state, &name, &value)) {
        int member = find_member(r->form, name);
        if (member < 0 && r->form == OURS)
            return refuse_unknown(r, name);
        if (member < 0 || (value.kind == HB_CURSOR_NULL && r->form == CLOUDEVENT && member != DATA))
            continue;
        if (r->members[member].kind != HB_CURSOR_NONE)
            return refuse(r, "duplicate_member", names[r->form][member], "each member once");
        r->members[member] = value;
    }
    return HB_OK;
}

/* The text of a raw string body: the bytes themselves when nothing is escaped. The room in scratch was reserved. */
static enum hb_err text_of(struct reader *r, struct hb_cursor value, struct hb_str *ret_text)
{
    struct hb_str raw = hb_cursor_text(value);
    if (raw.len == 0 || !memchr(raw.ptr, '\\', raw.len)) {
        *ret_text = raw;
        return HB_OK;
    }
    size_t start = r->scratch->len;
    enum hb_err err = hb_cursor_unescape(raw, r->scratch);
    if (!err)
        *ret_text = hb_str_n(r->scratch->ptr + start, r->scratch->len - start);
    return err;
}

/* A string member; absent leaves *ret_text empty. A string that is there must say something. */
static enum hb_err read_text(struct reader *r, enum member member, struct hb_str *ret_text)
{
    struct hb_cursor value = r->members[member];
    if (value.kind == HB_CURSOR_NONE)
        return HB_OK;
    if (member == SEQUENCE && value.kind == HB_CURSOR_NUMBER) {
        *ret_text = value.raw; /* digits; whatever else a number may hold, hb_event_check refuses */
        return HB_OK;
    }
    if (value.kind != HB_CURSOR_STRING || value.raw.len == 2)
        return refuse(r, "invalid_member", names[r->form][member], "a string that is not empty");
    return text_of(r, value, ret_text);
}

static const char changed_should[] = "an array of paths such as \"price\" or \"stock.quantity\"";

/* Appends one path. Its grammar is asked here, unescaped, so that a comma in it does not make two of it. */
static enum hb_err add_path(struct reader *r, struct hb_cursor path)
{
    size_t start = r->scratch->len;
    if (path.kind != HB_CURSOR_STRING)
        return refuse(r, "invalid_changed", "changed", changed_should);
    enum hb_err err = hb_cursor_unescape(hb_cursor_text(path), r->scratch);
    if (!err && !hb_event_is_path(hb_str_n(r->scratch->ptr + start, r->scratch->len - start)))
        return refuse(r, "invalid_changed", "changed", changed_should);
    return err;
}

/* ["a", "b"] becomes "a,b". */
static enum hb_err read_changed_list(struct reader *r, struct hb_cursor list, struct hb_str *ret_changed)
{
    size_t state = 0, start = r->scratch->len;
    struct hb_cursor path;
    enum hb_err err = HB_OK;
    while (!err && hb_cursor_next(list, &state, NULL, &path)) {
        if (r->scratch->len > start)
            err = hb_buf_add_char(r->scratch, ',');
        if (!err)
            err = add_path(r, path);
    }
    if (!err && r->scratch->len > start)
        *ret_changed = hb_str_n(r->scratch->ptr + start, r->scratch->len - start);
    return err;
}

static enum hb_err read_changed(struct reader *r, struct hb_str *ret_changed)
{
    struct hb_cursor value = r->members[CHANGED];
    if (value.kind == HB_CURSOR_ARRAY)
        return read_changed_list(r, value, ret_changed);
    if (r->form == OURS && value.kind != HB_CURSOR_NONE)
        return refuse(r, "invalid_changed", "changed", changed_should);
    return read_text(r, CHANGED, ret_changed);
}

static enum hb_err read_base64(struct reader *r, struct hb_str *ret_data)
{
    struct hb_cursor value = r->members[DATA_BASE64];
    struct hb_str text;
    if (value.kind != HB_CURSOR_STRING)
        return refuse(r, "invalid_data", "data_base64", "a base64 string");
    enum hb_err err = text_of(r, value, &text);
    if (err)
        return err;
    size_t start = r->scratch->len;
    err = hb_base64_read_append(text, r->scratch);
    if (err == HB_ERR_INVALID)
        return refuse(r, "invalid_data", "data_base64", "a base64 string");
    if (!err)
        *ret_data = hb_str_n(r->scratch->ptr + start, r->scratch->len - start);
    return err;
}

static enum hb_err read_data(struct reader *r, struct hb_str content_type, struct hb_str *ret_data)
{
    struct hb_cursor data = r->members[DATA];
    bool has_base64 = r->members[DATA_BASE64].kind != HB_CURSOR_NONE;
    if (data.kind != HB_CURSOR_NONE && has_base64)
        return refuse(r, "duplicate_member", "data_base64", "either data or data_base64");
    if (has_base64)
        return read_base64(r, ret_data);
    if (data.kind == HB_CURSOR_NONE)
        return refuse(r, "missing_data", "data", "the event's data");
    if (hb_event_is_json_type(content_type)) {
        *ret_data = data.raw;
        return HB_OK;
    }
    if (data.kind != HB_CURSOR_STRING)
        return refuse(r, "invalid_data", "data", "a string, or data_base64, as the content type is not JSON");
    return text_of(r, data, ret_data);
}

static enum hb_err read_attributes(struct reader *r, struct hb_event *event)
{
    const struct {
        enum member member;
        struct hb_str *into;
    } texts[] = {{ID, &event->id},
                 {TYPE, &event->type},
                 {SUBJECT, &event->subject},
                 {TIME, &event->time},
                 {SEQUENCE, &event->sequence},
                 {TRACEPARENT, &event->traceparent},
                 {CONTENT_TYPE, &event->content_type}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum hb_err err = read_text(r, texts[i].member, texts[i].into);
        if (err)
            return err;
    }
    return read_changed(r, &event->changed);
}

/* Room for all that may have to be unescaped or decoded, once, so that no view moves. JSON data stays where it is;
 * base64 may stand there twice, unescaped ("\/") and decoded. */
static enum hb_err reserve(struct reader *r, struct hb_str item)
{
    size_t in_place = r->members[DATA].kind == HB_CURSOR_STRING ? 0 : r->members[DATA].raw.len;
    return hb_buf_reserve(r->scratch, item.len - in_place + r->members[DATA_BASE64].raw.len);
}

static enum hb_err read_event(struct reader *r, struct hb_str item, struct hb_event *ret_event)
{
    struct hb_event event = {.registry_stamp = HB_NO_STAMP};
    enum hb_err err = gather(r, item);
    if (!err)
        err = reserve(r, item);
    if (!err)
        err = read_attributes(r, &event);
    if (!err)
        err = read_data(r, event.content_type, &event.data);
    if (!err)
        *ret_event = event;
    return err;
}

enum hb_err hb_event_json_read(struct hb_str item, struct hb_buf *scratch, struct hb_event *ret_event,
                               struct hb_event_problem *ret_problem)
{
    struct reader r = {.form = OURS, .scratch = scratch, .problem = ret_problem};
    return read_event(&r, item, ret_event);
}

enum hb_err hb_event_json_read_cloudevent(struct hb_str item, struct hb_buf *scratch, struct hb_event *ret_event,
                                          struct hb_str *ret_source, struct hb_event_problem *ret_problem)
{
    struct reader r = {.form = CLOUDEVENT, .scratch = scratch, .problem = ret_problem};
    struct hb_event event;
    struct hb_str source = {NULL, 0};
    enum hb_err err = read_event(&r, item, &event);
    if (err)
        return err;
    struct hb_cursor version = r.members[SPECVERSION];
    if (version.kind != HB_CURSOR_STRING || !hb_cursor_text_eq(hb_cursor_text(version), HB_STR("1.0")))
        return refuse(&r, "invalid_specversion", "specversion", "\"1.0\"");
    err = read_text(&r, SOURCE, &source);
    if (err)
        return err;
    if (source.len == 0 || event.id.len == 0)
        return refuse(&r, "invalid_member", event.id.len == 0 ? "id" : "source", "a string that is not empty");
    *ret_event = event;
    *ret_source = source;
    return HB_OK;
}

bool hb_event_batch_init(struct hb_str text, struct hb_event_batch *ret_batch)
{
    struct hb_cursor root = hb_cursor_root(text);
    *ret_batch = (struct hb_event_batch){root, 0};
    return root.kind == HB_CURSOR_ARRAY;
}

bool hb_event_batch_next(struct hb_event_batch *batch, struct hb_str *ret_item)
{
    struct hb_cursor item;
    if (!hb_cursor_next(batch->array, &batch->state, NULL, &item))
        return false;
    *ret_item = item.raw;
    return true;
}
