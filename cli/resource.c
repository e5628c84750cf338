#include "cli/resource.h"

#include "core/json_cursor.h"

#include <stdio.h>
#include <unistd.h>

#define PAGES_MAX 10000
#define SCRATCH_BYTES 4096
#define JSON_LIST_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define CELL_TEXT_MAX 8192

struct hb_str hb_json_text_or(const struct hb_json *object, const char *name, const char *fallback)
{
    struct hb_str text = hb_str_c(fallback);

    (void)hb_json_str(hb_json_get(object, name), &text);
    return text;
}

struct hb_str hb_json_joined(const struct hb_json *array, struct hb_buf *scratch)
{
    size_t from = scratch->len;
    struct hb_str text;

    for (const struct hb_json *item = hb_json_first(array); item; item = hb_json_next(item)) {
        if (hb_json_str(item, &text) &&
            ((scratch->len > from && hb_buf_add(scratch, HB_STR(", "))) || hb_buf_add(scratch, text))) {
            break;
        }
    }
    return hb_str_n(scratch->ptr ? scratch->ptr + from : NULL, scratch->len - from);
}

/* ---- list ---- */

struct list {
    struct hb_cli *cli;
    const struct hb_view *view;
    struct hb_table table;
    struct hb_buf json;
    struct hb_buf scratch;
    size_t count;
};

static enum hb_err take_item(struct list *list, const struct hb_json *item)
{
    struct hb_str cells[HB_TABLE_COLUMNS_MAX] = {{NULL, 0}};
    enum hb_err err;

    list->count++;
    if (list->cli->out.is_json) {
        err = hb_buf_add(&list->json, list->count > 1 ? HB_STR(",") : HB_STR(""));
        return err ? err : hb_json_print(item, &list->json);
    }
    hb_buf_clear(&list->scratch);
    list->view->row(item, &list->scratch, cells);
    return hb_table_add(&list->table, cells);
}

/* One page; ret_next: the cursor of the next, in `next` (empty: none). */
static enum hb_err take_page(struct list *list, struct hb_api *api, const char *path, char ret_next[HB_API_PATH_MAX])
{
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_str next = {NULL, 0};
    enum hb_err err = hb_api_call(api, &request, &answer);

    if (err) {
        return err;
    }
    for (const struct hb_json *item = hb_json_first(hb_json_get(answer.json, "items")); item && !err;
         item = hb_json_next(item)) {
        err = take_item(list, item);
    }
    (void)hb_json_str(hb_json_get(answer.json, "next"), &next);
    (void)snprintf(ret_next, HB_API_PATH_MAX, "%.*s", HB_ARG(next));
    hb_api_answer_deinit(&answer);
    return err;
}

static enum hb_err take_pages(struct list *list, struct hb_api *api, const char *path)
{
    char next[HB_API_PATH_MAX] = "";

    for (int i = 0; i < PAGES_MAX; i++) {
        struct hb_buf at = hb_buf_make(HB_API_PATH_MAX - 1);
        enum hb_err err = hb_buf_addf(&at, "%s%slimit=500", path, strchr(path, '?') ? "&" : "?");

        if (!err && next[0]) {
            struct hb_buf encoded = hb_buf_make(HB_API_PATH_MAX);

            err = hb_api_add_segment(&encoded, next);
            err = err ? err : hb_buf_addf(&at, "&cursor=%.*s", (int)encoded.len - 1, encoded.ptr + 1);
            hb_buf_deinit(&encoded);
        }
        err = err ? err : hb_buf_add_char(&at, '\0');
        err = err ? err : take_page(list, api, at.ptr, next);
        hb_buf_deinit(&at);
        if (err || !next[0]) {
            return err;
        }
    }
    return HB_OK;
}

enum hb_err hb_resource_list(struct hb_cli *cli, const char *path, const struct hb_view *view)
{
    struct list list = {.cli = cli, .view = view, .table = hb_table_make(&cli->out, view->columns, view->columns_count),
                        .json = hb_buf_make(JSON_LIST_BYTES_MAX), .scratch = hb_buf_make(SCRATCH_BYTES)};
    struct hb_api *api = NULL;
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_buf_reserve(&list.scratch, SCRATCH_BYTES);
    err = err ? err : hb_buf_add(&list.json, HB_STR("{\"items\":["));
    err = err ? err : take_pages(&list, api, path);
    err = err ? err : hb_buf_add(&list.json, HB_STR("]}"));
    if (!err && cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&list.json));
    } else if (!err && list.count == 0) {
        hb_output_note(&cli->out, "%s", view->none);
    } else if (!err) {
        hb_table_print(&list.table);
    }
    hb_table_deinit(&list.table);
    hb_buf_deinit(&list.json);
    hb_buf_deinit(&list.scratch);
    hb_api_free(&api);
    return err;
}

/* ---- show ---- */

/* `as_sent` is the value's own text, if at hand: a number read and printed again may have lost digits. */
static void print_value(const struct hb_output *output, const struct hb_json *value, struct hb_str as_sent)
{
    struct hb_buf raw = hb_buf_make(CELL_TEXT_MAX), clean = hb_buf_make(4 * CELL_TEXT_MAX);
    struct hb_str text = {NULL, 0};

    if (!hb_json_str(value, &text)) {
        text = as_sent.len > 0 && as_sent.len <= CELL_TEXT_MAX ? as_sent : text;
        text = text.len == 0 && !hb_json_print(value, &raw) ? hb_buf_str(&raw) : text;
    }
    if (!hb_output_clean(output, text, &clean)) {
        (void)fprintf(output->out, "%.*s\n", HB_ARG(hb_buf_str(&clean)));
    } else {
        (void)fprintf(output->out, "(too long to show; --json has it)\n");
    }
    hb_buf_deinit(&raw);
    hb_buf_deinit(&clean);
}

void hb_resource_print(const struct hb_output *output, const struct hb_json *object)
{
    hb_resource_print_as_sent(output, object, HB_STR(""));
}

void hb_resource_print_as_sent(const struct hb_output *output, const struct hb_json *object, struct hb_str text)
{
    struct hb_cursor sent = text.len > 0 ? hb_cursor_root(text) : (struct hb_cursor){.kind = HB_CURSOR_NONE};
    int width = 0;

    for (const struct hb_json *item = hb_json_first(object); item; item = hb_json_next(item)) {
        width = (int)hb_json_name(item).len > width ? (int)hb_json_name(item).len : width;
    }
    for (const struct hb_json *item = hb_json_first(object); item; item = hb_json_next(item)) {
        struct hb_buf scratch = hb_buf_make(CELL_TEXT_MAX);
        const struct hb_json *first = hb_json_first(item);

        (void)fprintf(output->out, "%-*.*s  ", width, HB_ARG(hb_json_name(item)));
        if (hb_json_kind(item) == HB_JSON_ARRAY && first && hb_json_kind(first) == HB_JSON_STRING) {
            (void)fprintf(output->out, "%.*s\n", HB_ARG(hb_json_joined(item, &scratch)));
        } else {
            print_value(output, item, hb_cursor_member(sent, hb_json_name(item)).raw);
        }
        hb_buf_deinit(&scratch);
    }
    (void)fflush(output->out);
}

static void show_answer(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    if (cli->out.is_json) {
        hb_output_json(&cli->out, answer->body.len > 0 ? hb_buf_str(&answer->body) : HB_STR("{}"));
    } else {
        hb_resource_print(&cli->out, answer->json);
    }
}

enum hb_err hb_resource_show(struct hb_cli *cli, const char *path)
{
    struct hb_change change = {.method = "GET", .path = path};

    return hb_resource_change(cli, &change);
}

/* ---- change ---- */

enum hb_err hb_resource_change(struct hb_cli *cli, const struct hb_change *change)
{
    struct hb_api_request request = {
        .method = change->method, .path = change->path, .body = change->body, .if_match = change->if_match};
    struct hb_api_answer answer;
    struct hb_api *api = NULL;
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_api_call(api, &request, &answer);
    if (!err) {
        if (change->say && !cli->out.is_json) {
            change->say(cli, answer.json, change->user);
        } else {
            show_answer(cli, &answer);
        }
        hb_api_answer_deinit(&answer);
    }
    hb_api_free(&api);
    return err;
}

enum hb_err hb_resource_confirm(struct hb_cli *cli, const char *what)
{
    char line[16];

    if (hb_options_has(&cli->options, "yes") || cli->out.is_json || isatty(STDIN_FILENO) != 1) {
        return HB_OK;
    }
    (void)fprintf(cli->out.err, "Remove %s? Type yes: ", what);
    (void)fflush(cli->out.err);
    if (!fgets(line, sizeof(line), stdin) || strcmp(line, "yes\n") != 0) {
        return hb_cli_fail(cli, HB_ERR_DENIED, "nothing was removed");
    }
    return HB_OK;
}

enum hb_err hb_resource_if_match(struct hb_cli *cli, char ret_text[32])
{
    static const int64_t RANGE[2] = {1, INT64_MAX / 2};
    int64_t revision = 0;
    enum hb_err err = hb_options_int(&cli->options, "revision", RANGE, &revision, &cli->error);

    cli->is_usage = err != HB_OK;
    if (revision > 0) {
        (void)snprintf(ret_text, 32, "\"%lld\"", (long long)revision);
    } else {
        (void)snprintf(ret_text, 32, "*");
    }
    return err;
}

enum hb_err hb_resource_remove(struct hb_cli *cli, const char *path, const char *what,
                               void (*say)(struct hb_cli *cli, const struct hb_json *answer, void *user))
{
    char if_match[32];
    struct hb_change change = {.method = "DELETE", .path = path, .if_match = if_match, .say = say};
    enum hb_err err = hb_resource_if_match(cli, if_match);

    err = err ? err : hb_resource_confirm(cli, what);
    return err ? err : hb_resource_change(cli, &change);
}
