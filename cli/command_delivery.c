/* Job: `hookbus delivery list|show`: what waits, what died, what came of each attempt. */
#include "cli/api_json.h"
#include "cli/api_stream.h"
#include "cli/commands.h"
#include "cli/delivery_query.h"
#include "cli/delivery_view.h"
#include "cli/event_view.h"
#include "cli/progress.h"
#include "cli/resource.h"
#include "cli/setup.h"

#define PAGE_MAX 500
#define LIST_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define LIMIT_MAX 100000
#define LIMIT_DEFAULT 50

/* ---- list ---- */

struct list {
    struct hb_cli *cli;
    struct hb_table table;
    struct hb_buf json;
    int64_t left, count;
    char cursor[128];
};

static enum hb_err take_item(struct list *list, const struct hb_json *item)
{
    enum hb_err err = HB_OK;

    list->count++;
    list->left--;
    if (!list->cli->out.is_json) {
        return hb_delivery_view_add(&list->table, item);
    }
    err = hb_buf_add(&list->json, list->count > 1 ? HB_STR(",") : HB_STR(""));
    return err ? err : hb_json_print(item, &list->json);
}

/* With the last page: what it says of all of them. */
static enum hb_err end_list(struct list *list, const struct hb_json *answer)
{
    const struct hb_json *counts = hb_json_get(answer, "counts");
    struct hb_buf text = hb_buf_make(512);
    enum hb_err err = HB_OK;

    if (list->cli->out.is_json) {
        err = hb_buf_add(&list->json, HB_STR("]"));
        for (const struct hb_json *item = hb_json_first(answer); item && !err; item = hb_json_next(item)) {
            if (!hb_str_eq(hb_json_name(item), HB_STR("items"))) {
                err = hb_buf_addf(&list->json, ",\"%.*s\":", HB_ARG(hb_json_name(item)));
                err = err ? err : hb_json_print(item, &list->json);
            }
        }
        err = err ? err : hb_buf_add(&list->json, HB_STR("}"));
        return err;
    }
    if (list->count == 0) {
        hb_output_note(&list->cli->out, "no such deliveries");
    } else {
        hb_table_print(&list->table);
    }
    if (counts && hb_delivery_view_counts(counts, &text) > 0) {
        hb_output_line(&list->cli->out, "in all: %.*s", HB_ARG(hb_buf_str(&text)));
    }
    if (hb_json_kind(hb_json_get(answer, "next")) == HB_JSON_STRING) {
        hb_output_note(&list->cli->out, "there are more: --limit N shows more of them, --count how many there are");
    }
    hb_delivery_view_note(&list->cli->out, answer);
    hb_buf_deinit(&text);
    return HB_OK;
}

static enum hb_err take_page(struct list *list, struct hb_api *api, bool *ret_is_last)
{
    char path[HB_API_PATH_MAX], more[64];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_str next = {NULL, 0};
    int64_t page = list->left < PAGE_MAX ? list->left : PAGE_MAX;
    bool is_last = list->left <= PAGE_MAX;

    (void)snprintf(more, sizeof(more), "limit=%lld%s", (long long)page,
                   hb_options_has(&list->cli->options, "count") ? "&count=true" : "");
    enum hb_err err = hb_delivery_query(list->cli, more, hb_str_c(list->cursor), path);
    err = err ? err : hb_api_call(api, &request, &answer);
    if (err) {
        return err;
    }
    for (const struct hb_json *item = hb_json_first(hb_json_get(answer.json, "items")); item && !err;
         item = hb_json_next(item)) {
        err = take_item(list, item);
    }
    is_last = !hb_json_str(hb_json_get(answer.json, "next"), &next) || is_last;
    (void)snprintf(list->cursor, sizeof(list->cursor), "%.*s", HB_ARG(next));
    if (!err && is_last) {
        err = end_list(list, answer.json);
    }
    hb_api_answer_deinit(&answer);
    *ret_is_last = is_last;
    return err;
}

static enum hb_err list_pages(struct hb_cli *cli, int64_t limit)
{
    struct list list = {.cli = cli,
                        .table = hb_table_make(&cli->out, hb_delivery_columns, HB_DELIVERY_COLUMNS_COUNT),
                        .json = hb_buf_make(LIST_BYTES_MAX),
                        .left = limit};
    struct hb_api *api = NULL;
    bool is_last = false;
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_buf_add(&list.json, HB_STR("{\"items\":["));
    while (!err && !is_last) {
        err = take_page(&list, api, &is_last);
    }
    if (!err && cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&list.json));
    }
    hb_table_deinit(&list.table);
    hb_buf_deinit(&list.json);
    hb_api_free(&api);
    return err;
}

/* ---- list --deep ---- */

struct deep {
    struct hb_cli *cli;
    struct hb_progress progress;
    bool is_complete;
    int64_t scanned, found;
    char trouble[HB_ERROR_TEXT_MAX];
};

static bool take_deep(void *user, struct hb_str text)
{
    struct deep *deep = user;
    struct hb_output *out = &deep->cli->out;
    struct hb_json *json = NULL;
    int64_t percent = 0;

    if (out->is_json) {
        hb_output_json(out, text);
    }
    if (hb_api_json_parse(text, &json, NULL)) {
        return true;
    }
    struct hb_str kind = hb_json_text_or(json, "kind", "");
    bool is_end = hb_str_eq(kind, HB_STR("end"));
    if (hb_str_eq(kind, HB_STR("line")) && !out->is_json) {
        hb_progress_end(&deep->progress);
        hb_event_view_line(out, hb_json_get(json, "line"), "");
    } else if (hb_str_eq(kind, HB_STR("progress")) && hb_json_int(hb_json_get(json, "percent"), &percent)) {
        hb_progress_show(&deep->progress, (uint64_t)percent, hb_setup_mono());
    }
    if (is_end) {
        (void)hb_json_bool(hb_json_get(json, "complete"), &deep->is_complete);
        (void)hb_json_int(hb_json_get(json, "scanned"), &deep->scanned);
        (void)hb_json_int(hb_json_get(json, "found"), &deep->found);
        (void)snprintf(deep->trouble, sizeof(deep->trouble), "%.*s", HB_ARG(hb_json_text_or(json, "trouble", "")));
    }
    hb_json_free(&json);
    return !is_end && !hb_output_is_broken(out);
}

static enum hb_err list_deep(struct hb_cli *cli, int64_t limit)
{
    char path[HB_API_PATH_MAX], more[64];
    struct deep deep = {.cli = cli, .progress = hb_progress_start(&cli->out, "% read", 100, hb_setup_mono())};
    struct hb_api *api = NULL;
    (void)snprintf(more, sizeof(more), "deep=true&limit=%lld", (long long)(limit < PAGE_MAX ? limit : PAGE_MAX));
    enum hb_err err = hb_delivery_query(cli, more, HB_STR(""), path);

    err = err ? err : hb_api_new(cli, &api);
    err = err ? err : hb_api_stream(cli, api, path, take_deep, &deep);
    hb_progress_end(&deep.progress);
    if (!err) {
        hb_output_note(&cli->out, "%lld lines of %lld read fit", (long long)deep.found, (long long)deep.scanned);
    }
    if (!err && !deep.is_complete) {
        hb_output_note(&cli->out, "not all was read: %s",
                       deep.trouble[0] ? deep.trouble : "so many were asked for (--limit), or the api went away");
        cli->exit_code = HB_EXIT_FOUND;
    }
    hb_api_free(&api);
    return err;
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const int64_t RANGE[2] = {1, LIMIT_MAX};
    int64_t limit = LIMIT_DEFAULT;
    enum hb_err err = hb_options_int(&cli->options, "limit", RANGE, &limit, &cli->error);

    cli->is_usage = err != HB_OK;
    if (err) {
        return err;
    }
    return hb_options_has(&cli->options, "deep") ? list_deep(cli, limit) : list_pages(cli, limit);
}

/* ---- show ---- */

static enum hb_err run_show(struct hb_cli *cli)
{
    const char *store = NULL;
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_api *api = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    err = err ? err
              : hb_api_path(cli, (const char *const[]){"stores", store, "deliveries", hb_cli_argument(cli, 0), NULL},
                            path);
    err = err ? err : hb_api_new(cli, &api);
    err = err ? err : hb_api_call(api, &request, &answer);
    if (!err) {
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer.body));
        } else {
            hb_delivery_view_show(&cli->out, answer.json, hb_buf_str(&answer.body));
            hb_delivery_view_note(&cli->out, answer.json);
        }
        hb_api_answer_deinit(&answer);
    }
    hb_api_free(&api);
    return err;
}

#define USES (HB_USES_API | HB_USES_STORE)

static const struct hb_flag LIST_FLAGS[] = {
    HB_DELIVERY_FILTER_FLAGS("parked, held, dead, delivered, skipped, expired or cancelled"),
    {"limit", 0, "N", "the newest so many (default 50)", false, false},
    {"count", 0, NULL, "also how many there are of each state", false, false},
    {"deep", 0, NULL, "read the topic itself, with progress: successes older than the newest million; one line an attempt",
     false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_delivery_list = {
    .name = "delivery list",
    .usage = "--store STORE [--webhook ID] [--state STATE] [FILTERS]",
    .summary = "list deliveries: what waits, what died, what was skipped",
    .help = "Newest event first. What failed, waited or was skipped is kept for 35 days, of what succeeded at once the "
            "newest million.\nExample:\n  hookbus delivery list --store demo --state dead --since 2d --count",
    .flags = LIST_FLAGS,
    .uses = USES,
    .run = run_list,
};
const struct hb_command hb_command_delivery_show = {
    .name = "delivery show",
    .usage = "ID --store STORE",
    .summary = "show a delivery whole: its event, each attempt and what the receiver said",
    .help = "The event's data is shown only with a key of scope read:data.",
    .uses = USES,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_show,
};
