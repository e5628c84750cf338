#include "component/dispatcher/world.h"

static const struct fake_event GOOD = {.store = "shop", .subject = "1", .id = "e-0-0-0", .type = "order.created", .value = "{}"};

static void open_world(struct world *w)
{
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w);
}

static int64_t append(struct world *w, const char *id, const char *value, const char *stamp)
{
    struct fake_event event = GOOD;
    event.id = id;
    event.value = value;
    event.stamp = stamp;
    return world_append(w, 0, 0, &event, 1u);
}

static void a_record_that_is_no_event_is_a_line_and_the_partition_goes_on(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_expect_whole(w, 0, 0, append(w, NULL, "{}", NULL));      /* no id */
    world_expect_whole(w, 0, 0, append(w, "a", "{broken", NULL));
    world_expect_whole(w, 0, 0, append(w, "b", NULL, NULL));       /* a tombstone */
    append(w, "c", "{}", NULL);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 4);
    assert_int_equal(world_count_lines(w, "\"outcome\":\"unreadable\""), 3);
    assert_int_equal(fake_http_sent_count(w->http), 1);
}

static void an_event_ahead_of_the_registry_waits_until_it_is_reached(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_registry_set_applied(w->registry, 5);
    fake_registry_set_end(w->registry, 20);
    append(w, "a", "{}", "9");
    append(w, "b", "{}", NULL); /* behind it in the partition: waits too */
    world_settle(w);
    assert_true(fake_kafka_is_paused(0, 0));
    fake_loop_advance(w->loop, 5000);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    fake_registry_set_applied(w->registry, 9); /* at once, not with the next second */
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    assert_false(fake_kafka_is_paused(0, 0));
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 2);
}

static void a_stamp_beyond_the_end_is_a_lie_once_the_end_was_asked_again(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_registry_set_applied(w->registry, 5);
    world_expect_whole(w, 0, 0, append(w, "a", "{}", "6"));
    fake_registry_set_end(w->registry, -1); /* no answer: nothing is concluded */
    fake_loop_advance(w->loop, 10000);
    assert_true(fake_registry_asked(w->registry) > 0);
    assert_int_equal(fake_kafka_pending_count(), 1);
    fake_registry_set_end(w->registry, 6);
    world_finish(w);
    assert_true(world_has_line(w, "unreadable", "stamp_beyond_registry"));
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_int_equal(fake_http_sent_count(w->http), 0);
}

static void an_event_older_than_the_webhook_is_not_for_it(void **state)
{
    struct world *w = *state;
    fake_registry_set_applied(w->registry, 50);
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .created_offset = 40});
    world_start(w);
    fake_kafka_assign(0, 0);
    struct fake_event event = GOOD;
    event.stamp = "39";
    world_append(w, 0, 0, &event, 0);
    event.stamp = "40";
    event.id = "e-0-0-1";
    world_append(w, 0, 0, &event, 1u);
    world_finish(w);
    assert_int_equal(w->events[0][0][0].sent[0], 0);
    assert_int_equal(w->events[0][0][1].sent[0], 1);
}

static void the_same_id_again_is_skipped_and_with_other_data_loudly(void **state)
{
    struct world *w = *state;
    open_world(w);
    append(w, "same", "{\"a\":1}", NULL);
    world_expect_whole(w, 0, 0, append(w, "same", "{\"a\":1}", NULL));
    world_expect_whole(w, 0, 0, append(w, "same", "{\"a\":2}", NULL));
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 1);
    assert_int_equal(world_count_lines(w, "\"reason\":\"duplicate_id\""), 1);
    assert_int_equal(world_count_lines(w, "\"reason\":\"conflicting_id\""), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
}

static void a_newer_record_stops_its_partition_and_no_other(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_kafka_assign(0, 1);
    struct fake_event event = GOOD;
    event.version = "2";
    fake_kafka_append(0, 0, &event);
    append(w, "after", "{}", NULL);
    world_publish(w, 1, NULL, 1u);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    assert_int_equal(fake_kafka_stored(0, 1), 1);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "newer hookbus"));
}

static void a_full_ring_pauses_its_partition_until_the_commit_is_acknowledged(void **state)
{
    struct world *w = *state;
    open_world(w); /* 64 slots */
    for (int i = 0; i < 70; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_true(fake_kafka_is_paused(0, 0));
    for (int i = 0; i < 100 && fake_http_pending(w->http); i++)
        world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 64);
    assert_int_equal(fake_http_sent_count(w->http), 64); /* settled, but not committed */
    assert_true(fake_kafka_is_paused(0, 0));
    fake_kafka_commit_fails();
    fake_loop_advance(w->loop, 2000);
    assert_true(fake_kafka_is_paused(0, 0));
    fake_kafka_commit(true);
    world_settle(w);
    assert_false(fake_kafka_is_paused(0, 0));
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 70);
    assert_int_equal(fake_http_sent_count(w->http), 70);
}

static void a_full_queue_stops_polling_and_three_quarters_start_it_again(void **state)
{
    struct world *w = *state;
    w->config.delivery_waiting_max = 16;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w);
    for (int i = 0; i < 40; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(w->dispatcher->admit.waiting, 16);
    int polls = fake_kafka_polls();
    fake_loop_advance(w->loop, 200); /* not so long that its lane is behind */
    assert_int_equal(fake_kafka_polls(), polls);
    assert_false(fake_kafka_is_paused(0, 0)); /* a pause throws away what was fetched */
    world_answer(w, 200);
    world_answer(w, 200);
    world_answer(w, 200);
    assert_int_equal(fake_kafka_polls(), polls);
    world_answer(w, 200);
    assert_true(fake_kafka_polls() > polls);
    assert_int_equal(w->dispatcher->admit.waiting, 16);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 40);
}

static void long_starvation_pauses_everything_and_polls_on(void **state)
{
    struct world *w = *state;
    w->config.delivery_waiting_max = 16;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w);
    fake_kafka_assign(0, 1);
    for (int i = 0; i < 40; i++)
        world_publish(w, i % 2, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 12000); /* after five seconds without acknowledgement there is no room */
    assert_true(fake_kafka_is_paused(0, 0) && fake_kafka_is_paused(0, 1));
    int polls = fake_kafka_polls();
    fake_loop_advance(w->loop, 3000);
    assert_true(fake_kafka_polls() >= polls + 3);
    fake_kafka_ack_all();
    world_settle(w);
    assert_false(fake_kafka_is_paused(0, 0) || fake_kafka_is_paused(0, 1));
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0) + fake_kafka_stored(0, 1), 40);
}

static void a_partition_assigned_while_all_are_paused_waits_as_well(void **state)
{
    struct world *w = *state;
    w->config.delivery_waiting_max = 16;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w);
    for (int i = 0; i < 40; i++)
        world_publish(w, 0, NULL, 1u);
    for (int i = 0; i < 60; i++)
        world_publish(w, 2, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 12000);
    size_t waiting = w->dispatcher->admit.waiting;
    fake_kafka_assign(0, 2);
    fake_loop_advance(w->loop, 3000);
    assert_int_equal(w->dispatcher->admit.waiting, waiting);
    assert_true(fake_kafka_is_paused(0, 2));
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0) + fake_kafka_stored(0, 2), 100);
}

static void without_the_sealing_key_or_a_current_registry_nothing_is_consumed(void **state)
{
    struct world *w = *state;
    w->has_keys = false;
    world_start(w);
    fake_loop_advance(w->loop, 5000);
    assert_false(fake_kafka_has_consumer());
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "sealing key"));
    world_stop(w);
    w->has_keys = true;
    fake_registry_set_current(w->registry, false);
    world_start(w);
    fake_loop_advance(w->loop, 5000);
    assert_false(fake_kafka_has_consumer());
    fake_registry_set_current(w->registry, true);
    fake_loop_advance(w->loop, 1000);
    assert_true(fake_kafka_has_consumer());
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "not given it its partitions yet"));
}

static void it_is_ready_when_the_group_has_given_it_partitions_and_stays_so_when_they_go(void **state)
{
    struct world *w = *state;
    world_start(w);
    fake_loop_advance(w->loop, 5000);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "not given it its partitions yet"));
    fake_kafka_assign(0, 0);
    world_settle(w);
    assert_null(hb_dispatcher_trouble(w->dispatcher));
    fake_kafka_revoke(0, 0); /* a rebalance is no trouble */
    world_settle(w);
    assert_null(hb_dispatcher_trouble(w->dispatcher));
}

static void a_member_for_whom_no_partition_is_left_is_ready(void **state)
{
    struct world *w = *state;
    world_start(w);
    fake_kafka_assign_none();
    world_settle(w);
    assert_null(hb_dispatcher_trouble(w->dispatcher));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_record_that_is_no_event_is_a_line_and_the_partition_goes_on),
                                       T(an_event_ahead_of_the_registry_waits_until_it_is_reached),
                                       T(a_stamp_beyond_the_end_is_a_lie_once_the_end_was_asked_again),
                                       T(an_event_older_than_the_webhook_is_not_for_it),
                                       T(the_same_id_again_is_skipped_and_with_other_data_loudly),
                                       T(a_newer_record_stops_its_partition_and_no_other),
                                       T(a_full_ring_pauses_its_partition_until_the_commit_is_acknowledged),
                                       T(a_full_queue_stops_polling_and_three_quarters_start_it_again),
                                       T(long_starvation_pauses_everything_and_polls_on),
                                       T(a_partition_assigned_while_all_are_paused_waits_as_well),
                                       T(without_the_sealing_key_or_a_current_registry_nothing_is_consumed),
                                       T(it_is_ready_when_the_group_has_given_it_partitions_and_stays_so_when_they_go),
                                       T(a_member_for_whom_no_partition_is_left_is_ready)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
