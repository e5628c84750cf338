/* Job: what a command of `hookbus` is: one row that parser, help, completion and man page are made from.
 *
 * Place: each cli/command_*.c defines rows and their functions; cli/commands.c lists them; cli/run.c runs one.
 * Owns / borrows: rows are constants. struct hb_cli belongs to cli/run.c for the length of one command.
 * Fails: a command's function returns HB_OK or what hb_cli_fail gave it; the exit code follows from it. Threads:
 * one. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "cli/output.h"
#include "hookbus/config.h"

#define HB_EXIT_USAGE 64 /* as sysexits.h: the command line is wrong */
#define HB_EXIT_FOUND 1  /* the command worked, and what it looked for is not in order (doctor, checks, --check) */

struct hb_cli;

/* Which shared flags a command has. */
#define HB_USES_CONFIG 1U /* --config FILE */
#define HB_USES_API 2U    /* --api URL, --key-file FILE; implies the configuration */
#define HB_USES_STORE 4U  /* --store STORE, or HOOKBUS_STORE */

struct hb_command {
    const char *name;    /* "store add" */
    const char *usage;   /* the arguments: "ID [--name TEXT]" */
    const char *summary; /* one line, without a full stop */
    const char *help;    /* what else one should know; may be NULL */
    const struct hb_flag *flags; /* ended by HB_FLAGS_END; NULL: none of its own */
    unsigned uses;
    size_t arguments_min, arguments_max;
    bool is_hidden;
    enum hb_err (*run)(struct hb_cli *cli);
};

struct hb_cli {
    const struct hb_command *command;
    const char *program;        /* argv[0] */
    struct hb_options options;
    struct hb_output out;
    struct hb_config config;    /* loaded where the command uses it */
    const char *config_file;    /* NULL: none */
    bool has_config;
    int exit_code;              /* what HB_OK ends with: 0, or HB_EXIT_FOUND */
    bool is_usage;              /* the error is about the command line */
    struct hb_error error;
};

/* All commands, in the order of help; *ret_count of them. */
const struct hb_command *const *hb_commands(size_t *ret_count);
/* The command whose words `words` begins with; *ret_used words are its name. NULL: none. */
const struct hb_command *hb_command_find(int count, char *const *words, int *ret_used);

/* Sets the error's sentence and returns `err`, for `return hb_cli_fail(...)`. */
__attribute__((format(printf, 3, 4))) enum hb_err hb_cli_fail(struct hb_cli *cli, enum hb_err err, const char *format,
                                                              ...);
/* The same for a wrong command line: ends with HB_EXIT_USAGE and a pointer to --help. */
__attribute__((format(printf, 2, 3))) enum hb_err hb_cli_usage(struct hb_cli *cli, const char *format, ...);
/* A flag's value, or NULL. */
const char *hb_cli_option(const struct hb_cli *cli, const char *name);
/* A plain argument, or NULL. */
const char *hb_cli_argument(const struct hb_cli *cli, size_t index);
/* --store or HOOKBUS_STORE; usage error if neither. */
HB_MUST_USE enum hb_err hb_cli_store(struct hb_cli *cli, const char **ret_store);

/* The flags that commands share, by their bits (cli/flags.c); NULL-ended list into ret_tables (5 places). */
void hb_command_flag_tables(const struct hb_command *command, const struct hb_flag *ret_tables[5]);

/* Runs the program: finds the command, parses, loads the configuration, runs, says what went wrong. Returns the exit
 * code. */
int hb_cli_run(int argc, char **argv);

/* What `hookbus help`, `hookbus help WORD…` and `--help` print. */
void hb_help_all(const struct hb_output *output);
void hb_help_group(const struct hb_output *output, const char *group);
void hb_help_command(const struct hb_output *output, const struct hb_command *command);
/* A word no command begins with: says so, with the nearest one. */
void hb_help_unknown(const struct hb_output *output, int count, char *const *words);
/* Whether commands exist below these words ("store", "salesmanago mapping"). */
bool hb_help_is_group(const char *word);

#endif
