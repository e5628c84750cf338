#include "core/ordering.h"

#include "unit/core/check.h"

#define P HB_DELIVERY_PARKED
#define L HB_DELIVERY_LEASED
#define H HB_DELIVERY_HELD
#define D HB_DELIVERY_DEAD

static void only_the_first_that_blocks_may_go(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum hb_delivery_state states[4];
        size_t head;
    } rows[] = {
        {"all parked", {P, P, P, P}, 0},       {"dead ones are passed over", {D, D, P, P}, 2},
        {"a held one holds", {D, H, P, P}, 1}, {"one is under way", {L, P, P, P}, 4},
        {"nothing is left", {D, D, D, D}, 4},  {"an earlier one came back behind one under way", {P, L, P, P}, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(hb_ordering_head(rows[i].states, 4) == rows[i].head, rows[i].name);
    assert_int_equal(hb_ordering_head(rows[0].states, 0), 0);
}

static void what_is_done_or_dead_blocks_nobody(void **state)
{
    (void)state;
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        enum hb_delivery_state s = (enum hb_delivery_state)i;
        check_row(hb_ordering_is_blocking(s) == (s == P || s == L || s == H), hb_delivery_state_text(s));
    }
}

static void order_is_that_of_the_events(void **state)
{
    (void)state;
    struct hb_position a = {1, 2, 30, {9}}, b = {1, 2, 31, {1}}, other = {1, 3, 1, {1}}, family = {2, 0, 0, {1}};
    assert_true(hb_ordering_cmp(&a, &b) < 0 && hb_ordering_cmp(&b, &a) > 0);
    assert_int_equal(hb_ordering_cmp(&a, &a), 0);
    assert_true(hb_ordering_cmp(&b, &other) < 0 && hb_ordering_cmp(&other, &family) < 0);
}

static void on_dead_says_what_a_used_up_schedule_means(void **state)
{
    (void)state;
    assert_int_equal(hb_delivery_state_move(L, hb_ordering_used_up(true)), H);
    assert_int_equal(hb_delivery_state_move(L, hb_ordering_used_up(false)), D);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_that_blocks_may_go),
        cmocka_unit_test(what_is_done_or_dead_blocks_nobody),
        cmocka_unit_test(order_is_that_of_the_events),
        cmocka_unit_test(on_dead_says_what_a_used_up_schedule_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
