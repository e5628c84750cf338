#include "component/kafka/kafka_room.h"
#include "history/query.h"
#include "hookbus/topics.h"
#include "platform/json/json.h"
#include "platform/kafka/kafka_event.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define EVENTS 60
#define BUSY_EVENTS_MAX 20000

static char prefix[128];

static struct hb_mono now(void) { return (struct hb_mono){room_now_ms() * 1000}; }

static void make_topics(const char *what)
{
    (void)room_name(prefix, what);
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        char name[HB_TOPIC_NAME_MAX];
        hb_topic_name(hb_str_c(prefix), (enum hb_topic)topic, name);
        if (topic < HB_EVENT_TOPIC_COUNT || topic == HB_TOPIC_ATTEMPTS)
            room_make_topic(name, 3);
    }
}

static void on_ack(void *user, const struct hb_kafka_ack *ack)
{
    assert_int_equal(ack->err, HB_OK);
    ++*(int *)user;
}

static void publish(struct hb_kafka_producer *producer, const char *store, const char *subject, const char *id, int *acks)
{
    const struct hb_event event = {.id = hb_str_c(id), .store = hb_str_c(store), .type = HB_STR("order.created"), .subject = hb_str_c(subject),
                                   .data = HB_STR("{\"n\":1}"), .registry_stamp = HB_NO_STAMP, .is_json = true};
    assert_int_equal(hb_kafka_produce_event(producer, hb_str_c(prefix), &event, on_ack, acks), HB_OK);
}

static void write_line(struct hb_kafka_producer *producer, const char *store, const char *id, int *acks)
{
    char topic[HB_TOPIC_NAME_MAX], line[256];
    hb_topic_name(hb_str_c(prefix), HB_TOPIC_ATTEMPTS, topic);
    int len = snprintf(line, sizeof line, "{\"v\":1,\"outcome\":\"delivered\",\"store\":\"%s\",\"event\":\"%s\",\"of\":\"%s-%s\"}\n", store, id, store, id);
    const struct hb_kafka_record record = {.topic = topic, .partition = HB_KAFKA_PARTITION_ANY, .key = HB_STR("worker-0"),
                                           .value = {line, (size_t)len}};
    assert_int_equal(hb_kafka_produce(producer, &record, on_ack, acks), HB_OK);
}

static struct hb_query_spec spec_of(const char *store)
{
    return (struct hb_query_spec){.cluster = room_cluster(), .topic_prefix = hb_str_c(prefix), .store = hb_str_c(store), .limit = 500, .now = now};
}

static struct hb_buf ask(const struct hb_query_spec *spec)
{
    struct hb_buf json = hb_buf_make(HB_QUERY_BYTES_MAX);
    struct hb_error error = {.text = ""};
    if (hb_query_run(spec, &json, &error))
        fail_msg("%s", error.text);
    assert_non_null(strstr(json.ptr, "\"complete\":true"));
    return json;
}

static int count(const struct hb_buf *json, const char *text)
{
    int found = 0;
    for (const char *at = json->ptr; (at = strstr(at, text)) != NULL; at++)
        found++;
    return found;
}

static void events_and_their_lines_come_back_for_their_store_alone(void **state)
{
    (void)state;
    make_topics("history.");
    struct hb_kafka_producer *producer = room_producer(1000, ROOM_WAIT_MS);
    int acks = 0;
    for (int i = 0; i < EVENTS; i++) {
        char id[16], subject[16];
        (void)snprintf(id, sizeof id, "e%d", i);
        (void)snprintf(subject, sizeof subject, "s%d", i % 7);
        publish(producer, i % 3 ? "shop" : "rival", subject, id, &acks);
        write_line(producer, i % 3 ? "shop" : "rival", id, &acks);
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    assert_int_equal(acks, 2 * EVENTS);
    hb_kafka_producer_free(&producer, 0);
    struct hb_query_spec spec = spec_of("shop");
    struct hb_buf json = ask(&spec);
    assert_int_equal(count(&json, "{\"event\":{\"id\":"), 40);
    assert_int_equal(count(&json, "\"outcome\":\"delivered\""), 40);
    assert_int_equal(count(&json, "rival"), 0);
    assert_int_equal(count(&json, "\"data\":"), 0);
    hb_buf_deinit(&json);
    spec.subject = HB_STR("s1"); /* 1, 8, …, 57 without those of the other store */
    json = ask(&spec);
    assert_int_equal(count(&json, "\"subject\":\"s1\""), 6);
    assert_int_equal(count(&json, "{\"event\":{\"id\":"), 6);
    hb_buf_deinit(&json);
    spec = spec_of("shop");
    spec.event = HB_STR("e7");
    json = ask(&spec);
    assert_int_equal(count(&json, "\"of\":\"shop-e7\""), 1);
    hb_buf_deinit(&json);
    spec.since.ms = INT64_C(4102444800000); /* the year 2100 */
    json = ask(&spec);
    assert_int_equal(count(&json, "{\"event\":"), 0);
    hb_buf_deinit(&json);
}

struct busy {
    struct hb_kafka_producer *producer;
    atomic_bool is_over;
    int acks, made;
};

/* Writes one partition on and on, so that its end is met again and again. */
static void *write_busily(void *user)
{
    struct busy *busy = user;
    while (!atomic_load(&busy->is_over) && busy->made < BUSY_EVENTS_MAX) {
        publish(busy->producer, "rival", "busy", "busy", &busy->acks);
        busy->made++;
        (void)hb_kafka_producer_flush(busy->producer, ROOM_WAIT_MS);
    }
    return NULL;
}

static void a_topic_that_is_written_meanwhile_hides_nothing(void **state)
{
    (void)state;
    make_topics("busy.");
    struct hb_kafka_producer *producer = room_producer(1000, ROOM_WAIT_MS);
    int acks = 0;
    for (int i = 0; i < EVENTS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "e%d", i);
        publish(producer, "shop", id, id, &acks);
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    hb_kafka_producer_free(&producer, 0);
    struct busy busy = {.producer = room_producer(1000, ROOM_WAIT_MS)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_busily, &busy), 0);
    const struct hb_query_spec spec = spec_of("shop");
    for (int i = 0; i < 5; i++) {
        struct hb_buf json = ask(&spec);
        assert_int_equal(count(&json, "{\"event\":{\"id\":"), EVENTS);
        hb_buf_deinit(&json);
    }
    atomic_store(&busy.is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(busy.made > 0);
    hb_kafka_producer_free(&busy.producer, ROOM_WAIT_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(events_and_their_lines_come_back_for_their_store_alone),
                                       cmocka_unit_test(a_topic_that_is_written_meanwhile_hides_nothing)};
    return ROOM_RUN(tests);
}
