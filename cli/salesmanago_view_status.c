/* A connector's status, once, again each second, or while a sync is followed. */
#include "cli/salesmanago_view.h"

#include <inttypes.h>

#include "cli/progress.h"
#include "cli/setup.h"

#define LOOK_MS 500
#define WATCH_MS 1000
#define CELL_MAX 512

static int64_t number(const struct hb_json *object, const char *name)
{
    int64_t value = 0;

    (void)hb_json_int(hb_json_get(object, name), &value);
    return value;
}

/* Text from outside as it may stand on a terminal; cut at CELL_MAX bytes. */
static const char *clean(const struct hb_cli *cli, struct hb_str text, char ret_text[CELL_MAX])
{
    struct hb_buf buf = hb_buf_make(8 * CELL_MAX);
    struct hb_str cut = hb_output_cut(text, CELL_MAX / 5);

    if (hb_output_clean(&cli->out, cut, &buf)) {
        hb_buf_clear(&buf);
    }
    (void)snprintf(ret_text, CELL_MAX, "%.*s", HB_ARG(hb_buf_str(&buf)));
    hb_buf_deinit(&buf);
    return ret_text;
}

static bool is_paused(const struct hb_json *status)
{
    return hb_str_eq(hb_json_text_or(status, "status", ""), HB_STR("paused"));
}

/* ---- the state ---- */

static void show_pause(struct hb_cli *cli, const struct hb_json *status)
{
    char words[CELL_MAX], field[CELL_MAX];
    struct hb_str said = hb_json_text_or(status, "words", ""), where = hb_json_text_or(status, "field", "");
    struct hb_str since = hb_json_text_or(status, "since", "");
    int64_t code = number(status, "code");

    hb_output_line(&cli->out, "%s paused%s%.*s: %.*s", hb_output_mark(&cli->out, HB_MARK_FAIL),
                   since.len > 0 ? " since " : "", HB_ARG(since), HB_ARG(hb_json_text_or(status, "reason", "?")));
    if (said.len > 0) {
        char code_text[32] = "";

        if (code > 0) {
            (void)snprintf(code_text, sizeof(code_text), " (code %" PRId64 ")", code);
        }
        hb_output_line(&cli->out, "  SALESmanago said%s: %s", code_text, clean(cli, said, words));
    }
    if (where.len > 0) {
        hb_output_line(&cli->out, "  field: %s", clean(cli, where, field));
    }
    hb_output_line(&cli->out, "  what to do: %.*s", HB_ARG(hb_json_text_or(status, "todo", "")));
}

void hb_salesmanago_view_changed(struct hb_cli *cli, const struct hb_json *connector, void *user)
{
    (void)user;
    if (is_paused(connector)) {
        hb_output_line(&cli->out, "SALESmanago connector of store %.*s: paused (%.*s); what changes waits in Kafka",
                       HB_ARG(hb_json_text_or(connector, "store", "?")),
                       HB_ARG(hb_json_text_or(connector, "reason", "?")));
    } else {
        hb_output_line(&cli->out, "SALESmanago connector of store %.*s: %.*s",
                       HB_ARG(hb_json_text_or(connector, "store", "?")),
                       HB_ARG(hb_json_text_or(connector, "status", "?")));
    }
}

/* ---- status ---- */

static void show_batch(struct hb_cli *cli, const struct hb_json *batch)
{
    char words[CELL_MAX];
    struct hb_str said = hb_json_text_or(batch, "words", "");
    const struct hb_json *status = hb_json_get(batch, "status");
    struct hb_str text = {NULL, 0};
    int64_t code = 0;
    char outcome[64] = "?";

    if (!batch) {
        hb_output_line(&cli->out, "last batch  none yet");
        return;
    }
    if (hb_json_str(status, &text)) {
        (void)snprintf(outcome, sizeof(outcome), "%.*s", HB_ARG(text));
    } else if (hb_json_int(status, &code)) {
        (void)snprintf(outcome, sizeof(outcome), "HTTP %" PRId64, code);
    }
    hb_output_line(&cli->out, "last batch  %.*s: %" PRId64 " items, %s, %" PRId64 " ms%s%s",
                   HB_ARG(hb_json_text_or(batch, "at", "?")), number(batch, "items"), outcome, number(batch, "ms"),
                   said.len > 0 ? ": " : "", clean(cli, said, words));
}

static void show_sync(struct hb_cli *cli, const struct hb_json *sync)
{
    struct hb_str state = hb_json_text_or(sync, "state", "?");
    int64_t done = number(sync, "done"), total = number(sync, "total");

    if (!sync) {
        return;
    }
    if (total > 0) {
        hb_output_line(&cli->out, "full sync   %.*s: %" PRId64 " of %" PRId64 " (%d %%), asked for %.*s", HB_ARG(state),
                       done, total, (int)(done * 100 / total), HB_ARG(hb_json_text_or(sync, "at", "?")));
    } else {
        hb_output_line(&cli->out, "full sync   %.*s, asked for %.*s", HB_ARG(state),
                       HB_ARG(hb_json_text_or(sync, "at", "?")));
    }
}

static void show_behind(struct hb_cli *cli, const struct hb_json *status)
{
    int64_t detached = number(status, "detached"), lag = number(status, "lag");
    struct hb_str next = hb_json_text_or(status, "next_try", "");

    hb_output_line(&cli->out, "waiting     %" PRId64 " in memory, %" PRId64 " behind in Kafka%s",
                   number(status, "waiting"), lag,
                   detached == 0       ? ""
                   : is_paused(status) ? "; it waits to be resumed"
                                       : "; it reads what it missed");
    if (number(status, "aside") > 0) {
        hb_output_line(&cli->out, "aside       %" PRId64 " of them: SALESmanago fails on each, sent alone, and does not say why",
                       number(status, "aside"));
    }
    if (next.len > 0) {
        hb_output_line(&cli->out, "next try    %.*s", HB_ARG(next));
    }
}

/* A worker may lack what it needs for a connector that is as it should be. */
static void show_active(struct hb_cli *cli, const struct hb_json *unusable)
{
    char why[CELL_MAX];

    if (!unusable) {
        hb_output_line(&cli->out, "%s active", hb_output_mark(&cli->out, HB_MARK_OK));
        return;
    }
    cli->exit_code = HB_EXIT_FOUND;
    hb_output_line(&cli->out, "%s active, but nothing is sent: %s", hb_output_mark(&cli->out, HB_MARK_FAIL),
                   clean(cli, hb_json_text_or(unusable, "why", "?"), why));
}

/* Those that are gone: their figures are in no sum. */
static void show_workers(struct hb_cli *cli, const struct hb_json *workers)
{
    size_t running = 0, gone = 0;

    for (const struct hb_json *worker = hb_json_first(workers); worker; worker = hb_json_next(worker)) {
        char name[CELL_MAX];
        bool is_gone = false;

        (void)hb_json_bool(hb_json_get(worker, "gone"), &is_gone);
        running += !is_gone;
        gone += is_gone;
        if (is_gone) {
            hb_output_note(&cli->out, "worker %s is gone, last heard of at %.*s: its figures are not counted",
                           clean(cli, hb_json_text_or(worker, "worker", "?"), name),
                           HB_ARG(hb_json_text_or(worker, "seen", "?")));
        }
    }
    if (running == 0 && gone > 0) {
        hb_output_note(&cli->out, "no worker is left, so nothing is sent: is the role 'hookbus salesmanago' running?");
    } else if (running == 0) {
        hb_output_note(&cli->out, "no worker has told anything yet: is the role 'hookbus salesmanago' running?");
    }
}

void hb_salesmanago_view_status(struct hb_cli *cli, const struct hb_json *status)
{
    char name[CELL_MAX];
    const struct hb_json *catalog = hb_json_get(status, "catalog");

    hb_output_line(&cli->out, "store %.*s, SALESmanago catalog \"%s\" (%.*s)",
                   HB_ARG(hb_json_text_or(status, "store", "?")),
                   clean(cli, hb_json_text_or(catalog, "name", ""), name), HB_ARG(hb_json_text_or(catalog, "id", "?")));
    if (is_paused(status)) {
        cli->exit_code = HB_EXIT_FOUND;
        show_pause(cli, status);
    } else {
        show_active(cli, hb_json_get(status, "unusable"));
    }
    hb_output_line(&cli->out,
                   "accepted    %" PRId64 " items, %" PRId64 " fields trimmed, %" PRId64
                   " products refused, now %" PRId64 " a second",
                   number(status, "accepted"), number(status, "trimmed"), number(status, "refused"),
                   number(status, "rate"));
    show_behind(cli, status);
    show_batch(cli, hb_json_get(status, "last_batch"));
    show_sync(cli, hb_json_get(status, "sync"));
    if (number(status, "dead") > 0) {
        hb_output_line(&cli->out, "%s %" PRId64 " products are dead: hookbus salesmanago dead list",
                       hb_output_mark(&cli->out, HB_MARK_WARN), number(status, "dead"));
    }
    show_workers(cli, hb_json_get(status, "workers"));
    (void)fflush(cli->out.out);
}

/* ---- following ---- */

/* A worker tells its figures every five seconds: what is done may be known before how much it was. */
#define FIGURES_LOOKS (6000 / LOOK_MS)

static void pause_ms(struct hb_api *api, int64_t ms)
{
    int64_t until_us = hb_setup_mono().us + ms * HB_US_PER_MS;

    while (hb_setup_mono().us < until_us) {
        hb_api_turn(api, (int)((until_us - hb_setup_mono().us) / HB_US_PER_MS) + 1);
    }
}

static void show_sync_end(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    const struct hb_json *sync = hb_json_get(answer->json, "sync");

    if (cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&answer->body));
    } else if (is_paused(answer->json)) {
        show_pause(cli, answer->json);
        hb_output_note(&cli->out, "the sync goes on by itself when the connector is resumed");
    } else {
        char products[48] = "";

        if (number(sync, "total") > 0) {
            (void)snprintf(products, sizeof(products), ": %" PRId64 " products", number(sync, "total"));
        }
        hb_output_line(&cli->out, "%s full sync done%s", hb_output_mark(&cli->out, HB_MARK_OK), products);
        if (number(answer->json, "dead") > 0) {
            hb_output_line(&cli->out, "%s %" PRId64 " products are dead: hookbus salesmanago dead list",
                           hb_output_mark(&cli->out, HB_MARK_WARN), number(answer->json, "dead"));
        }
    }
    if (is_paused(answer->json)) {
        cli->exit_code = HB_EXIT_FOUND;
    }
}

enum hb_err hb_salesmanago_view_sync(struct hb_cli *cli, struct hb_api *api)
{
    char path[HB_API_PATH_MAX];
    struct hb_progress progress = hb_progress_start(&cli->out, "products", 0, hb_setup_mono());
    struct hb_api_request request = {.method = "GET", .path = path};
    enum hb_err err = hb_salesmanago_path(cli, "status", NULL, path);
    bool is_end = false;
    int looks = 0;

    while (!err && !is_end) {
        struct hb_api_answer answer;

        err = hb_api_call(api, &request, &answer);
        if (err) {
            break;
        }
        const struct hb_json *sync = hb_json_get(answer.json, "sync");
        bool is_done = hb_str_eq(hb_json_text_or(sync, "state", ""), HB_STR("done"));

        is_end = !sync || is_paused(answer.json) || (is_done && (number(sync, "total") > 0 || looks >= FIGURES_LOOKS));
        looks += is_done;
        if (is_end) {
            hb_progress_end(&progress);
            show_sync_end(cli, &answer);
        } else {
            progress.total = (uint64_t)number(sync, "total");
            hb_progress_show(&progress, (uint64_t)number(sync, "done"), hb_setup_mono());
        }
        hb_api_answer_deinit(&answer);
        if (!is_end) {
            pause_ms(api, LOOK_MS);
        }
    }
    hb_progress_end(&progress);
    return err;
}

enum hb_err hb_salesmanago_view_watch(struct hb_cli *cli, struct hb_api *api)
{
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    enum hb_err err = hb_salesmanago_path(cli, "status", NULL, path);

    while (!err && !hb_output_is_broken(&cli->out)) {
        struct hb_api_answer answer;

        err = hb_api_call(api, &request, &answer);
        if (err) {
            break;
        }
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer.body));
        } else {
            if (cli->out.is_tty) {
                (void)fputs("\x1b[H\x1b[2J", cli->out.out);
            }
            hb_salesmanago_view_status(cli, answer.json);
        }
        hb_api_answer_deinit(&answer);
        pause_ms(api, WATCH_MS);
    }
    return err;
}
