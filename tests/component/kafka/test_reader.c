#include "component/kafka/kafka_room.h"
#include "component/kafka/room_reader.h"

#include <poll.h>

static void headers_keys_tombstones_and_empty_values_arrive_as_written(void **state)
{
    static const char odd[] = {0, 1, (char)0xff, '\r', '\n'};
    char topic[128];
    const struct hb_name_value headers[] = {
        {HB_STR("ce_id"), HB_STR("evt_1")}, {HB_STR("empty"), HB_STR("")}, {HB_STR("odd"), {odd, sizeof odd}}};
    struct hb_name_value got[HB_KAFKA_HEADERS_MAX];
    const struct hb_kafka_record records[] = {
        {.topic = topic, .key = HB_STR("k"), .value = HB_STR("v"), .headers = headers, .headers_count = 3},
        {.topic = topic, .key = HB_STR("k")},
        {.topic = topic, .value = HB_STR("")},
    };
    struct hb_kafka_producer *producer = room_producer(10, 10000);
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "bytes"), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(hb_kafka_produce(producer, &records[i], NULL, NULL), HB_OK);
    assert_int_equal(hb_kafka_producer_flush(producer, 10000), HB_OK);
    hb_kafka_producer_free(&producer, 1000);

    room_reader_open(&room, topic, false, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 3);
    assert_int_equal(hb_kafka_message_headers(&room.kept[0], got, HB_KAFKA_HEADERS_MAX), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(hb_str_eq(got[i].name, headers[i].name));
        assert_true(hb_str_eq(got[i].value, headers[i].value));
    }
    assert_int_equal(hb_kafka_message_headers(&room.kept[0], got, 1), 3); /* more than fit: told */
    assert_true(hb_str_eq(room.kept[0].key, HB_STR("k")));
    assert_true(hb_str_eq(room.kept[0].value, HB_STR("v")));
    assert_null(room.kept[1].value.ptr);
    assert_int_equal(hb_kafka_message_headers(&room.kept[1], got, HB_KAFKA_HEADERS_MAX), 0);
    assert_null(room.kept[2].key.ptr);
    assert_non_null(room.kept[2].value.ptr);
    assert_int_equal(room.kept[2].value.len, 0);
    assert_int_equal(room.end_offset, 3);
    room_reader_close(&room);
}

static void the_end_is_told_again_after_more_and_the_descriptor_says_when(void **state)
{
    char topic[128];
    struct room_reader room;
    struct pollfd fd;

    (void)state;
    room_make_topic(room_name(topic, "ends"), 1);
    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 0);
    assert_int_equal(room.end_offset, 0);
    while (hb_kafka_reader_poll(room.reader, 100, 0) > 0)
        ;
    room_write(topic, 0, 0, 5);
    fd = (struct pollfd){.fd = hb_kafka_reader_fd(room.reader), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, ROOM_WAIT_MS), 1);
    room_reader_read_to_end(&room, 2);
    assert_int_equal(room.count, 5);
    assert_int_equal(room.end_offset, 5);
    room_reader_close(&room);
}

static void a_new_assignment_replaces_the_former(void **state)
{
    char topic[128];
    struct room_reader room;
    int ends;

    (void)state;
    room_make_topic(room_name(topic, "assign"), 1);
    room_write(topic, 0, 0, 20);
    room_reader_open(&room, topic, false, 18);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 2);
    assert_int_equal(room_number(room.kept[0].value), 18);
    ends = room.ends;
    room_reader_assign(&room, 10);
    room_reader_read_to_end(&room, ends + 1);
    assert_int_equal(room.count, 12);
    assert_int_equal(room.kept[2].offset, 10);
    ends = room.ends;
    room_reader_assign(&room, HB_KAFKA_END);
    room_reader_read_to_end(&room, ends + 1);
    assert_int_equal(room.count, 12);
    room_reader_close(&room);
}

static bool room_stopped(struct room_reader *room, int times)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    while (room->stopped < times && room_now_ms() < deadline)
        hb_kafka_reader_poll(room->reader, 100, 200);
    return room->stopped >= times;
}

static void an_offset_out_of_range_is_an_error_and_an_assignment_goes_on(void **state)
{
    char topic[128];
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "range"), 1);
    room_write(topic, 0, 0, 20);
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), topic, 0, 10, ROOM_WAIT_MS, NULL), HB_OK);
    room_reader_open(&room, topic, false, 3);
    assert_true(room_stopped(&room, 1));
    assert_int_equal(room.count, 0);
    room_reader_assign(&room, 12);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 8);
    assert_int_equal(room.kept[0].offset, 12);
    room_reader_assign(&room, 1000);
    assert_true(room_stopped(&room, 2));
    room_reader_close(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_keys_tombstones_and_empty_values_arrive_as_written),
        cmocka_unit_test(the_end_is_told_again_after_more_and_the_descriptor_says_when),
        cmocka_unit_test(a_new_assignment_replaces_the_former),
        cmocka_unit_test(an_offset_out_of_range_is_an_error_and_an_assignment_goes_on),
    };
    return ROOM_RUN(tests);
}
