/* Bodies by offset against a real broker: HOOKBUS_TEST_KAFKA. */
#include "component/kafka/kafka_room.h"

#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "retry/bodies.h"

#include "hookbus/topics.h"

#include <limits.h>
#include <stdlib.h>

#define WEBHOOK "wh_bodies"
#define DATA_BYTES 600
#define WANTS_MAX 700

struct bench {
    struct hb_loop *loop;
    struct hb_bodies *bodies;
    char prefix[64];
    char topic[HB_TOPIC_NAME_MAX];
    int answers, good, gone, away;
};
struct want {
    struct bench *bench;
    int number; /* of the event */
    int answers;
    enum hb_err err;
};
static struct want wants[WANTS_MAX];

static struct hb_event event_of(int number, char id[32], char data[DATA_BYTES])
{
    size_t id_bytes = (size_t)snprintf(id, 32, "evt_%d", number);
    size_t data_bytes = (size_t)snprintf(data, DATA_BYTES, "{\"n\": %d, \"pad\": \"%0500d\"}", number, number);

    return (struct hb_event){.id = {id, id_bytes},
                             .store = HB_STR("s1"),
                             .type = HB_STR("order.created"),
                             .subject = HB_STR("1001"),
                             .data = {data, data_bytes},
                             .registry_stamp = HB_NO_STAMP};
}

static void count_ack(void *user, const struct hb_kafka_ack *ack)
{
    assert_int_equal(ack->err, HB_OK);
    ++*(int *)user;
}

/* Behind ours, of a foreign producer. */
#define FOREIGN_HEADERS_MAX 70

/* Events numbered first.. as a producer of ours writes them, with so many headers that nobody knows behind. */
static void write_events_with(const char *topic, int32_t partition, int first, int count, size_t foreign)
{
    struct hb_kafka_producer *producer = room_producer(count + 1, ROOM_WAIT_MS);
    int good = 0;

    for (int i = first; i < first + count; i++) {
        char id[32], data[DATA_BYTES], scratch[HB_EVENT_SCRATCH_MAX];
        struct hb_name_value headers[HB_EVENT_HEADERS_MAX + FOREIGN_HEADERS_MAX];
        struct hb_event event = event_of(i, id, data);
        size_t headers_count = hb_event_to_headers(&event, scratch, headers);
        for (size_t k = 0; k < foreign; k++)
            headers[headers_count++] = (struct hb_name_value){HB_STR("foreign"), HB_STR("x")};
        const struct hb_kafka_record record = {.topic = topic,
                                               .partition = partition,
                                               .key = HB_STR("s1/1001"),
                                               .value = event.data,
                                               .headers = headers,
                                               .headers_count = headers_count};
        assert_int_equal(hb_kafka_produce(producer, &record, count_ack, &good), HB_OK);
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    assert_int_equal(good, count);
    hb_kafka_producer_free(&producer, 0);
}

static void write_events(const char *topic, int32_t partition, int first, int count)
{
    write_events_with(topic, partition, first, count, 0);
}

static void open_bench(struct bench *bench, const char *what, const char *brokers, size_t cache_bytes)
{
    char name[128];

    memset(bench, 0, sizeof(*bench));
    (void)snprintf(bench->prefix, sizeof(bench->prefix), "%s.", room_name(name, what));
    (void)hb_topic_name(hb_str_c(bench->prefix), HB_TOPIC_EVENTS_ORDER, bench->topic);
    assert_int_equal(hb_loop_new(&bench->loop), HB_OK);
    struct hb_bodies_options options = {.loop = bench->loop,
                                        .cluster = room_cluster(),
                                        .topic_prefix = hb_str_c(bench->prefix),
                                        .cache_bytes_max = cache_bytes,
                                        .wanted_max = WANTS_MAX};
    if (brokers) {
        options.cluster.brokers = brokers;
        options.limit_ms = 300;
    } else {
        room_make_topic(bench->topic, 3);
    }
    assert_int_equal(hb_bodies_new(&options, &bench->bodies, NULL), HB_OK);
}

static void close_bench(struct bench *bench)
{
    struct hb_error error;

    hb_bodies_free(&bench->bodies);
    hb_loop_free(&bench->loop);
    (void)!hb_kafka_admin_delete(room_admin(), bench->topic, ROOM_WAIT_MS, &error);
}

static struct hb_body_want make_want(int number, int32_t partition, int64_t offset)
{
    struct hb_body_want want = {.at = {HB_TOPIC_EVENTS_ORDER, partition, offset, {0}}, .webhook = HB_STR(WEBHOOK)};
    unsigned char digest[HB_SHA256_BYTES];
    char id[32];

    hb_sha256_pair(want.webhook, hb_str_n(id, (size_t)snprintf(id, sizeof(id), "evt_%d", number)), digest);
    memcpy(want.delivery, digest, HB_DELIVERY_BYTES);
    return want;
}

static void on_body(void *user, enum hb_err err, struct hb_body *body)
{
    struct want *want = user;

    want->answers++;
    want->err = err;
    want->bench->answers++;
    want->bench->good += err == HB_OK;
    want->bench->gone += err == HB_ERR_NOT_FOUND;
    want->bench->away += err == HB_ERR_AWAY;
    assert_int_equal(err == HB_OK, body != NULL);
    if (body) {
        char id[32], data[DATA_BYTES], scratch[HB_ID_MAX];
        struct hb_event wanted = event_of(want->number, id, data), event;
        assert_true(hb_body_event(body, scratch, &event));
        assert_true(hb_str_eq(event.id, wanted.id));
        assert_true(hb_str_eq(event.data, wanted.data));
    }
}

static void want_body(struct bench *bench, int slot, int number, int32_t partition, int64_t offset)
{
    struct hb_body_want want = make_want(number, partition, offset);

    wants[slot] = (struct want){bench, number, 0, HB_OK};
    assert_int_equal(hb_bodies_want(bench->bodies, &want, on_body, &wants[slot]), HB_OK);
}

static void until_answered(struct bench *bench, int count)
{
    int64_t end_ms = room_now_ms() + ROOM_WAIT_MS;

    while (bench->answers < count && room_now_ms() < end_ms)
        hb_loop_run_once(bench->loop, 50);
    assert_int_equal(bench->answers, count);
}

static void what_is_wanted_of_three_partitions_comes_in_one_round_byte_for_byte(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "neighbours", NULL, HB_BODIES_CACHE_BYTES);
    for (int32_t partition = 0; partition < 3; partition++)
        write_events(bench.topic, partition, partition * 1000, 200);
    for (int i = 0; i < 600; i++) /* from the last to the first */
        want_body(&bench, i, (599 - i) % 3 * 1000 + (599 - i) / 3, (599 - i) % 3, (599 - i) / 3);
    assert_int_equal(bench.answers, 0); /* never before the call returned */
    until_answered(&bench, 600);
    assert_int_equal(bench.good, 600);
    assert_int_equal(hb_bodies_rounds(bench.bodies), 1);
    assert_int_equal(hb_bodies_waiting(bench.bodies), 0);
    for (int i = 0; i < 600; i++)
        assert_int_equal(wants[i].answers, 1);
    /* And now from memory. */
    struct hb_body_want want = make_want(1005, 1, 5);
    assert_non_null(hb_bodies_find(bench.bodies, &want));
    want_body(&bench, 0, 1006, 1, 6);
    until_answered(&bench, 601);
    assert_int_equal(hb_bodies_rounds(bench.bodies), 1);
    close_bench(&bench);
}

static void far_ones_are_read_in_rounds_of_their_own_and_ahead_of_time_without_a_callback(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "far", NULL, HB_BODIES_CACHE_BYTES);
    write_events(bench.topic, 0, 0, 5000);
    want_body(&bench, 0, 3, 0, 3);
    want_body(&bench, 1, 4800, 0, 4800);
    struct hb_body_want ahead = make_want(2500, 0, 2500);
    assert_int_equal(hb_bodies_want(bench.bodies, &ahead, NULL, NULL), HB_OK);
    until_answered(&bench, 2);
    assert_int_equal(bench.good, 2);
    assert_in_range(hb_bodies_rounds(bench.bodies), 2, 3);
    int64_t end_ms = room_now_ms() + ROOM_WAIT_MS;
    while (!hb_bodies_find(bench.bodies, &ahead) && room_now_ms() < end_ms)
        hb_loop_run_once(bench.loop, 50);
    assert_non_null(hb_bodies_find(bench.bodies, &ahead));
    close_bench(&bench);
}

static void what_stands_behind_many_in_a_row_is_kept_as_it_comes_along_and_behind_few_nothing(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "behind", NULL, HB_BODIES_CACHE_BYTES);
    for (int32_t partition = 0; partition < 2; partition++)
        write_events(bench.topic, partition, partition * 1000, 400);
    for (int i = 0; i < 20; i++)
        want_body(&bench, i, i, 0, i);
    for (int i = 0; i < 3; i++) /* far from each other */
        want_body(&bench, 20 + i, 1000 + 40 * i, 1, 40 * i);
    until_answered(&bench, 23);
    assert_int_equal(bench.good, 23);
    const struct hb_body_want soon = make_want(20 + 7 * 20, 0, 20 + 7 * 20), late = make_want(1085, 1, 85);
    assert_non_null(hb_bodies_find(bench.bodies, &soon));
    assert_null(hb_bodies_find(bench.bodies, &late));
    assert_int_equal(hb_bodies_rounds(bench.bodies), 1);
    close_bench(&bench);
}

static void deleted_records_are_gone_and_their_neighbours_are_not(void **state)
{
    struct bench bench;
    struct hb_error error;

    (void)state;
    open_bench(&bench, "deleted", NULL, HB_BODIES_CACHE_BYTES);
    write_events(bench.topic, 0, 0, 100);
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), bench.topic, 0, 50, ROOM_WAIT_MS, &error), HB_OK);
    for (int i = 0; i < 10; i++)
        want_body(&bench, i, 45 + i, 0, 45 + i);
    until_answered(&bench, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(wants[i].err, i < 5 ? HB_ERR_NOT_FOUND : HB_OK);
    /* All of them: the first kept record is the end. */
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), bench.topic, 0, 100, ROOM_WAIT_MS, &error), HB_OK);
    want_body(&bench, 10, 40, 0, 40);
    until_answered(&bench, 11);
    assert_int_equal(wants[10].err, HB_ERR_NOT_FOUND);
    close_bench(&bench);
}

static void a_recreated_topic_never_gives_another_events_body(void **state)
{
    struct bench bench;
    struct hb_error error;

    (void)state;
    open_bench(&bench, "recreated", NULL, HB_BODIES_CACHE_BYTES);
    write_events(bench.topic, 0, 0, 50);
    assert_int_equal(hb_kafka_admin_delete(room_admin(), bench.topic, ROOM_WAIT_MS, &error), HB_OK);
    int created = 0;
    const struct hb_kafka_topic_spec spec = {bench.topic, 3, 1, NULL, 0};
    for (int64_t end_ms = room_now_ms() + ROOM_WAIT_MS; !created && room_now_ms() < end_ms;)
        (void)!hb_kafka_admin_create(room_admin(), &spec, 1, ROOM_WAIT_MS, &created, &error);
    write_events(bench.topic, 0, 7000, 20);
    want_body(&bench, 0, 5, 0, 5);    /* another event is there now */
    want_body(&bench, 1, 40, 0, 40);  /* behind the end */
    want_body(&bench, 2, 7006, 0, 6); /* of the new one */
    until_answered(&bench, 3);
    assert_int_equal(wants[0].err, HB_ERR_NOT_FOUND);
    assert_int_equal(wants[1].err, HB_ERR_NOT_FOUND);
    assert_int_equal(wants[2].err, HB_OK);
    close_bench(&bench);
}

static void what_kafka_does_not_give_in_time_is_away_and_not_gone(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "away", "127.0.0.1:1", HB_BODIES_CACHE_BYTES);
    want_body(&bench, 0, 5, 0, 5);
    want_body(&bench, 1, 6, 0, 6);
    hb_bodies_forget(bench.bodies, &wants[1]);
    until_answered(&bench, 1);
    assert_int_equal(bench.away, 1);
    assert_int_equal(wants[1].answers, 0);
    close_bench(&bench);
}

static void headers_beyond_those_an_event_is_read_from_do_not_matter(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "headers", NULL, HB_BODIES_CACHE_BYTES);
    write_events_with(bench.topic, 0, 0, 1, FOREIGN_HEADERS_MAX);
    want_body(&bench, 0, 0, 0, 0);
    until_answered(&bench, 1);
    assert_int_equal(wants[0].err, HB_OK);
    close_bench(&bench);
}

/* How often there is no memory for a body; the test's link puts this between. */
static int without_memory;
enum hb_err __real_hb_body_new(const struct hb_body_record *record, struct hb_body **ret_body);
enum hb_err __wrap_hb_body_new(const struct hb_body_record *record, struct hb_body **ret_body);
enum hb_err __wrap_hb_body_new(const struct hb_body_record *record, struct hb_body **ret_body)
{
    return without_memory > 0 && without_memory-- ? HB_ERR_MEMORY : __real_hb_body_new(record, ret_body);
}

static void without_memory_it_is_read_again_and_at_last_away_but_never_gone(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "memory", NULL, HB_BODIES_CACHE_BYTES);
    for (int32_t partition = 0; partition < 2; partition++)
        write_events(bench.topic, partition, partition * 1000, 1);
    without_memory = 2;
    want_body(&bench, 0, 0, 0, 0);
    until_answered(&bench, 1);
    assert_int_equal(without_memory, 0);
    assert_int_equal(wants[0].err, HB_OK);
    without_memory = INT_MAX;
    want_body(&bench, 1, 1000, 1, 0);
    until_answered(&bench, 2);
    without_memory = 0;
    assert_int_equal(wants[1].err, HB_ERR_AWAY);
    close_bench(&bench);
}

static void more_than_may_wait_is_refused_and_the_cache_keeps_its_bound(void **state)
{
    struct bench bench;
    struct hb_body_want want = make_want(1, 0, 1);

    (void)state;
    open_bench(&bench, "bounds", "127.0.0.1:1", 20000);
    for (int i = 0; i < WANTS_MAX; i++)
        want_body(&bench, i, i, 0, i);
    assert_int_equal(hb_bodies_want(bench.bodies, &want, on_body, &wants[0]), HB_ERR_FULL);
    for (int i = 0; i < 100; i++) { /* kept on parking: the last ones stay */
        char id[32], data[DATA_BYTES], scratch[HB_EVENT_SCRATCH_MAX];
        struct hb_name_value pairs[HB_EVENT_HEADERS_MAX];
        struct hb_event event = event_of(i, id, data);
        size_t count = hb_event_to_headers(&event, scratch, pairs);
        const struct hb_body_record record = {.at = {HB_TOPIC_EVENTS_ORDER, 2, i, {0}},
                                              .key = HB_STR("s1/1001"),
                                              .value = event.data,
                                              .headers = pairs,
                                              .headers_count = count};
        hb_bodies_keep(bench.bodies, &record);
    }
    struct hb_body_want first = make_want(0, 2, 0), last = make_want(99, 2, 99), other = make_want(98, 2, 99);
    assert_null(hb_bodies_find(bench.bodies, &first));
    assert_non_null(hb_bodies_find(bench.bodies, &last));
    assert_null(hb_bodies_find(bench.bodies, &other)); /* the record there is another event's */
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wanted_of_three_partitions_comes_in_one_round_byte_for_byte),
        cmocka_unit_test(far_ones_are_read_in_rounds_of_their_own_and_ahead_of_time_without_a_callback),
        cmocka_unit_test(what_stands_behind_many_in_a_row_is_kept_as_it_comes_along_and_behind_few_nothing),
        cmocka_unit_test(deleted_records_are_gone_and_their_neighbours_are_not),
        cmocka_unit_test(a_recreated_topic_never_gives_another_events_body),
        cmocka_unit_test(what_kafka_does_not_give_in_time_is_away_and_not_gone),
        cmocka_unit_test(headers_beyond_those_an_event_is_read_from_do_not_matter),
        cmocka_unit_test(without_memory_it_is_read_again_and_at_last_away_but_never_gone),
        cmocka_unit_test(more_than_may_wait_is_refused_and_the_cache_keeps_its_bound),
    };
    return ROOM_RUN(tests);
}
