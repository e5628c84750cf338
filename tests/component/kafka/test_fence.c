/* A static member that Kafka calls a stranger of its own name: by its own library's doing it goes on, for good it ends.
 */
#include "component/kafka/mock_cluster.h"
#include "component/kafka/wanted.h"

#include <dlfcn.h>
#include <poll.h>

#define OFFSET_COMMIT 8 /* the requests' numbers in Kafka's protocol */
#define HEARTBEAT 12
#define MOVES 1000 /* more commits than are tried while fifty records come */

static rd_kafka_t *newest;               /* made last */
static rd_kafka_resp_err_t MOVED[MOVES]; /* what a commit is answered that is to be kept */

/* Stands in front of the library's own. */
rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text, size_t text_bytes)
{
    union {
        void *object;
        rd_kafka_t *(*function)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t);
    } theirs = {.object = dlsym(RTLD_NEXT, "rd_kafka_new")};
    rd_kafka_t *rk = theirs.function(type, conf, text, text_bytes);

    if (type == RD_KAFKA_CONSUMER)
        newest = rk;
    return rk;
}

static bool is_finished(void *user)
{
    return ((const struct wanted *)user)->member->fatal > 0;
}

static struct room_member *join(const char *topic, const char *what)
{
    char group[128];

    return room_join(room_name(group, what), "w", topic, NULL);
}

/* A member that has seen and committed the first fifty records of a topic of its own. */
static struct wanted begin(char *ret_topic, const char *what)
{
    struct wanted wanted = {.seen = 50, .committed = 50};

    assert_int_equal(rd_kafka_mock_topic_create(cluster, room_name(ret_topic, what), 1, 1), 0);
    room_write(ret_topic, 0, 0, 50);
    wanted.member = join(ret_topic, what);
    room_wait(&wanted.member, 1, has_committed, &wanted, "fifty records and their commit");
    return wanted;
}

static void wait_lost(void)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    for (; !rd_kafka_assignment_lost(newest); poll(NULL, 0, 20))
        assert_true(room_now_ms() < deadline);
}

static void wait_fenced(void)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    for (; rd_kafka_fatal_error(newest, NULL, 0) != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID; poll(NULL, 0, 20))
        assert_true(room_now_ms() < deadline);
}

/* The broker is away for longer than the session. The member's loop does not come round while the session ends, and
 * while the commits that the library kept are refused: they say nothing of who the member was. */
static void fence_while_it_stands_still(struct wanted *wanted, const char *topic)
{
    room_write(topic, 0, 50, 50);
    wanted->seen = 100;
    rd_kafka_mock_push_request_errors_array(cluster, OFFSET_COMMIT, MOVES, MOVED);
    room_wait(&wanted->member, 1, has_seen, wanted, "fifty more records");
    assert_int_equal(rd_kafka_mock_broker_set_down(cluster, 1), 0);
    wait_lost();
    rd_kafka_mock_clear_request_errors(cluster, OFFSET_COMMIT);
    rd_kafka_mock_push_request_errors(cluster, OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    assert_int_equal(rd_kafka_mock_broker_set_up(cluster, 1), 0);
    wait_fenced();
    assert_int_equal(wanted->member->lost, 0); /* nobody has told it yet */
}

static void assert_each_seen(const struct room_member *member, int count)
{
    for (int number = 0; number < count; number++) {
        bool is_seen = false;
        for (size_t i = 0; i < member->seen_count; i++)
            is_seen = is_seen || member->seen[i].number == number;
        assert_true(is_seen);
    }
}

static void a_member_fenced_after_its_own_session_ended_goes_on_and_loses_nothing(void **state)
{
    char topic[128];
    struct wanted wanted = begin(topic, "own");

    (void)state;
    fence_while_it_stands_still(&wanted, topic);
    wanted.seen = 150; /* what was not committed comes again */
    wanted.committed = 100;
    room_wait(&wanted.member, 1, has_committed, &wanted, "it goes on where its commits stand, and commits");
    assert_int_equal(wanted.member->fatal, 0);
    assert_int_equal(wanted.member->fenced, 1);
    assert_int_equal(wanted.member->lost, 1);
    assert_int_equal(wanted.member->assigned, 2);
    assert_int_equal(wanted.member->partitions[0].committed, 50);
    room_write(topic, 0, 100, 1);
    wanted.seen = 151;
    wanted.committed = 101;
    room_wait(&wanted.member, 1, has_committed, &wanted, "the descriptor wakes it for what comes later");
    assert_each_seen(wanted.member, 101);
    assert_int_equal(wanted.member->commits_back, 0);
    /* Once more, and now in the midst of its session: another process has its name. */
    rd_kafka_mock_push_request_errors(cluster, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    room_wait(&wanted.member, 1, is_finished, &wanted, "it is told that it is finished");
    assert_int_equal(wanted.member->fatal, 1);
    assert_int_equal(wanted.member->fenced, 1);
    assert_non_null(strstr(wanted.member->fatal_text, "fenced"));
    room_leave(&wanted.member);
}

static void a_member_fenced_in_the_midst_of_its_session_is_finished_at_the_first_time(void **state)
{
    char topic[128];
    struct wanted wanted = begin(topic, "foreign");

    (void)state;
    rd_kafka_mock_push_request_errors(cluster, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    room_wait(&wanted.member, 1, is_finished, &wanted, "it is told that it is finished");
    assert_int_equal(wanted.member->fatal, 1);
    assert_int_equal(wanted.member->fenced, 0);
    assert_int_equal(wanted.member->assigned, 1);
    room_leave(&wanted.member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_fenced_after_its_own_session_ended_goes_on_and_loses_nothing),
        cmocka_unit_test(a_member_fenced_in_the_midst_of_its_session_is_finished_at_the_first_time),
    };

    for (size_t i = 0; i < MOVES; i++)
        MOVED[i] = RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    return MOCK_RUN(tests);
}
