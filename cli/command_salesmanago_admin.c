/* Job: `hookbus salesmanago …`: what an operator does with a connector that is there: status, sync, pause, resume,
 * disconnect, catalogs, dead. Connecting: command_salesmanago_connect.c. */
#include "cli/commands.h"
#include "cli/salesmanago_view.h"

#define BODY_MAX ((size_t)64 * 1024)
#define USES (HB_USES_API | HB_USES_STORE)

/* ---- status ---- */

static void say_status(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_salesmanago_view_status(cli, answer);
}

static enum hb_err run_status(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "GET", .path = path, .say = say_status};
    struct hb_api *api = NULL;
    enum hb_err err = hb_salesmanago_path(cli, "status", NULL, path);

    if (err || !hb_options_has(&cli->options, "watch")) {
        return err ? err : hb_resource_change(cli, &change);
    }
    err = hb_api_new(cli, &api);
    err = err ? err : hb_salesmanago_view_watch(cli, api);
    hb_api_free(&api);
    return err;
}

static const struct hb_flag STATUS_FLAGS[] = {
    {"watch", 'w', NULL, "again every second, until Ctrl-C; with --json one object a second", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago_status = {
    .name = "salesmanago status",
    .usage = "--store STORE [--watch]",
    .summary = "how a store's connector is: lag, last batch, accepted, trimmed, dead, rate",
    .help = "Ends with 1 while the connector is paused, and says why and what to do; also while a worker cannot use it\n"
            "(its record, its key or its mapping), and says why.\n"
            "accepted counts products and variants that SALESmanago took since the worker started; trimmed the fields\n"
            "that were too long for it; refused the products it did not take (hookbus salesmanago dead list). Behind\n"
            "in Kafka is what a connector has yet to read after a pause, an outage or in a full sync. aside are products\n"
            "that wait beside the others because SALESmanago fails on each of them, sent alone, and does not say why: each\n"
            "is tried again later each time, and is dead when it failed seven times while others were accepted. A worker\n"
            "is gone when nothing was heard of it for 200 s: its figures are not counted, and after an hour its records\n"
            "are removed.",
    .flags = STATUS_FLAGS,
    .uses = USES,
    .run = run_status,
};

/* ---- sync ---- */

static enum hb_err follow(struct hb_cli *cli, struct hb_api *api, const struct hb_json *answer)
{
    bool is_begun = false;

    (void)hb_json_bool(hb_json_get(answer, "begun"), &is_begun);
    hb_output_note(&cli->out, "%s; it goes on by itself: Ctrl-C leaves, the same command comes back",
                   is_begun ? "the full sync has begun" : "a full sync is under way already");
    return hb_salesmanago_view_sync(cli, api);
}

static enum hb_err ask_sync(struct hb_cli *cli, struct hb_api *api, const char *path)
{
    bool waits = !hb_options_has(&cli->options, "no-wait");
    struct hb_api_request request = {.method = "POST",
                                     .path = path,
                                     .body = hb_options_has(&cli->options, "restart") ? HB_STR("{\"restart\":true}")
                                                                                      : HB_STR("{}")};
    struct hb_api_answer answer;
    enum hb_err err = hb_api_call(api, &request, &answer);

    if (err) {
        return err;
    }
    if (waits) {
        err = follow(cli, api, answer.json);
    } else if (cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&answer.body));
    } else {
        hb_output_line(&cli->out, "full sync %.*s is %.*s",
                       HB_ARG(hb_json_text_or(hb_json_get(answer.json, "sync"), "id", "?")),
                       HB_ARG(hb_json_text_or(hb_json_get(answer.json, "sync"), "state", "?")));
    }
    hb_api_answer_deinit(&answer);
    return err;
}

static enum hb_err run_sync(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_api *api = NULL;
    enum hb_err err;

    if (!hb_options_has(&cli->options, "full")) {
        return hb_cli_usage(cli, "changes are sent by themselves; --full sends every product that is known once more");
    }
    err = hb_salesmanago_path(cli, "sync", NULL, path);
    err = err ? err : hb_api_new(cli, &api);
    err = err ? err : ask_sync(cli, api, path);
    hb_api_free(&api);
    return err;
}

static const struct hb_flag SYNC_FLAGS[] = {
    {"full", 0, NULL, "every product of the store's catalog", false, false},
    {"restart", 0, NULL, "from the beginning, also when one is under way", false, false},
    {"no-wait", 0, NULL, "return as soon as it is asked for", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago_sync = {
    .name = "salesmanago sync",
    .usage = "--store STORE --full [--no-wait]",
    .summary = "send every known product to SALESmanago once more, with a progress bar",
    .help = "For the first import after connecting, or after somebody changed the catalog in SALESmanago by hand. The\n"
            "worker does it: it goes on when this command ends, and after a crash. Each product is sent in its newest\n"
            "version, once; changes that come meanwhile are sent too. Asking again while one is under way shows that\n"
            "one. Ends with 1 if the connector is paused.",
    .flags = SYNC_FLAGS,
    .uses = USES,
    .run = run_sync,
};

/* ---- pause, resume, disconnect ---- */

static enum hb_err act(struct hb_cli *cli, const char *verb)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "POST", .path = path, .say = hb_salesmanago_view_changed};
    enum hb_err err = hb_salesmanago_path(cli, verb, NULL, path);

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

const struct hb_command hb_command_salesmanago_pause = {
    .name = "salesmanago pause",
    .usage = "--store STORE",
    .summary = "send nothing of a store until it is resumed; nothing is lost",
    .help = "What changes meanwhile waits in Kafka, each product in its newest version.",
    .uses = USES,
    .run = run_pause,
};

const struct hb_command hb_command_salesmanago_resume = {
    .name = "salesmanago resume",
    .usage = "--store STORE",
    .summary = "go on after a pause: an operator's, or one that hookbus made",
    .help = "Mend first what 'hookbus salesmanago status' names, else it is paused again at the next request.",
    .uses = USES,
    .run = run_resume,
};

static void say_removed(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)answer;
    (void)user;
    hb_output_line(&cli->out, "the SALESmanago connector is removed, and its API key with it; what stands in "
                              "SALESmanago stays there");
}

static enum hb_err run_disconnect(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err err = hb_salesmanago_path(cli, NULL, NULL, path);

    return err ? err : hb_resource_remove(cli, path, "the store's SALESmanago connector", say_removed);
}

static const struct hb_flag REMOVE_FLAGS[] = {HB_FLAG_YES, HB_FLAG_REVISION, HB_FLAGS_END};

const struct hb_command hb_command_salesmanago_disconnect = {
    .name = "salesmanago disconnect",
    .usage = "--store STORE",
    .summary = "remove a store's connector and forget its API key",
    .flags = REMOVE_FLAGS,
    .uses = USES,
    .run = run_disconnect,
};

/* ---- catalogs ---- */

static void say_catalogs(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    enum hb_err *err = user;

    *err = hb_salesmanago_view_catalogs(cli, answer);
}

static enum hb_err run_catalogs(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err shown = HB_OK;
    struct hb_change change = {.method = "GET", .path = path, .say = say_catalogs, .user = &shown};
    enum hb_err err = hb_salesmanago_path(cli, "catalogs", NULL, path);

    err = err ? err : hb_resource_change(cli, &change);
    return err ? err : shown;
}

const struct hb_command hb_command_salesmanago_catalogs = {
    .name = "salesmanago catalogs",
    .usage = "--store STORE",
    .summary = "the catalogs SALESmanago has for the connector's key, and how many there may be",
    .help = "Asks SALESmanago (catalogList): also the way to see whether the key is still good.",
    .uses = USES,
    .run = run_catalogs,
};

/* ---- the dead ---- */

static enum hb_err run_dead_list(struct hb_cli *cli)
{
    static const struct hb_view VIEW = {hb_salesmanago_dead_columns, HB_SALESMANAGO_DEAD_COLUMNS,
                                        hb_salesmanago_dead_row, "no dead products"};
    char path[HB_API_PATH_MAX];
    enum hb_err err = hb_salesmanago_path(cli, "dead", NULL, path);

    return err ? err : hb_resource_list(cli, path, &VIEW);
}

static void say_replay(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    int64_t products = 0;

    (void)user;
    (void)hb_json_int(hb_json_get(answer, "products"), &products);
    if (products == 0) {
        hb_output_line(&cli->out, "no product is dead: nothing to send again");
    } else {
        hb_output_line(&cli->out, "%lld products are sent again in their current version", (long long)products);
    }
    if (hb_str_eq(hb_json_text_or(answer, "status", ""), HB_STR("paused"))) {
        hb_output_note(&cli->out, "once the connector is resumed: it is paused");
    }
}

static enum hb_err run_dead_replay(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_change change = {.method = "POST", .path = path, .say = say_replay};
    enum hb_err err = hb_salesmanago_path(cli, "dead", "replay", path);

    hb_json_object(&w, NULL);
    if (hb_cli_argument(cli, 0)) {
        hb_json_array(&w, "products");
        for (size_t i = 0; hb_cli_argument(cli, i); i++) {
            hb_json_add_str(&w, NULL, hb_str_c(hb_cli_argument(cli, i)));
        }
        hb_json_close_array(&w);
    }
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change.body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, &change);
    hb_buf_deinit(&body);
    return err;
}

#define DEAD_HELP                                                                                                      \
    "A product is dead when SALESmanago (or our own check of its limits) refuses it for good; the others of its\n"     \
    "request were sent. WORDS are SALESmanago's own. A newer version of the product is sent in any case, and when "    \
    "it\n"                                                                                                             \
    "is accepted the product leaves the list by itself. See docs/salesmanago.md, Dead products."

const struct hb_command hb_command_salesmanago_dead = {
    .name = "salesmanago dead",
    .usage = "--store STORE",
    .summary = "the same as 'hookbus salesmanago dead list'",
    .help = DEAD_HELP,
    .uses = USES,
    .run = run_dead_list,
};

const struct hb_command hb_command_salesmanago_dead_list = {
    .name = "salesmanago dead list",
    .usage = "--store STORE",
    .summary = "products SALESmanago refuses, with its reasons",
    .help = DEAD_HELP,
    .uses = USES,
    .run = run_dead_list,
};

const struct hb_command hb_command_salesmanago_dead_replay = {
    .name = "salesmanago dead replay",
    .usage = "--store STORE [PRODUCT…]",
    .summary = "send dead products again in their current version: those named, else all",
    .help = "For when the reason was in SALESmanago or in the mapping; a product that is mended in the shop is sent\n"
            "again by its change.",
    .uses = USES,
    .arguments_max = 30,
    .run = run_dead_replay,
};
