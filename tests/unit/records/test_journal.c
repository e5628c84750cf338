#include "core/ids.h"
#include "fakes/fake_kafka.h"
#include "fakes/fake_loop.h"
#include "hookbus/topics.h"
#include "records/outbox.h"
#include "unit/dispatcher/check.h"

#define TAGS 2048

struct desk {
    struct hb_loop *loop;
    struct hb_config config;
    struct hb_outbox *outbox;
    struct hb_outbox_listener listener;
    enum hb_err ends[TAGS];
    int64_t offsets[TAGS];
    int done[TAGS], done_count, moved, refused;
    enum hb_err refusal;
};
struct tag {
    struct desk *desk;
    int number;
};
static struct tag tags[TAGS];

static void done(void *user, enum hb_err err, int64_t offset)
{
    struct tag *tag = user;
    tag->desk->ends[tag->number] = err;
    tag->desk->offsets[tag->number] = offset;
    tag->desk->done[tag->number]++;
    tag->desk->done_count++;
}

static void moved(void *user)
{
    ((struct desk *)user)->moved++;
}

static void refused(void *user, const char *what, enum hb_err err, const char *text)
{
    struct desk *desk = user;
    assert_string_equal(what, "journal");
    assert_non_null(text);
    desk->refused++;
    desk->refusal = err;
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->loop = fake_loop_new();
    fake_loop_set_readable(desk->loop, fake_kafka_is_readable);
    fake_kafka_open(NULL);
    desk->config = (struct hb_config){.dispatcher_attempts_linger_ms = 50,
                                      .dispatcher_attempts_record_bytes = 2000,
                                      .kafka_topic_prefix = (char[]){"hookbus."}};
    const struct hb_outbox_options options = {
        .loop = desk->loop, .config = &desk->config, .cluster = {.brokers = "fake"}, .worker = "w-0"};
    assert_int_equal(hb_outbox_new(&options, &desk->outbox, NULL), HB_OK);
    desk->listener = (struct hb_outbox_listener){.moved = moved, .refused = refused, .user = desk};
    hb_outbox_listen(desk->outbox, &desk->listener);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    hb_outbox_free(&desk->outbox);
    fake_kafka_close();
    fake_loop_free(&desk->loop);
    free(desk);
    return 0;
}

static struct hb_journal_record parked(int64_t version)
{
    return (struct hb_journal_record){.kind = HB_JOURNAL_STATE,
                                      .id = HB_STR("dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                      .webhook = HB_STR("wh_1"),
                                      .version = version,
                                      .repairs = HB_SHARD_NONE,
                                      .state = HB_DELIVERY_PARKED,
                                      .store = HB_STR("shop"),
                                      .event = HB_STR("evt_1"),
                                      .subject = 7,
                                      .position = {1, 2, 3, {4}},
                                      .attempts = 1,
                                      .first_failed = {HB_JOURNAL_NEVER},
                                      .due = {5},
                                      .reason = HB_STR("timeout")};
}

static void put(struct desk *desk, int number, const struct hb_journal_record *record)
{
    tags[number] = (struct tag){desk, number};
    assert_int_equal(hb_journal_put(hb_outbox_journal(desk->outbox), record, done, &tags[number]), HB_OK);
}

static void a_record_goes_to_its_shard_and_its_offset_comes_back(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    put(desk, 0, &record);
    struct fake_record *sent = fake_kafka_pending();
    assert_string_equal(sent->topic, "hookbus.journal");
    assert_string_equal(sent->key, "dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(sent->partition, hb_journal_shard(HB_STR("wh_1")));
    assert_string_equal(fake_record_header(sent, "version"), "1");
    assert_string_equal(fake_record_header(sent, "webhook"), "wh_1");
    assert_non_null(strstr(sent->value, "\"state\":\"parked\""));
    assert_int_equal(desk->done_count, 0);
    fake_kafka_ack_all();
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->done[0], 1);
    assert_int_equal(desk->ends[0], HB_OK);
    assert_true(desk->offsets[0] >= 0 && desk->moved > 0);
}

static void a_success_is_a_tombstone_with_its_version(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(3);
    record.kind = HB_JOURNAL_TOMBSTONE;
    record.state = HB_DELIVERY_DELIVERED;
    put(desk, 0, &record);
    assert_null(fake_kafka_pending()->value);
    assert_string_equal(fake_record_header(fake_kafka_pending(), "version"), "3");
}

static void a_takeover_goes_to_the_shard_it_names(void **state)
{
    struct desk *desk = *state;
    const struct hb_journal_record record = {
        .kind = HB_JOURNAL_TAKEOVER, .repairs = HB_SHARD_NONE, .owner = HB_STR("w-0")};
    tags[0] = (struct tag){desk, 0};
    assert_int_equal(hb_journal_put_takeover(hb_outbox_journal(desk->outbox), 63, &record, done, &tags[0]), HB_OK);
    assert_int_equal(fake_kafka_pending()->partition, 63);
    assert_string_equal(fake_kafka_pending()->key, "takeover");
}

/* 0xC5 of the known SHA-256("hookbus") ends in the shard that core/ids computes; the same webhook is always there. */
static void a_webhook_has_one_shard_of_all(void **state)
{
    (void)state;
    bool is_met[HB_SHARDS] = {false};
    int met = 0;
    for (int i = 0; i < 2000; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "wh_%d", i);
        int shard = hb_journal_shard(hb_str_n(id, (size_t)len));
        assert_in_range(shard, 0, HB_SHARDS - 1);
        assert_int_equal(shard, hb_journal_shard(hb_str_n(id, (size_t)len)));
        met += !is_met[shard];
        is_met[shard] = true;
    }
    assert_int_equal(met, HB_SHARDS);
}

static void what_failed_is_written_again_and_later_records_go_behind_it(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    put(desk, 0, &record);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_TIMEOUT);
    fake_loop_settle(desk->loop);
    record.version = 2;
    put(desk, 1, &record);
    assert_null(fake_kafka_pending()); /* not before the first */
    fake_loop_advance(desk->loop, 200);
    assert_string_equal(fake_record_header(fake_kafka_pending(), "version"), "1");
    assert_string_equal(fake_record_header(fake_kafka_pending()->next, "version"), "2");
    assert_int_equal(desk->done_count, 0);
    fake_kafka_refuse(HB_ERR_FULL); /* and the client's own queue may be full meanwhile */
    while (fake_kafka_pending())
        fake_kafka_ack(fake_kafka_pending(), HB_ERR_BROKER);
    fake_loop_advance(desk->loop, 3000);
    fake_kafka_refuse(HB_OK);
    fake_loop_advance(desk->loop, 200);
    fake_kafka_ack_all();
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->done[0] + desk->done[1], 2);
    assert_int_equal(hb_outbox_waiting(desk->outbox), 0);
    assert_int_equal(desk->refused, 0);
}

static void five_seconds_or_a_thousand_records_are_congestion(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    put(desk, 0, &record);
    fake_loop_advance(desk->loop, 5000);
    assert_false(hb_outbox_is_congested(desk->outbox));
    fake_loop_advance(desk->loop, 1);
    assert_true(hb_outbox_is_congested(desk->outbox));
    fake_kafka_ack_all();
    fake_loop_settle(desk->loop);
    for (int i = 1; i <= 1000; i++) {
        assert_false(hb_outbox_is_congested(desk->outbox));
        put(desk, i, &record);
    }
    assert_true(hb_outbox_is_congested(desk->outbox));
    fake_kafka_ack(fake_kafka_pending(), HB_OK);
    fake_loop_settle(desk->loop);
    assert_false(hb_outbox_is_congested(desk->outbox));
}

static void what_is_not_permitted_is_said_and_stops_work_until_it_is(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    put(desk, 0, &record);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_DENIED);
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->refusal, HB_ERR_DENIED);
    assert_true(hb_outbox_is_congested(desk->outbox));
    fake_loop_advance(desk->loop, 200);
    fake_kafka_ack_all();
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->done[0], 1);
    assert_false(hb_outbox_is_congested(desk->outbox));
}

static void a_record_too_large_goes_without_the_events_id(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    put(desk, 0, &record);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_TOO_LARGE);
    fake_loop_settle(desk->loop);
    fake_loop_advance(desk->loop, 200);
    const char *value = fake_kafka_pending()->value;
    assert_null(strstr(value, "evt_1"));
    assert_non_null(strstr(value, "\"store\":\"shop\",\"subject\":\"0000000000000007\",\"at\":"));
    assert_int_equal(desk->refused, 0);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_TOO_LARGE); /* nothing left to leave out: somebody must act */
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->refusal, HB_ERR_TOO_LARGE);
    fake_loop_advance(desk->loop, 200);
    fake_kafka_ack_all();
    fake_loop_settle(desk->loop);
    assert_int_equal(desk->done[0], 1);
}

static void the_end_gives_back_what_nobody_acknowledged(void **state)
{
    struct desk *desk = *state;
    struct hb_journal_record record = parked(1);
    for (int i = 0; i < 3; i++)
        put(desk, i, &record);
    fake_kafka_ack(fake_kafka_pending(), HB_ERR_BROKER); /* this one waits to be written again */
    fake_loop_settle(desk->loop);
    fake_kafka_set_away(true);
    hb_outbox_end(desk->outbox, 100);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(desk->done[i], 1);
        assert_int_equal(desk->ends[i], HB_ERR_CLOSED);
    }
    assert_true(hb_outbox_is_congested(desk->outbox));
    assert_null(hb_outbox_producer(desk->outbox));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_record_goes_to_its_shard_and_its_offset_comes_back),
                                       T(a_success_is_a_tombstone_with_its_version),
                                       T(a_takeover_goes_to_the_shard_it_names),
                                       T(a_webhook_has_one_shard_of_all),
                                       T(what_failed_is_written_again_and_later_records_go_behind_it),
                                       T(five_seconds_or_a_thousand_records_are_congestion),
                                       T(what_is_not_permitted_is_said_and_stops_work_until_it_is),
                                       T(a_record_too_large_goes_without_the_events_id),
                                       T(the_end_gives_back_what_nobody_acknowledged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
