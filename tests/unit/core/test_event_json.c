#include "core/event_json.h"

#include "core/json_scan.h"

#include "check.h"

static enum hb_err read_ours(const char *text, struct hb_buf *scratch, struct hb_event *event,
                             struct hb_event_problem *problem)
{
    size_t at;
    hb_buf_clear(scratch);
    check_row(hb_json_scan(hb_str_c(text), &at) == HB_OK, text);
    return hb_event_json_read(hb_str_c(text), scratch, event, problem);
}

static enum hb_err read_cloud(const char *text, struct hb_buf *scratch, struct hb_event *event,
                              struct hb_event_problem *problem)
{
    size_t at;
    struct hb_str source;
    hb_buf_clear(scratch);
    check_row(hb_json_scan(hb_str_c(text), &at) == HB_OK, text);
    return hb_event_json_read_cloudevent(hb_str_c(text), scratch, event, &source, problem);
}

static void our_form_is_read_and_data_stays_where_it_was(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    static const char text[] = " { \"id\" : \"evt_1\", "
                               "\"type\":\"product.updated\",\"subject\":\"a\\u0301\\\"\",\"time\":\"2026-01-31T12:00:"
                               "00Z\",\"changed\":[\"price\", \"st\\u006fck\" ],"
                               "\"sequence\":42,\"traceparent\":\"t\",\"data\" : { \"n\":9007199254740993 , \"m\": "
                               "19.90,\"u\":\"\\u00e9\" } } ";
    assert_int_equal(read_ours(text, &scratch, &event, &problem), HB_OK);
    check_str(event.id, "evt_1");
    check_str(event.type, "product.updated");
    check_str(event.subject, "a\xCC\x81\"");
    check_str(event.time, "2026-01-31T12:00:00Z");
    check_str(event.changed, "price,stock");
    check_str(event.sequence, "42");
    check_str(event.traceparent, "t");
    check_str(event.data, "{ \"n\":9007199254740993 , \"m\": 19.90,\"u\":\"\\u00e9\" }");
    assert_true(event.data.ptr > text && event.data.ptr < text + sizeof(text));
    assert_int_equal(event.registry_stamp, HB_NO_STAMP);
    assert_int_equal(
        read_ours("{\"type\":\"a.b\",\"subject\":\"1\",\"data\":null,\"changed\":[]}", &scratch, &event, &problem),
        HB_OK);
    check_str(event.data, "null");
    assert_int_equal(event.id.len + event.changed.len + event.time.len, 0);
    hb_buf_deinit(&scratch);
}

static void data_that_is_not_json_comes_as_text_or_base64(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    assert_int_equal(read_ours("{\"content_type\":\"text/csv\",\"data\":\"a,b\\n1\"}", &scratch, &event, &problem),
                     HB_OK);
    check_str(event.data, "a,b\n1");
    assert_int_equal(read_ours("{\"content_type\":\"x/y\",\"data_base64\":\"+\\/+\\/\"}", &scratch, &event, &problem),
                     HB_OK);
    check_str(event.data, "\xFB\xFF\xBF");
    assert_int_equal(read_ours("{\"content_type\":\"x/y\",\"data\":{}}", &scratch, &event, &problem), HB_ERR_INVALID);
    assert_string_equal(problem.field, "data");
    assert_int_equal(read_cloud("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"datacontenttype\":\"text/"
                                "xml\",\"data\":\"<a/>\"}",
                                &scratch, &event, &problem),
                     HB_OK);
    check_str(event.data, "<a/>");
    hb_buf_deinit(&scratch);
}

static void what_is_wrong_in_our_form_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *slug, *field;
    } rows[] = {{"[]", "not_an_object", "event"},
                {"1", "not_an_object", "event"},
                {"{\"data\":1,\"typ\":1}", "unknown_member", "typ"},
                {"{\"store\":\"x\",\"data\":1}", "unknown_member", "store"},
                {"{\"data\":1,\"data\":2}", "duplicate_member", "data"},
                {"{\"data\":1,\"\\u0064ata\":2}", "duplicate_member", "data"},
                {"{\"id\":1,\"data\":1}", "invalid_member", "id"},
                {"{\"id\":\"\",\"data\":1}", "invalid_member", "id"},
                {"{\"id\":null,\"data\":1}", "invalid_member", "id"},
                {"{\"type\":\"a.b\"}", "missing_data", "data"},
                {"{\"changed\":\"price\",\"data\":1}", "invalid_changed", "changed"},
                {"{\"changed\":[1],\"data\":1}", "invalid_changed", "changed"},
                {"{\"changed\":[\"a,b\"],\"data\":1}", "invalid_changed", "changed"},
                {"{\"changed\":[\"\"],\"data\":1}", "invalid_changed", "changed"},
                {"{\"data\":1,\"data_base64\":\"\"}", "duplicate_member", "data_base64"},
                {"{\"data_base64\":\"a\"}", "invalid_data", "data_base64"},
                {"{\"data_base64\":1}", "invalid_data", "data_base64"}};
    struct hb_buf scratch = hb_buf_make(65536);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_event event = {.id = HB_STR("untouched")};
        struct hb_event_problem problem = {0};
        check_row(read_ours(rows[i].text, &scratch, &event, &problem) == HB_ERR_INVALID, rows[i].text);
        assert_string_equal(problem.slug, rows[i].slug);
        assert_string_equal(problem.field, rows[i].field);
        check_str(event.id, "untouched");
    }
    hb_buf_deinit(&scratch);
}

static void an_escaped_comma_does_not_make_two_paths_of_one(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    assert_int_equal(read_ours("{\"changed\":[\"a\\u002cb\"],\"data\":1}", &scratch, &event, &problem), HB_ERR_INVALID);
    assert_string_equal(problem.slug, "invalid_changed");
    hb_buf_deinit(&scratch);
}

static void structured_cloudevents_are_read_and_extensions_ignored(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    struct hb_str source,
        text = HB_STR(
            "{\"specversion\":\"1.0\",\"id\":\"A/1\",\"source\":\"\\/"
            "shop\",\"type\":\"order.paid\",\"subject\":\"7\",\"datacontenttype\":\"application/json\","
            "\"changed\":\"a,b\",\"sequence\":\"7\",\"time\":null,\"comexample\":[1],\"comexample\":2,\"data\": [1 ]}");
    assert_int_equal(hb_event_json_read_cloudevent(text, &scratch, &event, &source, &problem), HB_OK);
    check_str(source, "/shop");
    check_str(event.id, "A/1");
    check_str(event.changed, "a,b");
    check_str(event.data, "[1 ]");
    assert_int_equal(event.time.len, 0);
    static const char *const wrong[] = {"{\"id\":\"1\",\"source\":\"s\",\"data\":1}",
                                        "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"data\":1}",
                                        "{\"specversion\":\"1.0\",\"source\":\"s\",\"data\":1}",
                                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"data\":1}",
                                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\"}",
                                        "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"s\",\"data\":1}"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(read_cloud(wrong[i], &scratch, &event, &problem) == HB_ERR_INVALID, wrong[i]);
    hb_buf_deinit(&scratch);
}

static void a_batch_gives_its_items_as_they_stand(void **state)
{
    (void)state;
    struct hb_event_batch batch;
    struct hb_str item;
    assert_true(hb_event_batch_init(HB_STR(" [ {\"a\":1} , 2,\"x\"]"), &batch));
    static const char *const items[] = {"{\"a\":1}", "2", "\"x\""};
    for (int i = 0; i < 3; i++) {
        assert_true(hb_event_batch_next(&batch, &item));
        check_str(item, items[i]);
    }
    assert_false(hb_event_batch_next(&batch, &item));
    assert_false(hb_event_batch_init(HB_STR("{}"), &batch));
}

static void a_full_scratch_is_an_error_and_not_a_problem(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(4);
    struct hb_event event;
    struct hb_event_problem problem;
    assert_int_equal(read_ours("{\"type\":\"a\\u0062cdefg\",\"data\":1}", &scratch, &event, &problem), HB_ERR_FULL);
    assert_int_equal(read_ours("{\"unknown\":1}", &scratch, &event, &problem), HB_ERR_INVALID);
    hb_buf_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_form_is_read_and_data_stays_where_it_was),
        cmocka_unit_test(data_that_is_not_json_comes_as_text_or_base64),
        cmocka_unit_test(what_is_wrong_in_our_form_is_named),
        cmocka_unit_test(an_escaped_comma_does_not_make_two_paths_of_one),
        cmocka_unit_test(structured_cloudevents_are_read_and_extensions_ignored),
        cmocka_unit_test(a_batch_gives_its_items_as_they_stand),
        cmocka_unit_test(a_full_scratch_is_an_error_and_not_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
