/* What one member reads: offsets, commits, pause, refusal, end of history. */
#include "component/kafka/wanted.h"

static bool has_stopped(void *user)
{
    return ((const struct wanted *)user)->member->stopped > 0;
}

static void a_restarted_group_continues_behind_what_it_stored(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 100, .committed = 100};
    int64_t committed = 0;

    (void)state;
    room_make_topic(room_name(topic, "restart"), 1);
    room_write(topic, 0, 0, 100);
    wanted.member = room_join(room_name(group, "restart"), "w1", topic, NULL);
    room_wait(&wanted.member, 1, has_seen, &wanted, "a hundred records");
    assert_int_equal(wanted.member->partitions[0].committed, HB_KAFKA_OFFSET_NONE);
    assert_int_equal(wanted.member->partitions[0].start, 0);
    assert_int_equal(wanted.member->partitions[0].high, 100);
    room_wait(&wanted.member, 1, has_committed, &wanted, "the commit is acknowledged");
    room_leave(&wanted.member);
    assert_int_equal(hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &committed, NULL), HB_OK);
    assert_int_equal(committed, 100);

    room_write(topic, 0, 100, 50);
    wanted.member = room_join(group, "w1", topic, NULL);
    wanted.seen = 50;
    room_wait(&wanted.member, 1, has_seen, &wanted, "the records behind the commit");
    assert_int_equal(wanted.member->partitions[0].committed, 100);
    assert_int_equal(wanted.member->seen[0].number, 100);
    assert_int_equal(wanted.member->seen_count, 50);
    room_leave(&wanted.member);
}

static void what_is_stored_before_leaving_is_committed_by_leaving(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 10};
    int64_t committed = 0;

    (void)state;
    room_make_topic(room_name(topic, "leaving"), 1);
    room_write(topic, 0, 0, 10);
    wanted.member = room_join(room_name(group, "leaving"), NULL, topic, NULL);
    wanted.member->is_storing = false;
    room_wait(&wanted.member, 1, has_seen, &wanted, "ten records");
    assert_int_equal(hb_kafka_consumer_store(wanted.member->consumer, 0, 0, 7), HB_OK);
    assert_int_equal(hb_kafka_consumer_store(wanted.member->consumer, 0, 5, 7), HB_OK); /* not ours: ignored */
    room_leave(&wanted.member);
    assert_int_equal(hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &committed, NULL), HB_OK);
    assert_int_equal(committed, 7);
}

static void a_paused_and_resumed_partition_gives_every_record_once_in_order(void **state)
{
    enum { RECORDS = 20000, TURNS = 8 };
    char topic[128], group[128];
    struct wanted wanted = {0};
    struct room_member *other;
    int next[2] = {0, 0};

    (void)state;
    room_make_topic(room_name(topic, "pause"), 2);
    room_write(topic, 0, 0, RECORDS / 2);
    room_write(topic, 1, 0, RECORDS / 2);
    wanted.member = other = room_join(room_name(group, "pause"), NULL, topic, NULL);
    for (int turn = 1; turn <= TURNS; turn++) {
        size_t at;
        wanted.seen = (size_t)turn * (RECORDS / TURNS / 2);
        room_wait(&wanted.member, 1, has_seen, &wanted, "some of the records");
        hb_kafka_consumer_pause(other->consumer, 0, turn % 2);
        at = other->seen_count;
        for (int i = 0; i < 20; i++)
            hb_kafka_consumer_poll(other->consumer, 10);
        for (; at < other->seen_count; at++)
            assert_int_not_equal(other->seen[at].partition, turn % 2);
        hb_kafka_consumer_resume(other->consumer, 0, turn % 2);
        hb_kafka_consumer_resume(other->consumer, 0, turn % 2); /* once more: no harm */
    }
    wanted.seen = RECORDS;
    room_wait(&wanted.member, 1, has_seen, &wanted, "all records");
    assert_int_equal(other->seen_count, RECORDS);
    for (size_t i = 0; i < other->seen_count; i++)
        assert_int_equal(other->seen[i].number, next[other->seen[i].partition]++);
    room_leave(&wanted.member);
}

static void a_partition_paused_before_its_first_record_begins_at_its_start(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 10};

    (void)state;
    room_make_topic(room_name(topic, "early"), 1);
    room_write(topic, 0, 0, 10);
    wanted.member = room_join(room_name(group, "early"), NULL, topic, NULL);
    while (!wanted.member->assigned)
        hb_kafka_consumer_poll(wanted.member->consumer, 1);
    hb_kafka_consumer_pause(wanted.member->consumer, 0, 0);
    for (int i = 0; i < 100; i++)
        hb_kafka_consumer_poll(wanted.member->consumer, 10);
    hb_kafka_consumer_resume(wanted.member->consumer, 0, 0);
    room_wait(&wanted.member, 1, has_seen, &wanted, "ten records");
    assert_int_equal(wanted.member->seen_count, 10);
    assert_int_equal(wanted.member->seen[0].number, 0);
    room_leave(&wanted.member);
}

static void the_assigned_callback_decides_where_to_begin_and_what_to_refuse(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 5};

    (void)state;
    room_make_topic(room_name(topic, "decide"), 2);
    room_write(topic, 0, 0, 10);
    room_write(topic, 1, 100, 10);
    wanted.member = room_join(room_name(group, "decide"), NULL, topic, NULL);
    wanted.member->start_at = 5;
    wanted.member->is_refusing_zero = true;
    room_wait(&wanted.member, 1, has_seen, &wanted, "five records of partition 1");
    assert_int_equal(wanted.member->seen_count, 5);
    assert_int_equal(wanted.member->seen[0].number, 105);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(wanted.member->seen[i].partition, 1);
    /* A refused partition is taken up by a seek. */
    assert_int_equal(hb_kafka_consumer_seek(wanted.member->consumer, 0, 0, 8), HB_OK);
    wanted.seen = 7;
    room_wait(&wanted.member, 1, has_seen, &wanted, "the rest of partition 0");
    assert_int_equal(wanted.member->seen[5].number, 8);
    assert_int_equal(wanted.member->seen_count, 7);
    room_leave(&wanted.member);
}

static void history_that_is_gone_stops_that_partition_alone_until_it_is_moved(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 10};

    (void)state;
    room_make_topic(room_name(topic, "gone"), 2);
    room_write(topic, 0, 0, 20);
    room_write(topic, 1, 100, 10);
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), topic, 0, 15, ROOM_WAIT_MS, NULL), HB_OK);
    wanted.member = room_join(room_name(group, "gone"), NULL, topic, NULL);
    wanted.member->start_at = 0;
    room_wait(&wanted.member, 1, has_stopped, &wanted, "partition 0 is told to be out of range");
    assert_int_equal(wanted.member->stopped_partition, 0);
    room_wait(&wanted.member, 1, has_seen, &wanted, "partition 1 goes on");
    for (size_t i = 0; i < wanted.member->seen_count; i++)
        assert_int_equal(wanted.member->seen[i].partition, 1);
    assert_int_equal(hb_kafka_consumer_seek(wanted.member->consumer, 0, 0, 15), HB_OK);
    wanted.seen = 15;
    room_wait(&wanted.member, 1, has_seen, &wanted, "partition 0 goes on where it was moved");
    assert_int_equal(wanted.member->seen_count, 15);
    assert_int_equal(wanted.member->seen[10].number, 15);
    assert_int_equal(wanted.member->stopped, 1);
    wanted.committed = 20;
    room_wait(&wanted.member, 1, has_committed, &wanted, "its commits go on too");
    room_leave(&wanted.member);
}

static void a_seek_goes_back_and_commits_do_not(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 10, .committed = 10};
    int64_t committed = 0;

    (void)state;
    room_make_topic(room_name(topic, "seek"), 1);
    room_write(topic, 0, 0, 10);
    wanted.member = room_join(room_name(group, "seek"), NULL, topic, NULL);
    room_wait(&wanted.member, 1, has_committed, &wanted, "all is committed");
    wanted.member->is_storing = false;
    assert_int_equal(hb_kafka_consumer_seek(wanted.member->consumer, 0, 0, 4), HB_OK);
    wanted.seen = 16;
    room_wait(&wanted.member, 1, has_seen, &wanted, "six records again");
    assert_int_equal(wanted.member->seen[10].number, 4);
    assert_int_equal(hb_kafka_consumer_store(wanted.member->consumer, 0, 0, 5), HB_OK);
    room_leave(&wanted.member);
    assert_int_equal(hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &committed, NULL), HB_OK);
    assert_int_equal(committed, 10);
}

static void a_seek_loses_no_commit_that_was_still_under_way(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 10};
    int64_t committed = 0;

    (void)state;
    room_make_topic(room_name(topic, "pending"), 1);
    room_write(topic, 0, 0, 10);
    wanted.member = room_join(room_name(group, "pending"), NULL, topic, NULL);
    wanted.member->is_storing = false;
    room_wait(&wanted.member, 1, has_seen, &wanted, "all is read");
    assert_int_equal(hb_kafka_consumer_store(wanted.member->consumer, 0, 0, 10), HB_OK);
    assert_int_equal(hb_kafka_consumer_seek(wanted.member->consumer, 0, 0, 4), HB_OK);
    room_leave(&wanted.member);
    assert_int_equal(hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &committed, NULL), HB_OK);
    assert_int_equal(committed, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restarted_group_continues_behind_what_it_stored),
        cmocka_unit_test(what_is_stored_before_leaving_is_committed_by_leaving),
        cmocka_unit_test(a_paused_and_resumed_partition_gives_every_record_once_in_order),
        cmocka_unit_test(a_partition_paused_before_its_first_record_begins_at_its_start),
        cmocka_unit_test(the_assigned_callback_decides_where_to_begin_and_what_to_refuse),
        cmocka_unit_test(history_that_is_gone_stops_that_partition_alone_until_it_is_moved),
        cmocka_unit_test(a_seek_goes_back_and_commits_do_not),
        cmocka_unit_test(a_seek_loses_no_commit_that_was_still_under_way),
    };
    return ROOM_RUN(tests);
}
