#include "unit/cli/cm.h"

#include "cli/api_json.h"

/* What one event holds must not hide the others of the page. */
static void data_that_cannot_be_read_is_shown_as_absent_and_the_rest_as_it_is(void **state)
{
    static const char *const ODD[] = {"\"a\\u0000b\"", "{\"a\":\"\\ud800\"}", "{\"a\":1,\"a\":2}",
                                      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};

    (void)state;
    for (size_t i = 0; i < sizeof(ODD) / sizeof(ODD[0]); i++) {
        struct hb_buf text = hb_buf_make(1000), line = hb_buf_make(1000);
        struct hb_json *json = NULL;
        struct hb_str id = {NULL, 0};
        int64_t good = 0;

        assert_int_equal(hb_buf_addf(&text, "{\"events\":[{\"event\":{\"id\":\"odd\",\"data\":%s}},{\"event\":{\"id\":\"b\",\"data\":{\"n\":7}}}]}", ODD[i]), HB_OK);
        assert_int_equal(hb_api_json_parse(hb_buf_str(&text), &json, NULL), HB_OK);
        const struct hb_json *first = hb_json_first(hb_json_get(json, "events"));
        assert_true(hb_json_str(hb_json_get(hb_json_get(first, "event"), "id"), &id) && hb_str_eq(id, HB_STR("odd")));
        assert_int_equal(hb_json_kind(hb_json_get(hb_json_get(first, "event"), "data")), HB_JSON_NULL);
        assert_true(hb_json_int(hb_json_get(hb_json_get(hb_json_get(hb_json_next(first), "event"), "data"), "n"), &good));
        assert_int_equal(good, 7);
        hb_json_free(&json);

        assert_int_equal(hb_buf_addf(&line, "{\"kind\":\"event\",\"event\":{\"id\":\"odd\",\"data\":%s}}", ODD[i]), HB_OK);
        assert_int_equal(hb_api_json_parse(hb_buf_str(&line), &json, NULL), HB_OK);
        assert_true(hb_json_str(hb_json_get(hb_json_get(json, "event"), "id"), &id) && hb_str_eq(id, HB_STR("odd")));
        hb_json_free(&json);
        hb_buf_deinit(&text);
        hb_buf_deinit(&line);
    }
}

static void what_is_no_json_is_still_refused(void **state)
{
    static const char *const BAD[] = {"", "{", "<html>", "{\"a\":\"\\u0000\"}", "[1,]"};

    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct hb_json *json = NULL;

        assert_int_equal(hb_api_json_parse(hb_str_c(BAD[i]), &json, NULL), HB_ERR_INVALID);
        assert_null(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(data_that_cannot_be_read_is_shown_as_absent_and_the_rest_as_it_is),
                                       cmocka_unit_test(what_is_no_json_is_still_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
