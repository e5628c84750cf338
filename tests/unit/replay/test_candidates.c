#include "replay/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "platform/crypto/crypto.h"

#define MANY 5000

static void delivery(int number, unsigned char ret_delivery[16])
{
    char text[16];
    unsigned char digest[32];
    int len = snprintf(text, sizeof text, "%d", number);
    hb_sha256(hb_str_n(text, (size_t)len), digest);
    memcpy(ret_delivery, digest, 16);
}

static struct hb_candidate *put(struct hb_candidates *candidates, int number)
{
    unsigned char id[16];
    struct hb_candidate *candidate = NULL;
    delivery(number, id);
    assert_int_equal(hb_candidates_put(candidates, id, &candidate), HB_OK);
    return candidate;
}

static void many_are_found_again_and_one_too_many_is_refused(void **state)
{
    struct hb_candidates *candidates = NULL;
    unsigned char id[16];
    struct hb_candidate *candidate = NULL;
    char event[32];
    (void)state;
    assert_int_equal(hb_candidates_new(MANY, &candidates), HB_OK);
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(event, sizeof event, "evt_%d", i);
        candidate = put(candidates, i);
        candidate->version = i + 1;
        assert_int_equal(hb_candidates_set_event(candidates, candidate, hb_str_n(event, (size_t)len)), HB_OK);
    }
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(event, sizeof event, "evt_%d", i);
        delivery(i, id);
        candidate = hb_candidates_get(candidates, id);
        assert_non_null(candidate);
        assert_int_equal(candidate->version, i + 1);
        assert_true(hb_str_eq(hb_candidates_event(candidates, candidate), hb_str_n(event, (size_t)len)));
        assert_ptr_equal(put(candidates, i), candidate);
    }
    delivery(MANY, id);
    assert_null(hb_candidates_get(candidates, id));
    assert_int_equal(hb_candidates_put(candidates, id, &candidate), HB_ERR_FULL);
    hb_candidates_free(&candidates);
}

static void what_is_taken_stands_in_order_behind_the_cursor(void **state)
{
    struct hb_candidates *candidates = NULL;
    const struct hb_replay_rule rule = {.states = HB_REPLAY_BIT(DEAD), .until = {INT64_MAX}};
    size_t gone = 0;
    (void)state;
    assert_int_equal(hb_candidates_new(MANY, &candidates), HB_OK);
    for (int i = 0; i < 100; i++) {
        struct hb_candidate *candidate = put(candidates, i);
        candidate->journal = i % 2 ? HB_DELIVERY_DEAD : HB_DELIVERY_PARKED;
        candidate->position = (struct hb_position){0, i % 3, i, {1000 - i / 10}};
        candidate->flags = HB_CANDIDATE_HAS_POSITION | HB_CANDIDATE_HAS_APPENDED;
        if (i == 7 || i == 8)
            candidate->flags |= HB_CANDIDATE_GONE;
    }
    const struct hb_replay_cursor from = {{991}, 4, 0, 0};
    hb_candidates_finish(candidates, &rule, &from, &gone);
    assert_int_equal(gone, 1);                             /* 8 was not asked for */
    assert_int_equal(hb_candidates_count(candidates), 44); /* the odd ones but 7, and but the five of 991 */
    for (size_t i = 1; i < hb_candidates_count(candidates); i++) {
        struct hb_replay_cursor a = hb_candidates_cursor(hb_candidates_at(candidates, i - 1));
        struct hb_replay_cursor b = hb_candidates_cursor(hb_candidates_at(candidates, i));
        assert_true(hb_replay_cursor_cmp(&a, &b) < 0);
    }
    hb_candidates_free(&candidates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_found_again_and_one_too_many_is_refused),
        cmocka_unit_test(what_is_taken_stands_in_order_behind_the_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
