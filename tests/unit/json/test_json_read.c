#include "platform/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_json *parse(const char *text)
{
    struct hb_json *root = NULL;
    struct hb_error error = {0};
    if (hb_json_parse(hb_str_c(text), &root, &error) != HB_OK)
        fail_msg("%s: %s", text, error.text);
    return root;
}

static void what_is_not_json_or_not_ours_is_refused(void **state)
{
    (void)state;
    static const struct hb_str cases[] = {
        HB_STR_INIT(""),
        HB_STR_INIT("{}x"),
        HB_STR_INIT("{} {}"),
        HB_STR_INIT("01"),
        HB_STR_INIT("[1,]"),
        HB_STR_INIT("{\"a\":1,}"),
        HB_STR_INIT("{a:1}"),
        HB_STR_INIT("'a'"),
        HB_STR_INIT("\"a\nb\""),
        HB_STR_INIT("\x01[]"),
        HB_STR_INIT("\"\xFF\""),
        HB_STR_INIT("\xEF\xBB\xBF[]"),
        HB_STR_INIT("\"\\u0000\""),
        HB_STR_INIT("\"\\ud800\""),
        HB_STR_INIT("\"\\ude00\""),
        HB_STR_INIT("\"\\ud800\\u0041\""),
        HB_STR_INIT("1e999"),
        HB_STR_INIT("[-1e999]"),
        HB_STR_INIT("NaN"),
        HB_STR_INIT("[1]\0"),
        HB_STR_INIT("{\"a\":1,\"a\":2}"),
        HB_STR_INIT("[{\"a\":{\"b\":1,\"c\":2,\"b\":3}}]"),
        HB_STR_INIT("{\"a\":1,\"\\u0061\":2}"),
        HB_STR_INIT("+1"),
        HB_STR_INIT("1."),
        HB_STR_INIT("nul"),
        HB_STR_INIT("[1"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_json *root = NULL;
        struct hb_error error = {0};
        if (hb_json_parse(cases[i], &root, &error) != HB_ERR_INVALID)
            fail_msg("accepted: %.*s", HB_ARG(cases[i]));
        assert_null(root);
        assert_true(strlen(error.text) > 0);
        assert_int_equal(hb_json_parse(cases[i], &root, NULL), HB_ERR_INVALID);
    }
}

static void depth_is_limited_to_32(void **state)
{
    (void)state;
    static const char open[] =
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    static const char close[] =
        "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    static const int depths[] = {1, 31, 32, 33, 64, 65, 80};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct hb_buf text = hb_buf_make(256);
        assert_int_equal(hb_buf_addf(&text, "%.*s%.*s", depths[i], open, depths[i], close), HB_OK);
        struct hb_json *root = NULL;
        assert_int_equal(hb_json_parse(hb_buf_str(&text), &root, NULL), depths[i] <= 32 ? HB_OK : HB_ERR_INVALID);
        struct hb_buf again = hb_buf_make(256);
        if (root) {
            assert_int_equal(hb_json_print(root, &again), HB_OK);
            assert_string_equal(again.ptr, text.ptr);
        }
        hb_buf_deinit(&again);
        hb_json_free(&root);
        hb_buf_deinit(&text);
    }
}

static void brackets_in_strings_are_no_depth(void **state)
{
    (void)state;
    struct hb_json *root = parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\", \"\\\\\"]");
    assert_int_equal(hb_json_count(root), 2);
    hb_json_free(&root);
    assert_null(root);
    hb_json_free(&root);
}

static void a_duplicate_among_many_members_is_found(void **state)
{
    (void)state;
    for (int is_double = 0; is_double < 2; is_double++) {
        struct hb_buf text = hb_buf_make(4 << 20);
        assert_int_equal(hb_buf_add_char(&text, '{'), HB_OK);
        for (int i = 0; i < 150000; i++) /* each with each would take longer than the test may */
            assert_int_equal(hb_buf_addf(&text, "\"m%d\":%d,", i, i), HB_OK);
        assert_int_equal(hb_buf_addf(&text, "\"m%s\":1}", is_double ? "777" : "x"), HB_OK);
        struct hb_json *root = NULL;
        assert_int_equal(hb_json_parse(hb_buf_str(&text), &root, NULL), is_double ? HB_ERR_INVALID : HB_OK);
        hb_json_free(&root);
        hb_buf_deinit(&text);
    }
}

static void members_are_read_by_kind(void **state)
{
    (void)state;
    struct hb_json *root = parse(" {\"s\":\"za\\u017c\\ud83d\\ude00\",\"i\":-9007199254740992,\"n\":1.5,\"b\":true,"
                                 "\"z\":null,\"a\":[1,2,3],\"o\":{}} ");
    struct hb_str text = {0};
    int64_t integer = 7;
    double number;
    bool yes = false;
    assert_true(hb_json_str(hb_json_get(root, "s"), &text));
    assert_true(hb_str_eq(text, HB_STR("za\xC5\xBC\xF0\x9F\x98\x80")));
    assert_true(hb_json_int(hb_json_get(root, "i"), &integer) && integer == -INT64_C(9007199254740992));
    assert_true(hb_json_number(hb_json_get(root, "n"), &number));
    assert_true(number > 1.49 && number < 1.51);
    assert_true(hb_json_bool(hb_json_get(root, "b"), &yes) && yes);
    assert_int_equal(hb_json_kind(hb_json_get(root, "z")), HB_JSON_NULL);
    assert_int_equal(hb_json_kind(hb_json_get(root, "a")), HB_JSON_ARRAY);
    assert_int_equal(hb_json_kind(root), HB_JSON_OBJECT);
    assert_int_equal(hb_json_count(root), 7);
    assert_int_equal(hb_json_count(hb_json_get(root, "a")), 3);
    assert_int_equal(hb_json_count(hb_json_get(root, "s")), 0);
    assert_null(hb_json_get(root, "S"));
    assert_null(hb_json_get(hb_json_get(root, "none"), "x"));
    assert_null(hb_json_get(hb_json_get(root, "a"), "x"));
    hb_json_free(&root);
}

static void a_time_is_a_text_that_rfc_3339_knows_and_anything_else_leaves_the_result_untouched(void **state)
{
    (void)state;
    struct hb_json *root = parse("{\"at\":\"1970-01-01T00:00:01.500Z\",\"bad\":\"1970-13-01T00:00:00Z\",\"n\":5}");
    struct hb_wall at = {7};
    assert_false(hb_json_wall(hb_json_get(root, "bad"), &at));
    assert_false(hb_json_wall(hb_json_get(root, "n"), &at));
    assert_false(hb_json_wall(NULL, &at));
    assert_int_equal(at.ms, 7);
    assert_true(hb_json_wall(hb_json_get(root, "at"), &at));
    assert_int_equal(at.ms, 1500);
    hb_json_free(&root);
}

static void a_wrong_kind_leaves_the_result_untouched(void **state)
{
    (void)state;
    struct hb_json *root = parse("{\"s\":\"1\",\"f\":1.5,\"big\":9007199254740994,\"e\":1e2,\"neg\":-0}");
    int64_t integer = 7;
    struct hb_str text = HB_STR("kept");
    bool yes = true;
    assert_false(hb_json_int(hb_json_get(root, "s"), &integer));
    assert_false(hb_json_int(hb_json_get(root, "f"), &integer));
    assert_false(hb_json_int(hb_json_get(root, "big"), &integer));
    assert_false(hb_json_int(NULL, &integer));
    assert_false(hb_json_str(hb_json_get(root, "f"), &text));
    assert_false(hb_json_bool(hb_json_get(root, "s"), &yes));
    assert_int_equal(integer, 7);
    assert_true(hb_str_eq(text, HB_STR("kept")));
    assert_true(hb_json_int(hb_json_get(root, "e"), &integer) && integer == 100);
    assert_true(hb_json_int(hb_json_get(root, "neg"), &integer) && integer == 0);
    hb_json_free(&root);
}

static void items_are_walked_in_order(void **state)
{
    (void)state;
    struct hb_json *root = parse("{\"a\":1,\"b\":[true],\"c\":\"\"}");
    const struct hb_json *item = hb_json_first(root);
    assert_true(hb_str_eq(hb_json_name(item), HB_STR("a")));
    item = hb_json_next(item);
    assert_true(hb_str_eq(hb_json_name(item), HB_STR("b")));
    assert_int_equal(hb_json_name(hb_json_first(item)).len, 0);
    item = hb_json_next(item);
    struct hb_str text = HB_STR("x");
    assert_true(hb_json_str(item, &text) && text.len == 0);
    assert_null(hb_json_next(item));
    assert_null(hb_json_first(item));
    assert_null(hb_json_next(root));
    hb_json_free(&root);
}

static void a_value_is_printed_compact(void **state)
{
    (void)state;
    struct hb_json *root = parse(
        " { \"a\" : [ 1 , -2.5 , 0.1, 1e300, 1e21, -0.0 , \"x\\n\\\"\" ] , \"n\" : 9007199254740991 , \"o\":{ } } ");
    struct hb_buf text = hb_buf_make(256);
    assert_int_equal(hb_json_print(root, &text), HB_OK);
    assert_string_equal(text.ptr, "{\"a\":[1,-2.5,0.1,1e+300,1e+21,0,\"x\\n\\\"\"],\"n\":9007199254740991,\"o\":{}}");
    struct hb_buf small = hb_buf_make(8);
    assert_int_equal(hb_json_print(root, &small), HB_ERR_FULL);
    hb_buf_deinit(&small);
    hb_buf_deinit(&text);
    hb_json_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_json_or_not_ours_is_refused),
        cmocka_unit_test(depth_is_limited_to_32),
        cmocka_unit_test(brackets_in_strings_are_no_depth),
        cmocka_unit_test(a_duplicate_among_many_members_is_found),
        cmocka_unit_test(members_are_read_by_kind),
        cmocka_unit_test(a_time_is_a_text_that_rfc_3339_knows_and_anything_else_leaves_the_result_untouched),
        cmocka_unit_test(a_wrong_kind_leaves_the_result_untouched),
        cmocka_unit_test(items_are_walked_in_order),
        cmocka_unit_test(a_value_is_printed_compact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
