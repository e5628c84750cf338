/* Rests: declared by the owner from what its own requests meet, read by everyone, over with a success. */
#include "component/dispatcher/world.h"

static void open_world(struct world *w, bool owns, const struct fake_webhook *webhook)
{
    w->owner.is_there = true;
    w->owner.owns = owns;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    world_add_webhook(w, webhook);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w);
}

static const struct hb_resend DUE = {.version = 1, .attempts = 1, .first_failed = {FAKE_LOOP_START_MS}};

/* A window of one that meets overload closes. */
static void make_it_rest(struct world *w)
{
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 503);
    world_write_all(w);
}

static void overload_at_a_window_of_one_is_a_rest_that_is_published(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 503);
    assert_int_equal(fake_http_pending_count(w->http), 0); /* what waited is parked with it */
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 2);
    assert_non_null(strstr(w->watermark, "state/wh_0 {\"v\":1,\"revision\":"));
    assert_non_null(strstr(w->watermark, "\"status\":\"resting\",\"until\":\"2023-11-14T22:13:"));
    assert_non_null(strstr(w->watermark, "\"reason\":\"unavailable\",\"since\":\"2023-11-14T22:13:20.000Z\""));
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_RESTS), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
}

static void who_does_not_own_the_shard_declares_nothing(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0"});
    world_write_all(w);
    w->watermark[0] = '\0';
    for (int i = 0; i < 5; i++)
        make_it_rest(w);
    assert_string_equal(w->watermark, "");
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1); /* it goes on, one at a time */
}

static void a_rest_that_is_over_is_probed_by_one_due_delivery(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    make_it_rest(w);
    struct hb_resend_room room = world_room(w, "wh_0");
    assert_int_equal(room.slots, 0);
    assert_in_range(room.again.ms, FAKE_LOOP_START_MS + 24000, FAKE_LOOP_START_MS + 36100); /* 30 s +-20 % */
    assert_int_not_equal(world_resend(w, 1, "wh_0", &DUE), HB_OK);
    struct hb_resend probe = DUE;
    probe.is_probe = true;
    assert_int_not_equal(world_resend(w, 1, "wh_0", &probe), HB_OK);
    fake_loop_advance(w->loop, 36100);
    room = world_room(w, "wh_0");
    assert_true(room.slots == 1 && room.is_probe);
    assert_int_equal(world_resend(w, 1, "wh_0", &probe), HB_OK);
    assert_int_equal(world_room(w, "wh_0").slots, 0); /* one at a time */
    assert_int_not_equal(world_resend(w, 2, "wh_0", &probe), HB_OK);
    world_settle(w);
    world_answer(w, 500); /* any failure of a probe goes on with the rest, and burns its attempt */
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v2 ", "\"state\":\"parked\",\"attempts\":2,"), 1);
    room = world_room(w, "wh_0");
    assert_int_equal(room.slots, 0);
    assert_true(room.again.ms > FAKE_LOOP_START_MS + 36100 + 40000); /* twice as long */
}

static void a_success_ends_the_rest_and_the_window_ramps_up(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    w->dispatcher->lanes.window_max = 8;
    make_it_rest(w);
    fake_loop_advance(w->loop, 36100);
    struct hb_resend probe = DUE;
    probe.is_probe = true;
    int changed = w->owner.changed;
    assert_int_equal(world_resend(w, 1, "wh_0", &probe), HB_OK);
    world_settle(w);
    world_answer(w, 200);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"status\":\"active\""));
    assert_null(strstr(w->watermark, "since"));
    assert_true(w->owner.changed > changed);
    struct hb_resend_room room = world_room(w, "wh_0");
    assert_true(room.slots == 1 && !room.is_probe);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1);
}

static void with_nothing_parked_a_fresh_event_is_the_probe(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    make_it_rest(w);
    int64_t until = world_room(w, "wh_0").again.ms;
    fake_loop_advance(w->loop, until - FAKE_LOOP_START_MS - 52 + 500); /* over, but a parked one has a second's time */
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(fake_http_sent_count(w->http), 1);
    fake_loop_advance(w->loop, 1000);
    world_publish(w, 0, NULL, 1u);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    world_answer(w, 200);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"status\":\"active\""));
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 2);
}

static void what_the_registry_says_counts_until_half_a_minute_after_its_time(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0", .resting_until_ms = FAKE_LOOP_START_MS + 10000});
    world_publish(w, 0, NULL, 1u);
    fake_loop_advance(w->loop, 39000);
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(fake_http_sent_count(w->http), 0);
    assert_int_equal(world_room(w, "wh_0").slots, 0);
    fake_loop_advance(w->loop, 2000); /* its owner is gone */
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 1);
}

static void a_rest_that_begins_parks_what_waits_and_gives_resends_back(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0", .revision = 3});
    for (int i = 0; i < 3; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(world_resend(w, 1, "wh_0", &DUE), HB_OK);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .revision = 3, .resting_until_ms = FAKE_LOOP_START_MS + 10000});
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 2);
    assert_int_equal(w->owner.end[1], HB_RESEND_UNSENT);
    assert_int_equal(w->owner.ended[1], 1);
    assert_int_equal(fake_http_pending_count(w->http), 1);
}

static void a_new_owner_goes_on_with_the_rest_it_finds(void **state)
{
    struct world *w = *state;
    fake_registry_put_record(w->registry, "state/wh_0", "{\"v\":1,\"revision\":3,\"status\":\"resting\",\"until\":\"2023-11-14T22:13:30.000Z\",\"since\":\"2023-11-10T22:13:30.000Z\"}");
    open_world(w, true, &(struct fake_webhook){.id = "wh_0", .revision = 3, .resting_until_ms = FAKE_LOOP_START_MS + 10000});
    struct hb_resend_room room = world_room(w, "wh_0");
    assert_int_equal(room.slots, 0);
    assert_true(room.again.ms == FAKE_LOOP_START_MS + 10000);
    fake_loop_advance(w->loop, 10000);
    room = world_room(w, "wh_0");
    assert_true(room.slots == 1 && room.is_probe);
    struct hb_resend probe = DUE;
    probe.is_probe = true;
    assert_int_equal(world_resend(w, 1, "wh_0", &probe), HB_OK);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"since\":\"2023-11-10T22:13:30.000Z\"")); /* failing for four days */
}

/* Twenty failed probes in five days disable, however often the shard moved meanwhile. */
static void a_new_owner_goes_on_counting_probes_and_deaths(void **state)
{
    struct world *w = *state;
    fake_registry_put_record(w->registry, "state/wh_0",
                             "{\"v\":1,\"revision\":3,\"status\":\"resting\",\"until\":\"2023-11-14T22:13:20.000Z\",\"since\":\"2023-11-09T22:13:19.000Z\",\"probes\":18}");
    open_world(w, true, &(struct fake_webhook){.id = "wh_0", .revision = 3, .resting_until_ms = FAKE_LOOP_START_MS});
    struct hb_resend probe = DUE;
    probe.is_probe = true;
    (void)world_room(w, "wh_0");
    assert_int_equal(world_resend(w, 1, "wh_0", &probe), HB_OK);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"probes\":19"));
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_WEBHOOKS_DISABLED), 0);
    fake_loop_advance(w->loop, 40000);
    (void)world_room(w, "wh_0");
    assert_int_equal(world_resend(w, 2, "wh_0", &probe), HB_OK);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_WEBHOOKS_DISABLED), 1);
}

static void that_a_delivery_died_is_known_to_the_next_owner(void **state)
{
    struct world *w = *state;
    fake_registry_put_record(w->registry, "state/wh_0",
                             "{\"v\":1,\"revision\":3,\"status\":\"active\",\"since\":\"2023-11-13T22:13:19.000Z\"}");
    open_world(w, true, &(struct fake_webhook){.id = "wh_0", .revision = 3, .schedule_count = 1});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"since\":\"2023-11-13T22:13:19.000Z\",\"died\":true"));
}

static void waking_a_webhook_ends_its_rest(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0", .revision = 3});
    make_it_rest(w);
    const struct fake_webhook woken = {.id = "wh_0", .revision = 4, .enabled_revision = 4};
    struct hb_webhook *before = fake_webhook_new(&(struct fake_webhook){.id = "wh_0", .store = "shop", .revision = 3});
    world_add_webhook(w, &woken);
    hb_dispatcher_webhook_changed(w->dispatcher, before, hb_registry_webhook_by_id(w->registry, HB_STR("wh_0")));
    hb_webhook_unref(&before);
    assert_true(world_room(w, "wh_0").slots > 0);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1);
}

static void retry_after_rests_the_webhook_but_an_hour_at_most(void **state)
{
    static const struct {
        bool owns;
        int64_t asked_ms, rest_ms;
    } cases[] = {{true, 120000, 120000}, {false, 120000, 120000}, {true, 7200000, 3600000}, {false, 7200000, 3600000}};
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        w->config.delivery_window_start = 4;
        open_world(w, cases[i].owns, &(struct fake_webhook){.id = "wh_0"});
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        fake_http_answer_later(w->http, fake_http_pending(w->http), 429, cases[i].asked_ms);
        world_write_all(w);
        int64_t due = atoll(strstr(w->journal[0], "\"due\":") + 6);
        assert_true(due >= FAKE_LOOP_START_MS + cases[i].asked_ms);
        assert_in_range(world_room(w, "wh_0").again.ms, FAKE_LOOP_START_MS + cases[i].rest_ms, FAKE_LOOP_START_MS + cases[i].rest_ms + 60);
        world_publish(w, 0, NULL, 1u);
        world_write_all(w);
        assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 1);
        assert_int_equal(fake_http_sent_count(w->http), 1);
        fake_loop_advance(w->loop, cases[i].rest_ms + 2000);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        assert_int_equal(fake_http_sent_count(w->http), 2);
        if (i < 3)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void gone_disables_the_webhook_at_once_whoever_hears_it(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0", .revision = 7});
    w->dispatcher->lanes.window_start = w->dispatcher->lanes.window_max = 2;
    for (int i = 0; i < 4; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 410);
    world_publish(w, 0, NULL, 1u);
    world_answer(w, 410); /* of the same configuration: known */
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "disabled/wh_0 {\"v\":1,\"revision\":7,\"reason\":\"gone\",\"at\":"));
    assert_int_equal(world_count_journal(w, "\"state\":\"dead\",\"attempts\":1,", "\"reason\":\"gone\""), 2);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 3); /* Kafka did not have it yet */
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(world_count_lines(w, "\"outcome\":\"skipped\",\"reason\":\"disabled\""), 1);
    assert_int_equal(world_room(w, "wh_0").slots, 0);
    assert_int_not_equal(world_resend(w, 1, "wh_0", &DUE), HB_OK);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_WEBHOOKS_DISABLED), 1);
    struct hb_webhook *before = fake_webhook_new(&(struct fake_webhook){.id = "wh_0", .store = "shop", .revision = 7});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .revision = 8, .enabled_revision = 8});
    hb_dispatcher_webhook_changed(w->dispatcher, before, hb_registry_webhook_by_id(w->registry, HB_STR("wh_0")));
    hb_webhook_unref(&before);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_sent_count(w->http), 3); /* enabled: it counts anew */
}

/* What waits of a kind for Kafka's acknowledgement, by the beginning of its key; NULL: nothing. */
static struct fake_record *pending(const char *kind)
{
    struct fake_record *record = fake_kafka_pending();
    while (record && (!record->key || strncmp(record->key, kind, strlen(kind)) != 0))
        record = record->next;
    return record;
}

/* Kafka has all the lines and records of the journal. */
static void write_all_but_words(struct world *w)
{
    for (int i = 0; i < 3; i++) {
        struct fake_record *next;
        for (struct fake_record *record = fake_kafka_pending(); record; record = next) {
            next = record->next;
            if (!record->key || (strncmp(record->key, "state/", 6) != 0 && strncmp(record->key, "disabled/", 9) != 0))
                fake_kafka_ack(record, HB_OK);
        }
        world_gather(w);
    }
}

static void the_word_that_it_is_gone_is_written_until_kafka_has_it_and_nothing_is_skipped_before(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0", .revision = 7});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_kafka_refuse(HB_ERR_FULL); /* of the word alone */
    fake_http_answer(w->http, fake_http_pending(w->http), 410);
    fake_kafka_refuse(HB_OK);
    assert_null(pending("disabled/"));
    for (int i = 0; i < 3; i++) { /* longer than a message may take */
        fake_loop_advance(w->loop, 1000);
        struct fake_record *word = pending("disabled/");
        assert_non_null(word);
        fake_loop_advance(w->loop, 5000);
        assert_ptr_equal(pending("disabled/"), word); /* one at a time */
        fake_kafka_ack(word, HB_ERR_TIMEOUT);
        world_settle(w);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        assert_null(pending("disabled/"));
    }
    assert_int_not_equal(world_resend(w, 1, "wh_0", &DUE), HB_OK);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"resting\""), 3);
    assert_int_equal(world_count_lines(w, "\"outcome\":\"skipped\""), 0);
    fake_loop_advance(w->loop, 1000);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "disabled/wh_0 {\"v\":1,\"revision\":7,\"reason\":\"gone\",\"at\":\"2023-11-14T22:13:20."));
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(world_count_lines(w, "\"outcome\":\"skipped\",\"reason\":\"disabled\""), 1);
    fake_loop_advance(w->loop, 3000);
    assert_null(pending("disabled/"));
    assert_int_equal(fake_http_sent_count(w->http), 1);
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_WEBHOOKS_DISABLED), 1);
}

static void a_word_that_enabling_made_void_is_not_written_again(void **state)
{
    struct world *w = *state;
    open_world(w, false, &(struct fake_webhook){.id = "wh_0", .revision = 7});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 410);
    struct hb_webhook *before = fake_webhook_new(&(struct fake_webhook){.id = "wh_0", .store = "shop", .revision = 7});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0", .revision = 8, .enabled_revision = 8});
    hb_dispatcher_webhook_changed(w->dispatcher, before, hb_registry_webhook_by_id(w->registry, HB_STR("wh_0")));
    hb_webhook_unref(&before);
    fake_kafka_ack(pending("disabled/"), HB_ERR_TIMEOUT);
    fake_loop_advance(w->loop, 3000);
    assert_null(pending("disabled/"));
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    assert_int_equal(fake_http_pending_count(w->http), 1);
}

static void of_what_is_said_of_rests_the_last_word_wins(void **state)
{
    struct world *w = *state;
    for (int lost = 0; lost < 2; lost++) {
        if (lost)
            assert_int_equal(world_setup(state), 0);
        w = *state;
        open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        world_answer(w, 503);
        struct fake_record *rests = pending("state/");
        assert_non_null(strstr(rests->value, "\"status\":\"resting\""));
        write_all_but_words(w);
        fake_loop_advance(w->loop, 38000);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        world_answer(w, 200); /* the probe: it is back, and Kafka has not heard that it was away */
        assert_ptr_equal(pending("state/"), rests);
        fake_kafka_ack(rests, lost ? HB_ERR_TIMEOUT : HB_OK);
        fake_loop_advance(w->loop, lost ? 1000 : 0);
        assert_non_null(pending("state/"));
        assert_non_null(strstr(pending("state/")->value, "\"status\":\"active\""));
        world_write_all(w);
        assert_non_null(strstr(w->watermark, "\"status\":\"active\""));
        fake_loop_advance(w->loop, 3000);
        assert_null(pending("state/"));
        if (!lost)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void who_lost_the_shard_says_nothing_more_of_its_rests(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 503);
    fake_kafka_ack(pending("state/"), HB_ERR_TIMEOUT);
    w->owner.owns = false;
    fake_loop_advance(w->loop, 3000);
    assert_null(pending("state/"));
}

static void five_days_without_a_success_disable_it(void **state)
{
    struct world *w = *state;
    fake_registry_put_record(w->registry, "state/wh_0", "{\"v\":1,\"revision\":3,\"status\":\"active\",\"since\":\"2023-11-09T22:13:19.000Z\"}");
    open_world(w, true, &(struct fake_webhook){.id = "wh_0", .revision = 3, .schedule_count = 1});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500); /* a delivery died in five days of failures */
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "disabled/wh_0 {\"v\":1,\"revision\":3,\"reason\":\"failing\",\"at\":"));
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_WEBHOOKS_DISABLED), 1);
}

/* Kept over a restart, also for a receiver that never makes us rest. */
static void since_when_it_fails_is_told_after_an_hour_and_taken_back(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_null(strstr(w->watermark, "state/"));
    fake_loop_advance(w->loop, 3700000);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"status\":\"active\""));
    assert_non_null(strstr(w->watermark, "\"since\":\"2023-11-14T22:13:20.000Z\""));
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 200);
    world_write_all(w);
    assert_non_null(strstr(w->watermark, "\"status\":\"active\"}"));
}

static void our_own_trouble_makes_nobody_rest(void **state)
{
    struct world *w = *state;
    open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
    for (int i = 0; i < 10; i++) {
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        fake_http_fail(w->http, fake_http_pending(w->http), HB_FAILURE_OURS);
        world_settle(w);
    }
    world_write_all(w);
    assert_int_equal(fake_http_sent_count(w->http), 10);
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_RESTS), 0);
}

/* ---- the wall clock is set ---- */

static void a_clock_that_is_set_changes_no_rest_of_the_owner(void **state)
{
    static const int64_t shifts_ms[] = {-3600000, 3600000};
    for (size_t i = 0; i < 2; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, true, &(struct fake_webhook){.id = "wh_0"});
        make_it_rest(w);
        int64_t rest_ms = world_room(w, "wh_0").again.ms - FAKE_LOOP_START_MS;
        assert_in_range(rest_ms, 24000, 36100);
        fake_loop_set_wall(w->loop, shifts_ms[i]);
        assert_true(world_room(w, "wh_0").again.ms == FAKE_LOOP_START_MS + shifts_ms[i] + rest_ms);
        fake_loop_advance(w->loop, 20000);
        assert_int_equal(world_room(w, "wh_0").slots, 0);
        fake_loop_advance(w->loop, 16100);
        struct hb_resend_room room = world_room(w, "wh_0");
        assert_true(room.slots == 1 && room.is_probe);
        fake_loop_advance(w->loop, 1000);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        assert_int_equal(fake_http_pending_count(w->http), 1);
        world_answer(w, 503);
        assert_non_null(strstr(pending("state/")->value, i == 0 ? "\"until\":\"2023-11-14T21:1" : "\"until\":\"2023-11-14T23:1")); /* as the clock is now */
        world_write_all(w);
        if (i == 0)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void a_clock_that_is_set_back_prolongs_no_rest_of_others(void **state)
{
    static const struct {
        int64_t said_ms, asked_ms; /* by the registry; or in Retry-After */
    } cases[] = {{10000, 0}, {0, 10000}};
    for (size_t i = 0; i < 2; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, false, &(struct fake_webhook){.id = "wh_0", .revision = 3});
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        fake_http_answer_later(w->http, fake_http_pending(w->http), cases[i].asked_ms ? 429 : 200, cases[i].asked_ms);
        world_write_all(w);
        if (cases[i].said_ms)
            world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .revision = 3, .resting_until_ms = FAKE_LOOP_START_MS + cases[i].said_ms});
        fake_loop_set_wall(w->loop, -3600000);
        world_publish(w, 0, NULL, 1u);
        world_write_all(w);
        assert_int_equal(fake_http_sent_count(w->http), 1);
        assert_in_range(world_room(w, "wh_0").again.ms, FAKE_LOOP_START_MS - 3600000 + 9000, FAKE_LOOP_START_MS - 3600000 + 41000);
        fake_loop_advance(w->loop, 41000);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        assert_int_equal(fake_http_sent_count(w->http), 2);
        if (i == 0)
            assert_int_equal(world_teardown(state), 0);
    }
}

/* Written before the clock was set back: it is over, for whoever finds it. */
static void a_rest_that_is_farther_away_than_any_can_be_is_over(void **state)
{
    for (int owns = 0; owns < 2; owns++) {
        if (owns)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, owns, &(struct fake_webhook){.id = "wh_0", .revision = 3, .resting_until_ms = FAKE_LOOP_START_MS + 3630000});
        struct hb_resend_room room = world_room(w, "wh_0");
        assert_true(room.slots == 1 && room.is_probe == (owns != 0));
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        assert_int_equal(fake_http_sent_count(w->http), 1);
        if (!owns)
            assert_int_equal(world_teardown(state), 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(overload_at_a_window_of_one_is_a_rest_that_is_published),
                                       T(who_does_not_own_the_shard_declares_nothing),
                                       T(a_rest_that_is_over_is_probed_by_one_due_delivery),
                                       T(a_success_ends_the_rest_and_the_window_ramps_up),
                                       T(with_nothing_parked_a_fresh_event_is_the_probe),
                                       T(what_the_registry_says_counts_until_half_a_minute_after_its_time),
                                       T(a_rest_that_begins_parks_what_waits_and_gives_resends_back),
                                       T(a_new_owner_goes_on_with_the_rest_it_finds),
                                       T(a_new_owner_goes_on_counting_probes_and_deaths),
                                       T(that_a_delivery_died_is_known_to_the_next_owner),
                                       T(waking_a_webhook_ends_its_rest),
                                       T(retry_after_rests_the_webhook_but_an_hour_at_most),
                                       T(gone_disables_the_webhook_at_once_whoever_hears_it),
                                       T(the_word_that_it_is_gone_is_written_until_kafka_has_it_and_nothing_is_skipped_before),
                                       T(a_word_that_enabling_made_void_is_not_written_again),
                                       T(of_what_is_said_of_rests_the_last_word_wins),
                                       T(who_lost_the_shard_says_nothing_more_of_its_rests),
                                       T(five_days_without_a_success_disable_it),
                                       T(since_when_it_fails_is_told_after_an_hour_and_taken_back),
                                       T(our_own_trouble_makes_nobody_rest),
                                       T(a_clock_that_is_set_changes_no_rest_of_the_owner),
                                       T(a_clock_that_is_set_back_prolongs_no_rest_of_others),
                                       T(a_rest_that_is_farther_away_than_any_can_be_is_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
