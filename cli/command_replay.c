/* Job: `hookbus replay …`: deliveries are sent again: counted beforehand, throttled, paused, followed. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/replay_view.h"
#include "cli/setup.h"
#include "cli/when.h"

#define BODY_MAX ((size_t)256 * 1024)
#define RATE_MAX 10000

/* ---- the body ---- */

/* The values of a repeated flag, also comma-separated, as a list. */
static void add_list(const struct hb_cli *cli, struct hb_json_writer *w, const char *flag, const char *member)
{
    const char *value;
    size_t state = 0;

    if (!hb_options_has(&cli->options, flag)) {
        return;
    }
    hb_json_array(w, member);
    while ((value = hb_options_each(&cli->options, flag, &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (hb_str_split(&rest, ',', &item)) {
            hb_json_add_str(w, NULL, hb_str_trim(item));
        }
    }
    hb_json_close_array(w);
}

static enum hb_err add_time(struct hb_cli *cli, struct hb_json_writer *w, const char *flag)
{
    const char *text = hb_cli_option(cli, flag);
    struct hb_wall at;

    if (!text) {
        return HB_OK;
    }
    if (hb_when_parse(text, hb_setup_wall(), &at, &cli->error)) {
        cli->is_usage = true;
        return HB_ERR_INVALID;
    }
    hb_json_add_wall(w, flag, at);
    return HB_OK;
}

static enum hb_err add_rate(struct hb_cli *cli, struct hb_json_writer *w)
{
    static const int64_t RANGE[2] = {1, RATE_MAX};
    int64_t rate = 0;
    enum hb_err err = hb_options_int(&cli->options, "rate", RANGE, &rate, &cli->error);

    cli->is_usage = err != HB_OK;
    if (!err && rate > 0) {
        hb_json_add_int(w, "rate", rate);
    }
    return err;
}

static void add_states(const struct hb_cli *cli, struct hb_json_writer *w)
{
    if (hb_options_has(&cli->options, "missing")) {
        hb_json_array(w, "states");
        hb_json_add_str(w, NULL, HB_STR("missing"));
        hb_json_close_array(w);
    } else {
        add_list(cli, w, "state", "states");
    }
}

static enum hb_err make_body(struct hb_cli *cli, struct hb_str webhook, struct hb_buf *ret_body)
{
    struct hb_json_writer w = hb_json_write(ret_body);
    enum hb_err err;

    hb_json_object(&w, NULL);
    hb_json_add_str(&w, "webhook", webhook);
    add_states(cli, &w);
    err = add_time(cli, &w, "since");
    err = err ? err : add_time(cli, &w, "until");
    err = err ? err : add_rate(cli, &w);
    add_list(cli, &w, "type", "types");
    add_list(cli, &w, "subject", "subjects");
    add_list(cli, &w, "event", "events");
    if (hb_options_has(&cli->options, "once")) {
        hb_json_add_bool(&w, "once", true);
    }
    if (hb_options_has(&cli->options, "dry-run")) {
        hb_json_add_bool(&w, "dry_run", true);
    }
    hb_json_close_object(&w);
    return err ? err : hb_json_end(&w);
}

/* ---- make ---- */

static enum hb_err replay_path(struct hb_cli *cli, const char *job, const char *verb, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "replays", job, verb, NULL}, ret_path);
}

/* The job's own path, out of the answer that made it. */
static enum hb_err follow(struct hb_cli *cli, struct hb_api *api, const struct hb_json *job)
{
    char path[HB_API_PATH_MAX];
    char *id = hb_str_dup(hb_json_text_or(job, "id", "?"));
    enum hb_err err = id ? replay_path(cli, id, NULL, path) : HB_ERR_MEMORY;

    hb_output_note(&cli->out, "replay %s goes on by itself; Ctrl-C leaves, 'hookbus replay watch %s' comes back",
                   id ? id : "?", id ? id : "?");
    err = err ? err : hb_replay_view_follow(cli, api, path);
    free(id);
    return err;
}

static enum hb_err show_made(struct hb_cli *cli, struct hb_api *api, const struct hb_api_answer *answer)
{
    bool is_person = cli->out.err_is_tty && !cli->out.is_json && !hb_options_has(&cli->options, "no-wait");

    if (hb_options_has(&cli->options, "dry-run")) {
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer->body));
            return HB_OK;
        }
        return hb_replay_view_dry(cli, answer->json);
    }
    if (is_person || hb_options_has(&cli->options, "wait")) {
        return follow(cli, api, answer->json);
    }
    if (cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&answer->body));
    } else {
        hb_replay_view_job(cli, answer->json);
    }
    return HB_OK;
}

static enum hb_err make_one(struct hb_cli *cli, struct hb_api *api, struct hb_str webhook)
{
    char path[HB_API_PATH_MAX];
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_api_request request = {.method = "POST", .path = path};
    struct hb_api_answer answer;
    enum hb_err err = replay_path(cli, NULL, NULL, path);

    err = err ? err : make_body(cli, webhook, &body);
    request.body = hb_buf_str(&body);
    err = err ? err : hb_api_call(api, &request, &answer);
    if (!err) {
        err = show_made(cli, api, &answer);
        hb_api_answer_deinit(&answer);
    }
    hb_buf_deinit(&body);
    return err;
}

static size_t count_webhooks(const struct hb_cli *cli)
{
    const char *value;
    size_t state = 0, count = 0;

    while ((value = hb_options_each(&cli->options, "webhook", &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (hb_str_split(&rest, ',', &item)) {
            count++;
        }
    }
    return count;
}

static enum hb_err make_each(struct hb_cli *cli, struct hb_api *api)
{
    const char *value;
    size_t state = 0;
    enum hb_err err = HB_OK;

    while (!err && (value = hb_options_each(&cli->options, "webhook", &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (!err && hb_str_split(&rest, ',', &item)) {
            err = make_one(cli, api, hb_str_trim(item));
        }
    }
    return err;
}

static enum hb_err run_make(struct hb_cli *cli)
{
    struct hb_api *api = NULL;
    size_t webhooks = count_webhooks(cli);
    enum hb_err err;

    if (webhooks == 0) {
        return hb_cli_usage(cli, "which webhook's deliveries? --webhook WEBHOOK");
    }
    if (hb_options_has(&cli->options, "missing") && hb_options_has(&cli->options, "state")) {
        return hb_cli_usage(cli, "--missing is a state of its own: leave out --state");
    }
    err = hb_api_new(cli, &api);
    if (!err && webhooks > 1 && !cli->out.is_json) {
        hb_output_note(&cli->out, "%zu webhooks: one job for each, one after the other", webhooks);
    }
    err = err ? err : make_each(cli, api);
    hb_api_free(&api);
    return err;
}

/* ---- look, follow ---- */

static enum hb_err run_list(struct hb_cli *cli)
{
    static const struct hb_view VIEW = {hb_replay_view_columns, HB_REPLAY_VIEW_COLUMNS, hb_replay_view_row,
                                        "no replays"};
    char path[HB_API_PATH_MAX], all[HB_API_PATH_MAX];
    const char *webhook = hb_cli_option(cli, "webhook");
    enum hb_err err = replay_path(cli, NULL, NULL, path);

    if (!err && snprintf(all, sizeof(all), "%s%s%s", path, webhook ? "?webhook=" : "", webhook ? webhook : "") >=
                    HB_API_PATH_MAX) {
        err = hb_cli_usage(cli, "--webhook is too long");
    }
    return err ? err : hb_resource_list(cli, all, &VIEW);
}

static enum hb_err run_show(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err err = replay_path(cli, hb_cli_argument(cli, 0), NULL, path);

    return err ? err : hb_resource_show(cli, path);
}

static enum hb_err run_watch(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_api *api = NULL;
    enum hb_err err = replay_path(cli, hb_cli_argument(cli, 0), NULL, path);

    err = err ? err : hb_api_new(cli, &api);
    err = err ? err : hb_replay_view_follow(cli, api, path);
    hb_api_free(&api);
    return err;
}

/* ---- pause, resume, cancel ---- */

static void say_job(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_replay_view_job(cli, answer);
}

static enum hb_err act(struct hb_cli *cli, const char *verb)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "POST", .path = path, .say = say_job};
    enum hb_err err = replay_path(cli, hb_cli_argument(cli, 0), verb, path);

    return err ? err : hb_resource_change(cli, &change);
}

static enum hb_err run_pause(struct hb_cli *cli)
{
    return act(cli, "pause");
}
static enum hb_err run_resume(struct hb_cli *cli)
{
    return act(cli, "resume");
}
static enum hb_err run_cancel(struct hb_cli *cli)
{
    return act(cli, "cancel");
}

/* ---- the rows ---- */

static const struct hb_flag MAKE_FLAGS[] = {
    {"webhook", 'w', "WEBHOOK", "whose deliveries; several: one job each", true, false},
    {"state", 0, "STATE",
     "dead (default), held, parked, expired, cancelled, skipped, delivered; several, comma-separated", true, false},
    {"missing", 0, NULL, "events the webhook would get by its settings of now, and of which nothing is known", false,
     false},
    {"since", 0, "TIME", "events appended since: 2h, 7d, or 2026-01-31T12:00:00Z", false, false},
    {"until", 0, "TIME", "events appended before", false, false},
    {"type", 0, "TYPE", "of these event types: order.created, order.*", true, false},
    {"subject", 0, "ID", "of these subjects", true, false},
    {"event", 0, "EVENT", "these events alone", true, false},
    {"rate", 0, "N", "so many a second (default: replay.rate)", false, false},
    {"once", 0, NULL, "one attempt each, instead of the whole schedule", false, false},
    {"dry-run", 'n', NULL, "say how many and which, send nothing", false, false},
    {"wait", 0, NULL, "stay until it has ended (the default on a terminal)", false, false},
    {"no-wait", 0, NULL, "return as soon as it is made", false, false},
    HB_FLAGS_END,
};

#define MAKE_HELP                                                                                                      \
    "The job is run by the dispatcher that owns the webhook's shard: it goes on when this command ends, and after a "  \
    "crash from where it stood.\n"                                                                                     \
    "What it selects is due two seconds later and then follows the webhook's schedule; a retry that waits is "         \
    "replaced.\n"                                                                                                      \
    "Running it twice does no harm: what is pending by then is not dead any more. See docs/replay.md."

const struct hb_command hb_command_replay = {
    .name = "replay",
    .usage = "--store STORE --webhook WEBHOOK [--state dead] [--since 2h] [--dry-run]",
    .summary = "send deliveries again",
    .help = MAKE_HELP,
    .flags = MAKE_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run_make,
};

const struct hb_command hb_command_replay_create = {
    .name = "replay create",
    .usage = "--store STORE --webhook WEBHOOK [--state dead] [--since 2h] [--dry-run]",
    .summary = "the same as 'hookbus replay'",
    .help = MAKE_HELP,
    .flags = MAKE_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run_make,
};

static const struct hb_flag LIST_FLAGS[] = {
    {"webhook", 'w', "WEBHOOK", "of this webhook alone", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_replay_list = {
    .name = "replay list",
    .usage = "--store STORE [--webhook WEBHOOK]",
    .summary = "a store's replay jobs, newest first",
    .flags = LIST_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run_list,
};

const struct hb_command hb_command_replay_show = {
    .name = "replay show",
    .usage = "--store STORE REPLAY",
    .summary = "a replay job: what it asks for, how far it is",
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_show,
};

const struct hb_command hb_command_replay_watch = {
    .name = "replay watch",
    .usage = "--store STORE REPLAY",
    .summary = "follow a replay job until it has ended",
    .help = "Leaving (Ctrl-C) does not disturb the job. Ends with 1 when the job failed, was cancelled or is paused.",
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_watch,
};

const struct hb_command hb_command_replay_pause = {
    .name = "replay pause",
    .usage = "--store STORE REPLAY",
    .summary = "select nothing more until it is resumed",
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_pause,
};

const struct hb_command hb_command_replay_resume = {
    .name = "replay resume",
    .usage = "--store STORE REPLAY",
    .summary = "go on with a paused replay job",
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_resume,
};

const struct hb_command hb_command_replay_cancel = {
    .name = "replay cancel",
    .usage = "--store STORE REPLAY",
    .summary = "end a replay job; what it selected already is sent",
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_cancel,
};
