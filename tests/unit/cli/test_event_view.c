#include "unit/cli/cm.h"

#include "cli/event_view.h"

static void the_last_line_of_each_webhook_counts(void **state)
{
    static const struct {
        const char *lines, *says;
    } ROWS[] = {
        {"[]", "nobody yet"},
        {"[{\"webhook\":\"a\",\"outcome\":\"delivered\"}]", "1 delivered"},
        {"[{\"webhook\":\"a\",\"outcome\":\"failed\"},{\"webhook\":\"a\",\"outcome\":\"delivered\"}]", "1 delivered"},
        {"[{\"webhook\":\"a\",\"outcome\":\"delivered\"},{\"webhook\":\"b\",\"outcome\":\"failed\"}]", "1 delivered, 1 failed"},
        {"[{\"outcome\":\"skipped\",\"reason\":\"unknown_store\"}]", "1 skipped"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct hb_json *json = NULL;
        struct hb_buf scratch = hb_buf_make(1000);
        struct hb_str says;

        assert_int_equal(hb_json_parse(hb_str_c(ROWS[i].lines), &json, NULL), HB_OK);
        says = hb_event_view_state(json, &scratch);
        assert_true(hb_str_eq(says, hb_str_c(ROWS[i].says)));
        hb_json_free(&json);
        hb_buf_deinit(&scratch);
    }
}

static void data_is_summed_up_exactly_and_in_its_width(void **state)
{
    static const struct {
        const char *data, *says;
        size_t columns;
    } ROWS[] = {
        {"{\"total\":\"19.90\",\"number\":\"7\"}", "number=7 total=19.90", 60},
        {"{\"id\":9007199254740993}", "id=9007199254740993", 60},
        {"{\"odd\":true,\"deep\":{\"a\":1}}", "odd=true", 60},
        {"{\"name\":\"a\\u001b[31m\"}", "name=a?[31m", 60},
        {"[1,2,3]", "[1,2,3]", 60},
        {"{\"number\":\"7\",\"name\":\"far too long for this\"}", "number=7", 15},
        {"{}", "", 60},
    };
    struct hb_output output = {.is_utf8 = true};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct hb_buf text = hb_buf_make(1000);

        assert_int_equal(hb_event_view_data(&output, hb_str_c(ROWS[i].data), ROWS[i].columns, &text), HB_OK);
        assert_true(hb_str_eq(hb_buf_str(&text), hb_str_c(ROWS[i].says)));
        hb_buf_deinit(&text);
    }
}

static void the_clock_is_cut_out_of_a_time(void **state)
{
    (void)state;
    assert_true(hb_str_eq(hb_event_view_clock(HB_STR("2026-01-31T12:00:00.123Z")), HB_STR("12:00:00.123")));
    assert_true(hb_str_eq(hb_event_view_clock(HB_STR("soon")), HB_STR("soon")));
    assert_true(hb_str_eq(hb_event_view_clock(HB_STR("")), HB_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_line_of_each_webhook_counts),
        cmocka_unit_test(data_is_summed_up_exactly_and_in_its_width),
        cmocka_unit_test(the_clock_is_cut_out_of_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
