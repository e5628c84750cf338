/* libhookbus's own thread: the only one that speaks to Kafka and calls back. */
#include "producer/client_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* The thread looks again at least this often, also when nobody wakes it. */
#define IDLE_MS 1000
/* Kafka's local queue is full: its acknowledgements wake us, this is only the net below. */
#define FULL_MS 20
/* Acknowledgements served before new events are looked for. */
#define ACKS_A_TURN 500

static int64_t ms_until(struct timespec at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = ((int64_t)at.tv_sec - now.tv_sec) * 1000 + (at.tv_nsec - now.tv_nsec) / 1000000;
    return ms > 0 ? ms : 0;
}

static enum hookbus_status status_of(enum hb_err err)
{
    switch ((int)err) {
    case HB_OK:
        return HOOKBUS_OK;
    case HB_ERR_TIMEOUT:
        return HOOKBUS_TIMEOUT;
    case HB_ERR_TOO_LARGE:
        return HOOKBUS_TOO_LARGE;
    case HB_ERR_DENIED:
        return HOOKBUS_DENIED;
    case HB_ERR_FATAL:
        return HOOKBUS_FATAL;
    case HB_ERR_MEMORY:
        return HOOKBUS_MEMORY;
    default:
        return HOOKBUS_KAFKA;
    }
}

/* The end of an entry: the user's callback, without the lock; then it counts no more. */
static void finish(struct hb_client_entry *entry, enum hb_err err, int32_t partition, int64_t offset, const char *text)
{
    struct hookbus_producer *producer = entry->producer;
    struct hookbus_ack ack = {status_of(err), entry->id, "", -1, -1};
    if (err == HB_OK) {
        ack.partition = partition;
        ack.offset = offset;
    } else {
        ack.text = text && *text ? text : hookbus_status_text(ack.status);
    }
    if (entry->ack) {
        entry->ack(entry->user, &ack);
    }
    pthread_mutex_lock(&producer->lock);
    producer->waiting_events--;
    producer->waiting_bytes -= entry->bytes;
    producer->is_fatal = producer->is_fatal || err == HB_ERR_FATAL;
    if (producer->waiting_events == 0) {
        pthread_cond_broadcast(&producer->emptied);
    }
    pthread_mutex_unlock(&producer->lock);
    free(entry);
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    finish(user, ack->err, ack->partition, ack->offset, ack->text);
}

/* Gives to Kafka what was taken over, in order, until its queue is full. */
static void produce_taken(struct hookbus_producer *producer)
{
    while (producer->produce) {
        struct hb_client_entry *entry = producer->produce;
        struct hb_client_entry *next = entry->next;
        enum hb_err err = hb_client_entry_produce(entry, producer->kafka, producer->topic_prefix, acknowledged);
        if (err == HB_ERR_FULL) {
            return;
        }
        producer->produce = next;
        if (err) {
            finish(entry, err, -1, -1, NULL);
        }
    }
}

/* Takes over the list of the publishing threads if the own one is used up. Says whether the thread may sleep. */
static bool take_over(struct hookbus_producer *producer, bool *ret_is_closing)
{
    pthread_mutex_lock(&producer->lock);
    if (!producer->produce && producer->first) {
        producer->produce = producer->first;
        producer->first = NULL;
        producer->last = &producer->first;
    }
    *ret_is_closing = producer->is_closing && (producer->waiting_events == 0 || ms_until(producer->close_at) == 0);
    producer->is_sleeping = !producer->produce && !*ret_is_closing;
    bool may_sleep = producer->is_sleeping;
    pthread_mutex_unlock(&producer->lock);
    return may_sleep;
}

static void wait_for_work(struct hookbus_producer *producer, bool may_sleep)
{
    int timeout_ms = IDLE_MS;
    struct pollfd fds[2] = {{hb_kafka_producer_fd(producer->kafka), POLLIN, 0}, {producer->wake_fd, POLLIN, 0}};
    pthread_mutex_lock(&producer->lock);
    if (producer->is_closing) {
        int64_t left_ms = ms_until(producer->close_at);
        timeout_ms = left_ms < IDLE_MS ? (int)left_ms + 1 : IDLE_MS;
    }
    pthread_mutex_unlock(&producer->lock);
    (void)poll(fds, 2, may_sleep ? timeout_ms : FULL_MS);
    uint64_t count;
    if ((fds[1].revents & POLLIN) && read(producer->wake_fd, &count, sizeof(count)) < 0) {
        /* Another turn read it: nothing to do. */
        errno = 0;
    }
}

/* The time to close is over or nothing waits: what is left is told so. */
static void end(struct hookbus_producer *producer)
{
    pthread_mutex_lock(&producer->lock);
    producer->cut_off = producer->waiting_events;
    pthread_mutex_unlock(&producer->lock);
    hb_kafka_producer_free(&producer->kafka, 0);
    while (producer->produce) {
        struct hb_client_entry *entry = producer->produce;
        producer->produce = entry->next;
        finish(entry, HB_ERR_TIMEOUT, -1, -1, "the producer was closed before Kafka took the event");
    }
}

void *hb_client_thread_run(void *user)
{
    struct hookbus_producer *producer = user;
    for (;;) {
        bool is_closing;
        bool may_sleep = take_over(producer, &is_closing);
        if (is_closing) {
            break;
        }
        produce_taken(producer);
        int served = hb_kafka_producer_poll(producer->kafka, ACKS_A_TURN);
        if (served == 0 && (may_sleep || producer->produce)) {
            wait_for_work(producer, may_sleep);
        }
    }
    /* What came in before the closing but was never taken over. */
    struct hb_client_entry **tail = &producer->produce;
    while (*tail) {
        tail = &(*tail)->next;
    }
    *tail = producer->first;
    end(producer);
    return NULL;
}
