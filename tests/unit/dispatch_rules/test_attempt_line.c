#include "core/attempt_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_attempt_line sample(void)
{
    return (struct hb_attempt_line){
        .at = {1735689600123}, .outcome = HB_STR("failed"), .reason = HB_STR("server_error"), .worker = HB_STR("w-1"),
        .store = HB_STR("acme"), .webhook = HB_STR("wh_1"), .delivery = HB_STR("dlv_1"), .event = HB_STR("evt_1"),
        .type = HB_STR("order.paid"), .subject = HB_STR("1001"), .topic = HB_STR("hookbus.events.order"), .partition = 3,
        .offset = 77, .attempt = 1, .status = 500, .duration_us = 1234005, .connect_us = 0, .retry_after_ms = 1001,
        .address = HB_STR("192.0.2.1:443"), .body = HB_STR("no \"room\"\n")};
}

static void a_line_holds_every_field_and_ends_with_a_line_feed(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(HB_LINE_BYTES_MAX);
    struct hb_attempt_line line = sample();
    assert_int_equal(hb_attempt_line_add(&buf, &line), HB_OK);
    assert_string_equal(buf.ptr,
                        "{\"v\":1,\"at\":\"2025-01-01T00:00:00.123Z\",\"outcome\":\"failed\",\"reason\":\"server_error\",\"store\":\"acme\","
                        "\"webhook\":\"wh_1\",\"delivery\":\"dlv_1\",\"event\":\"evt_1\",\"type\":\"order.paid\",\"subject\":\"1001\","
                        "\"attempt\":1,\"status\":500,\"ms\":1234.005,\"connect_ms\":0.000,\"retry_after_s\":2,\"address\":\"192.0.2.1:443\","
                        "\"body\":\"no \\\"room\\\"\\n\",\"topic\":\"hookbus.events.order\",\"partition\":3,\"offset\":77,\"worker\":\"w-1\"}\n");
    hb_buf_deinit(&buf);
}

static void a_line_that_does_not_fit_goes_without_the_receivers_words(void **state)
{
    (void)state;
    struct hb_buf buf = hb_buf_make(600);
    struct hb_attempt_line line = sample();
    char body[4096];
    memset(body, 'x', sizeof body);
    line.body = hb_str_n(body, sizeof body);
    assert_int_equal(hb_attempt_line_add(&buf, &line), HB_OK);
    assert_null(strstr(buf.ptr, "\"body\""));
    assert_non_null(strstr(buf.ptr, "\"status\":500"));
    size_t before = buf.len;
    assert_int_equal(hb_attempt_line_add(&buf, &line), HB_ERR_FULL); /* not even the short one: nothing is added */
    assert_int_equal(buf.len, before);
    hb_buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_holds_every_field_and_ends_with_a_line_feed),
        cmocka_unit_test(a_line_that_does_not_fit_goes_without_the_receivers_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
