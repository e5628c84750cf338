#include "core/shard_rule.h"

#include "unit/core/check.h"

// clang-format off
#define HERE {1, 2, 77, {5}}
#define ELSEWHERE {1, 2, 78, {5}}
// clang-format on
#define NO HB_SHARD_NONE
#define REPLAY HB_SHARD_REPLAY_VERSION_MIN
#define DELIVERED HB_DELIVERY_DELIVERED
#define EXPIRED HB_DELIVERY_EXPIRED
#define PARKED HB_DELIVERY_PARKED
#define DEAD HB_DELIVERY_DEAD

/* An entry, or a memory (by its state), or neither (version 0): its state, version, offset. */
struct before {
    enum hb_delivery_state state;
    int64_t version, offset;
};

struct row {
    const char *name;
    struct before before;
    struct hb_shard_record record;
    struct hb_shard_ruling wanted;
};

// clang-format off
#define NOTHING {0, 0, 0}
#define PUTS(version) {HB_SHARD_APPLIED, HB_SHARD_PUT, version, HB_SHARD_AS_IT_IS, 0, 0, 0}
#define REBORN(version) {HB_SHARD_APPLIED, HB_SHARD_PUT, version, HB_SHARD_FORGET, 0, 0, 0}
#define REMOVES(version) {HB_SHARD_APPLIED, HB_SHARD_REMOVE, 0, HB_SHARD_REMEMBER, version, 0, 0}
#define REMEMBERS(version) {HB_SHARD_APPLIED, HB_SHARD_KEEP, 0, HB_SHARD_REMEMBER, version, 0, 0}
#define IS_STALE(state, version) {HB_SHARD_STALE, HB_SHARD_KEEP, 0, HB_SHARD_AS_IT_IS, 0, state, version}
#define IN_CONFLICT(state, version) {HB_SHARD_CONFLICT, HB_SHARD_KEEP, 0, HB_SHARD_AS_IT_IS, 0, state, version}
// clang-format on

static const struct row rows[] = {
    {"a first park", NOTHING, {PARKED, 1, 50, NO, HERE}, PUTS(1)},
    {"never conclude done from a missing entry", NOTHING, {PARKED, 7, 50, NO, HERE}, PUTS(7)},
    {"dead without a predecessor", NOTHING, {DEAD, 9, 50, NO, HERE}, PUTS(9)},
    {"a success of the fast path in the repeat zone", NOTHING, {DELIVERED, 1, 50, NO, HERE}, REMEMBERS(1)},
    {"the state after", {PARKED, 1, 40}, {PARKED, 2, 50, NO, HERE}, PUTS(2)},
    {"a state some steps on", {PARKED, 1, 40}, {DEAD, 9, 50, NO, HERE}, PUTS(9)},
    {"a success", {PARKED, 3, 40}, {DELIVERED, 4, 50, NO, HERE}, REMOVES(4)},
    {"a late success", {DEAD, 9, 40}, {DELIVERED, 2, 50, NO, HERE}, REMOVES(9)},
    {"a second success", {DELIVERED, 3, 40}, {DELIVERED, 2, 50, NO, HERE}, REMEMBERS(3)},
    {"an end", {PARKED, 3, 40}, {EXPIRED, 4, 50, NO, HERE}, REMOVES(4)},
    {"an end that is late", {PARKED, 4, 40}, {EXPIRED, 4, 50, NO, HERE}, IS_STALE(PARKED, 5)},
    {"a second first park", {PARKED, 5, 40}, {PARKED, 1, 50, NO, HERE}, IS_STALE(PARKED, 6)},
    {"a second first park of a dead one", {DEAD, 5, 40}, {PARKED, 1, 50, NO, HERE}, IS_STALE(DEAD, 6)},
    {"the same version twice", {PARKED, 2, 40}, {DEAD, 2, 50, NO, HERE}, IS_STALE(PARKED, 3)},
    {"another event with this id", {PARKED, 2, 40}, {PARKED, 1, 50, NO, ELSEWHERE}, IN_CONFLICT(PARKED, 3)},
    {"a later record of another event", {PARKED, 2, 40}, {PARKED, 9, 50, NO, ELSEWHERE}, IS_STALE(PARKED, 10)},
    {"a stopped worker wakes after the success", {DELIVERED, 4, 40}, {PARKED, 2, 50, NO, HERE}, IS_STALE(DELIVERED, 5)},
    {"even with a larger version", {DELIVERED, 1, 40}, {DEAD, 9, 50, NO, HERE}, IS_STALE(DELIVERED, 10)},
    {"a repeat forgets the success", {DELIVERED, 4, 40}, {PARKED, 1, 50, NO, HERE}, REBORN(5)},
    {"a stopped worker wakes after the end", {EXPIRED, 4, 40}, {PARKED, 4, 50, NO, HERE}, IS_STALE(EXPIRED, 5)},
    {"a replay forgets the success", {DELIVERED, 4, 40}, {PARKED, REPLAY, 50, NO, HERE}, REBORN(REPLAY)},
    {"what follows a replay", {DELIVERED, 4, 40}, {PARKED, REPLAY + 1, 50, NO, HERE}, REBORN(REPLAY + 1)},
    {"what follows a replay that ended",
     {DELIVERED, REPLAY + 2, 40},
     {DEAD, REPLAY + 2, 50, NO, HERE},
     IS_STALE(DELIVERED, REPLAY + 3)},
    {"a later attempt of a replay that ended",
     {DELIVERED, REPLAY + 2, 40},
     {DEAD, REPLAY + 9, 50, NO, HERE},
     IS_STALE(DELIVERED, REPLAY + 10)},
    {"the next replay",
     {DELIVERED, REPLAY + 2, 40},
     {PARKED, REPLAY + HB_SHARD_REPLAY_STEPS, 50, NO, HERE},
     REBORN(REPLAY + HB_SHARD_REPLAY_STEPS)},
    {"a success of before the replay ends it too", {PARKED, REPLAY, 40}, {DELIVERED, 2, 50, NO, HERE}, REMOVES(REPLAY)},
    {"an end written again", {EXPIRED, 4, 40}, {EXPIRED, 6, 60, 50, HERE}, REMEMBERS(6)},
    {"an end after a success", {DELIVERED, 4, 40}, {EXPIRED, 5, 50, NO, HERE}, IS_STALE(DELIVERED, 6)},
    {"a success after an end", {EXPIRED, 4, 40}, {DELIVERED, 3, 50, NO, HERE}, REMEMBERS(4)},
    {"a replay's repair after its success",
     {DELIVERED, 2, 55},
     {PARKED, REPLAY + 2, 60, 50, HERE},
     IS_STALE(DELIVERED, REPLAY + 3)},
    {"a replay of a dead one", {DEAD, 10, 40}, {PARKED, REPLAY, 50, NO, HERE}, PUTS(REPLAY)},
    {"an attempt of before the replay", {PARKED, REPLAY, 40}, {DEAD, 3, 50, NO, HERE}, IS_STALE(PARKED, REPLAY + 1)},
    {"a repair", {PARKED, 5, 40}, {PARKED, 6, 60, 50, HERE}, PUTS(6)},
    {"a repair after a change", {PARKED, 5, 55}, {PARKED, 6, 60, 50, HERE}, IS_STALE(PARKED, 7)},
    /* Compaction had taken what showed that the record was stale, so a view built anew believed it: until its repair. */
    {"a repair of the very record the entry was made of", {DEAD, 4, 50}, {PARKED, 6, 60, 50, HERE}, PUTS(6)},
    {"a repaired success over the very record", {DEAD, 4, 50}, {DELIVERED, 5, 60, 50, HERE}, REMOVES(5)},
    {"a repair of the very end that is remembered", {EXPIRED, 4, 50}, {PARKED, 6, 60, 50, HERE}, REBORN(6)},
    {"a repair of an outdated state", {PARKED, 8, 40}, {PARKED, 6, 60, 50, HERE}, IS_STALE(PARKED, 9)},
    {"a repair into a wiped view", NOTHING, {PARKED, 6, 60, 50, HERE}, PUTS(6)},
    {"a repaired success", {DELIVERED, 4, 40}, {DELIVERED, 5, 60, 50, HERE}, REMEMBERS(5)},
    {"a repaired success in a restored view", {PARKED, 1, 40}, {DELIVERED, 5, 60, 50, HERE}, REMOVES(5)},
    {"a repaired success must not take a replay along",
     {PARKED, 1, 55},
     {DELIVERED, 5, 60, 50, HERE},
     IS_STALE(PARKED, 6)},
    {"a repair of a state that was delivered since",
     {DELIVERED, 6, 55},
     {PARKED, 6, 60, 50, HERE},
     IS_STALE(DELIVERED, 7)},
    {"a repair of one that was thought cancelled", {HB_DELIVERY_CANCELLED, 2, 40}, {DEAD, 3, 60, 50, HERE}, REBORN(3)},
    {"a repair of one that was delivered", {DELIVERED, 2, 40}, {DEAD, 3, 60, 50, HERE}, IS_STALE(DELIVERED, 4)},
};

static void check_ruling(struct hb_shard_ruling found, const struct row *row)
{
    check_row(found.verdict == row->wanted.verdict, row->name);
    check_row(found.change == row->wanted.change, row->name);
    check_row(found.entry_version == row->wanted.entry_version, row->name);
    check_row(found.recall == row->wanted.recall, row->name);
    check_row(found.memory_version == row->wanted.memory_version, row->name);
    check_row(found.repair_state == row->wanted.repair_state, row->name);
    check_row(found.repair_version == row->wanted.repair_version, row->name);
}

static void each_record_does_to_each_view_what_is_written_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct before *b = &rows[i].before;
        struct hb_shard_entry entry = {b->state, b->version, b->offset, HERE};
        struct hb_shard_memory memory = {b->state, b->version, b->offset};
        bool is_memory = b->version > 0 && hb_delivery_state_is_done(b->state);
        bool is_entry = b->version > 0 && !is_memory;
        check_ruling(hb_shard_rule_run(is_entry ? &entry : NULL, is_memory ? &memory : NULL, &rows[i].record),
                     &rows[i]);
    }
}

static void a_repair_is_wanted_until_something_later_was_applied(void **state)
{
    (void)state;
    struct hb_shard_entry entry = {PARKED, 2, 40, HERE};
    struct hb_shard_memory memory = {DELIVERED, 2, 40};
    assert_true(hb_shard_rule_wants_repair(&entry, NULL, 41));
    assert_false(hb_shard_rule_wants_repair(&entry, NULL, 39));
    assert_true(hb_shard_rule_wants_repair(NULL, &memory, 41));
    assert_false(hb_shard_rule_wants_repair(NULL, &memory, 39));
    assert_false(hb_shard_rule_wants_repair(NULL, NULL, 41));
}

static void a_replay_is_above_every_state(void **state)
{
    (void)state;
    struct hb_wall now = {INT64_C(1800000000000)};
    int64_t version = now.ms * HB_SHARD_REPLAY_STEPS;
    assert_int_equal(hb_shard_rule_replay_version(0, now), version);
    assert_int_equal(hb_shard_rule_replay_version(10, now), version);
    assert_int_equal(hb_shard_rule_replay_version(version + 5, now), version + HB_SHARD_REPLAY_STEPS);
    assert_int_equal(hb_shard_rule_replay_version(3, (struct hb_wall){0}), REPLAY);
    assert_int_equal(hb_shard_rule_life(7000), 0);
    assert_int_equal(hb_shard_rule_life(version + 1023), now.ms);
    assert_true(version < HB_SHARD_VERSION_MAX / 4);
}

static void the_gates_open_to_the_owner_with_the_view_it_remembers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct hb_shard_head view, mine;
        enum hb_shard_gate apply, claim;
    } gates[] = {
        {"as remembered", {10, 5}, {10, 5}, HB_SHARD_OPEN, HB_SHARD_OPEN},
        {"taken over", {10, 7}, {10, 5}, HB_SHARD_FENCED, HB_SHARD_FENCED},
        {"wiped, by another owner since", {3, 7}, {10, 5}, HB_SHARD_FENCED, HB_SHARD_FENCED},
        {"wiped", {NO, NO}, {10, 5}, HB_SHARD_BEHIND, HB_SHARD_BEHIND},
        {"restored", {8, 5}, {10, 5}, HB_SHARD_BEHIND, HB_SHARD_BEHIND},
        {"a reply was lost", {12, 5}, {10, 5}, HB_SHARD_BEHIND, HB_SHARD_BEHIND},
        {"begins in an empty view", {NO, NO}, {NO, 5}, HB_SHARD_OPEN, HB_SHARD_BEHIND},
        {"catches up over a former owner's", {4, 2}, {4, 5}, HB_SHARD_OPEN, HB_SHARD_BEHIND},
    };
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
        check_row(hb_shard_rule_may_apply(gates[i].view, gates[i].mine) == gates[i].apply, gates[i].name);
        check_row(hb_shard_rule_may_claim(gates[i].view, gates[i].mine) == gates[i].claim, gates[i].name);
    }
    assert_int_equal(hb_shard_rule_take_mark(NO, 4), 4);
    assert_int_equal(hb_shard_rule_take_mark(9, 4), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_does_to_each_view_what_is_written_here),
        cmocka_unit_test(a_repair_is_wanted_until_something_later_was_applied),
        cmocka_unit_test(a_replay_is_above_every_state),
        cmocka_unit_test(the_gates_open_to_the_owner_with_the_view_it_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
