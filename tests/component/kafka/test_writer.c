#include "component/kafka/kafka_room.h"
#include "component/kafka/room_reader.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

struct result {
    int done;
    enum hb_err err;
    bool is_unknown;
    int64_t offsets[16];
    size_t count;
    char text[256];
};

static void on_done(void *user, const struct hb_kafka_written *written)
{
    struct result *result = user;

    result->done++;
    result->err = written->err;
    result->is_unknown = written->is_unknown;
    result->count = written->count;
    for (size_t i = 0; i < written->count; i++)
        result->offsets[i] = written->offsets[i];
    snprintf(result->text, sizeof result->text, "%s", written->text);
    if (written->err)
        print_message("    %s: %s\n", hb_err_name(written->err), written->text);
}

static struct hb_kafka_writer *open_writer(const char *id)
{
    const struct hb_kafka_writer_options options = {room_cluster(), id, 10000};
    struct hb_kafka_writer *writer = NULL;

    assert_int_equal(hb_kafka_writer_new(&options, &writer, NULL), HB_OK);
    return writer;
}

static void wait_done(struct hb_kafka_writer *writer, struct result *result)
{
    int before = result->done;
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    while (result->done == before) {
        struct pollfd fd = {.fd = hb_kafka_writer_fd(writer), .events = POLLIN};
        assert_true(room_now_ms() < deadline);
        poll(&fd, 1, ROOM_WAIT_MS);
        hb_kafka_writer_poll(writer);
    }
}

static void take(struct hb_kafka_writer *writer, struct result *result)
{
    assert_int_equal(hb_kafka_writer_take(writer, on_done, result), HB_OK);
    wait_done(writer, result);
}

static void write_records(struct hb_kafka_writer *writer, struct result *result, const struct hb_kafka_record *records,
                          size_t count)
{
    assert_int_equal(hb_kafka_writer_write(writer, records, count, on_done, result), HB_OK);
    wait_done(writer, result);
}

static void a_transaction_is_written_whole_with_the_offset_of_each_record(void **state)
{
    char topic[128], id[128];
    struct result result = {0};
    struct hb_kafka_writer *writer = open_writer(room_name(id, "whole"));
    const struct hb_name_value header = {HB_STR("h"), HB_STR("w")};
    struct hb_kafka_record records[] = {
        {.topic = topic, .key = HB_STR("a"), .value = HB_STR("1"), .headers = &header, .headers_count = 1},
        {.topic = topic, .key = HB_STR("b"), .value = HB_STR("2")},
        {.topic = topic, .key = HB_STR("a")}};
    struct hb_name_value got[1];
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "whole"), 1);
    take(writer, &result);
    assert_int_equal(result.err, HB_OK);
    assert_int_equal(hb_kafka_writer_write(writer, records, 3, on_done, &result), HB_OK);
    assert_int_equal(hb_kafka_writer_write(writer, records, 3, on_done, &result), HB_ERR_FULL); /* one at a time */
    wait_done(writer, &result);
    assert_int_equal(result.err, HB_OK);
    assert_int_equal(result.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result.offsets[i], i);
    write_records(writer, &result, records, 1);
    assert_int_equal(result.offsets[0], 4); /* behind the marker */

    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 4);
    assert_int_equal(room.end_offset, 6);
    assert_int_equal(hb_kafka_message_headers(&room.kept[0], got, 1), 1);
    assert_true(hb_str_eq(got[0].value, HB_STR("w")));
    assert_null(room.kept[2].value.ptr);
    room_reader_close(&room);
    hb_kafka_writer_free(&writer);
}

static void a_record_too_large_aborts_all_and_a_committed_reader_sees_nothing(void **state)
{
    char topic[128], id[128];
    char *big = calloc(1, 3 * 1024 * 1024);
    struct result result = {0};
    struct hb_kafka_writer *writer = open_writer(room_name(id, "abort"));
    struct hb_kafka_record records[] = {{.topic = topic, .value = HB_STR("1")},
                                        {.topic = topic, .value = {big, 3 * 1024 * 1024}}};
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "abort"), 1);
    take(writer, &result);
    write_records(writer, &result, records, 2);
    assert_int_equal(result.err, HB_ERR_TOO_LARGE);
    assert_false(result.is_unknown);
    assert_int_equal(result.count, 0);
    write_records(writer, &result, records, 1); /* the writer goes on */
    assert_int_equal(result.err, HB_OK);
    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 1);
    assert_int_equal(room.kept[0].offset, result.offsets[0]);
    room_reader_close(&room);
    hb_kafka_writer_free(&writer);
    free(big);
}

static void what_an_aborted_transaction_had_written_is_seen_by_an_uncommitted_reader_only(void **state)
{
    char topic[128], id[128];
    static char noise[50000];
    const struct hb_kafka_setting setting = {"max.message.bytes", "10000"};
    const struct hb_kafka_topic_spec spec = {room_name(topic, "aborted"), 2, 1, &setting, 1};
    struct result result = {0};
    struct hb_kafka_writer *writer = open_writer(room_name(id, "aborted"));
    struct hb_kafka_record records[] = {{.topic = topic, .partition = 0, .value = HB_STR("1")},
                                        {.topic = topic, .partition = 1, .value = {noise, sizeof noise}}};
    struct room_reader room;
    int created;

    (void)state;
    assert_int_equal(getrandom(noise, sizeof noise, 0), sizeof noise); /* nothing lz4 could shrink */
    assert_int_equal(hb_kafka_admin_create(room_admin(), &spec, 1, ROOM_WAIT_MS, &created, NULL), HB_OK);
    take(writer, &result);
    write_records(writer, &result, records, 2);
    assert_int_equal(result.err, HB_ERR_TOO_LARGE); /* by the broker, when the first was there */
    assert_false(result.is_unknown);
    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 0);
    assert_int_equal(room.end_offset, 2);
    room_reader_close(&room);
    room_reader_open(&room, topic, false, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 1);
    room_reader_close(&room);
    hb_kafka_writer_free(&writer);
}

static void a_newer_writer_of_the_same_id_shuts_out_the_older(void **state)
{
    char topic[128], id[128];
    struct result older = {0}, newer = {0};
    struct hb_kafka_writer *first = open_writer(room_name(id, "fence"));
    struct hb_kafka_writer *second = open_writer(id);
    const struct hb_kafka_record record = {.topic = topic, .value = HB_STR("v")};
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "fence"), 1);
    write_records(first, &older, &record, 1);
    assert_int_equal(older.err, HB_ERR_FENCED); /* not taken yet */
    take(first, &older);
    write_records(first, &older, &record, 1);
    assert_int_equal(older.err, HB_OK);
    take(second, &newer);
    assert_int_equal(newer.err, HB_OK);
    write_records(first, &older, &record, 1);
    assert_int_equal(older.err, HB_ERR_FENCED);
    assert_false(older.is_unknown);
    write_records(second, &newer, &record, 1);
    assert_int_equal(newer.err, HB_OK);
    /* And it may take the id back. */
    take(first, &older);
    assert_int_equal(older.err, HB_OK);
    write_records(first, &older, &record, 1);
    assert_int_equal(older.err, HB_OK);
    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    room_reader_read_to_end(&room, 1);
    assert_int_equal(room.count, 3);
    room_reader_close(&room);
    hb_kafka_writer_free(&first);
    hb_kafka_writer_free(&second);
}

static void without_a_broker_taking_fails_in_time(void **state)
{
    const struct hb_kafka_writer_options options = {{.brokers = "127.0.0.1:1"}, "id", 1500};
    struct hb_kafka_writer *writer = NULL;
    struct result result = {0};

    (void)state;
    assert_int_equal(hb_kafka_writer_new(&options, &writer, NULL), HB_OK);
    take(writer, &result);
    assert_int_equal(result.err, HB_ERR_AWAY);
    hb_kafka_writer_free(&writer);
}

/* ---- records and a group's offsets ---- */

static bool is_assigned(void *user)
{
    const struct room_member *member = user;
    return member->assigned > 0;
}

/* A transaction's end is told before it stands everywhere. */
static void wait_committed(const char *group, const char *topic, int64_t wanted)
{
    int64_t offset = 0, deadline = room_now_ms() + ROOM_WAIT_MS;
    while (offset != wanted) {
        assert_true(room_now_ms() < deadline);
        assert_int_equal(hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &offset, NULL), HB_OK);
    }
}

static void write_with_offset(struct hb_kafka_writer *writer, struct result *result, const char *topic,
                              const struct hb_kafka_membership *membership, int64_t next)
{
    const struct hb_kafka_record record = {.topic = topic, .key = HB_STR("a"), .value = HB_STR("1")};
    const struct hb_kafka_group_offset offset = {topic, 0, next};
    const struct hb_kafka_transaction transaction = {&record, 1, membership, &offset, 1};
    assert_int_equal(hb_kafka_writer_write_offsets(writer, &transaction, on_done, result), HB_OK);
    wait_done(writer, result);
}

static void a_groups_offsets_stand_with_the_records_and_not_for_a_member_that_is_over(void **state)
{
    char topic[128], id[128], group[128];
    struct result result = {0};
    struct hb_kafka_membership *membership = NULL;
    struct hb_kafka_writer *writer = open_writer(room_name(id, "offsets"));
    struct room_reader room;

    (void)state;
    room_make_topic(room_name(topic, "offsets"), 1);
    struct room_member *member = room_join(room_name(group, "offsets"), "one", topic, NULL);
    room_wait(&member, 1, is_assigned, member, "the assignment");
    assert_int_equal(hb_kafka_consumer_membership(member->consumer, &membership), HB_OK);
    take(writer, &result);
    assert_int_equal(result.err, HB_OK);
    write_with_offset(writer, &result, topic, membership, 5);
    assert_int_equal(result.err, HB_OK);
    assert_int_equal(result.count, 1);
    wait_committed(group, topic, 5);

    /* Another process of the same name takes the place: the first one's generation, and so its membership, is over. */
    struct room_member *other = room_join(group, "one", topic, NULL);
    room_wait(&other, 1, is_assigned, other, "the other's assignment");
    write_with_offset(writer, &result, topic, membership, 9);
    assert_int_equal(result.err, HB_ERR_FENCED);
    assert_false(result.is_unknown);
    wait_committed(group, topic, 5);

    /* The transaction was aborted at once: the writer goes on, and no reader waits for its end. */
    struct hb_kafka_membership *now = NULL;
    assert_int_equal(hb_kafka_consumer_membership(other->consumer, &now), HB_OK);
    write_with_offset(writer, &result, topic, now, 9);
    assert_int_equal(result.err, HB_OK);
    wait_committed(group, topic, 9);
    room_reader_open(&room, topic, true, HB_KAFKA_BEGINNING);
    for (int ends = 1; room.count < 2; ends++)
        room_reader_read_to_end(&room, ends);
    assert_int_equal(room.count, 2);
    assert_int_equal(room.kept[1].offset, result.offsets[0]); /* and what was refused is not between them */
    room_reader_close(&room);
    hb_kafka_writer_free(&writer);
    hb_kafka_membership_free(&membership);
    hb_kafka_membership_free(&now);
    room_leave(&member);
    room_leave(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_is_written_whole_with_the_offset_of_each_record),
        cmocka_unit_test(a_record_too_large_aborts_all_and_a_committed_reader_sees_nothing),
        cmocka_unit_test(what_an_aborted_transaction_had_written_is_seen_by_an_uncommitted_reader_only),
        cmocka_unit_test(a_newer_writer_of_the_same_id_shuts_out_the_older),
        cmocka_unit_test(a_groups_offsets_stand_with_the_records_and_not_for_a_member_that_is_over),
        cmocka_unit_test(without_a_broker_taking_fails_in_time),
    };
    return ROOM_RUN(tests);
}
