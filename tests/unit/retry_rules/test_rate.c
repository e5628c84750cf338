#include "core/rate.h"

#include "unit/core/check.h"

#define SECOND_US INT64_C(1000000)

static struct hb_mono at_s(int64_t s)
{
    return (struct hb_mono){s * SECOND_US};
}

static void a_period_lets_its_count_through_and_then_one_by_one(void **state)
{
    (void)state;
    struct hb_rate rate = hb_rate_make(10, 60, at_s(100));
    assert_int_equal(hb_rate_room(&rate, at_s(100), 64), 10);
    hb_rate_take(&rate, 10);
    assert_int_equal(hb_rate_room(&rate, at_s(100), 64), 0);
    assert_in_range(hb_rate_look(&rate, at_s(100)), 6000, 6001);
    assert_int_equal(hb_rate_room(&rate, at_s(105), 64), 0);
    assert_int_equal(hb_rate_room(&rate, at_s(107), 64), 1);
    assert_int_equal(hb_rate_room(&rate, at_s(1000), 64), 10);
    assert_int_equal(hb_rate_room(&rate, at_s(1000), 3), 3);
}

/* What a subscriber was promised: in no period more than twice the count (a full bucket and its refill). */
static void the_long_run_never_exceeds_the_rate_whatever_the_clock_does(void **state)
{
    (void)state;
    static const struct {
        int64_t count, per_s;
    } rates[] = {{1, 1}, {7, 3}, {100, 1}, {1, 86400}, {1000000, 60}};
    for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        uint64_t seed = r;
        int64_t sent = 0, now_us = 5, period_us = rates[r].per_s * SECOND_US;
        struct hb_rate rate = hb_rate_make(rates[r].count, rates[r].per_s, (struct hb_mono){now_us});
        for (int i = 0; i < 20000; i++) {
            now_us +=
                next_random(&seed) % (uint32_t)(period_us / rates[r].count < 100 ? 100 : period_us / rates[r].count);
            int64_t room = hb_rate_room(&rate, (struct hb_mono){now_us}, 1 + (int64_t)(next_random(&seed) % 8));
            hb_rate_take(&rate, room);
            sent += room;
        }
        int64_t due = rates[r].count * (now_us - 5) / period_us;
        assert_true(sent <= rates[r].count + due + 1);
        assert_true(rates[r].count == 1 || sent >= due * 9 / 10); /* a bucket of one overflows between two looks */
    }
}

static void whoever_waits_as_long_as_told_may_send(void **state)
{
    (void)state;
    uint64_t seed = 3;
    struct hb_rate rate = hb_rate_make(7, 11, at_s(0));
    int64_t now_us = 0;
    for (int i = 0; i < 5000; i++) {
        int64_t wait_ms = hb_rate_look(&rate, (struct hb_mono){now_us});
        now_us += wait_ms * HB_US_PER_MS;
        assert_int_equal(hb_rate_look(&rate, (struct hb_mono){now_us}), 0);
        hb_rate_take(&rate, 1);
        now_us += next_random(&seed) % 1000000;
    }
}

static void no_rate_is_no_limit(void **state)
{
    (void)state;
    struct hb_rate rate = hb_rate_make(0, 0, at_s(0));
    hb_rate_take(&rate, 1000);
    assert_int_equal(hb_rate_room(&rate, at_s(0), 64), 64);
    assert_int_equal(hb_rate_look(&rate, at_s(0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_lets_its_count_through_and_then_one_by_one),
        cmocka_unit_test(the_long_run_never_exceeds_the_rate_whatever_the_clock_does),
        cmocka_unit_test(whoever_waits_as_long_as_told_may_send),
        cmocka_unit_test(no_rate_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
