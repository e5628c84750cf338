#include "core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void whole_characters_have_their_length(void **state)
{
    (void)state;
    static const struct {
        struct hb_str text;
        size_t length;
    } cases[] = {
        {HB_STR_INIT("a"), 1},
        {HB_STR_INIT("\xC3\xA9t"), 2},
        {HB_STR_INIT("\xE2\x82\xAC"), 3},
        {HB_STR_INIT("\xF0\x9F\x98\x80"), 4},
        {HB_STR_INIT("\xF4\x8F\xBF\xBF"), 4},
        {HB_STR_INIT("\0"), 1},
        {HB_STR_INIT(""), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hb_utf8_length(cases[i].text), cases[i].length);
}

static void what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const struct hb_str cases[] = {
        HB_STR_INIT("\x80"),             /* continuation alone */
        HB_STR_INIT("\xC0\xAF"),         /* overlong */
        HB_STR_INIT("\xC1\xBF"),         /* overlong */
        HB_STR_INIT("\xE0\x9F\xBF"),     /* overlong */
        HB_STR_INIT("\xF0\x8F\xBF\xBF"), /* overlong */
        HB_STR_INIT("\xED\xA0\x80"),     /* surrogate */
        HB_STR_INIT("\xF4\x90\x80\x80"), /* beyond U+10FFFF */
        HB_STR_INIT("\xF5\x80\x80\x80"), /* no such lead */
        HB_STR_INIT("\xE2\x82"),         /* cut off */
        HB_STR_INIT("\xE2\x28\xA1"),     /* second byte */
        HB_STR_INIT("\xF0\x9F\x98x"),    /* fourth byte */
        HB_STR_INIT("fine \xFF"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(hb_utf8_is_valid(cases[i]));
    assert_true(hb_utf8_is_valid(HB_STR("za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87 \xF0\x9F\x98\x80")));
    assert_true(hb_utf8_is_valid(HB_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_characters_have_their_length),
        cmocka_unit_test(what_is_not_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
