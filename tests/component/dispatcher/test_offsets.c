#include "component/dispatcher/world.h"

static void fill(struct world *w, int count)
{
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    for (int i = 0; i < count; i++)
        world_publish(w, 0, NULL, 1u);
}

static void a_first_start_begins_at_the_earliest(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_kafka_set_low(0, 0, 2);
    memset(w->events[0][0], 0, 2 * sizeof *w->events[0][0]);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 3);
    assert_int_equal(fake_kafka_committed(0, 0), 5);
}

static void a_committed_offset_out_of_range_stops_the_partition_red(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_kafka_set_committed(0, 0, 9);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_true(fake_kafka_is_refused(0, 0));
    assert_int_equal(fake_http_sent_count(w->http), 0);
    assert_non_null(strstr(hb_dispatcher_trouble(w->dispatcher), "--reset-offsets"));
}

static void a_committed_offset_below_what_is_kept_stops_it_too(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_kafka_set_low(0, 0, 3);
    fake_kafka_set_committed(0, 0, 1);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_true(fake_kafka_is_refused(0, 0));
}

static void reset_offsets_begins_at_the_earliest(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_kafka_set_low(0, 0, 3);
    fake_kafka_set_committed(0, 0, 1);
    memset(w->events[0][0], 0, 3 * sizeof *w->events[0][0]);
    w->resets_offsets = true;
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    assert_null(hb_dispatcher_trouble(w->dispatcher));
}

static void expired_offsets_continue_at_the_watermark(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_registry_put_record(w->registry, "watermark/hookbus.dispatcher/hookbus.events.order/0", "{\"v\":1,\"offset\":3}");
    memset(w->events[0][0], 0, 3 * sizeof *w->events[0][0]);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 2);
}

static void a_watermark_beyond_a_topic_made_anew_loses_nothing(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    fake_registry_put_record(w->registry, "watermark/hookbus.dispatcher/hookbus.events.order/0", "{\"v\":1,\"offset\":1000}");
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 5);
}

static void a_watermark_is_noted_each_minute_if_it_moved(void **state)
{
    struct world *w = *state;
    fill(w, 5);
    world_start(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(strncmp(w->watermark, "group/hookbus.dispatcher {\"v\":1,", 31), 0);
    fake_kafka_assign(0, 0);
    world_finish(w);
    fake_loop_advance(w->loop, 61000);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(strncmp(w->watermark, "watermark/hookbus.dispatcher/hookbus.events.order/0 {\"v\":1,\"offset\":5,", 70), 0);
    w->watermark[0] = '\0';
    fake_loop_advance(w->loop, 61000);
    fake_kafka_ack_all();
    world_settle(w);
    assert_string_equal(w->watermark, "");
}

static void use_state_dir(struct world *w)
{
    (void)snprintf(w->state_dir, sizeof w->state_dir, "/tmp/hookbus-test-XXXXXX");
    assert_non_null(mkdtemp(w->state_dir));
    w->config.dispatcher_state_dir = w->state_dir;
}

static void after_a_crash_only_what_was_not_settled_is_sent_again(void **state)
{
    struct world *w = *state;
    use_state_dir(w);
    fill(w, 10);
    w->config.delivery_window_start = 10;
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 10);
    struct fake_request *hanging = fake_http_pending(w->http); /* offset 0 hangs: nothing can be stored */
    for (int i = 0; i < 6; i++)
        fake_http_answer(w->http, hanging->next, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_crash(w);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    for (int i = 0; i < 10; i++)
        assert_int_equal(w->events[0][0][i].sent[0], i >= 1 && i <= 6 ? 1 : 2);
    assert_int_equal(fake_kafka_stored(0, 0), 10);
}

static void what_stands_in_the_settled_file_is_not_sent_when_offsets_are_gone(void **state)
{
    struct world *w = *state;
    use_state_dir(w);
    fill(w, 3);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    world_stop(w);
    fake_kafka_set_committed(0, 0, HB_KAFKA_OFFSET_NONE);
    world_start(w); /* same records, same append times: known */
    fake_kafka_assign(0, 0);
    world_finish(w);
    assert_int_equal(w->events[0][0][0].sent[0], 1);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
}

static void without_a_settled_file_a_crash_repeats_the_ring(void **state)
{
    struct world *w = *state;
    fill(w, 4);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w);
    struct fake_request *hanging = fake_http_pending(w->http);
    while (hanging->next)
        fake_http_answer(w->http, hanging->next, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    world_crash(w);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_finish(w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(w->events[0][0][i].sent[0], 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_first_start_begins_at_the_earliest),
                                       T(a_committed_offset_out_of_range_stops_the_partition_red),
                                       T(a_committed_offset_below_what_is_kept_stops_it_too),
                                       T(reset_offsets_begins_at_the_earliest),
                                       T(expired_offsets_continue_at_the_watermark),
                                       T(a_watermark_beyond_a_topic_made_anew_loses_nothing),
                                       T(a_watermark_is_noted_each_minute_if_it_moved),
                                       T(after_a_crash_only_what_was_not_settled_is_sent_again),
                                       T(what_stands_in_the_settled_file_is_not_sent_when_offsets_are_gone),
                                       T(without_a_settled_file_a_crash_repeats_the_ring)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
