#include "core/attempt_line.h"

/* Writes into memory reserved beforehand; texts are escaped through hb_buf, which checks. Errors stick. */
struct out {
    struct hb_buf *buf;
    enum hb_err err;
};

static void raw(struct out *out, struct hb_str bytes)
{
    if (!out->err)
        out->err = hb_buf_add(out->buf, bytes);
}

static void text(struct out *out, struct hb_str prefix, struct hb_str value)
{
    if (value.len == 0 || out->err)
        return;
    raw(out, prefix); /* ,"name":" */
    if (!out->err)
        out->err = hb_buf_add_json(out->buf, value);
    raw(out, HB_STR("\""));
}

static size_t digits(char *end, uint64_t value)
{
    char *p = end;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    return (size_t)(end - p);
}

static void number(struct out *out, struct hb_str prefix, int64_t value)
{
    if (value < 0)
        return;
    char room[20];
    raw(out, prefix);
    size_t len = digits(room + sizeof room, (uint64_t)value);
    raw(out, hb_str_n(room + sizeof room - len, len));
}

/* Microseconds as milliseconds with three decimals. */
static void millis(struct out *out, struct hb_str prefix, int64_t us)
{
    if (us < 0)
        return;
    number(out, prefix, us / HB_US_PER_MS);
    int rest = (int)(us % HB_US_PER_MS);
    char fraction[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    raw(out, hb_str_n(fraction, sizeof fraction));
}

static void where(struct out *out, const struct hb_attempt_line *line)
{
    text(out, HB_STR(",\"topic\":\""), line->topic);
    number(out, HB_STR(",\"partition\":"), line->partition);
    number(out, HB_STR(",\"offset\":"), line->offset);
}

static void what(struct out *out, const struct hb_attempt_line *line)
{
    text(out, HB_STR(",\"store\":\""), line->store);
    text(out, HB_STR(",\"webhook\":\""), line->webhook);
    text(out, HB_STR(",\"delivery\":\""), line->delivery);
    text(out, HB_STR(",\"event\":\""), line->event);
    text(out, HB_STR(",\"type\":\""), line->type);
    text(out, HB_STR(",\"subject\":\""), line->subject);
}

static void attempt(struct out *out, const struct hb_attempt_line *line)
{
    if (line->attempt > 0)
        number(out, HB_STR(",\"attempt\":"), line->attempt);
    if (line->status > 0)
        number(out, HB_STR(",\"status\":"), line->status);
    millis(out, HB_STR(",\"ms\":"), line->duration_us);
    millis(out, HB_STR(",\"connect_ms\":"), line->connect_us);
    if (line->retry_after_ms >= 0)
        number(out, HB_STR(",\"retry_after_s\":"), (line->retry_after_ms + 999) / HB_MS_PER_S);
    text(out, HB_STR(",\"address\":\""), line->address);
    if (line->window > 0)
        number(out, HB_STR(",\"window\":"), line->window);
}

static enum hb_err add(struct hb_buf *buf, const struct hb_attempt_line *line, bool is_whole)
{
    struct out out = {buf, HB_OK};
    char at[HB_WALL_TEXT_MAX];
    size_t at_len = hb_wall_format(line->at, at);
    raw(&out, HB_STR("{\"v\":1,\"at\":\""));
    raw(&out, hb_str_n(at, at_len));
    raw(&out, HB_STR("\",\"outcome\":\""));
    raw(&out, line->outcome);
    raw(&out, HB_STR("\""));
    text(&out, HB_STR(",\"reason\":\""), line->reason);
    what(&out, line);
    attempt(&out, line);
    if (is_whole) {
        text(&out, HB_STR(",\"location\":\""), line->location);
        text(&out, HB_STR(",\"detail\":\""), line->detail);
        text(&out, HB_STR(",\"body\":\""), line->body);
    }
    where(&out, line);
    text(&out, HB_STR(",\"replay\":\""), line->replay);
    text(&out, HB_STR(",\"worker\":\""), line->worker);
    raw(&out, HB_STR("}\n"));
    return out.err;
}

enum hb_err hb_attempt_line_add(struct hb_buf *buf, const struct hb_attempt_line *line)
{
    size_t before = buf->len;
    enum hb_err err = add(buf, line, true);
    if (err == HB_ERR_FULL || (!err && buf->len - before > HB_LINE_BYTES_MAX)) {
        buf->len = before;
        err = add(buf, line, false);
    }
    if (err)
        buf->len = before;
    return err;
}
