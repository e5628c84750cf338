#include "component/dispatcher/world.h"

/* One webhook, a window of one: the first delivery runs, the others wait. */
static void open_with_waiting(struct world *w, int events)
{
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    fake_kafka_assign(0, 0);
    for (int i = 0; i < events; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1);
}

static void what_a_webhook_became_while_its_deliveries_waited_decides(void **state)
{
    static const struct {
        struct fake_webhook now;
        const char *reason;
    } cases[] = {{{.id = "wh_0", .status = HB_WEBHOOK_PAUSED}, "\"reason\":\"paused\""},
                 {{.id = "wh_0", .status = HB_WEBHOOK_DISABLED}, "\"reason\":\"disabled\""},
                 {{.id = "wh_0", .status = HB_WEBHOOK_DELETED}, "\"reason\":\"webhook_deleted\""},
                 {{.id = "wh_0", .is_governed = true}, "\"reason\":\"governed\""},
                 {{.id = "wh_0", .is_secret_damaged = true}, "\"reason\":\"secret_damaged\""},
                 {{.id = "wh_0", .url = "bad:url"}, "\"reason\":\"url_refused\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_with_waiting(w, 3);
        world_change_webhook(w, &cases[i].now);
        world_answer(w, 200); /* under way: its result counts */
        world_finish(w);
        assert_int_equal(fake_http_sent_count(w->http), 1);
        assert_int_equal(world_count_lines(w, cases[i].reason), 2);
        assert_int_equal(world_count_lines(w, "\"outcome\":\"delivered\""), 1);
        assert_int_equal(fake_kafka_stored(0, 0), 3);
        if (i + 1 < sizeof cases / sizeof *cases)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void a_changed_url_counts_from_the_next_attempt_on(void **state)
{
    struct world *w = *state;
    open_with_waiting(w, 2);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .url = "other.example"});
    assert_string_equal(fake_http_pending(w->http)->url, "http://receiver.example/wh_0");
    world_answer(w, 200);
    assert_string_equal(fake_http_pending(w->http)->url, "http://other.example/wh_0");
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 2);
}

static void each_selected_delivery_that_is_not_sent_says_why(void **state)
{
    static const struct {
        struct fake_webhook webhook;
        const char *reason;
    } cases[] = {{{.id = "wh_0", .status = HB_WEBHOOK_PAUSED}, "\"reason\":\"paused\""},
                 {{.id = "wh_1", .status = HB_WEBHOOK_DISABLED}, "\"reason\":\"disabled\""},
                 {{.id = "wh_2", .is_governed = true}, "\"reason\":\"governed\""},
                 {{.id = "wh_3", .is_secret_damaged = true}, "\"reason\":\"secret_damaged\""}};
    struct world *w = *state;
    for (size_t i = 0; i < 4; i++)
        world_add_webhook(w, &cases[i].webhook);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_publish(w, 0, NULL, 15u);
    world_finish(w);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(world_has_line(w, cases[i].reason, cases[i].webhook.id));
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

static void an_unknown_store_is_one_line(void **state)
{
    struct world *w = *state;
    world_start(w);
    fake_kafka_assign(0, 0);
    int64_t offset = world_append(
        w, 0, 0, &(struct fake_event){.store = "nobody", .subject = "1", .id = "a", .type = "order.created", .value = "{}"}, 0);
    world_expect_whole(w, 0, 0, offset);
    world_finish(w);
    assert_true(world_has_line(w, "\"reason\":\"unknown_store\"", "\"store\":\"nobody\""));
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

/* Lanes wait for a slot at a destination. When all that runs there moves away, nothing ends there any more, and they must go on all the same. */
static void lanes_that_wait_for_a_destination_go_on_when_the_others_move_away(void **state)
{
    struct world *w = *state;
    w->config.delivery_host_max = 2;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .types = "order.created"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "order.paid"});
    world_start(w);
    fake_kafka_assign(0, 0);
    fake_kafka_assign(0, 1);
    /* wh_1's lane must know its destination before it can wait for it. */
    struct fake_event paid = {.store = "shop", .subject = "1", .id = "first", .type = "order.paid", .value = "{}"};
    world_append(w, 0, 1, &paid, 2u);
    world_settle(w);
    world_answer(w, 200);
    for (int i = 0; i < 3; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 2); /* both wh_0's; its third waits for the destination, then wh_1 */
    paid.id = "second";
    world_append(w, 0, 1, &paid, 2u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 2);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .types = "order.created", .url = "other.example"});
    world_answer(w, 200); /* wh_0 goes on at the other place, with what it still runs; wh_1 is alone here now */
    int to_old = 0;
    for (struct fake_request *r = fake_http_pending(w->http); r; r = r->next)
        to_old += strstr(r->url, "receiver.example/wh_1") != NULL;
    assert_int_equal(to_old, 1);
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 1), 2);
}

/* The first in the line of those that wait has nothing left: the slot must go to the next. */
static void a_free_slot_at_a_destination_is_not_lost_on_an_empty_lane(void **state)
{
    struct world *w = *state;
    w->config.delivery_host_max = 1;
    for (int i = 0; i < 3; i++) {
        const char *const ids[] = {"wh_0", "wh_1", "wh_2"}, *const types[] = {"order.created", "order.paid", "order.updated"};
        world_add_webhook(w, &(struct fake_webhook){.id = ids[i], .types = types[i]});
    }
    world_start(w);
    for (int p = 0; p < 3; p++)
        fake_kafka_assign(0, p);
    const char *const types[] = {"order.created", "order.paid", "order.updated"};
    for (int round = 0; round < 2; round++)
        for (int p = 0; p < 3; p++) {
            char id[16];
            (void)snprintf(id, sizeof id, "x%d%d", round, p);
            world_append(w, 0, p, &(struct fake_event){.store = "shop", .subject = "1", .id = id, .type = types[p], .value = "{}"}, 1u << p);
            world_settle(w);
            if (round == 0)
                world_answer(w, 200);
        }
    assert_int_equal(fake_http_pending_count(w->http), 1);
    fake_kafka_revoke(0, 1); /* wh_1's delivery is handed back */
    world_settle(w);
    world_answer(w, 200);
    assert_int_equal(fake_http_pending_count(w->http), 1);
    assert_non_null(strstr(fake_http_pending(w->http)->url, "wh_2"));
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 2), 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(what_a_webhook_became_while_its_deliveries_waited_decides),
                                       T(a_changed_url_counts_from_the_next_attempt_on),
                                       T(each_selected_delivery_that_is_not_sent_says_why),
                                       T(an_unknown_store_is_one_line),
                                       T(lanes_that_wait_for_a_destination_go_on_when_the_others_move_away),
                                       T(a_free_slot_at_a_destination_is_not_lost_on_an_empty_lane)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
