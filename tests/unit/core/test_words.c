#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_word_is_found_whole_and_by_its_case(void **state)
{
    static const char *const WORDS[] = {"one", "two", "three"};
    static const struct {
        const char *word;
        int at;
    } ROWS[] = {{"one", 0}, {"three", 2}, {"thre", -1}, {"threes", -1}, {"Two", -1}, {"", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        assert_int_equal(HB_WORDS_FIND(WORDS, hb_str_c(ROWS[i].word)), ROWS[i].at);
    }
    assert_int_equal(HB_WORDS_FIND(WORDS, hb_str_n("two and more", 3)), 1);
}

static void a_word_is_found_in_any_member_of_a_row(void **state)
{
    static const struct {
        bool flag;
        const char *name;
        int number;
        const char *other;
    } ROWS[] = {{true, "a", 1, "x"}, {false, "b", 2, "y"}, {true, "b", 3, "z"}};
    (void)state;
    assert_int_equal(HB_WORDS_FIND_ROW(ROWS, name, HB_STR("a")), 0);
    assert_int_equal(HB_WORDS_FIND_ROW(ROWS, name, HB_STR("b")), 1);
    assert_int_equal(HB_WORDS_FIND_ROW(ROWS, other, HB_STR("z")), 2);
    assert_int_equal(HB_WORDS_FIND_ROW(ROWS, other, HB_STR("a")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_whole_and_by_its_case),
        cmocka_unit_test(a_word_is_found_in_any_member_of_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
