#include "core/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int serve(struct hb_turns *turns, int rounds, int cost, const struct hb_bench *bench)
{
    int served = 0;
    for (int i = 0; i < rounds; i++) {
        struct hb_seat *seat = hb_turns_next(turns);
        served += seat->bench == bench;
        hb_turns_spend(turns, seat, cost);
    }
    return served;
}

static void a_store_with_many_webhooks_gets_no_more_than_a_store_with_one(void **state)
{
    (void)state;
    struct hb_turns turns = {0};
    struct hb_bench big = {0}, small = {0};
    struct hb_seat many[100] = {0}, one = {0};
    for (int i = 0; i < 100; i++)
        hb_turns_enter(&turns, &big, &many[i]);
    hb_turns_enter(&turns, &small, &one);
    int share = serve(&turns, 10000, 1, &small);
    assert_in_range(share, 4950, 5050);
}

static void expensive_deliveries_get_fewer_turns(void **state)
{
    (void)state;
    struct hb_turns turns = {0};
    struct hb_bench a = {0}, b = {0};
    struct hb_seat large = {0}, light = {0};
    hb_turns_enter(&turns, &a, &large);
    hb_turns_enter(&turns, &b, &light);
    int spent[2] = {0, 0};
    for (int i = 0; i < 9000; i++) {
        struct hb_seat *seat = hb_turns_next(&turns);
        int cost = seat == &large ? 17 : 1;
        spent[seat == &light] += cost;
        hb_turns_spend(&turns, seat, cost);
    }
    assert_in_range(spent[0], spent[1] - 40, spent[1] + 40);
}

static void who_leaves_is_not_served_and_the_others_go_on(void **state)
{
    (void)state;
    struct hb_turns turns = {0};
    struct hb_bench a = {0}, b = {0};
    struct hb_seat seats[4] = {0};
    hb_turns_enter(&turns, &a, &seats[0]);
    hb_turns_enter(&turns, &a, &seats[1]);
    hb_turns_enter(&turns, &b, &seats[2]);
    hb_turns_enter(&turns, &b, &seats[3]);
    hb_turns_enter(&turns, &b, &seats[3]); /* twice is once */
    hb_turns_leave(&turns, &seats[2]);
    hb_turns_leave(&turns, &seats[0]);
    hb_turns_leave(&turns, &seats[0]);
    for (int i = 0; i < 100; i++) {
        struct hb_seat *seat = hb_turns_next(&turns);
        assert_true(seat == &seats[1] || seat == &seats[3]);
        hb_turns_spend(&turns, seat, 1);
    }
    hb_turns_leave(&turns, &seats[1]);
    assert_ptr_equal(hb_turns_next(&turns), &seats[3]);
    hb_turns_leave(&turns, &seats[3]);
    assert_null(hb_turns_next(&turns));
    assert_int_equal(turns.benches_count, 0);
}

static void everybody_is_served_within_one_round(void **state)
{
    (void)state;
    struct hb_turns turns = {0};
    struct hb_bench benches[10] = {0};
    struct hb_seat seats[10][10] = {0};
    int served[10][10] = {0};
    for (int i = 0; i < 100; i++)
        hb_turns_enter(&turns, &benches[i / 10], &seats[i / 10][i % 10]);
    for (int i = 0; i < 100 * HB_TURNS_QUANTUM; i++) {
        struct hb_seat *seat = hb_turns_next(&turns);
        size_t at = (size_t)(seat - &seats[0][0]);
        served[at / 10][at % 10]++;
        hb_turns_spend(&turns, seat, 1);
    }
    for (int i = 0; i < 100; i++)
        assert_in_range(served[i / 10][i % 10], 1, 2 * HB_TURNS_QUANTUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_with_many_webhooks_gets_no_more_than_a_store_with_one),
        cmocka_unit_test(expensive_deliveries_get_fewer_turns),
        cmocka_unit_test(who_leaves_is_not_served_and_the_others_go_on),
        cmocka_unit_test(everybody_is_served_within_one_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
