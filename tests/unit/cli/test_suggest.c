#include "unit/cli/cm.h"

#include "cli/suggest.h"

static void distances_count_letters_and_swaps(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } ROWS[] = {{"", "", 0}, {"a", "", 1}, {"publish", "publish", 0}, {"pubish", "publish", 1}, {"pbulish", "publish", 1},
                {"publisch", "publish", 1}, {"store", "stroe", 1}, {"abc", "xyz", 3}, {"kitten", "sitting", 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(hb_suggest_distance(hb_str_c(ROWS[i].a), hb_str_c(ROWS[i].b)), ROWS[i].distance);
        assert_int_equal(hb_suggest_distance(hb_str_c(ROWS[i].b), hb_str_c(ROWS[i].a)), ROWS[i].distance);
    }
}

static void only_a_near_word_is_offered_and_the_nearest_wins(void **state)
{
    struct hb_suggestion best = hb_suggest_start(HB_STR("docter"));

    (void)state;
    hb_suggest_offer(&best, "dispatcher");
    assert_null(best.word);
    hb_suggest_offer(&best, "doctors");
    hb_suggest_offer(&best, "doctor");
    assert_string_equal(best.word, "doctor");
}

static void a_word_that_is_too_long_is_near_to_nothing(void **state)
{
    char word[100];

    (void)state;
    memset(word, 'a', sizeof(word));
    assert_true(hb_suggest_distance(hb_str_n(word, sizeof(word)), HB_STR("a")) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_count_letters_and_swaps),
        cmocka_unit_test(only_a_near_word_is_offered_and_the_nearest_wins),
        cmocka_unit_test(a_word_that_is_too_long_is_near_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
