#include "hookbus/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

struct time_case {
    const char *text;
    int64_t ms;
};

static void formats_utc_with_milliseconds(void **state)
{
    (void)state;
    static const struct time_case cases[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2024-02-29T12:34:56.789Z", 1709210096789},
        {"2000-12-31T23:59:59.999Z", 978307199999},
        {"0000-01-01T00:00:00.000Z", INT64_MIN},
        {"9999-12-31T23:59:59.999Z", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[HB_WALL_TEXT_MAX];
        assert_int_equal(hb_wall_format((struct hb_wall){cases[i].ms}, text), 24);
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_formatted_is_parsed_back_and_agrees_with_the_system(void **state)
{
    (void)state;
    for (int64_t ms = -62167219200000; ms < 253402300799999; ms += INT64_C(86399123) * 997) {
        char text[HB_WALL_TEXT_MAX], expected[HB_WALL_TEXT_MAX];
        struct hb_wall back;
        size_t length = hb_wall_format((struct hb_wall){ms}, text);
        assert_int_equal(hb_wall_parse(hb_str_n(text, length), &back), HB_OK);
        assert_true(back.ms == ms);
        time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
        struct tm parts;
        assert_non_null(gmtime_r(&seconds, &parts));
        strftime(expected, sizeof expected, "%m-%dT%H:%M:%S", &parts);
        assert_memory_equal(text + 5, expected, strlen(expected));
    }
}

static void parses_every_form_of_rfc_3339(void **state)
{
    (void)state;
    static const struct time_case cases[] = {
        {"1985-04-12T23:20:50.52Z", 482196050520},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        {"2026-01-31 12:00:00z", 1769860800000},
        {"2026-01-31t12:00:00-00:00", 1769860800000},
        {"2026-01-31T12:00:00.123456789123Z", 1769860800123},
        {"2026-01-31T12:00:00.1Z", 1769860800100},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_wall at;
        assert_int_equal(hb_wall_parse(hb_str_c(cases[i].text), &at), HB_OK);
        assert_true(at.ms == cases[i].ms);
    }
}

static void refuses_what_is_not_rfc_3339(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2026",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00+0100",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+01:60",
        "2026-01-31T12:00:00Zx",
        " 2026-01-31T12:00:00Z",
        "+026-01-31T12:00:00Z",
        "2026-1-31T12:00:00Z",
        "2026-01-31T12:00:00,5Z",
        "2026-01-31_12:00:00Z",
    };
    struct hb_wall at = {42};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hb_wall_parse(hb_str_c(cases[i]), &at), HB_ERR_INVALID);
    assert_int_equal(hb_wall_parse(hb_str_n("2026-01-31T12:00:00\0", 20), &at), HB_ERR_INVALID);
    assert_int_equal(hb_wall_parse(hb_str_c(NULL), &at), HB_ERR_INVALID);
    assert_true(at.ms == 42);
}

static void parses_the_three_http_forms(void **state)
{
    (void)state;
    static const struct time_case cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777000},
        {"Sun Nov  6 08:49:37 1994", 784111777000},         {"Wed Nov 16 08:49:37 1994", 784975777000},
        {"Tuesday, 01-Jan-30 00:00:00 GMT", 1893456000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_wall at;
        assert_int_equal(hb_wall_parse_http(hb_str_c(cases[i].text), &at), HB_OK);
        assert_true(at.ms == cases[i].ms);
    }
}

static void refuses_what_is_no_http_date(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "120",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Foo, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 ",
        "1994-11-06T08:49:37Z",
    };
    struct hb_wall at = {42};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hb_wall_parse_http(hb_str_c(cases[i]), &at), HB_ERR_INVALID);
    assert_true(at.ms == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_utc_with_milliseconds),
        cmocka_unit_test(what_is_formatted_is_parsed_back_and_agrees_with_the_system),
        cmocka_unit_test(parses_every_form_of_rfc_3339),
        cmocka_unit_test(refuses_what_is_not_rfc_3339),
        cmocka_unit_test(parses_the_three_http_forms),
        cmocka_unit_test(refuses_what_is_no_http_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
