#include "core/event_http.h"

#include "check.h"

static const struct hb_name_value good[] = {{TEXT("Content-Type"), TEXT("application/json")},
                                            {TEXT("CE-SpecVersion"), TEXT("1.0")},
                                            {TEXT("ce-id"), TEXT("e1")},
                                            {TEXT("ce-source"), TEXT("/shop")},
                                            {TEXT("ce-type"), TEXT("order.created")},
                                            {TEXT("ce-subject"), TEXT("a%20b%C3%a9%25")},
                                            {TEXT("X-Other"), TEXT("1")}};
#define GOOD_COUNT (sizeof(good) / sizeof(good[0]))

/* The good request with one header replaced, added, or (empty value) taken away. */
static enum hb_err read_with(struct hb_name_value change, struct hb_buf *scratch, struct hb_event *event,
                             struct hb_event_problem *problem)
{
    static struct hb_name_value headers[GOOD_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < GOOD_COUNT; i++)
        if (!hb_str_eq_nocase(good[i].name, change.name))
            headers[count++] = good[i];
    if (change.value.len)
        headers[count++] = change;
    struct hb_str source;
    hb_buf_clear(scratch);
    struct hb_event_request request = {headers, count, HB_STR("{ }")};
    return hb_event_http_read(&request, scratch, event, &source, problem);
}

static void a_binary_event_is_read_and_decoded(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    struct hb_str source;
    struct hb_event_request request = {good, GOOD_COUNT, HB_STR("{ }")};
    assert_true(hb_event_http_is_binary(&request));
    assert_int_equal(hb_event_http_read(&request, &scratch, &event, &source, &problem), HB_OK);
    check_str(event.id, "e1");
    check_str(source, "/shop");
    check_str(event.subject, "a b\xC3\xA9%");
    check_str(event.data, "{ }");
    check_str(event.content_type, "application/json");
    request.headers_count = 1;
    assert_false(hb_event_http_is_binary(&request));
    assert_int_equal(
        read_with((struct hb_name_value){HB_STR("ce-subject"), HB_STR("\"a\\\"b c\"")}, &scratch, &event, &problem),
        HB_OK);
    check_str(event.subject, "a\"b c");
    assert_int_equal(
        read_with((struct hb_name_value){HB_STR("ce-subject"), HB_STR("100%25 %zz%4")}, &scratch, &event, &problem),
        HB_OK);
    check_str(event.subject, "100% %zz%4");
    event.store = HB_STR("s");
    assert_int_equal(
        read_with((struct hb_name_value){HB_STR("ce-subject"), HB_STR("a%0D%0AX:y")}, &scratch, &event, &problem),
        HB_OK);
    event.store = HB_STR("s");
    assert_false(hb_event_check(&event, 0, &problem));
    assert_string_equal(problem.field, "subject");
    hb_buf_deinit(&scratch);
}

static void a_traceparent_of_the_request_stands_in_if_it_is_right(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    assert_int_equal(
        read_with((struct hb_name_value){HB_STR("traceparent"),
                                         HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
                  &scratch, &event, &problem),
        HB_OK);
    assert_int_equal(event.traceparent.len, HB_TRACEPARENT_MAX);
    assert_int_equal(
        read_with((struct hb_name_value){HB_STR("traceparent"), HB_STR("nonsense")}, &scratch, &event, &problem),
        HB_OK);
    assert_int_equal(event.traceparent.len, 0);
    hb_buf_deinit(&scratch);
}

static void what_is_missing_or_twice_is_named(void **state)
{
    (void)state;
    struct hb_buf scratch = hb_buf_make(65536);
    struct hb_event event;
    struct hb_event_problem problem;
    static const struct {
        struct hb_name_value change;
        const char *field;
    } rows[] = {{{TEXT("ce-id"), TEXT("")}, "ce-id"},
                {{TEXT("ce-source"), TEXT("")}, "ce-source"},
                {{TEXT("ce-specversion"), TEXT("2.0")}, "ce-specversion"},
                {{TEXT("ce-time"), TEXT(" ")}, "ce-time"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_with(rows[i].change, &scratch, &event, &problem), HB_ERR_INVALID);
        assert_string_equal(problem.field, rows[i].field);
    }
    struct hb_name_value twice[GOOD_COUNT + 1];
    struct hb_str source;
    memcpy(twice, good, sizeof(good));
    twice[GOOD_COUNT] = (struct hb_name_value){HB_STR("Ce-Type"), HB_STR("order.paid")};
    struct hb_event_request request = {twice, GOOD_COUNT + 1, HB_STR("{}")};
    assert_int_equal(hb_event_http_read(&request, &scratch, &event, &source, &problem), HB_ERR_INVALID);
    assert_string_equal(problem.slug, "duplicate_header");
    hb_buf_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_binary_event_is_read_and_decoded),
                                       cmocka_unit_test(a_traceparent_of_the_request_stands_in_if_it_is_right),
                                       cmocka_unit_test(what_is_missing_or_twice_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
