/* One bad product of a hundred, and ten: found within so many requests, whoever they are. */
#include "salesmanago/search.h"

#include "unit/core/check.h"

#define ONE_POISON_REQUESTS_MAX 10
#define TEN_POISONS_REQUESTS_MAX 75
#define ANY_POISONS_REQUESTS_MAX 220 /* of 100: a bad catalog costs little more than two requests a product */

/* SALESmanago as the search sees it, and what each unit went through. */
struct shop {
    bool is_poison[HB_SM_PRODUCTS_MAX];
    bool was_accepted[HB_SM_PRODUCTS_MAX];
    bool was_refused_alone[HB_SM_PRODUCTS_MAX];
    size_t requests;
    size_t largest; /* refuses larger requests as too large; 0: takes all */
    size_t too_large;
};

static bool is_refused(struct shop *shop, const uint8_t *units, size_t count)
{
    bool has_poison = false;
    shop->requests++;
    for (size_t i = 0; i < count; i++)
        has_poison = has_poison || shop->is_poison[units[i]];
    for (size_t i = 0; i < count && !has_poison; i++)
        shop->was_accepted[units[i]] = true;
    if (has_poison && count == 1)
        shop->was_refused_alone[units[0]] = true;
    return has_poison;
}

/* The whole search, the first refused request counted. */
static void run(struct shop *shop, struct hb_sm_search *search, size_t count)
{
    const uint8_t *units;
    hb_sm_search_begin(search, count);
    shop->requests = 1;
    for (size_t sent; (sent = hb_sm_search_next(search, &units)) > 0;) {
        assert_true(shop->requests < 1000);
        if (shop->largest > 0 && sent > shop->largest) {
            shop->requests++;
            shop->too_large++;
            assert_true(hb_sm_search_too_large(search));
        } else if (is_refused(shop, units, sent)) {
            hb_sm_search_refused(search);
        } else {
            hb_sm_search_accepted(search);
        }
    }
    assert_int_equal(search->requests, shop->requests);
}

static void check_all_known(const struct shop *shop, const struct hb_sm_search *search, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hb_sm_search_state(search, i), shop->is_poison[i] ? HB_SM_UNIT_POISON : HB_SM_UNIT_ACCEPTED);
        assert_true(shop->is_poison[i] ? shop->was_refused_alone[i] : shop->was_accepted[i]);
    }
}

static void one_poison_in_a_hundred_takes_at_most_10_requests_wherever_it_is(void **state)
{
    (void)state;
    size_t most = 0;
    for (size_t at = 0; at < 100; at++) {
        struct shop shop = {.is_poison = {false}};
        struct hb_sm_search search;
        shop.is_poison[at] = true;
        run(&shop, &search, 100);
        check_all_known(&shop, &search, 100);
        assert_true(shop.requests <= ONE_POISON_REQUESTS_MAX);
        most = shop.requests > most ? shop.requests : most;
    }
    assert_int_equal(most, 10);
}

static void put_poisons(struct shop *shop, size_t count, size_t poisons, uint64_t *seed)
{
    while (poisons > 0) {
        size_t at = next_random(seed) % count;
        poisons -= !shop->is_poison[at];
        shop->is_poison[at] = true;
    }
}

static void ten_poisons_in_a_hundred_take_at_most_75_requests_wherever_they_are(void **state)
{
    (void)state;
    uint64_t seed = 1;
    size_t most = 0;
    for (int trial = 0; trial < 50000; trial++) {
        struct shop shop = {.is_poison = {false}};
        struct hb_sm_search search;
        put_poisons(&shop, 100, 10, &seed);
        run(&shop, &search, 100);
        check_all_known(&shop, &search, 100);
        most = shop.requests > most ? shop.requests : most;
    }
    assert_true(most <= TEN_POISONS_REQUESTS_MAX);
}

/* Ten side by side, and ten as far from each other as can be: what random trials never draw. */
static void ten_poisons_in_a_row_or_spread_evenly_take_no_more(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 10; step++)
        for (size_t first = 0; first + 9 * step < 100; first++) {
            struct shop shop = {.is_poison = {false}};
            struct hb_sm_search search;
            for (size_t i = 0; i < 10; i++)
                shop.is_poison[first + i * step] = true;
            run(&shop, &search, 100);
            check_all_known(&shop, &search, 100);
            assert_true(shop.requests <= TEN_POISONS_REQUESTS_MAX);
        }
}

/* The worst that could answer: it says "refused" as long as that fits ten poisons somewhere. It never has to say where
 * they are until the search has asked, so no positions take more requests than these answers. `choices` is what it says
 * when both fit. */
static size_t against_an_adversary(uint64_t choices, size_t poisons)
{
    struct hb_sm_search search;
    const uint8_t *units;
    hb_sm_search_begin(&search, 100);
    for (size_t sent, asked = 0; (sent = hb_sm_search_next(&search, &units)) > 0; asked++) {
        size_t left = poisons - search.poisons, outside = search.candidates_count + search.rest_count;
        bool may_refuse = left > 0, may_accept = left <= outside;
        /* Suspects that are all accepted but one hold a poison: it must be refused. */
        if (search.is_of_candidates && search.candidates_count == 0)
            may_accept = false;
        assert_true(may_refuse || may_accept);
        bool is_refused_now = may_refuse && (!may_accept || (choices >> (asked % 64) & 1));
        if (is_refused_now)
            hb_sm_search_refused(&search);
        else
            hb_sm_search_accepted(&search);
    }
    return search.requests;
}

static void no_answers_that_fit_ten_poisons_lead_beyond_75_requests(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int trial = 0; trial < 50000; trial++) {
        uint64_t choices = (uint64_t)next_random(&seed) << 33 ^ (uint64_t)next_random(&seed) << 11 ^ next_random(&seed);
        if (trial % 3 == 0)
            choices |= (uint64_t)next_random(&seed) << 33 | next_random(&seed); /* refuses rather often */
        if (trial % 5 == 0)
            choices |= (uint64_t)next_random(&seed) << 32 | next_random(&seed);
        assert_true(against_an_adversary(choices, 10) <= TEN_POISONS_REQUESTS_MAX);
        assert_true(against_an_adversary(choices, 1) <= ONE_POISON_REQUESTS_MAX);
        assert_true(against_an_adversary(choices, 1 + next_random(&seed) % 100) <= ANY_POISONS_REQUESTS_MAX);
    }
    assert_true(against_an_adversary(UINT64_MAX, 10) <= TEN_POISONS_REQUESTS_MAX);
    assert_true(against_an_adversary(0, 10) <= TEN_POISONS_REQUESTS_MAX);
}

static void any_number_of_poisons_among_any_number_of_units_is_found(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int trial = 0; trial < 20000; trial++) {
        size_t count = 2 + next_random(&seed) % 99, poisons = next_random(&seed) % (count + 1);
        struct shop shop = {.is_poison = {false}};
        struct hb_sm_search search;
        put_poisons(&shop, count, poisons, &seed); /* also none: the product changed since it was refused */
        shop.largest = next_random(&seed) % 4 ? 0 : 1 + next_random(&seed) % count;
        run(&shop, &search, count);
        check_all_known(&shop, &search, count);
        assert_true(shop.too_large <= 7); /* halved once for all that follow */
        assert_true(shop.largest > 0 || shop.requests <= ANY_POISONS_REQUESTS_MAX);
    }
}

static void the_same_units_are_given_until_it_is_told_what_came_of_them(void **state)
{
    (void)state;
    struct hb_sm_search search;
    const uint8_t *units, *again;
    hb_sm_search_begin(&search, 40);
    size_t count = hb_sm_search_next(&search, &units);
    uint8_t first[HB_SM_PRODUCTS_MAX];
    memcpy(first, units, count);
    assert_int_equal(hb_sm_search_next(&search, &again), count); /* the answer was lost */
    assert_memory_equal(again, first, count);
    assert_int_equal(search.requests, 1);
    hb_sm_search_accepted(&search);
    assert_int_equal(search.requests, 2);
}

/* Poisons come and go, units are dropped, answers are lost: it ends, what is good at the end was accepted, and only
 * what was refused alone is called a poison. */
static void changes_in_between_are_survived(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (int trial = 0; trial < 20000; trial++) {
        size_t count = 2 + next_random(&seed) % 99;
        struct shop shop = {.is_poison = {false}};
        struct hb_sm_search search;
        bool is_dropped[HB_SM_PRODUCTS_MAX] = {false};
        const uint8_t *units;
        put_poisons(&shop, count, 1 + next_random(&seed) % (count < 8 ? count : 8), &seed);
        hb_sm_search_begin(&search, count);
        for (size_t sent, asked = 0; (sent = hb_sm_search_next(&search, &units)) > 0; asked++) {
            assert_true(asked < 1000);
            if (next_random(&seed) % 8 == 0)
                continue; /* lost: asked again */
            if (next_random(&seed) % 8 == 0) {
                size_t at = next_random(&seed) % count;
                shop.is_poison[at] = !shop.is_poison[at];
            }
            bool refused = is_refused(&shop, units, sent);
            if (next_random(&seed) % 8 == 0) { /* a newer version, while the request runs */
                size_t at = next_random(&seed) % count;
                is_dropped[at] = is_dropped[at] || hb_sm_search_state(&search, at) == HB_SM_UNIT_OPEN;
                hb_sm_search_drop(&search, at);
            }
            refused ? hb_sm_search_refused(&search) : hb_sm_search_accepted(&search);
        }
        for (size_t i = 0; i < count; i++) {
            enum hb_sm_unit_state is = hb_sm_search_state(&search, i);
            assert_int_not_equal(is, HB_SM_UNIT_OPEN);
            assert_true(is_dropped[i] == (is == HB_SM_UNIT_DROPPED));
            assert_true(is != HB_SM_UNIT_POISON || shop.was_refused_alone[i]);
            assert_true(is != HB_SM_UNIT_ACCEPTED || shop.was_accepted[i]);
        }
    }
}

/* Two were refused and one of them is gone meanwhile: that does not make the other a poison. */
static void what_was_refused_with_another_that_is_gone_is_tested_by_itself(void **state)
{
    (void)state;
    struct hb_sm_search search;
    const uint8_t *units;
    hb_sm_search_begin(&search, 4);
    assert_int_equal(hb_sm_search_next(&search, &units), 2);
    uint8_t gone = units[0], left = units[1];
    hb_sm_search_drop(&search, gone);
    hb_sm_search_refused(&search);
    assert_int_equal(hb_sm_search_state(&search, left), HB_SM_UNIT_OPEN);
    assert_int_equal(hb_sm_search_next(&search, &units), 1);
    assert_int_equal(units[0], left);
    hb_sm_search_accepted(&search);
    assert_int_equal(hb_sm_search_state(&search, left), HB_SM_UNIT_ACCEPTED);
    assert_int_equal(hb_sm_search_state(&search, gone), HB_SM_UNIT_DROPPED);
}

/* Of a hundred 97 came back in a 200, the other three are refused together: the search is among those three. */
static void what_was_accepted_before_the_search_is_dropped_from_it_at_once(void **state)
{
    (void)state;
    struct shop shop = {.is_poison = {[7] = true, [50] = true}};
    struct hb_sm_search search;
    const uint8_t *units;
    hb_sm_search_begin(&search, 100);
    for (size_t i = 0; i < 100; i++)
        if (i != 7 && i != 50 && i != 99)
            hb_sm_search_drop(&search, i);
    for (size_t sent; (sent = hb_sm_search_next(&search, &units)) > 0;) {
        assert_true(sent <= 3);
        is_refused(&shop, units, sent) ? hb_sm_search_refused(&search) : hb_sm_search_accepted(&search);
    }
    assert_int_equal(hb_sm_search_state(&search, 7), HB_SM_UNIT_POISON);
    assert_int_equal(hb_sm_search_state(&search, 50), HB_SM_UNIT_POISON);
    assert_int_equal(hb_sm_search_state(&search, 99), HB_SM_UNIT_ACCEPTED);
    assert_int_equal(hb_sm_search_state(&search, 0), HB_SM_UNIT_DROPPED);
    assert_true(shop.requests <= 4);
}

static void a_request_that_is_too_large_is_halved_and_so_are_those_after_it(void **state)
{
    (void)state;
    struct hb_sm_search search;
    const uint8_t *units;
    hb_sm_search_begin(&search, 100);
    size_t first = hb_sm_search_next(&search, &units);
    assert_true(hb_sm_search_too_large(&search));
    size_t second = hb_sm_search_next(&search, &units);
    assert_int_equal(second, (first + 1) / 2);
    hb_sm_search_accepted(&search);
    assert_true(hb_sm_search_next(&search, &units) <= second);
    while (hb_sm_search_too_large(&search))
        (void)hb_sm_search_next(&search, &units);
    assert_int_equal(hb_sm_search_next(&search, &units),
                     1); /* one that is too large by itself is the caller's matter */
    hb_sm_search_refused(&search);
    assert_int_equal(hb_sm_search_state(&search, units[0]), HB_SM_UNIT_POISON);
}

static void one_that_did_not_come_back_is_sent_once_more_with_the_rest(void **state)
{
    (void)state;
    struct hb_sm_search search;
    const uint8_t *units;
    hb_sm_search_begin(&search, 3);
    assert_int_equal(hb_sm_search_next(&search, &units), 1);
    hb_sm_search_accepted(&search);
    hb_sm_search_again(&search, 0);
    bool was_sent = false;
    for (size_t sent; (sent = hb_sm_search_next(&search, &units)) > 0; hb_sm_search_accepted(&search))
        was_sent = was_sent || memchr(units, 0, sent);
    assert_true(was_sent);
    assert_int_equal(hb_sm_search_state(&search, 0), HB_SM_UNIT_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_poison_in_a_hundred_takes_at_most_10_requests_wherever_it_is),
        cmocka_unit_test(ten_poisons_in_a_hundred_take_at_most_75_requests_wherever_they_are),
        cmocka_unit_test(ten_poisons_in_a_row_or_spread_evenly_take_no_more),
        cmocka_unit_test(no_answers_that_fit_ten_poisons_lead_beyond_75_requests),
        cmocka_unit_test(any_number_of_poisons_among_any_number_of_units_is_found),
        cmocka_unit_test(the_same_units_are_given_until_it_is_told_what_came_of_them),
        cmocka_unit_test(changes_in_between_are_survived),
        cmocka_unit_test(what_was_refused_with_another_that_is_gone_is_tested_by_itself),
        cmocka_unit_test(what_was_accepted_before_the_search_is_dropped_from_it_at_once),
        cmocka_unit_test(a_request_that_is_too_large_is_halved_and_so_are_those_after_it),
        cmocka_unit_test(one_that_did_not_come_back_is_sent_once_more_with_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
