#include "core/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void it_grows_by_one_after_a_whole_cohort(void **state)
{
    (void)state;
    struct hb_window w = hb_window_make(4, 64);
    for (int i = 0; i < 3; i++)
        hb_window_success(&w);
    assert_int_equal(w.size, 4);
    hb_window_success(&w);
    assert_int_equal(w.size, 5);
    for (int i = 0; i < 4; i++)
        hb_window_success(&w);
    assert_int_equal(w.size, 5);
    hb_window_success(&w);
    assert_int_equal(w.size, 6);
}

static void it_never_leaves_one_to_max(void **state)
{
    (void)state;
    struct hb_window w = hb_window_make(4, 6);
    for (int i = 0; i < 1000; i++)
        hb_window_success(&w);
    assert_int_equal(w.size, 6);
    for (int i = 0; i < 10; i++)
        hb_window_overload(&w, hb_window_epoch(&w));
    assert_int_equal(w.size, 1);
    assert_int_equal(hb_window_make(100, 8).size, 8);
}

static void one_bad_moment_halves_it_once_however_many_requests_met_it(void **state)
{
    (void)state;
    struct hb_window w = hb_window_make(16, 64);
    uint32_t then = hb_window_epoch(&w);
    for (int i = 0; i < 16; i++)
        hb_window_overload(&w, then);
    assert_int_equal(w.size, 8);
    hb_window_overload(&w, hb_window_epoch(&w));
    assert_int_equal(w.size, 4);
}

static void overload_forgets_the_successes_before_it(void **state)
{
    (void)state;
    struct hb_window w = hb_window_make(2, 64);
    hb_window_success(&w);
    hb_window_overload(&w, hb_window_epoch(&w)); /* 1 */
    assert_int_equal(w.size, 1);
    hb_window_success(&w);
    assert_int_equal(w.size, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_by_one_after_a_whole_cohort),
        cmocka_unit_test(it_never_leaves_one_to_max),
        cmocka_unit_test(one_bad_moment_halves_it_once_however_many_requests_met_it),
        cmocka_unit_test(overload_forgets_the_successes_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
