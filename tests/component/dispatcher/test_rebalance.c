#include "component/dispatcher/world.h"

static void open_world(struct world *w)
{
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    fake_kafka_assign(0, 1);
    world_settle(w);
}

static void what_waits_of_a_partition_that_left_is_not_sent(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w);
    for (int i = 0; i < 10; i++)
        world_publish(w, i % 2, NULL, 1u);
    world_settle(w);
    fake_kafka_revoke(0, 0);
    world_settle(w);
    world_finish(w);
    int sent = 0;
    for (int i = 0; i < 5; i++) {
        sent += (int)w->events[0][0][i].sent[0];
        assert_int_equal(w->events[0][1][i].sent[0], 1);
    }
    assert_in_range(sent, 0, 1); /* what was under way */
    assert_int_equal(fake_kafka_stored(0, 1), 5);
    assert_int_equal(fake_kafka_committed(0, 0), HB_KAFKA_OFFSET_NONE);
}

static void a_late_answer_settles_nothing_here(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_kafka_revoke(0, 0);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(w->stores, 0);
    assert_true(world_has_line(w, "delivered", "e-0-0-0")); /* it was sent, and history says so */
}

static void a_late_answer_of_an_older_assignment_settles_nothing_either(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_kafka_revoke(0, 0);
    fake_kafka_assign(0, 0);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 2); /* the old one, and the one of the new assignment */
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_answer(w, 200);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

static void a_late_line_of_a_partition_that_left_settles_nothing(void **state)
{
    struct world *w = *state;
    open_world(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_revoke(0, 0);
    world_settle(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(w->stores, 0);
}

static void held_records_leave_with_their_partition(void **state)
{
    struct world *w = *state;
    open_world(w);
    fake_registry_set_applied(w->registry, 5);
    world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = "a", .type = "order.created", .value = "{}", .stamp = "9"}, 1u);
    world_settle(w);
    fake_kafka_revoke(0, 0);
    world_settle(w);
    fake_registry_set_applied(w->registry, 10);
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 1);
}

static void lost_and_failed_commit_answers_cost_nothing(void **state)
{
    struct world *w = *state;
    open_world(w);
    for (int i = 0; i < 64; i++)
        world_publish(w, 0, NULL, 1u);
    for (int i = 0; i < 64; i++)
        world_settle(w), world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    fake_kafka_commit(false); /* committed, but the answer is lost */
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_true(fake_kafka_is_paused(0, 0)); /* nothing says that a slot is free */
    assert_int_equal(fake_http_pending_count(w->http), 0);
    fake_kafka_revoke(0, 0);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 65);
    assert_int_equal(fake_kafka_committed(0, 0), 65);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(what_waits_of_a_partition_that_left_is_not_sent),
                                       T(a_late_answer_settles_nothing_here),
                                       T(a_late_answer_of_an_older_assignment_settles_nothing_either),
                                       T(a_late_line_of_a_partition_that_left_settles_nothing),
                                       T(held_records_leave_with_their_partition),
                                       T(lost_and_failed_commit_answers_cost_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
