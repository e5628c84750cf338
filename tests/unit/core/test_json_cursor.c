#include "core/json_cursor.h"

#include "check.h"

static void a_root_is_found_between_white_space(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hb_cursor_kind kind;
        const char *raw;
    } rows[] = {{" {\"a\": 1} ", HB_CURSOR_OBJECT, "{\"a\": 1}"},
                {"\n[ ]\t", HB_CURSOR_ARRAY, "[ ]"},
                {"\"x\"", HB_CURSOR_STRING, "\"x\""},
                {" -1.5 ", HB_CURSOR_NUMBER, "-1.5"},
                {"true", HB_CURSOR_BOOL, "true"},
                {"false", HB_CURSOR_BOOL, "false"},
                {"null", HB_CURSOR_NULL, "null"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_cursor root = hb_cursor_root(hb_str_c(rows[i].text));
        check_row(root.kind == rows[i].kind, rows[i].text);
        check_str(root.raw, rows[i].raw);
    }
}

static void members_and_items_come_in_order_with_their_raw_bytes(void **state)
{
    (void)state;
    struct hb_cursor root = hb_cursor_root(
                         HB_STR("{ \"a\" : [1, {\"x\":\"}]\"} ] ,\"b\\\"c\":\"q\\\\\", \"d\":12 , \"e\":{}}")),
                     value;
    static const char *const names[] = {"a", "b\\\"c", "d", "e"}, *const raws[] = {"[1, {\"x\":\"}]\"} ]", "\"q\\\\\"",
                                                                                   "12", "{}"};
    struct hb_str name;
    size_t at = 0, count = 0;
    for (; hb_cursor_next(root, &at, &name, &value); count++) {
        check_str(name, names[count]);
        check_str(value.raw, raws[count]);
    }
    assert_int_equal(count, 4);
    assert_false(hb_cursor_next(root, &at, &name, &value));
    struct hb_cursor list = hb_cursor_member(root, HB_STR("a"));
    at = count = 0;
    while (hb_cursor_next(list, &at, NULL, &value))
        count++;
    assert_int_equal(count, 2);
    static const char *const empty[] = {"[]", "[ ]", "{}", "{ \n}"};
    for (size_t i = 0; i < 4; i++) {
        at = 0;
        assert_false(hb_cursor_next(hb_cursor_root(hb_str_c(empty[i])), &at, NULL, &value));
        assert_false(hb_cursor_next(hb_cursor_root(hb_str_c(empty[i])), &at, NULL, &value));
    }
}

static void the_last_member_of_a_name_counts_and_names_may_be_escaped(void **state)
{
    (void)state;
    struct hb_cursor root = hb_cursor_root(HB_STR("{\"id\":1,\"\\u0069d\":2,\"idx\":3,\"i\":4}"));
    check_str(hb_cursor_member(root, HB_STR("id")).raw, "2");
    assert_int_equal(hb_cursor_member(root, HB_STR("no")).kind, HB_CURSOR_NONE);
    /* What is no object has none. */
    static const char *const others[] = {"1", "\"id\"", "null", "true", "[]", "[1,2]", "[{\"id\":1}]"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        check_row(hb_cursor_member(hb_cursor_root(hb_str_c(others[i])), HB_STR("id")).kind == HB_CURSOR_NONE, others[i]);
}

static void escapes_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *plain;
    } rows[] = {{"abc", "abc"},
                {"", ""},
                {"\\n\\t\\/\\\\\\\"\\b\\f\\r", "\n\t/\\\"\b\f\r"},
                {"\\u0061\\u00E9\\u4e2d", "a\xC3\xA9\xE4\xB8\xAD"},
                {"\\ud83d\\uDE00", "\xF0\x9F\x98\x80"},
                {"\\ud800", "\xEF\xBF\xBD"},
                {"\\ud800x", "\xEF\xBF\xBDx"},
                {"\\udc00", "\xEF\xBF\xBD"},
                {"\\ud800\\u0041", "\xEF\xBF\xBD"
                                   "A"},
                {"\\ud800\\n", "\xEF\xBF\xBD\n"},
                {"\\uDBFF\\uDFFF", "\xF4\x8F\xBF\xBF"},
                {"a\\u0062c", "abc"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_buf buf = hb_buf_make(64);
        assert_int_equal(hb_cursor_unescape(hb_str_c(rows[i].raw), &buf), HB_OK);
        check_str(hb_buf_str(&buf), rows[i].plain);
        check_row(hb_cursor_text_eq(hb_str_c(rows[i].raw), hb_str_c(rows[i].plain)), rows[i].raw);
        check_row(hb_cursor_text_has_prefix(hb_str_c(rows[i].raw), hb_str_c(rows[i].plain)), rows[i].raw);
        assert_int_equal(hb_buf_add_char(&buf, 'x'), HB_OK);
        check_row(!hb_cursor_text_eq(hb_str_c(rows[i].raw), hb_buf_str(&buf)), rows[i].raw);
        check_row(!hb_cursor_text_has_prefix(hb_str_c(rows[i].raw), hb_buf_str(&buf)), rows[i].raw);
        hb_buf_deinit(&buf);
    }
    assert_false(hb_cursor_text_eq(HB_STR("abc"), HB_STR("ab")));
    assert_true(hb_cursor_text_has_prefix(HB_STR("abc"), HB_STR("ab")));
    struct hb_buf small = hb_buf_make(3);
    assert_int_equal(hb_cursor_unescape(HB_STR("ab\\u4e2d"), &small), HB_ERR_FULL);
    assert_int_equal(small.len, 0);
    hb_buf_deinit(&small);
}

static void numbers_are_compared_as_exact_decimals(void **state)
{
    (void)state;
    /* Each is smaller than the next; those on one line are equal. */
    static const char *const order[][4] = {{"-1e999999", "-1e1000000", "-123456789e99999999999"},
                                           {"-9007199254740993", "-9007199254740993.000"},
                                           {"-9007199254740992"},
                                           {"-2", "-2.0", "-20e-1"},
                                           {"-1.5"},
                                           {"-0.01", "-1e-2"},
                                           {"0", "-0", "0.000", "0e999"},
                                           {"1e-400"},
                                           {"0.1", "0.10", "1e-1", "10E-2"},
                                           {"0.10000000000000000000000000001"},
                                           {"1", "1.0", "100e-2", "0.001e3"},
                                           {"19.9", "19.90", "1990e-2"},
                                           {"19.91"},
                                           {"100", "1e2", "1E+2"},
                                           {"9007199254740992"},
                                           {"9007199254740993", "9007199254740993.0"},
                                           {"18446744073709551615"},
                                           {"18446744073709551616"},
                                           {"1e400"},
                                           {"1e999999", "1e1000000"}};
    size_t count = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < 4 && order[i][k]; k++)
                for (size_t l = 0; l < 4 && order[j][l]; l++) {
                    int wanted = i < j ? -1 : i > j,
                        found = hb_cursor_number_cmp(hb_str_c(order[i][k]), hb_str_c(order[j][l]));
                    if (found != wanted && !(i == j && (i == 0 || i == count - 1)))
                        fail_msg("%s with %s: %d", order[i][k], order[j][l], found);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_found_between_white_space),
        cmocka_unit_test(members_and_items_come_in_order_with_their_raw_bytes),
        cmocka_unit_test(the_last_member_of_a_name_counts_and_names_may_be_escaped),
        cmocka_unit_test(escapes_are_understood),
        cmocka_unit_test(numbers_are_compared_as_exact_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
