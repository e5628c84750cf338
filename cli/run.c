#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/config_load.h"
#include "cli/errors_out.h"

enum hb_err hb_cli_fail(struct hb_cli *cli, enum hb_err err, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(cli->error.text, sizeof(cli->error.text), format, list);
    va_end(list);
    cli->error.code = err;
    return err;
}

enum hb_err hb_cli_usage(struct hb_cli *cli, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(cli->error.text, sizeof(cli->error.text), format, list);
    va_end(list);
    cli->error.code = HB_ERR_INVALID;
    cli->is_usage = true;
    return HB_ERR_INVALID;
}

const char *hb_cli_option(const struct hb_cli *cli, const char *name)
{
    return hb_options_get(&cli->options, name);
}

const char *hb_cli_argument(const struct hb_cli *cli, size_t index)
{
    return hb_options_argument(&cli->options, index);
}

enum hb_err hb_cli_store(struct hb_cli *cli, const char **ret_store)
{
    const char *store = hb_cli_option(cli, "store");

    store = store ? store : getenv("HOOKBUS_STORE");
    if (!store || !*store) {
        return hb_cli_usage(cli, "which store? Give --store STORE or set HOOKBUS_STORE");
    }
    *ret_store = store;
    return HB_OK;
}

static enum hb_err check_arguments(struct hb_cli *cli)
{
    const struct hb_command *command = cli->command;
    size_t count = cli->options.arguments_count;

    if (count < command->arguments_min) {
        return hb_cli_usage(cli, "an argument is missing");
    }
    if (count > command->arguments_max) {
        return hb_cli_usage(cli, "one argument too many: '%.60s'", cli->options.arguments[command->arguments_max]);
    }
    return HB_OK;
}

static enum hb_err run_command(struct hb_cli *cli)
{
    enum hb_err err;

    if (cli->command->uses & (HB_USES_CONFIG | HB_USES_API)) {
        const char *file = hb_cli_option(cli, "config");

        cli->config_file = file ? file : getenv("HOOKBUS_CONFIG");
        err = hb_config_load(cli->config_file, environ, &cli->config, &cli->error);
        if (err) {
            return err;
        }
        cli->has_config = true;
    }
    return cli->command->run(cli);
}

static int finish(struct hb_cli *cli, enum hb_err err)
{
    int code = cli->exit_code;

    if (cli->has_config) {
        hb_config_deinit(&cli->config);
    }
    if (err) {
        hb_errors_out(cli, err);
        code = cli->is_usage ? HB_EXIT_USAGE : hb_err_exit_code(err);
    }
    if (fflush(cli->out.out) != 0 && code == 0) {
        code = hb_err_exit_code(HB_ERR_IO);
    }
    return code;
}

/* --json must be known before the rest is parsed: a complaint about the rest is JSON too. */
static bool asks_for(int count, char *const *words, const char *flag)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], flag) == 0) {
            return true;
        }
    }
    return false;
}

static int run_found(struct hb_cli *cli, int count, char *const *words)
{
    const struct hb_flag *tables[5];
    enum hb_err err;

    if (asks_for(count, words, "--help") || asks_for(count, words, "-h")) {
        hb_help_command(&cli->out, cli->command);
        return 0;
    }
    hb_command_flag_tables(cli->command, tables);
    err = hb_options_parse(tables, count, words, &cli->options, &cli->error);
    cli->is_usage = err != HB_OK;
    err = err ? err : check_arguments(cli);
    return finish(cli, err ? err : run_command(cli));
}

/* `hookbus`, `hookbus help …`, `hookbus store`: no command, but something to say. */
static int run_help(const struct hb_output *output, int count, char *const *words)
{
    bool is_asked =
        count > 0 && (strcmp(words[0], "help") == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0);
    int used = 0;
    const struct hb_command *command;

    if (is_asked) {
        count--;
        words++;
    }
    command = hb_command_find(count, words, &used);
    if (count == 0) {
        hb_help_all(output);
        return is_asked ? 0 : HB_EXIT_USAGE;
    }
    if (command && used == count) {
        hb_help_command(output, command);
        return 0;
    }
    if (hb_help_is_group(words[0]) && (count == 1 || words[1][0] == '-')) {
        hb_help_group(output, words[0]);
        return is_asked || count > 1 ? 0 : HB_EXIT_USAGE;
    }
    hb_help_unknown(output, count, words);
    return HB_EXIT_USAGE;
}

int hb_cli_run(int argc, char **argv)
{
    struct hb_cli cli = {.program = argc > 0 ? argv[0] : "hookbus"};
    int count = argc > 0 ? argc - 1 : 0, used = 0;
    char *const *words = argv + 1;

    /* Only characters: numbers and dates are the same in every language. */
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    if (count == 1 && strcmp(words[0], "--version") == 0) {
        static char version[] = "version";
        static char *const VERSION[] = {version};

        words = VERSION;
    }
    cli.out = hb_output_make(stdout, stderr, asks_for(count, words, "--json"));
    cli.command = hb_command_find(count, words, &used);
    if (!cli.command) {
        return run_help(&cli.out, count, words);
    }
    if (used < count && words[used][0] != '-' && cli.command->arguments_max == 0 && hb_help_is_group(words[0])) {
        hb_help_unknown(&cli.out, count, words); /* "salesmanago statsu": no argument of the role */
        return HB_EXIT_USAGE;
    }
    return run_found(&cli, count - used, words + used);
}
