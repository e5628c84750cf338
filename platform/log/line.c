#include "platform/log/log_internal.h"

/* Room kept for what ends a line. */
#define TAIL_CUT ",\"cut\":true}\n"
#define TAIL "}\n"
/* Contexts nest a few deep; more is a bug, and is cut. */
#define DEPTH_MAX 16

static enum hb_err add_name(struct hb_buf *buf, const char *name)
{
    enum hb_err err = hb_buf_add(buf, HB_STR(",\""));
    if (err) {
        return err;
    }
    err = hb_buf_add_json(buf, hb_str_c(name));
    return err ? err : hb_buf_add(buf, HB_STR("\":"));
}

static enum hb_err add_value(struct hb_buf *buf, const struct hb_log_field *field)
{
    enum hb_err err = HB_OK;
    switch (field->kind) {
    case HB_LOG_FIELD_INT:
        return hb_buf_addf(buf, "%lld", (long long)field->integer);
    case HB_LOG_FIELD_BOOL:
        return hb_buf_add(buf, field->integer ? HB_STR("true") : HB_STR("false"));
    case HB_LOG_FIELD_STR:
    default:
        err = hb_buf_add_char(buf, '"');
        err = err ? err : hb_buf_add_json(buf, field->text);
        return err ? err : hb_buf_add_char(buf, '"');
    }
}

/* Adds one field whole, or takes it back. */
static enum hb_err add_field(struct hb_buf *buf, size_t end_max, const struct hb_log_field *field, bool *is_cut)
{
    if (!field->name) {
        return HB_OK;
    }
    size_t before = buf->len;
    enum hb_err err = HB_ERR_FULL;
    if (field->text.len < HB_LOG_LINE_BYTES_MAX) {
        err = add_name(buf, field->name);
        err = err ? err : add_value(buf, field);
    }
    if (err || buf->len > end_max) {
        buf->len = before;
        *is_cut = true;
    }
    return err == HB_ERR_MEMORY ? err : HB_OK;
}

static enum hb_err add_contexts(struct hb_buf *buf, size_t end_max, const struct hb_log_context *context, bool *is_cut)
{
    const struct hb_log_context *path[DEPTH_MAX];
    size_t depth = 0;
    for (; context && depth < DEPTH_MAX; context = context->parent) {
        path[depth++] = context;
    }
    while (depth > 0) {
        const struct hb_log_context *outer = path[--depth];
        for (size_t i = 0; i < HB_LOG_CONTEXT_FIELDS; i++) {
            enum hb_err err = add_field(buf, end_max, &outer->fields[i], is_cut);
            if (err) {
                return err;
            }
        }
    }
    return HB_OK;
}

enum hb_err hb_log_line_add(struct hb_buf *buf, const struct hb_log_line *line, const struct hb_log_context *context,
                            const struct hb_log_field *fields, size_t count)
{
    size_t end_max = buf->len + HB_LOG_LINE_BYTES_MAX - sizeof(TAIL_CUT);
    bool is_cut = false;
    char at[HB_WALL_TEXT_MAX];
    (void)hb_wall_format(line->at, at);
    enum hb_err err =
        hb_buf_addf(buf, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", at, line->level, line->event);
    err = err ? err : add_contexts(buf, end_max, context, &is_cut);
    for (size_t i = 0; i < count && !err; i++) {
        err = add_field(buf, end_max, &fields[i], &is_cut);
    }
    return err ? err : hb_buf_add(buf, is_cut ? HB_STR(TAIL_CUT) : HB_STR(TAIL));
}
