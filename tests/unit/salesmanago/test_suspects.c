/* Who of the products that fail without a word is to be tried when, and what condemns it. */
#include "tests/unit/core/check.h"

#include "salesmanago/suspects.h"

#define MAX 256
#define FIRST_MS 1000
#define MOST_MS 300000
#define STEPS 100000

static struct hb_sm_suspects suspects;

static int setup(void **state)
{
    (void)state;
    suspects = (struct hb_sm_suspects){.max = MAX, .first_ms = FIRST_MS, .most_ms = MOST_MS};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hb_sm_suspects_clear(&suspects);
    return 0;
}

static struct hb_mono at_ms(int64_t ms)
{
    return (struct hb_mono){ms * HB_US_PER_MS};
}

static const struct hb_sm_suspect *fails(const char *key, int64_t offset, int64_t now_ms)
{
    static const struct hb_sm_answer ANSWER = {.outcome = HB_SM_BUSY, .status = 500, .words = "HTTP 500"};
    const struct hb_sm_failure failure = {
        .key = hb_str_c(key), .partition = 3, .offset = offset, .item = HB_STR("i"), .answer = &ANSWER};
    assert_int_equal(hb_sm_suspects_failed(&suspects, &failure, at_ms(now_ms)), HB_OK);
    return hb_sm_suspects_find(&suspects, failure.key);
}

static void others_are_accepted(void)
{
    hb_sm_suspects_accepted(&suspects, hb_str_n(NULL, 0));
}

static void what_fails_alone_seven_times_while_others_are_accepted_is_condemned(void **state)
{
    (void)state;
    for (int i = 1; i <= 7; i++) {
        const struct hb_sm_suspect *suspect = fails("demo/7", 10, i * MOST_MS);
        assert_false(hb_sm_suspect_is_condemned(suspect));
        others_are_accepted();
        others_are_accepted(); /* twice says no more */
        assert_int_equal(suspect->evidence, i);
    }
    assert_true(hb_sm_suspect_is_condemned(hb_sm_suspects_find(&suspects, HB_STR("demo/7"))));
}

/* An outage looks like a bad product, until others are accepted. */
static void nothing_is_condemned_while_nothing_is_accepted(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fails("demo/7", 10, i)->evidence, 0);
    hb_sm_suspects_doubt(&suspects, true);
    others_are_accepted();
    assert_int_equal(hb_sm_suspects_find(&suspects, HB_STR("demo/7"))->evidence, 0);
}

/* Else a SALESmanago that fails one in a hundred would keep everybody waiting for ever. */
static void another_failure_in_between_voids_the_last_try_and_no_other(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        fails("demo/7", 10, 0);
        others_are_accepted();
    }
    fails("demo/7", 10, 0);
    hb_sm_suspects_doubt(&suspects, true);
    others_are_accepted();
    assert_int_equal(hb_sm_suspects_find(&suspects, HB_STR("demo/7"))->evidence, 6);
}

static void another_suspects_acceptance_counts_and_its_failure_does_not(void **state)
{
    (void)state;
    const struct hb_sm_suspect *first = fails("demo/1", 10, 0), *second = fails("demo/2", 11, 0);
    assert_int_equal(first->evidence, 0);
    hb_sm_suspects_accepted(&suspects, HB_STR("demo/2"));
    assert_int_equal(first->evidence, 1);
    assert_int_equal(second->evidence, 0);
}

static void a_newer_version_is_neither_sooner_tried_nor_less_suspect(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        fails("demo/7", 10, i * MOST_MS);
        others_are_accepted();
    }
    const struct hb_sm_suspect *suspect = fails("demo/7", 20, 6 * MOST_MS);
    assert_int_equal(suspect->evidence, 6);
    assert_int_equal(suspect->offset, 20);
    assert_int_equal(suspect->pause_ms, MOST_MS);
}

static void parts_of_a_product_that_fail_one_after_another_are_one_try(void **state)
{
    (void)state;
    fails("demo/7", 10, 0);
    const struct hb_sm_suspect *suspect = fails("demo/7", 10, FIRST_MS / 2);
    assert_int_equal(suspect->pause_ms, FIRST_MS);
    assert_int_equal(suspect->due.us, at_ms(FIRST_MS / 2 + FIRST_MS).us);
    hb_sm_suspects_accepted(&suspects, HB_STR("demo/7")); /* its good items: they judge nobody */
    assert_int_equal(suspect->evidence, 0);
    others_are_accepted();
    assert_int_equal(suspect->evidence, 1);
}

static void pauses_grow_fourfold_to_the_most(void **state)
{
    static const int64_t PAUSES_S[] = {1, 4, 16, 64, 256, 300, 300};
    int64_t now_ms = 5;
    (void)state;
    for (size_t i = 0; i < sizeof(PAUSES_S) / sizeof(PAUSES_S[0]); i++) {
        const struct hb_sm_suspect *suspect = fails("demo/7", 10, now_ms);
        assert_int_equal(suspect->due.us, at_ms(now_ms + PAUSES_S[i] * 1000).us);
        now_ms = suspect->due.us / HB_US_PER_MS;
    }
    assert_true(now_ms > 10 * 60 * 1000); /* until it is condemned */
}

static void no_more_suspects_are_kept_than_may_be(void **state)
{
    char key[32];
    static const struct hb_sm_answer ANSWER = {.outcome = HB_SM_BUSY};
    (void)state;
    for (int i = 0; i <= MAX; i++) {
        int len = snprintf(key, sizeof key, "demo/%d", i);
        const struct hb_sm_failure failure = {
            .key = hb_str_n(key, (size_t)len), .partition = i % 2, .offset = i, .answer = &ANSWER};
        assert_int_equal(hb_sm_suspects_failed(&suspects, &failure, at_ms(0)),
                         i < MAX ? HB_OK : HB_ERR_FULL);
    }
    hb_sm_suspects_remove_partition(&suspects, 1);
    assert_int_equal(suspects.by_key.count, MAX / 2);
    assert_non_null(hb_sm_suspects_find(&suspects, HB_STR("demo/0")));
    assert_null(hb_sm_suspects_find(&suspects, HB_STR("demo/1")));
}

#define NEVER INT64_MAX
#define DUE_MS 101

static void a_suspect_is_tried_while_salesmanago_is_well_or_nothing_else_can_be_asked(void **state)
{
    static const struct {
        bool is_well, is_asked, has_others, has_witness, has_suspect, is_due;
        enum hb_sm_turn turn;
        int64_t again_ms;
    } rows[] = {
        {1, 0, 1, 1, 1, 1, HB_SM_TURN_SUSPECT, 0},    /* due, and SALESmanago is well */
        {1, 0, 1, 1, 1, 0, HB_SM_TURN_OTHERS, DUE_MS},
        {0, 0, 1, 1, 1, 1, HB_SM_TURN_OTHERS, NEVER}, /* is it? */
        {0, 0, 0, 1, 1, 1, HB_SM_TURN_WITNESS, 0},
        {0, 0, 0, 0, 1, 1, HB_SM_TURN_SUSPECT, 0}, /* there is nothing else to ask with */
        {0, 1, 0, 1, 1, 0, HB_SM_TURN_WITNESS, 0}, /* it failed just now: was it itself? */
        {0, 0, 0, 1, 1, 0, HB_SM_TURN_NONE, DUE_MS},
        {1, 0, 0, 1, 1, 0, HB_SM_TURN_NONE, DUE_MS},
        {1, 1, 0, 1, 1, 0, HB_SM_TURN_WITNESS, 0}, /* others of its items were accepted: who is at fault? */
        {0, 1, 0, 0, 1, 0, HB_SM_TURN_NONE, DUE_MS},
        {0, 1, 1, 1, 1, 0, HB_SM_TURN_OTHERS, NEVER},
        {1, 0, 1, 1, 0, 0, HB_SM_TURN_OTHERS, NEVER},
        {0, 1, 0, 1, 0, 0, HB_SM_TURN_NONE, NEVER}, /* let go: it is read again */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hb_sm_suspects_clear(&suspects);
        fails("demo/7", 10, 0);
        if (!rows[i].is_asked)
            hb_sm_suspects_doubt(&suspects, false);
        suspects.is_well = rows[i].is_well;
        const struct hb_sm_turn_question question = {.has_others = rows[i].has_others,
                                                     .has_witness = rows[i].has_witness,
                                                     .has_suspect = rows[i].has_suspect,
                                                     .suspect_due = at_ms(rows[i].is_due ? DUE_MS - 1 : DUE_MS)};
        struct hb_mono again;
        assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(DUE_MS - 1), &again), rows[i].turn);
        assert_int_equal(again.us, rows[i].again_ms == NEVER ? NEVER : at_ms(rows[i].again_ms).us);
    }
}

/* More are bad than have a place: who waits for one fails whenever it is its turn, and can judge nobody. */
static void who_waits_for_a_place_and_fails_is_no_judge_but_the_witness_is(void **state)
{
    struct hb_mono again;
    const struct hb_sm_turn_question question = {
        .has_others = true, .has_witness = true, .has_suspect = true, .suspect_due = at_ms(FIRST_MS)};
    (void)state;
    hb_sm_suspects_doubt(&suspects, true);
    const struct hb_sm_suspect *suspect = fails("demo/7", 10, 0);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(1), &again), HB_SM_TURN_WITNESS);
    hb_sm_suspects_witnessed(&suspects);
    assert_int_equal(suspect->evidence, 1);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(2), &again), HB_SM_TURN_OTHERS);
    hb_sm_suspects_doubt(&suspects, true);
    assert_int_equal(suspect->evidence, 1);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(3), &again), HB_SM_TURN_OTHERS);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(FIRST_MS), &again), HB_SM_TURN_WITNESS);
    hb_sm_suspects_witnessed(&suspects);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(FIRST_MS), &again), HB_SM_TURN_SUSPECT);
    others_are_accepted();
    fails("demo/7", 10, FIRST_MS);
    assert_int_equal(hb_sm_suspects_turn(&suspects, &question, at_ms(FIRST_MS), &again), HB_SM_TURN_OTHERS);
}

/* ---- a SALESmanago with some bad products, and outages ---- */

/* Ten suspects, two of them bad; outages come and go. Only the bad ones are ever condemned, and they are in the end. */
static void only_who_is_bad_is_ever_condemned(void **state)
{
    char keys[10][16];
    uint64_t random = 88172645463325252;
    int condemned = 0;
    (void)state;
    for (int i = 0; i < 10; i++)
        (void)snprintf(keys[i], sizeof keys[i], "demo/%d", i);
    for (int round = 0; round < STEPS; round++) {
        bool is_away = (round / 50) % 3 == 2;
        int at = (int)(next_random(&random) % 12);
        if (at >= 10) { /* others */
            if (is_away)
                hb_sm_suspects_doubt(&suspects, true);
            else
                others_are_accepted();
        } else if (is_away || at < 2) {
            fails(keys[at], 10, round);
        } else {
            hb_sm_suspects_accepted(&suspects, hb_str_c(keys[at]));
            hb_sm_suspects_remove(&suspects, hb_str_c(keys[at]));
        }
        for (int i = 0; i < 10; i++) {
            const struct hb_sm_suspect *suspect = hb_sm_suspects_find(&suspects, hb_str_c(keys[i]));
            if (!suspect || !hb_sm_suspect_is_condemned(suspect))
                continue;
            assert_true(i < 2);
            condemned++;
            hb_sm_suspects_remove(&suspects, suspect->key);
        }
    }
    assert_true(condemned > 10);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_fails_alone_seven_times_while_others_are_accepted_is_condemned),
        T(nothing_is_condemned_while_nothing_is_accepted),
        T(another_failure_in_between_voids_the_last_try_and_no_other),
        T(another_suspects_acceptance_counts_and_its_failure_does_not),
        T(a_newer_version_is_neither_sooner_tried_nor_less_suspect),
        T(parts_of_a_product_that_fail_one_after_another_are_one_try),
        T(pauses_grow_fourfold_to_the_most),
        T(no_more_suspects_are_kept_than_may_be),
        T(a_suspect_is_tried_while_salesmanago_is_well_or_nothing_else_can_be_asked),
        T(who_waits_for_a_place_and_fails_is_no_judge_but_the_witness_is),
        T(only_who_is_bad_is_ever_condemned),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
