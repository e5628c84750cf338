#include "component/kafka/kafka_room.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static struct hb_kafka_admin *admin;
static char prefix[32];

bool room_is_there(void)
{
    if (getenv("HOOKBUS_TEST_KAFKA"))
        return true;
    printf("skipped: HOOKBUS_TEST_KAFKA=host:port names no broker (tests/run component starts one)\n");
    return false;
}

struct hb_kafka_cluster room_cluster(void)
{
    return (struct hb_kafka_cluster){.brokers = getenv("HOOKBUS_TEST_KAFKA"), .client_id = "hookbus-test"};
}

int room_open(void **state)
{
    struct hb_kafka_cluster cluster = room_cluster();
    struct hb_error error = {0};
    uint32_t random;

    (void)state;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return -1;
    snprintf(prefix, sizeof prefix, "test%08x.", random);
    if (hb_kafka_admin_new(&cluster, &admin, &error)) {
        print_error("%s\n", error.text);
        return -1;
    }
    return 0;
}

int room_close(void **state)
{
    (void)state;
    hb_kafka_admin_free(&admin);
    return 0;
}

struct hb_kafka_admin *room_admin(void)
{
    return admin;
}

int64_t room_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *room_name(char *ret, const char *what)
{
    snprintf(ret, 128, "%s%s", prefix, what);
    return ret;
}

void room_make_topic(const char *topic, int partitions)
{
    const struct hb_kafka_setting setting = {"message.timestamp.type", "LogAppendTime"};
    const struct hb_kafka_topic_spec spec = {topic, partitions, 1, &setting, 1};
    struct hb_error error = {0};
    int created = 0;

    if (hb_kafka_admin_create(admin, &spec, 1, ROOM_WAIT_MS, &created, &error))
        fail_msg("cannot make topic %s: %s", topic, error.text);
    assert_int_equal(created, 1);
}

struct hb_kafka_producer *room_producer(int queue_records_max, int message_timeout_ms)
{
    const struct hb_kafka_producer_options options = {.cluster = room_cluster(),
                                                      .linger_ms = 1,
                                                      .queue_records_max = queue_records_max,
                                                      .queue_kib_max = 65536,
                                                      .message_timeout_ms = message_timeout_ms};
    struct hb_kafka_producer *producer = NULL;
    struct hb_error error = {0};

    if (hb_kafka_producer_new(&options, &producer, &error))
        fail_msg("%s", error.text);
    return producer;
}

static void count_good(void *user, const struct hb_kafka_ack *ack)
{
    if (ack->err)
        print_error("a record was not written: %s\n", ack->text);
    else
        (*(int *)user)++;
}

void room_write(const char *topic, int32_t partition, int first, int count)
{
    struct hb_kafka_producer *producer = room_producer(count + 1, ROOM_WAIT_MS);
    int good = 0;

    for (int i = first; i < first + count; i++) {
        char value[16];
        const struct hb_kafka_record record = {.topic = topic,
                                               .partition = partition,
                                               .key = HB_STR("k"),
                                               .value = {value, (size_t)snprintf(value, sizeof value, "%d", i)}};
        assert_int_equal(hb_kafka_produce(producer, &record, count_good, &good), HB_OK);
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    assert_int_equal(good, count);
    hb_kafka_producer_free(&producer, 0);
}

int room_number(struct hb_str value)
{
    uint64_t number;

    return hb_str_to_u64(value, &number) ? (int)number : -1;
}

/* ---- member ---- */

static void on_assigned(void *user, struct hb_kafka_partition *partitions, size_t count)
{
    struct room_member *member = user;

    assert_in_range(count, 0, ROOM_PARTITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(partitions[i].high, (uintmax_t)partitions[i].low, INT64_MAX);
        if (member->start_at >= 0)
            partitions[i].start = member->start_at;
        partitions[i].is_refused = member->is_refusing_zero && partitions[i].partition == 0;
        member->partitions[i] = partitions[i];
    }
    member->partitions_count = count;
    member->assigned++;
}

static void on_revoked(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost)
{
    struct room_member *member = user;

    (void)partitions;
    assert_int_equal(count, member->partitions_count);
    member->partitions_count = 0;
    member->revoked++;
    member->lost += is_lost;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct room_member *member = user;
    struct hb_kafka_message mine = *message;
    struct room_seen *seen = &member->seen[member->seen_count++];

    assert_in_range(member->seen_count, 1, ROOM_SEEN_MAX - 1);
    assert_true(mine.appended.ms > INT64_C(1500000000000));
    *seen = (struct room_seen){mine.topic, mine.partition, mine.offset, room_number(mine.value)};
    if (member->is_storing)
        assert_int_equal(hb_kafka_consumer_store(member->consumer, mine.topic, mine.partition, mine.offset + 1), HB_OK);
    hb_kafka_message_free(&mine);
}

static void on_committed(void *user, int topic, int32_t partition, int64_t offset, enum hb_err err)
{
    struct room_member *member = user;

    member->commits_failed += err != HB_OK;
    member->commits_back += !err && offset < member->committed[topic][partition];
    if (!err && offset > member->committed[topic][partition])
        member->committed[topic][partition] = offset;
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct room_member *member = user;

    print_message("    error event: %s, topic %d, partition %d: %s\n", hb_err_name(err), topic, partition, text);
    if (err == HB_ERR_FATAL) {
        member->fatal++;
        snprintf(member->fatal_text, sizeof member->fatal_text, "%s", text);
    }
    member->expelled += err == HB_ERR_TIMEOUT;
    member->fenced += err == HB_ERR_FENCED;
    if (err == HB_ERR_NOT_FOUND && partition >= 0) {
        member->stopped++;
        member->stopped_partition = partition;
    }
}

static const struct hb_kafka_consumer_events EVENTS = {.assigned = on_assigned,
                                                       .revoked = on_revoked,
                                                       .message = on_message,
                                                       .committed = on_committed,
                                                       .error = on_error};

struct room_member *room_join_timed(const char *group, const char *instance, const char *topic_a, const char *topic_b,
                                    struct room_times times)
{
    struct room_member *member = calloc(1, sizeof *member);
    struct hb_kafka_consumer_options options = {.cluster = room_cluster(),
                                                .group = group,
                                                .instance = instance,
                                                .queued_records_min = 20000,
                                                .queued_kib_max = 16384,
                                                .commit_interval_ms = 200,
                                                .session_timeout_ms = times.session_timeout_ms,
                                                .max_poll_interval_ms = times.max_poll_interval_ms,
                                                .events = &EVENTS};
    struct hb_error error = {0};

    assert_non_null(member);
    member->topics[0] = topic_a;
    member->topics[1] = topic_b;
    member->is_storing = true;
    member->start_at = -1;
    for (int t = 0; t < 2; t++)
        for (int p = 0; p < ROOM_PARTITIONS_MAX; p++)
            member->committed[t][p] = -1;
    options.topics = member->topics;
    options.topics_count = topic_b ? 2 : 1;
    options.user = member;
    if (hb_kafka_consumer_new(&options, &member->consumer, &error))
        fail_msg("%s", error.text);
    return member;
}

struct room_member *room_join(const char *group, const char *instance, const char *topic_a, const char *topic_b)
{
    return room_join_timed(group, instance, topic_a, topic_b, (struct room_times){300000, 6000});
}

void room_leave(struct room_member **member)
{
    hb_kafka_consumer_free(&(*member)->consumer, 10000);
    free(*member);
    *member = NULL;
}

#define POLL_MAX 500

void room_wait(struct room_member *const *members, size_t count, room_condition_fn *condition, void *user,
               const char *what)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS;
    struct pollfd fds[4];

    assert_in_range(count, 1, 4);
    while (!condition(user)) {
        if (room_now_ms() > deadline)
            fail_msg("after %d s still not: %s", ROOM_WAIT_MS / 1000, what);
        for (size_t i = 0; i < count; i++)
            fds[i] = (struct pollfd){.fd = hb_kafka_consumer_fd(members[i]->consumer), .events = POLLIN};
        /* Long, so that a descriptor that is not raised makes the test fail by its limit. */
        poll(fds, count, 5000);
        for (size_t i = 0; i < count; i++)
            hb_kafka_consumer_poll(members[i]->consumer, POLL_MAX);
    }
}
