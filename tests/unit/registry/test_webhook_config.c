#include "check.h"

#include "registry/webhook_config.h"
#include "registry/webhook_merge.h"

#define RECORD                                                                                                                     \
    "{\"v\":1,\"id\":\"wh_1\",\"store\":\"s1\",\"revision\":4,\"name\":\"n\",\"url\":\"https://a.example/\",\"events\":[\"order.*\",\"*\"],"      \
    "\"changed\":[\"price\"],\"filter\":{\"id\": [9007199254740993, 19.90]},\"format\":\"data\",\"timeout_ms\":2000,\"order\":\"per_subject\"," \
    "\"on_dead\":\"hold\",\"rate_limit\":{\"count\":5,\"per_s\":2},\"schedule\":[0,5,300],\"updated\":\"2026-01-02T00:00:00.000Z\","            \
    "\"enabled_revision\":3,\"created_offset\":17,\"created\":\"2026-01-01T00:00:00.123Z\",\"headers\":{\"X-A\":\"b\",\"X-Key\":{\"sealed\":\"v1.k.x\"}}," \
    "\"secrets\":[{\"sealed\":\"v1.k.y\",\"created\":\"2026-01-01T00:00:00.000Z\",\"expires\":\"2026-02-01T00:00:00.000Z\"}],\"status\":\"paused\"}"

static void a_record_written_again_is_the_same_bytes(void **state)
{
    struct hb_webhook_config config;
    struct hb_json *json = NULL;
    struct hb_buf text = hb_buf_make(65536);
    (void)state;
    assert_int_equal(hb_json_parse(HB_STR(RECORD), &json, NULL), HB_OK);
    assert_int_equal(hb_webhook_config_read(json, HB_STR(RECORD), &config), HB_OK);
    assert_int_equal(config.created_offset, 17);
    assert_int_equal(config.schedule_count, 3);
    assert_int_equal(hb_webhook_config_write(&config, &text), HB_OK);
    assert_string_equal(text.ptr, RECORD);
    hb_json_free(&json);
    hb_buf_deinit(&text);
}

static void a_timeout_that_no_request_may_have_is_bounded(void **state)
{
    static const struct {
        const char *record;
        int64_t timeout_ms;
    } ROWS[] = {
        {"{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"timeout_ms\":0}", 1000},
        {"{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"timeout_ms\":-5}", 1000},
        {"{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"timeout_ms\":4294967296}", 30000},
        {"{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"timeout_ms\":\"x\"}", 15000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct hb_webhook_config config;
        struct hb_json *json = NULL;
        assert_int_equal(hb_json_parse(hb_str_c(ROWS[i].record), &json, NULL), HB_OK);
        assert_int_equal(hb_webhook_config_read(json, hb_str_c(ROWS[i].record), &config), HB_OK);
        if (config.timeout_ms != ROWS[i].timeout_ms) {
            fail_msg("%s: %lld", ROWS[i].record, (long long)config.timeout_ms);
        }
        hb_json_free(&json);
    }
}

static void a_record_without_its_members_is_refused(void **state)
{
    static const char *const BAD[] = {
        "{\"store\":\"s\",\"revision\":1,\"url\":\"u\"}",
        "{\"id\":\"a\",\"revision\":1,\"url\":\"u\"}",
        "{\"id\":\"a\",\"store\":\"s\",\"url\":\"u\"}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"status\":\"asleep\"}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"headers\":{\"a\":1}}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"secrets\":[{}]}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"schedule\":[0,-1]}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"schedule\":[604801]}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"rate_limit\":{\"count\":5,\"per_s\":0}}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"rate_limit\":{\"count\":5}}",
        "{\"id\":\"a\",\"store\":\"s\",\"revision\":1,\"url\":\"u\",\"secrets\":[{\"sealed\":\"1\"},{\"sealed\":\"2\"},{\"sealed\":\"3\"},"
        "{\"sealed\":\"4\"},{\"sealed\":\"5\"}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
        struct hb_webhook_config config;
        struct hb_json *json = NULL;
        assert_int_equal(hb_json_parse(hb_str_c(BAD[i]), &json, NULL), HB_OK);
        if (hb_webhook_config_read(json, hb_str_c(BAD[i]), &config) != HB_ERR_INVALID) {
            fail_msg("taken: %s", BAD[i]);
        }
        hb_json_free(&json);
    }
}

static void headers_that_hold_credentials_are_known_by_their_names(void **state)
{
    static const struct {
        const char *name;
        bool is_credential;
    } ROWS[] = {
        {"Authorization", true}, {"proxy-authorization", true}, {"X-API-Key", true},   {"X-Shop-TOKEN", true},
        {"My-Secret", true},     {"Cookie", true},              {"X-Password", true},  {"X-Plain", false},
        {"Content-Style", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        assert_int_equal(hb_header_is_credential(hb_str_c(ROWS[i].name)), ROWS[i].is_credential);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_written_again_is_the_same_bytes),
        cmocka_unit_test(a_timeout_that_no_request_may_have_is_bounded),
        cmocka_unit_test(a_record_without_its_members_is_refused),
        cmocka_unit_test(headers_that_hold_credentials_are_known_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
