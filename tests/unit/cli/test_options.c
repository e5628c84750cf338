#include "unit/cli/cm.h"

#include "cli/options.h"

static const struct hb_flag FLAGS[] = {
    {"name", 'n', "TEXT", "", false, false},
    {"event", 'e', "TYPE", "", true, false},
    {"quiet", 'q', NULL, "", false, false},
    {"secret-flag", 0, NULL, "", false, true},
    HB_FLAGS_END,
};
static const struct hb_flag MORE[] = {{"json", 0, NULL, "", false, false}, HB_FLAGS_END};
static const struct hb_flag *const TABLES[] = {FLAGS, MORE, NULL};

static enum hb_err parse(char **words, struct hb_options *ret_options, struct hb_error *reterr)
{
    int count = 0;

    while (words[count]) {
        count++;
    }
    return hb_options_parse(TABLES, count, words, ret_options, reterr);
}
#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

static void every_way_to_write_a_value_is_the_same(void **state)
{
    char *const *ways[] = {WORDS("--name", "x"), WORDS("--name=x"), WORDS("-n", "x"), WORDS("-nx")};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char *words[3] = {ways[i][0], ways[i][1], NULL};
        struct hb_options options;

        assert_int_equal(parse(words, &options, NULL), HB_OK);
        assert_string_equal(hb_options_get(&options, "name"), "x");
    }
}

static void flags_may_stand_between_arguments(void **state)
{
    struct hb_options options;

    (void)state;
    assert_int_equal(parse(WORDS("a", "--json", "b", "-q", "c"), &options, NULL), HB_OK);
    assert_int_equal(options.arguments_count, 3);
    assert_string_equal(hb_options_argument(&options, 1), "b");
    assert_null(hb_options_argument(&options, 3));
    assert_true(hb_options_has(&options, "json"));
    assert_true(hb_options_has(&options, "quiet"));
}

static void behind_two_dashes_nothing_is_a_flag_and_one_dash_alone_never_is(void **state)
{
    struct hb_options options;

    (void)state;
    assert_int_equal(parse(WORDS("-", "--", "--json"), &options, NULL), HB_OK);
    assert_int_equal(options.arguments_count, 2);
    assert_string_equal(hb_options_argument(&options, 0), "-");
    assert_string_equal(hb_options_argument(&options, 1), "--json");
    assert_false(hb_options_has(&options, "json"));
}

static void repeated_flags_keep_their_order(void **state)
{
    struct hb_options options;
    size_t at = 0;

    (void)state;
    assert_int_equal(parse(WORDS("-e", "a", "--event=b"), &options, NULL), HB_OK);
    assert_string_equal(hb_options_each(&options, "event", &at), "a");
    assert_string_equal(hb_options_each(&options, "event", &at), "b");
    assert_null(hb_options_each(&options, "event", &at));
}

static void what_is_wrong_is_said_with_the_nearest_right_word(void **state)
{
    static const struct {
        char *words[3];
        const char *says;
    } ROWS[] = {
        {{"--nmae", "x"}, "did you mean --name"},
        {{"--zzzzzz"}, "--help shows"},
        {{"--secret-flg"}, "--help shows"}, /* hidden flags are not offered */
        {{"--name"}, "needs a value"},
        {{"--quiet=yes"}, "takes no value"},
        {{"-x"}, "there is no -x"},
        {{"-nx", "-ny"}, "given twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char *words[3] = {ROWS[i].words[0], ROWS[i].words[1], NULL};
        struct hb_options options;
        struct hb_error error = {HB_OK, ""};

        assert_int_equal(parse(words, &options, &error), HB_ERR_INVALID);
        if (!strstr(error.text, ROWS[i].says)) {
            fail_msg("row %zu: '%s' does not say '%s'", i, error.text, ROWS[i].says);
        }
    }
}

static void numbers_outside_their_range_are_refused(void **state)
{
    static const int64_t RANGE[2] = {1, 10};
    static const struct {
        char *text;
        enum hb_err err;
    } ROWS[] = {{"1", HB_OK}, {"10", HB_OK}, {"0", HB_ERR_INVALID}, {"11", HB_ERR_INVALID}, {"-1", HB_ERR_INVALID}, {"1x", HB_ERR_INVALID},
                {"99999999999999999999", HB_ERR_INVALID}};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct hb_options options;
        int64_t value = 7;
        char word[64];

        (void)snprintf(word, sizeof(word), "--name=%s", ROWS[i].text);
        assert_int_equal(parse(WORDS(word), &options, NULL), HB_OK);
        assert_int_equal(hb_options_int(&options, "name", RANGE, &value, NULL), ROWS[i].err);
        assert_true(ROWS[i].err == HB_OK || value == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_value_is_the_same),
        cmocka_unit_test(flags_may_stand_between_arguments),
        cmocka_unit_test(behind_two_dashes_nothing_is_a_flag_and_one_dash_alone_never_is),
        cmocka_unit_test(repeated_flags_keep_their_order),
        cmocka_unit_test(what_is_wrong_is_said_with_the_nearest_right_word),
        cmocka_unit_test(numbers_outside_their_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
