#include "cli/command.h"
#include "cli/suggest.h"

#define NAME_COLUMNS 26
#define FLAG_COLUMNS 26

/* The first word of a command's name. */
static struct hb_str group_of(const char *name)
{
    struct hb_str rest = hb_str_c(name), word = {NULL, 0};

    (void)hb_str_split(&rest, ' ', &word);
    return word;
}

/* Whether the command's name begins with these words and goes on. */
static bool is_in_group(const struct hb_command *command, const char *group)
{
    size_t length = strlen(group);

    return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

bool hb_help_is_group(const char *word)
{
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    for (size_t i = 0; i < count; i++) {
        if (is_in_group(commands[i], word)) {
            return true;
        }
    }
    return false;
}

static void list(const struct hb_output *output, const char *group)
{
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->is_hidden && (!group || is_in_group(commands[i], group))) {
            hb_output_line(output, "  %-*s %s", NAME_COLUMNS, commands[i]->name, commands[i]->summary);
        }
    }
}

static void exit_codes(const struct hb_output *output)
{
    hb_output_line(output,
                   "Exit codes: 0 done, %d done and something found wrong (doctor, checks), %d wrong command line,",
                   HB_EXIT_FOUND, HB_EXIT_USAGE);
    hb_output_line(output, "and by what went wrong:");
    for (int code = 1; code < 128; code++) {
        bool has_code = false;

        for (int err = 1; err < HB_ERR_COUNT; err++) {
            if (hb_err_exit_code((enum hb_err)err) == code) {
                (void)fprintf(output->out, "%s%s", has_code ? "; " : "", has_code ? "" : "  ");
                (void)(has_code ? 0 : fprintf(output->out, "%d ", code));
                (void)fputs(hb_err_text((enum hb_err)err), output->out);
                has_code = true;
            }
        }
        (void)(has_code ? fputc('\n', output->out) : 0);
    }
}

void hb_help_all(const struct hb_output *output)
{
    hb_output_line(output, "hookbus %s: event bus and webhook dispatcher for stores\n", HB_VERSION);
    hb_output_line(output, "usage: hookbus COMMAND [ARGUMENTS]      hookbus help COMMAND\n");
    list(output, NULL);
    hb_output_line(output,
                   "\nEvery command takes --json and --help. Standard output holds results, standard error the rest.");
    exit_codes(output);
}

void hb_help_group(const struct hb_output *output, const char *group)
{
    hb_output_line(output, "usage: hookbus %s COMMAND [ARGUMENTS]      hookbus help %s COMMAND\n", group, group);
    list(output, group);
}

static void flag_help(const struct hb_output *output, const struct hb_flag *flag)
{
    char left[64], letter[8] = "    ";

    if (flag->letter) {
        (void)snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
    }
    (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, flag->name, flag->value ? " " : "",
                   flag->value ? flag->value : "");
    hb_output_line(output, "  %-*s %s%s", FLAG_COLUMNS, left, flag->help,
                   flag->is_repeated ? " (may be repeated)" : "");
}

void hb_help_command(const struct hb_output *output, const struct hb_command *command)
{
    const struct hb_flag *tables[5];

    hb_output_line(output, "hookbus %s: %s\n", command->name, command->summary);
    hb_output_line(output, "usage: hookbus %s%s%s\n", command->name, command->usage[0] ? " " : "", command->usage);
    if (command->help) {
        hb_output_line(output, "%s\n", command->help);
    }
    hb_command_flag_tables(command, tables);
    for (size_t t = 0; tables[t]; t++) {
        for (const struct hb_flag *flag = tables[t]; flag->name; flag++) {
            if (!flag->is_hidden) {
                flag_help(output, flag);
            }
        }
    }
    if (hb_help_is_group(command->name)) {
        hb_output_line(output, "\nCommands below it (hookbus help %s COMMAND):", command->name);
        list(output, command->name);
    }
    hb_output_line(output, "\nExit codes: hookbus help");
}

/* The words up to the first that no command goes on with. */
static void join(int count, char *const *words, char ret_given[128])
{
    size_t length = (size_t)snprintf(ret_given, 128, "%.60s", words[0]);

    for (int i = 1; i < count && words[i][0] != '-' && hb_help_is_group(ret_given) && length < 128; i++) {
        length += (size_t)snprintf(ret_given + length, 128 - length, " %.60s", words[i]);
    }
}

void hb_help_unknown(const struct hb_output *output, int count, char *const *words)
{
    size_t commands_count;
    const struct hb_command *const *commands = hb_commands(&commands_count);
    bool is_group = hb_help_is_group(words[0]);
    char given[128];
    struct hb_suggestion best;

    join(count, words, given);
    if (hb_help_is_group(given)) {
        hb_output_note(output, "hookbus: '%s' goes on: hookbus help %s", given, words[0]);
        return;
    }
    best = hb_suggest_start(hb_str_c(given));
    for (size_t i = 0; i < commands_count; i++) {
        if (!commands[i]->is_hidden) {
            struct hb_str group = group_of(commands[i]->name);
            struct hb_suggestion near = hb_suggest_start(hb_str_c(given));

            hb_suggest_offer(&best, commands[i]->name);
            near.distance = best.distance;
            /* "sotre" is near to the first word of "store add". */
            if (!is_group && hb_suggest_distance(near.given, group) < best.distance &&
                hb_suggest_distance(near.given, group) < near.given.len) {
                best.distance = hb_suggest_distance(near.given, group);
                best.word = commands[i]->name;
            }
        }
    }
    if (best.word) {
        hb_output_note(output, "hookbus: there is no command '%s'; did you mean 'hookbus %s'?", given, best.word);
    } else {
        hb_output_note(output, "hookbus: there is no command '%s'; 'hookbus help' lists them", given);
    }
}
