#include "platform/kafka/kafka_internal.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum hb_err hb_kafka_wake_open(struct hb_kafka_wake *wake, rd_kafka_queue_t *take_queue)
{
    wake->queue = NULL;
    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake->fd >= 0) {
        hb_kafka_wake_watch(wake, take_queue);
        return HB_OK;
    }
    if (take_queue)
        rd_kafka_queue_destroy(take_queue);
    return HB_ERR_IO;
}

void hb_kafka_wake_watch(struct hb_kafka_wake *wake, rd_kafka_queue_t *take_queue)
{
    const uint64_t one = 1; /* an eventfd takes nothing but eight bytes */

    if (wake->queue) {
        rd_kafka_queue_io_event_enable(wake->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(wake->queue);
    }
    wake->queue = take_queue;
    if (take_queue)
        rd_kafka_queue_io_event_enable(take_queue, wake->fd, &one, sizeof one);
}

void hb_kafka_wake_close(struct hb_kafka_wake *wake)
{
    hb_kafka_wake_watch(wake, NULL);
    if (wake->fd >= 0)
        close(wake->fd);
    *wake = HB_KAFKA_WAKE_NULL;
}

void hb_kafka_wake_drain(const struct hb_kafka_wake *wake)
{
    uint64_t count;

    /* Nothing to read is as good as something. */
    if (read(wake->fd, &count, sizeof count) < 0)
        return;
}

void hb_kafka_wake_raise(const struct hb_kafka_wake *wake)
{
    const uint64_t one = 1;

    /* Fails only when the counter is full, and then it is readable already. */
    if (write(wake->fd, &one, sizeof one) < 0)
        return;
}
