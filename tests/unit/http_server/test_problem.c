#include "platform/http_server/problem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_problem_is_written_without_what_it_does_not_say(void **state)
{
    static const struct {
        struct hb_http_problem_words words;
        const char *text;
    } ROWS[] = {
        {{404, "not_found", "No such", NULL, NULL, NULL},
         "{\"type\":\"https://hookbus.dev/problems/not_found\",\"title\":\"No such\",\"status\":404}"},
        {{0, "invalid", "No", "a \"b\"\n", "url", "https"},
         "{\"type\":\"https://hookbus.dev/problems/invalid\",\"title\":\"No\",\"detail\":\"a \\\"b\\\"\\n\","
         "\"field\":\"url\",\"should\":\"https\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct hb_buf text = hb_buf_make(1024);
        assert_int_equal(hb_http_problem_write(&ROWS[i].words, &text), HB_OK);
        assert_true(hb_str_eq(hb_buf_str(&text), hb_str_c(ROWS[i].text)));
        hb_buf_deinit(&text);
    }
}

static void a_problem_longer_than_its_buffer_is_an_error(void **state)
{
    const struct hb_http_problem_words words = {422, "invalid_field", "A field is not valid", "long", NULL, NULL};
    (void)state;
    struct hb_buf text = hb_buf_make(32);
    assert_int_equal(hb_http_problem_write(&words, &text), HB_ERR_FULL);
    hb_buf_deinit(&text);
}

static void a_refusal_has_the_title_of_its_status_and_its_detail_is_cut(void **state)
{
    struct hb_http_problem problem;
    char detail[HB_HTTP_DETAIL_MAX * 2] = "";
    (void)state;
    memset(detail, 'x', sizeof(detail) - 1);
    assert_false(hb_http_refuse(&problem, 409, "busy", detail));
    assert_int_equal(problem.status, 409);
    assert_string_equal(problem.title, "The object's state does not allow this");
    assert_int_equal(strlen(problem.detail), HB_HTTP_DETAIL_MAX - 1);
    assert_false(hb_http_refuse(&problem, 418, "teapot", "Tea."));
    assert_string_equal(problem.title, "The request cannot be used");
    assert_null(problem.field);
    assert_null(problem.should);
}

static void a_field_is_refused_with_what_would_be_right(void **state)
{
    struct hb_http_problem problem;
    (void)state;
    assert_false(hb_http_refuse_field(&problem, "url", "No.", "https"));
    assert_int_equal(problem.status, 422);
    assert_string_equal(problem.slug, "invalid_field");
    assert_string_equal(problem.title, "A field is not valid");
    assert_string_equal(problem.field, "url");
    assert_string_equal(problem.should, "https");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_is_written_without_what_it_does_not_say),
        cmocka_unit_test(a_problem_longer_than_its_buffer_is_an_error),
        cmocka_unit_test(a_refusal_has_the_title_of_its_status_and_its_detail_is_cut),
        cmocka_unit_test(a_field_is_refused_with_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
