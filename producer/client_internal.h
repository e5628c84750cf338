/* Job: libhookbus's producer, as its two halves see it: client.c (the user's threads) and client_thread.c (its own). */
#ifndef PRODUCER_CLIENT_INTERNAL_H
#define PRODUCER_CLIENT_INTERNAL_H

#include "producer/client_entry.h"

#include <pthread.h>
#include <time.h>

struct hookbus_producer {
    struct hb_kafka_producer *kafka; /* the thread's */
    struct hb_client_entry *produce; /* the thread's: taken over from `first`, not yet given to Kafka */
    struct hb_str topic_prefix;      /* read-only */
    char *topic_prefix_text;
    size_t queue_events_max, queue_bytes_max, event_bytes_max; /* read-only */
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t emptied;
    struct hb_client_entry *first, **last;
    size_t waiting_events, waiting_bytes;
    uint64_t cut_off;
    struct timespec close_at;
    bool is_sleeping, is_closing, is_fatal;
};

/* The producer's thread, from start to end: user is the producer. */
void *hb_client_thread_run(void *user);

#endif
