/* libhookbus as a C backend uses it, with real Kafka. */
#include "component/producer/fixture.h"

#include "hookbus/producer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct fixture *f; /* for the prefix and the reader only */

static int start(void **state)
{
    (void)state;
    f = fixture_new(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_signal("kafka", SIGCONT);
    fixture_free(f);
    return 0;
}

static struct hookbus_producer *make(const char *brokers, size_t queue_events_max)
{
    struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
    struct hookbus_producer *producer = NULL;
    char why[HOOKBUS_TEXT_MAX];
    options.brokers = brokers ? brokers : getenv("HOOKBUS_TEST_KAFKA");
    options.topic_prefix = f->prefix;
    options.queue_events_max = queue_events_max;
    options.ack_timeout_ms = brokers ? 1000 : 0;
    if (hookbus_producer_new(&options, &producer, why) != HOOKBUS_OK) {
        fail_msg("%s", why);
    }
    return producer;
}

static struct hookbus_event event_of(const char *data)
{
    struct hookbus_event event = HOOKBUS_EVENT_INIT;
    event.store = "shop";
    event.type = "inventory.updated";
    event.subject = "sku-1";
    event.data = data;
    event.data_bytes = strlen(data);
    return event;
}

struct told {
    pthread_mutex_t lock;
    int count, good;
    enum hookbus_status last;
    char id[HOOKBUS_ID_BYTES];
    pthread_t thread;
    struct hookbus_producer *again; /* published to from inside the callback, once */
    enum hookbus_status flush_inside, close_inside;
};
#define TOLD                                                                                                           \
    {                                                                                                                  \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                              \
    }

static void tell(void *user, const struct hookbus_ack *ack)
{
    struct told *told = user;
    pthread_mutex_lock(&told->lock);
    told->count++;
    told->good += ack->status == HOOKBUS_OK;
    told->last = ack->status;
    told->thread = pthread_self();
    snprintf(told->id, sizeof(told->id), "%s", ack->event_id);
    assert_non_null(ack->text);
    assert_true(ack->status != HOOKBUS_OK || (ack->partition >= 0 && ack->offset >= 0));
    struct hookbus_producer *again = told->again;
    told->again = NULL;
    pthread_mutex_unlock(&told->lock);
    if (again) {
        struct hookbus_event event = event_of("\"from the callback\"");
        told->flush_inside = hookbus_flush(again, 0);
        told->close_inside = hookbus_producer_close(&again, 0);
        (void)hookbus_publish(again, &event, tell, told, NULL, NULL);
    }
}

static void an_event_is_acknowledged_on_the_library_s_thread_and_stands_in_kafka(void **state)
{
    (void)state;
    struct told told = TOLD;
    struct record record;
    char id[HOOKBUS_ID_BYTES];
    struct hookbus_producer *producer = make(NULL, 0);
    struct hookbus_event event = event_of("{ \"n\" : 9007199254740993, \"price\":19.90 }");
    event.changed = "stock.quantity";
    event.sequence = "5";
    assert_int_equal(hookbus_publish(producer, &event, tell, &told, id, NULL), HOOKBUS_OK);
    assert_int_equal(strncmp(id, "evt_", 4), 0);
    assert_int_equal(hookbus_flush(producer, FIXTURE_WAIT_MS), HOOKBUS_OK);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.last, HOOKBUS_OK);
    assert_string_equal(told.id, id);
    assert_false(pthread_equal(told.thread, pthread_self()));
    assert_int_equal(hookbus_producer_close(&producer, 1000), HOOKBUS_OK);
    assert_null(producer);
    fixture_read(f, &record, 1);
    assert_string_equal(record.value, "{ \"n\" : 9007199254740993, \"price\":19.90 }");
    assert_string_equal(record.key, "shop/sku-1");
    assert_non_null(strstr(record.headers, "ce_changed=stock.quantity\n"));
    assert_null(strstr(record.headers, "hb_registry"));
    record_free(&record);
}

static void what_breaks_a_rule_is_refused_at_once_with_a_sentence(void **state)
{
    (void)state;
    const struct {
        size_t offset;
        const char *value;
        const char *field;
    } rows[] = {
        {offsetof(struct hookbus_event, store), NULL, "store"},
        {offsetof(struct hookbus_event, store), "a shop", "store"},
        {offsetof(struct hookbus_event, type), NULL, "type"},
        {offsetof(struct hookbus_event, type), "Order", "type"},
        {offsetof(struct hookbus_event, type), "hookbus.test", "type"},
        {offsetof(struct hookbus_event, subject), NULL, "subject"},
        {offsetof(struct hookbus_event, subject), "a\nb", "subject"},
        {offsetof(struct hookbus_event, id), "", "id"},
        {offsetof(struct hookbus_event, id), "a b", "id"},
        {offsetof(struct hookbus_event, time), "noon", "time"},
        {offsetof(struct hookbus_event, data), "{", "data"},
        {offsetof(struct hookbus_event, data), NULL, "event"},
    };
    struct hookbus_producer *producer = make(NULL, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char why[HOOKBUS_TEXT_MAX];
        struct told told = TOLD;
        struct hookbus_event event = event_of("{}");
        event.data_bytes = rows[i].offset == offsetof(struct hookbus_event, data) ? 1 : 2;
        memcpy((char *)&event + rows[i].offset, &rows[i].value, sizeof(rows[i].value));
        enum hookbus_status status = hookbus_publish(producer, &event, tell, &told, NULL, why);
        if (status != HOOKBUS_INVALID || strncmp(why, rows[i].field, strlen(rows[i].field)) != 0) {
            fail_msg("row %zu: %d %s", i, (int)status, why);
        }
        assert_int_equal(told.count, 0);
    }
    struct hookbus_event event = event_of("");
    char *large = calloc(1, 262145);
    event.data = large;
    event.data_bytes = 262145;
    event.content_type = "application/octet-stream";
    assert_int_equal(hookbus_publish(producer, &event, NULL, NULL, NULL, NULL), HOOKBUS_TOO_LARGE);
    event.size = 8;
    assert_int_equal(hookbus_publish(producer, &event, NULL, NULL, NULL, NULL), HOOKBUS_INVALID);
    free(large);
    assert_int_equal(hookbus_producer_close(&producer, 0), HOOKBUS_OK);
}

static void a_full_queue_says_so_and_takes_again_when_there_is_room(void **state)
{
    (void)state;
    struct told told = TOLD;
    struct record records[6];
    struct hookbus_producer *producer = make(NULL, 5);
    struct hookbus_event event = event_of("1");
    if (!fixture_signal("kafka", SIGSTOP)) {
        hookbus_producer_close(&producer, 0);
        skip();
    }
    enum hookbus_status status = HOOKBUS_OK;
    int taken = 0;
    while ((status = hookbus_publish(producer, &event, tell, &told, NULL, NULL)) == HOOKBUS_OK && taken < 100) {
        taken++;
    }
    enum hookbus_status flushed = hookbus_flush(producer, 50);
    size_t waiting = hookbus_producer_waiting(producer);
    fixture_signal("kafka", SIGCONT);
    assert_int_equal(status, HOOKBUS_FULL);
    assert_int_equal(taken, 5);
    assert_int_equal(waiting, 5);
    assert_int_equal(flushed, HOOKBUS_TIMEOUT);
    assert_int_equal(hookbus_flush(producer, FIXTURE_WAIT_MS), HOOKBUS_OK);
    assert_int_equal(hookbus_publish(producer, &event, tell, &told, NULL, NULL), HOOKBUS_OK);
    assert_int_equal(hookbus_producer_close(&producer, FIXTURE_WAIT_MS), HOOKBUS_OK);
    assert_int_equal(told.good, 6);
    fixture_read(f, records, 6);
    for (size_t i = 0; i < 6; i++) {
        record_free(&records[i]);
    }
}

static void without_kafka_every_event_is_told_so_in_time(void **state)
{
    (void)state;
    struct told told = TOLD;
    struct hookbus_producer *producer = make("127.0.0.1:1", 0);
    struct hookbus_event event = event_of("1");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hookbus_publish(producer, &event, tell, &told, NULL, NULL), HOOKBUS_OK);
    }
    assert_int_equal(hookbus_flush(producer, 6000), HOOKBUS_OK);
    assert_int_equal(told.count, 10);
    assert_int_equal(told.last, HOOKBUS_TIMEOUT);
    assert_int_equal(hookbus_publish(producer, &event, tell, &told, NULL, NULL), HOOKBUS_OK);
    int64_t began = fixture_now_ms();
    assert_int_equal(hookbus_producer_close(&producer, 100), HOOKBUS_TIMEOUT);
    assert_true(fixture_now_ms() - began < 6000);
    assert_int_equal(told.count, 11);
}

static void a_callback_may_publish_but_neither_flush_nor_close(void **state)
{
    (void)state;
    struct told told = TOLD;
    struct record records[2];
    struct hookbus_producer *producer = make(NULL, 0);
    struct hookbus_event event = event_of("1");
    told.again = producer;
    assert_int_equal(hookbus_publish(producer, &event, tell, &told, NULL, NULL), HOOKBUS_OK);
    assert_int_equal(hookbus_flush(producer, -1), HOOKBUS_OK);
    assert_int_equal(told.good, 2);
    assert_int_equal(told.flush_inside, HOOKBUS_MISUSE);
    assert_int_equal(told.close_inside, HOOKBUS_MISUSE);
    assert_int_equal(hookbus_producer_close(&producer, 1000), HOOKBUS_OK);
    fixture_read(f, records, 2);
    record_free(&records[0]);
    record_free(&records[1]);
}

#define THREADS 4
#define EVENTS_A_THREAD 5000
struct publisher {
    struct hookbus_producer *producer;
    struct told *told;
    int number;
    pthread_t thread;
};

static void *publish_many(void *user)
{
    struct publisher *publisher = user;
    char subject[16], data[32];
    snprintf(subject, sizeof(subject), "t%d", publisher->number);
    for (int i = 0; i < EVENTS_A_THREAD; i++) {
        struct hookbus_event event = event_of("");
        event.subject = subject;
        event.data = data;
        event.data_bytes = (size_t)snprintf(data, sizeof(data), "%d", i);
        while (hookbus_publish(publisher->producer, &event, tell, publisher->told, NULL, NULL) == HOOKBUS_FULL) {
            usleep(100);
        }
    }
    return NULL;
}

static void many_threads_publish_at_once_and_each_subject_keeps_its_order(void **state)
{
    (void)state;
    struct told told = TOLD;
    struct publisher publishers[THREADS];
    struct record *records = calloc(THREADS * EVENTS_A_THREAD, sizeof(*records));
    struct hookbus_producer *producer = make(NULL, 1000);
    for (int i = 0; i < THREADS; i++) {
        publishers[i] = (struct publisher){.producer = producer, .told = &told, .number = i};
        assert_int_equal(pthread_create(&publishers[i].thread, NULL, publish_many, &publishers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(publishers[i].thread, NULL);
    }
    assert_int_equal(hookbus_producer_close(&producer, FIXTURE_WAIT_MS), HOOKBUS_OK);
    assert_int_equal(told.good, THREADS * EVENTS_A_THREAD);
    fixture_read(f, records, THREADS * EVENTS_A_THREAD);
    int next[THREADS] = {0};
    for (size_t i = 0; i < THREADS * EVENTS_A_THREAD; i++) {
        int number = records[i].key[strlen("shop/t")] - '0';
        assert_int_equal(atoi(records[i].value), next[number]++);
        record_free(&records[i]);
    }
    free(records);
}

static void options_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    char why[HOOKBUS_TEXT_MAX];
    struct hookbus_producer *producer = NULL;
    struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
    assert_int_equal(hookbus_producer_new(&options, &producer, why), HOOKBUS_INVALID);
    assert_non_null(strstr(why, "brokers"));
    options.brokers = "127.0.0.1:9092";
    options.ack_timeout_ms = 5;
    assert_int_equal(hookbus_producer_new(&options, &producer, why), HOOKBUS_INVALID);
    assert_non_null(strstr(why, "ack_timeout_ms"));
    options.ack_timeout_ms = 0;
    options.security_protocol = "carrier-pigeon";
    assert_int_equal(hookbus_producer_new(&options, &producer, why), HOOKBUS_INVALID);
    assert_true(strlen(why) > 0);
    assert_null(producer);
    assert_int_equal(hookbus_producer_close(&producer, 0), HOOKBUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_acknowledged_on_the_library_s_thread_and_stands_in_kafka),
        cmocka_unit_test(what_breaks_a_rule_is_refused_at_once_with_a_sentence),
        cmocka_unit_test(a_full_queue_says_so_and_takes_again_when_there_is_room),
        cmocka_unit_test(without_kafka_every_event_is_told_so_in_time),
        cmocka_unit_test(a_callback_may_publish_but_neither_flush_nor_close),
        cmocka_unit_test(many_threads_publish_at_once_and_each_subject_keeps_its_order),
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
    };
    return fixture_is_missing() ? 0 : cmocka_run_group_tests(tests, start, stop);
}
