/* Job: `hookbus completion bash` and `hookbus manual`: the completion script and the man page, made from the tables
 * of commands. */
#include "cli/commands.h"

static void words_of(FILE *out, const struct hb_command *command)
{
    const struct hb_flag *tables[5];

    hb_command_flag_tables(command, tables);
    for (size_t t = 0; tables[t]; t++) {
        for (const struct hb_flag *flag = tables[t]; flag->name; flag++) {
            if (!flag->is_hidden) {
                (void)fprintf(out, " --%s", flag->name);
            }
        }
    }
}

/* The first words, and the words below each. */
static void names(FILE *out)
{
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->is_hidden) {
            (void)fprintf(out, "    [\"%s\"]=\"", commands[i]->name);
            words_of(out, commands[i]);
            (void)fputs("\"\n", out);
        }
    }
}

static enum hb_err run_completion(struct hb_cli *cli)
{
    FILE *out = cli->out.out;

    if (strcmp(hb_cli_argument(cli, 0), "bash") != 0) {
        return hb_cli_usage(cli, "only bash is known");
    }
    (void)fputs("# Completion of hookbus for bash; made by 'hookbus completion bash'. Source it, or put it into\n"
                "# /usr/share/bash-completion/completions/hookbus.\n"
                "declare -gA _hookbus_flags=(\n", out);
    names(out);
    (void)fputs(
        ")\n"
        "_hookbus() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} word name= key words=\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        [[ $word == -* ]] && break\n"
        "        for key in \"${!_hookbus_flags[@]}\"; do\n"
        "            if [[ $key == \"${name:+$name }$word\" || $key == \"${name:+$name }$word \"* ]]; then "
        "name=\"${name:+$name }$word\"; break; fi\n"
        "        done\n"
        "    done\n"
        "    case $previous in\n"
        "        --config | -c | --key-file | --salesmanago-key-file | --mapping | --data-file | --record | --output) COMPREPLY=($(compgen -f -- \"$current\")); return "
        ";;\n"
        "    esac\n"
        "    for key in \"${!_hookbus_flags[@]}\"; do\n"
        "        if [[ -z $name ]]; then words+=\" ${key%% *}\"\n"
        "        elif [[ $key == \"$name \"* ]]; then key=${key#\"$name \"}; words+=\" ${key%% *}\"; fi\n"
        "    done\n"
        "    [[ -n $name ]] && words+=\" ${_hookbus_flags[$name]:-}\"\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    [[ ${#COMPREPLY[@]} -gt 0 || $current != @* ]] || COMPREPLY=($(compgen -f -P @ -- \"${current#@}\"))\n"
        "}\n"
        "complete -F _hookbus hookbus\n",
        out);
    return HB_OK;
}

/* ---- the man page ---- */

/* Text with what roff would take for its own escaped. */
static void roff(FILE *out, const char *text)
{
    bool is_start = true;

    for (; *text; text++) {
        if (is_start && (*text == '.' || *text == '\'')) {
            (void)fputs("\\&", out);
        }
        if (*text == '\\') {
            (void)fputs("\\e", out);
        } else if (*text == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(*text, out);
        }
        is_start = *text == '\n';
    }
    (void)fputc('\n', out);
}

static void manual_flag(FILE *out, const struct hb_flag *flag)
{
    (void)fputs(".TP\n.B ", out);
    if (flag->letter) {
        (void)fprintf(out, "\\-%c, ", flag->letter);
    }
    (void)fprintf(out, "\\-\\-%s%s%s\n", flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
    roff(out, flag->help);
}

static void manual_command(FILE *out, const struct hb_command *command)
{
    (void)fprintf(out, ".SS hookbus %s\n", command->name);
    (void)fprintf(out, ".B hookbus %s\n", command->name);
    roff(out, command->usage);
    (void)fputs(".PP\n", out);
    roff(out, command->summary);
    if (command->help) {
        (void)fputs(".PP\n.nf\n", out);
        roff(out, command->help);
        (void)fputs(".fi\n", out);
    }
    for (const struct hb_flag *flag = command->flags; flag && flag->name; flag++) {
        if (!flag->is_hidden) {
            manual_flag(out, flag);
        }
    }
}

/* ---- docs/cli.md ---- */

static void markdown_flags(FILE *out, const struct hb_flag *flags)
{
    for (; flags && flags->name; flags++) {
        char letter[16] = "";

        if (flags->letter) {
            (void)snprintf(letter, sizeof(letter), " (`-%c`)", flags->letter);
        }
        if (!flags->is_hidden) {
            (void)fprintf(out, "- `--%s%s%s`%s: %s%s\n", flags->name, flags->value ? " " : "",
                          flags->value ? flags->value : "", letter, flags->help,
                          flags->is_repeated ? " (may be repeated)" : "");
        }
    }
}

static enum hb_err run_markdown(struct hb_cli *cli)
{
    FILE *out = cli->out.out;
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    (void)fputs("# Commands\n\nMade by `hookbus manual --markdown`; a test holds this page against the program.\n\n"
                "Every command takes `--json` (results on standard output, errors as `{\"error\": …}` on standard "
                "error) and `--help`.\n"
                "Those that read the configuration take `--config FILE` (`HOOKBUS_CONFIG`); those that speak to the "
                "api also `--api URL` and\n"
                "`--key-file FILE` (`HOOKBUS_API_KEY`); those about one store `--store STORE` (`HOOKBUS_STORE`).\n\n"
                "| exit code | meaning |\n| --- | --- |\n| 0 | done |\n| 1 | done, and something found wrong (doctor, "
                "checks, tests) |\n"
                "| 64 | wrong command line |\n",
                out);
    for (int err = 1; err < HB_ERR_COUNT; err++) {
        (void)fprintf(out, "| %d | %s |\n", hb_err_exit_code((enum hb_err)err), hb_err_text((enum hb_err)err));
    }
    for (size_t i = 0; i < count; i++) {
        if (commands[i]->is_hidden) {
            continue;
        }
        (void)fprintf(out, "\n## hookbus %s\n\n`hookbus %s%s%s`: %s.\n", commands[i]->name, commands[i]->name,
                      commands[i]->usage[0] ? " " : "", commands[i]->usage, commands[i]->summary);
        if (commands[i]->help) {
            (void)fprintf(out, "\n```\n%s\n```\n", commands[i]->help);
        }
        if (commands[i]->flags) {
            (void)fputc('\n', out);
            markdown_flags(out, commands[i]->flags);
        }
    }
    return HB_OK;
}

static enum hb_err run_manual(struct hb_cli *cli)
{
    FILE *out = cli->out.out;
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    if (hb_options_has(&cli->options, "markdown")) {
        return run_markdown(cli);
    }
    (void)fprintf(
        out, ".TH HOOKBUS 1 \"\" \"hookbus %s\"\n.SH NAME\nhookbus \\- event bus and webhook dispatcher for stores\n",
        HB_VERSION);
    (void)fputs(".SH SYNOPSIS\n.B hookbus\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n"
                "Every command takes \\-\\-json and \\-\\-help; those that read the configuration \\-\\-config FILE, "
                "those that speak to the\n"
                "api \\-\\-api URL and \\-\\-key\\-file FILE, those about one store \\-\\-store STORE.\n",
                out);
    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->is_hidden) {
            manual_command(out, commands[i]);
        }
    }
    (void)fputs(
        ".SH ENVIRONMENT\n.TP\n.B HOOKBUS_CONFIG\nthe configuration file\n.TP\n.B HOOKBUS_API_KEY\nthe API key\n.TP\n"
        ".B HOOKBUS_STORE\nthe store\n.TP\n.B HOOKBUS_SECTION_KEY\nany key of the configuration\n.SH EXIT STATUS\n0 "
        "done; "
        "1 done, and something found wrong; 64 wrong command line; the others by what went wrong:\n",
        out);
    for (int err = 1; err < HB_ERR_COUNT; err++) {
        (void)fprintf(out, ".TP\n.B %d\n%s\n", hb_err_exit_code((enum hb_err)err), hb_err_text((enum hb_err)err));
    }
    return HB_OK;
}

static const struct hb_flag MANUAL_FLAGS[] = {
    {"markdown", 0, NULL, "as docs/cli.md instead of a man page", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_completion = {
    .name = "completion", .usage = "bash", .summary = "print the completion script of a shell",
    .arguments_min = 1, .arguments_max = 1, .run = run_completion,
};
const struct hb_command hb_command_manual = {
    .name = "manual",
    .usage = "",
    .summary = "print the man page",
    .flags = MANUAL_FLAGS,
    .is_hidden = true,
    .run = run_manual,
};
