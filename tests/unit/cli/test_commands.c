#include "unit/cli/cm.h"


#include "cli/api_problem.h"
#include "cli/command.h"

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

static void the_longest_name_of_words_is_the_command(void **state)
{
    int used = 0;

    (void)state;
    assert_string_equal(hb_command_find(3, WORDS("store", "add", "demo"), &used)->name, "store add");
    assert_int_equal(used, 2);
    assert_string_equal(hb_command_find(2, WORDS("publish", "order.created"), &used)->name, "publish");
    assert_int_equal(used, 1);
    assert_string_equal(hb_command_find(3, WORDS("salesmanago", "mapping", "show"), &used)->name,
                        "salesmanago mapping show");
    assert_int_equal(used, 3);
    assert_string_equal(hb_command_find(3, WORDS("salesmanago", "dead", "--store"), &used)->name, "salesmanago dead");
    assert_string_equal(hb_command_find(2, WORDS("salesmanago", "--supervised"), &used)->name, "salesmanago");
    assert_int_equal(used, 1);
    assert_null(hb_command_find(1, WORDS("store"), &used));
    assert_null(hb_command_find(2, WORDS("store", "pluck"), &used));
    assert_null(hb_command_find(0, WORDS("x"), &used));
}

static void every_command_says_what_it_is_and_no_two_flags_of_one_share_a_name(void **state)
{
    size_t count;
    const struct hb_command *const *commands = hb_commands(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct hb_flag *tables[5], *all[64];
        size_t flags = 0;

        assert_non_null(commands[i]->run);
        assert_non_null(commands[i]->usage);
        assert_true(strlen(commands[i]->summary) > 5);
        assert_true(commands[i]->summary[strlen(commands[i]->summary) - 1] != '.');
        assert_true(commands[i]->arguments_min <= commands[i]->arguments_max);
        hb_command_flag_tables(commands[i], tables);
        for (size_t t = 0; tables[t]; t++) {
            for (const struct hb_flag *flag = tables[t]; flag->name; flag++) {
                for (size_t f = 0; f < flags; f++) {
                    if (strcmp(all[f]->name, flag->name) == 0 || (flag->letter && all[f]->letter == flag->letter)) {
                        fail_msg("'hookbus %s': --%s and --%s collide", commands[i]->name, flag->name, all[f]->name);
                    }
                }
                assert_true(flags < 64);
                all[flags++] = flag;
            }
        }
    }
}

static void problems_of_the_api_become_exit_codes_and_its_own_words(void **state)
{
    static const struct {
        int status;
        enum hb_err err;
    } ROWS[] = {{200, HB_OK}, {302, HB_OK}, {400, HB_ERR_INVALID}, {401, HB_ERR_DENIED}, {403, HB_ERR_DENIED}, {404, HB_ERR_NOT_FOUND},
                {409, HB_ERR_CONFLICT}, {412, HB_ERR_CONFLICT}, {413, HB_ERR_TOO_LARGE}, {422, HB_ERR_INVALID}, {429, HB_ERR_TIMEOUT},
                {500, HB_ERR_AWAY}, {503, HB_ERR_AWAY}};
    struct hb_error error = {HB_OK, ""};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(hb_api_problem(ROWS[i].status, HB_STR("no json"), NULL), ROWS[i].err);
    }
    assert_int_equal(hb_api_problem(422, HB_STR("{\"title\":\"A field is not valid\",\"detail\":\"No.\",\"field\":\"url\",\"should\":\"https\"}"), &error),
                     HB_ERR_INVALID);
    assert_string_equal(error.text, "A field is not valid: No. (url); right would be: https");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_name_of_words_is_the_command),
        cmocka_unit_test(every_command_says_what_it_is_and_no_two_flags_of_one_share_a_name),
        cmocka_unit_test(problems_of_the_api_become_exit_codes_and_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
