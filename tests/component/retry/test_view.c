/* A shard's view in a real Redis: HOOKBUS_TEST_REDIS. */
#include "component/retry/rig.h"

#include "retry/glance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_MS 60000
#define BRIEF_LEASE_MS 500

static struct rig rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&rig);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 0, rig_keep, &rig))->gate, HB_SHARD_OPEN);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    RIG_REDIS(&rig, "CONFIG", "SET", "maxmemory", "0"); /* whatever a failed test left */
    rig_wipe(&rig);
    RIG_REDIS(&rig, "EVAL", "for _, k in ipairs(redis.call('KEYS', 'copy'..KEYS[1]..'*')) do redis.call('DEL', k) end",
              "1", "{}");
    rig_close(&rig);
    return 0;
}

/* Parks deliveries first..first+count-1 of a webhook, one record each, offsets going on. */
static int64_t park(const char *webhook, int first, int count, int64_t offset)
{
    for (int i = first; i < first + count; i++) {
        struct hb_view_record record = rig_parked(i, webhook, 1, offset++);
        record.due.ms = 1000 + i;
        assert_int_equal(rig_apply(&rig, &record)->gate, HB_SHARD_OPEN);
    }
    return offset;
}

static const struct hb_view_answer *claim(const char *webhook, int most)
{
    const struct hb_view_share share = {hb_str_c(webhook), most};
    const struct hb_view_claim claim = {&share, 1, most, LEASE_MS};

    return rig_wait(&rig, hb_view_claim(rig.view, &claim, rig_keep, &rig));
}

static struct hb_view_lease lease_of(const struct rig_delivery *claimed, int64_t due_ms)
{
    struct hb_view_lease lease = {
        .webhook = hb_str_c(claimed->webhook), .version = claimed->it.entry.rule.version, .due = {due_ms}};

    memcpy(lease.delivery, claimed->it.delivery, HB_DELIVERY_BYTES);
    return lease;
}

static int number_of(size_t slot)
{
    int number;

    memcpy(&number, rig.answer.deliveries[slot].it.delivery + 4, sizeof(number));
    return number;
}

static void claims_take_the_oldest_first_no_more_than_each_may_and_each_once(void **state)
{
    (void)state;
    int64_t offset = park("wh_a", 0, 10, 1);
    (void)park("wh_b", 100, 10, offset);
    const struct hb_view_share shares[] = {{HB_STR("wh_b"), 3}, {HB_STR("wh_none"), 5}, {HB_STR("wh_a"), 4}};
    const struct hb_view_claim some = {shares, 3, 5, LEASE_MS};
    const struct hb_view_answer *answer = rig_wait(&rig, hb_view_claim(rig.view, &some, rig_keep, &rig));
    assert_int_equal(answer->deliveries_count, 5); /* three of b, in the order given, and what is left of five */
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(number_of(i), i < 3 ? 100 + (int)i : (int)i - 3);
    assert_int_equal(rig.answer.deliveries[0].it.entry.rule.position.offset, 1100);
    assert_int_equal(rig.answer.deliveries[0].it.due.ms, 1100);
    assert_int_equal(claim("wh_b", 100)->deliveries_count, 7); /* never those leased */
    assert_int_equal(claim("wh_b", 100)->deliveries_count, 0);
    answer = rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig));
    assert_int_equal(answer->webhooks_count, 2);
    assert_int_equal(answer->webhooks[0].parked, 10); /* leased are parked still */
}

static void a_lease_that_ends_makes_it_due_again_and_renewing_keeps_it(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 2, 1);
    const struct hb_view_share share = {HB_STR("wh_a"), 2};
    const struct hb_view_claim brief = {&share, 1, 2, BRIEF_LEASE_MS};
    const struct hb_view_answer *answer = rig_wait(&rig, hb_view_claim(rig.view, &brief, rig_keep, &rig));
    assert_int_equal(answer->deliveries_count, 2);
    assert_in_range(answer->next_due.ms, answer->now.ms + 1, answer->now.ms + BRIEF_LEASE_MS);
    int64_t ends_ms = answer->now.ms + BRIEF_LEASE_MS;
    const struct hb_view_lease lease = lease_of(&rig.answer.deliveries[1], 0);
    assert_int_equal(rig_wait(&rig, hb_view_renew(rig.view, &lease, 1, LEASE_MS, rig_keep, &rig))->moved, 1);
    do /* however many claims fit into the time: by Redis's clock, as the lease is */
        answer = claim("wh_a", 5);
    while (answer->deliveries_count == 0 && answer->now.ms < ends_ms + BRIEF_LEASE_MS);
    assert_int_equal(answer->deliveries_count, 1);
    assert_int_equal(number_of(0), 0);
}

static void what_was_settled_meanwhile_is_neither_renewed_nor_given_back(void **state)
{
    (void)state;
    int64_t offset = park("wh_a", 0, 3, 1);
    assert_int_equal(claim("wh_a", 3)->deliveries_count, 3);
    struct hb_view_lease leases[3];
    for (int i = 0; i < 3; i++)
        leases[i] = lease_of(&rig.answer.deliveries[i], 5000);
    struct hb_view_record done = rig_parked(0, "wh_a", 2, offset++), again = rig_parked(1, "wh_a", 2, offset++);
    done.rule.state = HB_DELIVERY_DELIVERED;
    again.due.ms = INT64_C(4102444800000);
    assert_int_equal(rig_apply(&rig, &done)->refusals_count, 0);
    assert_int_equal(rig_apply(&rig, &again)->refusals_count, 0);
    assert_int_equal(rig_wait(&rig, hb_view_release(rig.view, leases, 3, rig_keep, &rig))->moved, 1);
    assert_int_equal(claim("wh_a", 3)->deliveries_count, 1);
    assert_int_equal(number_of(0), 2);
    assert_int_equal(rig.answer.deliveries[0].it.due.ms, 5000);
}

static void a_webhook_that_can_take_nothing_leaves_the_ready_set_until_told_otherwise(void **state)
{
    const struct hb_view_readiness off = {HB_STR("wh_a"), false}, on = {HB_STR("wh_a"), true};

    (void)state;
    int64_t offset = park("wh_a", 0, 2, 1);
    offset = park("wh_b", 50, 1, offset);
    assert_int_equal(rig_wait(&rig, hb_view_set_ready(rig.view, &off, 1, rig_keep, &rig))->err, HB_OK);
    (void)park("wh_a", 2, 1, offset); /* more of it does not bring it back */
    const struct hb_view_answer *answer = rig_wait(&rig, hb_view_next_due(rig.view, 10, rig_keep, &rig));
    assert_int_equal(answer->webhooks_count, 1);
    assert_string_equal(rig.answer.names[0], "wh_b");
    assert_int_equal(answer->next_due.ms, 1050);
    assert_int_equal(claim("wh_a", 1)->deliveries_count, 1); /* a probe */
    assert_int_equal(rig_wait(&rig, hb_view_set_ready(rig.view, &on, 1, rig_keep, &rig))->next_due.ms, 1001);
    /* A new owner knows nothing of it: all may send. */
    assert_int_equal(rig_wait(&rig, hb_view_set_ready(rig.view, &off, 1, rig_keep, &rig))->next_due.ms, 1050);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 99, rig_keep, &rig))->next_due.ms, 1001);
}

static void a_former_owner_is_shut_out_of_every_verb(void **state)
{
    const struct hb_view_share share = {HB_STR("wh_a"), 5};
    const struct hb_view_claim some = {&share, 1, 5, LEASE_MS};

    (void)state;
    (void)park("wh_a", 0, 3, 1);
    struct hb_view *second = rig_second_view(&rig);
    assert_int_equal(hb_view_claim(second, &some, rig_keep, &rig), HB_ERR_CONFLICT); /* it knows nothing yet */
    assert_int_equal(rig_wait(&rig, hb_view_takeover(second, 50, rig_keep, &rig))->head.applied, 3);
    assert_int_equal(rig_wait(&rig, hb_view_claim(second, &some, rig_keep, &rig))->deliveries_count, 3);
    assert_int_equal(claim("wh_a", 5)->gate, HB_SHARD_FENCED);
    assert_int_equal(rig.answer.it.deliveries_count, 0);
    struct hb_view_record late = rig_parked(0, "wh_a", 2, 4);
    const struct hb_view_batch batch = {.records = &late, .count = 1, .through = 4};
    assert_int_equal(hb_view_apply(rig.view, &batch, rig_keep, &rig), HB_ERR_FENCED);
    assert_int_equal(hb_view_look(rig.view, rig_keep, &rig), HB_ERR_FENCED);
    /* An older mark never wins. */
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 49, rig_keep, &rig))->gate, HB_SHARD_FENCED);
    hb_view_free(&second);
}

static void a_wiped_view_gives_nothing_until_its_journal_was_read_again(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 3, 1);
    rig_wipe(&rig);
    assert_int_equal(claim("wh_a", 5)->gate, HB_SHARD_BEHIND); /* noticed by the claim itself */
    assert_true(hb_view_is_lost(rig.view));
    const struct hb_view_share share = {HB_STR("wh_a"), 5};
    const struct hb_view_claim some = {&share, 1, 5, LEASE_MS};
    assert_int_equal(hb_view_claim(rig.view, &some, rig_keep, &rig), HB_ERR_CONFLICT);
    assert_int_equal(rig_wait(&rig, hb_view_look(rig.view, rig_keep, &rig))->gate, HB_SHARD_BEHIND);
    assert_int_equal(rig.answer.it.head.applied, HB_SHARD_NONE);
    struct hb_view_record again[] = {{.is_takeover = true, .rule = {.offset = 0, .repairs = HB_SHARD_NONE}},
                                     rig_parked(0, "wh_a", 1, 1),
                                     rig_parked(1, "wh_a", 1, 2)};
    struct hb_view_batch batch = {.records = again + 1, .count = 2, .through = 2};
    assert_int_equal(rig_wait(&rig, hb_view_apply(rig.view, &batch, rig_keep, &rig))->gate, HB_SHARD_OPEN);
    assert_int_equal(claim("wh_a", 5)->gate, HB_SHARD_BEHIND); /* its takeover record was not met yet */
    assert_int_equal(rig_wait(&rig, hb_view_look(rig.view, rig_keep, &rig))->head.applied, 2);
    rig_wipe(&rig);
    assert_int_equal(rig_wait(&rig, hb_view_look(rig.view, rig_keep, &rig))->gate, HB_SHARD_BEHIND);
    batch = (struct hb_view_batch){.records = again, .count = 3, .through = 2};
    assert_int_equal(rig_wait(&rig, hb_view_apply(rig.view, &batch, rig_keep, &rig))->head.mark, 0);
    assert_int_equal(claim("wh_a", 5)->deliveries_count, 2);
}

static void a_batch_for_another_place_is_refused_with_the_truth_and_a_lost_reply_is_found_out(void **state)
{
    struct hb_view_record record = rig_parked(0, "wh_a", 1, 1);
    const struct hb_view_batch batch = {.records = &record, .count = 1, .through = 1};

    (void)state;
    assert_int_equal(hb_view_apply(rig.view, &batch, rig_keep, &rig), HB_OK);
    assert_int_equal(hb_view_apply(rig.view, &batch, rig_keep, &rig), HB_ERR_FULL); /* one at a time */
    (void)rig_wait(&rig, HB_OK);
    RIG_REDIS(&rig, "HSET", "{}:m", "applied", "7");
    struct hb_view_record next = rig_parked(1, "wh_a", 1, 2);
    assert_int_equal(rig_apply(&rig, &next)->gate, HB_SHARD_BEHIND);
    assert_int_equal(rig.answer.it.head.applied, 7);
    /* As after an apply that ran and whose reply was lost: the view is further than remembered, and that is right. */
    assert_int_equal(rig_wait(&rig, hb_view_look(rig.view, rig_keep, &rig))->gate, HB_SHARD_OPEN);
    assert_int_equal(claim("wh_a", 5)->deliveries_count, 1);
}

static void foreign_cut_and_later_entries_are_set_aside_with_their_bytes_and_the_rest_goes_on(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 4, 1);
    const struct hb_view_answer *answer =
        rig_wait(&rig, hb_view_scan(rig.view, HB_STR("wh_a"), HB_STR("0"), rig_keep, &rig));
    assert_int_equal(answer->deliveries_count, 4);
    RIG_REDIS(&rig, "EVAL",
              "local e, q = KEYS[1]..':e:wh_a', KEYS[1]..':q:wh_a' "
              "local ids = redis.call('ZRANGE', q, 0, -1) "
              "local bytes = redis.call('HGET', e, ids[2]) "
              "redis.call('HSET', e, ids[1], 'cut') "
              "redis.call('HSET', e, ids[2], string.char(2)..string.sub(bytes, 2)) "
              "redis.call('HDEL', e, ids[3]) "
              "redis.call('ZADD', q, 1, 'somebody else') redis.call('HSET', e, 'somebody', 'else') return 0",
              "1", "{}");
    assert_false(rig.is_error);
    answer = claim("wh_a", 10);
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->deliveries_count, 1);
    assert_int_equal(number_of(0), 3);
    assert_int_equal(answer->set_aside, 4);
    answer = rig_wait(&rig, hb_view_scan(rig.view, HB_STR("wh_a"), HB_STR("0"), rig_keep, &rig));
    assert_int_equal(answer->deliveries_count, 1);
    assert_int_equal(answer->set_aside, 1);
    RIG_REDIS(&rig, "HGET", "{}:x", "wh_a/somebody");
    assert_string_equal(rig.reply, "else");
    assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->moved, 5);
}

/* The scripts and hb_entry_unpack agree on what an entry is: a script never gives one that the owner refuses. */
static void an_entry_beyond_a_limit_is_set_aside_and_one_at_its_limit_is_not(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 14, 1);
    RIG_REDIS(&rig, "EVAL",
              "local e, q = KEYS[1]..':e:wh_a', KEYS[1]..':q:wh_a' "
              "local ids = redis.call('ZRANGE', q, 0, -1) "
              "local none, last = string.rep('\\255', 6), string.rep('\\255', 5)..'\\254' "
              "local at = {3, 3, 10, 10, 12, 12, 18, 18, 27, 27, 33, 33, 3, 2} "
              "local to = {struct.pack('>I7', (redis.call('TIME')[1] + 367 * 86400) * 1024000), "
              "struct.pack('>I7', (redis.call('TIME')[1] + 365 * 86400) * 1024000), '\\160\\0', "
              "'\\159\\255', none, last, none, last, none, last, none, last, struct.pack('>I7', 0), '\\4'} "
              "for i, id in ipairs(ids) do local bytes = redis.call('HGET', e, id) "
              "redis.call('HSET', e, id, string.sub(bytes, 1, at[i] - 1)..to[i]..string.sub(bytes, at[i] + #to[i])) end "
              "return 0",
              "1", "{}");
    assert_false(rig.is_error);
    const struct hb_view_answer *answer = claim("wh_a", 20);
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->deliveries_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(number_of(i), 2 * (int)i + 1);
    assert_int_equal(answer->set_aside, 8);
    RIG_REDIS(&rig, "HLEN", "{}:x");
    assert_int_equal(rig.integer, 8);
}

static const struct hb_view_answer *take_over(struct hb_view *view, int64_t mark)
{
    return rig_wait(&rig, hb_view_takeover(view, mark, rig_keep, &rig));
}

/* What somebody wrote over T:m, T:c and T:s. */
static void set_field(const char *key, const char *field, const char *value)
{
    RIG_REDIS(&rig, "HSET", key, field, value);
    assert_false(rig.is_error);
}

static void a_place_that_is_none_is_set_aside_and_the_view_is_read_from_the_start(void **state)
{
    static const char *const foreign[] = {"nobody", "1e9", "-7", "0x10", "1.5", "inf", "nan", "", "99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        rig_wipe(&rig);
        (void)take_over(rig.view, 0);
        (void)park("wh_a", 0, 3, 1);
        set_field("{}:m", "applied", foreign[i]);
        const struct hb_view_answer *answer = claim("wh_a", 5);
        assert_int_equal(answer->gate, HB_SHARD_BEHIND);
        RIG_REDIS(&rig, "HGET", "{}:x", "m/applied");
        assert_string_equal(rig.reply, foreign[i]);
        answer = take_over(rig.view, 9);
        assert_int_equal(answer->head.applied, HB_SHARD_NONE);
        RIG_REDIS(&rig, "EXISTS", "{}:e:wh_a");
        assert_int_equal(rig.integer, 0); /* what is read from the start is not read over what is there */
    }
}

static void a_mark_that_is_no_owners_does_not_shut_an_owner_out_for_ever(void **state)
{
    (void)state;
    (void)take_over(rig.view, 10);
    set_field("{}:m", "mark", "somebody");
    assert_int_equal(claim("wh_a", 5)->gate, HB_SHARD_BEHIND);
    assert_int_equal(take_over(rig.view, 11)->gate, HB_SHARD_OPEN);
    set_field("{}:m", "mark", "777777"); /* well formed: perhaps another owner's */
    assert_int_equal(claim("wh_a", 5)->gate, HB_SHARD_FENCED);
    assert_int_equal(take_over(rig.view, 12)->gate, HB_SHARD_FENCED);
    /* But not if it was there before a takeover record whose offset is smaller. */
    hb_view_free(&rig.view);
    const struct hb_view_options options = {
        .scripts = rig.scripts, .prefix = hb_str_c(rig.prefix), .shard = 7, .shut_out_by = 777777};
    assert_int_equal(hb_view_new(&options, &rig.view), HB_OK);
    assert_int_equal(take_over(rig.view, 13)->gate, HB_SHARD_OPEN);
    assert_int_equal(rig.answer.it.set_aside, 1);
    RIG_REDIS(&rig, "HGET", "{}:x", "m/mark");
    assert_string_equal(rig.reply, "777777");
    set_field("{}:m", "mark", "777778"); /* another one: an owner may have come in between */
    assert_int_equal(take_over(rig.view, 14)->gate, HB_SHARD_FENCED);
}

static void a_format_that_is_none_does_not_halt_the_shard(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 2, 1);
    set_field("{}:m", "format", "gold");
    const struct hb_view_answer *answer = claim("wh_a", 5);
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->deliveries_count, 2);
    assert_int_equal(answer->set_aside, 1);
}

static void a_count_that_is_none_is_counted_anew(void **state)
{
    static const char *const foreign[] = {"many", "1.5", "", "9223372036854775807", "99", "-3"};
    (void)state;
    (void)park("wh_a", 0, 4, 1);
    int64_t offset = 5;
    for (int i = 0; i < 2; i++) {
        struct hb_view_record dead = rig_parked(i, "wh_a", 2, offset++);
        dead.rule.state = HB_DELIVERY_DEAD;
        assert_int_equal(rig_apply(&rig, &dead)->gate, HB_SHARD_OPEN);
    }
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        set_field("{}:c", "wh_a/3", foreign[i]);
        const struct hb_view_answer *answer = rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig));
        assert_int_equal(answer->err, HB_OK);
        assert_int_equal(answer->webhooks[0].dead, 2);
        assert_int_equal(answer->webhooks[0].parked, 2);
    }
    set_field("{}:c", "wh_a/3", "many"); /* and a record that counts goes on */
    struct hb_view_record dead = rig_parked(2, "wh_a", 2, offset++);
    dead.rule.state = HB_DELIVERY_DEAD;
    assert_int_equal(rig_apply(&rig, &dead)->gate, HB_SHARD_OPEN);
    assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->webhooks[0].dead, 3);
    RIG_REDIS(&rig, "HGET", "{}:x", "c/wh_a/3");
    assert_string_equal(rig.reply, "many");
}

static void a_spilled_webhook_of_which_nobody_knows_from_where_is_read_again_from_the_start(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 2, 1);
    set_field("{}:s", "wh_a", "somewhere");
    set_field("{}:s", "no webhook", "5");
    const struct hb_view_answer *answer = rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig));
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->set_aside, 2);
    assert_int_equal(answer->webhooks_count, 1);
    assert_int_equal(answer->webhooks[0].spilled_from, 0);
    set_field("{}:s", "wh_a", "5x");
    struct hb_view_record next = rig_parked(5, "wh_a", 1, 3);
    assert_int_equal(rig_apply(&rig, &next)->skipped, 1); /* left: its turn comes when it is read again */
    RIG_REDIS(&rig, "HGET", "{}:s", "wh_a");
    assert_string_equal(rig.reply, "0");
}

static void a_due_time_that_is_none_is_taken_for_the_nearest_that_is_one(void **state)
{
    static const struct {
        const char *score;
        int64_t due_ms;
    } rows[] = {{"1.5", 1}, {"-7", 0}, {"-inf", 0}, {"1e18", HB_ENTRY_NUMBER_MAX}, {"inf", HB_ENTRY_NUMBER_MAX}};
    const struct hb_str webhook = HB_STR("wh_a");
    const struct hb_view_horizon horizon = {&webhook, 1, 2000, 10};

    (void)state;
    (void)park("wh_a", 0, 1, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RIG_REDIS(&rig, "EVAL",
                  "local q = KEYS[1]..':q:wh_a' local id = redis.call('ZRANGE', q, 0, 0)[1] "
                  "redis.call('ZADD', q, ARGV[1], id) redis.call('ZADD', KEYS[1]..':r', ARGV[1], 'wh_a') return 0",
                  "1", "{}", rows[i].score);
        assert_false(rig.is_error);
        const struct hb_view_answer *answer = rig_wait(&rig, hb_view_next_due(rig.view, 5, rig_keep, &rig));
        assert_int_equal(answer->err, HB_OK);
        assert_int_equal(answer->next_due.ms, rows[i].due_ms);
        assert_int_equal(answer->webhooks[0].due.ms, rows[i].due_ms);
        assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->webhooks[0].due.ms, rows[i].due_ms);
        assert_int_equal(rig_wait(&rig, hb_view_scan(rig.view, webhook, HB_STR("0"), rig_keep, &rig))->err, HB_OK);
        assert_int_equal(rig.answer.deliveries[0].it.due.ms, rows[i].due_ms);
        bool is_soon = rows[i].due_ms < HB_ENTRY_NUMBER_MAX;
        answer = rig_wait(&rig, hb_view_ahead(rig.view, &horizon, rig_keep, &rig));
        assert_int_equal(answer->deliveries_count, is_soon);
        answer = claim("wh_a", 5);
        assert_int_equal(answer->err, HB_OK);
        assert_int_equal(answer->deliveries_count, is_soon);
        if (is_soon)
            assert_int_equal(rig.answer.deliveries[0].it.due.ms, rows[i].due_ms);
    }
}

static void a_wanted_repair_that_is_not_ours_is_set_aside(void **state)
{
    (void)state;
    RIG_REDIS(&rig, "EVAL",
              "local p = KEYS[1]..':p' "
              "local function want(id, code, version, name, rest) redis.call('HSET', p, id..'bcdefghijklmnop', "
              "struct.pack('>BI7I6B', code, version, 3, #name)..name..rest) end "
              "want('1', 0, 5, 'w h\\0', '') want('2', 0, 9007199254736896, 'wh_a', '') want('3', 6, 5, 'wh_a', '') "
              "want('4', 4, 5, 'wh_a', 'cut') want('5', 0, 0, 'wh_a', '') want('6', 0, 5, 'wh_a', '') "
              "want('7', 1, 5, 'wh_a', '') redis.call('HSET', p, 'short', 'id') return 0",
              "1", "{}");
    assert_false(rig.is_error);
    const struct hb_view_answer *answer = rig_wait(&rig, hb_view_repairs(rig.view, HB_STR("0"), rig_keep, &rig));
    assert_int_equal(answer->err, HB_OK);
    assert_int_equal(answer->repairs_count, 1); /* 7 is of an entry that is not there: nobody's any more */
    assert_int_equal(rig.answer.repairs[0].truth.delivery[0], '6');
    assert_int_equal(answer->set_aside, 6);
    RIG_REDIS(&rig, "HLEN", "{}:p");
    assert_int_equal(rig.integer, 1);
}

static void a_memory_that_is_not_ours_is_none(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 1, 1);
    struct hb_view_record done = rig_parked(0, "wh_a", 2, 2), again = rig_parked(0, "wh_a", 1, 3);
    done.rule.state = HB_DELIVERY_DELIVERED;
    assert_int_equal(rig_apply(&rig, &done)->err, HB_OK);
    RIG_REDIS(&rig, "EVAL",
              "local d = KEYS[1]..':d' redis.call('HSET', d, redis.call('HKEYS', d)[1], "
              "string.char(0)..string.rep('\\255', 7)..string.rep('\\0', 6)) return 0",
              "1", "{}");
    assert_false(rig.is_error);
    assert_int_equal(rig_apply(&rig, &again)->refusals_count, 0);
    assert_int_equal(claim("wh_a", 5)->deliveries_count, 1);
    assert_int_equal(rig.answer.deliveries[0].it.entry.rule.version, 1);
}

static void keys_of_another_type_are_moved_out_of_the_way_whole(void **state)
{
    (void)state;
    RIG_REDIS(&rig, "SET", "{}:q:wh_a", "a string");
    RIG_REDIS(&rig, "SET", "{}:e:wh_a", "another");
    RIG_REDIS(&rig, "SET", "{}:r", "one more");
    struct hb_view_record record = rig_parked(0, "wh_a", 1, 1);
    assert_int_equal(rig_apply(&rig, &record)->err, HB_OK);
    assert_int_equal(rig.answer.it.set_aside, 3);
    assert_int_equal(claim("wh_a", 1)->deliveries_count, 1);
    RIG_REDIS(&rig, "EVAL", "return redis.call('GET', KEYS[1]..':x:'..KEYS[1]..':q:wh_a')", "1", "{}");
    assert_string_equal(rig.reply, "a string");
}

static void a_view_of_a_later_hookbus_is_not_touched(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 1, 1);
    RIG_REDIS(&rig, "HSET", "{}:m", "format", "2");
    assert_int_equal(claim("wh_a", 1)->err, HB_ERR_VERSION);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 80, rig_keep, &rig))->err, HB_ERR_VERSION);
    RIG_REDIS(&rig, "HGET", "{}:m", "mark");
    assert_string_equal(rig.reply, "0");
}

static void a_redis_that_forgot_the_scripts_is_told_them_again(void **state)
{
    (void)state;
    (void)park("wh_a", 0, 2, 1);
    assert_int_equal(claim("wh_a", 1)->deliveries_count, 1);
    RIG_REDIS(&rig, "SCRIPT", "FLUSH");
    assert_int_equal(claim("wh_a", 1)->deliveries_count, 1);
    (void)park("wh_a", 5, 1, 3);
    assert_int_equal(hb_scripts_waiting(rig.scripts), 0);
}

static void a_full_redis_still_claims_and_settles(void **state)
{
    (void)state;
    int64_t offset = park("wh_a", 0, 3, 1);
    struct hb_view_record done = rig_parked(0, "wh_a", 2, offset);
    done.rule.state = HB_DELIVERY_DELIVERED;
    RIG_REDIS(&rig, "CONFIG", "SET", "maxmemory", "1");
    RIG_REDIS(&rig, "SET", "{}:probe", "x");
    bool is_full = rig.is_error;
    enum hb_err claimed = claim("wh_a", 1)->err, settled = rig_apply(&rig, &done)->err;
    RIG_REDIS(&rig, "CONFIG", "SET", "maxmemory", "0");
    assert_true(is_full);
    assert_int_equal(claimed, HB_OK);
    assert_int_equal(settled, HB_OK);
}

static void what_comes_due_soon_is_shown_ahead_with_its_job_and_a_cleared_view_is_read_again(void **state)
{
    const struct hb_str webhook = HB_STR("wh_a");
    const struct hb_view_horizon horizon = {&webhook, 1, 2000, 10};

    (void)state;
    (void)park("wh_a", 0, 2, 1);
    struct hb_view_record far = rig_parked(9, "wh_a", 1, 3), job = rig_parked(8, "wh_a", 1, 4);
    far.due.ms = INT64_C(4102444800000);
    job.job = HB_STR("rpl_1");
    (void)rig_apply(&rig, &far);
    (void)rig_apply(&rig, &job);
    assert_int_equal(rig_wait(&rig, hb_view_ahead(rig.view, &horizon, rig_keep, &rig))->deliveries_count, 3);
    assert_string_equal(rig.answer.deliveries[0].job, "rpl_1"); /* due first */
    assert_int_equal(rig_wait(&rig, hb_view_clear(rig.view, rig_keep, &rig))->err, HB_OK);
    assert_true(hb_view_is_lost(rig.view));
    assert_int_equal(rig_wait(&rig, hb_view_look(rig.view, rig_keep, &rig))->head.applied, HB_SHARD_NONE);
    assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->webhooks_count, 0);
}

/* Every number a job can have is taken, except that of `keep`, by jobs nothing is left of. */
static void fill_jobs(void)
{
    RIG_REDIS(&rig, "EVAL",
              "local j, n = KEYS[1]..':j', KEYS[1]..':n' redis.call('DEL', KEYS[1]..':f') "
              "for i = 1, 65535 do if redis.call('HSETNX', n, i, 'old'..i) == 1 then "
              "redis.call('HSET', j, 'old'..i, i) end end return redis.call('HLEN', n)",
              "1", "{}");
    assert_int_equal(rig.integer, 65535);
}

static void apply_with_job(int number, int64_t offset, const char *job)
{
    struct hb_view_record record = rig_parked(number, "wh_a", 1, offset);

    record.job = hb_str_c(job);
    record.due.ms = 1000 + number;
    assert_int_equal(rig_apply(&rig, &record)->err, HB_OK);
}

static void numbers_of_jobs_are_used_again_and_without_one_the_name_is_lost_but_not_the_delivery(void **state)
{
    static const char *const names[] = {"rpl_keep", "rpl_new", "", "rpl_later", "rpl_keep"};

    (void)state;
    apply_with_job(0, 1, "rpl_keep");
    fill_jobs();
    apply_with_job(1, 2, "rpl_new"); /* the jobs of before are looked for, and none is left */
    RIG_REDIS(&rig, "HLEN", "{}:n");
    assert_int_equal(rig.integer, 2);
    fill_jobs();
    apply_with_job(2, 3, "rpl_lost"); /* it is too soon to look again */
    apply_with_job(3, 30000, "rpl_later");
    RIG_REDIS(&rig, "HLEN", "{}:j");
    assert_int_equal(rig.integer, 3);
    apply_with_job(4, 30001, "rpl_keep");
    assert_int_equal(claim("wh_a", 9)->deliveries_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(number_of(i), (int)i);
        assert_string_equal(rig.answer.deliveries[i].job, names[i]);
    }
}

static void the_table_of_jobs_does_not_grow_with_those_of_before(void **state)
{
    char name[32];

    (void)state;
    int64_t offset = 1;
    for (int i = 0; i < 3; i++) {
        RIG_REDIS(&rig, "EVAL",
                  "local j, n = KEYS[1]..':j', KEYS[1]..':n' redis.call('DEL', KEYS[1]..':f') "
                  "for i = 1, 8192 do if redis.call('HSETNX', n, i, 'old'..i) == 1 then "
                  "redis.call('HSET', j, 'old'..i, i) end end return 0",
                  "1", "{}");
        (void)snprintf(name, sizeof(name), "rpl_%d", i);
        apply_with_job(i, offset += 20000, name);
        RIG_REDIS(&rig, "HLEN", "{}:n");
        assert_int_equal(rig.integer, i + 1);
    }
}

static struct hb_view_record ordered(int number, int64_t version, int64_t offset, uint64_t subject)
{
    struct hb_view_record record = rig_parked(number, "wh_o", version, offset);

    record.is_ordered = true;
    record.subject = subject;
    return record;
}

static void of_an_ordered_subject_one_goes_at_a_time_in_the_order_of_the_events(void **state)
{
    (void)state;
    struct hb_view_record records[] = {ordered(2, 1, 1, 7), ordered(3, 1, 2, 7), ordered(5, 1, 3, 8)};
    for (int i = 0; i < 3; i++)
        (void)rig_apply(&rig, &records[i]);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 2); /* 2 and 5: the first of each subject */
    assert_int_equal(number_of(0), 2);
    struct hb_view_lease lease = lease_of(&rig.answer.deliveries[0], 0);
    /* A crash brings an earlier event back while 2 is under way: nothing else of the subject becomes due. */
    struct hb_view_record earlier = ordered(1, 1, 4, 7);
    (void)rig_apply(&rig, &earlier);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 0);
    assert_int_equal(rig_wait(&rig, hb_view_release(rig.view, &lease, 1, rig_keep, &rig))->moved, 1);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 1);
    assert_int_equal(number_of(0), 1);
    /* It fails and waits: so do the others. Then it is delivered, then 2 dies, then 3 may. */
    struct hb_view_record failed = ordered(1, 2, 5, 7), done = ordered(1, 3, 6, 7), dead = ordered(2, 2, 7, 7);
    failed.due.ms = INT64_C(4102444800000);
    (void)rig_apply(&rig, &failed);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 0);
    assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->webhooks[0].parked, 4);
    done.rule.state = HB_DELIVERY_DELIVERED;
    (void)rig_apply(&rig, &done);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 1);
    assert_int_equal(number_of(0), 2);
    dead.rule.state = HB_DELIVERY_DEAD;
    (void)rig_apply(&rig, &dead);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 1);
    assert_int_equal(number_of(0), 3);
    struct hb_view_record held = ordered(3, 2, 8, 7), last = ordered(4, 1, 9, 7);
    held.rule.state = HB_DELIVERY_HELD;
    (void)rig_apply(&rig, &held);
    (void)rig_apply(&rig, &last);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 0); /* held holds back */
    /* The webhook becomes ordered while one waits: from its next record on it keeps its place. */
    struct hb_view_record plain = rig_parked(9, "wh_o", 1, 10), placed = ordered(9, 2, 11, 7);
    (void)rig_apply(&rig, &plain);
    (void)rig_apply(&rig, &placed);
    assert_int_equal(claim("wh_o", 10)->deliveries_count, 0);
}

struct glanced {
    int calls;
    enum hb_err err;
    struct hb_glimpse glimpses[2];
};

static void on_glance(void *user, enum hb_err err, struct hb_wall now, const struct hb_glimpse *glimpses)
{
    struct glanced *glanced = user;

    glanced->calls++;
    glanced->err = err;
    assert_int_equal(err == HB_OK, glimpses != NULL);
    assert_true(now.ms > INT64_C(1600000000000));
    if (glimpses)
        memcpy(glanced->glimpses, glimpses, sizeof(glanced->glimpses));
}

static void one_command_tells_the_next_due_of_many_shards_and_which_lost_their_view(void **state)
{
    const struct hb_view_options other = {
        .scripts = rig.scripts, .prefix = hb_str_c(rig.prefix), .shard = 8};
    struct glanced glanced = {.calls = 0};
    struct hb_view *views[2] = {rig.view, NULL};

    (void)state;
    assert_int_equal(hb_view_new(&other, &views[1]), HB_OK);
    (void)park("wh_a", 3, 1, 1);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(views[1], 5, rig_keep, &rig))->err, HB_OK);
    assert_int_equal(hb_glance(views, 2, on_glance, &glanced), HB_OK);
    rig_until(&rig, &glanced.calls, 1);
    assert_int_equal(glanced.err, HB_OK);
    assert_int_equal(glanced.glimpses[0].gate, HB_SHARD_OPEN);
    assert_int_equal(glanced.glimpses[0].next_due.ms, 1003);
    assert_int_equal(glanced.glimpses[1].gate, HB_SHARD_OPEN);
    assert_int_equal(glanced.glimpses[1].next_due.ms, -1);
    rig_wipe(&rig);
    assert_int_equal(hb_glance(views, 2, on_glance, &glanced), HB_OK);
    rig_until(&rig, &glanced.calls, 2);
    assert_int_equal(glanced.glimpses[0].gate, HB_SHARD_BEHIND);
    assert_int_equal(glanced.glimpses[1].gate, HB_SHARD_OPEN);
    assert_int_equal(rig_wait(&rig, hb_view_clear(views[1], rig_keep, &rig))->err, HB_OK);
    hb_view_free(&views[1]);
    char key[64];
    (void)snprintf(key, sizeof(key), "{%s:8}:m", rig.prefix);
    RIG_REDIS(&rig, "DEL", key);
    assert_int_equal(rig.integer, 1);
}

static void of_many_deliveries_done_the_latest_are_remembered_and_the_memory_stays_small(void **state)
{
    const struct hb_view_options options = {
        .scripts = rig.scripts, .prefix = hb_str_c(rig.prefix), .shard = 7, .done_max = 10};

    (void)state;
    hb_view_free(&rig.view);
    assert_int_equal(hb_view_new(&options, &rig.view), HB_OK);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 1, rig_keep, &rig))->gate, HB_SHARD_OPEN);
    for (int i = 0; i < 55; i++) {
        struct hb_view_record done = rig_parked(i, "wh_a", 2, 2 + i);
        done.rule.state = HB_DELIVERY_DELIVERED;
        assert_int_equal(rig_apply(&rig, &done)->refusals_count, 0);
    }
    RIG_REDIS(&rig, "EVAL", "return redis.call('HLEN', KEYS[1]..':d') + redis.call('HLEN', KEYS[1]..':D')", "1", "{}");
    assert_in_range(rig.integer, 10, 22);
    struct hb_view_record late = rig_parked(54, "wh_a", 2, 100), forgotten = rig_parked(3, "wh_a", 2, 101);
    assert_int_equal(rig_apply(&rig, &late)->refusals_count, 1); /* a stopped worker wakes: it was delivered */
    assert_int_equal(rig_apply(&rig, &forgotten)->refusals_count, 0); /* rather sent twice than lost */
}

static const struct hb_view_answer *reread(const struct hb_view_record *records, size_t count, bool is_whole)
{
    const struct hb_view_batch batch = {.records = records,
                                        .count = count,
                                        .through = records[count - 1].rule.offset,
                                        .reread = HB_STR("wh_a"),
                                        .is_reread_whole = is_whole};

    return rig_wait(&rig, hb_view_apply(rig.view, &batch, rig_keep, &rig));
}

static int64_t entries_of(const char *webhook)
{
    RIG_REDIS(&rig, "EVAL", "return redis.call('HLEN', KEYS[1]..':e:'..ARGV[1])", "1", "{}", webhook);
    return rig.integer;
}

static void a_spilled_webhook_leaves_what_is_new_in_the_journal_and_is_read_again_in_order(void **state)
{
    struct hb_view_record journal[8];
    int64_t offset = park("wh_a", 0, 2, 1); /* 1, 2 */

    (void)state;
    journal[0] = rig_parked(1, "wh_a", 2, offset++); /* 3: a success, remembered */
    journal[0].rule.state = HB_DELIVERY_DELIVERED;
    assert_int_equal(rig_apply(&rig, &journal[0])->spilled, 0);
    assert_int_equal(rig_wait(&rig, hb_view_spill(rig.view, HB_STR("wh_a"), rig_keep, &rig))->moved, 4);
    journal[1] = rig_parked(0, "wh_a", 2, offset++); /* 4: has an entry, is ruled on */
    journal[2] = rig_parked(5, "wh_a", 1, offset++); /* 5: new, is left */
    journal[3] = rig_parked(1, "wh_a", hb_shard_rule_replay_version(0, (struct hb_wall){1767225600000}), offset++);
    journal[4] = rig_parked(1, "wh_a", journal[3].rule.version + 1, offset++); /* 7: the end of the replay, left, too */
    journal[4].rule.state = HB_DELIVERY_DELIVERED;
    journal[5] = rig_parked(9, "wh_b", 1, offset++); /* 8: others go on */
    for (int i = 1; i <= 5; i++) {
        const struct hb_view_answer *answer = rig_apply(&rig, &journal[i]);
        assert_int_equal(answer->err, HB_OK);
        assert_int_equal(answer->refusals_count, 0);
        assert_int_equal(answer->skipped, i >= 2 && i <= 4);
        assert_int_equal(answer->spilled, 1);
    }
    assert_int_equal(entries_of("wh_a"), 1);
    assert_int_equal(entries_of("wh_b"), 1);
    assert_int_equal(rig_wait(&rig, hb_view_counts(rig.view, rig_keep, &rig))->webhooks_count, 2);
    assert_int_equal(reread(journal + 1, 2, false)->head.applied, 8); /* 4 and 5; `applied` stays */
    assert_int_equal(entries_of("wh_a"), 2);
    struct hb_view_record late = rig_parked(6, "wh_a", 1, offset++); /* while it is read again everything is left */
    assert_int_equal(rig_apply(&rig, &late)->skipped, 1);
    assert_int_equal(reread(journal + 3, 1, false)->refusals_count, 0);
    assert_int_equal(entries_of("wh_a"), 3); /* the replay waits */
    const struct hb_view_record rest[] = {journal[4], late};
    assert_int_equal(reread(rest, 2, true)->spilled, 0);
    assert_int_equal(entries_of("wh_a"), 3); /* it was delivered; the late one waits */
    struct hb_view_record next = rig_parked(7, "wh_a", 1, offset++);
    assert_int_equal(rig_apply(&rig, &next)->skipped, 0);
    assert_int_equal(entries_of("wh_a"), 4);
}

static void what_is_freed_while_it_waits_is_answered_at_once_or_never(void **state)
{
    (void)state;
    assert_int_equal(hb_view_counts(rig.view, rig_keep, &rig), HB_OK);
    hb_view_free(&rig.view);
    RIG_REDIS(&rig, "PING");
    assert_int_equal(rig.answer.calls, 0);
    rig.view = rig_second_view(&rig);
    assert_int_equal(rig_wait(&rig, hb_view_takeover(rig.view, 3, rig_keep, &rig))->err, HB_OK);
    assert_int_equal(hb_view_counts(rig.view, rig_keep, &rig), HB_OK);
    hb_scripts_free(&rig.scripts);
    assert_int_equal(rig.answer.calls, 1);
    assert_int_equal(rig.answer.it.err, HB_ERR_CLOSED);
    assert_int_equal(hb_scripts_new(rig.redis, &rig.scripts), HB_OK);
    RIG_REDIS(&rig, "PING");
    assert_int_equal(rig.answer.calls, 1);
    rig.answer.calls = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(claims_take_the_oldest_first_no_more_than_each_may_and_each_once),
        TEST(a_lease_that_ends_makes_it_due_again_and_renewing_keeps_it),
        TEST(what_was_settled_meanwhile_is_neither_renewed_nor_given_back),
        TEST(a_webhook_that_can_take_nothing_leaves_the_ready_set_until_told_otherwise),
        TEST(a_former_owner_is_shut_out_of_every_verb),
        TEST(a_wiped_view_gives_nothing_until_its_journal_was_read_again),
        TEST(a_batch_for_another_place_is_refused_with_the_truth_and_a_lost_reply_is_found_out),
        TEST(foreign_cut_and_later_entries_are_set_aside_with_their_bytes_and_the_rest_goes_on),
        TEST(an_entry_beyond_a_limit_is_set_aside_and_one_at_its_limit_is_not),
        TEST(a_place_that_is_none_is_set_aside_and_the_view_is_read_from_the_start),
        TEST(a_mark_that_is_no_owners_does_not_shut_an_owner_out_for_ever),
        TEST(a_format_that_is_none_does_not_halt_the_shard),
        TEST(a_count_that_is_none_is_counted_anew),
        TEST(a_spilled_webhook_of_which_nobody_knows_from_where_is_read_again_from_the_start),
        TEST(a_due_time_that_is_none_is_taken_for_the_nearest_that_is_one),
        TEST(a_wanted_repair_that_is_not_ours_is_set_aside),
        TEST(a_memory_that_is_not_ours_is_none),
        TEST(keys_of_another_type_are_moved_out_of_the_way_whole),
        TEST(a_view_of_a_later_hookbus_is_not_touched),
        TEST(a_redis_that_forgot_the_scripts_is_told_them_again),
        TEST(a_full_redis_still_claims_and_settles),
        TEST(what_comes_due_soon_is_shown_ahead_with_its_job_and_a_cleared_view_is_read_again),
        TEST(numbers_of_jobs_are_used_again_and_without_one_the_name_is_lost_but_not_the_delivery),
        TEST(the_table_of_jobs_does_not_grow_with_those_of_before),
        TEST(of_an_ordered_subject_one_goes_at_a_time_in_the_order_of_the_events),
        TEST(one_command_tells_the_next_due_of_many_shards_and_which_lost_their_view),
        TEST(of_many_deliveries_done_the_latest_are_remembered_and_the_memory_stays_small),
        TEST(a_spilled_webhook_leaves_what_is_new_in_the_journal_and_is_read_again_in_order),
        TEST(what_is_freed_while_it_waits_is_answered_at_once_or_never),
    };
    return RIG_RUN(tests);
}
