/* The owner of shards with a real broker (HOOKBUS_TEST_KAFKA) and a real Redis (HOOKBUS_TEST_REDIS): one at a
 * time, caught up before the first claim, nothing lost whatever breaks, nothing sent twice without need. */
#include "component/retry/owner_world.h"

#include <stdlib.h>

#define NEVER_MS (60 * 60 * 1000)

static void park(struct owner_world *world, int event, int64_t due_in_ms)
{
    owner_park(world, &(struct owner_park){.event = event, .due_in_ms = due_in_ms, .attempts = 1});
}

static int parked(struct owner_world *world, int64_t due_in_ms)
{
    int event = owner_publish(world);

    park(world, event, due_in_ms);
    return event;
}

static int sends_of(const struct owner_world *world, int event)
{
    int count = 0;

    for (int i = 0; i < world->sends_count; i++)
        count += world->sends[i].event == event;
    return count;
}

static void what_is_due_is_sent_and_a_success_removes_it(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    int64_t parked_ms = room_now_ms();
    (void)parked(world, 400);
    owner_until_sends(world, 1);
    assert_in_range(world->sends[0].at_ms - parked_ms, 380, 1500);
    assert_int_equal(world->sends[0].event, 0);
    assert_int_equal(world->sends[0].version, 1);
    assert_int_equal(world->sends[0].attempts, 1);
    OWNER_UNTIL(world, owner_entries(world) == 0);
    owner_run(world, 300);
    assert_int_equal(world->sends_count, 1);
}

static void what_was_parked_before_it_began_is_caught_up_and_sent(void **state)
{
    struct owner_world *world = *state;

    for (int i = 0; i < 300; i++)
        (void)owner_publish(world);
    for (int i = 0; i < 300; i++)
        park(world, i, i % 2 ? 0 : NEVER_MS);
    owner_start(world, 0);
    owner_until_sends(world, 150);
    OWNER_UNTIL(world, owner_entries(world) == 150);
    owner_run(world, 200);
    assert_int_equal(world->sends_count, 150);
}

static void no_more_is_claimed_than_the_sender_has_room_for_and_freed_room_is_used_at_once(void **state)
{
    struct owner_world *world = *state;

    world->slots = 3;
    world->answer = OWNER_HOLDS;
    owner_start(world, 0);
    for (int i = 0; i < 10; i++)
        (void)parked(world, 0);
    owner_until_sends(world, 3);
    owner_run(world, 300);
    assert_int_equal(world->sends_count, 3);
    owner_deliver(world, 0);
    owner_until_sends(world, 4);
    owner_run(world, 200);
    assert_int_equal(world->sends_count, 4);
    world->slots = 0;
    for (int i = 1; i < 4; i++)
        owner_deliver(world, i);
    owner_run(world, 300);
    assert_int_equal(world->sends_count, 4);
    world->slots = 64;
    struct hb_owner face = hb_retry_owner(world->owners[0].retry);
    face.room_changed(face.user, hb_str_c(world->webhook));
    owner_until_sends(world, 10);
}

static void what_was_not_sent_is_given_back_and_due_again(void **state)
{
    struct owner_world *world = *state;

    world->answer = OWNER_UNSENT;
    owner_start(world, 0);
    (void)parked(world, 0);
    owner_until_sends(world, 2); /* again after a pause, the same version: nothing was charged */
    assert_int_equal(world->sends[1].version, 1);
    assert_in_range(world->sends[1].at_ms - world->sends[0].at_ms, 900, 3000);
    world->answer = OWNER_DELIVERS;
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0));
}

static void a_lease_is_renewed_while_its_request_runs_and_given_back_on_stopping(void **state)
{
    struct owner_world *world = *state;

    world->answer = OWNER_HOLDS;
    world->slots = 1;
    owner_start(world, 0);
    (void)parked(world, 0);
    owner_until_sends(world, 1);
    (void)parked(world, 0);
    owner_deliver(world, 0);
    owner_until_sends(world, 2);
    hb_retry_stop(world->owners[0].retry);
    owner_run(world, 300);
    assert_int_equal(world->owners[0].stopped, 0); /* one is with the sender still */
    struct hb_owner face = hb_retry_owner(world->owners[0].retry);
    world->sends[1].is_ended = true;
    face.ended(face.user, world->sends[1].tag, HB_RESEND_UNSENT);
    OWNER_UNTIL(world, world->owners[0].stopped == 1);
    owner_crash(world, 0);
    owner_start(world, 1); /* due at once for the next owner, not when the lease would have ended */
    owner_until_sends(world, 3);
    assert_int_equal(world->sends[2].event, 1);
}

static void a_wiped_redis_is_caught_up_from_the_journal(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    for (int i = 0; i < 50; i++)
        (void)parked(world, NEVER_MS);
    int soon = parked(world, 3000);
    OWNER_UNTIL(world, owner_entries(world) == 51);
    owner_wipe(world);
    int later = parked(world, 0); /* its batch finds the view wiped */
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, soon) == 1 && sends_of(world, later) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 50));
    assert_int_equal(world->sends_count, 2);
}

static void a_redis_restored_from_an_old_copy_is_caught_up_and_sends_nothing_twice(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    for (int i = 0; i < 20; i++)
        (void)parked(world, 500);
    OWNER_UNTIL(world, owner_entries(world) == 20);
    owner_copy(world);
    OWNER_UNTIL(world, (owner_run(world, 5), world->sends_count == 20 && owner_entries(world) == 0));
    for (int i = 0; i < 20; i++)
        (void)parked(world, NEVER_MS);
    OWNER_UNTIL(world, owner_entries(world) == 20);
    owner_restore(world); /* twenty that are done, due now; and none of those that wait */
    assert_int_equal(owner_entries(world), 20);
    int late = parked(world, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, late) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 20));
    assert_int_equal(world->sends_count, 21);
}

static void a_broken_connection_loses_nothing_and_the_view_is_looked_at_before_it_is_used(void **state)
{
    struct owner_world *world = *state;

    world->answer = OWNER_HOLDS;
    owner_start(world, 0);
    (void)parked(world, 0);
    (void)parked(world, 1500);
    owner_until_sends(world, 1);
    OWNER_REDIS(world, "CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal");
    owner_run(world, 200);
    owner_until_sends(world, 2);
    owner_deliver(world, 0);
    owner_deliver(world, 1);
    OWNER_UNTIL(world, owner_entries(world) == 0);
    owner_run(world, 200);
    assert_int_equal(world->sends_count, 2);
}

static void a_second_owner_takes_its_shards_and_what_the_first_had_under_way_is_not_sent_twice(void **state)
{
    struct owner_world *world = *state;

    world->answer = OWNER_HOLDS;
    owner_start(world, 0);
    for (int i = 0; i < 5; i++)
        (void)parked(world, 0);
    owner_until_sends(world, 5);
    owner_make(world, 1);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_is_whole(world) && world->owners[1].retry));
    owner_run(world, 8000); /* the group divides the shards anew */
    OWNER_UNTIL(world, (owner_run(world, 5), owner_is_whole(world)));
    assert_int_equal(world->sends_count, 5); /* leased still */
    for (int i = 0; i < 5; i++)
        owner_deliver(world, i);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0));
    assert_int_equal(world->sends_count, 5);
}

static void an_owner_whose_mark_was_overtaken_takes_over_anew_as_long_as_kafka_says_so(void **state)
{
    struct owner_world *world = *state;
    char key[128];

    owner_start(world, 0);
    (void)snprintf(key, sizeof(key), "{%s:0}:m", world->prefix);
    OWNER_REDIS(world, "HSET", key, "mark", "4"); /* somebody who believes to own it, at a later place */
    int event = parked(world, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, event) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0));
    assert_int_equal(world->sends_count, 1);
}

static void foreign_cut_and_later_records_are_set_aside_or_stop_the_shard(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    owner_write(world, HB_STR("nothing"), HB_STR("{\"v\":1"), "1");
    owner_write(world, HB_STR("dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa"), HB_STR("\x00\xff"), NULL);
    int event = parked(world, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, event) == 1));
    assert_int_equal(hb_metric_read(&world->metrics, HB_METRIC_JOURNAL_UNREADABLE), 2);
    assert_null(hb_retry_trouble(world->owners[0].retry));
    owner_write(world, HB_STR("dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa"), HB_STR("{\"v\":2}"), "2");
    OWNER_UNTIL(world, (owner_run(world, 5), hb_retry_trouble(world->owners[0].retry) != NULL));
    assert_non_null(strstr(hb_retry_trouble(world->owners[0].retry), "newer hookbus"));
    event = parked(world, 0);
    owner_run(world, 500);
    assert_int_equal(sends_of(world, event), 0);
}

/* A webhook of shard 0 that the registry never heard of. */
static void ghost(char name[32], int *number)
{
    do
        (void)snprintf(name, 32, "wh_ghost_%d", ++*number);
    while (hb_journal_shard(hb_str_c(name)) != 0);
}

/* How long what is due waits behind a record of that webhook. */
static int64_t wait_behind(struct owner_world *world, const char *webhook)
{
    int64_t since_ms = room_now_ms();
    owner_park(world, &(struct owner_park){
                          .event = owner_publish(world), .webhook = webhook, .due_in_ms = NEVER_MS, .attempts = 1});
    int event = parked(world, 0);

    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, event) == 1));
    return room_now_ms() - since_ms;
}

static void what_the_registry_does_not_know_is_waited_for_once(void **state)
{
    struct owner_world *world = *state;
    char first[32], second[32];
    int number = 0;

    ghost(first, &number);
    ghost(second, &number);
    owner_start(world, 0);
    assert_true(wait_behind(world, first) >= 5000); /* the registry might know it in a moment */
    assert_true(wait_behind(world, first) < 3000);
    assert_true(wait_behind(world, second) < 3000);
}

static void a_stale_record_is_repaired_so_that_a_rebuilt_view_says_the_same(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    int event = owner_publish(world);
    owner_park(world, &(struct owner_park){.event = event, .version = 3, .due_in_ms = NEVER_MS, .attempts = 3});
    owner_park(world, &(struct owner_park){.event = event, .version = 2, .due_in_ms = 0, .attempts = 2});
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read(&world->metrics, HB_METRIC_RETRY_REPAIRS) == 1));
    int done = parked(world, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, done) == 1 && owner_entries(world) == 1));
    /* A stopped worker wakes: its failure does not undo the success. */
    owner_park(world, &(struct owner_park){.event = done, .version = 2, .due_in_ms = 0, .attempts = 2});
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read(&world->metrics, HB_METRIC_RETRY_REPAIRS) == 2));
    owner_run(world, 500);
    assert_int_equal(world->sends_count, 1);
    owner_end(world, 0);
    owner_wipe(world);
    owner_start(world, 1);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 1));
    owner_run(world, 500);
    assert_int_equal(world->sends_count, 1);
}

static void a_body_that_is_gone_makes_it_dead_and_never_another_events_body_is_sent(void **state)
{
    struct owner_world *world = *state;
    struct hb_error error = {HB_OK, ""};
    char topic[HB_TOPIC_NAME_MAX];

    int first = owner_publish(world), second = owner_publish(world);
    (void)hb_topic_name(hb_str_c(world->prefix), HB_TOPIC_EVENTS_ORDER, topic);
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), topic, 0, 1, 10000, &error), HB_OK);
    owner_start(world, 0);
    park(world, first, 0);
    park(world, second, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, second) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES,
                                                                  HB_REASON_BODY_GONE) == 1));
    owner_run(world, 500);
    assert_int_equal(sends_of(world, first), 0);
    assert_int_equal(owner_entries(world), 1); /* dead, kept */
    assert_int_equal(hb_metric_read(&world->metrics, HB_METRIC_RETRY_STALE), 0);
}

static void what_crashes_its_worker_again_and_again_is_dead_and_the_others_are_sent(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    (void)owner_publish(world);
    int bad = owner_publish(world), good = owner_publish(world);
    world->crasher = world->events[bad].offset;
    park(world, bad, 0);
    park(world, good, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, good) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES,
                                                                  HB_REASON_UNREADABLE_EVENT) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 1)); /* dead, kept */
    owner_run(world, 300);
    assert_int_equal(sends_of(world, bad), 0);
    assert_int_equal(world->in_hand, 0);
}

static void foreign_values_in_the_keys_of_a_view_disturb_a_shard_for_a_moment_at_most(void **state)
{
    static const struct {
        const char *key, *field, *value;
    } foreign[] = {{"m", "applied", "nobody"}, {"m", "mark", "inf"}, {"m", "mark", "777777777"}, {"m", "format", "gold"},
                   {"c", NULL, "many"},        {"s", NULL, "some"},  {"s", "no webhook", "9"}};
    struct owner_world *world = *state;

    owner_start(world, 0);
    int later = parked(world, NEVER_MS);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        char key[128], field[128];
        (void)snprintf(key, sizeof(key), "{%s:0}:%s", world->prefix, foreign[i].key);
        (void)snprintf(field, sizeof(field), "%s%s", foreign[i].field ? foreign[i].field : world->webhook,
                       foreign[i].key[0] == 'c' ? "/3" : "");
        OWNER_REDIS(world, "HSET", key, field, foreign[i].value);
        int event = parked(world, 0);
        OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, event) == 1));
        OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 1));
    }
    assert_int_equal(sends_of(world, later), 0);
}

/* No attempt could follow it: it would be sent again and again, each time its lease ends. */
static void a_record_of_the_largest_version_is_set_aside_and_reading_goes_on(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    int largest = owner_publish(world);
    owner_park(world, &(struct owner_park){.event = largest, .version = HB_JOURNAL_VERSION_MAX});
    int next = parked(world, 0);
    OWNER_UNTIL(world, (owner_run(world, 5), sends_of(world, next) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0));
    assert_int_equal(sends_of(world, largest), 0);
    assert_int_equal(hb_metric_read(&world->metrics, HB_METRIC_JOURNAL_UNREADABLE), 1);
}

static void what_is_too_old_expires_instead_of_being_sent(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    int event = owner_publish(world);
    owner_park(world, &(struct owner_park){.event = event, .appended_ago_ms = 31 * HB_MS_PER_DAY});
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES,
                                                                  HB_REASON_EXPIRED) == 1));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0));
    assert_int_equal(world->sends_count, 0);
}

static void what_is_too_old_and_not_due_is_found_and_expires_too(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    for (int i = 0; i < 3; i++)
        (void)owner_publish(world);
    owner_park(world, &(struct owner_park){
                          .event = 0, .appended_ago_ms = 31 * HB_MS_PER_DAY, .due_in_ms = NEVER_MS, .state = HB_DELIVERY_DEAD});
    owner_park(world, &(struct owner_park){.event = 1, .appended_ago_ms = 31 * HB_MS_PER_DAY, .due_in_ms = NEVER_MS});
    owner_park(world, &(struct owner_park){.event = 2, .appended_ago_ms = 21 * HB_MS_PER_DAY, .due_in_ms = NEVER_MS});
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 3));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 1));
    assert_int_equal(hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES, HB_REASON_EXPIRED), 2);
    assert_int_equal(hb_metric_read(&world->metrics, HB_METRIC_RETRY_OLD), 1);
    assert_int_equal(world->sends_count, 0);
}

static void deliveries_of_a_deleted_webhook_die_in_batches_whatever_their_due_time(void **state)
{
    struct owner_world *world = *state;
    const struct fake_webhook deleted = {.id = world->webhook, .store = "shop", .status = HB_WEBHOOK_DELETED};

    owner_start(world, 0);
    for (int i = 0; i < 30; i++)
        (void)owner_publish(world);
    for (int i = 0; i < 30; i++)
        park(world, i, NEVER_MS);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 30));
    world->is_deleted = true;
    hb_retry_webhook_changed(world->owners[0].retry, NULL, fake_registry_put(world->registry, &deleted));
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES,
                                                                  HB_REASON_WEBHOOK_DELETED) == 30));
    (void)parked(world, 0); /* one that comes later */
    OWNER_UNTIL(world, (owner_run(world, 5), hb_metric_read_label(&world->metrics, HB_METRIC_OUTCOMES,
                                                                  HB_REASON_WEBHOOK_DELETED) == 31));
    owner_run(world, 500);
    assert_int_equal(hb_metric_read(&world->metrics, HB_METRIC_RETRY_STALE), 0);
    assert_int_equal(world->sends_count, 0);
    assert_int_equal(owner_entries(world), 31); /* dead, kept until they expire */
}

/* Redis has this much room, measured by what it uses now. */
static void set_room(struct owner_world *world, int64_t percent)
{
    char text[32];

    OWNER_REDIS(world, "INFO", "memory");
    const char *at = strstr(world->reply, "used_memory:");
    assert_non_null(at);
    int64_t used = strtoll(at + strlen("used_memory:"), NULL, 10);
    (void)snprintf(text, sizeof(text), "%lld", (long long)(percent ? used * 100 / percent : 0));
    OWNER_REDIS(world, "CONFIG", "SET", "maxmemory", text);
    assert_false(world->is_error);
}

static int64_t spilled(struct owner_world *world)
{
    OWNER_REDIS(world, "EVAL",
                "local n = 0 for _, k in ipairs(redis.call('KEYS', '{'..ARGV[1]..':*:s')) do n = n + redis.call('HLEN', k) "
                "end return n",
                "0", world->prefix);
    return world->integer;
}

static void in_a_full_redis_the_fullest_webhook_is_spilled_the_others_go_on_and_all_comes_back(void **state)
{
    struct owner_world *world = *state;

    world->config.retry_redis_check_s = 1;
    set_room(world, 0);
    owner_start(world, 0);
    for (int i = 0; i < 60; i++)
        (void)owner_publish(world);
    for (int i = 0; i < 20; i++)
        park(world, i, NEVER_MS);
    owner_park(world, &(struct owner_park){.event = 0, .webhook = world->other, .due_in_ms = NEVER_MS});
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 21));
    set_room(world, 93);
    OWNER_UNTIL(world, (owner_run(world, 20), spilled(world) == 1));
    for (int i = 20; i < 40; i++)
        park(world, i, 0); /* stay in the journal */
    owner_park(world, &(struct owner_park){.event = 3, .version = 2, .due_in_ms = 0}); /* has an entry: goes on */
    owner_park(world, &(struct owner_park){.event = 1, .webhook = world->other, .due_in_ms = 0});
    owner_until_sends(world, 2);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 20));
    owner_run(world, 500);
    assert_int_equal(world->sends_count, 2);
    set_room(world, 30);
    OWNER_UNTIL(world, (owner_run(world, 20), world->sends_count == 22));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 20));
    assert_int_equal(spilled(world), 0);
    owner_run(world, 300);
    assert_int_equal(world->sends_count, 22);
    set_room(world, 0);
}

static void in_a_redis_without_any_room_what_is_there_is_claimed_and_settled_and_the_rest_waits_in_the_journal(void **state)
{
    struct owner_world *world = *state;

    world->config.retry_redis_check_s = 1;
    set_room(world, 0);
    owner_start(world, 0);
    for (int i = 0; i < 40; i++)
        (void)owner_publish(world);
    for (int i = 0; i < 10; i++)
        park(world, i, 4000);
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 10));
    set_room(world, 105);
    owner_run(world, 1500);
    for (int i = 10; i < 30; i++)
        owner_park(world, &(struct owner_park){.event = i, .webhook = i % 2 ? world->other : NULL});
    OWNER_UNTIL(world, (owner_run(world, 5), world->sends_count == 10 && owner_entries(world) == 0));
    assert_int_equal(spilled(world), 2);
    set_room(world, 30);
    OWNER_UNTIL(world, (owner_run(world, 20), world->sends_count == 30));
    OWNER_UNTIL(world, (owner_run(world, 5), owner_entries(world) == 0 && spilled(world) == 0));
    assert_int_equal(world->sends_count, 30);
    set_room(world, 0);
}

/* Commands sent to Redis; those inside scripts are counted under their own names. */
static int64_t commands(struct owner_world *world)
{
    static const char *const names[] = {"cmdstat_eval:calls=", "cmdstat_evalsha:calls=", "cmdstat_script|load:calls="};
    int64_t sum = 0;

    OWNER_REDIS(world, "INFO", "commandstats");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *at = strstr(world->reply, names[i]);
        sum += at ? strtoll(at + strlen(names[i]), NULL, 10) : 0;
    }
    assert_true(sum > 0);
    return sum;
}

static void an_idle_queue_costs_next_to_nothing(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    for (int i = 0; i < 100; i++)
        (void)parked(world, NEVER_MS);
    OWNER_UNTIL(world, owner_entries(world) == 100);
    owner_run(world, 1000);
    int64_t before = commands(world);
    owner_run(world, 20000); /* the safety calls, and the first search for what is too old, are in it */
    assert_in_range(commands(world) - before, 1, 20);
}

#define OWNER_TEST(name) cmocka_unit_test_setup_teardown(name, owner_setup, owner_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWNER_TEST(what_is_due_is_sent_and_a_success_removes_it),
        OWNER_TEST(what_was_parked_before_it_began_is_caught_up_and_sent),
        OWNER_TEST(no_more_is_claimed_than_the_sender_has_room_for_and_freed_room_is_used_at_once),
        OWNER_TEST(what_was_not_sent_is_given_back_and_due_again),
        OWNER_TEST(a_lease_is_renewed_while_its_request_runs_and_given_back_on_stopping),
        OWNER_TEST(a_wiped_redis_is_caught_up_from_the_journal),
        OWNER_TEST(a_redis_restored_from_an_old_copy_is_caught_up_and_sends_nothing_twice),
        OWNER_TEST(a_broken_connection_loses_nothing_and_the_view_is_looked_at_before_it_is_used),
        OWNER_TEST(a_second_owner_takes_its_shards_and_what_the_first_had_under_way_is_not_sent_twice),
        OWNER_TEST(an_owner_whose_mark_was_overtaken_takes_over_anew_as_long_as_kafka_says_so),
        OWNER_TEST(foreign_cut_and_later_records_are_set_aside_or_stop_the_shard),
        OWNER_TEST(what_the_registry_does_not_know_is_waited_for_once),
        OWNER_TEST(a_stale_record_is_repaired_so_that_a_rebuilt_view_says_the_same),
        OWNER_TEST(a_body_that_is_gone_makes_it_dead_and_never_another_events_body_is_sent),
        OWNER_TEST(what_crashes_its_worker_again_and_again_is_dead_and_the_others_are_sent),
        OWNER_TEST(foreign_values_in_the_keys_of_a_view_disturb_a_shard_for_a_moment_at_most),
        OWNER_TEST(a_record_of_the_largest_version_is_set_aside_and_reading_goes_on),
        OWNER_TEST(what_is_too_old_expires_instead_of_being_sent),
        OWNER_TEST(what_is_too_old_and_not_due_is_found_and_expires_too),
        OWNER_TEST(deliveries_of_a_deleted_webhook_die_in_batches_whatever_their_due_time),
        OWNER_TEST(in_a_full_redis_the_fullest_webhook_is_spilled_the_others_go_on_and_all_comes_back),
        OWNER_TEST(in_a_redis_without_any_room_what_is_there_is_claimed_and_settled_and_the_rest_waits_in_the_journal),
        OWNER_TEST(an_idle_queue_costs_next_to_nothing),
    };
    if (!getenv("HOOKBUS_TEST_REDIS")) {
        printf("skipped: HOOKBUS_TEST_REDIS=host:port names no Redis (tests/run component starts one)\n");
        return ROOM_SKIPPED;
    }
    const char *only = getenv("HOOKBUS_TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    return ROOM_RUN(tests);
}
