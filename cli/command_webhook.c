/* Job: `hookbus webhook add|list|show|set|remove`. */
#include "cli/commands.h"
#include "cli/resource.h"
#include "cli/webhook_body.h"

#define BODY_MAX 262144

static enum hb_err webhook_path(struct hb_cli *cli, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err
               : hb_api_path(cli, (const char *const[]){"stores", store, "webhooks", hb_cli_argument(cli, 0), NULL},
                             ret_path);
}

static enum hb_err list_path(struct hb_cli *cli, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "webhooks", NULL}, ret_path);
}

static void say_added(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "webhook %.*s is active", HB_ARG(hb_json_text_or(answer, "id", "?")));
    hb_output_line(&cli->out, "secret  %.*s", HB_ARG(hb_json_text_or(answer, "secret", "?")));
    hb_output_line(&cli->out,
                   "        Shown this once: the receiver verifies with it. Lost: 'hookbus webhook rotate-secret'.");
}

static enum hb_err send(struct hb_cli *cli, struct hb_change *change, bool is_new)
{
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    enum hb_err err;

    hb_json_object(&w, NULL);
    if (is_new) {
        hb_json_add_str(&w, "url", hb_str_c(hb_cli_argument(cli, 0)));
    }
    err = hb_webhook_body(cli, &w);
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change->body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, change);
    hb_buf_deinit(&body);
    return err;
}

static enum hb_err run_add(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "POST", .path = path, .say = say_added};
    enum hb_err err = list_path(cli, path);

    if (!err && !hb_options_has(&cli->options, "events")) {
        err = hb_cli_usage(cli,
                           "which events? --events order.created, --events 'order.*,product.updated' or --events '*'");
    }
    return err ? err : send(cli, &change, true);
}

static enum hb_err run_set(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], if_match[32];
    struct hb_change change = {.method = "PATCH", .path = path, .if_match = if_match};
    enum hb_err err = webhook_path(cli, path);

    err = err ? err : hb_resource_if_match(cli, if_match);
    return err ? err : send(cli, &change, false);
}

static enum hb_err run_show(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err err = webhook_path(cli, path);

    return err ? err : hb_resource_show(cli, path);
}

static void say_removed(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)answer;
    (void)user;
    hb_output_line(&cli->out, "webhook %s is removed", hb_cli_argument(cli, 0));
}

static enum hb_err run_remove(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], what[128];
    enum hb_err err = webhook_path(cli, path);

    (void)snprintf(what, sizeof(what), "webhook %.64s", hb_cli_argument(cli, 0));
    return err ? err : hb_resource_remove(cli, path, what, say_removed);
}

static void row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells)
{
    ret_cells[0] = hb_json_text_or(item, "id", "");
    ret_cells[1] = hb_json_text_or(item, "status", "");
    ret_cells[2] = hb_json_joined(hb_json_get(item, "events"), scratch);
    ret_cells[3] = hb_json_text_or(item, "format", "");
    ret_cells[4] = hb_json_text_or(item, "url", "");
    ret_cells[5] = hb_json_text_or(item, "name", "");
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const struct hb_column COLUMNS[] = {{"WEBHOOK", 0}, {"STATUS", 0}, {"EVENTS", HB_COLUMN_CUT},
                                               {"FORMAT", 0}, {"URL", HB_COLUMN_CUT}, {"NAME", HB_COLUMN_CUT}};
    static const struct hb_view VIEW = {COLUMNS, 6, row, "no webhooks; 'hookbus webhook add URL --events …' makes one"};
    char path[HB_API_PATH_MAX];
    enum hb_err err = list_path(cli, path);

    return err ? err : hb_resource_list(cli, path, &VIEW);
}

static const struct hb_flag ADD_FLAGS[] = {HB_WEBHOOK_FLAGS, HB_FLAGS_END};
static const struct hb_flag SET_FLAGS[] = {
    {"url", 'u', "URL", "where to", false, false},
    HB_WEBHOOK_FLAGS,
    HB_FLAG_REVISION,
    HB_FLAGS_END,
};
static const struct hb_flag REMOVE_FLAGS[] = {HB_FLAG_YES, HB_FLAG_REVISION, HB_FLAGS_END};

#define USES (HB_USES_API | HB_USES_STORE)

const struct hb_command hb_command_webhook_add = {
    .name = "webhook add",
    .usage = "URL --store STORE --events TYPES",
    .summary = "make a webhook: who is told of which events",
    .help = "Prints its signing secret, once. Example:\n  hookbus webhook add https://shop.example/hooks --store demo "
            "--events 'order.*' "
            "--filter '{\"total\": [{\"numeric\": [\">=\", 100]}]}'",
    .flags = ADD_FLAGS,
    .uses = USES,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_add,
};
const struct hb_command hb_command_webhook_list = {
    .name = "webhook list",
    .usage = "--store STORE",
    .summary = "list a store's webhooks",
    .uses = USES,
    .run = run_list,
};
const struct hb_command hb_command_webhook_show = {
    .name = "webhook show", .usage = "ID --store STORE", .summary = "show a webhook; never its secrets",
    .uses = USES, .arguments_min = 1, .arguments_max = 1, .run = run_show,
};
const struct hb_command hb_command_webhook_set = {
    .name = "webhook set", .usage = "ID --store STORE [FLAGS]", .summary = "change a webhook; what is not named stays",
    .flags = SET_FLAGS, .uses = USES, .arguments_min = 1, .arguments_max = 1, .run = run_set,
};
const struct hb_command hb_command_webhook_remove = {
    .name = "webhook remove", .usage = "ID --store STORE", .summary = "remove a webhook",
    .flags = REMOVE_FLAGS, .uses = USES, .arguments_min = 1, .arguments_max = 1, .run = run_remove,
};
