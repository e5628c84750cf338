#include "history/model_line.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/words.h"

#include <stddef.h>

#define NUMBER_DIGITS_MAX 15

/* A text member by its place in the struct. */
static const struct {
    const char *name;
    size_t place;
} TEXTS[] = {
    {"outcome", offsetof(struct hb_model_line, outcome)},   {"reason", offsetof(struct hb_model_line, reason)},
    {"store", offsetof(struct hb_model_line, store)},       {"webhook", offsetof(struct hb_model_line, webhook)},
    {"delivery", offsetof(struct hb_model_line, delivery)}, {"event", offsetof(struct hb_model_line, event)},
    {"type", offsetof(struct hb_model_line, type)},         {"subject", offsetof(struct hb_model_line, subject)},
    {"topic", offsetof(struct hb_model_line, topic)},       {"replay", offsetof(struct hb_model_line, replay)},
    {"worker", offsetof(struct hb_model_line, worker)},
};
static const struct {
    const char *name;
    size_t place;
    int scale; /* decimals that are kept */
} NUMBERS[] = {
    {"partition", offsetof(struct hb_model_line, partition), 0}, {"offset", offsetof(struct hb_model_line, offset), 0},
    {"attempt", offsetof(struct hb_model_line, attempt), 0},     {"status", offsetof(struct hb_model_line, status), 0},
    {"ms", offsetof(struct hb_model_line, us), 3},               {"window", offsetof(struct hb_model_line, window), 0},
};

/* A plain number without sign or exponent, as such lines have them, times 10^scale; -1 for any other. */
static int64_t number_of(struct hb_str raw, int scale)
{
    int64_t value = 0;
    bool is_fraction = false;
    for (size_t i = 0; i < raw.len && (!is_fraction || scale > 0); i++) {
        char c = raw.ptr[i];
        if (c == '.' && !is_fraction) {
            is_fraction = true;
        } else if (c >= '0' && c <= '9' && i < NUMBER_DIGITS_MAX) {
            value = value * 10 + (c - '0');
            scale -= is_fraction;
        } else {
            return -1;
        }
    }
    for (; scale > 0; scale--) {
        value *= 10;
    }
    return raw.len > 0 ? value : -1;
}

static struct hb_str text_of(struct hb_cursor value, struct hb_buf *scratch)
{
    struct hb_str raw = hb_cursor_text(value);
    size_t at = scratch->len;
    if (!memchr(raw.ptr, '\\', raw.len)) {
        return raw;
    }
    /* The scratch was reserved for the whole line: what is unescaped is never longer, and nothing moves. */
    return hb_cursor_unescape(raw, scratch) ? raw : hb_str_n(scratch->ptr + at, scratch->len - at);
}

static void take_text(struct hb_model_line *line, struct hb_str name, struct hb_cursor value, struct hb_buf *scratch)
{
    int text = HB_WORDS_FIND_ROW(TEXTS, name, name);
    if (text >= 0) {
        *(struct hb_str *)(void *)((char *)line + TEXTS[text].place) = text_of(value, scratch);
    }
}

static void take_number(struct hb_model_line *line, struct hb_str name, struct hb_str raw)
{
    int number = HB_WORDS_FIND_ROW(NUMBERS, name, name);
    if (number >= 0) {
        *(int64_t *)(void *)((char *)line + NUMBERS[number].place) = number_of(raw, NUMBERS[number].scale);
    }
}

bool hb_model_line_read(struct hb_str text, struct hb_buf *scratch, struct hb_model_line *ret_line)
{
    struct hb_model_line line = {.partition = -1, .offset = -1, .attempt = -1, .status = -1, .window = -1, .us = -1};
    size_t at = 0, state = 0;
    struct hb_str name;
    struct hb_cursor value;
    bool has_at = false, is_known = false;
    hb_buf_clear(scratch);
    if (hb_json_scan(text, &at) || hb_buf_reserve(scratch, text.len)) {
        return false;
    }
    struct hb_cursor root = hb_cursor_root(text);
    while (root.kind == HB_CURSOR_OBJECT && hb_cursor_next(root, &state, &name, &value)) {
        if (hb_str_eq(name, HB_STR("v"))) {
            is_known = hb_str_eq(value.raw, HB_STR("1"));
        } else if (hb_str_eq(name, HB_STR("at")) && value.kind == HB_CURSOR_STRING) {
            has_at = hb_wall_parse(hb_cursor_text(value), &line.at) == HB_OK;
        } else if (value.kind == HB_CURSOR_STRING) {
            take_text(&line, name, value, scratch);
        } else if (value.kind == HB_CURSOR_NUMBER) {
            take_number(&line, name, value.raw);
        }
    }
    *ret_line = line;
    return is_known && has_at && line.outcome.len > 0;
}
