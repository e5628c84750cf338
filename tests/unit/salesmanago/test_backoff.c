#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "salesmanago/backoff.h"

#define NOT_ASKED (-1)

static void pauses_double_from_the_first_to_the_most_and_begin_anew_after_a_success(void **state)
{
    static const int64_t STEPS_MS[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
    struct hb_sm_backoff backoff = {.first_ms = 1000, .most_ms = 300000};
    (void)state;

    for (size_t i = 0; i < sizeof STEPS_MS / sizeof *STEPS_MS; i++) {
        int64_t pause = hb_sm_backoff_failure(&backoff, NOT_ASKED, (uint32_t)(i * 2654435761U));
        assert_in_range(pause, STEPS_MS[i] * 8 / 10, STEPS_MS[i] * 12 / 10);
        assert_true(pause <= 300000);
    }
    hb_sm_backoff_success(&backoff);
    assert_in_range(hb_sm_backoff_failure(&backoff, NOT_ASKED, 5), 800, 1200);
}

static void the_whole_spread_is_used(void **state)
{
    int64_t least = INT64_MAX, most = 0;
    (void)state;

    for (uint32_t random = 0; random < 1000; random++) {
        struct hb_sm_backoff backoff = {.first_ms = 1000, .most_ms = 300000};
        int64_t pause = hb_sm_backoff_failure(&backoff, NOT_ASKED, random);
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    assert_int_equal(least, 800);
    assert_int_equal(most, 1200);
}

static void what_was_asked_for_is_kept_up_to_an_hour(void **state)
{
    struct hb_sm_backoff backoff = {.first_ms = 1000, .most_ms = 300000};
    (void)state;

    assert_int_equal(hb_sm_backoff_failure(&backoff, 7000, 0), 7000);
    assert_in_range(hb_sm_backoff_failure(&backoff, 0, 0), 1600, 2400);
    assert_int_equal(hb_sm_backoff_failure(&backoff, INT64_MAX, 0), HB_SM_ASKED_MS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_from_the_first_to_the_most_and_begin_anew_after_a_success),
        cmocka_unit_test(the_whole_spread_is_used),
        cmocka_unit_test(what_was_asked_for_is_kept_up_to_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
