#include "core/schedule.h"

#include "unit/core/check.h"

static const int64_t wanted_s[] = {0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
#define WANTED_COUNT (int)(sizeof(wanted_s) / sizeof(wanted_s[0]))

static struct hb_schedule_ask ask_of(int attempts, uint32_t random, int64_t retry_after_ms)
{
    return (struct hb_schedule_ask){attempts, {1000}, retry_after_ms, random};
}

static void the_default_waits_as_the_design_says_each_within_a_fifth(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int attempts = 0; attempts < WANTED_COUNT; attempts++) {
        int64_t low = INT64_MAX, high = 0;
        for (int i = 0; i < 2000; i++) {
            struct hb_schedule_ask ask = ask_of(attempts, next_random(&seed) << 1, HB_NO_RETRY_AFTER);
            struct hb_wall due = {0};
            assert_true(hb_schedule_next(hb_schedule_default(), &ask, &due));
            low = due.ms - 1000 < low ? due.ms - 1000 : low;
            high = due.ms - 1000 > high ? due.ms - 1000 : high;
        }
        assert_in_range(low, wanted_s[attempts] * 800, wanted_s[attempts] * 810);
        assert_in_range(high, wanted_s[attempts] * 1190, wanted_s[attempts] * 1200);
    }
}

static void it_is_used_up_after_its_last_wait(void **state)
{
    (void)state;
    struct hb_wall due = {7};
    for (int attempts = WANTED_COUNT; attempts < WANTED_COUNT + 3; attempts++) {
        struct hb_schedule_ask ask = ask_of(attempts, 0, 5000);
        assert_false(hb_schedule_next(hb_schedule_default(), &ask, &due));
    }
    assert_int_equal(due.ms, 7);
}

static void an_own_schedule_replaces_the_default_and_an_empty_one_does_not(void **state)
{
    (void)state;
    static const int64_t own[] = {0, 60};
    struct hb_schedule_ask ask = ask_of(1, UINT32_MAX / 2 + 1, HB_NO_RETRY_AFTER);
    struct hb_wall due;
    assert_true(hb_schedule_next(hb_schedule_own(own, 2), &ask, &due));
    assert_int_equal(due.ms, 61000);
    ask.attempts = 2;
    assert_false(hb_schedule_next(hb_schedule_own(own, 2), &ask, &due));
    assert_true(hb_schedule_next(hb_schedule_own(own, 0), &ask, &due));
}

static void retry_after_is_a_floor_and_never_a_shortcut(void **state)
{
    (void)state;
    struct hb_schedule_ask ask = ask_of(2, 0, 3600 * 1000);
    struct hb_wall due;
    assert_true(hb_schedule_next(hb_schedule_default(), &ask, &due));
    assert_int_equal(due.ms, 1000 + 3600 * 1000);
    ask.retry_after_ms = 1000;
    assert_true(hb_schedule_next(hb_schedule_default(), &ask, &due));
    assert_int_equal(due.ms, 1000 + 240 * 1000);
}

static void jitter_never_overflows_and_leaves_zero_alone(void **state)
{
    (void)state;
    assert_int_equal(hb_schedule_jitter(0, UINT32_MAX), 0);
    int64_t most_ms = HB_SCHEDULE_WAIT_S_MAX * HB_MS_PER_S;
    assert_int_equal(hb_schedule_jitter(most_ms, 0), most_ms * 8 / 10);
    assert_in_range(hb_schedule_jitter(most_ms, UINT32_MAX), most_ms * 12 / 10 - 1, most_ms * 12 / 10);
}

static void it_expires_after_thirty_days_and_alarms_after_twenty(void **state)
{
    (void)state;
    struct hb_wall since = {5};
    assert_false(hb_schedule_is_expired(since, (struct hb_wall){5 + 30 * HB_MS_PER_DAY - 1}));
    assert_true(hb_schedule_is_expired(since, (struct hb_wall){5 + 30 * HB_MS_PER_DAY}));
    assert_false(hb_schedule_is_alarming(since, (struct hb_wall){5 + 20 * HB_MS_PER_DAY - 1}));
    assert_true(hb_schedule_is_alarming(since, (struct hb_wall){5 + 20 * HB_MS_PER_DAY}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_waits_as_the_design_says_each_within_a_fifth),
        cmocka_unit_test(it_is_used_up_after_its_last_wait),
        cmocka_unit_test(an_own_schedule_replaces_the_default_and_an_empty_one_does_not),
        cmocka_unit_test(retry_after_is_a_floor_and_never_a_shortcut),
        cmocka_unit_test(jitter_never_overflows_and_leaves_zero_alone),
        cmocka_unit_test(it_expires_after_thirty_days_and_alarms_after_twenty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
