#include "cli/event_view.h"

#include "core/json_cursor.h"

#define DELIVERIES_MAX 256
#define SUMMARY_MAX 2048

struct hb_str hb_event_view_clock(struct hb_str time)
{
    const char *t = time.len > 0 ? memchr(time.ptr, 'T', time.len) : NULL;
    size_t from = t ? (size_t)(t - time.ptr) + 1 : 0;

    return t && time.len - from >= 9 ? hb_str_n(time.ptr + from, time.len - from - 1) : time;
}

/* ---- deliveries ---- */

static struct hb_str text_of(const struct hb_json *object, const char *name)
{
    struct hb_str text = {"", 0};

    (void)hb_json_str(hb_json_get(object, name), &text);
    return text;
}

/* Whether a later line tells of the same delivery. */
static bool is_superseded(const struct hb_json *line)
{
    struct hb_str webhook = text_of(line, "webhook");

    for (const struct hb_json *later = hb_json_next(line); later; later = hb_json_next(later)) {
        if (hb_str_eq(text_of(later, "webhook"), webhook)) {
            return true;
        }
    }
    return false;
}

struct hb_str hb_event_view_state(const struct hb_json *deliveries, struct hb_buf *scratch)
{
    static const char *const OUTCOMES[] = {"delivered", "failed",  "parked",    "dead",      "held",
                                           "skipped",   "expired", "cancelled", "unreadable"};
    size_t counts[sizeof(OUTCOMES) / sizeof(OUTCOMES[0])] = {0}, from = scratch->len;

    for (const struct hb_json *line = hb_json_first(deliveries); line; line = hb_json_next(line)) {
        for (size_t i = 0; i < sizeof(OUTCOMES) / sizeof(OUTCOMES[0]) && !is_superseded(line); i++) {
            counts[i] += hb_str_eq(text_of(line, "outcome"), hb_str_c(OUTCOMES[i])) ? 1 : 0;
        }
    }
    for (size_t i = 0; i < sizeof(OUTCOMES) / sizeof(OUTCOMES[0]); i++) {
        if (counts[i] > 0 &&
            hb_buf_addf(scratch, "%s%zu %s", scratch->len > from ? ", " : "", counts[i], OUTCOMES[i])) {
            break;
        }
    }
    if (scratch->len == from && hb_buf_add(scratch, HB_STR("nobody yet"))) {
        return HB_STR("");
    }
    return hb_str_n(scratch->ptr + from, scratch->len - from);
}

void hb_event_view_line(const struct hb_output *output, const struct hb_json *line, const char *indent)
{
    struct hb_str outcome = text_of(line, "outcome"), reason = text_of(line, "reason"),
                  webhook = text_of(line, "webhook");
    bool is_good = hb_str_eq(outcome, HB_STR("delivered"));
    int64_t status = 0, attempt = 0;
    double ms = 0;
    struct hb_buf clean = hb_buf_make(SUMMARY_MAX);

    (void)hb_json_int(hb_json_get(line, "status"), &status);
    (void)hb_json_int(hb_json_get(line, "attempt"), &attempt);
    (void)hb_json_number(hb_json_get(line, "ms"), &ms);
    if (hb_buf_addf(&clean, "%.*s %.*s%s%.*s", HB_ARG(outcome),
                    HB_ARG(webhook.len ? webhook : HB_STR("(the event itself)")), reason.len ? " " : "",
                    HB_ARG(reason)) ||
        (status > 0 && hb_buf_addf(&clean, " status %d", (int)status)) ||
        (attempt > 0 && hb_buf_addf(&clean, " attempt %d in %.1f ms", (int)attempt, ms))) {
        hb_buf_clear(&clean);
    }
    hb_output_line(output, "%s%.*s %s %.*s", indent, HB_ARG(hb_event_view_clock(text_of(line, "at"))),
                   hb_output_mark(output, is_good ? HB_MARK_OK : HB_MARK_WARN), HB_ARG(hb_buf_str(&clean)));
    hb_buf_deinit(&clean);
}

/* ---- data ---- */

static const char *const TELLING[] = {"number",     "name",       "email",     "status",   "total", "price",
                                      "sale_price", "currency",   "available", "quantity", "stock", "sku",
                                      "reference",  "first_name", "last_name", "id"};
#define TELLING_COUNT (sizeof(TELLING) / sizeof(TELLING[0]))

static bool is_scalar(struct hb_cursor value)
{
    return value.kind == HB_CURSOR_STRING || value.kind == HB_CURSOR_NUMBER || value.kind == HB_CURSOR_BOOL;
}

/* " name=value", unless that would be too wide. */
static enum hb_err add_pair(const struct hb_output *output, struct hb_str name, struct hb_cursor value, size_t columns,
                            struct hb_buf *ret_text)
{
    struct hb_buf plain = hb_buf_make(SUMMARY_MAX), pair = hb_buf_make(SUMMARY_MAX);
    enum hb_err err = value.kind == HB_CURSOR_STRING ? hb_cursor_unescape(hb_cursor_text(value), &plain)
                                                     : hb_buf_add(&plain, value.raw);

    if (err == HB_ERR_FULL) {
        hb_buf_deinit(&plain);
        return HB_OK;
    }
    err = err ? err : hb_buf_addf(&pair, "%s%.*s=", ret_text->len > 0 ? " " : "", HB_ARG(name));
    err = err ? err : hb_output_clean(output, hb_buf_str(&plain), &pair);
    if (!err && hb_output_columns(hb_buf_str(ret_text)) + hb_output_columns(hb_buf_str(&pair)) <= columns) {
        err = hb_buf_add(ret_text, hb_buf_str(&pair));
    }
    hb_buf_deinit(&plain);
    hb_buf_deinit(&pair);
    return err == HB_ERR_FULL ? HB_OK : err;
}

enum hb_err hb_event_view_data(const struct hb_output *output, struct hb_str data, size_t columns,
                               struct hb_buf *ret_text)
{
    struct hb_cursor root = hb_cursor_root(data), value;
    struct hb_str name;
    size_t state = 0;
    enum hb_err err = HB_OK;

    if (root.kind != HB_CURSOR_OBJECT) {
        return hb_output_clean(output, hb_output_cut(root.raw, columns), ret_text);
    }
    for (size_t i = 0; i < TELLING_COUNT && !err; i++) {
        value = hb_cursor_member(root, hb_str_c(TELLING[i]));
        err = is_scalar(value) ? add_pair(output, hb_str_c(TELLING[i]), value, columns, ret_text) : HB_OK;
    }
    while (!err && ret_text->len == 0 && hb_cursor_next(root, &state, &name, &value)) {
        err = is_scalar(value) ? add_pair(output, name, value, columns, ret_text) : HB_OK;
    }
    return err;
}
