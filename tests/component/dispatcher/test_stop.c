#include "component/dispatcher/world.h"

static void open_with_waiting(struct world *w, int events)
{
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    w->config.dispatcher_settle_after_ms = 600000; /* or what waits would be parked meanwhile */
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    for (int i = 0; i < events; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
}

static void stopping_finishes_what_waits_and_takes_nothing_more(void **state)
{
    struct world *w = *state;
    open_with_waiting(w, 4);
    hb_dispatcher_stop(w->dispatcher);
    world_publish(w, 0, NULL, 1u);
    for (int i = 0; i < 4; i++) {
        fake_loop_advance(w->loop, 100);
        assert_int_equal(w->stopped, 0);
        world_answer(w, 200);
    }
    fake_loop_advance(w->loop, 200);
    assert_int_equal(w->stopped, 0); /* lines are not acknowledged */
    fake_kafka_ack_all();
    fake_loop_advance(w->loop, 100);
    assert_int_equal(w->stopped, 1);
    world_stop(w);
    assert_int_equal(fake_kafka_committed(0, 0), 4);
    assert_int_equal(fake_http_sent_count(w->http), 0); /* of the new client */
}

static void at_the_end_of_the_grace_what_waits_is_handed_back_and_sent_by_the_next(void **state)
{
    struct world *w = *state;
    open_with_waiting(w, 4);
    world_answer(w, 200);
    hb_dispatcher_stop(w->dispatcher);
    fake_loop_advance(w->loop, 22000);
    assert_int_equal(w->stopped, 0);
    fake_kafka_ack_all();
    fake_loop_advance(w->loop, 4000);
    assert_int_equal(w->stopped, 1);
    assert_int_equal(fake_http_pending_count(w->http), 1); /* still hangs: canceled with the client */
    world_stop(w);
    assert_int_equal(fake_kafka_committed(0, 0), 1);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(w->events[0][0][0].sent[0], 1);
    assert_int_equal(w->events[0][0][1].sent[0], 2); /* what hung */
    assert_int_equal(w->events[0][0][2].sent[0], 1);
    assert_int_equal(w->events[0][0][3].sent[0], 1);
    assert_int_equal(fake_kafka_stored(0, 0), 4);
}

static void an_answer_within_the_grace_settles_though_others_were_handed_back(void **state)
{
    struct world *w = *state;
    open_with_waiting(w, 3);
    hb_dispatcher_stop(w->dispatcher);
    fake_loop_advance(w->loop, 24000); /* within the last two seconds: what waits is handed back */
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    fake_loop_advance(w->loop, 100);
    assert_int_equal(w->stopped, 1);
    world_stop(w);
    assert_int_equal(fake_kafka_committed(0, 0), 1);
}

static void held_records_are_not_taken_while_stopping(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    fake_registry_set_applied(w->registry, 1);
    world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = "a", .type = "order.created", .value = "{}", .stamp = "9"}, 1u);
    world_settle(w);
    hb_dispatcher_stop(w->dispatcher);
    fake_registry_set_applied(w->registry, 9);
    fake_loop_advance(w->loop, 2000);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    world_stop(w); /* and the record does not keep the consumer */
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 1);
}

static void a_line_acknowledged_as_the_producer_is_freed_harms_nothing(void **state)
{
    struct world *w = *state;
    open_with_waiting(w, 1);
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_set_away(true); /* the flush waits in vain */
    fake_kafka_ack_late(); /* and then the answer comes */
    world_stop(w);
    fake_kafka_set_away(false);
    assert_int_equal(fake_kafka_committed(0, 0), HB_KAFKA_OFFSET_NONE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(stopping_finishes_what_waits_and_takes_nothing_more),
                                       T(at_the_end_of_the_grace_what_waits_is_handed_back_and_sent_by_the_next),
                                       T(an_answer_within_the_grace_settles_though_others_were_handed_back),
                                       T(held_records_are_not_taken_while_stopping),
                                       T(a_line_acknowledged_as_the_producer_is_freed_harms_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
