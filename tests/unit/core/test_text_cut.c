#include "core/text_cut.h"

#include "core/utf8.h"
#include "unit/core/check.h"

static void units_are_those_of_utf_16(void **state)
{
    (void)state;
    assert_int_equal(hb_text_units(HB_STR("")), 0);
    assert_int_equal(hb_text_units(HB_STR("abc")), 3);
    assert_int_equal(hb_text_units(HB_STR("\xC5\xBC\xC3\xB3\xC5\x82w")), 4); /* żółw */
    assert_int_equal(hb_text_units(HB_STR("\xE2\x82\xAC")), 1);              /* € */
    assert_int_equal(hb_text_units(HB_STR("\xF0\x9F\x91\x97")), 2);          /* 👗 */
    assert_int_equal(hb_text_units(HB_STR("a\xFF\xFE")), 3);                 /* no UTF-8: a byte counts one */
}

static void text_is_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *cut;
    } rows[] = {
        {"abc", 3, "abc"},
        {"abc", 2, "ab"},
        {"abc", 0, ""},
        {"a\xC5\xBC", 2, "a\xC5\xBC"},
        {"a\xC5\xBC", 1, "a"},
        {"a\xF0\x9F\x91\x97", 3, "a\xF0\x9F\x91\x97"},
        {"a\xF0\x9F\x91\x97", 2, "a"}, /* half of a pair is no character */
        {"\xF0\x9F\x91\x97", 1, ""},
        {"\xC5\xBC\xC3\xB3\xC5\x82w", 3, "\xC5\xBC\xC3\xB3\xC5\x82"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_str(hb_text_cut(hb_str_c(rows[i].text), rows[i].max), rows[i].cut);
    check_str(hb_text_cut_bytes(HB_STR("a\xC5\xBC"), 2), "a");
    check_str(hb_text_cut_bytes(HB_STR("a\xC5\xBC"), 3), "a\xC5\xBC");
    check_str(hb_text_cut_bytes(HB_STR("\xF0\x9F\x91\x97"), 3), "");
}

static void the_ends_are_stripped_of_what_cannot_be_seen(void **state)
{
    (void)state;
    check_str(hb_text_strip(HB_STR(" \t\r\n x y \x01\x7F")), "x y");
    check_str(hb_text_strip(HB_STR("\xC2\xA0\xEF\xBB\xBF\xC5\xBC\xC2\xA0")), "\xC5\xBC");
    check_str(hb_text_strip(HB_STR("  ")), "");
    check_str(hb_text_strip(HB_STR("\xE2\x80\xA8\xE2\x80\xA8")), ""); /* U+2028: a name of nothing else is none */
    check_str(hb_text_strip(HB_STR("\xE3\x80\x80x\xC2\x85\xE2\x80\x8B")), "x");
    check_str(hb_text_strip(HB_STR("\xA0")), "\xA0"); /* half a character is none to strip */
    check_str(hb_text_strip(HB_STR("\xE2\x82\xAC")), "\xE2\x82\xAC");
}

/* Any text of one to four byte characters, cut anywhere: UTF-8, a beginning, within the limit, and not shorter than
 * one character less. */
static void a_cut_is_the_longest_that_fits(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC5\xBC", "\xE2\x82\xAC", "\xF0\x9F\x91\x97"};
    uint64_t seed = 5;
    for (int i = 0; i < 5000; i++) {
        struct hb_buf text = hb_buf_make(4096);
        size_t count = next_random(&seed) % 30, max = next_random(&seed) % 40;
        for (size_t c = 0; c < count; c++)
            assert_int_equal(hb_buf_add(&text, hb_str_c(characters[next_random(&seed) % 4])), HB_OK);
        struct hb_str all = hb_buf_str(&text), cut = hb_text_cut(all, max);
        assert_true(hb_utf8_is_valid(cut));
        assert_true(hb_str_has_prefix(all, cut));
        assert_true(hb_text_units(cut) <= max);
        assert_true(cut.len == all.len || hb_text_units(cut) + 2 > max);
        hb_buf_deinit(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_those_of_utf_16),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(the_ends_are_stripped_of_what_cannot_be_seen),
        cmocka_unit_test(a_cut_is_the_longest_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
