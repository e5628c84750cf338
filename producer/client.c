/* libhookbus: hookbus/producer.h is the contract.
 *
 * Publishing threads check and copy an event and put it at the end of a list under a lock; the producer's own thread
 * alone speaks to Kafka: it takes the list, produces, polls, calls back. So the Kafka handle stays with one thread, and
 * no lock is held while a callback of the user runs. */
#include "hookbus/producer.h"

#include "producer/client_internal.h"
#include "producer/client_options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static struct timespec monotonic_after(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* ---- the user's threads ---- */

static void wake(struct hookbus_producer *producer)
{
    uint64_t one = 1;
    if (write(producer->wake_fd, &one, sizeof(one)) < 0) {
        /* Full counter: it is readable, which is all we want. */
        errno = 0;
    }
}

static enum hookbus_status enqueue(struct hookbus_producer *producer, struct hb_client_entry *entry)
{
    enum hookbus_status status = HOOKBUS_OK;
    bool must_wake = false;
    pthread_mutex_lock(&producer->lock);
    if (producer->is_closing) {
        status = HOOKBUS_CLOSED;
    } else if (producer->is_fatal) {
        status = HOOKBUS_FATAL;
    } else if (producer->waiting_events >= producer->queue_events_max ||
               producer->waiting_bytes + entry->bytes > producer->queue_bytes_max) {
        status = HOOKBUS_FULL;
    } else {
        *producer->last = entry;
        producer->last = &entry->next;
        producer->waiting_events++;
        producer->waiting_bytes += entry->bytes;
        must_wake = producer->is_sleeping;
        producer->is_sleeping = false;
    }
    pthread_mutex_unlock(&producer->lock);
    if (must_wake) {
        wake(producer);
    }
    return status;
}

enum hookbus_status hookbus_publish(struct hookbus_producer *producer, const struct hookbus_event *event,
                                    hookbus_ack_fn *ack, void *user, char *ret_id, char *ret_why)
{
    struct timespec now;
    unsigned char random[10];
    char id[HOOKBUS_ID_BYTES];
    struct hb_client_entry *entry;
    enum hookbus_status status;
    clock_gettime(CLOCK_REALTIME, &now);
    struct hb_wall at = {(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
    if (ret_why) {
        *ret_why = '\0';
    }
    if (!producer) {
        return HOOKBUS_MISUSE;
    }
    if (event && event->size == sizeof(*event) && !event->id &&
        getrandom(random, sizeof(random), 0) != sizeof(random)) {
        return HOOKBUS_MEMORY;
    }
    status = hb_client_entry_new(event, producer->event_bytes_max, at, random, &entry, ret_why);
    if (status == HOOKBUS_OK) {
        entry->next = NULL;
        entry->producer = producer;
        entry->ack = ack;
        entry->user = user;
        /* Once it is queued, the entry is the thread's. */
        memcpy(id, entry->id, sizeof(id));
        status = enqueue(producer, entry);
        if (status != HOOKBUS_OK) {
            free(entry);
        } else if (ret_id) {
            memcpy(ret_id, id, sizeof(id));
        }
    }
    if (status != HOOKBUS_OK && ret_why && !*ret_why) {
        snprintf(ret_why, HOOKBUS_TEXT_MAX, "%s", hookbus_status_text(status));
    }
    return status;
}

size_t hookbus_producer_waiting(struct hookbus_producer *producer)
{
    if (!producer) {
        return 0;
    }
    pthread_mutex_lock(&producer->lock);
    size_t waiting = producer->waiting_events;
    pthread_mutex_unlock(&producer->lock);
    return waiting;
}

enum hookbus_status hookbus_flush(struct hookbus_producer *producer, int timeout_ms)
{
    if (!producer || pthread_equal(pthread_self(), producer->thread)) {
        return HOOKBUS_MISUSE;
    }
    struct timespec until = monotonic_after(timeout_ms > 0 ? timeout_ms : 0);
    enum hookbus_status status = HOOKBUS_OK;
    pthread_mutex_lock(&producer->lock);
    while (producer->waiting_events > 0 && status == HOOKBUS_OK) {
        int rc = timeout_ms < 0 ? pthread_cond_wait(&producer->emptied, &producer->lock)
                                : pthread_cond_timedwait(&producer->emptied, &producer->lock, &until);
        if (rc == ETIMEDOUT && producer->waiting_events > 0) {
            status = HOOKBUS_TIMEOUT;
        }
    }
    pthread_mutex_unlock(&producer->lock);
    return status;
}

/* ---- life ---- */

static void free_producer(struct hookbus_producer *producer)
{
    hb_kafka_producer_free(&producer->kafka, 0);
    if (producer->wake_fd >= 0) {
        close(producer->wake_fd);
    }
    pthread_cond_destroy(&producer->emptied);
    pthread_mutex_destroy(&producer->lock);
    free(producer->topic_prefix_text);
    free(producer);
}

static bool init_lock(struct hookbus_producer *producer)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    bool is_made = pthread_mutex_init(&producer->lock, NULL) == 0 && pthread_cond_init(&producer->emptied, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return is_made;
}

/* Signals are the program's business: none is handled on our thread. */
static bool start_thread(struct hookbus_producer *producer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&producer->thread, NULL, hb_client_thread_run, producer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static enum hookbus_status start(struct hookbus_producer *producer, const struct hb_client_options *options,
                                 char *ret_why)
{
    struct hb_error error = {0};
    producer->topic_prefix_text = hb_str_dup(options->topic_prefix);
    producer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!producer->topic_prefix_text || producer->wake_fd < 0) {
        return HOOKBUS_MEMORY;
    }
    producer->topic_prefix = hb_str_c(producer->topic_prefix_text);
    enum hb_err err = hb_kafka_producer_new(&options->kafka, &producer->kafka, &error);
    if (err) {
        if (ret_why) {
            snprintf(ret_why, HOOKBUS_TEXT_MAX, "%s", error.text);
        }
        return err == HB_ERR_MEMORY ? HOOKBUS_MEMORY : HOOKBUS_INVALID;
    }
    return start_thread(producer) ? HOOKBUS_OK : HOOKBUS_MEMORY;
}

enum hookbus_status hookbus_producer_new(const struct hookbus_options *options, struct hookbus_producer **ret_producer,
                                         char *ret_why)
{
    struct hb_client_options settled;
    if (ret_why) {
        *ret_why = '\0';
    }
    if (!ret_producer) {
        return HOOKBUS_MISUSE;
    }
    enum hookbus_status status = hb_client_options_settle(options, &settled, ret_why);
    if (status != HOOKBUS_OK) {
        return status;
    }
    struct hookbus_producer *producer = calloc(1, sizeof(*producer));
    if (!producer || !init_lock(producer)) {
        free(producer);
        return HOOKBUS_MEMORY;
    }
    producer->last = &producer->first;
    producer->wake_fd = -1;
    producer->queue_events_max = settled.queue_events_max;
    producer->queue_bytes_max = settled.queue_bytes_max;
    producer->event_bytes_max = settled.event_bytes_max;
    status = start(producer, &settled, ret_why);
    if (status != HOOKBUS_OK) {
        free_producer(producer);
        return status;
    }
    *ret_producer = producer;
    return HOOKBUS_OK;
}

enum hookbus_status hookbus_producer_close(struct hookbus_producer **producer, int timeout_ms)
{
    if (!producer || !*producer) {
        return HOOKBUS_OK;
    }
    struct hookbus_producer *closing = *producer;
    if (pthread_equal(pthread_self(), closing->thread)) {
        return HOOKBUS_MISUSE;
    }
    pthread_mutex_lock(&closing->lock);
    closing->close_at = monotonic_after(timeout_ms > 0 ? timeout_ms : 0);
    closing->is_closing = true;
    pthread_mutex_unlock(&closing->lock);
    wake(closing);
    pthread_join(closing->thread, NULL);
    enum hookbus_status status = closing->cut_off > 0 ? HOOKBUS_TIMEOUT : HOOKBUS_OK;
    free_producer(closing);
    *producer = NULL;
    return status;
}
