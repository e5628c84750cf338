/* Job: `hookbus config check|print|reference`. */
#include "cli/commands.h"
#include "cli/config_keys.h"
#include "cli/config_reference.h"
#include "cli/config_value.h"
#include "core/egress.h"
#include "platform/json/json.h"

#define TEXT_MAX ((size_t)1024 * 1024)
#define MASKED "(set, not shown)"

static enum hb_err run_check(struct hb_cli *cli)
{
    struct hb_egress *egress = NULL;
    enum hb_err err = hb_egress_new(hb_str_c(cli->config.egress_allow), &egress, &cli->error);

    hb_egress_free(&egress);
    if (err) {
        return err;
    }
    if (cli->out.is_json) {
        hb_output_line(&cli->out, "{\"ok\":true}");
    } else {
        hb_output_line(&cli->out, "%s the configuration is usable%s%s", hb_output_mark(&cli->out, HB_MARK_OK),
                       cli->config_file ? ": " : " (no file: defaults and environment)",
                       cli->config_file ? cli->config_file : "");
    }
    return HB_OK;
}

static const char *text_of(struct hb_cli *cli, const struct hb_config_key *key)
{
    const char *text = *hb_config_value_text(&cli->config, key);

    return hb_config_key_is_secret(key) && text && *text ? MASKED : text ? text : "";
}

static enum hb_err add_yaml(struct hb_cli *cli, const struct hb_config_key *key, struct hb_buf *text)
{
    enum hb_err err = hb_buf_addf(text, "  %s: ", key->name);

    switch (err ? HB_CONFIG_BOOL : key->kind) {
    case HB_CONFIG_INT:
        err = hb_buf_addf(text, "%lld", (long long)*hb_config_value_number(&cli->config, key));
        break;
    case HB_CONFIG_BOOL:
        err = err ? err : hb_buf_addf(text, "%s", *hb_config_value_flag(&cli->config, key) ? "true" : "false");
        break;
    case HB_CONFIG_STR:
    case HB_CONFIG_LIST:
        err = hb_buf_add(text, key->kind == HB_CONFIG_LIST ? HB_STR("[") : HB_STR("\""));
        if (key->kind == HB_CONFIG_LIST) {
            struct hb_str rest = hb_str_c(text_of(cli, key)), item;
            bool has_item = false;

            while (!err && rest.len > 0 && hb_str_split(&rest, ',', &item)) {
                err = hb_buf_addf(text, "%s\"%.*s\"", has_item ? ", " : "", HB_ARG(item));
                has_item = true;
            }
        } else {
            err = err ? err : hb_buf_add_json(text, hb_str_c(text_of(cli, key)));
        }
        err = err ? err : hb_buf_add(text, key->kind == HB_CONFIG_LIST ? HB_STR("]") : HB_STR("\""));
        break;
    }
    return err ? err : hb_buf_add_char(text, '\n');
}

static enum hb_err print_yaml(struct hb_cli *cli, struct hb_buf *text)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    enum hb_err err = HB_OK;

    for (size_t i = 0; i < count && !err; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0) {
            err = hb_buf_addf(text, "%s:\n", keys[i].section);
        }
        err = err ? err : add_yaml(cli, &keys[i], text);
    }
    return err;
}

static enum hb_err print_json(struct hb_cli *cli, struct hb_buf *text)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    struct hb_json_writer w = hb_json_write(text);

    hb_json_object(&w, NULL);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0) {
            hb_json_object(&w, keys[i].section);
        }
        if (keys[i].kind == HB_CONFIG_INT) {
            hb_json_add_int(&w, keys[i].name, *hb_config_value_number(&cli->config, &keys[i]));
        } else if (keys[i].kind == HB_CONFIG_BOOL) {
            hb_json_add_bool(&w, keys[i].name, *hb_config_value_flag(&cli->config, &keys[i]));
        } else {
            hb_json_add_str(&w, keys[i].name, hb_str_c(text_of(cli, &keys[i])));
        }
        if (i + 1 == count || strcmp(keys[i].section, keys[i + 1].section) != 0) {
            hb_json_close_object(&w);
        }
    }
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

static enum hb_err run_print(struct hb_cli *cli)
{
    struct hb_buf text = hb_buf_make(TEXT_MAX);
    enum hb_err err = cli->out.is_json ? print_json(cli, &text) : print_yaml(cli, &text);

    if (!err) {
        (void)fwrite(text.ptr, 1, text.len, cli->out.out);
        (void)(cli->out.is_json ? fputc('\n', cli->out.out) : 0);
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err run_reference(struct hb_cli *cli)
{
    struct hb_buf text = hb_buf_make(TEXT_MAX);
    enum hb_err err = hb_reference_write(HB_REFERENCE_CONFIG, &text);

    if (!err) {
        (void)fwrite(text.ptr, 1, text.len, cli->out.out);
    }
    hb_buf_deinit(&text);
    return err;
}

const struct hb_command hb_command_config_check = {
    .name = "config check",
    .usage = "[--config FILE]",
    .summary = "say whether the configuration is usable, and what is not",
    .uses = HB_USES_CONFIG,
    .run = run_check,
};
const struct hb_command hb_command_config_print = {
    .name = "config print",
    .usage = "[--config FILE]",
    .summary = "show every key with the value in force; secrets are not shown",
    .uses = HB_USES_CONFIG,
    .run = run_print,
};
const struct hb_command hb_command_config_reference = {
    .name = "config reference",
    .usage = "",
    .summary = "show every key with its default, range and meaning",
    .run = run_reference,
};
