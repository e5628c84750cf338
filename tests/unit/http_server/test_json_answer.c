#include "platform/http_server/json_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_body_must_be_an_object_of_the_size_it_may_have(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *detail;
    } ROWS[] = {
        {"{}", 0, NULL},
        {"{\"a\":1}", 0, NULL},
        {"", 400, NULL},
        {"{", 400, NULL},
        {"[]", 400, "The body must be a JSON object."},
        {"7", 400, "The body must be a JSON object."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct hb_http_problem problem = {.status = 0};
        struct hb_json *object = NULL;
        assert_int_equal(hb_http_json_read(hb_str_c(ROWS[i].text), 1024, &object, &problem), ROWS[i].status == 0);
        assert_int_equal(problem.status, ROWS[i].status);
        assert_int_equal(object != NULL, ROWS[i].status == 0);
        if (ROWS[i].detail) {
            assert_string_equal(problem.detail, ROWS[i].detail);
        }
        hb_json_free(&object);
    }
}

static void a_body_that_is_too_large_is_told_its_limit(void **state)
{
    struct hb_http_problem problem;
    struct hb_json *object = NULL;
    char text[2 * 1024 + 1];
    (void)state;
    memset(text, ' ', sizeof(text));
    assert_false(hb_http_json_read(hb_str_n(text, sizeof(text)), sizeof(text) - 1, &object, &problem));
    assert_int_equal(problem.status, 413);
    assert_string_equal(problem.detail, "The body may have 2 KiB.");
    assert_null(object);
}

static void a_change_passes_with_the_revision_it_names_or_any_or_without_a_match(void **state)
{
    static const struct {
        int64_t match;
        bool passes;
    } ROWS[] = {{HB_HTTP_NO_MATCH, true}, {HB_HTTP_ANY_MATCH, true}, {7, true}, {6, false}, {8, false}, {0, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct hb_http_problem problem = {.status = 0};
        assert_int_equal(hb_http_match_check(ROWS[i].match, 7, "store", &problem), ROWS[i].passes);
        assert_int_equal(problem.status, ROWS[i].passes ? 0 : 412);
        if (!ROWS[i].passes) {
            assert_string_equal(problem.detail, "The store is at revision 7: read it again and decide anew.");
        }
    }
}

static void a_match_that_is_required_and_missing_is_asked_for(void **state)
{
    struct hb_http_problem problem = {.status = 0};
    (void)state;
    assert_true(hb_http_match_require(HB_HTTP_ANY_MATCH, "store", &problem));
    assert_true(hb_http_match_require(0, "store", &problem));
    assert_int_equal(problem.status, 0);
    assert_false(hb_http_match_require(HB_HTTP_NO_MATCH, "store", &problem));
    assert_int_equal(problem.status, 428);
    assert_string_equal(problem.detail, "Read the store first and send its ETag in If-Match, or If-Match: * to "
                                        "overwrite whatever is there.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_must_be_an_object_of_the_size_it_may_have),
        cmocka_unit_test(a_body_that_is_too_large_is_told_its_limit),
        cmocka_unit_test(a_change_passes_with_the_revision_it_names_or_any_or_without_a_match),
        cmocka_unit_test(a_match_that_is_required_and_missing_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
