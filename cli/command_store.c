/* Job: `hookbus store …`. */
#include "cli/commands.h"
#include "cli/resource.h"

#define BODY_MAX 8192

static void say_added(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "store %.*s is there (revision 1)", HB_ARG(hb_json_text_or(answer, "id", "?")));
}

static enum hb_err add_options(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *name = hb_cli_option(cli, "name"), *check = hb_cli_option(cli, "check-schemas");

    if (name) {
        hb_json_add_str(w, "name", hb_str_c(name));
    }
    if (check && strcmp(check, "true") != 0 && strcmp(check, "false") != 0) {
        return hb_cli_usage(cli, "--check-schemas is true or false");
    }
    if (check) {
        hb_json_add_bool(w, "check_schemas", strcmp(check, "true") == 0);
    }
    return HB_OK;
}

static enum hb_err send(struct hb_cli *cli, struct hb_change *change, bool is_new)
{
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    enum hb_err err;

    hb_json_object(&w, NULL);
    if (is_new) {
        hb_json_add_str(&w, "id", hb_str_c(hb_cli_argument(cli, 0)));
    }
    err = add_options(cli, &w);
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change->body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, change);
    hb_buf_deinit(&body);
    return err;
}

static enum hb_err run_add(struct hb_cli *cli)
{
    struct hb_change change = {.method = "POST", .path = "/v1/stores", .say = say_added};

    return send(cli, &change, true);
}

static enum hb_err store_path(struct hb_cli *cli, char ret_path[HB_API_PATH_MAX])
{
    return hb_api_path(cli, (const char *const[]){"stores", hb_cli_argument(cli, 0), NULL}, ret_path);
}

static enum hb_err run_set(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], if_match[32];
    struct hb_change change = {.method = "PATCH", .path = path, .if_match = if_match};
    enum hb_err err = store_path(cli, path);

    err = err ? err : hb_resource_if_match(cli, if_match);
    return err ? err : send(cli, &change, false);
}

static enum hb_err run_show(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err err = store_path(cli, path);

    return err ? err : hb_resource_show(cli, path);
}

static void say_removed(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)answer;
    (void)user;
    hb_output_line(&cli->out, "store %s is removed; its webhooks get nothing more", hb_cli_argument(cli, 0));
}

static enum hb_err run_remove(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], what[128];
    enum hb_err err = store_path(cli, path);

    (void)snprintf(what, sizeof(what), "store %.64s and all its webhooks", hb_cli_argument(cli, 0));
    return err ? err : hb_resource_remove(cli, path, what, say_removed);
}

static void row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells)
{
    bool checks = false;

    (void)scratch;
    (void)hb_json_bool(hb_json_get(item, "check_schemas"), &checks);
    ret_cells[0] = hb_json_text_or(item, "id", "");
    ret_cells[1] = hb_json_text_or(item, "name", "");
    ret_cells[2] = checks ? HB_STR("yes") : HB_STR("no");
    ret_cells[3] = hb_json_text_or(item, "created", "");
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const struct hb_column COLUMNS[] = {{"STORE", 0}, {"NAME", HB_COLUMN_CUT}, {"SCHEMAS", 0}, {"CREATED", 0}};
    static const struct hb_view VIEW = {COLUMNS, 4, row, "no stores; 'hookbus store add ID' makes one"};

    return hb_resource_list(cli, "/v1/stores", &VIEW);
}

static const struct hb_flag ADD_FLAGS[] = {
    {"name", 'n', "TEXT", "a name for people", false, false},
    {"check-schemas", 0, "BOOL", "check data against the canonical schemas on publish", false, false},
    HB_FLAGS_END,
};
static const struct hb_flag SET_FLAGS[] = {
    {"name", 'n', "TEXT", "a name for people", false, false},
    {"check-schemas", 0, "BOOL", "check data against the canonical schemas on publish", false, false},
    HB_FLAG_REVISION,
    HB_FLAGS_END,
};
static const struct hb_flag REMOVE_FLAGS[] = {HB_FLAG_YES, HB_FLAG_REVISION, HB_FLAGS_END};

const struct hb_command hb_command_store_add = {
    .name = "store add", .usage = "ID [--name TEXT]", .summary = "make a store (a tenant: one shop)",
    .flags = ADD_FLAGS, .uses = HB_USES_API, .arguments_min = 1, .arguments_max = 1, .run = run_add,
};
const struct hb_command hb_command_store_list = {
    .name = "store list", .usage = "", .summary = "list stores", .uses = HB_USES_API, .run = run_list,
};
const struct hb_command hb_command_store_show = {
    .name = "store show", .usage = "ID", .summary = "show a store",
    .uses = HB_USES_API, .arguments_min = 1, .arguments_max = 1, .run = run_show,
};
const struct hb_command hb_command_store_set = {
    .name = "store set", .usage = "ID [--name TEXT] [--check-schemas true|false]", .summary = "change a store",
    .flags = SET_FLAGS, .uses = HB_USES_API, .arguments_min = 1, .arguments_max = 1, .run = run_set,
};
const struct hb_command hb_command_store_remove = {
    .name = "store remove", .usage = "ID", .summary = "remove a store and its webhooks",
    .help = "Its id stays taken for 36 days.", .flags = REMOVE_FLAGS, .uses = HB_USES_API,
    .arguments_min = 1, .arguments_max = 1, .run = run_remove,
};
