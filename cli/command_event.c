/* Job: `hookbus event list|show|tail`: was it sent, to whom, when. */
#include "cli/api_json.h"
#include "cli/api_stream.h"
#include "cli/commands.h"
#include "cli/event_view.h"
#include "cli/resource.h"
#include "core/json_cursor.h"

#define QUERY_MAX 1500
#define SCRATCH_BYTES 4096

/* ---- list ---- */

static enum hb_err add_query(struct hb_cli *cli, const char *name, const char *value, struct hb_buf *path)
{
    struct hb_buf encoded = hb_buf_make(QUERY_MAX);
    enum hb_err err;

    if (!value) {
        return HB_OK;
    }
    err = hb_api_add_segment(&encoded, value);
    err = err ? err
              : hb_buf_addf(path, "%s%s=%.*s", memchr(path->ptr, '?', path->len) ? "&" : "?", name,
                            (int)encoded.len - 1, encoded.ptr + 1);
    hb_buf_deinit(&encoded);
    return err == HB_ERR_FULL ? hb_cli_usage(cli, "--%s is too long", name) : err;
}

static enum hb_err list_path(struct hb_cli *cli, const char *const *names, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    struct hb_buf path = hb_buf_make(HB_API_PATH_MAX - 1);
    enum hb_err err = hb_cli_store(cli, &store);

    err = err ? err
              : hb_api_path(cli, (const char *const[]){"stores", store, "events", hb_cli_argument(cli, 0), NULL},
                            ret_path);
    err = err ? err : hb_buf_add(&path, hb_str_c(ret_path));
    for (; !err && *names; names++) {
        err = add_query(cli, *names, hb_cli_option(cli, *names), &path);
    }
    err = err ? err : hb_buf_add_char(&path, '\0');
    if (!err) {
        memcpy(ret_path, path.ptr, path.len);
    }
    hb_buf_deinit(&path);
    return err;
}

static enum hb_err add_row(struct hb_table *table, const struct hb_json *item, struct hb_buf *scratch)
{
    const struct hb_json *event = hb_json_get(item, "event");
    struct hb_str cells[5];

    hb_buf_clear(scratch);
    cells[0] = hb_json_text_or(event, "appended", "");
    cells[1] = hb_json_text_or(event, "type", "");
    cells[2] = hb_json_text_or(event, "subject", "");
    cells[3] = hb_json_text_or(event, "id", "");
    cells[4] = hb_event_view_state(hb_json_get(item, "deliveries"), scratch);
    return hb_table_add(table, cells);
}

static enum hb_err show_list(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    static const struct hb_column COLUMNS[] = {
        {"APPENDED", 0}, {"TYPE", 0}, {"SUBJECT", HB_COLUMN_CUT}, {"EVENT", 0}, {"DELIVERIES", HB_COLUMN_CUT}};
    struct hb_table table = hb_table_make(&cli->out, COLUMNS, 5);
    struct hb_buf scratch = hb_buf_make(SCRATCH_BYTES);
    enum hb_err err = hb_buf_reserve(&scratch, SCRATCH_BYTES);
    bool is_complete = true;

    for (const struct hb_json *item = hb_json_first(hb_json_get(answer->json, "events")); item && !err;
         item = hb_json_next(item)) {
        err = add_row(&table, item, &scratch);
    }
    if (!err && table.rows_count > 0) {
        hb_table_print(&table);
    } else if (!err) {
        hb_output_note(&cli->out, "no such events in the time searched (--since; the last 24 hours if not given)");
    }
    if (hb_json_bool(hb_json_get(answer->json, "complete"), &is_complete) && !is_complete) {
        hb_output_note(&cli->out, "the search took too long and is not complete: narrow it by --subject or --since");
    }
    hb_table_deinit(&table);
    hb_buf_deinit(&scratch);
    return err;
}

static enum hb_err get(struct hb_cli *cli, const char *path,
                       enum hb_err (*show)(struct hb_cli *cli, const struct hb_api_answer *answer))
{
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_api *api = NULL;
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_api_call(api, &request, &answer);
    if (!err) {
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer.body));
        } else {
            err = show(cli, &answer);
        }
        hb_api_answer_deinit(&answer);
    }
    hb_api_free(&api);
    return err;
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const char *const NAMES[] = {"subject", "type", "since", "limit", NULL};
    char path[HB_API_PATH_MAX];
    enum hb_err err = list_path(cli, NAMES, path);

    return err ? err : get(cli, path, show_list);
}

/* ---- show ---- */

/* The event's own text within the answer. */
static struct hb_str event_text(const struct hb_api_answer *answer)
{
    struct hb_cursor root = hb_cursor_root(hb_buf_str(&answer->body));
    struct hb_cursor events = hb_cursor_member(root, HB_STR("events")), item;
    size_t state = 0;

    if (events.kind == HB_CURSOR_ARRAY && hb_cursor_next(events, &state, NULL, &item)) {
        root = item;
    }
    return hb_cursor_member(root, HB_STR("event")).raw;
}

static enum hb_err show_one(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    const struct hb_json *item = hb_json_first(hb_json_get(answer->json, "events"));
    const struct hb_json *line;

    item = item ? item : answer->json;
    hb_resource_print_as_sent(&cli->out, hb_json_get(item, "event"), event_text(answer));
    hb_output_line(&cli->out, "in Kafka:");
    hb_resource_print(&cli->out, hb_json_get(item, "position"));
    line = hb_json_first(hb_json_get(item, "deliveries"));
    hb_output_line(&cli->out, line ? "deliveries:" : "deliveries: nobody yet");
    for (; line; line = hb_json_next(line)) {
        hb_event_view_line(&cli->out, line, "  ");
    }
    return HB_OK;
}

static enum hb_err run_show(struct hb_cli *cli)
{
    static const char *const NAMES[] = {"since", NULL};
    char path[HB_API_PATH_MAX];
    enum hb_err err = list_path(cli, NAMES, path);

    return err ? err : get(cli, path, show_one);
}

/* ---- tail ---- */

static bool tail_line(void *user, struct hb_str line)
{
    struct hb_cli *cli = user;
    struct hb_json *json = NULL;
    const struct hb_json *event;

    if (cli->out.is_json) {
        hb_output_json(&cli->out, line);
        return !hb_output_is_broken(&cli->out);
    }
    if (hb_api_json_parse(line, &json, NULL)) {
        return true;
    }
    event = hb_json_get(json, "event");
    if (hb_json_kind(event) == HB_JSON_OBJECT) {
        struct hb_buf clean = hb_buf_make(SCRATCH_BYTES);
        struct hb_str subject = hb_json_text_or(event, "subject", "");

        if (!hb_output_clean(&cli->out, subject, &clean)) {
            hb_output_line(&cli->out, "%.*s   %-20.*s %.*s/%.*s %.*s",
                           HB_ARG(hb_event_view_clock(hb_json_text_or(event, "appended", ""))),
                           HB_ARG(hb_json_text_or(event, "type", "")), HB_ARG(hb_json_text_or(event, "store", "")),
                           HB_ARG(hb_buf_str(&clean)), HB_ARG(hb_json_text_or(event, "id", "")));
        }
        hb_buf_deinit(&clean);
    } else {
        hb_event_view_line(&cli->out, json, "");
    }
    hb_json_free(&json);
    return !hb_output_is_broken(&cli->out);
}

static enum hb_err run_tail(struct hb_cli *cli)
{
    const char *store = NULL;
    char path[HB_API_PATH_MAX];
    struct hb_api *api = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    err = err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "tail", NULL}, path);
    err = err ? err : hb_api_new(cli, &api);
    if (!err) {
        hb_output_note(&cli->out, "events of %s and what becomes of them, from now on; Ctrl-C ends", store);
        err = hb_api_stream(cli, api, path, tail_line, cli);
    }
    hb_api_free(&api);
    return err;
}

static const struct hb_flag LIST_FLAGS[] = {
    {"subject", 0, "ID", "about this order, product …; much faster than without", false, false},
    {"type", 't', "TYPE", "of this type: order.created, order.*", false, false},
    {"since", 0, "TIME", "appended since: 2026-01-31T12:00:00Z (default: the last 24 hours)", false, false},
    {"limit", 0, "N", "the newest so many, 1..500", false, false},
    HB_FLAGS_END,
};
static const struct hb_flag SHOW_FLAGS[] = {
    {"since", 0, "TIME", "search back to then (default: the last 24 hours)", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_event_list = {
    .name = "event list",
    .usage = "--store STORE [--subject ID] [--type TYPE] [--since TIME]",
    .summary = "list events and what became of them",
    .flags = LIST_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run_list,
};
const struct hb_command hb_command_event_show = {
    .name = "event show", .usage = "ID --store STORE", .summary = "show an event, and each attempt to deliver it",
    .help = "The data itself is shown only with a key of scope read:data.",
    .flags = SHOW_FLAGS, .uses = HB_USES_API | HB_USES_STORE, .arguments_min = 1, .arguments_max = 1, .run = run_show,
};
const struct hb_command hb_command_event_tail = {
    .name = "event tail", .usage = "--store STORE", .summary = "watch events and attempts as they happen",
    .uses = HB_USES_API | HB_USES_STORE, .run = run_tail,
};
