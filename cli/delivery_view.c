#include "cli/delivery_view.h"

#include "cli/event_view.h"
#include "cli/resource.h"
#include "core/json_cursor.h"
#include "core/words.h"

#define TEXT_MAX 8192
#define BODY_COLUMNS 200

const struct hb_column hb_delivery_columns[HB_DELIVERY_COLUMNS_COUNT] = {
    {"EVENT AT", HB_COLUMN_CUT}, {"STATE", 0}, {"TRIES", HB_COLUMN_RIGHT}, {"REASON", HB_COLUMN_CUT},
    {"DUE", HB_COLUMN_CUT},      {"SUBJECT", HB_COLUMN_CUT}, {"WEBHOOK", HB_COLUMN_CUT}, {"DELIVERY", 0},
};

/* "2026-11-22 08:49:01" of an RFC 3339 time: milliseconds and zone are in --json. */
static struct hb_str short_time(struct hb_str time, struct hb_buf *scratch)
{
    size_t at = scratch->len;

    if (time.len < 19 || hb_buf_addf(scratch, "%.10s %.8s", time.ptr, time.ptr + 11)) {
        return time;
    }
    return hb_str_n(scratch->ptr + at, scratch->len - at);
}

enum hb_err hb_delivery_view_add(struct hb_table *table, const struct hb_json *item)
{
    struct hb_buf scratch = hb_buf_make(512);
    struct hb_str appended = hb_json_text_or(item, "appended", ""), cells[HB_DELIVERY_COLUMNS_COUNT];
    int64_t attempts = 0;
    enum hb_err err = hb_buf_reserve(&scratch, 512);

    (void)hb_json_int(hb_json_get(item, "attempts"), &attempts);
    err = err ? err : hb_buf_addf(&scratch, "%lld", (long long)attempts);
    cells[2] = hb_buf_str(&scratch);
    cells[0] = short_time(appended.len ? appended : hb_json_text_or(item, "changed", ""), &scratch);
    cells[1] = hb_json_text_or(item, "state", "");
    cells[3] = hb_json_text_or(item, "reason", "");
    cells[4] = short_time(hb_json_text_or(item, "due", ""), &scratch);
    cells[5] = hb_json_text_or(item, "subject", "");
    cells[6] = hb_json_text_or(item, "webhook", "");
    cells[7] = hb_json_text_or(item, "delivery", "");
    err = err ? err : hb_table_add(table, cells);
    hb_buf_deinit(&scratch);
    return err;
}

/* ---- one, whole ---- */

static void print_clean(const struct hb_output *output, const char *before, struct hb_str text)
{
    struct hb_buf clean = hb_buf_make(4 * TEXT_MAX);

    if (text.len > 0 && !hb_output_clean(output, text, &clean)) {
        hb_output_line(output, "%s%.*s", before, HB_ARG(hb_output_cut(hb_buf_str(&clean), BODY_COLUMNS)));
    }
    hb_buf_deinit(&clean);
}

static void print_member(const struct hb_output *output, const struct hb_json *item)
{
    struct hb_buf raw = hb_buf_make(TEXT_MAX), before = hb_buf_make(128);
    struct hb_str text = {NULL, 0};

    if (!hb_json_str(item, &text) && !hb_json_print(item, &raw)) {
        text = hb_buf_str(&raw);
    }
    if (!hb_buf_addf(&before, "%-13.*s", HB_ARG(hb_json_name(item))) && !hb_buf_add_char(&before, '\0')) {
        print_clean(output, before.ptr, text);
    }
    hb_buf_deinit(&raw);
    hb_buf_deinit(&before);
}

static bool is_shown_apart(struct hb_str name)
{
    static const char *const APART[] = {"lines", "event_record", "complete", "percent", "trouble"};

    return HB_WORDS_FIND(APART, name) >= 0;
}

static void print_event(const struct hb_output *output, const struct hb_json *event, struct hb_str text)
{
    struct hb_str missing = hb_json_text_or(event, "missing", "");

    if (!event) {
        hb_output_line(output, "event: its data is shown only with a key of scope read:data");
    } else if (missing.len > 0) {
        hb_output_line(output, "event: %.*s", HB_ARG(missing));
    } else {
        hb_output_line(output, "event:");
        hb_resource_print_as_sent(output, event,
                                  hb_cursor_member(hb_cursor_root(text), HB_STR("event_record")).raw);
    }
}

void hb_delivery_view_show(const struct hb_output *output, const struct hb_json *answer, struct hb_str text)
{
    const struct hb_json *line = hb_json_first(hb_json_get(answer, "lines"));

    for (const struct hb_json *item = hb_json_first(answer); item; item = hb_json_next(item)) {
        if (!is_shown_apart(hb_json_name(item))) {
            print_member(output, item);
        }
    }
    print_event(output, hb_json_get(answer, "event_record"), text);
    hb_output_line(output, line ? "attempts:" : "attempts: none yet");
    for (; line; line = hb_json_next(line)) {
        hb_event_view_line(output, line, "  ");
        print_clean(output, "      it said: ", hb_json_text_or(line, "body", ""));
        print_clean(output, "      it leads to: ", hb_json_text_or(line, "location", ""));
        print_clean(output, "      ", hb_json_text_or(line, "detail", ""));
    }
}

/* ---- small things ---- */

uint64_t hb_delivery_view_counts(const struct hb_json *counts, struct hb_buf *ret_text)
{
    uint64_t sum = 0;
    int64_t count = 0;

    for (const struct hb_json *item = hb_json_first(counts); item; item = hb_json_next(item)) {
        if (hb_json_int(item, &count) && count > 0 &&
            !hb_buf_addf(ret_text, "%s%lld %.*s", sum ? ", " : "", (long long)count, HB_ARG(hb_json_name(item)))) {
            sum += (uint64_t)count;
        }
    }
    return sum;
}

void hb_delivery_view_note(const struct hb_output *output, const struct hb_json *answer)
{
    bool is_complete = true;
    int64_t percent = 0;
    struct hb_str trouble = hb_json_text_or(answer, "trouble", "");

    if (hb_json_bool(hb_json_get(answer, "complete"), &is_complete) && !is_complete) {
        (void)hb_json_int(hb_json_get(answer, "percent"), &percent);
        hb_output_note(output, "not complete: the read model is being made from Kafka, %d %% so far", (int)percent);
    }
    if (trouble.len > 0) {
        hb_output_note(output, "perhaps old: %.*s", HB_ARG(trouble));
    }
}
