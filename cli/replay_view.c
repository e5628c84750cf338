#include "cli/replay_view.h"

#include <inttypes.h>

#include "cli/progress.h"
#include "cli/setup.h"
#include "cli/when.h"

#define LOOK_MS 500

static int64_t number(const struct hb_json *object, const char *name)
{
    int64_t value = 0;

    (void)hb_json_int(hb_json_get(object, name), &value);
    return value;
}

/* ---- a dry run ---- */

static enum hb_err add_sample(struct hb_table *table, const struct hb_json *item)
{
    struct hb_str cells[4];

    cells[0] = hb_json_text_or(item, "appended", "");
    cells[1] = hb_json_text_or(item, "event", "?");
    cells[2] = hb_json_text_or(item, "state", "none");
    cells[3] = hb_json_text_or(item, "delivery", "");
    return hb_table_add(table, cells);
}

static enum hb_err show_sample(struct hb_cli *cli, const struct hb_json *sample)
{
    static const struct hb_column COLUMNS[] = {
        {"APPENDED", 0}, {"EVENT", 0}, {"STATE", 0}, {"DELIVERY", HB_COLUMN_CUT}};
    struct hb_table table = hb_table_make(&cli->out, COLUMNS, 4);
    enum hb_err err = HB_OK;

    for (const struct hb_json *item = hb_json_first(sample); item && !err; item = hb_json_next(item)) {
        err = add_sample(&table, item);
    }
    if (!err && table.rows_count > 0) {
        hb_table_print(&table);
    }
    hb_table_deinit(&table);
    return err;
}

enum hb_err hb_replay_view_dry(struct hb_cli *cli, const struct hb_json *answer)
{
    char span[32];
    int64_t total = number(answer, "total"), gone = number(answer, "gone");

    hb_when_span(number(answer, "seconds"), span);
    hb_output_line(&cli->out, "webhook %.*s: %" PRId64 " deliveries would be sent again, in about %s at %" PRId64 "/s",
                   HB_ARG(hb_json_text_or(answer, "webhook", "?")), total, span, number(answer, "rate"));
    if (gone > 0) {
        hb_output_line(&cli->out, "  %" PRId64 " more cannot be: their events are no longer in Kafka", gone);
    }
    if (total > 0) {
        hb_output_line(&cli->out,
                       "  events from %.*s to %.*s; the first of them:", HB_ARG(hb_json_text_or(answer, "oldest", "?")),
                       HB_ARG(hb_json_text_or(answer, "newest", "?")));
    }
    enum hb_err err = show_sample(cli, hb_json_get(answer, "sample"));

    hb_output_note(&cli->out, "dry run: nothing was sent");
    return err;
}

/* ---- jobs ---- */

const struct hb_column hb_replay_view_columns[HB_REPLAY_VIEW_COLUMNS] = {
    {"REPLAY", 0},
    {"WEBHOOK", 0},
    {"STATUS", 0},
    {"SELECTED", HB_COLUMN_RIGHT},
    {"OF", HB_COLUMN_RIGHT},
    {"CREATED", 0},
    {"REASON", HB_COLUMN_CUT},
};

static struct hb_str add_number(struct hb_buf *scratch, const struct hb_json *value)
{
    size_t from = scratch->len;
    int64_t integer = 0;

    if (!hb_json_int(value, &integer) || hb_buf_addf(scratch, "%" PRId64, integer)) {
        return HB_STR("?");
    }
    return hb_str_n(scratch->ptr + from, scratch->len - from);
}

void hb_replay_view_row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells)
{
    ret_cells[0] = hb_json_text_or(item, "id", "");
    ret_cells[1] = hb_json_text_or(item, "webhook", "");
    ret_cells[2] = hb_json_text_or(item, "status", "");
    ret_cells[3] = add_number(scratch, hb_json_get(item, "selected"));
    ret_cells[4] = add_number(scratch, hb_json_get(item, "total"));
    ret_cells[5] = hb_json_text_or(item, "created", "");
    ret_cells[6] = hb_json_text_or(item, "detail", "");
    ret_cells[6] = ret_cells[6].len > 0 ? ret_cells[6] : hb_json_text_or(item, "reason", "");
}

void hb_replay_view_job(struct hb_cli *cli, const struct hb_json *job)
{
    struct hb_str detail = hb_json_text_or(job, "detail", "");
    struct hb_str why = detail.len > 0 ? detail : hb_json_text_or(job, "reason", "");
    int64_t total = 0;
    bool is_counted = hb_json_int(hb_json_get(job, "total"), &total);

    hb_output_line(&cli->out, "replay %.*s of webhook %.*s is %.*s%s%.*s", HB_ARG(hb_json_text_or(job, "id", "?")),
                   HB_ARG(hb_json_text_or(job, "webhook", "?")), HB_ARG(hb_json_text_or(job, "status", "?")),
                   why.len > 0 ? ": " : "", HB_ARG(why));
    if (is_counted) {
        hb_output_line(&cli->out,
                       "  %" PRId64 " of %" PRId64 " selected to be sent again, %" PRId64 " are no longer in Kafka",
                       number(job, "selected"), total, number(job, "gone"));
    }
}

/* ---- following ---- */

static bool is_one_of(struct hb_str text, const char *const *words)
{
    while (*words && !hb_str_eq(text, hb_str_c(*words))) {
        words++;
    }
    return *words != NULL;
}

/* Nothing more happens by itself. */
static bool has_ended(struct hb_cli *cli, const struct hb_json *job)
{
    static const char *const WELL[] = {"done", NULL}, *const ELSE[] = {"failed", "cancelled", "paused", NULL};
    struct hb_str status = hb_json_text_or(job, "status", "");

    if (is_one_of(status, ELSE)) {
        cli->exit_code = HB_EXIT_FOUND;
    }
    return is_one_of(status, WELL) || is_one_of(status, ELSE);
}

static void draw(struct hb_progress *progress, const struct hb_json *job)
{
    struct hb_wall started = {0}, now = hb_setup_wall();
    struct hb_mono mono = hb_setup_mono();
    int64_t total = 0;

    if (hb_wall_parse(hb_json_text_or(job, "started", ""), &started) == HB_OK && started.ms < now.ms) {
        progress->started_us = mono.us - (now.ms - started.ms) * HB_US_PER_MS; /* also for one that was rejoined */
    }
    if (hb_json_int(hb_json_get(job, "total"), &total)) {
        progress->total = (uint64_t)total;
    }
    hb_progress_show(progress, (uint64_t)number(job, "selected"), mono);
}

static void pause_ms(struct hb_api *api, int64_t ms)
{
    int64_t until_us = hb_setup_mono().us + ms * HB_US_PER_MS;

    while (hb_setup_mono().us < until_us) {
        hb_api_turn(api, (int)((until_us - hb_setup_mono().us) / HB_US_PER_MS) + 1);
    }
}

static void show_end(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    if (cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&answer->body));
    } else {
        hb_replay_view_job(cli, answer->json);
    }
}

enum hb_err hb_replay_view_follow(struct hb_cli *cli, struct hb_api *api, const char *path)
{
    struct hb_progress progress = hb_progress_start(&cli->out, "selected", 0, hb_setup_mono());
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;

    for (;;) {
        enum hb_err err = hb_api_call(api, &request, &answer);

        if (err) {
            hb_progress_end(&progress);
            return err;
        }
        bool is_end = has_ended(cli, answer.json);

        if (is_end) {
            hb_progress_end(&progress);
            show_end(cli, &answer);
        } else {
            draw(&progress, answer.json);
        }
        hb_api_answer_deinit(&answer);
        if (is_end) {
            return HB_OK;
        }
        pause_ms(api, LOOK_MS);
    }
}
