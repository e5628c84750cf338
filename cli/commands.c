#include "cli/commands.h"

#define WORDS_MAX 3

const struct hb_command *const *hb_commands(size_t *ret_count)
{
    static const struct hb_command *const ROWS[] = {
#define HB_COMMAND_ROW(name) &hb_command_##name,
        HB_COMMANDS(HB_COMMAND_ROW)
#undef HB_COMMAND_ROW
    };

    *ret_count = sizeof(ROWS) / sizeof(ROWS[0]);
    return ROWS;
}

/* Whether the words begin with the name's words; then how many these are. */
static bool matches(const struct hb_command *command, int count, char *const *words, int *ret_used)
{
    struct hb_str rest = hb_str_c(command->name), word;
    int used = 0;

    while (hb_str_split(&rest, ' ', &word)) {
        if (used == count || used == WORDS_MAX || !hb_str_eq(hb_str_c(words[used]), word)) {
            return false;
        }
        used++;
    }
    *ret_used = used;
    return true;
}

const struct hb_command *hb_command_find(int count, char *const *words, int *ret_used)
{
    size_t rows;
    const struct hb_command *const *commands = hb_commands(&rows);
    const struct hb_command *best = NULL;
    int best_used = 0;

    for (size_t i = 0; i < rows; i++) {
        int used = 0;

        if (matches(commands[i], count, words, &used) && used > best_used) {
            best = commands[i];
            best_used = used;
        }
    }
    *ret_used = best_used;
    return best;
}
