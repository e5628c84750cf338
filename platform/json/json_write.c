#include "platform/json/json.h"

#include <inttypes.h>

#define DEPTH_MAX (sizeof((struct hb_json_writer *)0)->has_item / sizeof(bool))

struct hb_json_writer hb_json_write(struct hb_buf *buf)
{
    return (struct hb_json_writer){.buf = buf, .err = HB_OK};
}

static void put(struct hb_json_writer *w, struct hb_str bytes)
{
    if (!w->err)
        w->err = hb_buf_add(w->buf, bytes);
}

static void put_quoted(struct hb_json_writer *w, struct hb_str text)
{
    put(w, HB_STR("\""));
    if (!w->err)
        w->err = hb_buf_add_json(w->buf, text);
    put(w, HB_STR("\""));
}

/* The comma and the name that stand before a value. */
static void begin_value(struct hb_json_writer *w, const char *name)
{
    if (w->has_item[w->depth])
        put(w, HB_STR(","));
    w->has_item[w->depth] = true;
    if (!name)
        return;
    put_quoted(w, hb_str_c(name));
    put(w, HB_STR(":"));
}

static void open_container(struct hb_json_writer *w, const char *name, struct hb_str bracket)
{
    begin_value(w, name);
    put(w, bracket);
    HB_ASSERT(w->depth + 1 < DEPTH_MAX);
    w->depth++;
    w->has_item[w->depth] = false;
}

static void close_container(struct hb_json_writer *w, struct hb_str bracket)
{
    HB_ASSERT(w->depth > 0);
    w->depth--;
    put(w, bracket);
}

void hb_json_object(struct hb_json_writer *w, const char *name)
{
    open_container(w, name, HB_STR("{"));
}

void hb_json_array(struct hb_json_writer *w, const char *name)
{
    open_container(w, name, HB_STR("["));
}

void hb_json_close_object(struct hb_json_writer *w)
{
    close_container(w, HB_STR("}"));
}

void hb_json_close_array(struct hb_json_writer *w)
{
    close_container(w, HB_STR("]"));
}

void hb_json_add_str(struct hb_json_writer *w, const char *name, struct hb_str value)
{
    begin_value(w, name);
    put_quoted(w, value);
}

void hb_json_add_int(struct hb_json_writer *w, const char *name, int64_t value)
{
    begin_value(w, name);
    if (!w->err)
        w->err = hb_buf_addf(w->buf, "%" PRId64, value);
}

void hb_json_add_bool(struct hb_json_writer *w, const char *name, bool value)
{
    begin_value(w, name);
    put(w, value ? HB_STR("true") : HB_STR("false"));
}

void hb_json_add_null(struct hb_json_writer *w, const char *name)
{
    begin_value(w, name);
    put(w, HB_STR("null"));
}

void hb_json_add_raw(struct hb_json_writer *w, const char *name, struct hb_str json)
{
    begin_value(w, name);
    put(w, json);
}

void hb_json_add_wall(struct hb_json_writer *w, const char *name, struct hb_wall at)
{
    char text[HB_WALL_TEXT_MAX];
    size_t length = hb_wall_format(at, text);
    hb_json_add_str(w, name, hb_str_n(text, length));
}

enum hb_err hb_json_end(const struct hb_json_writer *w)
{
    HB_ASSERT(w->depth == 0);
    return w->err;
}
