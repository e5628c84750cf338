/* What the owner of parked deliveries asks of the sender, and what it hears. */
#include "component/dispatcher/world.h"

static void open_world(struct world *w, const struct fake_webhook *webhook)
{
    w->owner.is_there = true;
    world_add_webhook(w, webhook);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w);
}

/* The third attempt of the event at offset 0. */
static const struct hb_resend THIRD = {.version = 4, .attempts = 2, .first_failed = {FAKE_LOOP_START_MS - 60000}, .position = {0, 0, 0, {FAKE_LOOP_START_MS - 90000}}};

static void a_resend_is_sent_with_its_attempt_and_its_end_is_journaled(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    assert_int_equal(fake_http_pending_count(w->http), 0); /* nothing comes out of the call */
    world_settle(w);
    struct fake_request *request = fake_http_pending(w->http);
    assert_non_null(request);
    assert_string_equal(fake_request_header(request, "hookbus-attempt"), "3");
    assert_string_equal(fake_request_header(request, "webhook-id"), "e-0-0-0");
    assert_non_null(strstr(request->body, "\"data\":{\"n\":1}"));
    world_answer(w, 200);
    assert_int_equal(w->owner.ended[1], 0); /* not before it is acknowledged */
    world_write_all(w);
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
    assert_int_equal(world_count_journal(w, "v5 tombstone", "of wh_0"), 1);
    assert_true(world_has_line(w, "\"outcome\":\"delivered\"", "\"attempt\":3,"));
    assert_int_equal(w->dispatcher->pool.in_use, 0);
}

static void a_failed_resend_is_parked_again_with_what_it_had(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    struct hb_resend resend = THIRD;
    resend.job = HB_STR("rpl_7");
    assert_int_equal(world_resend(w, 1, "wh_0", &resend), HB_OK);
    world_settle(w);
    world_answer(w, 503);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v5 ", "\"state\":\"parked\",\"attempts\":3,"), 1);
    assert_int_equal(world_count_journal(w, "\"first_failed\":1699999940000", "\"job\":\"rpl_7\""), 1);
    assert_int_equal(world_count_journal(w, "\"at\":{\"topic\":0,\"partition\":0,\"offset\":0,\"appended\":1699999910000}", "\"store\":\"shop\""), 1);
    assert_true(world_has_line(w, "\"outcome\":\"failed\",\"reason\":\"unavailable\"", "\"replay\":\"rpl_7\""));
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
}

/* Else a crash between the two would leave an attempt that nobody can look up: no event repeats it. */
static void the_record_of_a_resend_goes_out_only_behind_its_line(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    world_gather(w);
    world_settle(w);
    assert_int_equal(world_count_pending("hookbus.attempts"), 1);
    assert_int_equal(world_count_pending("hookbus.journal"), 0);
    world_ack_topic(w, "hookbus.attempts", HB_ERR_TIMEOUT); /* not yet: it is written again */
    assert_int_equal(world_count_pending("hookbus.journal"), 0);
    assert_int_equal(w->owner.ended[1], 0); /* its lease is kept */
    fake_loop_advance(w->loop, 300);
    world_ack_topic(w, "hookbus.attempts", HB_OK);
    assert_int_equal(world_count_pending("hookbus.journal"), 1);
    assert_int_equal(w->owner.ended[1], 0);
    world_ack_topic(w, "hookbus.journal", HB_OK);
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
    assert_int_equal(w->dispatcher->pool.in_use, 0);
}

static void of_an_ordered_webhook_the_next_does_not_wait_for_a_full_record_of_lines(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .is_ordered = true});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    assert_int_equal(world_count_pending("hookbus.attempts"), 0);
    fake_loop_advance(w->loop, HB_LINES_HURRY_MS + 1);
    assert_int_equal(world_count_pending("hookbus.attempts"), 1);
    world_ack_topic(w, "hookbus.attempts", HB_OK);
    world_ack_topic(w, "hookbus.journal", HB_OK);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
}

static void a_line_nobody_acknowledged_leaves_its_delivery_to_its_lease(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 500);
    world_gather(w);
    world_crash(w);
    assert_int_equal(w->journal_count, 0);
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(w->owner.end[1], HB_RESEND_UNKNOWN);
}

/* As a first attempt: the worker that comes after the third crash does not look into it any more. */
static void an_event_that_crashed_its_worker_three_times_is_not_taken_up_again(void **state)
{
    struct world *w = *state;
    (void)snprintf(w->state_dir, sizeof w->state_dir, "/tmp/hookbus-test-XXXXXX");
    assert_non_null(mkdtemp(w->state_dir));
    w->config.dispatcher_state_dir = w->state_dir;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    const struct hb_position bad = {0, 0, 7, {0}}, good = {0, 0, 8, {0}};
    for (int crash = 0; crash < HB_CRASHES_MAX; crash++) {
        world_start(w);
        struct hb_sender sender = hb_dispatcher_sender(w->dispatcher);
        assert_true(sender.take_up(sender.user, &good)); /* left in order: it counts for nothing */
        sender.let_go(sender.user);
        assert_true(sender.take_up(sender.user, &bad));
        world_crash(w);
    }
    world_start(w);
    struct hb_sender sender = hb_dispatcher_sender(w->dispatcher);
    assert_false(sender.take_up(sender.user, &bad));
    assert_true(sender.take_up(sender.user, &good));
    sender.let_go(sender.user);
}

static void used_up_it_is_dead_or_held(void **state)
{
    static const struct {
        struct fake_webhook webhook;
        const char *word, *record;
    } cases[] = {{{.id = "wh_0", .schedule_count = 3}, "\"outcome\":\"dead\"", "\"state\":\"dead\""},
                 {{.id = "wh_0", .schedule_count = 3, .is_ordered = true}, "\"outcome\":\"dead\"", "\"state\":\"dead\""},
                 {{.id = "wh_0", .schedule_count = 3, .is_ordered = true, .holds_dead = true}, "\"outcome\":\"held\"", "\"state\":\"held\""}};
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, &cases[i].webhook);
        assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
        world_settle(w);
        world_answer(w, 500);
        world_write_all(w);
        assert_true(world_has_line(w, cases[i].word, "server_error"));
        assert_int_equal(world_count_journal(w, "v5 ", cases[i].record), 1);
        if (i < 2)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void our_own_trouble_burns_nothing_and_does_not_come_back_at_once(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    fake_http_refuse(w->http, HB_ERR_MEMORY);
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v5 ", "\"state\":\"parked\",\"attempts\":2,"), 1);
    assert_true(atoll(strstr(w->journal[0], "\"due\":") + 6) >= FAKE_LOOP_START_MS + 24000);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
}

static void a_webhook_that_is_not_active_takes_nothing(void **state)
{
    static const struct {
        struct fake_webhook webhook;
        bool is_deleted;
    } cases[] = {{{.id = "wh_0", .status = HB_WEBHOOK_PAUSED}, false},
                 {{.id = "wh_0", .status = HB_WEBHOOK_DISABLED}, false},
                 {{.id = "wh_0", .status = HB_WEBHOOK_DELETED}, true}};
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, &cases[i].webhook);
        struct hb_resend_room room = world_room(w, "wh_0");
        assert_int_equal(room.slots, 0);
        assert_int_equal(room.is_deleted, cases[i].is_deleted);
        assert_true(room.again.ms == HB_RESEND_WHEN_TOLD);
        assert_int_not_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
        int changed = w->owner.changed;
        world_change_webhook(w, &(struct fake_webhook){.id = "wh_0"});
        assert_true(w->owner.changed > changed);
        assert_true(world_room(w, "wh_0").slots > 0);
        assert_int_equal(w->owner.ended[1], 0);
        if (i < 2)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void of_an_unknown_webhook_nothing_is_concluded(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    struct hb_resend_room room = world_room(w, "wh_5");
    assert_true(room.is_unknown && !room.is_deleted && room.slots == 0);
    assert_int_equal(world_resend(w, 1, "wh_5", &THIRD), HB_ERR_NOT_FOUND);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_5"});
    assert_true(w->owner.changed > 0);
}

static void room_is_the_window_and_fresh_events_keep_a_quarter(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 8;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_room(w, "wh_0").slots, 8);
    for (uintptr_t i = 0; i < 3; i++)
        assert_int_equal(world_resend(w, i, "wh_0", &THIRD), HB_OK);
    assert_int_equal(world_room(w, "wh_0").slots, 5); /* before any of them runs */
    world_settle(w);
    assert_int_equal(world_room(w, "wh_0").slots, 5);
    for (int i = 0; i < 20; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 8);
    assert_int_equal(world_room(w, "wh_0").slots, 3); /* six of eight */
    int changed = w->owner.changed;
    world_answer(w, 200); /* the first resend: its slot goes to the next one that comes */
    assert_true(w->owner.changed > changed);
    assert_int_equal(world_room(w, "wh_0").slots, 4);
}

static void resends_go_before_fresh_events_of_their_webhook(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, "fresh1", 1u);
    world_publish(w, 0, "fresh2", 1u);
    world_settle(w);
    assert_int_equal(world_room(w, "wh_0").slots, 1);
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    assert_string_equal(fake_request_header(fake_http_pending(w->http), "webhook-id"), "e-0-0-0");
    world_answer(w, 200);
    assert_string_equal(fake_request_header(fake_http_pending(w->http), "webhook-id"), "fresh2");
}

static void what_was_claimed_before_a_pause_goes_back_unsent(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    assert_int_equal(world_resend(w, 2, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .status = HB_WEBHOOK_PAUSED});
    world_settle(w);
    assert_int_equal(w->owner.ended[2], 1);
    assert_int_equal(w->owner.end[2], HB_RESEND_UNSENT);
    assert_int_equal(w->owner.ended[1], 0); /* under way: its result counts */
    world_answer(w, 200);
    world_write_all(w);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
    assert_int_equal(world_count_journal(w, "v5 tombstone", "of wh_0"), 1);
    assert_int_equal(fake_http_sent_count(w->http), 1);
}

static void governed_ones_are_sent_by_the_owner_alone(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .is_ordered = true});
    assert_true(world_room(w, "wh_0").slots > 0);
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1);
    world_answer(w, 200);
    world_write_all(w);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
}

static void with_kafka_away_nothing_more_is_taken(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    fake_loop_advance(w->loop, 6000);
    struct hb_resend_room room = world_room(w, "wh_0");
    assert_int_equal(room.slots, 0);
    assert_in_range(room.again.ms, FAKE_LOOP_START_MS + 6001, FAKE_LOOP_START_MS + 7000);
    assert_int_not_equal(world_resend(w, 2, "wh_0", &THIRD), HB_OK);
    assert_int_equal(w->owner.ended[1], 0); /* its lease is kept: it goes first when Kafka is back */
    world_write_all(w);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
    assert_true(world_room(w, "wh_0").slots > 0);
}

static void a_stop_gives_back_what_is_not_sent(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    for (uintptr_t i = 1; i <= 3; i++)
        assert_int_equal(world_resend(w, i, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    hb_dispatcher_stop(w->dispatcher);
    assert_int_equal(w->owner.ended[2] + w->owner.ended[3], 2);
    assert_int_equal(w->owner.end[2], HB_RESEND_UNSENT);
    assert_int_equal(world_room(w, "wh_0").slots, 0);
    assert_int_not_equal(world_resend(w, 4, "wh_0", &THIRD), HB_OK);
    assert_int_equal(w->owner.ended[1], 0);
    world_stop(w); /* it hangs: canceled with the client, and due for the next owner at once, not when its lease ends */
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(w->owner.end[1], HB_RESEND_RECORDED);
    assert_int_equal(world_count_journal(w, "v5 ", "\"state\":\"parked\",\"attempts\":2,"), 1);
    assert_int_equal(world_count_journal(w, "\"due\":1700000000", "\"reason\":\"ended_by_us\""), 1);
    assert_true(world_has_line(w, "\"outcome\":\"parked\",\"reason\":\"ended_by_us\"", "\"attempt\":3,"));
}

static void an_outcome_nobody_acknowledged_is_unknown(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    assert_int_equal(world_resend(w, 1, "wh_0", &THIRD), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    fake_kafka_set_away(true);
    world_stop(w);
    fake_kafka_set_away(false);
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(w->owner.end[1], HB_RESEND_UNKNOWN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_resend_is_sent_with_its_attempt_and_its_end_is_journaled),
                                       T(a_failed_resend_is_parked_again_with_what_it_had),
                                       T(the_record_of_a_resend_goes_out_only_behind_its_line),
                                       T(of_an_ordered_webhook_the_next_does_not_wait_for_a_full_record_of_lines),
                                       T(a_line_nobody_acknowledged_leaves_its_delivery_to_its_lease),
                                       T(an_event_that_crashed_its_worker_three_times_is_not_taken_up_again),
                                       T(used_up_it_is_dead_or_held),
                                       T(our_own_trouble_burns_nothing_and_does_not_come_back_at_once),
                                       T(a_webhook_that_is_not_active_takes_nothing),
                                       T(of_an_unknown_webhook_nothing_is_concluded),
                                       T(room_is_the_window_and_fresh_events_keep_a_quarter),
                                       T(resends_go_before_fresh_events_of_their_webhook),
                                       T(what_was_claimed_before_a_pause_goes_back_unsent),
                                       T(governed_ones_are_sent_by_the_owner_alone),
                                       T(with_kafka_away_nothing_more_is_taken),
                                       T(a_stop_gives_back_what_is_not_sent),
                                       T(an_outcome_nobody_acknowledged_is_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
