/* Who holds which partition: rebalance, static members, duplicates. */
#include "component/kafka/kafka_room.h"

#include <poll.h>
#include <stdlib.h>

struct pair {
    struct room_member *a, *b;
};

static bool each_holds_half(void *user)
{
    const struct pair *pair = user;

    return pair->a->partitions_count == 8 && pair->b->partitions_count == 8;
}

static bool has_partition(const struct room_member *member, int topic, int32_t partition)
{
    for (size_t i = 0; i < member->partitions_count; i++)
        if (member->partitions[i].topic == topic && member->partitions[i].partition == partition)
            return true;
    return false;
}

static bool a_holds_all(void *user)
{
    return ((const struct pair *)user)->a->partitions_count == 16;
}

static void two_members_share_co_partitioned_topics_by_range(void **state)
{
    char left[128], right[128], group[128];
    struct pair pair = {0};

    (void)state;
    room_make_topic(room_name(left, "range.left"), 8);
    room_make_topic(room_name(right, "range.right"), 8);
    pair.a = room_join(room_name(group, "range"), "a", left, right);
    room_wait(&pair.a, 1, a_holds_all, &pair, "the first member holds everything");
    assert_int_equal(pair.a->assigned, 1);
    pair.b = room_join(group, "b", left, right);
    room_wait(&pair.a, 2, each_holds_half, &pair, "each member holds half");
    /* The same partition number of both topics is in the same member. */
    for (int32_t p = 0; p < 8; p++) {
        assert_int_equal(has_partition(pair.a, 0, p), has_partition(pair.a, 1, p));
        assert_int_not_equal(has_partition(pair.a, 0, p), has_partition(pair.b, 0, p));
        assert_int_equal(has_partition(pair.a, 0, p), has_partition(pair.a, 0, p ^ 1)); /* neighbours: a range */
    }
    assert_int_equal(pair.a->revoked, 1);
    assert_int_equal(pair.a->lost, 0);
    room_leave(&pair.b);
    room_leave(&pair.a);
}

static bool is_assigned(void *user)
{
    return ((const struct room_member *)user)->assigned > 0;
}

static void a_static_member_that_comes_back_disturbs_nobody(void **state)
{
    char topic[128], group[128];
    struct pair pair = {0};
    int assigned;
    struct hb_kafka_partition former[ROOM_PARTITIONS_MAX];

    (void)state;
    room_make_topic(room_name(topic, "static"), 16);
    pair.a = room_join(room_name(group, "static"), "one", topic, NULL);
    pair.b = room_join(group, "two", topic, NULL);
    room_wait(&pair.a, 2, each_holds_half, &pair, "each member holds half");
    assigned = pair.a->assigned;
    memcpy(former, pair.b->partitions, sizeof former);
    room_leave(&pair.b);
    pair.b = room_join(group, "two", topic, NULL);
    room_wait(&pair.a, 2, is_assigned, pair.b, "the member is back");
    assert_int_equal(pair.a->assigned, assigned);
    assert_int_equal(pair.b->partitions_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_true(has_partition(pair.b, 0, former[i].partition));
    room_leave(&pair.b);
    room_leave(&pair.a);
}

static bool is_finished(void *user)
{
    return ((const struct room_member *)user)->fatal > 0;
}

static void a_duplicate_instance_id_finishes_the_older_member(void **state)
{
    char topic[128], group[128];
    struct pair pair = {0};

    (void)state;
    room_make_topic(room_name(topic, "duplicate"), 4);
    pair.a = room_join(room_name(group, "duplicate"), "same", topic, NULL);
    room_wait(&pair.a, 1, is_assigned, pair.a, "the first member is there");
    pair.b = room_join(group, "same", topic, NULL);
    room_wait(&pair.a, 2, is_finished, pair.a, "the older member is told that it is finished");
    assert_int_equal(pair.a->fatal, 1);
    assert_true(pair.a->fatal_text[0] != '\0');
    room_wait(&pair.a, 2, is_assigned, pair.b, "the newer member holds the partitions");
    assert_int_equal(pair.b->fatal, 0);
    room_leave(&pair.a);
    room_leave(&pair.b);
}

static bool was_expelled(void *user)
{
    const struct room_member *member = user;

    return member->expelled > 0 && member->lost > 0;
}

static bool is_back(void *user)
{
    return ((const struct room_member *)user)->assigned == 2;
}

static void a_member_blocked_beyond_its_poll_interval_is_told_and_rejoins(void **state)
{
    enum { INTERVAL_MS = 6000 };
    char topic[128], group[128];
    struct room_member *member;
    int64_t until;

    (void)state;
    room_make_topic(room_name(topic, "blocked"), 4);
    member = room_join_timed(room_name(group, "blocked"), "w", topic, NULL, (struct room_times){INTERVAL_MS, 6000});
    room_wait(&member, 1, is_assigned, member, "the member is there");
    /* The fault itself: a loop that does not come round. */
    for (until = room_now_ms() + INTERVAL_MS + 1500; room_now_ms() < until;)
        poll(NULL, 0, 100);
    room_wait(&member, 1, was_expelled, member, "it is told that it was expelled and lost its partitions");
    room_wait(&member, 1, is_back, member, "it has rejoined");
    assert_int_equal(member->partitions_count, 4);
    assert_int_equal(member->fatal, 0);
    room_leave(&member);
}

static void a_member_leaves_in_time_when_no_broker_answers(void **state)
{
    struct room_member *member = calloc(1, sizeof *member);
    const char *topic = "nowhere";
    const struct hb_kafka_consumer_events none = {0};
    struct hb_kafka_consumer_options options = {.cluster = {.brokers = "127.0.0.1:1"},
                                                .group = "g",
                                                .instance = "i",
                                                .topics = &topic,
                                                .topics_count = 1,
                                                .queued_records_min = 1000,
                                                .queued_kib_max = 1024,
                                                .commit_interval_ms = 200,
                                                .session_timeout_ms = 6000,
                                                .max_poll_interval_ms = 300000,
                                                .events = &none};
    struct hb_kafka_consumer *consumer = NULL;
    int64_t began = room_now_ms();

    (void)state;
    assert_int_equal(hb_kafka_consumer_new(&options, &consumer, NULL), HB_OK);
    hb_kafka_consumer_free(&consumer, 500);
    assert_in_range(room_now_ms() - began, 0, 5000);
    free(member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_share_co_partitioned_topics_by_range),
        cmocka_unit_test(a_static_member_that_comes_back_disturbs_nobody),
        cmocka_unit_test(a_duplicate_instance_id_finishes_the_older_member),
        cmocka_unit_test(a_member_blocked_beyond_its_poll_interval_is_told_and_rejoins),
        cmocka_unit_test(a_member_leaves_in_time_when_no_broker_answers),
    };
    return ROOM_RUN(tests);
}
