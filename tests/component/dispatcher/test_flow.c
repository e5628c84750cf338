#include "component/dispatcher/world.h"

static void an_event_is_sent_signed_written_down_and_only_then_stored(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    struct fake_request *request = fake_http_pending(w->http);
    assert_non_null(request);
    assert_non_null(strstr(request->body, "\"data\":{\"n\":1}"));
    assert_string_equal(fake_request_header(request, "webhook-id"), "e-0-0-0");
    assert_non_null(fake_request_header(request, "webhook-signature"));
    assert_string_equal(fake_request_header(request, "hookbus-attempt"), "1");
    assert_int_equal(strncmp(fake_request_header(request, "hookbus-delivery-id"), "dlv_", 4), 0);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_answer(w, 204);
    world_gather(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1); /* the line is not acknowledged */
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_true(world_has_line(w, "\"outcome\":\"delivered\"", "\"status\":204"));
}

static void all_webhooks_of_an_event_must_end_before_it_settles(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_2", .types = "product.updated"});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_publish(w, 0, NULL, 3u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 2);
    world_answer(w, 200);
    world_gather(w);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_answer(w, 500);
    world_write_all(w); /* its line, then its record */
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_true(world_has_line(w, "\"outcome\":\"failed\",\"reason\":\"server_error\"", "\"body\":\"answer\""));
}

static void an_event_nobody_selects_settles_without_a_line(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .types = "cart.abandoned"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .filter = "{\"n\":[2]}"});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_publish(w, 0, NULL, 0);
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_int_equal(fake_http_sent_count(w->http), 0);
}

/* Lists within lists, looked at by each branch: more work than a filter may do. */
static void a_filter_that_costs_too_much_leaves_a_skipped_line(void **state)
{
    struct world *w = *state;
    struct hb_buf filter = hb_buf_make(16384), data = hb_buf_make(300000);
    for (int i = 0; i < 80; i++)
        assert_int_equal(hb_buf_add(&filter, i ? HB_STR(",{\"x\":[1]}") : HB_STR("{\"$or\":[{\"x\":[1]}")), HB_OK);
    assert_int_equal(hb_buf_add(&filter, HB_STR("]}")), HB_OK);
    assert_int_equal(hb_buf_add(&data, HB_STR("{\"x\":")), HB_OK);
    for (int i = 0; i < 60; i++)
        assert_int_equal(hb_buf_add_char(&data, '['), HB_OK);
    for (int i = 0; i < 120000; i++)
        assert_int_equal(hb_buf_add(&data, i ? HB_STR(",0") : HB_STR("0")), HB_OK);
    for (int i = 0; i < 60; i++)
        assert_int_equal(hb_buf_add_char(&data, ']'), HB_OK);
    assert_int_equal(hb_buf_add_char(&data, '}'), HB_OK);
    assert_int_equal(hb_buf_add_char(&filter, '\0'), HB_OK);
    assert_int_equal(hb_buf_add_char(&data, '\0'), HB_OK);
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .filter = filter.ptr});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_append(w, 0, 0, &(struct fake_event){.id = "evt_a", .store = "shop", .subject = "1001", .type = "order.created", .value = data.ptr}, 1u);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    assert_true(world_has_line(w, "\"outcome\":\"skipped\",\"reason\":\"filter_too_costly\"", "wh_0"));
    hb_buf_deinit(&filter);
    hb_buf_deinit(&data);
}

static void lines_acknowledged_in_any_order_settle_their_own_events(void **state)
{
    struct world *w = *state;
    w->config.dispatcher_attempts_linger_ms = 0;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w); /* what comes later is no repeat */
    for (int i = 0; i < 3; i++) {
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        world_answer(w, 200);
    }
    assert_int_equal(fake_kafka_pending_count(), 4); /* and the record that the group exists */
    struct fake_record *last = fake_kafka_pending()->next->next->next;
    fake_kafka_ack(last, HB_OK);
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
}

static void only_successes_widen_a_window(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = 2;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    for (int i = 0; i < 40; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 2);
    const int saying_nothing[] = {400, 404, 500, 302, 425};
    for (int i = 0; i < 15; i++)
        world_answer(w, saying_nothing[i % 5]);
    assert_int_equal(fake_http_pending_count(w->http), 2);
    world_answer(w, 200);
    world_answer(w, 200);
    assert_int_equal(fake_http_pending_count(w->http), 3);
    world_answer(w, 503); /* 3 becomes 1 */
    world_answer(w, 503); /* began before that: punished already */
    assert_int_equal(fake_http_pending_count(w->http), 1);
    world_answer(w, 200);
    assert_int_equal(fake_http_pending_count(w->http), 2);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 40);
}

static void our_own_trouble_is_not_charged(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = 4;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    for (int i = 0; i < 20; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    for (int i = 0; i < 8; i++) {
        fake_http_fail(w->http, fake_http_pending(w->http), HB_FAILURE_OURS);
        world_settle(w);
    }
    assert_int_equal(fake_http_pending_count(w->http), 4);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 20);
}

static void what_the_client_refuses_is_a_line_not_a_hole(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .url = "bad:url"});
    world_start(w);
    fake_http_refuse(w->http, HB_ERR_MEMORY);
    fake_kafka_assign(0, 0);
    world_publish(w, 0, NULL, 3u);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    assert_true(world_has_line(w, "\"reason\":\"not_sent\"", "wh_0"));
    assert_true(world_has_line(w, "\"reason\":\"url_refused\"", "wh_1"));
}

/* How wide a webhook's window is, its history says: when it changed, and once a minute. */
static void a_line_tells_the_window_where_it_changed(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = 1;
    w->config.delivery_window_max = 2;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    static const struct {
        int status, pause_s;
        const char *window;
    } steps[] = {{200, 0, "\"window\":2,"}, {200, 0, NULL}, {200, 61, "\"window\":2,"}, {503, 0, "\"window\":1,"}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        fake_loop_advance(w->loop, steps[i].pause_s * 1000);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        world_answer(w, steps[i].status);
        world_write_all(w);
        const char *line = w->lines[(w->lines_count - 1) % WORLD_LINES_KEPT];
        if (steps[i].window ? !strstr(line, steps[i].window) : strstr(line, "window") != NULL)
            fail_msg("step %zu: %s", i, line);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(an_event_is_sent_signed_written_down_and_only_then_stored),
                                       T(all_webhooks_of_an_event_must_end_before_it_settles),
                                       T(an_event_nobody_selects_settles_without_a_line),
                                       T(a_filter_that_costs_too_much_leaves_a_skipped_line),
                                       T(lines_acknowledged_in_any_order_settle_their_own_events),
                                       T(only_successes_widen_a_window),
                                       T(our_own_trouble_is_not_charged),
                                       T(what_the_client_refuses_is_a_line_not_a_hole),
                                       T(a_line_tells_the_window_where_it_changed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
