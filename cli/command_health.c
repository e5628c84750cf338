/* Job: `hookbus webhook health`: how each webhook fares, one line each, the worst first. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/fares.h"
#include "cli/resource.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "cli/top_view.h"

#define JSON_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define COLUMNS_COUNT 12
#define CELL_BYTES 24

static const struct hb_column COLUMNS[COLUMNS_COUNT] = {
    {"STORE", HB_COLUMN_CUT}, {"WEBHOOK", HB_COLUMN_CUT}, {"STATE", 0},          {"WINDOW", HB_COLUMN_RIGHT},
    {"OK %", HB_COLUMN_RIGHT},
    {"P50 MS", HB_COLUMN_RIGHT}, {"P99 MS", HB_COLUMN_RIGHT},   {"PARKED", HB_COLUMN_RIGHT}, {"OLDEST", HB_COLUMN_RIGHT},
    {"DUE", HB_COLUMN_RIGHT}, {"FAILING", HB_COLUMN_RIGHT}, {"REASON", HB_COLUMN_CUT},
};

static enum hb_err add_row(struct hb_table *table, const struct hb_fare *fare, struct hb_wall now)
{
    char cells[COLUMNS_COUNT][CELL_BYTES] = {""};
    struct hb_str views[COLUMNS_COUNT];

    hb_top_decimal(fare->window > 0 ? (double)fare->window : -1, 0, cells[3]);
    hb_top_decimal(fare->success_percent, 1, cells[4]);
    hb_top_decimal(fare->p50_ms, 0, cells[5]);
    hb_top_decimal(fare->p99_ms, 0, cells[6]);
    (void)snprintf(cells[7], CELL_BYTES, "%lld", (long long)fare->parked);
    hb_top_age(fare->oldest, now, cells[8]);
    hb_top_age(fare->next_due, now, cells[9]);
    hb_top_age(fare->failing_since, now, cells[10]);
    for (size_t i = 0; i < COLUMNS_COUNT; i++) {
        views[i] = hb_str_c(cells[i]);
    }
    views[0] = hb_str_c(fare->store);
    views[1] = hb_str_c(fare->webhook);
    views[2] = hb_str_c(fare->state);
    /* An old failure of one that fares well says nothing. */
    views[11] = fare->failing_since.ms > 0 || strcmp(fare->state, "active") != 0 ? hb_str_c(fare->reason) : HB_STR("");
    return hb_table_add(table, views);
}

static enum hb_err show(struct hb_cli *cli, const struct hb_fares *fares)
{
    struct hb_table table = hb_table_make(&cli->out, COLUMNS, COLUMNS_COUNT);
    enum hb_err err = HB_OK;

    for (size_t i = 0; i < fares->count && !err; i++) {
        err = add_row(&table, &fares->items[i], hb_setup_wall());
    }
    if (!err && fares->count > 0) {
        hb_table_print(&table);
    } else if (!err) {
        hb_output_note(&cli->out, "no webhooks");
    }
    hb_table_deinit(&table);
    return err;
}

static enum hb_err run(struct hb_cli *cli)
{
    struct hb_fares fares = {.items = NULL};
    struct hb_api *api = NULL;
    const char *store = hb_cli_option(cli, "store") ? hb_cli_option(cli, "store") : getenv("HOOKBUS_STORE");
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_fares_read(cli, api, store && *store ? store : NULL, &fares);
    if (!err && cli->out.is_json) {
        struct hb_buf json = hb_buf_make(JSON_BYTES_MAX);
        struct hb_json_writer w = hb_json_write(&json);

        hb_top_write_json(&fares, &w);
        err = hb_json_end(&w);
        if (!err) {
            hb_output_json(&cli->out, hb_buf_str(&json));
        }
        hb_buf_deinit(&json);
    } else if (!err) {
        err = show(cli, &fares);
        if (!fares.is_complete) {
            hb_output_note(&cli->out, "not complete: the read model is being made from Kafka, %lld %% so far",
                           (long long)fares.percent);
        }
        if (fares.trouble[0]) {
            hb_output_note(&cli->out, "perhaps old: %s", fares.trouble);
        }
    }
    hb_fares_deinit(&fares);
    hb_api_free(&api);
    return err;
}

const struct hb_command hb_command_webhook_health = {
    .name = "webhook health",
    .usage = "[--store STORE]",
    .summary = "show how each webhook fares, the worst first; without --store those of all stores",
    .help = "WINDOW is how many requests may be under way for it, in all dispatchers that sent it something lately, as they last "
            "told.\nOK %, P50 MS and P99 MS are of the last hour's attempts; OLDEST, DUE and FAILING are times from now: how old the "
            "oldest\nparked delivery's event is, until when (or since when) the next one is due, since when every "
            "attempt has failed.",
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run,
};
