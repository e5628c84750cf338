/* The rule of core/shard_rule and the script in Redis are the same rule: random records, batches, takeovers, wipes and
 * copies restored, and after each batch both views are held against each other. HOOKBUS_TEST_SEED=N runs one again. */
#include "component/retry/rig.h"

#include "core/ordering.h"

#include "platform/crypto/crypto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DELIVERIES 15
#define WEBHOOKS 3
#define JOURNAL_MAX 4000
#define ROUNDS 150
#define RUNS 6

/* What is known of one delivery. */
struct known {
    bool has_entry, has_memory;
    struct hb_shard_entry entry;
    struct hb_shard_memory memory;
    struct hb_view_record record; /* the one the entry was made of */
    bool has_repair;              /* wanted */
    enum hb_delivery_state repair_state;
    int64_t repair_version, repairs;
};
struct model {
    struct known known[DELIVERIES], copy[DELIVERIES];
    int64_t applied, mark, copy_applied, copy_mark;
    int64_t mine;                               /* the owner's mark */
    struct hb_view_record journal[JOURNAL_MAX]; /* by offset */
    int64_t end;
    uint64_t random;
    bool has_copy;
};
static const char *const webhooks[WEBHOOKS] = {"wh_a", "wh_b", "wh_c"};
static const char *const jobs[] = {"", "", "rpl_one", "rpl_two"};

static uint64_t pick(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (model->random >> 11) % below;
}

static int64_t random_version(struct model *model)
{
    switch (pick(model, 6)) {
    case 0:
        return HB_SHARD_REPLAY_VERSION_MIN + (int64_t)(pick(model, 3) * HB_SHARD_REPLAY_STEPS + pick(model, 3));
    case 1:
        return INT64_C(1767225600000) + (int64_t)pick(model, 4);
    case 2:
        return INT64_C(1767225600000) * HB_SHARD_REPLAY_STEPS + (int64_t)pick(model, 8);
    default:
        return 1 + (int64_t)pick(model, 5);
    }
}

static struct hb_view_record random_record(struct model *model, int64_t offset)
{
    static const enum hb_delivery_state states[] = {HB_DELIVERY_PARKED,  HB_DELIVERY_PARKED,   HB_DELIVERY_PARKED,
                                                    HB_DELIVERY_HELD,    HB_DELIVERY_DEAD,     HB_DELIVERY_DELIVERED,
                                                    HB_DELIVERY_EXPIRED, HB_DELIVERY_CANCELLED};
    int number = (int)pick(model, DELIVERIES);
    struct hb_view_record record = rig_parked(number, webhooks[number % WEBHOOKS], random_version(model), offset);

    if (pick(model, 30) == 0)
        return (struct hb_view_record){.is_takeover = true, .rule = {.offset = offset, .repairs = HB_SHARD_NONE}};
    record.rule.state = states[pick(model, sizeof(states) / sizeof(states[0]))];
    if (pick(model, 12) == 0)
        record.rule.position.offset += 500;
    if (pick(model, 5) == 0 && offset > 0)
        record.rule.repairs = (int64_t)pick(model, (uint64_t)offset);
    record.due.ms = INT64_C(1767225600000) + (int64_t)pick(model, 100000);
    record.attempts = (int64_t)pick(model, 70000);
    record.reason = (enum hb_reason)pick(model, HB_REASON_COUNT);
    record.first_failed.ms = pick(model, 2) ? HB_JOURNAL_NEVER : INT64_C(1767225600000) + (int64_t)pick(model, 99);
    record.is_ordered = number % WEBHOOKS == 2 && pick(model, 4); /* wh_c, but for a change of its settings */
    record.subject = record.is_ordered ? (uint64_t)(number / WEBHOOKS % 2 + 1) : 0;
    record.job = hb_str_c(jobs[pick(model, 4)]);
    return record;
}

static int number_of(const struct hb_view_record *record)
{
    int number;

    memcpy(&number, record->delivery + 4, sizeof(number));
    return number;
}

static struct hb_shard_ruling model_run(struct model *model, const struct hb_view_record *record)
{
    struct known *known = &model->known[number_of(record)];
    const struct hb_shard_memory *memory = known->has_memory && !known->has_entry ? &known->memory : NULL;
    struct hb_shard_ruling ruling = hb_shard_rule_run(known->has_entry ? &known->entry : NULL, memory, &record->rule);

    if (ruling.change == HB_SHARD_PUT) {
        known->has_entry = true;
        known->entry = (struct hb_shard_entry){record->rule.state, ruling.entry_version, record->rule.offset,
                                               record->rule.position};
        known->record = *record;
    } else if (ruling.change == HB_SHARD_REMOVE) {
        known->has_entry = false;
    }
    if (ruling.verdict == HB_SHARD_APPLIED) {
        known->has_memory = hb_delivery_state_is_done(record->rule.state);
        known->memory = (struct hb_shard_memory){record->rule.state, ruling.memory_version, record->rule.offset};
        known->has_repair = false;
    } else if (hb_shard_rule_wants_repair(known->has_entry ? &known->entry : NULL, memory, record->rule.offset)) {
        known->has_repair = true;
        known->repair_state = ruling.repair_state;
        known->repair_version = ruling.repair_version;
        known->repairs = record->rule.offset;
    }
    return ruling;
}

static void apply_and_compare(struct rig *rig, struct model *model, int64_t through)
{
    size_t refusal = 0, count = (size_t)(through - model->applied);
    const struct hb_view_batch batch = {.records = &model->journal[model->applied + 1], .count = count, .through = through};
    const struct hb_view_answer *answer = rig_wait(rig, hb_view_apply(rig->view, &batch, rig_keep, rig));

    assert_string_equal(rig->answer.text, "");
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->gate, HB_SHARD_OPEN);
    for (size_t i = 0; i < count; i++) {
        const struct hb_view_record *record = &batch.records[i];
        if (record->is_takeover) {
            model->mark = hb_shard_rule_take_mark(model->mark, record->rule.offset);
            continue;
        }
        struct known before = model->known[number_of(record)];
        struct hb_shard_ruling ruling = model_run(model, record);
        if (ruling.verdict == HB_SHARD_APPLIED)
            continue;
        const struct hb_view_refusal *said = &answer->refusals[refusal++];
        assert_in_range(refusal, 1, answer->refusals_count);
        assert_int_equal(said->index, i);
        assert_int_equal(said->verdict, ruling.verdict);
        assert_int_equal(said->repair_state, ruling.repair_state);
        assert_int_equal(said->repair_version, ruling.repair_version);
        assert_int_equal(said->has_truth, before.has_entry);
        assert_int_equal(said->wants_repair,
                         hb_shard_rule_wants_repair(before.has_entry ? &before.entry : NULL,
                                                    before.has_entry ? NULL : &before.memory, record->rule.offset));
        assert_memory_equal(said->truth.delivery, record->delivery, HB_DELIVERY_BYTES);
    }
    assert_int_equal(refusal, answer->refusals_count);
    model->applied = through;
    assert_int_equal(answer->head.applied, through);
    assert_int_equal(answer->head.mark, model->mark);
}

/* Of an ordered subject only the first event that blocks, and only if it is parked. */
static bool may_be_due(const struct model *model, const struct known *known)
{
    for (int i = 0; i < DELIVERIES; i++) {
        const struct known *other = &model->known[i];
        if (other->has_entry && other->record.is_ordered && other->record.subject == known->record.subject &&
            hb_ordering_is_blocking(other->entry.state) &&
            hb_ordering_cmp(&other->entry.position, &known->entry.position) < 0)
            return false;
    }
    return known->entry.state == HB_DELIVERY_PARKED;
}

static void compare_delivery(const struct model *model, const struct hb_view_delivery *found, const struct known *known)
{
    const struct hb_view_record *record = &known->record;

    assert_int_equal(found->entry.rule.state, known->entry.state);
    assert_int_equal(found->entry.rule.version, known->entry.version);
    assert_int_equal(found->entry.rule.offset, known->entry.offset);
    assert_memory_equal(&found->entry.rule.position, &known->entry.position, sizeof(struct hb_position));
    assert_int_equal(found->entry.attempts, record->attempts < 65535 ? record->attempts : 65535);
    assert_int_equal(found->entry.reason, record->reason);
    assert_int_equal(found->entry.first_failed.ms, record->first_failed.ms);
    assert_int_equal(found->entry.is_ordered, record->is_ordered);
    assert_int_equal(found->entry.subject, record->subject);
    if (!record->is_ordered)
        assert_int_equal(found->due.ms, known->entry.state == HB_DELIVERY_PARKED ? record->due.ms : -1);
    else
        assert_int_equal(found->due.ms != -1, may_be_due(model, known));
    assert_true(hb_str_eq(found->job, record->job));
}

static void compare_views(struct rig *rig, const struct model *model)
{
    int64_t next_due = -1;
    size_t found = 0, wanted = 0;

    for (int webhook = 0; webhook < WEBHOOKS; webhook++) {
        const struct hb_view_answer *answer =
            rig_wait(rig, hb_view_scan(rig->view, hb_str_c(webhooks[webhook]), HB_STR("0"), rig_keep, rig));
        assert_int_equal(answer->err, HB_OK);
        assert_int_equal(answer->set_aside, 0);
        assert_string_equal(rig->answer.cursor, "0");
        for (size_t i = 0; i < answer->deliveries_count; i++, found++) {
            int number;
            memcpy(&number, rig->answer.deliveries[i].it.delivery + 4, sizeof(number));
            assert_true(model->known[number].has_entry);
            const struct hb_view_delivery *delivery = &rig->answer.deliveries[i].it;
            compare_delivery(model, delivery, &model->known[number]);
            if (delivery->due.ms != -1 && (next_due < 0 || delivery->due.ms < next_due))
                next_due = delivery->due.ms;
        }
    }
    for (int i = 0; i < DELIVERIES; i++)
        wanted += model->known[i].has_entry;
    assert_int_equal(found, wanted);
    assert_int_equal(rig_wait(rig, hb_view_next_due(rig->view, 1, rig_keep, rig))->next_due.ms, next_due);
}

static void compare_counts(struct rig *rig, const struct model *model)
{
    const struct hb_view_answer *answer = rig_wait(rig, hb_view_counts(rig->view, rig_keep, rig));
    int64_t parked = 0, held = 0, dead = 0;

    for (size_t i = 0; i < answer->webhooks_count; i++) {
        parked += answer->webhooks[i].parked;
        held += answer->webhooks[i].held;
        dead += answer->webhooks[i].dead;
    }
    for (int i = 0; i < DELIVERIES; i++) {
        enum hb_delivery_state state = model->known[i].has_entry ? model->known[i].entry.state : HB_DELIVERY_FRESH;
        parked -= state == HB_DELIVERY_PARKED;
        held -= state == HB_DELIVERY_HELD;
        dead -= state == HB_DELIVERY_DEAD;
    }
    assert_int_equal(parked, 0);
    assert_int_equal(held, 0);
    assert_int_equal(dead, 0);
}

/* Wanted repairs stand in the view: with the truth that is written again. */
static void compare_repairs(struct rig *rig, const struct model *model)
{
    const struct hb_view_answer *answer = rig_wait(rig, hb_view_repairs(rig->view, HB_STR("0"), rig_keep, rig));
    size_t wanted = 0;

    assert_int_equal(answer->err, HB_OK);
    for (int i = 0; i < DELIVERIES; i++)
        wanted += model->known[i].has_repair;
    assert_int_equal(answer->repairs_count, wanted);
    for (size_t i = 0; i < answer->repairs_count; i++) {
        const struct hb_view_repair *repair = &rig->answer.repairs[i];
        int number;
        memcpy(&number, repair->truth.delivery + 4, sizeof(number));
        const struct known *known = &model->known[number];
        assert_true(known->has_repair);
        assert_int_equal(repair->state, known->repair_state);
        assert_int_equal(repair->version, known->repair_version);
        assert_int_equal(repair->repairs, known->repairs);
        if (known->has_entry)
            assert_int_equal(repair->truth.entry.rule.version, known->entry.version);
        assert_true(repair->state == HB_DELIVERY_DELIVERED || repair->truth.entry.rule.position.topic == 1);
    }
}

static void take_over(struct rig *rig, struct model *model, int64_t mark)
{
    const struct hb_view_answer *answer = rig_wait(rig, hb_view_takeover(rig->view, mark, rig_keep, rig));

    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->gate, HB_SHARD_OPEN);
    assert_int_equal(answer->head.applied, model->applied);
    model->mark = model->mine = mark;
}

/* The store loses what it had, or gets an old copy back: looking tells, and the journal is read again from there. */
static void lose(struct rig *rig, struct model *model, bool is_wipe)
{
    if (is_wipe)
        rig_wipe(rig);
    else
        rig_restore(rig);
    for (int i = 0; i < DELIVERIES; i++)
        model->known[i] = is_wipe ? (struct known){.has_entry = false} : model->copy[i];
    model->applied = is_wipe ? HB_SHARD_NONE : model->copy_applied;
    model->mark = is_wipe ? HB_SHARD_NONE : model->copy_mark;
    hb_view_lose(rig->view);
    assert_int_equal(hb_view_counts(rig->view, rig_keep, rig), HB_ERR_CONFLICT);
    const struct hb_view_answer *answer = rig_wait(rig, hb_view_look(rig->view, rig_keep, rig));
    assert_int_equal(answer->head.applied, model->applied);
    assert_int_equal(answer->head.mark, model->mark);
}

static void catch_up(struct rig *rig, struct model *model)
{
    while (model->applied < model->end) {
        int64_t through = model->applied + 1 + (int64_t)pick(model, 40);
        apply_and_compare(rig, model, through < model->end ? through : model->end);
        if (model->mark > model->mine) { /* in it another took over: this owner is shut out, and takes over anew */
            assert_int_equal(hb_view_counts(rig->view, rig_keep, rig), HB_ERR_FENCED);
            take_over(rig, model, model->mark);
        }
    }
}

static void write_some(struct model *model)
{
    int64_t more = 1 + (int64_t)pick(model, 25);

    for (int64_t i = 0; i < more && model->end + 1 < JOURNAL_MAX; i++) {
        model->end++;
        model->journal[model->end] = random_record(model, model->end);
    }
}

/* As a new owner does: the takeover record first. */
static void write_takeover(struct rig *rig, struct model *model)
{
    if (model->end + 1 >= JOURNAL_MAX)
        return;
    model->end++;
    model->journal[model->end] =
        (struct hb_view_record){.is_takeover = true, .rule = {.offset = model->end, .repairs = HB_SHARD_NONE}};
    take_over(rig, model, model->end);
}

static void run_once(uint64_t seed)
{
    static struct model model;
    static struct rig rig;

    memset(&model, 0, sizeof(model));
    model.random = seed;
    model.applied = model.mark = model.end = HB_SHARD_NONE;
    rig_open(&rig);
    write_takeover(&rig, &model);
    for (int round = 0; round < ROUNDS; round++) {
        write_some(&model);
        if (pick(&model, 3) == 0) /* before it has read what is there, earlier takeovers among it */
            write_takeover(&rig, &model);
        catch_up(&rig, &model);
        switch (pick(&model, 12)) {
        case 0:
            rig_snapshot(&rig);
            memcpy(model.copy, model.known, sizeof(model.known));
            model.copy_applied = model.applied;
            model.copy_mark = model.mark;
            model.has_copy = true;
            break;
        case 1:
        case 2:
            lose(&rig, &model, !model.has_copy || pick(&model, 2));
            catch_up(&rig, &model);
            break;
        default:
            break;
        }
        /* Random takeover records shut this owner out: it takes over anew. */
        write_takeover(&rig, &model);
        catch_up(&rig, &model);
        compare_views(&rig, &model);
        compare_counts(&rig, &model);
        compare_repairs(&rig, &model);
    }
    rig_wipe(&rig);
    rig_close(&rig);
}

static void the_script_rules_as_the_core_does_through_takeovers_wipes_and_restored_copies(void **state)
{
    const char *given = getenv("HOOKBUS_TEST_SEED");
    uint64_t seed;

    (void)state;
    hb_random_bytes(&seed, sizeof(seed));
    if (given)
        seed = strtoull(given, NULL, 10);
    for (int i = 0; i < (given ? 1 : RUNS); i++, seed = seed * 6364136223846793005U + 1442695040888963407U) {
        print_message("    seed %" PRIu64 "\n", seed | 1);
        run_once(seed | 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_rules_as_the_core_does_through_takeovers_wipes_and_restored_copies),
    };
    return RIG_RUN(tests);
}
