#include "component/dispatcher/world.h"

static void open_world(struct world *w)
{
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_ack_all();
    fake_kafka_assign(0, 0);
    world_settle(w);
}

static void a_record_kafka_refuses_for_a_while_is_written_again(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    for (int i = 0; i < 3; i++) {
        fake_kafka_ack(fake_kafka_pending(), HB_ERR_TIMEOUT);
        world_settle(w);
        assert_null(fake_kafka_pending());
        fake_loop_advance(w->loop, 200);
        assert_int_equal(fake_kafka_pending_count(), 1);
    }
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_int_equal(w->lines_acked, 1);
}

static void a_full_client_queue_only_delays_lines(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_kafka_refuse(HB_ERR_FULL);
    for (int i = 0; i < 3; i++) {
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        world_answer(w, 200);
        world_gather(w);
    }
    fake_loop_advance(w->loop, 1000);
    assert_null(fake_kafka_pending());
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    fake_kafka_refuse(HB_OK);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
    assert_int_equal(w->lines_acked, 3);
}

/* A lost assignment must be met before the coordinator is back (intake_pace.c). */
static void with_kafka_away_partitions_are_paused_within_a_second_or_two_and_polling_goes_on(void **state)
{
    struct world *w = *state;
    w->config.dispatcher_settle_after_ms = 600000;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    for (int s = 0; s < 20 && !hb_dispatcher_trouble(w->dispatcher); s++)
        fake_loop_advance(w->loop, 1000);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "does not acknowledge"));
    fake_loop_advance(w->loop, 2000);
    assert_true(fake_kafka_is_paused(0, 0));
    int polls = fake_kafka_polls();
    fake_loop_advance(w->loop, 2000);
    assert_in_range(fake_kafka_polls() - polls, 1, 3);
    fake_kafka_ack_all();
    world_settle(w);
    assert_false(fake_kafka_is_paused(0, 0));
    world_finish(w);
}

static void after_five_seconds_without_acknowledgement_nothing_more_is_sent(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    w->config.dispatcher_settle_after_ms = 600000; /* or what waits would be parked meanwhile */
    open_world(w);
    for (int i = 0; i < 3; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    fake_loop_advance(w->loop, 6000);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "does not acknowledge"));
    world_answer(w, 200); /* what was under way ends */
    assert_int_equal(fake_http_pending_count(w->http), 0);
    world_publish(w, 0, NULL, 1u);
    fake_loop_advance(w->loop, 60000);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    int polls = fake_kafka_polls();
    fake_loop_advance(w->loop, 10000);
    assert_in_range(fake_kafka_polls() - polls, 9, 11); /* it stays in the group, without a busy loop */
    fake_kafka_ack_all();
    world_settle(w); /* at once, not with the next second */
    assert_null(hb_dispatcher_trouble(w->dispatcher));
    assert_int_equal(fake_http_sent_count(w->http), 3);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 4);
    assert_int_equal(fake_kafka_stored(0, 0), 4);
}

static void what_kafka_does_not_permit_is_red(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_DENIED);
    world_settle(w);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "refuses the history"));
    assert_int_equal(w->failed, 0);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 1); /* history would have a hole: nothing more is sent */
}

static void a_producer_that_is_finished_ends_the_role(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    fake_kafka_refuse(HB_ERR_FATAL);
    world_gather(w);
    assert_int_equal(w->failed, 1);
    fake_kafka_refuse(HB_OK);
}

static void errors_of_the_consumer_say_what_to_do(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_kafka_error(HB_ERR_AWAY, -1, -1, "brokers are down");
    world_settle(w);
    assert_null(hb_dispatcher_trouble(w->dispatcher));
    fake_kafka_error(HB_ERR_NOT_FOUND, 0, 0, "offset out of range");
    world_settle(w);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "--reset-offsets"));
    fake_kafka_error(HB_ERR_FATAL, -1, -1, "fenced");
    world_settle(w);
    assert_int_equal(w->failed, 1);
    assert_string_equal(w->failure, "fenced");
}

static void a_consumer_that_is_not_permitted_is_red(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_kafka_error(HB_ERR_DENIED, -1, -1, "not authorized");
    world_settle(w);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "not authorized"));
}

static void a_record_too_large_for_the_topic_is_split_then_shortened(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = 4;
    open_world(w);
    for (int i = 0; i < 4; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    for (int i = 0; i < 4; i++)
        world_answer(w, 500);
    world_gather(w);
    for (int round = 0; round < 100 && fake_kafka_stored(0, 0) < 4; round++) {
        while (fake_kafka_pending()) { /* only one line without its body fits */
            const char *value = fake_kafka_pending()->value;
            bool is_small = strchr(value, '\n') == strrchr(value, '\n') && !strstr(value, "\"body\"");
            fake_kafka_ack(fake_kafka_pending(), is_small ? HB_OK : HB_ERR_TOO_LARGE);
        }
        fake_loop_advance(w->loop, 200);
    }
    assert_int_equal(fake_kafka_stored(0, 0), 4);
    assert_int_equal(w->lines_acked, 4);
    assert_true(world_has_line(w, "\"reason\":\"server_error\"", "\"topic\":\"hookbus.events.order\""));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_record_kafka_refuses_for_a_while_is_written_again),
                                       T(a_full_client_queue_only_delays_lines),
                                       T(after_five_seconds_without_acknowledgement_nothing_more_is_sent),
                                       T(with_kafka_away_partitions_are_paused_within_a_second_or_two_and_polling_goes_on),
                                       T(what_kafka_does_not_permit_is_red),
                                       T(a_producer_that_is_finished_ends_the_role),
                                       T(errors_of_the_consumer_say_what_to_do),
                                       T(a_consumer_that_is_not_permitted_is_red),
                                       T(a_record_too_large_for_the_topic_is_split_then_shortened)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
