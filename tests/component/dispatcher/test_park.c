/* What cannot be sent now stands in the journal, unburnt, and its event settles. */
#include "component/dispatcher/world.h"

static void open_world(struct world *w, const struct fake_webhook *webhook)
{
    w->owner.is_there = true;
    world_add_webhook(w, webhook);
    world_start(w);
    fake_kafka_assign(0, 0);
    world_settle(w); /* what comes later is no repeat */
}

/* Kafka has what was written so far, and a moment passes for the lines. */
static void a_failed_first_attempt_is_due_by_the_schedule(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .schedule_s = {0, 100}, .schedule_count = 2});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v1 ", "\"state\":\"parked\",\"attempts\":1,"), 1);
    assert_int_equal(world_count_journal(w, "\"reason\":\"server_error\"", "\"first_failed\":1700000000000"), 1);
    char *due = strstr(w->journal[0], "\"due\":");
    assert_non_null(due);
    assert_in_range(atoll(due + 6), FAKE_LOOP_START_MS + 80000, FAKE_LOOP_START_MS + 120000); /* 100 s +-20 % */
    assert_true(world_has_line(w, "\"outcome\":\"failed\",\"reason\":\"server_error\"", "\"attempt\":1,"));
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

static void a_schedule_of_one_attempt_dies_with_it(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .schedule_count = 1});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v1 ", "\"state\":\"dead\",\"attempts\":1,"), 1);
    assert_true(world_has_line(w, "\"outcome\":\"dead\",\"reason\":\"server_error\"", "\"attempt\":1,"));
    assert_int_equal(hb_metric_read(&w->metrics, HB_METRIC_DEAD), 1);
}

static void an_event_is_not_stored_before_its_record_is_acknowledged(void **state)
{
    struct world *w = *state;
    w->config.dispatcher_attempts_linger_ms = 0;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_write_all(w); /* the group's record */
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    for (struct fake_record *next, *record = fake_kafka_pending(); record; record = next) {
        next = record->next;
        if (strcmp(record->topic, "hookbus.attempts") == 0)
            fake_kafka_ack(record, HB_OK);
    }
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_TIMEOUT); /* and not when it failed either */
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    fake_loop_advance(w->loop, 200);
    assert_string_equal(fake_kafka_pending()->topic, "hookbus.journal");
    fake_kafka_ack_all();
    world_settle(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

static void a_success_is_no_journal_record(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_finish(w);
    assert_int_equal(w->journal_count, 0);
}

static void below_the_end_seen_at_assignment_a_success_is_a_tombstone(void **state)
{
    struct world *w = *state;
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_0"});
    world_start(w);
    world_publish(w, 0, NULL, 1u);
    fake_kafka_assign(0, 0);
    world_settle(w);
    world_answer(w, 200);
    world_publish(w, 0, NULL, 1u); /* beyond it */
    world_finish(w);
    assert_int_equal(w->journal_count, 1);
    assert_int_equal(world_count_journal(w, "v1 tombstone", "of wh_0"), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 2);
}

static void what_is_not_sent_is_parked_unburnt_and_settles(void **state)
{
    static const struct {
        struct fake_webhook webhook;
        const char *reason;
        bool is_skipped;
    } cases[] = {{{.id = "wh_0", .status = HB_WEBHOOK_PAUSED}, "paused", false},
                 {{.id = "wh_0", .is_governed = true}, "governed", false},
                 {{.id = "wh_0", .is_ordered = true}, "governed", false},
                 {{.id = "wh_0", .resting_until_ms = FAKE_LOOP_START_MS + 5000}, "resting", false},
                 {{.id = "wh_0", .url = "bad:url"}, "url_refused", false},
                 {{.id = "wh_0", .status = HB_WEBHOOK_DISABLED}, "disabled", true},
                 {{.id = "wh_0", .is_secret_damaged = true}, "secret_damaged", true},
                 {{.id = "wh_0", .is_secret_damaged = true, .is_governed = true}, "secret_damaged", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        char reason[64];
        (void)snprintf(reason, sizeof reason, "\"reason\":\"%s\"", cases[i].reason);
        open_world(w, &cases[i].webhook);
        world_publish(w, 0, NULL, 1u);
        world_write_all(w);
        assert_int_equal(fake_http_sent_count(w->http), 0);
        assert_true(world_has_line(w, cases[i].is_skipped ? "\"outcome\":\"skipped\"" : "\"outcome\":\"parked\"", reason));
        assert_int_equal(world_count_journal(w, "\"state\":\"parked\",\"attempts\":0,", reason), !cases[i].is_skipped);
        assert_int_equal(world_count_journal(w, "\"subject\":\"", "\"event\":\"e-0-0-0\""), !cases[i].is_skipped);
        assert_int_equal(fake_kafka_stored(0, 0), 1);
        if (i + 1 < sizeof cases / sizeof *cases)
            assert_int_equal(world_teardown(state), 0);
    }
}

static void our_own_trouble_is_parked_for_a_while_and_charged_to_nobody(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_http_fail(w->http, fake_http_pending(w->http), HB_FAILURE_OURS);
    world_settle(w);
    fake_http_refuse(w->http, HB_ERR_MEMORY);
    world_publish(w, 0, NULL, 1u);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"own_trouble\""), 1);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"not_sent\""), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 2);
}

static void what_waits_or_runs_after_settle_after_is_journaled(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    for (int i = 0; i < 3; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 999);
    world_write_all(w); /* 51 ms: beyond the second */
    assert_int_equal(world_count_journal(w, "v1 ", "\"reason\":\"slow\""), 3);
    assert_int_equal(fake_kafka_stored(0, 0), 3);
    assert_int_equal(fake_http_pending_count(w->http), 1); /* and its request goes on */
    /* What runs is not due before it has ended for sure: 15 s and 20 s. */
    int64_t latest = 0;
    for (int i = 0; i < 3; i++) {
        int64_t due = atoll(strstr(w->journal[i], "\"due\":") + 6);
        latest = due > latest ? due : latest;
    }
    assert_in_range(latest, FAKE_LOOP_START_MS + 36000, FAKE_LOOP_START_MS + 36100);
}

static void the_late_answer_is_an_ordinary_completion(void **state)
{
    static const struct {
        int status;
        const char *record, *line;
    } cases[] = {{200, "v2 tombstone", "\"outcome\":\"delivered\""}, {500, "v2 {\"v\":1", "\"outcome\":\"failed\",\"reason\":\"server_error\""}};
    for (size_t i = 0; i < 2; i++) {
        if (i > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, &(struct fake_webhook){.id = "wh_0"});
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        fake_loop_advance(w->loop, 2000);
        world_write_all(w);
        assert_int_equal(world_count_journal(w, "v1 ", "\"reason\":\"slow\""), 1);
        assert_int_equal(fake_kafka_stored(0, 0), 1);
        world_answer(w, cases[i].status);
        world_write_all(w);
        assert_int_equal(world_count_journal(w, cases[i].record, "of wh_0"), 1);
        assert_true(world_has_line(w, cases[i].line, "\"attempt\":1,"));
        assert_int_equal(w->dispatcher->pool.in_use, 0);
        if (i == 0)
            assert_int_equal(world_teardown(state), 0);
    }
}

/* The second record must never stand before the first: it waits for its acknowledgement. */
static void a_late_answer_waits_for_the_record_before_it(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_write_all(w);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 1060);
    struct fake_record *first = NULL;
    for (struct fake_record *r = fake_kafka_pending(); r; r = r->next)
        first = strcmp(r->topic, "hookbus.journal") == 0 ? r : first;
    assert_string_equal(fake_record_header(first, "version"), "1");
    fake_kafka_ack(first, HB_ERR_TIMEOUT);
    world_settle(w);
    world_answer(w, 200);
    for (int i = 0; i < 3; i++) {
        for (struct fake_record *r = fake_kafka_pending(); r; r = r->next)
            assert_true(strcmp(r->topic, "hookbus.journal") != 0 || strcmp(fake_record_header(r, "version"), "1") == 0);
        fake_loop_advance(w->loop, 100);
    }
    assert_int_equal(fake_kafka_stored(0, 0), -1);
    world_finish(w);
    assert_int_equal(world_count_journal(w, "v2 tombstone", "of wh_0"), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
}

/* Its event has settled, so nothing but the journal could repeat the attempt. */
static void the_record_of_a_late_answer_goes_out_only_behind_its_line(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 2000);
    world_write_all(w);
    world_answer(w, 200);
    world_gather(w);
    assert_int_equal(world_count_pending("hookbus.journal"), 0);
    world_ack_topic(w, "hookbus.attempts", HB_OK);
    assert_int_equal(world_count_pending("hookbus.journal"), 1);
    world_ack_topic(w, "hookbus.journal", HB_OK);
    assert_int_equal(world_count_journal(w, "v2 tombstone", "of wh_0"), 1);
    assert_int_equal(w->dispatcher->pool.in_use, 0);
}

static void what_is_parked_and_runs_at_the_end_is_due_at_once_for_the_next(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 2000);
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v1 ", "\"due\":17000000360"), 1); /* when its request must have ended: 15 s and 20 s */
    hb_dispatcher_stop(w->dispatcher);
    world_stop(w);
    assert_int_equal(world_count_journal(w, "v2 ", "\"due\":1700000002"), 1);
    assert_int_equal(world_count_journal(w, "v2 ", "\"state\":\"parked\",\"attempts\":0,"), 1);
}

/* A crash in each of its moments, whatever Kafka has by then: nothing is freed twice, the event settles only when it may. */
static void an_end_in_any_moment_of_a_late_answer_is_orderly(void **state)
{
    for (int moment = 0; moment < 6; moment++) {
        if (moment > 0)
            assert_int_equal(world_setup(state), 0);
        struct world *w = *state;
        open_world(w, &(struct fake_webhook){.id = "wh_0"});
        world_write_all(w);
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
        fake_loop_advance(w->loop, 1000);
        if (moment & 1)
            world_ack_topic(w, "hookbus.journal", HB_OK);
        if (moment >= 2)
            world_answer(w, 200);
        if (moment >= 4) {
            world_gather(w);
            world_ack_topic(w, "hookbus.attempts", HB_OK);
        }
        world_crash(w);
        assert_int_equal(world_count_journal(w, "v2 ", ""), 0);
        if (moment < 5)
            assert_int_equal(world_teardown(state), 0);
    }
}

/* An event that the other webhook gets, answered at once. */
static void serve_the_other(struct world *w, const char *id)
{
    world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = id, .type = "product.updated", .value = "{}"}, 2u);
    world_settle(w);
    for (struct fake_request *r = fake_http_pending(w->http); r; r = r->next)
        if (strstr(r->url, "wh_1")) {
            fake_http_answer(w->http, r, 200);
            break;
        }
    world_settle(w);
}

static void hang_with_a_full_queue(struct world *w)
{
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    w->config.delivery_waiting_per_webhook_max = 4;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "product.*", .url = "other.example"});
    for (int i = 0; i < 5; i++) {
        world_publish(w, 0, NULL, 1u);
        world_settle(w);
    }
}

static void beyond_its_limit_a_lane_that_is_behind_is_parked_and_others_go_on(void **state)
{
    struct world *w = *state;
    hang_with_a_full_queue(w);
    serve_the_other(w, "p1"); /* not read yet: the full queue makes intake wait */
    assert_int_equal(fake_http_sent_count(w->http), 1);
    fake_loop_advance(w->loop, 700); /* for a quarter of settle_after it has waited for more than a quarter */
    assert_int_equal(fake_http_sent_count(w->http), 2);
    serve_the_other(w, "p2");
    world_publish(w, 0, NULL, 1u);
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    serve_the_other(w, "p3");
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"queue_full\""), 2);
    assert_int_equal(w->dispatcher->admit.waiting, 4);
    assert_int_equal(fake_http_sent_count(w->http), 4); /* the healthy one is not kept */
    assert_false(fake_kafka_is_paused(0, 0));
}

/* A window that opens quickly enough is given the time: its wait is long only because it begins small. */
static void a_lane_whose_window_opens_is_not_behind(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = 1;
    w->config.delivery_waiting_per_webhook_max = 64;
    w->config.dispatcher_ring_slots = 4096;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "product.*", .url = "other.example"});
    for (int i = 0; i < 400; i++)
        world_publish(w, 0, NULL, 1u);
    for (int round = 0; round < 400 && fake_http_sent_count(w->http) < 400; round++) {
        world_settle(w);
        fake_loop_advance(w->loop, 100); /* a receiver of 100 ms */
        for (int n = fake_http_pending_count(w->http); n > 0; n--)
            fake_http_answer(w->http, fake_http_pending(w->http), 200);
        world_settle(w);
        fake_kafka_ack_all();
    }
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "queue_full", ""), 0);
}

/* A backlog is no reason to park: a lane that keeps up makes intake wait. */
static void a_lane_that_keeps_up_is_never_parked_from(void **state)
{
    struct world *w = *state;
    w->config.delivery_waiting_per_webhook_max = 8;
    w->config.dispatcher_ring_slots = 1024;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    for (int i = 0; i < 600; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    for (int i = 0; i < 600; i++) {
        world_answer(w, 200);
        if (i % 10 == 0)
            fake_loop_advance(w->loop, 1);
    }
    world_write_all(w);
    assert_int_equal(w->journal_count, 0);
    assert_int_equal(fake_http_sent_count(w->http), 600);
}

/* For so many ms: 400 events a second for a receiver that takes 200 (20 ms, 4 at a time), and 10 a second for another one.
 * Gives how many of the other's are not sent yet. */
static int overrun_for(struct world *w, int ms, bool has_neighbour)
{
    int published = 0, sent = 0;
    for (int at = 0; at < ms; at += 10) {
        for (int i = 0; i < 4; i++)
            world_publish(w, 0, NULL, 1u);
        if (has_neighbour && at % 100 == 0) {
            char id[16];
            (void)snprintf(id, sizeof id, "p%d", published++);
            world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = id, .type = "product.updated", .value = "{}"}, 2u);
        }
        world_settle(w);
        struct fake_request *pending[16], *r = fake_http_pending(w->http);
        size_t count = 0; /* what starts by an answer is of the next round */
        for (; r && count < 16; r = r->next)
            pending[count++] = r;
        for (size_t i = 0; i < count; i++) {
            bool is_other = strstr(pending[i]->url, "wh_1") != NULL;
            sent += is_other;
            if (is_other || at % 20 == 0)
                fake_http_answer(w->http, pending[i], 200);
        }
        fake_kafka_ack_all();
        fake_loop_advance(w->loop, 10);
        fake_kafka_commit(true);
    }
    return published - sent;
}

static void open_overrun(struct world *w)
{
    w->config.delivery_window_start = w->config.delivery_window_max = 4;
    w->config.delivery_waiting_per_webhook_max = 64;
    w->config.dispatcher_ring_slots = 4096;
    w->config.dispatcher_id_memory = 100000;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "product.*", .url = "other.example"});
}

/* It answers well and in 20 ms, so it is not behind by its lateness alone; yet it gets twice what it takes. */
static void a_receiver_that_gets_more_than_it_takes_does_not_hold_its_neighbours_back(void **state)
{
    struct world *w = *state;
    open_overrun(w);
    assert_in_range(overrun_for(w, 8000, true), 0, 5); /* half a second's */
    assert_true(world_count_journal(w, "queue_full", "wh_0") > 0);
    assert_int_equal(world_count_journal(w, "queue_full", "wh_1"), 0);
}

/* Nobody else waits: it is a backlog, and that does not go through the retry queue. */
static void alone_it_makes_intake_wait_and_nothing_is_parked(void **state)
{
    struct world *w = *state;
    open_overrun(w);
    (void)overrun_for(w, 6000, false);
    assert_int_equal(w->journal_count, 0);
    assert_true(fake_http_sent_count(w->http) > 1000);
}

/* Parking is work: where that is what is short, it would make everything slower still. */
static void while_this_process_is_what_is_slow_nothing_is_parked_for_it(void **state)
{
    struct world *w = *state;
    open_overrun(w);
    fake_loop_set_busy(w->loop, true);
    (void)overrun_for(w, 6000, true);
    assert_int_equal(world_count_journal(w, "queue_full", ""), 0);
}

static void at_the_limit_in_all_the_longest_queue_is_parked_from(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    w->config.delivery_waiting_max = 16;
    w->config.dispatcher_settle_after_ms = 4000;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "product.*", .url = "other.example"});
    for (int i = 0; i < 12; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 1100);
    world_answer(w, 500); /* the next one has waited long */
    fake_loop_advance(w->loop, 1100);
    world_answer(w, 500); /* still: the lane is behind */
    for (int i = 0; i < 9; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "p%d", i);
        world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = id, .type = "product.updated", .value = "{}"}, 2u);
        world_settle(w);
    }
    world_write_all(w);
    assert_true(world_count_journal(w, "\"reason\":\"queue_full\"", "\"webhook\":\"wh_0\"") > 0);
    assert_int_equal(world_count_journal(w, "\"reason\":\"queue_full\"", "\"webhook\":\"wh_1\""), 0);
    assert_true(w->dispatcher->admit.waiting < 16);
}

static void most_of_a_ring_behind_one_that_hangs_journals_it_at_once(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.paid"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "order.created", .url = "other.example"});
    world_append(w, 0, 0, &(struct fake_event){.store = "shop", .subject = "1", .id = "hangs", .type = "order.paid", .value = "{}"}, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 300);
    struct fake_request *hanging = fake_http_pending(w->http);
    for (int i = 0; i < 60; i++) { /* of 64 slots */
        world_publish(w, 0, NULL, 2u);
        world_settle(w);
        if (hanging->next)
            fake_http_answer(w->http, hanging->next, 200);
        world_settle(w);
    }
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "v1 ", "\"reason\":\"slow\""), 1);
    assert_int_equal(fake_kafka_stored(0, 0), 61);
    assert_false(fake_kafka_is_paused(0, 0));
}

/* Two of eight hang for good, each event goes to all: the others get theirs at once, and no partition is paused. */
static void webhooks_that_hang_hold_nobody_up(void **state)
{
    struct world *w = *state;
    const char *const ids[] = {"wh_0", "wh_1", "wh_2", "wh_3", "wh_4", "wh_5", "wh_6", "wh_7"};
    w->config.dispatcher_id_memory = 10000;
    open_world(w, &(struct fake_webhook){.id = ids[0], .url = "hangs.example"});
    for (int i = 1; i < 8; i++)
        world_add_webhook(w, &(struct fake_webhook){.id = ids[i], .url = i == 1 ? "hangs.example" : "other.example"});
    for (int i = 0; i < 600; i++) { /* 100 a second, into a ring of 64 */
        int64_t offset = world_publish(w, 0, NULL, 255u);
        world_settle(w);
        for (struct fake_request *next, *r = fake_http_pending(w->http); r; r = next) {
            next = r->next;
            if (!strstr(r->url, "hangs"))
                fake_http_answer(w->http, r, 200);
        }
        world_settle(w);
        for (int webhook = 2; webhook < 8; webhook++)
            assert_int_equal(w->events[0][0][offset].sent[webhook], 1);
        assert_false(fake_kafka_is_paused(0, 0));
        fake_kafka_ack_all();
        fake_loop_advance(w->loop, 10);
        fake_kafka_commit(true);
    }
    assert_true(fake_kafka_committed(0, 0) > 500);
    assert_true(fake_http_pending_count(w->http) <= 8);
}

/* Before its own limit it fills what may wait in time: that must not last until settle_after. */
static void one_that_hangs_holds_intake_up_for_a_quarter_of_settle_after_at_most(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    w->config.dispatcher_ring_slots = 1024;
    open_world(w, &(struct fake_webhook){.id = "wh_0", .types = "order.*"});
    world_add_webhook(w, &(struct fake_webhook){.id = "wh_1", .types = "product.*", .url = "other.example"});
    for (int i = 0; i < 150; i++)
        world_publish(w, 0, NULL, 1u);
    serve_the_other(w, "p1");
    assert_int_equal(fake_http_sent_count(w->http), 1);
    fake_loop_advance(w->loop, 350);
    assert_int_equal(fake_http_sent_count(w->http), 2);
    assert_int_equal(w->journal_count, 0);
}

static void what_waits_when_a_webhook_is_paused_is_parked_at_once(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    for (int i = 0; i < 4; i++)
        world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_change_webhook(w, &(struct fake_webhook){.id = "wh_0", .status = HB_WEBHOOK_PAUSED});
    world_write_all(w);
    assert_int_equal(world_count_journal(w, "\"attempts\":0,", "\"reason\":\"paused\""), 3);
    assert_int_equal(fake_http_pending_count(w->http), 1); /* under way: its result counts */
    world_answer(w, 200);
    world_write_all(w);
    assert_int_equal(fake_kafka_stored(0, 0), 4);
}

static void a_record_is_shown_to_the_owner_when_it_is_soon_due(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500); /* again in 5 s */
    assert_int_equal(w->owner.kept, 1);
    assert_string_equal(w->owner.last_kept, "{\"n\":1} 0 5");
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 2000); /* slow: in 35 s */
    assert_int_equal(w->owner.kept, 1);
}

/* With Kafka away nothing is parked for its age: nothing would settle for it, and memory would fill. */
static void with_kafka_away_the_journal_does_not_grow(void **state)
{
    struct world *w = *state;
    w->config.delivery_window_start = w->config.delivery_window_max = 1;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    world_answer(w, 500);
    fake_loop_advance(w->loop, 5100); /* nothing is acknowledged */
    assert_true(hb_outbox_is_congested(w->outbox));
    int before = fake_kafka_pending_count();
    for (int i = 0; i < 20; i++)
        world_publish(w, 0, NULL, 1u);
    fake_loop_advance(w->loop, 20000);
    assert_int_equal(fake_kafka_pending_count(), before);
    assert_int_equal(fake_http_sent_count(w->http), 1);
    fake_kafka_ack_all();
    world_finish(w);
    assert_int_equal(fake_kafka_stored(0, 0), 21);
}

static void what_ran_on_is_not_lost_by_a_stop(void **state)
{
    struct world *w = *state;
    open_world(w, &(struct fake_webhook){.id = "wh_0"});
    world_publish(w, 0, NULL, 1u);
    world_settle(w);
    fake_loop_advance(w->loop, 1500);
    world_write_all(w);
    assert_int_equal(fake_kafka_stored(0, 0), 1);
    world_stop(w); /* its request is canceled: the journal knows of it */
    assert_int_equal(fake_kafka_committed(0, 0), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_failed_first_attempt_is_due_by_the_schedule),
                                       T(a_schedule_of_one_attempt_dies_with_it),
                                       T(an_event_is_not_stored_before_its_record_is_acknowledged),
                                       T(a_success_is_no_journal_record),
                                       T(below_the_end_seen_at_assignment_a_success_is_a_tombstone),
                                       T(what_is_not_sent_is_parked_unburnt_and_settles),
                                       T(our_own_trouble_is_parked_for_a_while_and_charged_to_nobody),
                                       T(what_waits_or_runs_after_settle_after_is_journaled),
                                       T(the_late_answer_is_an_ordinary_completion),
                                       T(a_late_answer_waits_for_the_record_before_it),
                                       T(the_record_of_a_late_answer_goes_out_only_behind_its_line),
                                       T(what_is_parked_and_runs_at_the_end_is_due_at_once_for_the_next),
                                       T(an_end_in_any_moment_of_a_late_answer_is_orderly),
                                       T(beyond_its_limit_a_lane_that_is_behind_is_parked_and_others_go_on),
                                       T(a_lane_whose_window_opens_is_not_behind),
                                       T(a_lane_that_keeps_up_is_never_parked_from),
                                       T(a_receiver_that_gets_more_than_it_takes_does_not_hold_its_neighbours_back),
                                       T(alone_it_makes_intake_wait_and_nothing_is_parked),
                                       T(while_this_process_is_what_is_slow_nothing_is_parked_for_it),
                                       T(at_the_limit_in_all_the_longest_queue_is_parked_from),
                                       T(most_of_a_ring_behind_one_that_hangs_journals_it_at_once),
                                       T(webhooks_that_hang_hold_nobody_up),
                                       T(one_that_hangs_holds_intake_up_for_a_quarter_of_settle_after_at_most),
                                       T(what_waits_when_a_webhook_is_paused_is_parked_at_once),
                                       T(a_record_is_shown_to_the_owner_when_it_is_soon_due),
                                       T(with_kafka_away_the_journal_does_not_grow),
                                       T(what_ran_on_is_not_lost_by_a_stop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
