/* Job: `hookbus top`: a live screen of rates, what is in flight, what waits, and the webhooks that fare worst. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/fares.h"
#include "cli/plain_get.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "cli/top_view.h"
#include "platform/loop/loop.h"

#define REFRESH_MS 1000
#define LOOK_MS 100
#define SCREEN_BYTES_MAX ((size_t)1024 * 1024)
#define JSON_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define METRICS_BYTES_MAX ((size_t)1024 * 1024)
#define METRICS_LIMIT_MS 300

struct top {
    struct hb_cli *cli;
    struct hb_api *api;
    const char *store;
    struct hb_fares fares;
    struct hb_top_head head;
    struct hb_screen screen;
    struct hb_signal *signals[3];
    struct hb_timer *timer; /* looks for keys, also while an answer is waited for */
    char complaint[HB_ERROR_TEXT_MAX];
    bool is_over;
};

/* ---- what is asked ---- */

/* The value of a metric without labels in Prometheus' text; -1: it is not there. */
static int64_t metric_of(struct hb_str text, const char *name)
{
    struct hb_str line, key;
    uint64_t value = 0;

    while (hb_str_split(&text, '\n', &line)) {
        if (hb_str_split(&line, ' ', &key) && hb_str_eq(key, hb_str_c(name)) &&
            hb_str_to_u64(hb_str_trim(line), &value)) {
            return (int64_t)value;
        }
    }
    return -1;
}

/* The dispatcher of this machine, if there is one: what is in flight only it knows. */
static void ask_dispatcher(struct top *top)
{
    const struct hb_config *config = &top->cli->config;
    struct hb_buf text = hb_buf_make(METRICS_BYTES_MAX);

    top->head.in_flight = top->head.waiting = -1;
    if (!hb_plain_get(config->dispatcher_listen, (int)config->dispatcher_port, "/metrics", METRICS_LIMIT_MS, &text)) {
        top->head.in_flight = metric_of(hb_buf_str(&text), "hookbus_deliveries_in_flight");
        top->head.waiting = metric_of(hb_buf_str(&text), "hookbus_deliveries_waiting");
    }
    hb_buf_deinit(&text);
}

static enum hb_err ask(struct top *top)
{
    enum hb_err err = hb_fares_read(top->cli, top->api, top->store, &top->fares);

    top->head.now = hb_setup_wall();
    if (!err) {
        ask_dispatcher(top);
    }
    return err;
}

/* ---- the screen ---- */

static void look(void *user)
{
    struct top *top = user;
    int key;

    while ((key = hb_screen_key(&top->screen)) >= 0) {
        top->is_over = top->is_over || key == 'q' || key == 'Q' || key == HB_SCREEN_CTRL_C;
    }
    if (top->is_over) {
        hb_screen_end(&top->screen); /* at once, also while an answer is waited for */
    }
}

static void on_signal(void *user, int number)
{
    struct top *top = user;

    (void)number;
    top->is_over = true;
    hb_screen_end(&top->screen);
}

static enum hb_err draw(struct top *top)
{
    struct hb_buf picture = hb_buf_make(SCREEN_BYTES_MAX);
    int columns = 80, rows = 24;

    hb_screen_size(&top->screen, &columns, &rows);
    enum hb_err err = hb_top_draw(&top->cli->out, &top->fares, &top->head, columns, rows, &picture);
    if (!err && !top->is_over) {
        hb_screen_show(&top->screen, hb_buf_str(&picture));
    }
    hb_buf_deinit(&picture);
    return err;
}

/* An api that is away for a while is no reason to leave: the last picture stays, with a complaint. */
static enum hb_err refresh(struct top *top)
{
    enum hb_err err = ask(top);

    top->head.complaint = NULL;
    if (err == HB_ERR_AWAY || err == HB_ERR_TIMEOUT) {
        (void)snprintf(top->complaint, sizeof(top->complaint), "%s", top->cli->error.text);
        top->head.complaint = top->complaint;
        top->cli->error = (struct hb_error){HB_OK, ""};
        err = HB_OK;
    }
    return err || top->is_over ? err : draw(top);
}

static enum hb_err watch(struct top *top)
{
    static const int NUMBERS[] = {SIGINT, SIGTERM, SIGHUP};
    struct hb_loop *loop = hb_api_loop(top->api);
    enum hb_err err = hb_timer_new(loop, look, top, &top->timer);

    for (size_t i = 0; !err && i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        err = hb_signal_new(loop, NUMBERS[i], on_signal, top, &top->signals[i]);
    }
    if (!err && hb_screen_begin(&top->screen, STDIN_FILENO, STDOUT_FILENO)) {
        err = hb_cli_usage(top->cli, "there is no terminal to draw on: --once or --json");
    }
    if (!err) {
        hb_timer_start(top->timer, LOOK_MS, LOOK_MS);
    }
    while (!err && !top->is_over) {
        int64_t again_us = hb_setup_mono().us + REFRESH_MS * HB_US_PER_MS;

        err = refresh(top);
        while (!err && !top->is_over && hb_setup_mono().us < again_us) {
            hb_loop_run_once(loop, LOOK_MS);
        }
    }
    hb_screen_end(&top->screen);
    return err;
}

/* ---- once ---- */

static enum hb_err show_once(struct top *top)
{
    struct hb_buf text = hb_buf_make(JSON_BYTES_MAX);
    struct hb_json_writer w = hb_json_write(&text);
    enum hb_err err = ask(top);

    if (!err && top->cli->out.is_json) {
        hb_top_write_json(&top->fares, &w);
        err = hb_json_end(&w);
    } else if (!err) {
        int columns = top->cli->out.width > 0 ? top->cli->out.width : 120;

        err = hb_top_draw_plain(&top->cli->out, &top->fares, &top->head, columns, &text);
    }
    if (!err) {
        hb_output_json(&top->cli->out, hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err run(struct hb_cli *cli)
{
    struct top *top = calloc(1, sizeof(*top));
    const char *store = hb_cli_option(cli, "store") ? hb_cli_option(cli, "store") : getenv("HOOKBUS_STORE");
    bool is_once = cli->out.is_json || hb_options_has(&cli->options, "once");
    enum hb_err err = top ? hb_api_new(cli, &top->api) : HB_ERR_MEMORY;

    if (!err) {
        top->cli = cli;
        top->store = store && *store ? store : NULL;
        err = is_once ? show_once(top) : watch(top);
        hb_timer_free(&top->timer);
        for (size_t i = 0; i < sizeof(top->signals) / sizeof(top->signals[0]); i++) {
            hb_signal_free(&top->signals[i]);
        }
        hb_fares_deinit(&top->fares);
        hb_api_free(&top->api);
    }
    free(top);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"once", 0, NULL, "show it once, as text, and end", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_top = {
    .name = "top",
    .usage = "[--store STORE] [--once]",
    .summary = "a live screen: rates, what is in flight and waits, the worst webhooks first; q leaves",
    .help = "Refreshed each second. /S is of the last one to two minutes, OK % and P99 MS of the last hour; in flight "
            "and waiting are\nthose of the dispatcher at dispatcher.listen:dispatcher.port, where one answers. --json "
            "shows it once, for programs.",
    .flags = FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run,
};
