/* Publishes orders to hookbus: what a shop's backend does, small enough to copy.
 *
 *   cc publish_orders.c $(pkg-config --cflags --libs hookbus) -o publish_orders
 *   ./publish_orders BROKERS STORE [COUNT [TOPIC_PREFIX]]
 *
 * It shows the three things a backend must do: keep its own record of what is not acknowledged yet, slow down when the
 * library says FULL, and publish an event again, with the same id, when it is not known what became of it. */
#include <hookbus/producer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One order, as the shop knows it. In a real backend this is a row in its database. */
struct order {
    int number;
    char event_id[HOOKBUS_ID_BYTES];
    enum { ORDER_WAITING, ORDER_PUBLISHED, ORDER_FAILED } state;
};

/* Runs on the library's thread: note what became of the order, and return. Each order has its own slot and is read by
 * the main thread only after hookbus_flush, so this example needs no lock. */
static void published(void *user, const struct hookbus_ack *ack)
{
    struct order *order = user;
    if (ack->status == HOOKBUS_OK) {
        order->state = ORDER_PUBLISHED;
    } else {
        order->state = ORDER_FAILED;
        fprintf(stderr, "order %d: %s\n", order->number, ack->text);
    }
}

/* Waits a little: other threads of a backend would go on working. */
static void pause_ms(long ms)
{
    struct timespec wait = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

static int publish_order(struct hookbus_producer *producer, const char *store, struct order *order)
{
    char subject[32], data[256], why[HOOKBUS_TEXT_MAX];
    struct hookbus_event event = HOOKBUS_EVENT_INIT;
    enum hookbus_status status;

    snprintf(subject, sizeof(subject), "%d", order->number);
    /* Money is a decimal string with a currency: hookbus carries these bytes unchanged to every subscriber. */
    int bytes = snprintf(data, sizeof(data),
                         "{\"id\":\"%d\",\"total\":\"19.90\",\"currency\":\"EUR\",\"status\":\"paid\"}", order->number);

    event.store = store;
    event.type = "order.created";
    event.subject = subject;
    /* An id of our own: if the process dies before the callback, the same order published again is recognised. */
    event.id = order->event_id;
    event.data = data;
    event.data_bytes = (size_t)bytes;

    while ((status = hookbus_publish(producer, &event, published, order, NULL, why)) == HOOKBUS_FULL) {
        pause_ms(5);
    }
    if (status != HOOKBUS_OK) {
        fprintf(stderr, "order %d was not taken: %s\n", order->number, why);
        order->state = ORDER_FAILED;
    }
    return status == HOOKBUS_OK;
}

static size_t count_published(const struct order *orders, size_t count)
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        done += orders[i].state == ORDER_PUBLISHED;
    }
    return done;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s BROKERS STORE [COUNT [TOPIC_PREFIX]]\n", argv[0]);
        return 64;
    }
    size_t count = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 10;
    char why[HOOKBUS_TEXT_MAX];
    struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
    struct hookbus_producer *producer = NULL;
    struct order *orders = calloc(count ? count : 1, sizeof(*orders));

    options.brokers = argv[1];
    options.topic_prefix = argc > 4 ? argv[4] : NULL;
    options.client_id = "publish_orders";
    if (!orders || hookbus_producer_new(&options, &producer, why) != HOOKBUS_OK) {
        fprintf(stderr, "%s\n", orders ? why : "out of memory");
        free(orders);
        return 78;
    }

    for (size_t i = 0; i < count; i++) {
        orders[i].number = 1001 + (int)i;
        snprintf(orders[i].event_id, sizeof(orders[i].event_id), "order-%d-created", orders[i].number);
        publish_order(producer, argv[2], &orders[i]);
    }

    /* What failed by now, a backend tries again later, with the same ids. */
    if (hookbus_flush(producer, 30000) != HOOKBUS_OK) {
        fprintf(stderr, "%zu orders are still on their way\n", hookbus_producer_waiting(producer));
    }
    hookbus_producer_close(&producer, 5000);

    size_t done = count_published(orders, count);
    printf("published %zu of %zu orders to store %s\n", done, count, argv[2]);
    free(orders);
    return done == count ? 0 : 1;
}
