#include "dispatcher/admit.h"
#include "dispatcher/taken.h"
#include "unit/dispatcher/check.h"

#define LANES 12
#define STARTED_MAX 20000

/* Lanes made by hand: what prepares them is not under test. */
struct desk {
    struct hb_admit admit;
    struct hb_stall stalls[LANES];
    struct hb_host hosts[LANES];
    struct hb_lane lanes[LANES];
    struct hb_taken taken[3]; /* small, and larger than one and two cost units */
    struct hb_delivery *started[STARTED_MAX];
    size_t started_count;
    int of_lane[LANES], of_store[LANES];
};

static void start(void *user, struct hb_delivery *delivery)
{
    struct desk *desk = user;
    assert_in_range(desk->started_count, 0, STARTED_MAX - 1);
    desk->started[desk->started_count++] = delivery;
    desk->of_lane[delivery->lane - desk->lanes]++;
    desk->of_store[delivery->lane->stall - desk->stalls]++;
}

static struct desk *desk_new(struct hb_admit_limits limits, int window)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->admit = (struct hb_admit){.limits = limits, .start = start, .user = desk};
    for (int i = 0; i < LANES; i++) {
        struct hb_lane *lane = &desk->lanes[i];
        *lane = (struct hb_lane){.stall = &desk->stalls[i], .host = &desk->hosts[i], .window = hb_window_make(window, window)};
        lane->last = &lane->first;
    }
    for (size_t i = 0; i < 3; i++)
        desk->taken[i].event.data = hb_str_n("", i * 20000);
    return desk;
}

static void add(struct desk *desk, int lane, int count)
{
    for (int i = 0; i < count; i++) {
        struct hb_delivery *delivery = calloc(1, sizeof *delivery);
        assert_non_null(delivery);
        delivery->lane = &desk->lanes[lane];
        delivery->taken = &desk->taken[0];
        hb_admit_add(&desk->admit, delivery);
    }
}

static void end_at(struct desk *desk, size_t at)
{
    struct hb_delivery *delivery = desk->started[at];
    desk->started[at] = desk->started[--desk->started_count];
    hb_admit_ended(&desk->admit, delivery);
    free(delivery);
}

static bool is_any(void *user, const struct hb_delivery *delivery)
{
    (void)user, (void)delivery;
    return true;
}
static void drop(void *user, struct hb_delivery *delivery)
{
    (void)user;
    free(delivery);
}

static void desk_free(struct desk *desk)
{
    while (desk->started_count)
        end_at(desk, desk->started_count - 1);
    for (int i = 0; i < LANES; i++)
        hb_admit_sweep(&desk->admit, &desk->lanes[i], is_any, drop, NULL);
    assert_int_equal(desk->admit.waiting, 0);
    assert_int_equal(desk->admit.waiting_bytes, 0);
    assert_null(desk->admit.turns.benches);
    free(desk);
}

static const struct hb_admit_limits WIDE = {
    .in_flight_max = 1000, .host_max = 1000, .store_in_flight_max = 1000, .waiting_max = 100, .waiting_bytes_max = 1000000};

static void a_store_with_many_webhooks_gets_no_more_than_one_with_one(void **state)
{
    (void)state;
    struct hb_admit_limits limits = WIDE;
    limits.in_flight_max = 160;
    limits.waiting_max = 10000;
    struct desk *desk = desk_new(limits, 1000);
    for (int i = 0; i < 10; i++) {
        desk->lanes[i].stall = &desk->stalls[0];
        add(desk, i, 200);
    }
    desk->lanes[10].stall = &desk->stalls[10];
    add(desk, 10, 200);
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->admit.in_flight, 160);
    assert_in_range(desk->of_store[10], 72, 88);
    for (int i = 0; i < 10; i++)
        assert_in_range(desk->of_lane[i], 0, 16);
    desk_free(desk);
}

static void large_bodies_cost_their_webhook_turns(void **state)
{
    (void)state;
    struct hb_admit_limits limits = WIDE;
    limits.in_flight_max = 120;
    struct desk *desk = desk_new(limits, 1000);
    add(desk, 0, 150);
    add(desk, 1, 150);
    for (struct hb_delivery *delivery = desk->lanes[1].first; delivery; delivery = delivery->next)
        delivery->taken = &desk->taken[2]; /* 40 kB: 3 units */
    desk->admit.waiting_bytes += 150 * 40000;
    hb_admit_pump(&desk->admit);
    assert_in_range(desk->of_lane[0], 80, 96);
    desk_free(desk);
}

static void a_window_bounds_what_one_webhook_has_under_way(void **state)
{
    (void)state;
    struct desk *desk = desk_new(WIDE, 3);
    add(desk, 0, 10);
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->started_count, 3);
    end_at(desk, 0);
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->started_count, 3);
    assert_int_equal(desk->lanes[0].waiting, 6);
    desk_free(desk);
}

static void a_store_keeps_to_its_share_only_while_others_wait(void **state)
{
    (void)state;
    struct hb_admit_limits limits = WIDE;
    limits.in_flight_max = 40;
    limits.store_in_flight_max = 10;
    struct desk *desk = desk_new(limits, 1000);
    add(desk, 0, 60);
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->started_count, 40); /* alone: all slots */
    add(desk, 1, 60);
    for (int i = 0; i < 10; i++) {
        size_t at = 0;
        while (desk->started[at]->lane != &desk->lanes[0])
            at++;
        end_at(desk, at);
        hb_admit_pump(&desk->admit);
    }
    assert_int_equal(desk->stalls[1].in_flight, 10); /* every freed slot, up to its own share */
    desk_free(desk);
}

static void when_all_are_over_their_share_no_slot_stays_empty(void **state)
{
    (void)state;
    struct hb_admit_limits limits = WIDE;
    limits.in_flight_max = 40;
    limits.store_in_flight_max = 2;
    struct desk *desk = desk_new(limits, 1000);
    for (int i = 0; i < 3; i++)
        add(desk, i, 60);
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->started_count, 40);
    for (int i = 0; i < 3; i++)
        assert_in_range(desk->of_store[i], 10, 17);
    desk_free(desk);
}

static void a_destination_has_a_cap_and_its_lanes_go_on_in_turn(void **state)
{
    (void)state;
    struct hb_admit_limits limits = WIDE;
    limits.host_max = 4;
    struct desk *desk = desk_new(limits, 1000);
    for (int i = 0; i < 3; i++) {
        desk->lanes[i].host = &desk->hosts[0];
        add(desk, i, 20);
    }
    add(desk, 5, 20); /* another destination is not held up */
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->hosts[0].in_flight, 4);
    assert_int_equal(desk->hosts[5].in_flight, 4);
    int before = desk->of_lane[0] + desk->of_lane[1] + desk->of_lane[2];
    for (int i = 0; i < 200; i++) {
        for (size_t at = 0; at < desk->started_count; at++) {
            if (desk->started[at]->lane->host != &desk->hosts[0])
                continue;
            end_at(desk, at);
            break;
        }
        hb_admit_pump(&desk->admit);
        assert_in_range(desk->hosts[0].in_flight, 0, 4);
    }
    assert_int_equal(before, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(desk->of_lane[i], 20);
    desk_free(desk);
}

static bool is_large(void *user, const struct hb_delivery *delivery)
{
    (void)user;
    return delivery->taken->event.data.len > 0;
}

static void a_sweep_takes_out_what_it_is_told_and_keeps_the_order(void **state)
{
    (void)state;
    struct desk *desk = desk_new(WIDE, 1);
    add(desk, 0, 6);
    struct hb_delivery *kept[3];
    int i = 0;
    for (struct hb_delivery *delivery = desk->lanes[0].first; delivery; delivery = delivery->next, i++) {
        if (i % 2 == 0)
            kept[i / 2] = delivery;
        else
            delivery->taken = &desk->taken[1], desk->admit.waiting_bytes += 20000;
    }
    hb_admit_sweep(&desk->admit, &desk->lanes[0], is_large, drop, NULL);
    assert_int_equal(desk->admit.waiting, 3);
    assert_int_equal(desk->admit.waiting_bytes, 0);
    for (i = 0; i < 3; i++) {
        hb_admit_pump(&desk->admit);
        assert_ptr_equal(desk->started[0], kept[i]);
        end_at(desk, 0);
    }
    add(desk, 0, 1); /* its end is still good */
    hb_admit_pump(&desk->admit);
    assert_int_equal(desk->started_count, 1);
    desk_free(desk);
}

static void full_by_count_or_bytes_and_room_below_three_quarters(void **state)
{
    (void)state;
    struct hb_admit admit = {.limits = WIDE};
    static const struct {
        size_t waiting, bytes;
        bool is_full, has_room;
    } cases[] = {{0, 0, false, true},       {75, 750000, false, true}, {76, 0, false, false},
                 {0, 750001, false, false}, {99, 999999, false, false}, {100, 0, true, false}, {0, 1000000, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        admit.waiting = cases[i].waiting;
        admit.waiting_bytes = cases[i].bytes;
        assert_int_equal(hb_admit_is_full(&admit), cases[i].is_full);
        assert_int_equal(hb_admit_has_room(&admit), cases[i].has_room);
    }
}

/* ---- any schedule ---- */

static uint32_t next(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

static void check(const struct desk *desk)
{
    size_t waiting = 0;
    int of_host[LANES] = {0}, of_stall[LANES] = {0}, in_flight = 0;
    for (int i = 0; i < LANES; i++) {
        const struct hb_lane *lane = &desk->lanes[i];
        waiting += lane->waiting;
        in_flight += lane->in_flight;
        of_host[lane->host - desk->hosts] += lane->in_flight;
        of_stall[lane->stall - desk->stalls] += lane->in_flight;
        assert_true((lane->waiting == 0) == (lane->first == NULL));
        assert_true(lane->in_flight <= lane->window.size);
    }
    assert_int_equal(waiting, desk->admit.waiting);
    assert_int_equal(in_flight, desk->admit.in_flight);
    assert_int_equal((size_t)in_flight, desk->started_count);
    assert_true(in_flight <= desk->admit.limits.in_flight_max);
    for (int i = 0; i < LANES; i++) {
        assert_int_equal(of_host[i], desk->hosts[i].in_flight);
        assert_int_equal(of_stall[i], desk->stalls[i].in_flight);
        assert_true(of_host[i] <= desk->admit.limits.host_max);
    }
}

static void any_schedule_keeps_the_counters_and_starves_nobody(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        uint32_t random = seed;
        const struct hb_admit_limits limits = {.in_flight_max = 1 + (int)(next(&random) % 12), .host_max = 1 + (int)(next(&random) % 4),
                                               .store_in_flight_max = 1 + (int)(next(&random) % 4), .waiting_max = 10000, .waiting_bytes_max = SIZE_MAX};
        struct desk *desk = desk_new(limits, 1 + (int)(next(&random) % 5));
        for (int i = 0; i < LANES; i++) {
            desk->lanes[i].stall = &desk->stalls[next(&random) % 4];
            desk->lanes[i].host = &desk->hosts[next(&random) % 3];
        }
        int added = 0, swept = 0;
        for (int step = 0; step < 300; step++) {
            uint32_t what = next(&random) % 10;
            if (what < 4) {
                int count = 1 + (int)(next(&random) % 5);
                add(desk, (int)(next(&random) % LANES), count);
                added += count;
            } else if (what < 9 && desk->started_count) {
                end_at(desk, next(&random) % desk->started_count);
            } else if (what == 9 && next(&random) % 4 == 0) {
                struct hb_lane *lane = &desk->lanes[next(&random) % LANES];
                swept += (int)lane->waiting;
                hb_admit_sweep(&desk->admit, lane, is_any, drop, NULL);
            }
            if (next(&random) % 2)
                hb_admit_pump(&desk->admit);
            check(desk);
        }
        for (int i = 0; desk->admit.waiting > 0 || desk->started_count > 0; i++) {
            if (i > added) {
                fail_msg("seed %u: %zu deliveries starve", seed, desk->admit.waiting);
            }
            hb_admit_pump(&desk->admit);
            assert_true(desk->started_count > 0); /* with free slots somebody may always begin */
            end_at(desk, 0);
            check(desk);
        }
        int started = 0;
        for (int i = 0; i < LANES; i++)
            started += desk->of_lane[i];
        assert_int_equal(started, added - swept); /* nothing lost, nothing twice */
        desk_free(desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_with_many_webhooks_gets_no_more_than_one_with_one),
        cmocka_unit_test(large_bodies_cost_their_webhook_turns),
        cmocka_unit_test(a_window_bounds_what_one_webhook_has_under_way),
        cmocka_unit_test(a_store_keeps_to_its_share_only_while_others_wait),
        cmocka_unit_test(when_all_are_over_their_share_no_slot_stays_empty),
        cmocka_unit_test(a_destination_has_a_cap_and_its_lanes_go_on_in_turn),
        cmocka_unit_test(a_sweep_takes_out_what_it_is_told_and_keeps_the_order),
        cmocka_unit_test(full_by_count_or_bytes_and_room_below_three_quarters),
        cmocka_unit_test(any_schedule_keeps_the_counters_and_starves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
