#include "core/retry_after.h"

#include "unit/core_net/cm.h"

#define NOW_MS INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */

struct row {
    const char *value;
    int64_t expected_ms;
};

static const struct row rows[] = {
    {"0", 0},
    {"120", 120000},
    {" 7 ", 7000},
    {"007", 7000},
    {"86400", 86400000},
    {"99999999999999999999999999", HB_RETRY_AFTER_MS_MAX},
    {"18446744073709551615", HB_RETRY_AFTER_MS_MAX},
    {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
    {"Sun, 06 Nov 1994 08:50:37 GMT", 60000},
    {"Sun, 06 Nov 1994 08:48:37 GMT", 0},
    {"Sunday, 06-Nov-94 08:50:37 GMT", 60000},
    {"Sun Nov  6 08:50:37 1994", 60000},
    {"Fri, 31 Dec 9999 23:59:59 GMT", HB_RETRY_AFTER_MS_MAX},
    {"", HB_NO_RETRY_AFTER},
    {"   ", HB_NO_RETRY_AFTER},
    {"-1", HB_NO_RETRY_AFTER},
    {"+1", HB_NO_RETRY_AFTER},
    {"1.5", HB_NO_RETRY_AFTER},
    {"1 s", HB_NO_RETRY_AFTER},
    {"soon", HB_NO_RETRY_AFTER},
    {"Sun, 32 Nov 1994 08:49:37 GMT", HB_NO_RETRY_AFTER},
    {"2026-01-01T00:00:00Z", HB_NO_RETRY_AFTER},
};

static void seconds_and_dates_are_read_and_nonsense_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got_ms = hb_retry_after_parse(hb_str_c(rows[i].value), (struct hb_wall){NOW_MS});
        if (got_ms != rows[i].expected_ms) {
            fail_msg("\"%s\": %lld", rows[i].value, (long long)got_ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seconds_and_dates_are_read_and_nonsense_is_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
