#include "platform/kafka/kafka_internal.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum hb_err hb_kafka_wake_open(struct hb_kafka_wake *wake, rd_kafka_queue_t *take_queue)
{
    const uint64_t one = 1; /* an eventfd takes nothing but eight bytes */

    wake->queue = take_queue;
    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake->fd < 0)
        return HB_ERR_IO;
    if (wake->queue)
        rd_kafka_queue_io_event_enable(wake->queue, wake->fd, &one, sizeof one);
    return HB_OK;
}

void hb_kafka_wake_close(struct hb_kafka_wake *wake)
{
    if (wake->queue) {
        rd_kafka_queue_io_event_enable(wake->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(wake->queue);
    }
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
