#include "hookbus/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_str(struct hb_str found, const char *wanted)
{
    assert_int_equal(found.len, strlen(wanted));
    if (found.len)
        assert_memory_equal(found.ptr, wanted, found.len);
}

static void order_is_by_unsigned_bytes_then_length(void **state)
{
    (void)state;
    assert_true(hb_str_cmp(HB_STR("a"), HB_STR("b")) < 0);
    assert_true(hb_str_cmp(HB_STR("a"), HB_STR("ab")) < 0);
    assert_true(hb_str_cmp(HB_STR("\xFF"), HB_STR("a")) > 0);
    assert_true(hb_str_cmp(HB_STR("a"), hb_str_c(NULL)) > 0);
    assert_int_equal(hb_str_cmp(HB_STR(""), hb_str_c(NULL)), 0);
    assert_int_equal(hb_str_cmp(HB_STR("ab"), HB_STR("ab")), 0);
}

static void case_is_ignored_in_ascii_only(void **state)
{
    (void)state;
    assert_true(hb_str_eq_nocase(HB_STR("Content-TYPE"), HB_STR("content-type")));
    assert_false(hb_str_eq_nocase(HB_STR("a"), HB_STR("ab")));
    assert_false(hb_str_eq_nocase(HB_STR("["), HB_STR("{")));
    assert_false(hb_str_eq_nocase(HB_STR("\xC3\x89"), HB_STR("\xC3\xA9")));
}

static void split_gives_every_field_also_empty_ones(void **state)
{
    (void)state;
    static const struct {
        struct hb_str text;
        const char *joined;
    } cases[] = {
        {HB_STR_INIT("a,,b"), "<a><><b>"}, {HB_STR_INIT("a"), "<a>"}, {HB_STR_INIT("a,"), "<a><>"},
        {HB_STR_INIT(","), "<><>"},        {HB_STR_INIT(""), "<>"},   {{NULL, 0}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_buf out = hb_buf_make(64);
        struct hb_str rest = cases[i].text, field;
        while (hb_str_split(&rest, ',', &field))
            assert_int_equal(hb_buf_addf(&out, "<%.*s>", HB_ARG(field)), HB_OK);
        assert_str(hb_buf_str(&out), cases[i].joined);
        hb_buf_deinit(&out);
    }
}

static void trim_takes_blanks_from_both_ends(void **state)
{
    (void)state;
    assert_str(hb_str_trim(HB_STR(" \t a b\t ")), "a b");
    assert_str(hb_str_trim(HB_STR(" \t ")), "");
    assert_str(hb_str_trim(hb_str_c(NULL)), "");
}

static void integers_are_whole_decimal_and_fit(void **state)
{
    (void)state;
    uint64_t value = 7;
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(hb_str_to_u64(hb_str_c(bad[i]), &value));
    assert_int_equal(value, 7);
    assert_true(hb_str_to_u64(HB_STR("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_true(hb_str_to_u64(HB_STR("000"), &value));
    assert_true(value == 0);
}

static void a_copy_is_owned_and_terminated(void **state)
{
    (void)state;
    char *copy = hb_str_dup(hb_str_n("abcdef", 3));
    assert_string_equal(copy, "abc");
    free(copy);
    copy = hb_str_dup(hb_str_c(NULL));
    assert_string_equal(copy, "");
    free(copy);
}

static void a_buffer_never_grows_beyond_its_maximum(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(hb_buf_add_char(&buf, 'x'), HB_OK);
    assert_true(buf.capacity <= 101);
    assert_int_equal(hb_buf_add_char(&buf, 'y'), HB_ERR_FULL);
    assert_int_equal(hb_buf_addf(&buf, "%d", 1), HB_ERR_FULL);
    assert_int_equal(hb_buf_add_json(&buf, HB_STR("z")), HB_ERR_FULL);
    assert_int_equal(hb_buf_reserve(&buf, SIZE_MAX), HB_ERR_FULL);
    assert_int_equal(buf.len, 100);
    assert_int_equal(buf.ptr[99], 'x');
    assert_int_equal(buf.ptr[100], '\0');
    hb_buf_clear(&buf);
    assert_int_equal(hb_buf_add(&buf, HB_STR("again")), HB_OK);
    assert_string_equal(buf.ptr, "again");
    hb_buf_deinit(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.max, 100);
    hb_buf_deinit(NULL);
}

static void growth_doubles(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(1 << 20);
    size_t grown = 0, before = 0;
    for (int i = 0; i < 1 << 20; i++) {
        assert_int_equal(hb_buf_add_char(&buf, 'x'), HB_OK);
        grown += buf.capacity != before;
        before = buf.capacity;
    }
    assert_true(grown <= 16);
    hb_buf_deinit(&buf);
}

static void formatted_text_is_appended_whole(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(1024);
    assert_int_equal(hb_buf_addf(&buf, "%s-%d", "order", 17), HB_OK);
    assert_int_equal(hb_buf_addf(&buf, "%0500d", 1), HB_OK);
    assert_int_equal(buf.len, 508);
    assert_memory_equal(buf.ptr, "order-17000", 11);
    hb_buf_deinit(&buf);
}

static void json_text_is_escaped_and_always_utf8(void **state)
{
    (void)state;
    static const struct {
        struct hb_str text;
        const char *escaped;
    } cases[] = {
        {HB_STR_INIT("plain"), "plain"},
        {HB_STR_INIT("\"\\/"), "\\\"\\\\/"},
        {HB_STR_INIT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
        {HB_STR_INIT("\x01\x1f\0z"), "\\u0001\\u001f\xEF\xBF\xBDz"},
        {HB_STR_INIT("\x7f"), "\x7f"},
        {HB_STR_INIT("\xC5\x82\xF0\x9F\x98\x80"), "\xC5\x82\xF0\x9F\x98\x80"},
        {HB_STR_INIT("a\xFFz\xE2\x82"), "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD"},
        {HB_STR_INIT(""), ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_buf buf = hb_buf_make(256);
        assert_int_equal(hb_buf_add_json(&buf, cases[i].text), HB_OK);
        assert_str(hb_buf_str(&buf), cases[i].escaped);
        hb_buf_deinit(&buf);
    }
}

static void escaping_that_does_not_fit_adds_nothing(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(8);
    assert_int_equal(hb_buf_add(&buf, HB_STR("ab")), HB_OK);
    assert_int_equal(hb_buf_add_json(&buf, HB_STR("c\x01\x01")), HB_ERR_FULL);
    assert_string_equal(buf.ptr, "ab");
    assert_int_equal(buf.len, 2);
    hb_buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_by_unsigned_bytes_then_length),
        cmocka_unit_test(case_is_ignored_in_ascii_only),
        cmocka_unit_test(split_gives_every_field_also_empty_ones),
        cmocka_unit_test(trim_takes_blanks_from_both_ends),
        cmocka_unit_test(integers_are_whole_decimal_and_fit),
        cmocka_unit_test(a_copy_is_owned_and_terminated),
        cmocka_unit_test(a_buffer_never_grows_beyond_its_maximum),
        cmocka_unit_test(growth_doubles),
        cmocka_unit_test(formatted_text_is_appended_whole),
        cmocka_unit_test(json_text_is_escaped_and_always_utf8),
        cmocka_unit_test(escaping_that_does_not_fit_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
