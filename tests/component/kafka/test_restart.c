/* The broker dies (kill -9) and comes back: everything goes on by itself. HOOKBUS_TEST_KAFKA_DIR is its folder. */
#include "component/kafka/kafka_room.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

static void service(const char *verb)
{
    char command[512];

    snprintf(command, sizeof command, "deploy/lib/service kafka %s '%s' >/dev/null", verb,
             getenv("HOOKBUS_TEST_KAFKA_DIR"));
    assert_int_equal(system(command), 0);
}

struct both {
    struct hb_kafka_producer *producer;
    struct room_member *member;
    int good, bad;
    size_t seen;
    int64_t committed;
};

static void on_ack(void *user, const struct hb_kafka_ack *ack)
{
    struct both *both = user;

    if (ack->err)
        both->bad++;
    else
        both->good++;
}

static bool has_seen(void *user)
{
    struct both *both = user;

    hb_kafka_producer_poll(both->producer, 100);
    return both->member->seen_count >= both->seen;
}

static bool has_committed(void *user)
{
    const struct both *both = user;

    return both->member->committed[0][0] >= both->committed;
}

static void wait_connected(struct hb_kafka_producer *producer, bool is_wanted)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;

    while (hb_kafka_producer_is_connected(producer) != is_wanted) {
        assert_true(room_now_ms() < deadline);
        hb_kafka_producer_poll(producer, 10);
        poll(NULL, 0, 10);
    }
}

/* Brings the broker back while the member is polled on, as a program does: one that stands still meets the assignment it
 * lost only when the coordinator is back, and this library then makes a fatal error of it. */
static void start_polling(struct both *both)
{
    char command[512];
    int64_t deadline = room_now_ms() + 3 * ROOM_WAIT_MS;

    snprintf(command, sizeof command, "deploy/lib/service kafka start '%s' >/dev/null", getenv("HOOKBUS_TEST_KAFKA_DIR"));
    FILE *starting = popen(command, "w");
    assert_non_null(starting);
    while (!hb_kafka_producer_is_connected(both->producer)) {
        assert_true(room_now_ms() < deadline);
        hb_kafka_producer_poll(both->producer, 10);
        (void)hb_kafka_consumer_poll(both->member->consumer, 100);
        poll(NULL, 0, 10);
    }
    assert_int_equal(pclose(starting), 0);
}

static void produce(struct both *both, const char *topic, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char value[16];
        const struct hb_kafka_record record = {.topic = topic,
                                               .value = {value, (size_t)snprintf(value, sizeof value, "%d", i)}};
        assert_int_equal(hb_kafka_produce(both->producer, &record, on_ack, both), HB_OK);
    }
}

static void producer_and_consumer_go_on_by_themselves_after_a_broker_died(void **state)
{
    char topic[128], group[128];
    struct both both = {.seen = 50, .committed = 50};

    (void)state;
    room_make_topic(room_name(topic, "died"), 1);
    both.producer = room_producer(1000, 60000);
    both.member = room_join(room_name(group, "died"), "w", topic, NULL);
    produce(&both, topic, 0, 50);
    room_wait(&both.member, 1, has_seen, &both, "fifty records");
    room_wait(&both.member, 1, has_committed, &both, "their commit");
    service("kill");
    wait_connected(both.producer, false);
    produce(&both, topic, 50, 50);
    assert_int_equal(hb_kafka_producer_flush(both.producer, 500), HB_ERR_TIMEOUT);
    start_polling(&both);
    both.seen = 100;
    both.committed = 100;
    room_wait(&both.member, 1, has_seen, &both, "the records written while it was away");
    room_wait(&both.member, 1, has_committed, &both, "their commit");
    hb_kafka_producer_poll(both.producer, 1000); /* the acknowledgements may come after the records */
    assert_int_equal(both.good, 100);
    assert_int_equal(both.bad, 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(both.member->seen[i].number, i);
    room_leave(&both.member);
    hb_kafka_producer_free(&both.producer, 1000);
}

static bool has_lost(void *user)
{
    return ((const struct both *)user)->member->lost > 0;
}

/* Static members: this library makes a fatal error of it, see kafka_consumer.h. */
static void a_member_joins_again_after_an_outage_longer_than_its_session(void **state)
{
    char topic[128], group[128];
    struct both both = {.seen = 50, .committed = 51};

    (void)state;
    room_make_topic(room_name(topic, "outage"), 1);
    both.producer = room_producer(1000, 60000);
    both.member = room_join(room_name(group, "outage"), "w", topic, NULL);
    produce(&both, topic, 0, 50);
    room_wait(&both.member, 1, has_seen, &both, "fifty records");
    service("kill"); /* with the last commits under way */
    room_wait(&both.member, 1, has_lost, &both, "the session is over and the partitions are lost");
    service("start");
    produce(&both, topic, 50, 1);
    room_wait(&both.member, 1, has_committed, &both, "it reads and commits again");
    assert_int_equal(both.member->fatal, 0);
    assert_int_equal(both.member->seen[both.member->seen_count - 1].number, 50);
    room_leave(&both.member);
    hb_kafka_producer_free(&both.producer, 1000);
}

/* The fault itself: a loop that does not come round. */
static void stand_still(int ms)
{
    for (int64_t until = room_now_ms() + ms; room_now_ms() < until;)
        poll(NULL, 0, 100);
}

/* Until it is polled nobody renews the instance, and the library tries the commits it kept as soon as the coordinator
 * is back, without the member id that it gave up: the broker takes the member for a stranger of its own name. */
static void a_member_that_stood_still_while_its_broker_was_away_joins_again(void **state)
{
    enum { STILL_MS = 7500, BACK_MS = 3000 }; /* beyond the session; until the coordinator has answered */
    char topic[128], group[128];
    struct both both = {.seen = 50, .committed = 51};

    (void)state;
    room_make_topic(room_name(topic, "still"), 1);
    both.producer = room_producer(1000, 60000);
    both.member = room_join(room_name(group, "still"), "w", topic, NULL);
    both.member->is_storing = false;
    produce(&both, topic, 0, 50);
    room_wait(&both.member, 1, has_seen, &both, "fifty records");
    service("kill");
    wait_connected(both.producer, false);
    both.member->is_storing = true;
    assert_int_equal(hb_kafka_consumer_store(both.member->consumer, 0, 0, 50), HB_OK);
    (void)hb_kafka_consumer_poll(both.member->consumer, 100);
    stand_still(STILL_MS);
    service("start");
    wait_connected(both.producer, true);
    stand_still(BACK_MS);
    produce(&both, topic, 50, 1);
    room_wait(&both.member, 1, has_committed, &both, "it reads and commits again");
    print_message("    fenced %d times\n", both.member->fenced);
    assert_int_equal(both.member->fatal, 0);
    assert_int_equal(both.member->lost, 1);
    assert_int_equal(both.member->commits_back, 0);
    assert_int_equal(both.member->seen[both.member->seen_count - 1].number, 50);
    room_leave(&both.member);
    hb_kafka_producer_free(&both.producer, 1000);
}

static void an_idle_producer_finds_a_restarted_broker_and_a_member_leaves_in_time_without_one(void **state)
{
    char topic[128], group[128];
    struct both both = {.seen = 1};
    int64_t began;

    (void)state;
    room_make_topic(room_name(topic, "leave"), 1);
    both.producer = room_producer(1000, 60000);
    both.member = room_join(room_name(group, "leave"), "w", topic, NULL);
    produce(&both, topic, 0, 1);
    room_wait(&both.member, 1, has_seen, &both, "a record");
    service("kill");
    wait_connected(both.producer, false);
    assert_int_equal(hb_kafka_consumer_store(both.member->consumer, 0, 0, 1), HB_OK);
    began = room_now_ms();
    hb_kafka_consumer_free(&both.member->consumer, 2000);
    assert_in_range(room_now_ms() - began, 0, 4000);
    free(both.member);
    service("start");
    wait_connected(both.producer, true); /* nothing was produced meanwhile */
    hb_kafka_producer_free(&both.producer, 1000);
}

static void drop_message(void *user, struct hb_kafka_message *message)
{
    (void)user;
    struct hb_kafka_message mine = *message;
    hb_kafka_message_free(&mine);
}

static void drop_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic;
    (void)partition;
    (void)offset;
    *(bool *)user = true;
}

static void drop_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user;
    (void)err;
    (void)topic;
    (void)partition;
    (void)text;
}

static struct hb_kafka_reader *open_reader(const char *topic, bool *ret_has_ended)
{
    static const struct hb_kafka_reader_events events = {drop_message, drop_end, drop_error};
    const struct hb_kafka_start start = {0, 0, HB_KAFKA_BEGINNING};
    const struct hb_kafka_reader_options options = {
        .cluster = room_cluster(), .topics = &topic, .topics_count = 1, .events = &events, .user = ret_has_ended};
    struct hb_kafka_reader *reader = NULL;

    assert_int_equal(hb_kafka_reader_new(&options, &reader, NULL), HB_OK);
    assert_int_equal(hb_kafka_reader_assign(reader, &start, 1), HB_OK);
    return reader;
}

/* As a role's loop does: waits for a descriptor, polls what is ready. */
static void turn_for(struct both *both, struct hb_kafka_reader *reader, int ms)
{
    struct pollfd fds[] = {{.fd = hb_kafka_consumer_fd(both->member->consumer), .events = POLLIN},
                           {.fd = hb_kafka_producer_fd(both->producer), .events = POLLIN},
                           {.fd = hb_kafka_reader_fd(reader), .events = POLLIN}};
    int64_t end = room_now_ms() + ms;

    while (room_now_ms() < end) {
        poll(fds, 3, (int)(end - room_now_ms()));
        hb_kafka_consumer_poll(both->member->consumer, 500);
        hb_kafka_producer_poll(both->producer, 500);
        hb_kafka_reader_poll(reader, 500, 0);
    }
}

static int64_t cpu_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static int64_t used_in(struct both *both, struct hb_kafka_reader *reader, int ms)
{
    int64_t before = cpu_ms();

    turn_for(both, reader, ms);
    return cpu_ms() - before;
}

/* The bound is three times what is promised: this may be a build with sanitizers on a busy machine. */
static void while_the_broker_is_away_nobody_spins(void **state)
{
    enum { AWAY_MS = 6000 };
    char topic[128], group[128];
    struct both both = {.seen = 50};
    bool has_ended = false;
    struct hb_kafka_reader *reader;
    int64_t used;

    (void)state;
    room_make_topic(room_name(topic, "away"), 1);
    both.producer = room_producer(1000, 60000);
    both.member = room_join(room_name(group, "away"), NULL, topic, NULL);
    reader = open_reader(topic, &has_ended);
    produce(&both, topic, 0, 50);
    room_wait(&both.member, 1, has_seen, &both, "fifty records");
    while (!has_ended)
        turn_for(&both, reader, 20);
    service("kill");
    wait_connected(both.producer, false);
    produce(&both, topic, 50, 50); /* something waits to be written and committed */
    /* The library spins for some seconds when a membership is lost; that this ends is what is held here. */
    int64_t deadline = room_now_ms() + 30000;
    while (used_in(&both, reader, 1000) > 100)
        assert_true(room_now_ms() < deadline);
    used = used_in(&both, reader, AWAY_MS);
    print_message("    away for %d ms: %d ms of CPU\n", AWAY_MS, (int)used);
    assert_in_range(used, 0, AWAY_MS * 15 / 100);
    service("start");
    both.seen = 100;
    room_wait(&both.member, 1, has_seen, &both, "the records written while it was away");
    hb_kafka_reader_free(&reader);
    room_leave(&both.member);
    hb_kafka_producer_free(&both.producer, 1000);
}

/* Also after a failure: the next program wants its broker. */
static int leave_it_running(void **state)
{
    (void)state;
    service("start");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(producer_and_consumer_go_on_by_themselves_after_a_broker_died, leave_it_running),
        cmocka_unit_test_teardown(a_member_joins_again_after_an_outage_longer_than_its_session, leave_it_running),
        cmocka_unit_test_teardown(a_member_that_stood_still_while_its_broker_was_away_joins_again, leave_it_running),
        cmocka_unit_test_teardown(an_idle_producer_finds_a_restarted_broker_and_a_member_leaves_in_time_without_one,
                                  leave_it_running),
        cmocka_unit_test_teardown(while_the_broker_is_away_nobody_spins, leave_it_running),
    };
    if (!getenv("HOOKBUS_TEST_KAFKA_DIR")) {
        printf("skipped: HOOKBUS_TEST_KAFKA_DIR names no broker's folder, so that it could be killed\n");
        return ROOM_SKIPPED;
    }
    return ROOM_RUN(tests);
}
