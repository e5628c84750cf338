/* The coordinator refuses commits. No offset goes back, and what was refused is committed later. */
#include "component/kafka/mock_cluster.h"
#include "component/kafka/wanted.h"

#define OFFSET_COMMIT 8 /* the request's number in Kafka's protocol */

static bool has_failed(void *user)
{
    const struct wanted *wanted = user;

    return wanted->member->commits_failed >= wanted->failed;
}

static int64_t committed_by(const char *group, const char *topic)
{
    int64_t committed = 0;
    struct hb_error error = {0};

    if (hb_kafka_admin_committed(room_admin(), group, topic, 0, ROOM_WAIT_MS, &committed, &error))
        fail_msg("%s", error.text);
    return committed;
}

/* Refused for good, as far as this request goes: the library does not try the same one again by itself. */
static void a_refused_commit_is_made_later_and_no_offset_goes_back(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 50, .committed = 50, .failed = 3};

    (void)state;
    assert_int_equal(rd_kafka_mock_topic_create(cluster, room_name(topic, "refused"), 1, 1), 0);
    room_write(topic, 0, 0, 50);
    wanted.member = room_join(room_name(group, "refused"), NULL, topic, NULL);
    room_wait(&wanted.member, 1, has_committed, &wanted, "fifty records and their commit");
    rd_kafka_mock_push_request_errors(cluster, OFFSET_COMMIT, 3, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE);
    room_write(topic, 0, 50, 50);
    room_wait(&wanted.member, 1, has_failed, &wanted, "three refused commits");
    assert_int_equal(wanted.member->committed[0][0], 50);
    assert_int_equal(committed_by(group, topic), 50);
    wanted.seen = 100;
    wanted.committed = 100;
    room_wait(&wanted.member, 1, has_committed, &wanted, "the commit after all");
    assert_int_equal(committed_by(group, topic), 100);
    assert_int_equal(wanted.member->seen_count, 100);
    assert_int_equal(wanted.member->commits_back, 0);
    assert_int_equal(wanted.member->lost, 0);
    room_leave(&wanted.member);
}

/* The coordinator moves or is loading: the library asks again by itself; nothing is lost or repeated meanwhile.
 * The session outlasts it: each move costs this library seconds, since a commit that it tries again calls the
 * coordinator just found dead before its connection stands, and on a machine without a core to spare three of them were
 * longer than the shortest session. A session lost is another story, and what was not committed then comes again. */
static void a_coordinator_that_moves_costs_time_and_nothing_else(void **state)
{
    char topic[128], group[128];
    struct wanted wanted = {.seen = 50, .committed = 50};

    (void)state;
    assert_int_equal(rd_kafka_mock_topic_create(cluster, room_name(topic, "moves"), 1, 1), 0);
    room_write(topic, 0, 0, 50);
    wanted.member =
        room_join_timed(room_name(group, "moves"), NULL, topic, NULL, (struct room_times){300000, 2 * ROOM_WAIT_MS});
    room_wait(&wanted.member, 1, has_committed, &wanted, "fifty records and their commit");
    rd_kafka_mock_push_request_errors(cluster, OFFSET_COMMIT, 4, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    room_write(topic, 0, 50, 50);
    wanted.seen = 100;
    wanted.committed = 100;
    room_wait(&wanted.member, 1, has_committed, &wanted, "a hundred records and their commit");
    assert_int_equal(committed_by(group, topic), 100);
    assert_int_equal(wanted.member->lost, 0);
    assert_int_equal(wanted.member->seen_count, 100);
    assert_int_equal(wanted.member->commits_back, 0);
    room_leave(&wanted.member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_commit_is_made_later_and_no_offset_goes_back),
        cmocka_unit_test(a_coordinator_that_moves_costs_time_and_nothing_else),
    };

    return MOCK_RUN(tests);
}
