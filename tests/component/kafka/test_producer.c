#include "component/kafka/kafka_room.h"

#include <poll.h>

struct acks {
    int good, bad;
    enum hb_err last;
    int64_t last_offset;
    int32_t last_partition;
};

static void on_ack(void *user, const struct hb_kafka_ack *ack)
{
    struct acks *acks = user;

    acks->last = ack->err;
    acks->last_offset = ack->offset;
    acks->last_partition = ack->partition;
    if (ack->err)
        acks->bad++;
    else
        acks->good++;
}

/* By the descriptor, as a loop does it. */
static void wait_for_acks(struct hb_kafka_producer *producer, const struct acks *acks, int count, int max)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    while (acks->good + acks->bad < count) {
        struct pollfd fd = {.fd = hb_kafka_producer_fd(producer), .events = POLLIN};
        assert_true(room_now_ms() < deadline);
        poll(&fd, 1, 5000);
        assert_in_range(hb_kafka_producer_poll(producer, max), 0, max);
    }
}

static void each_record_is_acknowledged_with_its_place(void **state)
{
    char topic[128];
    struct acks acks = {0};
    struct hb_kafka_producer *producer = room_producer(1000, 10000);
    struct hb_kafka_record record = {
        .topic = room_name(topic, "acks"), .partition = HB_KAFKA_PARTITION_ANY, .value = HB_STR("v")};

    (void)state;
    room_make_topic(topic, 12);
    for (int i = 0; i < 500; i++) {
        char key[16];
        record.key = hb_str_n(key, (size_t)snprintf(key, sizeof key, "store/%d", i));
        assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_OK);
    }
    assert_int_equal(hb_kafka_producer_waiting(producer), 500);
    wait_for_acks(producer, &acks, 500, 7); /* a small turn: what is left is announced again */
    assert_int_equal(acks.good, 500);
    assert_int_equal(hb_kafka_producer_waiting(producer), 0);
    assert_true(hb_kafka_producer_is_connected(producer));
    /* The library's partitioner and ours agree. */
    for (int i = 0; i < 50; i++) {
        char key[32];
        record.key = hb_str_n(key, (size_t)snprintf(key, sizeof key, "s%d/p-%d", i, i * 7919));
        assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_OK);
        wait_for_acks(producer, &acks, 501 + i, 100);
        assert_int_equal(acks.last_partition, hb_kafka_partition_of(record.key, 12));
    }
    hb_kafka_producer_free(&producer, 5000);
}

static void a_bounded_queue_says_full_and_takes_again_after_acknowledgements(void **state)
{
    char topic[128];
    struct acks acks = {0};
    struct hb_kafka_producer *producer = room_producer(10, 10000);
    const struct hb_name_value header = {HB_STR("ce_id"), HB_STR("evt_1")};
    struct hb_kafka_record record = {
        .topic = room_name(topic, "full"), .value = HB_STR("v"), .headers = &header, .headers_count = 1};
    int accepted = 0;

    (void)state;
    room_make_topic(topic, 1);
    while (hb_kafka_produce(producer, &record, on_ack, &acks) == HB_OK)
        accepted++;
    assert_int_equal(accepted, 10);
    assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_ERR_FULL);
    wait_for_acks(producer, &acks, 10, 100);
    assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_OK);
    assert_int_equal(hb_kafka_producer_flush(producer, 10000), HB_OK);
    assert_int_equal(acks.good, 11);
    hb_kafka_producer_free(&producer, 5000);
}

static void bytes_beyond_the_queue_say_full_and_a_record_beyond_its_limit_too_large(void **state)
{
    static char big[2 * 1024 * 1024];
    char topic[128];
    struct acks acks = {0};
    struct hb_kafka_producer_options options = {.cluster = room_cluster(),
                                                .queue_records_max = 100000,
                                                .queue_kib_max = 100,
                                                .linger_ms = 50,
                                                .message_timeout_ms = 10000};
    struct hb_kafka_producer *producer = NULL;
    const struct hb_name_value header = {HB_STR("h"), HB_STR("v")};
    struct hb_kafka_record record = {
        .topic = room_name(topic, "large"), .value = {big, 30000}, .headers = &header, .headers_count = 1};
    enum hb_err err;
    int accepted = 0;

    (void)state;
    room_make_topic(topic, 1);
    assert_int_equal(hb_kafka_producer_new(&options, &producer, NULL), HB_OK);
    while ((err = hb_kafka_produce(producer, &record, on_ack, &acks)) == HB_OK)
        accepted++;
    assert_int_equal(err, HB_ERR_FULL);
    assert_in_range(accepted, 2, 5);
    record.value.len = sizeof big;
    assert_int_equal(hb_kafka_producer_flush(producer, 10000), HB_OK);
    assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_ERR_TOO_LARGE);
    assert_int_equal(hb_kafka_producer_waiting(producer), 0);
    assert_int_equal(acks.good, accepted);
    hb_kafka_producer_free(&producer, 5000);
}

static void free_tells_every_record_that_it_gave_up(void **state)
{
    struct acks acks = {0};
    struct hb_kafka_cluster nowhere = room_cluster();
    struct hb_kafka_producer_options options = {
        .queue_records_max = 100, .queue_kib_max = 1000, .message_timeout_ms = 60000};
    struct hb_kafka_producer *producer = NULL;
    const struct hb_kafka_record record = {.topic = "t", .value = HB_STR("v")};
    int64_t began = room_now_ms();

    (void)state;
    nowhere.brokers = "127.0.0.1:1";
    options.cluster = nowhere;
    assert_int_equal(hb_kafka_producer_new(&options, &producer, NULL), HB_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_OK);
    assert_false(hb_kafka_producer_is_connected(producer));
    hb_kafka_producer_free(&producer, 200);
    assert_int_equal(acks.bad, 20);
    assert_int_equal(acks.last, HB_ERR_TIMEOUT);
    assert_in_range(room_now_ms() - began, 0, 8000);
}

static void a_record_that_is_not_acknowledged_in_time_fails(void **state)
{
    struct acks acks = {0};
    struct hb_kafka_producer_options options = {
        .queue_records_max = 100, .queue_kib_max = 1000, .message_timeout_ms = 1000};
    struct hb_kafka_producer *producer = NULL;
    const struct hb_kafka_record record = {.topic = "t", .value = HB_STR("v")};

    (void)state;
    options.cluster.brokers = "127.0.0.1:1";
    assert_int_equal(hb_kafka_producer_new(&options, &producer, NULL), HB_OK);
    assert_int_equal(hb_kafka_produce(producer, &record, on_ack, &acks), HB_OK);
    wait_for_acks(producer, &acks, 1, 10);
    assert_int_equal(acks.last, HB_ERR_TIMEOUT);
    hb_kafka_producer_free(&producer, 200);
}

static void a_setting_the_library_refuses_is_a_sentence(void **state)
{
    struct hb_kafka_producer_options options = {
        .cluster = room_cluster(), .queue_records_max = 100, .queue_kib_max = 1000, .message_timeout_ms = 1000};
    struct hb_kafka_producer *producer = NULL;
    struct hb_error error = {0};

    (void)state;
    options.cluster.security_protocol = "carrier-pigeon";
    assert_int_equal(hb_kafka_producer_new(&options, &producer, &error), HB_ERR_CONFIG);
    assert_non_null(strstr(error.text, "carrier-pigeon"));
    options.cluster.brokers = NULL;
    assert_int_equal(hb_kafka_producer_new(&options, &producer, &error), HB_ERR_CONFIG);
    assert_null(producer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_acknowledged_with_its_place),
        cmocka_unit_test(a_bounded_queue_says_full_and_takes_again_after_acknowledgements),
        cmocka_unit_test(bytes_beyond_the_queue_say_full_and_a_record_beyond_its_limit_too_large),
        cmocka_unit_test(free_tells_every_record_that_it_gave_up),
        cmocka_unit_test(a_record_that_is_not_acknowledged_in_time_fails),
        cmocka_unit_test(a_setting_the_library_refuses_is_a_sentence),
    };
    return ROOM_RUN(tests);
}
