/* When a worker is taken for gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "salesmanago/heartbeat.h"

/* 2026-01-31T12:00:00.000Z */
#define AT_MS INT64_C(1769860800000)

static void a_heartbeat_is_fresh_for_three_periods_and_kept_for_an_hour(void **state)
{
    static const struct {
        int64_t age_ms;
        enum hb_sm_heartbeat heartbeat;
    } rows[] = {{-86400000, HB_SM_HEARTBEAT_FRESH}, {0, HB_SM_HEARTBEAT_FRESH},
                {200000, HB_SM_HEARTBEAT_FRESH},    {200001, HB_SM_HEARTBEAT_GONE},
                {3600000, HB_SM_HEARTBEAT_GONE},    {3600001, HB_SM_HEARTBEAT_FORGOTTEN}};
    struct hb_wall at;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(hb_sm_heartbeat_read(HB_STR("{\"at\":\"2026-01-31T12:00:00.000Z\",\"every_s\":60}"),
                                              (struct hb_wall){AT_MS + rows[i].age_ms}, &at),
                         rows[i].heartbeat);
        assert_int_equal(at.ms, AT_MS);
    }
}

static void what_cannot_be_read_says_nothing(void **state)
{
    static const char *const TEXTS[] = {
        "", "{", "{}", "[]", "{\"every_s\":60}", "{\"at\":5,\"every_s\":60}", "{\"at\":\"yesterday\",\"every_s\":60}"};
    struct hb_wall at;
    (void)state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_int_equal(hb_sm_heartbeat_read(hb_str_c(TEXTS[i]), (struct hb_wall){AT_MS}, &at), HB_SM_HEARTBEAT_NONE);
}

/* In a rolling upgrade it lives, wrote its record once, when it was given partitions, and knows of no heartbeat. */
static void the_record_of_an_older_worker_is_no_heartbeat(void **state)
{
    static const char *const TEXTS[] = {"{\"v\":1,\"at\":\"2026-01-31T12:00:00.000Z\",\"incarnation\":\"x\"}",
                                        "{\"at\":\"2026-01-31T12:00:00.000Z\",\"every_s\":0}",
                                        "{\"at\":\"2026-01-31T12:00:00.000Z\",\"every_s\":\"60\"}"};
    struct hb_wall at;
    (void)state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_int_equal(hb_sm_heartbeat_read(hb_str_c(TEXTS[i]), (struct hb_wall){AT_MS + 86400000}, &at),
                         HB_SM_HEARTBEAT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heartbeat_is_fresh_for_three_periods_and_kept_for_an_hour),
        cmocka_unit_test(the_record_of_an_older_worker_is_no_heartbeat),
        cmocka_unit_test(what_cannot_be_read_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
