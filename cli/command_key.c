/* Job: `hookbus key …`: API keys. A key cannot be changed, its secret not be shown again: make another, remove the old
 * one. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/resource.h"

#define BODY_MAX 8192

/* --store, if given: keys of a store; otherwise of all stores. */
static enum hb_err key_path(struct hb_cli *cli, const char *prefix, char ret_path[HB_API_PATH_MAX])
{
    const char *store = hb_cli_option(cli, "store");

    return store ? hb_api_path(cli, (const char *const[]){"stores", store, "keys", prefix, NULL}, ret_path)
                 : hb_api_path(cli, (const char *const[]){"keys", prefix, NULL}, ret_path);
}

static void say_added(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "key     %.*s", HB_ARG(hb_json_text_or(answer, "key", "?")));
    hb_output_line(&cli->out, "        Shown this once. Use it as 'Authorization: Bearer …' or in HOOKBUS_API_KEY.");
}

static void add_scopes(const struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value;
    size_t state = 0;

    hb_json_array(w, "scopes");
    while ((value = hb_options_each(&cli->options, "scope", &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (hb_str_split(&rest, ',', &item)) {
            hb_json_add_str(w, NULL, hb_str_trim(item));
        }
    }
    hb_json_close_array(w);
}

static enum hb_err run_add(struct hb_cli *cli)
{
    const char *name = hb_cli_option(cli, "name"), *expires = hb_cli_option(cli, "expires");
    char path[HB_API_PATH_MAX];
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_change change = {.method = "POST", .path = path, .say = say_added};
    enum hb_err err = key_path(cli, NULL, path);

    if (!err && !hb_options_has(&cli->options, "scope")) {
        err = hb_cli_usage(cli, "what may it do? --scope publish,read,read:data,manage");
    }
    hb_json_object(&w, NULL);
    add_scopes(cli, &w);
    if (name) {
        hb_json_add_str(&w, "name", hb_str_c(name));
    }
    if (expires) {
        hb_json_add_str(&w, "expires", hb_str_c(expires));
    }
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change.body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, &change);
    hb_buf_deinit(&body);
    return err;
}

static void row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells)
{
    bool is_revoked = false;

    (void)hb_json_bool(hb_json_get(item, "revoked"), &is_revoked);
    ret_cells[0] = hb_json_text_or(item, "prefix", "");
    ret_cells[1] = hb_json_text_or(item, "store", "(all)");
    ret_cells[2] = hb_json_joined(hb_json_get(item, "scopes"), scratch);
    ret_cells[3] = is_revoked ? HB_STR("removed") : hb_json_text_or(item, "expires", "never expires");
    ret_cells[4] = hb_json_text_or(item, "name", "");
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const struct hb_column COLUMNS[] = {
        {"PREFIX", 0}, {"STORE", 0}, {"SCOPES", 0}, {"UNTIL", 0}, {"NAME", HB_COLUMN_CUT}};
    static const struct hb_view VIEW = {COLUMNS, 5, row, "no keys"};
    char path[HB_API_PATH_MAX];
    enum hb_err err = key_path(cli, NULL, path);

    return err ? err : hb_resource_list(cli, path, &VIEW);
}

static enum hb_err run_show(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    enum hb_err err = key_path(cli, hb_cli_argument(cli, 0), path);

    return err ? err : hb_resource_show(cli, path);
}

static void say_removed(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)answer;
    (void)user;
    hb_output_line(&cli->out, "key %s is good for nothing any more", hb_cli_argument(cli, 0));
}

static enum hb_err run_remove(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], what[128];
    struct hb_change change = {.method = "DELETE", .path = path, .say = say_removed};
    enum hb_err err = key_path(cli, hb_cli_argument(cli, 0), path);

    (void)snprintf(what, sizeof(what), "key %.64s", hb_cli_argument(cli, 0));
    err = err ? err : hb_resource_confirm(cli, what);
    return err ? err : hb_resource_change(cli, &change);
}

static const struct hb_flag STORE_ONLY[] = {
    {"store", 's', "STORE", "keys of this store; without it, keys for all stores", false, false},
    HB_FLAGS_END,
};
static const struct hb_flag REMOVE_FLAGS[] = {
    {"store", 's', "STORE", "the store the key belongs to", false, false},
    HB_FLAG_YES,
    HB_FLAGS_END,
};
static const struct hb_flag ADD_FLAGS[] = {
    {"store", 's', "STORE", "good for this store alone; without it, for all stores", false, false},
    {"scope", 0, "SCOPES", "publish, read, read:data (bodies hold personal data), manage", true, false},
    {"name", 'n', "TEXT", "a name for people", false, false},
    {"expires", 0, "TIME", "good until then: 2027-01-31T12:00:00Z", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_key_add = {
    .name = "key add", .usage = "--scope SCOPES [--store STORE]", .summary = "make an API key, shown once",
    .help = "A key cannot be changed afterwards: make another and remove this one.",
    .flags = ADD_FLAGS, .uses = HB_USES_API, .run = run_add,
};
const struct hb_command hb_command_key_list = {
    .name = "key list", .usage = "[--store STORE]", .summary = "list API keys by their public prefix",
    .flags = STORE_ONLY, .uses = HB_USES_API, .run = run_list,
};
const struct hb_command hb_command_key_show = {
    .name = "key show", .usage = "PREFIX [--store STORE]", .summary = "show an API key; never its secret",
    .flags = STORE_ONLY, .uses = HB_USES_API, .arguments_min = 1, .arguments_max = 1, .run = run_show,
};
const struct hb_command hb_command_key_remove = {
    .name = "key remove", .usage = "PREFIX [--store STORE]", .summary = "make an API key useless",
    .flags = REMOVE_FLAGS, .uses = HB_USES_API, .arguments_min = 1, .arguments_max = 1, .run = run_remove,
};
