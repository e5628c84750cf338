/* Job: a reader that keeps what it read. Used by the reader's and the writer's tests. */
#ifndef TESTS_COMPONENT_KAFKA_ROOM_READER_H
#define TESTS_COMPONENT_KAFKA_ROOM_READER_H

#include "component/kafka/kafka_room.h"

#define ROOM_KEPT_MAX 64

struct room_reader {
    struct hb_kafka_reader *reader;
    const char *topic;
    struct hb_kafka_message kept[ROOM_KEPT_MAX];
    size_t count;
    int ends, stopped;
    int64_t end_offset;
};

static void room_reader_on_message(void *user, struct hb_kafka_message *message)
{
    struct room_reader *room = user;

    assert_in_range(room->count, 0, ROOM_KEPT_MAX - 1);
    room->kept[room->count++] = *message;
}

static void room_reader_on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct room_reader *room = user;

    assert_int_equal(topic, 0);
    assert_int_equal(partition, 0);
    room->ends++;
    room->end_offset = offset;
}

static void room_reader_on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct room_reader *room = user;

    print_message("    error event: %s, topic %d, partition %d: %s\n", hb_err_name(err), topic, partition, text);
    if (err == HB_ERR_NOT_FOUND && partition >= 0)
        room->stopped++;
}

static void room_reader_assign(struct room_reader *room, int64_t offset)
{
    const struct hb_kafka_start start = {0, 0, offset};

    assert_int_equal(hb_kafka_reader_assign(room->reader, &start, 1), HB_OK);
}

static void room_reader_open(struct room_reader *room, const char *topic, bool is_committed_only, int64_t offset)
{
    static const struct hb_kafka_reader_events events = {room_reader_on_message, room_reader_on_end,
                                                         room_reader_on_error};
    struct hb_kafka_reader_options options = {.cluster = room_cluster(), .topics_count = 1, .events = &events};

    memset(room, 0, sizeof *room);
    room->topic = topic;
    options.topics = &room->topic;
    options.is_committed_only = is_committed_only;
    options.user = room;
    assert_int_equal(hb_kafka_reader_new(&options, &room->reader, NULL), HB_OK);
    room_reader_assign(room, offset);
}

static void room_reader_close(struct room_reader *room)
{
    for (size_t i = 0; i < room->count; i++)
        hb_kafka_message_free(&room->kept[i]);
    hb_kafka_reader_free(&room->reader);
}

/* Reads until the end was met that many times. */
static void room_reader_read_to_end(struct room_reader *room, int ends)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    while (room->ends < ends) {
        assert_true(room_now_ms() < deadline);
        hb_kafka_reader_poll(room->reader, 100, 200);
    }
}

#endif
