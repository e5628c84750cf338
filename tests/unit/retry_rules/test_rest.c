#include "core/rest.h"

#include "unit/core/check.h"

#define MIDDLE (UINT32_MAX / 2 + 1) /* no jitter */

static struct hb_rest_failure failure_at(int64_t ms, enum hb_reason reason, const struct hb_window *window)
{
    return (struct hb_rest_failure){{ms}, {ms * HB_US_PER_MS}, hb_outcome_of(reason), hb_window_epoch(window), MIDDLE, false};
}

static int64_t until_ms(const struct hb_rest *rest)
{
    return rest->until.us / HB_US_PER_MS;
}

/* A webhook that rests since 0, for 30 s. */
static void close_it(struct hb_rest *rest, struct hb_window *window)
{
    *rest = hb_rest_make();
    *window = hb_window_make(1, 64);
    struct hb_rest_failure failure = failure_at(0, HB_REASON_TIMEOUT, window);
    assert_true(hb_rest_failure(rest, window, &failure));
}

static bool fail_probe(struct hb_rest *rest, struct hb_window *window, int64_t ms, enum hb_reason reason)
{
    struct hb_rest_failure failure = failure_at(ms, reason, window);
    hb_rest_probe_start(rest, failure.mono);
    failure.is_probe = true;
    return hb_rest_failure(rest, window, &failure);
}

static void a_window_that_shrinks_to_one_and_fails_once_more_rests_half_a_minute(void **state)
{
    (void)state;
    struct hb_rest rest = hb_rest_make();
    struct hb_window window = hb_window_make(4, 64);
    for (int i = 0; i < 2; i++) { /* 4, 2, 1 */
        struct hb_rest_failure failure = failure_at(i, HB_REASON_TIMEOUT, &window);
        assert_false(hb_rest_failure(&rest, &window, &failure));
        assert_true(hb_rest_may_claim(&rest));
    }
    struct hb_rest_failure last = failure_at(2, HB_REASON_TIMEOUT, &window);
    assert_true(hb_rest_failure(&rest, &window, &last));
    assert_false(hb_rest_may_claim(&rest));
    assert_false(hb_rest_may_probe(&rest, (struct hb_mono){30001 * HB_US_PER_MS}));
    assert_true(hb_rest_may_probe(&rest, (struct hb_mono){30002 * HB_US_PER_MS}));
}

static void one_bad_moment_of_many_requests_does_not_close_the_window(void **state)
{
    (void)state;
    struct hb_rest rest = hb_rest_make();
    struct hb_window window = hb_window_make(2, 64);
    struct hb_rest_failure failure = failure_at(0, HB_REASON_TIMEOUT, &window);
    for (int i = 0; i < 10; i++)
        assert_false(hb_rest_failure(&rest, &window, &failure));
    assert_int_equal(window.size, 1);
}

static void refusals_that_are_no_overload_never_close_it(void **state)
{
    (void)state;
    struct hb_rest rest = hb_rest_make();
    struct hb_window window = hb_window_make(1, 64);
    for (int i = 0; i < 100; i++) {
        struct hb_rest_failure failure = failure_at(i, HB_REASON_SERVER_ERROR, &window);
        assert_false(hb_rest_failure(&rest, &window, &failure));
    }
    assert_true(hb_rest_may_claim(&rest));
}

static void rests_double_up_to_ten_minutes_whatever_the_probe_is_told(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {60, 120, 240, 480, 600, 600};
    static const enum hb_reason reasons[] = {HB_REASON_TIMEOUT, HB_REASON_SERVER_ERROR, HB_REASON_CLIENT_ERROR};
    struct hb_rest rest;
    struct hb_window window;
    close_it(&rest, &window);
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        int64_t now_ms = until_ms(&rest);
        assert_true(fail_probe(&rest, &window, now_ms, reasons[i % 3]));
        assert_int_equal(until_ms(&rest) - now_ms, waits_s[i] * 1000);
    }
}

static void a_rest_is_jittered_and_never_over_ten_minutes(void **state)
{
    (void)state;
    struct hb_rest rest;
    struct hb_window window;
    uint64_t seed = 9;
    for (int i = 0; i < 500; i++) {
        rest = hb_rest_make();
        window = hb_window_make(1, 64);
        rest.step_ms = i % 2 ? HB_REST_FIRST_MS : HB_REST_MOST_MS;
        struct hb_rest_failure failure = failure_at(0, HB_REASON_TIMEOUT, &window);
        failure.random = next_random(&seed) << 1;
        assert_true(hb_rest_failure(&rest, &window, &failure));
        if (i % 2)
            assert_in_range(until_ms(&rest), 24000, 36000);
        else
            assert_in_range(until_ms(&rest), 480000, 600000);
    }
}

static void retry_after_rests_the_webhook_at_most_an_hour_and_never_shortens_a_rest(void **state)
{
    (void)state;
    struct hb_rest rest = hb_rest_make();
    struct hb_window window = hb_window_make(8, 64);
    struct hb_rest_failure failure = failure_at(0, HB_REASON_TOO_MANY_REQUESTS, &window);
    failure.outcome.rest_ms = 5 * HB_MS_PER_HOUR;
    assert_true(hb_rest_failure(&rest, &window, &failure));
    assert_int_equal(until_ms(&rest), HB_MS_PER_HOUR);
    failure.outcome.rest_ms = 1000;
    assert_false(hb_rest_failure(&rest, &window, &failure));
    assert_int_equal(until_ms(&rest), HB_MS_PER_HOUR);
}

static void one_probe_at_a_time_and_a_lost_one_is_given_back(void **state)
{
    (void)state;
    struct hb_rest rest;
    struct hb_window window;
    close_it(&rest, &window);
    struct hb_mono now = rest.until;
    hb_rest_probe_start(&rest, now);
    assert_false(hb_rest_may_probe(&rest, now));
    hb_rest_probe_lost(&rest);
    assert_true(hb_rest_may_probe(&rest, now));
    hb_rest_probe_start(&rest, now);
    struct hb_rest_failure ours = failure_at(until_ms(&rest), HB_REASON_OURS, &window);
    ours.is_probe = true;
    assert_false(hb_rest_failure(&rest, &window, &ours));
    assert_true(hb_rest_may_probe(&rest, now));
    assert_int_equal(rest.failed_probes, 0);
}

static void a_success_ends_the_rest_and_the_window_ramps_up_from_one(void **state)
{
    (void)state;
    struct hb_rest rest;
    struct hb_window window;
    close_it(&rest, &window);
    uint32_t old_epoch = hb_window_epoch(&window);
    (void)fail_probe(&rest, &window, until_ms(&rest), HB_REASON_TIMEOUT);
    assert_true(hb_rest_success(&rest, &window));
    assert_true(hb_rest_may_claim(&rest));
    assert_int_equal(window.size, 1);
    assert_int_equal(rest.step_ms, HB_REST_FIRST_MS);
    /* a request from before the rest fails only now: it says nothing about the receiver of today */
    struct hb_rest_failure late = failure_at(99, HB_REASON_TIMEOUT, &window);
    late.epoch = old_epoch;
    assert_false(hb_rest_failure(&rest, &window, &late));
    assert_false(hb_rest_success(&rest, &window));
    assert_int_equal(window.size, 2);
}

static void it_is_given_up_after_five_days_of_failures_that_killed_or_twenty_probes(void **state)
{
    (void)state;
    struct hb_rest rest;
    struct hb_window window;
    struct hb_wall before = {HB_REST_DISABLE_MS - 1}, after = {HB_REST_DISABLE_MS};
    close_it(&rest, &window);
    assert_false(hb_rest_must_disable(&rest, after)); /* nothing died, no probes */
    for (int i = 0; i < HB_REST_DISABLE_PROBES - 1; i++)
        (void)fail_probe(&rest, &window, until_ms(&rest), HB_REASON_TIMEOUT);
    assert_false(hb_rest_must_disable(&rest, after));
    (void)fail_probe(&rest, &window, until_ms(&rest), HB_REASON_TIMEOUT);
    assert_true(hb_rest_must_disable(&rest, after));
    assert_false(hb_rest_must_disable(&rest, before));
    close_it(&rest, &window);
    hb_rest_died(&rest);
    assert_true(hb_rest_must_disable(&rest, after));
    (void)hb_rest_success(&rest, &window);
    assert_false(hb_rest_must_disable(&rest, (struct hb_wall){100 * HB_MS_PER_DAY}));
}

static void a_webhook_that_had_nothing_to_do_was_not_failing(void **state)
{
    (void)state;
    struct hb_rest rest = hb_rest_make();
    struct hb_window window = hb_window_make(4, 64);
    struct hb_wall later = {50 * HB_MS_PER_DAY};
    struct hb_rest_failure failure = failure_at(later.ms, HB_REASON_SERVER_ERROR, &window);
    (void)hb_rest_failure(&rest, &window, &failure);
    hb_rest_died(&rest);
    assert_false(hb_rest_must_disable(&rest, later));
}

static void fresh_events_keep_a_quarter_of_the_slots(void **state)
{
    (void)state;
    static const struct {
        int size, with_fresh, alone;
    } rows[] = {{1, 1, 1}, {2, 1, 2}, {4, 3, 4}, {5, 3, 5}, {64, 48, 64}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_window window = hb_window_make(rows[i].size, 64);
        assert_int_equal(hb_rest_parked_slots(&window, true), rows[i].with_fresh);
        assert_int_equal(hb_rest_parked_slots(&window, false), rows[i].alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_that_shrinks_to_one_and_fails_once_more_rests_half_a_minute),
        cmocka_unit_test(one_bad_moment_of_many_requests_does_not_close_the_window),
        cmocka_unit_test(refusals_that_are_no_overload_never_close_it),
        cmocka_unit_test(rests_double_up_to_ten_minutes_whatever_the_probe_is_told),
        cmocka_unit_test(a_rest_is_jittered_and_never_over_ten_minutes),
        cmocka_unit_test(retry_after_rests_the_webhook_at_most_an_hour_and_never_shortens_a_rest),
        cmocka_unit_test(one_probe_at_a_time_and_a_lost_one_is_given_back),
        cmocka_unit_test(a_success_ends_the_rest_and_the_window_ramps_up_from_one),
        cmocka_unit_test(it_is_given_up_after_five_days_of_failures_that_killed_or_twenty_probes),
        cmocka_unit_test(a_webhook_that_had_nothing_to_do_was_not_failing),
        cmocka_unit_test(fresh_events_keep_a_quarter_of_the_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
