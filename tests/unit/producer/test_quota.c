#include "unit/producer/cm.h"

#include "core/quota.h"
#include "producer/store_quota.h"

static struct hb_mono at_ms(int64_t ms)
{
    return (struct hb_mono){ms * 1000};
}

static void a_second_s_worth_may_come_at_once_and_then_the_rate_holds(void **state)
{
    (void)state;
    struct hb_quota quota = hb_quota_make(100, at_ms(0));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hb_quota_look(&quota, at_ms(0)), 0);
        hb_quota_take(&quota, 1);
    }
    assert_true(hb_quota_look(&quota, at_ms(0)) > 0);
    int64_t taken = 0;
    for (int64_t ms = 0; ms < 10000; ms++) {
        if (hb_quota_look(&quota, at_ms(ms)) == 0) {
            hb_quota_take(&quota, 1);
            taken++;
        }
    }
    assert_in_range(taken, 998, 1001);
}

static void a_large_batch_passes_whole_and_is_paid_for_by_waiting(void **state)
{
    (void)state;
    struct hb_quota quota = hb_quota_make(100, at_ms(0));
    assert_int_equal(hb_quota_look(&quota, at_ms(0)), 0);
    hb_quota_take(&quota, 1000);
    int64_t wait_ms = hb_quota_look(&quota, at_ms(0));
    assert_in_range(wait_ms, 9000, 9001);
    assert_true(hb_quota_look(&quota, at_ms(wait_ms - 2)) > 0);
    assert_int_equal(hb_quota_look(&quota, at_ms(wait_ms)), 0);
}

static void no_quota_never_waits_and_the_largest_never_overflows(void **state)
{
    (void)state;
    struct hb_quota none = hb_quota_make(0, at_ms(0));
    hb_quota_take(&none, INT64_MAX);
    assert_int_equal(hb_quota_look(&none, at_ms(0)), 0);
    assert_true(hb_quota_is_full(&none, at_ms(0)));

    struct hb_quota largest = hb_quota_make(INT64_MAX, at_ms(0));
    for (int i = 0; i < 10; i++) {
        hb_quota_take(&largest, INT64_MAX);
    }
    assert_true(hb_quota_look(&largest, at_ms(1)) > 0);
    assert_int_equal(hb_quota_look(&largest, at_ms(INT64_MAX / 2000)), 0);
    assert_true(hb_quota_is_full(&largest, at_ms(INT64_MAX / 2000)));
}

static void a_clock_that_stands_still_or_goes_back_gives_nothing(void **state)
{
    (void)state;
    struct hb_quota quota = hb_quota_make(10, at_ms(1000));
    hb_quota_take(&quota, 20);
    int64_t wait_ms = hb_quota_look(&quota, at_ms(1000));
    assert_int_equal(hb_quota_look(&quota, at_ms(0)), wait_ms);
}

static void stores_have_buckets_of_their_own_and_the_stricter_limit_decides(void **state)
{
    (void)state;
    struct hb_store_quota quota = hb_store_quota_make(1000, 10000);
    int64_t wait_ms = -1;
    assert_int_equal(hb_store_quota_look(&quota, HB_STR("a"), at_ms(0), &wait_ms), HB_OK);
    assert_int_equal(wait_ms, 0);
    hb_store_quota_take(&quota, HB_STR("a"), 1, 20000);
    assert_int_equal(hb_store_quota_look(&quota, HB_STR("a"), at_ms(0), &wait_ms), HB_OK);
    assert_in_range(wait_ms, 1000, 1001);
    assert_int_equal(hb_store_quota_look(&quota, HB_STR("b"), at_ms(0), &wait_ms), HB_OK);
    assert_int_equal(wait_ms, 0);
    hb_store_quota_deinit(&quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_s_worth_may_come_at_once_and_then_the_rate_holds),
        cmocka_unit_test(a_large_batch_passes_whole_and_is_paid_for_by_waiting),
        cmocka_unit_test(no_quota_never_waits_and_the_largest_never_overflows),
        cmocka_unit_test(a_clock_that_stands_still_or_goes_back_gives_nothing),
        cmocka_unit_test(stores_have_buckets_of_their_own_and_the_stricter_limit_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
