/* What waits for a connector: the newest of each product, never an older one after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "salesmanago/pending.h"

#define PRODUCTS 20
#define STEPS 200000

static struct hb_sm_change *change(int product, int64_t offset, enum hb_sm_source source)
{
    char key[32];
    int len = snprintf(key, sizeof key, "demo/%d", product);
    struct hb_sm_change *made = hb_sm_change_new(hb_str_n(key, (size_t)len), HB_STR("{}"));
    assert_non_null(made);
    made->offset = offset;
    made->source = source;
    made->since.us = offset;
    return made;
}

static struct hb_sm_change *put(struct hb_sm_pending *pending, struct hb_sm_change *put_change)
{
    struct hb_sm_change *superseded = NULL;
    assert_int_equal(hb_sm_pending_put(pending, put_change, &superseded), HB_OK);
    return superseded;
}

static void end(struct hb_sm_pending *pending, struct hb_sm_change *ended)
{
    hb_sm_pending_end(pending, ended);
    hb_sm_change_free(ended);
}

static void a_newer_version_takes_the_place_of_the_one_that_waits(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *first = change(1, 10, HB_SM_LIVE), *other = change(2, 11, HB_SM_LIVE);
    struct hb_sm_change *second = change(1, 12, HB_SM_LIVE);
    (void)state;

    assert_null(put(&pending, first));
    assert_null(put(&pending, other));
    assert_ptr_equal(put(&pending, second), first);
    assert_ptr_equal(hb_sm_pending_next(&pending), second);
    assert_int_equal(second->since.us, 10); /* the product has waited since then: its linger goes on */
    assert_int_equal(pending.waiting, 2);
    assert_int_equal(pending.open, 2);
    assert_ptr_equal(hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE), other);
    hb_sm_change_free(first);
    end(&pending, second);
    end(&pending, other);
    hb_sm_pending_deinit(&pending);
}

/* The replay of dead products reads what came live, too: both are the same record, and only one has a slot. */
static void of_the_same_record_met_live_and_in_a_walk_the_live_one_stays(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *live = change(1, 10, HB_SM_LIVE), *walked = change(1, 10, HB_SM_WALK);
    (void)state;

    assert_null(put(&pending, live));
    hb_sm_pending_take(&pending, live);
    assert_null(put(&pending, walked));
    assert_false(hb_sm_pending_has_newer(&pending, live));
    assert_ptr_equal(hb_sm_pending_back(&pending, live), walked);
    assert_ptr_equal(hb_sm_pending_next(&pending), live);
    assert_int_equal(pending.open, 1);
    hb_sm_change_free(walked);

    walked = change(1, 10, HB_SM_WALK);
    hb_sm_pending_take(&pending, live);
    assert_null(put(&pending, walked));
    hb_sm_pending_take(&pending, walked);
    assert_null(hb_sm_pending_back(&pending, live));
    assert_ptr_equal(hb_sm_pending_back(&pending, walked), walked);
    hb_sm_change_free(walked);
    end(&pending, live);
    hb_sm_pending_deinit(&pending);
}

static void while_a_version_is_sent_a_newer_one_waits_and_the_old_one_does_not_come_back(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *old = change(1, 10, HB_SM_LIVE), *newer = change(1, 12, HB_SM_LIVE);
    (void)state;

    assert_null(put(&pending, old));
    hb_sm_pending_take(&pending, old);
    assert_null(hb_sm_pending_next(&pending));
    assert_null(put(&pending, newer));
    assert_true(hb_sm_pending_has_newer(&pending, old));
    assert_ptr_equal(hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE), old); /* both are open */
    assert_ptr_equal(hb_sm_pending_back(&pending, old), old);
    assert_ptr_equal(hb_sm_pending_next(&pending), newer);
    assert_ptr_equal(hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE), newer);
    hb_sm_change_free(old);
    end(&pending, newer);
    hb_sm_pending_deinit(&pending);
}

static void what_was_not_sent_waits_before_all_others(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *first = change(1, 10, HB_SM_LIVE), *other = change(2, 11, HB_SM_LIVE);
    (void)state;

    assert_null(put(&pending, first));
    assert_null(put(&pending, other));
    hb_sm_pending_take(&pending, first);
    assert_ptr_equal(hb_sm_pending_next(&pending), other);
    assert_null(hb_sm_pending_back(&pending, first));
    assert_ptr_equal(hb_sm_pending_next(&pending), first);
    end(&pending, first);
    end(&pending, other);
    hb_sm_pending_deinit(&pending);
}

static void a_walks_older_version_gives_way_to_a_live_one(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *live = change(1, 12, HB_SM_LIVE), *walked = change(1, 5, HB_SM_WALK);
    (void)state;

    assert_null(put(&pending, live));
    assert_ptr_equal(put(&pending, walked), walked);
    assert_ptr_equal(hb_sm_pending_next(&pending), live);
    assert_int_equal(pending.open_of[HB_SM_WALK], 0);
    hb_sm_change_free(walked);
    end(&pending, live);
    hb_sm_pending_deinit(&pending);
}

static void a_place_is_open_and_never_given_out(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *place = change(1, 12, HB_SM_LIVE);
    (void)state;

    hb_sm_pending_hold(&pending, place);
    assert_null(hb_sm_pending_next(&pending));
    assert_ptr_equal(hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE), place);
    end(&pending, place);
    hb_sm_pending_deinit(&pending);
}

static void aside_a_newer_version_takes_the_place_too_and_the_queue_does_not_see_it(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    struct hb_sm_change *old = change(1, 10, HB_SM_LIVE), *newer = change(1, 12, HB_SM_LIVE);
    struct hb_sm_change *other = change(2, 13, HB_SM_LIVE);
    (void)state;

    assert_null(put(&pending, old));
    hb_sm_pending_put_aside(&pending, old);
    assert_null(hb_sm_pending_next(&pending));
    assert_ptr_equal(put(&pending, newer), old);
    assert_ptr_equal(pending.aside.first, newer);
    assert_ptr_equal(hb_sm_pending_of(&pending, newer->key), newer);
    assert_ptr_equal(hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE), newer);
    assert_int_equal(pending.waiting, 0);
    assert_int_equal(pending.waiting_aside, 1);
    hb_sm_change_free(old);
    assert_null(put(&pending, other));
    hb_sm_pending_bring_back(&pending, newer);
    assert_ptr_equal(hb_sm_pending_next(&pending), newer);
    assert_int_equal(pending.waiting, 2);
    assert_int_equal(pending.waiting_aside, 0);
    hb_sm_pending_put_aside(&pending, newer);
    end(&pending, newer); /* let go while it waits aside */
    assert_null(pending.aside.first);
    end(&pending, other);
    hb_sm_pending_deinit(&pending);
}

/* Puts, takes, failures and successes at random, some products aside: per product what is sent never goes back, and in the end the last
 * version of each was sent. */
static void no_order_of_events_sends_an_older_version_after_a_newer_one(void **state)
{
    struct hb_sm_pending pending = {.waiting = 0};
    int64_t newest[PRODUCTS] = {0}, sent[PRODUCTS] = {0}, offset = 0;
    struct hb_sm_change *under_way[8];
    size_t count = 0;
    (void)state;

    srand(7);
    for (int step = 0; step < STEPS || count > 0 || pending.waiting + pending.waiting_aside > 0; step++) {
        int product = rand() % PRODUCTS, what = rand() % 4;
        if (step < STEPS && what < 2) {
            struct hb_sm_change *made = change(product, ++offset, HB_SM_LIVE);
            newest[product] = offset;
            hb_sm_change_free(put(&pending, made));
            if (product < PRODUCTS / 4 && made->state == HB_SM_CHANGE_WAITING)
                hb_sm_pending_put_aside(&pending, made);
        } else if (count == 0) { /* a request: one from aside, or of all that waits, up to eight */
            if (pending.aside.first && (rand() % 2 || !hb_sm_pending_next(&pending))) {
                under_way[count] = pending.aside.first;
                hb_sm_pending_take(&pending, under_way[count++]);
            }
            for (size_t most = count ? 1 : 8; count < most && hb_sm_pending_next(&pending);) {
                under_way[count] = hb_sm_pending_next(&pending);
                hb_sm_pending_take(&pending, under_way[count++]);
            }
            for (size_t i = 0; i < count; i++) {
                int of = atoi(under_way[i]->key.ptr + 5);
                assert_true(under_way[i]->offset >= sent[of]);
                sent[of] = under_way[i]->offset;
            }
        } else {
            bool is_good = step >= STEPS || what == 2;
            while (count > 0) {
                struct hb_sm_change *done = under_way[--count];
                if (is_good)
                    end(&pending, done);
                else
                    hb_sm_change_free(hb_sm_pending_back(&pending, done));
            }
        }
        const struct hb_sm_change *lowest = hb_sm_pending_lowest(&pending, 0, HB_SM_LIVE);
        for (int i = 0; i < PRODUCTS; i++) /* what was not accepted in its newest version is at or above the lowest open */
            assert_true(sent[i] == newest[i] || (lowest && lowest->offset <= newest[i]));
    }
    assert_memory_equal(sent, newest, sizeof sent);
    assert_int_equal(pending.open, 0);
    assert_int_equal(pending.bytes, 0);
    hb_sm_pending_deinit(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_version_takes_the_place_of_the_one_that_waits),
        cmocka_unit_test(of_the_same_record_met_live_and_in_a_walk_the_live_one_stays),
        cmocka_unit_test(while_a_version_is_sent_a_newer_one_waits_and_the_old_one_does_not_come_back),
        cmocka_unit_test(what_was_not_sent_waits_before_all_others),
        cmocka_unit_test(a_walks_older_version_gives_way_to_a_live_one),
        cmocka_unit_test(a_place_is_open_and_never_given_out),
        cmocka_unit_test(aside_a_newer_version_takes_the_place_too_and_the_queue_does_not_see_it),
        cmocka_unit_test(no_order_of_events_sends_an_older_version_after_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
