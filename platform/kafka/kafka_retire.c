#include "platform/kafka/kafka_consumer.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Shared by the thread and who waits; the last of them frees it. */
struct retiring {
    rd_kafka_t *rk;
    struct hb_kafka_locate *locates[HB_KAFKA_LOCATES_MAX]; /* a consumer's */
    struct hb_kafka_connections *connections;              /* a producer's */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done, is_abandoned; /* under lock */
};

static void free_retiring(struct retiring *retiring)
{
    pthread_cond_destroy(&retiring->changed);
    pthread_mutex_destroy(&retiring->lock);
    free(retiring);
}

static void end_instance(struct retiring *retiring)
{
    for (size_t i = 0; i < HB_KAFKA_LOCATES_MAX; i++)
        hb_kafka_locate_free(retiring->locates[i]);
    rd_kafka_destroy_flags(retiring->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    hb_kafka_connections_free(retiring->connections);
}

static void *run(void *opaque)
{
    struct retiring *retiring = opaque;
    bool is_abandoned;

    end_instance(retiring);
    pthread_mutex_lock(&retiring->lock);
    retiring->is_done = true;
    is_abandoned = retiring->is_abandoned;
    pthread_cond_signal(&retiring->changed);
    pthread_mutex_unlock(&retiring->lock);
    if (is_abandoned)
        free_retiring(retiring);
    return NULL;
}

static bool wait_done(struct retiring *retiring, int wait_ms)
{
    struct timespec until;
    bool is_done;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&retiring->lock);
    while (!retiring->is_done && pthread_cond_timedwait(&retiring->changed, &retiring->lock, &until) == 0)
        ;
    is_done = retiring->is_done;
    retiring->is_abandoned = !is_done;
    pthread_mutex_unlock(&retiring->lock);
    return is_done;
}

static struct retiring *new_retiring(rd_kafka_t *rk)
{
    struct retiring *retiring = calloc(1, sizeof *retiring);

    HB_ASSERT(retiring); /* a few bytes: without them nothing else goes on either */
    retiring->rk = rk;
    pthread_mutex_init(&retiring->lock, NULL);
    pthread_cond_init(&retiring->changed, NULL);
    return retiring;
}

static void retire(struct retiring *retiring, int wait_ms)
{
    pthread_t thread;

    if (wait_ms == INT_MAX || pthread_create(&thread, NULL, run, retiring) != 0) {
        end_instance(retiring);
        free_retiring(retiring);
        return;
    }
    pthread_detach(thread);
    if (wait_done(retiring, wait_ms))
        free_retiring(retiring);
}

void hb_kafka_retire(rd_kafka_t *take_rk, struct hb_kafka_locate *take_locates[HB_KAFKA_LOCATES_MAX], int wait_ms)
{
    struct retiring *retiring = new_retiring(take_rk);

    for (size_t i = 0; i < HB_KAFKA_LOCATES_MAX; i++) {
        retiring->locates[i] = take_locates[i];
        take_locates[i] = NULL;
    }
    retire(retiring, wait_ms);
}

void hb_kafka_retire_producer(rd_kafka_t *take_rk, struct hb_kafka_connections *take_connections, int wait_ms)
{
    struct retiring *retiring = new_retiring(take_rk);

    retiring->connections = take_connections;
    retire(retiring, wait_ms);
}
