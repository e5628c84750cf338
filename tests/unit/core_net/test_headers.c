#include "core/headers.h"

#include "unit/core_net/cm.h"

static struct hb_name_value header(const char *name, const char *value)
{
    return (struct hb_name_value){hb_str_c(name), hb_str_c(value)};
}

static void ordinary_headers_pass(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"Authorization", "Bearer abc"},
                                          {"X-Shop", "gr\xc3\xbc\xc3\x9f"},
                                          {"X-Tab", "a\tb"},
                                          {"!#$%&'*+-.^_`|~", "x"},
                                          {"X-Empty", ""},
                                          {"Accept", "text/plain"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_error error = {.text = ""};
        if (hb_header_check(header(rows[i][0], rows[i][1]), &error) != HB_OK) {
            fail_msg("%s: %s", rows[i][0], error.text);
        }
    }
}

static void names_that_frame_the_request_or_are_ours_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"Host",
                                        "host",
                                        "HOST",
                                        "Content-Length",
                                        "content-length",
                                        "Transfer-Encoding",
                                        "Connection",
                                        "Expect",
                                        "TE",
                                        "Trailer",
                                        "Upgrade",
                                        "Keep-Alive",
                                        "Proxy-Authorization",
                                        "proxy-connection",
                                        "webhook-id",
                                        "Webhook-Signature",
                                        "Hookbus-Store",
                                        "HOOKBUS-attempt",
                                        "Content-Type",
                                        "User-Agent",
                                        "Content-Encoding",
                                        "ce-id",
                                        "traceparent",
                                        "webhook-",
                                        "HTTP2-Settings"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct hb_error error = {.text = ""};
        if (hb_header_check(header(names[i], "x"), &error) != HB_ERR_INVALID || error.text[0] == '\0') {
            fail_msg("%s was accepted", names[i]);
        }
    }
    assert_int_equal(hb_header_check(header("Hosts", "x"), NULL), HB_OK);
    assert_int_equal(hb_header_check(header("Proxy", "x"), NULL), HB_OK);
    assert_int_equal(hb_header_check(header("TEA", "x"), NULL), HB_OK);
}

static void what_could_split_a_request_is_refused(void **state)
{
    (void)state;
    const struct hb_name_value rows[] = {
        {HB_STR("X-A"), HB_STR("a\r\nHost: b")},
        {HB_STR("X-A"), HB_STR("a\nb")},
        {HB_STR("X-A"), HB_STR("a\rb")},
        {HB_STR("X-A"), HB_STR("a\0b")},
        {HB_STR("X-A"), HB_STR("\x7f")},
        {HB_STR("X-A"), HB_STR("a\x01")},
        {HB_STR("X-A"), HB_STR(" a")},
        {HB_STR("X-A"), HB_STR("a\t")},
        {HB_STR("X A"), HB_STR("a")},
        {HB_STR("X-A:"), HB_STR("a")},
        {HB_STR("X\r\n-A"), HB_STR("a")},
        {HB_STR("X\0A"), HB_STR("a")},
        {HB_STR(""), HB_STR("a")},
        {HB_STR("X-\xc3\xbc"), HB_STR("a")},
        {HB_STR("X-A;"), HB_STR("a")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_error error = {.text = ""};
        if (hb_header_check(rows[i], &error) != HB_ERR_INVALID || error.text[0] == '\0') {
            fail_msg("row %zu was accepted", i);
        }
    }
}

static void a_reason_never_repeats_the_value(void **state)
{
    (void)state;
    struct hb_error error = {.text = ""};
    assert_int_equal(hb_header_check(header("Authorization", "topsecret\n"), &error), HB_ERR_INVALID);
    assert_null(strstr(error.text, "topsecret"));
    assert_non_null(strstr(error.text, "Authorization"));
}

static void limits_of_count_bytes_and_names_hold(void **state)
{
    (void)state;
    char names[HB_WEBHOOK_HEADERS_MAX + 1][16];
    struct hb_name_value headers[HB_WEBHOOK_HEADERS_MAX + 1];
    for (int i = 0; i <= HB_WEBHOOK_HEADERS_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "X-%d", i);
        headers[i] = header(names[i], "v");
    }
    assert_int_equal(hb_headers_check(headers, 0, NULL), HB_OK);
    assert_int_equal(hb_headers_check(headers, HB_WEBHOOK_HEADERS_MAX, NULL), HB_OK);
    assert_int_equal(hb_headers_check(headers, HB_WEBHOOK_HEADERS_MAX + 1, NULL), HB_ERR_TOO_LARGE);
    static char large[HB_WEBHOOK_HEADER_BYTES_MAX];
    memset(large, 'v', sizeof(large));
    headers[0].value = hb_str_n(large, sizeof(large) - 3);
    assert_int_equal(hb_headers_check(headers, 1, NULL), HB_OK);
    headers[0].value = hb_str_n(large, sizeof(large) - 2);
    assert_int_equal(hb_headers_check(headers, 1, NULL), HB_ERR_TOO_LARGE);
    struct hb_name_value twice[] = {header("X-A", "1"), header("x-a", "2")};
    assert_int_equal(hb_headers_check(twice, 2, NULL), HB_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_headers_pass),
        cmocka_unit_test(names_that_frame_the_request_or_are_ours_are_refused),
        cmocka_unit_test(what_could_split_a_request_is_refused),
        cmocka_unit_test(a_reason_never_repeats_the_value),
        cmocka_unit_test(limits_of_count_bytes_and_names_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
