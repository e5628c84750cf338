#include "fakes/fake_kafka.h"
#include "fakes/fake_loop.h"
#include "records/lines.h"
#include "unit/dispatcher/check.h"

#define TAGS 4096

struct desk {
    struct hb_loop *loop;
    struct hb_kafka_producer *producer;
    struct hb_lines *lines;
    struct hb_lines_client client;
    int done[TAGS], done_count, refused, dropped_count;
    enum hb_err refusal;
};

static void done(void *user, void *tag)
{
    struct desk *desk = user;
    desk->done[(uintptr_t)tag]++;
    desk->done_count++;
}

static void refused(void *user, enum hb_err err, const char *text)
{
    struct desk *desk = user;
    assert_non_null(text);
    desk->refused++;
    desk->refusal = err;
}

static void dropped(void *user, void *tag)
{
    (void)tag;
    ((struct desk *)user)->dropped_count++;
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->loop = fake_loop_new();
    fake_loop_set_readable(desk->loop, fake_kafka_is_readable);
    fake_kafka_open(NULL);
    assert_int_equal(hb_kafka_producer_new(&(struct hb_kafka_producer_options){.linger_ms = 0}, &desk->producer, NULL), HB_OK);
    const struct hb_lines_options options = {.loop = desk->loop, .producer = desk->producer, .topic_prefix = HB_STR("hookbus."), .worker = "w-0",
                                             .linger_ms = 50, .record_bytes_max = 2000, .refused = refused, .user = desk};
    desk->client = (struct hb_lines_client){.done = done, .dropped = dropped, .user = desk};
    assert_int_equal(hb_lines_new(&options, &desk->lines), HB_OK);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    hb_kafka_producer_free(&desk->producer, 0);
    hb_lines_free(&desk->lines);
    fake_kafka_close();
    fake_loop_free(&desk->loop);
    free(desk);
    return 0;
}

static void add(struct desk *desk, uintptr_t tag, const char *detail)
{
    struct hb_attempt_line line = {.at = hb_loop_wall(desk->loop), .outcome = HB_STR("failed"), .detail = hb_str_c(detail), .topic = HB_STR("t"),
                                   .partition = 1, .offset = (int64_t)tag, .duration_us = -1, .connect_us = -1, .retry_after_ms = -1};
    assert_int_equal(hb_lines_add(desk->lines, &line, &desk->client, (void *)tag), HB_OK);
}

static void hear(struct desk *desk)
{
    while (hb_kafka_producer_poll(desk->producer, 100) == 100)
        ;
}

static int lines_in(const struct fake_record *record)
{
    int count = 0;
    for (const char *p = record->value; *p; p++)
        count += *p == '\n';
    return count;
}

static void lines_are_gathered_until_their_time(void **state)
{
    struct desk *desk = *state;
    add(desk, 0, "x");
    fake_loop_advance(desk->loop, 30);
    add(desk, 1, "x");
    fake_loop_advance(desk->loop, 19);
    assert_null(fake_kafka_pending());
    fake_loop_advance(desk->loop, 1); /* 50 ms after the first, not the last */
    assert_int_equal(fake_kafka_pending_count(), 1);
    assert_int_equal(lines_in(fake_kafka_pending()), 2);
    assert_string_equal(fake_kafka_pending()->topic, "hookbus.attempts");
    assert_string_equal(fake_kafka_pending()->key, "w-0");
    assert_non_null(strstr(fake_kafka_pending()->value, "\"worker\":\"w-0\""));
    add(desk, 2, "x");
    fake_loop_advance(desk->loop, 50);
    assert_int_equal(fake_kafka_pending_count(), 2);
    assert_int_equal(hb_lines_waiting(desk->lines), 3);
    fake_kafka_ack_all();
    hear(desk);
    assert_int_equal(desk->done_count, 3);
    assert_int_equal(hb_lines_waiting(desk->lines), 0);
}

static void lines_are_gathered_until_their_size(void **state)
{
    struct desk *desk = *state;
    for (uintptr_t i = 0; i < 100; i++)
        add(desk, i, "about a hundred bytes of text, so that twenty lines or so make a record of two thousand bytes");
    assert_true(fake_kafka_pending_count() >= 8);
    for (struct fake_record *record = fake_kafka_pending(); record; record = record->next)
        assert_in_range(strlen(record->value), 2000, 2400);
    hb_lines_flush(desk->lines);
    hb_lines_flush(desk->lines); /* nothing gathered: nothing happens */
    fake_kafka_ack_all();
    hear(desk);
    for (int i = 0; i < 100; i++)
        assert_int_equal(desk->done[i], 1);
}

static void acknowledgements_come_in_any_order(void **state)
{
    struct desk *desk = *state;
    for (uintptr_t i = 0; i < 5; i++) {
        add(desk, i, "x");
        hb_lines_flush(desk->lines);
    }
    static const int ORDER[] = {3, 0, 4, 1, 2}; /* of the records */
    struct fake_record *records[5], *record = fake_kafka_pending();
    for (int i = 0; i < 5; i++, record = record->next)
        records[i] = record;
    for (int i = 0; i < 5; i++) {
        fake_kafka_ack(records[ORDER[i]], HB_OK);
        hear(desk);
        assert_int_equal(desk->done[ORDER[i]], 1);
        assert_int_equal(desk->done_count, i + 1);
    }
    assert_false(hb_lines_is_congested(desk->lines));
}

static void a_failed_record_is_written_again_with_all_its_lines(void **state)
{
    struct desk *desk = *state;
    add(desk, 0, "x");
    add(desk, 1, "x");
    hb_lines_flush(desk->lines);
    char *before = hb_str_dup(hb_str_c(fake_kafka_pending()->value));
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_TIMEOUT);
    hear(desk);
    assert_int_equal(desk->done_count, 0);
    fake_loop_advance(desk->loop, 200);
    assert_string_equal(fake_kafka_pending()->value, before);
    free(before);
    fake_kafka_refuse(HB_ERR_FULL); /* and the client's own queue may be full meanwhile */
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_BROKER);
    hear(desk);
    fake_loop_advance(desk->loop, 3000);
    fake_kafka_refuse(HB_OK);
    fake_loop_advance(desk->loop, 200);
    fake_kafka_ack_all();
    hear(desk);
    assert_int_equal(desk->done_count, 2);
    assert_int_equal(desk->refused, 0);
}

static void five_seconds_or_a_thousand_records_are_congestion(void **state)
{
    struct desk *desk = *state;
    add(desk, 0, "x");
    hb_lines_flush(desk->lines);
    fake_loop_advance(desk->loop, 5000);
    assert_false(hb_lines_is_congested(desk->lines));
    fake_loop_advance(desk->loop, 1);
    assert_true(hb_lines_is_congested(desk->lines));
    fake_kafka_ack_all();
    hear(desk);
    assert_false(hb_lines_is_congested(desk->lines));
    for (uintptr_t i = 1; i <= 1000; i++) {
        assert_false(hb_lines_is_congested(desk->lines));
        add(desk, i, "x");
        hb_lines_flush(desk->lines);
    }
    assert_true(hb_lines_is_congested(desk->lines));
    fake_kafka_ack(fake_kafka_pending(), HB_OK);
    hear(desk);
    assert_false(hb_lines_is_congested(desk->lines));
}

static void a_record_that_fails_again_and_again_is_congestion_too(void **state)
{
    struct desk *desk = *state;
    add(desk, 1, "x");
    hb_lines_flush(desk->lines);
    for (int i = 0; i < 26; i++) { /* its age counts from its first writing */
        fake_kafka_ack(fake_kafka_pending(), HB_ERR_BROKER);
        hear(desk);
        fake_loop_advance(desk->loop, 200);
    }
    assert_true(hb_lines_is_congested(desk->lines));
}

static void what_is_not_permitted_is_said_and_stops_work_until_it_is(void **state)
{
    struct desk *desk = *state;
    add(desk, 0, "x");
    hb_lines_flush(desk->lines);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_DENIED);
    hear(desk);
    assert_int_equal(desk->refused, 1);
    assert_int_equal(desk->refusal, HB_ERR_DENIED);
    assert_true(hb_lines_is_congested(desk->lines));
    fake_loop_advance(desk->loop, 200);
    fake_kafka_ack_all();
    hear(desk);
    assert_false(hb_lines_is_congested(desk->lines));
    assert_int_equal(desk->done[0], 1);
    fake_kafka_refuse(HB_ERR_FATAL);
    add(desk, 1, "x");
    hb_lines_flush(desk->lines);
    assert_int_equal(desk->refusal, HB_ERR_FATAL);
}

static void a_record_too_large_is_split_and_a_line_shortened_losing_no_line(void **state)
{
    struct desk *desk = *state;
    for (uintptr_t i = 0; i < 5; i++)
        add(desk, i, "a \"quoted\",\\\"topic\\\":\\\" detail");
    hb_lines_flush(desk->lines);
    for (int round = 0; round < 20 && hb_lines_waiting(desk->lines) > 0; round++) {
        while (fake_kafka_pending()) {
            struct fake_record *record = fake_kafka_pending();
            bool fits = lines_in(record) == 1 && !strstr(record->value, "detail");
            if (fits) {
                assert_non_null(strstr(record->value, "\"topic\":\"t\",\"partition\":1,\"offset\":"));
                assert_int_equal(strncmp(record->value, "{\"v\":1,\"at\":", 12), 0);
                assert_string_equal(record->value + strlen(record->value) - 2, "}\n");
            }
            fake_kafka_ack(record, fits ? HB_OK : HB_ERR_TOO_LARGE);
        }
        hear(desk);
        fake_loop_advance(desk->loop, 200);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(desk->done[i], 1);
    assert_false(hb_lines_is_congested(desk->lines));
}

/* What was sent and cannot be written down is bounded: a thousand outcomes in hand are as many records that wait. */
static void a_thousand_lines_that_hold_journal_records_are_congestion(void **state)
{
    struct desk *desk = *state;
    desk->client.holds_records = true;
    for (uintptr_t i = 0; i < 980; i++)
        add(desk, i, "x");
    hb_lines_flush(desk->lines);
    for (uintptr_t i = 980; i < 1000; i++)
        add(desk, i, "x");
    assert_true(hb_lines_is_congested(desk->lines));
    hb_lines_flush(desk->lines);
    fake_kafka_ack_all();
    hear(desk);
    assert_false(hb_lines_is_congested(desk->lines));
}

static void what_is_hurried_goes_out_sooner_and_no_later(void **state)
{
    struct desk *desk = *state;
    hb_lines_hurry(desk->lines); /* nothing is gathered */
    add(desk, 0, "x");
    hb_lines_hurry(desk->lines);
    for (int i = 0; i < HB_LINES_HURRY_MS; i++) { /* each of many that hurry does not begin anew */
        assert_null(fake_kafka_pending());
        hb_lines_hurry(desk->lines);
        fake_loop_advance(desk->loop, 1);
    }
    assert_int_equal(fake_kafka_pending_count(), 1);
    add(desk, 1, "x"); /* and the next is gathered as ever */
    fake_loop_advance(desk->loop, 49);
    assert_int_equal(fake_kafka_pending_count(), 1);
    fake_loop_advance(desk->loop, 1);
    assert_int_equal(fake_kafka_pending_count(), 2);
}

static void what_nobody_acknowledged_is_dropped_at_the_end(void **state)
{
    struct desk *desk = *state;
    add(desk, 0, "x");
    hb_lines_flush(desk->lines);
    add(desk, 1, "x");
    hb_lines_flush(desk->lines);
    fake_kafka_ack(fake_kafka_pending(), HB_OK);
    hear(desk);
    add(desk, 2, "x");
    add(desk, 3, "x");
    hb_kafka_producer_free(&desk->producer, 0);
    hb_lines_free(&desk->lines);
    assert_int_equal(desk->done_count, 1);
    assert_int_equal(desk->dropped_count, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(lines_are_gathered_until_their_time),
                                       T(lines_are_gathered_until_their_size),
                                       T(acknowledgements_come_in_any_order),
                                       T(a_failed_record_is_written_again_with_all_its_lines),
                                       T(five_seconds_or_a_thousand_records_are_congestion),
                                       T(a_record_that_fails_again_and_again_is_congestion_too),
                                       T(what_is_not_permitted_is_said_and_stops_work_until_it_is),
                                       T(a_record_too_large_is_split_and_a_line_shortened_losing_no_line),
                                       T(a_thousand_lines_that_hold_journal_records_are_congestion),
                                       T(what_is_hurried_goes_out_sooner_and_no_later),
                                       T(what_nobody_acknowledged_is_dropped_at_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
