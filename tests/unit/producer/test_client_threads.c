/* libhookbus's threads, with Kafka played by this file, so that the thread sanitizer sees all there is (it cannot
 * follow the threads of Kafka's client library). */
#include "unit/producer/cm.h"

#include "hookbus/producer.h"
#include "platform/kafka/kafka.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ROOM 7 /* small, so that FULL is met all the time */

struct hb_kafka_producer {
    int fd;
    size_t count;
    hb_kafka_ack_fn *acks[ROOM];
    void *users[ROOM];
    int64_t offset;
};

enum hb_err hb_kafka_producer_new(const struct hb_kafka_producer_options *options,
                                  struct hb_kafka_producer **ret_producer, struct hb_error *reterr)
{
    (void)options;
    (void)reterr;
    *ret_producer = calloc(1, sizeof(**ret_producer));
    (*ret_producer)->fd = eventfd(1, EFD_NONBLOCK); /* always readable: the acknowledgements are there at once */
    return HB_OK;
}

int hb_kafka_producer_fd(const struct hb_kafka_producer *producer)
{
    return producer->fd;
}

enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record,
                             hb_kafka_ack_fn *ack, void *user)
{
    (void)record;
    if (producer->count == ROOM) {
        return HB_ERR_FULL;
    }
    producer->acks[producer->count] = ack;
    producer->users[producer->count++] = user;
    return HB_OK;
}

int hb_kafka_producer_poll(struct hb_kafka_producer *producer, int max)
{
    int count = (int)producer->count;
    (void)max;
    producer->count = 0;
    for (int i = 0; i < count; i++) {
        producer->acks[i](producer->users[i], &(struct hb_kafka_ack){HB_OK, 0, producer->offset++, "", {0}});
    }
    return count;
}

void hb_kafka_producer_free(struct hb_kafka_producer **producer, int timeout_ms)
{
    (void)timeout_ms;
    if (*producer) {
        (void)hb_kafka_producer_poll(*producer, ROOM);
        close((*producer)->fd);
        free(*producer);
        *producer = NULL;
    }
}

/* ---- ---- */

#define THREADS 4
#define EVENTS 3000

static void tell(void *user, const struct hookbus_ack *ack)
{
    size_t *acknowledged = user; /* one for each thread; read after flush or close only */
    *acknowledged += ack->status == HOOKBUS_OK ? 1 : 0;
}

struct publisher {
    struct hookbus_producer *producer;
    pthread_t thread;
    size_t acknowledged, taken;
};

static void *publish(void *user)
{
    struct publisher *publisher = user;
    struct hookbus_event event = HOOKBUS_EVENT_INIT;
    event.store = "shop";
    event.type = "order.created";
    event.subject = "1";
    event.data = "{}";
    event.data_bytes = 2;
    while (publisher->taken < EVENTS) {
        enum hookbus_status status =
            hookbus_publish(publisher->producer, &event, tell, &publisher->acknowledged, NULL, NULL);
        if (status == HOOKBUS_OK) {
            publisher->taken++;
        } else if (status == HOOKBUS_FULL) {
            sched_yield();
        } else {
            break;
        }
    }
    return NULL;
}

static void threads_that_publish_flush_and_ask_at_once_see_every_event_acknowledged(void **state)
{
    (void)state;
    struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
    struct hookbus_producer *producer = NULL;
    struct publisher publishers[THREADS] = {0};
    options.brokers = "none";
    options.queue_events_max = 50;
    assert_int_equal(hookbus_producer_new(&options, &producer, NULL), HOOKBUS_OK);
    for (int i = 0; i < THREADS; i++) {
        publishers[i].producer = producer;
        assert_int_equal(pthread_create(&publishers[i].thread, NULL, publish, &publishers[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        assert_true(hookbus_producer_waiting(producer) <= 50);
        (void)hookbus_flush(producer, 1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(publishers[i].thread, NULL);
    }
    assert_int_equal(hookbus_flush(producer, 10000), HOOKBUS_OK);
    assert_int_equal(hookbus_producer_waiting(producer), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(publishers[i].taken, EVENTS);
        assert_int_equal(publishers[i].acknowledged, EVENTS);
    }
    assert_int_equal(hookbus_producer_close(&producer, 1000), HOOKBUS_OK);
}

static void closing_right_after_publishing_calls_everything_back(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
        struct publisher publisher = {0};
        options.brokers = "none";
        assert_int_equal(hookbus_producer_new(&options, &publisher.producer, NULL), HOOKBUS_OK);
        publisher.taken = EVENTS - 20;
        publish(&publisher);
        (void)hookbus_producer_close(&publisher.producer, round % 2 ? 10000 : 0);
        if (round % 2) {
            assert_int_equal(publisher.acknowledged, 20);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_publish_flush_and_ask_at_once_see_every_event_acknowledged),
        cmocka_unit_test(closing_right_after_publishing_calls_everything_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
