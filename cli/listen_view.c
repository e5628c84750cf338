#include "cli/listen_view.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/event_view.h"
#include "core/json_cursor.h"
#include "core/json_scan.h"

#define SEEN_MAX 100000
#define KEY_BYTES_MAX 1024
#define LINE_BYTES_MAX ((size_t)64 * 1024)
#define SUMMARY_COLUMNS 60
#define SUMMARY_COLUMNS_MIN 20
#define LINE_HEAD_COLUMNS 75
#define TYPE_COLUMNS 18

enum hb_err hb_listen_view_init(struct hb_listen_view *view, const struct hb_output *output, const char *record,
                                struct hb_error *reterr)
{
    *view = (struct hb_listen_view){.output = output, .seen = HB_MAP_EMPTY};
    if (record) {
        view->record = fopen(record, "ae");
        if (!view->record) {
            return hb_fail(reterr, HB_ERR_IO, "%s cannot be written: %s", record, strerror(errno));
        }
    }
    return HB_OK;
}

void hb_listen_view_deinit(struct hb_listen_view *view)
{
    size_t state = 0;
    void *key;

    while ((key = hb_map_next(&view->seen, &state))) {
        free(key);
    }
    hb_map_deinit(&view->seen);
    if (view->record) {
        (void)fclose(view->record);
        view->record = NULL;
    }
}

/* Whether this path got this id before: a repeat, which a receiver has to expect and to drop. */
static bool is_repeat(struct hb_listen_view *view, const struct hb_received *received)
{
    struct hb_buf key = hb_buf_make(KEY_BYTES_MAX);
    char *copy;

    if (received->id.len == 0 || view->seen.count >= SEEN_MAX || hb_buf_add(&key, received->path) ||
        hb_buf_add_char(&key, '\n') || hb_buf_add(&key, received->id)) {
        hb_buf_deinit(&key);
        return false;
    }
    if (hb_map_get(&view->seen, hb_buf_str(&key))) {
        hb_buf_deinit(&key);
        return true;
    }
    copy = hb_str_dup(hb_buf_str(&key));
    if (copy && hb_map_put(&view->seen, hb_str_n(copy, key.len), copy)) {
        free(copy);
    }
    hb_buf_deinit(&key);
    return false;
}

/* What the body says of the event: "data" in our and CloudEvents' envelope, the body itself otherwise. */
struct looked {
    bool is_json;
    struct hb_str data, subject; /* subject raw, still escaped */
};

static struct looked look(const struct hb_received *received)
{
    struct looked looked = {.data = received->body};
    struct hb_cursor root, data;
    size_t at;

    looked.is_json = hb_json_scan(received->body, &at) == HB_OK;
    if (!looked.is_json) {
        return looked;
    }
    root = hb_cursor_root(received->body);
    data = root.kind == HB_CURSOR_OBJECT ? hb_cursor_member(root, HB_STR("data")) : root;
    if (root.kind == HB_CURSOR_OBJECT && data.kind != HB_CURSOR_NONE &&
        hb_cursor_member(root, HB_STR("type")).kind == HB_CURSOR_STRING) {
        struct hb_cursor subject = hb_cursor_member(root, HB_STR("subject"));

        looked.data = data.raw;
        looked.subject = subject.kind == HB_CURSOR_STRING ? hb_cursor_text(subject) : looked.subject;
    }
    return looked;
}

/* ---- for programs ---- */

static enum hb_err add_text(struct hb_buf *line, const char *name, struct hb_str value)
{
    enum hb_err err = hb_buf_addf(line, ",\"%s\":\"", name);

    err = err ? err : hb_buf_add_json(line, value);
    return err ? err : hb_buf_add_char(line, '"');
}

static enum hb_err write_json(const struct hb_received *received, const struct looked *looked, bool is_again,
                              struct hb_buf *line)
{
    const struct {
        const char *name;
        struct hb_str value;
    } before[] = {{"check", hb_str_c(hb_verify_text(received->verify))},
                  {"path", received->path},
                  {"id", received->id},
                  {"type", received->type},
                  {"store", received->store}},
      after[] = {
          {"delivery", received->delivery}, {"attempt", received->attempt}, {"content_type", received->content_type}};
    char at[HB_WALL_TEXT_MAX];
    enum hb_err err;

    (void)hb_wall_format(received->at, at);
    err = hb_buf_addf(line, "{\"at\":\"%s\",\"verified\":%s,\"repeat\":%s,\"status\":%d,\"bytes\":%zu", at,
                      received->verify == HB_VERIFY_OK ? "true" : "false", is_again ? "true" : "false",
                      received->status, received->body.len);
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && !err; i++) {
        err = add_text(line, before[i].name, before[i].value);
    }
    /* Raw: it is escaped already. */
    err = err ? err : hb_buf_addf(line, ",\"subject\":\"%.*s\"", HB_ARG(looked->subject));
    for (size_t i = 0; i < sizeof(after) / sizeof(after[0]) && !err; i++) {
        err = add_text(line, after[i].name, after[i].value);
    }
    if (!err && looked->is_json && looked->data.len < LINE_BYTES_MAX / 2) {
        err = hb_buf_add(line, HB_STR(",\"data\":"));
        err = err ? err : hb_buf_add(line, looked->data);
    }
    return err ? err : hb_buf_add_char(line, '}');
}

/* ---- for people ---- */

/* "store/subject". */
static enum hb_err add_what(const struct hb_output *output, const struct hb_received *received,
                            const struct looked *looked, struct hb_buf *what)
{
    enum hb_err err = hb_output_clean(output, received->store.len ? received->store : HB_STR("?"), what);

    err = err ? err : hb_buf_add_char(what, '/');
    return err ? err : hb_output_clean(output, looked->subject.len ? looked->subject : HB_STR("-"), what);
}

/* The time, whether the signature is good, and the type in its column. */
static enum hb_err add_head(const struct hb_output *output, const struct hb_received *received, struct hb_buf *line)
{
    const char *mark = received->verify == HB_VERIFY_UNCHECKED
                           ? "?"
                           : hb_output_mark(output, received->verify == HB_VERIFY_OK ? HB_MARK_OK : HB_MARK_FAIL);
    char at[HB_WALL_TEXT_MAX];
    enum hb_err err;

    (void)hb_wall_format(received->at, at);
    err = hb_buf_addf(line, "%.*s %s ", HB_ARG(hb_event_view_clock(hb_str_c(at))), mark);
    err = err ? err : hb_output_clean(output, received->type.len ? received->type : HB_STR("(no type)"), line);
    for (size_t pad = received->type.len; pad < TYPE_COLUMNS && !err; pad++) {
        err = hb_buf_add_char(line, ' ');
    }
    return err;
}

static enum hb_err write_line(const struct hb_listen_view *view, const struct hb_received *received,
                              const struct looked *looked, bool is_again, struct hb_buf *line)
{
    const struct hb_output *output = view->output;
    size_t columns = output->width > LINE_HEAD_COLUMNS + SUMMARY_COLUMNS_MIN ? (size_t)output->width - LINE_HEAD_COLUMNS
                                                                             : SUMMARY_COLUMNS;
    struct hb_buf what = hb_buf_make(LINE_BYTES_MAX), summary = hb_buf_make(LINE_BYTES_MAX);
    enum hb_err err = add_what(output, received, looked, &what);

    err = err ? err : looked->is_json ? hb_event_view_data(output, looked->data, columns, &summary) : HB_OK;
    err = err ? err : add_head(output, received, line);
    err = err ? err
              : hb_buf_addf(line, " %-18.*s %6zu B  %.*s", HB_ARG(hb_buf_str(&what)), received->body.len,
                            HB_ARG(hb_buf_str(&summary)));
    if (!err && received->verify != HB_VERIFY_OK && received->verify != HB_VERIFY_UNCHECKED) {
        err = hb_buf_addf(line, "  [%s: answered %d]", hb_verify_text(received->verify), received->status);
    }
    if (!err && is_again) {
        err = hb_buf_add(line, HB_STR("  [again]"));
    }
    hb_buf_deinit(&what);
    hb_buf_deinit(&summary);
    return err;
}

void hb_listen_view_show(struct hb_listen_view *view, const struct hb_received *received)
{
    struct looked looked = look(received);
    struct hb_buf json = hb_buf_make(LINE_BYTES_MAX), line = hb_buf_make(LINE_BYTES_MAX);
    bool is_again = is_repeat(view, received);

    view->received++;
    view->verified += received->verify == HB_VERIFY_OK ? 1 : 0;
    view->repeated += is_again ? 1 : 0;
    if (write_json(received, &looked, is_again, &json) == HB_OK) {
        if (view->record) {
            (void)fprintf(view->record, "%.*s\n", HB_ARG(hb_buf_str(&json)));
            (void)fflush(view->record);
        }
        if (view->output->is_json) {
            hb_output_json(view->output, hb_buf_str(&json));
        }
    }
    if (!view->output->is_json && write_line(view, received, &looked, is_again, &line) == HB_OK) {
        hb_output_line(view->output, "%.*s", HB_ARG(hb_buf_str(&line)));
    }
    hb_buf_deinit(&json);
    hb_buf_deinit(&line);
}

void hb_listen_view_end(const struct hb_listen_view *view)
{
    if (!view->output->is_json) {
        hb_output_line(view->output, "%llu received, %llu verified, %llu of them repeats",
                       (unsigned long long)view->received, (unsigned long long)view->verified,
                       (unsigned long long)view->repeated);
    }
}
