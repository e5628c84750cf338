#include "core/replay_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/selection.h"
#include "core/shard_rule.h"

#define NOTHING HB_REPLAY_NO_ENTRY
#define ALL_STATES ((1U << HB_REPLAY_STATE_COUNT) - 1)

static const unsigned char D1[16] = {1}, D2[16] = {2}, D3[16] = {3};

/* A delivery of which everything is known, appended at 1000, of subject 7. */
static struct hb_replay_facts known(int journal)
{
    return (struct hb_replay_facts){.delivery = D2,
                                    .journal = journal,
                                    .has_appended = true,
                                    .appended = {1000},
                                    .has_subject = true,
                                    .subject = 7,
                                    .has_event = true,
                                    .is_of_type = true};
}

static struct hb_replay_rule asking(unsigned states)
{
    return (struct hb_replay_rule){.states = states, .until = {INT64_MAX}};
}

static void each_state_is_taken_by_the_job_that_asks_for_it_and_by_no_other(void **state)
{
    static const struct {
        const char *name;
        int journal;
        bool was_delivered, was_skipped, is_wanted;
        unsigned taken_by;
    } ROWS[] = {
        {"dead", HB_DELIVERY_DEAD, false, false, false, HB_REPLAY_BIT(DEAD)},
        {"held", HB_DELIVERY_HELD, false, false, false, HB_REPLAY_BIT(HELD)},
        {"parked", HB_DELIVERY_PARKED, false, false, false, HB_REPLAY_BIT(PARKED)},
        {"expired", HB_DELIVERY_EXPIRED, false, false, true, HB_REPLAY_BIT(EXPIRED)},
        {"cancelled", HB_DELIVERY_CANCELLED, false, false, true, HB_REPLAY_BIT(CANCELLED)},
        {"delivered", NOTHING, true, false, true, HB_REPLAY_BIT(DELIVERED)},
        {"skipped once, then delivered", NOTHING, true, true, true, HB_REPLAY_BIT(DELIVERED)},
        {"delivered once, then dead by a replay", HB_DELIVERY_DEAD, true, false, true, HB_REPLAY_BIT(DEAD)},
        {"skipped, and no longer wanted", NOTHING, false, true, false, HB_REPLAY_BIT(SKIPPED)},
        {"skipped, and wanted", NOTHING, false, true, true, HB_REPLAY_BIT(SKIPPED) | HB_REPLAY_BIT(MISSING)},
        {"wanted, and nothing is known of it", NOTHING, false, false, true, HB_REPLAY_BIT(MISSING)},
        {"nothing at all", NOTHING, false, false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct hb_replay_facts facts = known(ROWS[i].journal);
        facts.was_delivered = ROWS[i].was_delivered;
        facts.was_skipped = ROWS[i].was_skipped;
        facts.is_wanted = ROWS[i].is_wanted;
        for (unsigned bit = 0; bit < HB_REPLAY_STATE_COUNT; bit++) {
            struct hb_replay_rule rule = asking(1U << bit);
            bool is_taken = hb_replay_rule_judge(&rule, &facts) == HB_REPLAY_TAKE;
            if (is_taken != ((ROWS[i].taken_by >> bit & 1) != 0))
                fail_msg("%s, asked for %s: %d", ROWS[i].name, hb_replay_state_text((enum hb_replay_state)bit),
                         is_taken);
        }
    }
}

static void what_the_job_has_already_is_left(void **state)
{
    struct hb_replay_rule rule = asking(ALL_STATES);
    struct hb_replay_facts facts = known(HB_DELIVERY_DEAD);
    (void)state;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
    facts.is_taken = true;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
}

static void the_range_of_time_holds_its_beginning_and_not_its_end(void **state)
{
    static const struct {
        int64_t since, until;
        enum hb_replay_verdict verdict;
    } ROWS[] = {{0, INT64_MAX, HB_REPLAY_TAKE},
                {1000, 1001, HB_REPLAY_TAKE},
                {1001, 2000, HB_REPLAY_LEAVE},
                {0, 1000, HB_REPLAY_LEAVE}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct hb_replay_rule rule = asking(ALL_STATES);
        struct hb_replay_facts facts = known(HB_DELIVERY_DEAD);
        rule.since.ms = ROWS[i].since;
        rule.until.ms = ROWS[i].until;
        assert_int_equal(hb_replay_rule_judge(&rule, &facts), ROWS[i].verdict);
    }
}

static void subjects_and_deliveries_asked_for_are_found_among_the_sorted(void **state)
{
    static const uint64_t SUBJECTS[] = {3, 7, 9};
    const unsigned char deliveries[2][16] = {{1}, {3}};
    struct hb_replay_rule rule = asking(ALL_STATES);
    struct hb_replay_facts facts = known(HB_DELIVERY_DEAD);
    (void)state;
    rule.subjects = SUBJECTS;
    rule.subjects_count = 3;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
    facts.subject = 8;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
    facts.subject = 9;
    rule.deliveries = deliveries;
    rule.deliveries_count = 2;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
    facts.delivery = D1;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
    facts.delivery = D3;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
}

static void the_events_record_is_asked_for_only_when_something_depends_on_it(void **state)
{
    struct hb_str type = HB_STR("order.*");
    static const uint64_t SUBJECTS[] = {7};
    struct hb_replay_rule rule = asking(HB_REPLAY_BIT(DEAD));
    struct hb_replay_facts facts = known(HB_DELIVERY_DEAD);
    struct hb_selection *types = NULL;
    (void)state;
    assert_int_equal(hb_selection_new(&type, 1, NULL, 0, &types, NULL), HB_OK);
    facts.has_event = facts.has_subject = false;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
    rule.types = types;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_ASK);
    facts.has_event = true;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_TAKE);
    facts.is_of_type = false;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
    rule.types = NULL;
    rule.subjects = SUBJECTS;
    rule.subjects_count = 1;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_ASK);
    rule.subjects_count = 0;
    facts.has_appended = false;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_ASK);
    hb_selection_free(&types);
}

static void what_is_asked_for_and_gone_is_said_and_what_is_not_asked_for_is_not(void **state)
{
    struct hb_replay_rule rule = asking(HB_REPLAY_BIT(DEAD));
    struct hb_replay_facts facts = known(HB_DELIVERY_DEAD);
    (void)state;
    facts.is_event_gone = true;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_GONE);
    facts.journal = HB_DELIVERY_HELD;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
    facts.journal = HB_DELIVERY_DEAD;
    rule.since.ms = 1001;
    assert_int_equal(hb_replay_rule_judge(&rule, &facts), HB_REPLAY_LEAVE);
}

static void only_what_history_must_say_is_read(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < HB_REPLAY_STATE_COUNT; bit++) {
        struct hb_replay_rule rule = asking(1U << bit);
        bool needs_lines = bit == HB_REPLAY_SKIPPED || bit == HB_REPLAY_DELIVERED || bit == HB_REPLAY_MISSING;
        assert_int_equal(hb_replay_rule_needs_lines(&rule), needs_lines);
        assert_int_equal(hb_replay_rule_needs_events(&rule), bit == HB_REPLAY_MISSING);
        assert_int_equal(hb_replay_state_find(hb_str_c(hb_replay_state_text((enum hb_replay_state)bit))), bit);
    }
    assert_int_equal(hb_replay_state_find(HB_STR("lost")), -1);
}

static void cursors_stand_in_the_order_of_time_then_place(void **state)
{
    static const struct hb_replay_cursor ORDER[] = {{{-1}, 0, 0, 0}, {{5}, 0, 9, 9}, {{5}, 1, 0, 7},
                                                    {{5}, 1, 3, 2},  {{5}, 1, 3, 3}, {{6}, 0, 0, 0}};
    const size_t count = sizeof ORDER / sizeof *ORDER;
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int order = hb_replay_cursor_cmp(&ORDER[i], &ORDER[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

/* docs/decisions/0008: what a crash makes a job do twice. */
static void a_second_selection_by_the_same_job_changes_nothing(void **state)
{
    const struct hb_wall made = {1800000000000};
    const struct hb_position at = {0, 3, 77, {1000}};
    const struct hb_shard_entry dead = {HB_DELIVERY_DEAD, 11, 100, at};
    struct hb_shard_record selection = {HB_DELIVERY_PARKED, hb_shard_rule_replay_version(dead.version, made), 200,
                                        HB_SHARD_NONE, at};
    (void)state;
    assert_int_equal(hb_shard_rule_run(&dead, NULL, &selection).verdict, HB_SHARD_APPLIED);
    const struct hb_shard_entry entries[] = {{HB_DELIVERY_PARKED, selection.version, 200, at},
                                             {HB_DELIVERY_PARKED, selection.version + 3, 230, at},
                                             {HB_DELIVERY_DEAD, selection.version + 10, 240, at}};
    const struct hb_shard_memory delivered = {HB_DELIVERY_DELIVERED, selection.version + 1, 250};
    selection.offset = 300;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        assert_int_equal(hb_shard_rule_run(&entries[i], NULL, &selection).verdict, HB_SHARD_STALE);
    assert_int_equal(hb_shard_rule_run(NULL, &delivered, &selection).verdict, HB_SHARD_STALE);
    /* A job made later is a life of its own; so is one whose clock went back, above what it read. */
    const struct hb_wall later = {made.ms + 1}, back = {made.ms - 3600000};
    selection.version = hb_shard_rule_replay_version(entries[2].version, later);
    assert_int_equal(hb_shard_rule_run(&entries[2], NULL, &selection).verdict, HB_SHARD_APPLIED);
    selection.version = hb_shard_rule_replay_version(entries[2].version, back);
    assert_int_equal(hb_shard_rule_run(&entries[2], NULL, &selection).verdict, HB_SHARD_APPLIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_is_taken_by_the_job_that_asks_for_it_and_by_no_other),
        cmocka_unit_test(what_the_job_has_already_is_left),
        cmocka_unit_test(the_range_of_time_holds_its_beginning_and_not_its_end),
        cmocka_unit_test(subjects_and_deliveries_asked_for_are_found_among_the_sorted),
        cmocka_unit_test(the_events_record_is_asked_for_only_when_something_depends_on_it),
        cmocka_unit_test(what_is_asked_for_and_gone_is_said_and_what_is_not_asked_for_is_not),
        cmocka_unit_test(only_what_history_must_say_is_read),
        cmocka_unit_test(a_second_selection_by_the_same_job_changes_nothing),
        cmocka_unit_test(cursors_stand_in_the_order_of_time_then_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
