#include "core/filter.h"

#include "core/json_scan.h"

#include "check.h"

#include <time.h>

static bool run(const char *pattern, const char *data)
{
    struct hb_filter *filter = NULL;
    struct hb_error error = {0}, why = {0};
    size_t at;
    if (hb_filter_new(hb_str_c(pattern), &filter, &error))
        fail_msg("%s: %s", pattern, error.text);
    assert_int_equal(hb_json_scan(hb_str_c(data), &at), HB_OK);
    bool is_match = hb_filter_match(filter, hb_str_c(data), &why) == HB_FILTER_MATCH_YES;
    check_row((why.code == HB_OK) == is_match, pattern);
    assert_int_equal(hb_filter_match(filter, hb_str_c(data), NULL), is_match ? HB_FILTER_MATCH_YES : HB_FILTER_MATCH_NO);
    hb_filter_free(&filter);
    return is_match;
}

static void patterns_match_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *data;
        bool is_match;
    } rows[] = {
        {"{\"status\":[\"paid\"]}", "{\"status\":\"paid\"}", true},
        {"{\"status\":[\"paid\"]}", "{\"status\":\"p\\u0061id\"}", true},
        {"{\"stat\\u0075s\":[\"p\\u0061id\"]}", "{\"status\":\"paid\"}", true},
        {"{\"status\":[\"paid\"]}", "{\"status\":\"Paid\"}", false},
        {"{\"status\":[\"paid\",\"sent\"]}", "{\"status\":\"sent\"}", true},
        {"{\"status\":[\"paid\"]}", "{}", false},
        {"{\"status\":[\"paid\"]}", "[]", false},
        {"{\"status\":[\"paid\"]}", "\"paid\"", false},
        {"{\"a\":[1],\"b\":[2]}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":[1],\"b\":[2]}", "{\"b\":3,\"a\":1}", false},
        {"{\"a\":[1]}", "{\"a\":2,\"a\":1}", true},
        {"{\"a\":[1]}", "{\"a\":1,\"a\":2}", false},
        {"{\"a\":[1]}", "{\"a\":1.0}", true},
        {"{\"a\":[1]}", "{\"a\":\"1\"}", false},
        {"{\"a\":[\"1\"]}", "{\"a\":1}", false},
        {"{\"a\":[9007199254740993]}", "{\"a\":9007199254740993}", true},
        {"{\"a\":[9007199254740993]}", "{\"a\":9007199254740992}", false},
        {"{\"a\":[0.1]}", "{\"a\":0.10000000000000000001}", false},
        {"{\"a\":[true]}", "{\"a\":true}", true},
        {"{\"a\":[true]}", "{\"a\":\"true\"}", false},
        {"{\"a\":[null]}", "{\"a\":null}", true},
        {"{\"a\":[null]}", "{}", false},
        {"{\"a\":{\"b\":{\"c\":[1]}}}", "{\"a\":{\"b\":{\"c\":1}}}", true},
        {"{\"a\":{\"b\":{\"c\":[1]}}}", "{\"a\":{\"b\":1}}", false},
        {"{\"a\":[\"x\"]}", "{\"a\":[\"w\",\"x\"]}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":[[\"x\"]]}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":[]}", false},
        {"{\"a\":[\"x\"]}", "{\"a\":{\"x\":1}}", false},
        {"{\"lines\":{\"sku\":[\"b\"],\"n\":[2]}}", "{\"lines\":[{\"sku\":\"a\",\"n\":2},{\"sku\":\"b\",\"n\":2}]}",
         true},
        {"{\"lines\":{\"sku\":[\"b\"],\"n\":[2]}}", "{\"lines\":[{\"sku\":\"a\",\"n\":2},{\"sku\":\"b\",\"n\":1}]}",
         false},
        {"{\"a\":[{\"prefix\":\"or\"}]}", "{\"a\":\"order\"}", true},
        {"{\"a\":[{\"prefix\":\"or\"}]}", "{\"a\":\"\\u006frder\"}", true},
        {"{\"a\":[{\"prefix\":\"or\"}]}", "{\"a\":\"o\"}", false},
        {"{\"a\":[{\"prefix\":\"1\"}]}", "{\"a\":12}", false},
        {"{\"a\":[{\"suffix\":\".pl\"}]}", "{\"a\":\"x.pl\"}", true},
        {"{\"a\":[{\"suffix\":\".pl\"}]}", "{\"a\":\"x.p\\u006c\"}", true},
        {"{\"a\":[{\"suffix\":\"n\"}]}", "{\"a\":\"x\\n\"}", false},
        {"{\"a\":[{\"suffix\":\"\\n\"}]}", "{\"a\":\"x\\n\"}", true},
        {"{\"a\":[{\"suffix\":\".pl\"}]}", "{\"a\":\"pl\"}", false},
        {"{\"a\":[{\"suffix\":\".pl\"}]}", "{\"a\":\"\\n.pl\"}", true},
        {"{\"a\":[{\"suffix\":\"pl\"}]}", "{\"a\":\"\\u00e9pl\"}", true},
        {"{\"a\":[{\"suffix\":\"\u00e9pl\"}]}", "{\"a\":\"\\u00e9pl\"}", true},
        {"{\"a\":[{\"suffix\":\"n\\n.pl\"}]}", "{\"a\":\"\\n.pl\"}", false},
        {"{\"a\":[{\"suffix\":\"\\ud83d\\ude00\"}]}", "{\"a\":\"x\\ud83d\\ude00\"}", true},
        {"{\"p\":[{\"numeric\":[\">=\",10,\"<\",20]}]}", "{\"p\":10}", true},
        {"{\"p\":[{\"numeric\":[\">=\",10,\"<\",20]}]}", "{\"p\":19.99}", true},
        {"{\"p\":[{\"numeric\":[\">=\",10,\"<\",20]}]}", "{\"p\":20}", false},
        {"{\"p\":[{\"numeric\":[\">=\",10,\"<\",20]}]}", "{\"p\":\"19.90\"}", true},
        {"{\"p\":[{\"numeric\":[\">=\",10,\"<\",20]}]}", "{\"p\":\"ten\"}", false},
        {"{\"p\":[{\"numeric\":[\">=\",10]}]}", "{\"p\":\"\"}", false},
        {"{\"p\":[{\"numeric\":[\">\",9007199254740992]}]}", "{\"p\":9007199254740993}", true},
        {"{\"p\":[{\"numeric\":[\"=\",19.9]}]}", "{\"p\":\"19.90\"}", true},
        {"{\"p\":[{\"numeric\":[\"<=\",-1]}]}", "{\"p\":-1.5}", true},
        {"{\"p\":[{\"numeric\":[\"<=\",-1]}]}", "{\"p\":-1.0}", true},
        {"{\"p\":[{\"numeric\":[\"<\",-1]}]}", "{\"p\":-1.0}", false},
        {"{\"p\":[{\"numeric\":[\">\",10]}]}", "{\"p\":10}", false},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":null}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":{}}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":[]}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"b\":1}", false},
        {"{\"a\":[{\"exists\":false}]}", "{\"b\":1}", true},
        {"{\"a\":[{\"exists\":false}]}", "{\"a\":null}", false},
        {"{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":\"x\"}", true},
        {"{\"a\":{\"b\":[{\"exists\":false}]}}", "{}", true},
        {"{\"a\":[{\"anything-but\":[\"x\",1]}]}", "{\"a\":\"y\"}", true},
        {"{\"a\":[{\"anything-but\":[\"x\",1]}]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[{\"anything-but\":[\"x\",1]}]}", "{\"a\":1.0}", false},
        {"{\"a\":[{\"anything-but\":[\"x\"]}]}", "{}", false},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":null}", true},
        {"{\"a\":[{\"anything-but\":{\"prefix\":\"test-\"}}]}", "{\"a\":\"test-1\"}", false},
        {"{\"a\":[{\"anything-but\":{\"prefix\":\"test-\"}}]}", "{\"a\":\"live-1\"}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":1}", false},
        {"{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":1,\"c\":3}", true},
        {"{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":1,\"c\":4}", false},
        {"{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1],\"g\":[1],\"h\":[1],\"i\":[1],\"j\":[1]}",
         "{\"j\":1,\"i\":1,\"h\":1,\"g\":1,\"f\":1,\"e\":1,\"d\":1,\"c\":1,\"b\":1,\"a\":1}", true},
        {"{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1],\"g\":[1],\"h\":[1],\"i\":[1],\"j\":[1]}",
         "{\"j\":2,\"i\":1,\"h\":1,\"g\":1,\"f\":1,\"e\":1,\"d\":1,\"c\":1,\"b\":1,\"a\":1}", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (run(rows[i].pattern, rows[i].data) != rows[i].is_match)
            fail_msg("%s with %s", rows[i].pattern, rows[i].data);
}

static void wrong_patterns_are_refused_with_their_path(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *says;
    } rows[] = {{"", "byte 0"},
                {"{\"a\":[1]", "byte 8"},
                {"[]", "JSON object"},
                {"{}", "at least one member"},
                {"{\"a\":{}}", "a: a pattern names"},
                {"{\"a\":[]}", "a: needs at least one"},
                {"{\"a\":1}", "a: write the value as a list"},
                {"{\"a\":{\"b\":\"x\"}}", "a.b: write"},
                {"{\"a\":[[1]]}", "a: an alternative"},
                {"{\"a\":[{}]}", "exactly one operator"},
                {"{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}", "exactly one operator"},
                {"{\"a\":[{\"wildcard\":\"x\"}]}", "one of prefix"},
                {"{\"a\":[{\"prefix\":1}]}", "take a string"},
                {"{\"a\":[{\"prefix\":\"\"}]}", "not empty"},
                {"{\"a\":[{\"numeric\":[]}]}", "numeric takes"},
                {"{\"a\":[{\"numeric\":[\">\"]}]}", "numeric takes"},
                {"{\"a\":[{\"numeric\":[\"!\",1]}]}", "numeric takes"},
                {"{\"a\":[{\"numeric\":[\">\",\"1\"]}]}", "numeric takes"},
                {"{\"a\":[{\"numeric\":5}]}", "numeric takes"},
                {"{\"a\":[{\"exists\":1}]}", "true or false"},
                {"{\"a\":[{\"anything-but\":[]}]}", "at least one value"},
                {"{\"a\":[{\"anything-but\":{\"numeric\":1}}]}", "anything-but takes"},
                {"{\"a\":[{\"anything-but\":[[1]]}]}", "anything-but takes"},
                {"{\"a\":[1],\"a\":[2]}", "a: named twice"},
                {"{\"$or\":{}}", "list of patterns"},
                {"{\"$or\":[]}", "list of patterns"},
                {"{\"$or\":[1]}", "list of patterns"},
                {"{\"$or\":[{\"b\":1}]}", "$or.b"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_filter *filter = NULL;
        struct hb_error error = {0};
        check_row(hb_filter_new(hb_str_c(rows[i].pattern), &filter, &error) == HB_ERR_INVALID, rows[i].pattern);
        if (!strstr(error.text, rows[i].says))
            fail_msg("%s: %s", rows[i].pattern, error.text);
        assert_null(filter);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct hb_filter *filter = NULL;
    struct hb_buf text = hb_buf_make(HB_FILTER_BYTES_MAX * 2);
    for (int depth = 7; depth <= 8; depth++) {
        hb_buf_clear(&text);
        for (int i = 0; i < depth; i++)
            assert_int_equal(hb_buf_add(&text, HB_STR("{\"a\":")), HB_OK);
        assert_int_equal(hb_buf_add(&text, HB_STR("{\"a\":[1]}")), HB_OK);
        for (int i = 0; i < depth; i++)
            assert_int_equal(hb_buf_add_char(&text, '}'), HB_OK);
        assert_int_equal(hb_filter_new(hb_buf_str(&text), &filter, NULL), depth == 7 ? HB_OK : HB_ERR_TOO_LARGE);
        hb_filter_free(&filter);
    }
    for (int count = 255; count <= 256; count++) {
        hb_buf_clear(&text);
        assert_int_equal(hb_buf_add(&text, HB_STR("{\"a\":[1")), HB_OK);
        for (int i = 1; i < count; i++)
            assert_int_equal(hb_buf_add(&text, HB_STR(",1")), HB_OK);
        assert_int_equal(hb_buf_add(&text, HB_STR("]}")), HB_OK);
        assert_int_equal(hb_filter_new(hb_buf_str(&text), &filter, NULL), count == 255 ? HB_OK : HB_ERR_TOO_LARGE);
        hb_filter_free(&filter);
    }
    while (text.len <= HB_FILTER_BYTES_MAX)
        assert_int_equal(hb_buf_add_char(&text, ' '), HB_OK);
    assert_int_equal(hb_filter_new(hb_buf_str(&text), &filter, NULL), HB_ERR_TOO_LARGE);
    hb_buf_deinit(&text);
}

static void a_mismatch_names_the_path(void **state)
{
    (void)state;
    static const struct {
        const char *data, *says;
    } rows[] = {{"{\"a\":{\"b\":2}}", "a.b: none of the alternatives matches"},
                {"{\"a\":{}}", "a.b: is not in the data"},
                {"{\"a\":[{}]}", "a: no item of the list matches"}};
    struct hb_filter *filter;
    assert_int_equal(hb_filter_new(HB_STR("{\"a\":{\"b\":[1]}}"), &filter, NULL), HB_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_error why;
        assert_int_equal(hb_filter_match(filter, hb_str_c(rows[i].data), &why), HB_FILTER_MATCH_NO);
        assert_string_equal(why.text, rows[i].says);
    }
    hb_filter_free(&filter);
}

static void repeat(struct hb_buf *buf, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(hb_buf_add(buf, hb_str_c(text)), HB_OK);
}

static void check_costly(const struct hb_buf *pattern, const struct hb_buf *data, bool is_too_much)
{
    struct hb_filter *filter;
    struct hb_error why = {.code = HB_OK};
    struct timespec begun, ended;
    assert_int_equal(hb_filter_new(hb_buf_str(pattern), &filter, NULL), HB_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
    enum hb_filter_match match = hb_filter_match(filter, hb_buf_str(data), &why);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    assert_int_equal(match, is_too_much ? HB_FILTER_MATCH_TOO_COSTLY : HB_FILTER_MATCH_NO);
    assert_int_equal(why.code == HB_ERR_TOO_LARGE, is_too_much);
    /* A wide bound, sanitizers included: without limits these take from ten seconds to minutes. */
    assert_true(ended.tv_sec - begun.tv_sec < 5);
    hb_filter_free(&filter);
}

/* Filters run on the loop all stores share: none may keep it, whatever its author and the data's think of. */
static void no_filter_takes_long_on_any_data(void **state)
{
    (void)state;
    struct hb_buf pattern = hb_buf_make(HB_FILTER_BYTES_MAX), data = hb_buf_make(300000);
    /* A long suffix that almost matches everywhere, behind an escape. */
    repeat(&pattern, "{\"a\":[{\"suffix\":\"", 1);
    repeat(&pattern, "a", 16000);
    repeat(&pattern, "b\"}]}", 1);
    repeat(&data, "{\"a\":\"", 1);
    repeat(&data, "a", 250000);
    repeat(&data, "\\n\"}", 1);
    check_costly(&pattern, &data, false);
    /* Lists within lists, looked at by each branch; a member not looked at must not count as absent. */
    hb_buf_clear(&pattern);
    hb_buf_clear(&data);
    repeat(&pattern, "{\"$or\":[", 1);
    repeat(&pattern, "{\"x\":[1]},", 80);
    repeat(&pattern, "{\"y\":[{\"exists\":false}]}]}", 1);
    repeat(&data, "{\"y\":0,\"x\":", 1);
    repeat(&data, "[", 60);
    repeat(&data, "0,", 120000);
    repeat(&data, "0", 1);
    repeat(&data, "]", 60);
    repeat(&data, "}", 1);
    check_costly(&pattern, &data, true);
    /* As many branches as there can be, each with one look at the whole, are fine. */
    hb_buf_clear(&data);
    repeat(&data, "{\"y\":0,\"x\":[", 1);
    repeat(&data, "0,", 120000);
    repeat(&data, "0]}", 1);
    check_costly(&pattern, &data, false);
    hb_buf_deinit(&pattern);
    hb_buf_deinit(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(patterns_match_what_they_say),
                                       cmocka_unit_test(wrong_patterns_are_refused_with_their_path),
                                       cmocka_unit_test(limits_hold), cmocka_unit_test(no_filter_takes_long_on_any_data),
                                       cmocka_unit_test(a_mismatch_names_the_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
