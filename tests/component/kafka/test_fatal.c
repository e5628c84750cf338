/* A producer that broke while the library's threads are stuck, looking up a name: the thread of our own goes on. */
#include "component/kafka/mock_cluster.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

#define LOOKUP_MS 3000
#define POLL_MS_MAX 500 /* far below a lookup, far above what a poll takes on a busy machine */
#define RECORDS 3

static rd_kafka_t *newest;  /* made last */
static atomic_bool is_slow; /* names are looked up slowly */
static atomic_int lookups;  /* under way, slow ones */

/* These two stand in front of the libraries' own. */
rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text, size_t text_bytes)
{
    union {
        void *object;
        rd_kafka_t *(*function)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t);
    } theirs = {.object = dlsym(RTLD_NEXT, "rd_kafka_new")};

    newest = theirs.function(type, conf, text, text_bytes);
    return newest;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    union {
        void *object;
        int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    } theirs = {.object = dlsym(RTLD_NEXT, "getaddrinfo")};

    if (atomic_load(&is_slow)) {
        atomic_fetch_add(&lookups, 1);
        poll(NULL, 0, LOOKUP_MS);
        atomic_fetch_sub(&lookups, 1);
    }
    return theirs.function(node, service, hints, ret);
}

struct told {
    int good, unknown, other;
};

static void on_ack(void *user, const struct hb_kafka_ack *ack)
{
    struct told *told = user;

    told->good += ack->err == HB_OK;
    told->unknown += ack->err == HB_ERR_TIMEOUT;
    told->other += ack->err != HB_OK && ack->err != HB_ERR_TIMEOUT;
}

static enum hb_err produce(struct hb_kafka_producer *producer, const char *topic, struct told *told)
{
    const struct hb_kafka_record record = {.topic = topic, .value = HB_STR("1")};

    return hb_kafka_produce(producer, &record, on_ack, told);
}

/* Polls until so many were told; the longest poll in ms. */
static int64_t poll_until(struct hb_kafka_producer *producer, const int *count, int wanted)
{
    int64_t deadline = room_now_ms() + ROOM_WAIT_MS, longest = 0;

    while (*count < wanted) {
        int64_t began = room_now_ms();
        assert_true(began < deadline);
        hb_kafka_producer_poll(producer, 100);
        longest = room_now_ms() - began > longest ? room_now_ms() - began : longest;
        poll(NULL, 0, 5);
    }
    return longest;
}

static void a_broken_producer_begins_anew_and_its_thread_waits_for_nobody(void **state)
{
    char topic[128];
    struct told told = {0};
    struct hb_kafka_producer *producer;
    int64_t longest, deadline = room_now_ms() + ROOM_WAIT_MS;
    enum hb_err err;

    (void)state;
    assert_int_equal(rd_kafka_mock_topic_create(cluster, room_name(topic, "fatal"), 1, 1), 0);
    producer = room_producer(1000, 60000);
    assert_int_equal(produce(producer, topic, &told), HB_OK);
    (void)poll_until(producer, &told.good, 1);
    atomic_store(&is_slow, true);
    assert_int_equal(rd_kafka_mock_broker_set_down(cluster, 1), 0);
    for (; atomic_load(&lookups) == 0; poll(NULL, 0, 5))
        assert_true(room_now_ms() < deadline);
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(produce(producer, topic, &told), HB_OK);
    assert_int_equal(rd_kafka_test_fatal_error(newest, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as told"), 0);
    assert_int_equal(produce(producer, topic, &told), HB_ERR_BROKER);
    longest = poll_until(producer, &told.unknown, RECORDS);
    atomic_store(&is_slow, false);
    assert_int_equal(rd_kafka_mock_broker_set_up(cluster, 1), 0);
    while ((err = produce(producer, topic, &told)) == HB_ERR_BROKER) {
        int64_t began = room_now_ms();
        hb_kafka_producer_poll(producer, 100);
        longest = room_now_ms() - began > longest ? room_now_ms() - began : longest;
        assert_true(room_now_ms() < deadline);
    }
    assert_int_equal(err, HB_OK);
    (void)poll_until(producer, &told.good, 2);
    print_message("    the longest poll took %d ms, a lookup %d ms\n", (int)longest, LOOKUP_MS);
    assert_in_range(longest, 0, POLL_MS_MAX);
    assert_int_equal(told.unknown, RECORDS);
    assert_int_equal(told.other, 0);
    hb_kafka_producer_free(&producer, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_producer_begins_anew_and_its_thread_waits_for_nobody),
    };

    return MOCK_RUN(tests);
}
