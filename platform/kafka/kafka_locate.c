#include "platform/kafka/kafka_consumer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_LIMIT_MS 3000

struct hb_kafka_locate {
    rd_kafka_t *rk;
    int wake_fd; /* our own: the consumer may be gone before us */
    int delay_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_cancelled, is_done; /* under lock */
    /* The thread's until is_done. */
    enum hb_err err;
    char text[HB_KAFKA_TEXT_MAX];
    rd_kafka_topic_partition_list_t *partitions, *committed, *low, *high;
};

/* The first error of a call: its own or a partition's. */
static rd_kafka_resp_err_t first_error(rd_kafka_resp_err_t err, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; !err && i < list->cnt; i++)
        err = list->elems[i].err;
    return err;
}

static bool failed(struct hb_kafka_locate *locate, rd_kafka_resp_err_t err, const char *what)
{
    if (!err)
        return false;
    locate->err = hb_kafka_err_of(err);
    snprintf(locate->text, sizeof locate->text, "cannot ask for %s: %s", what, rd_kafka_err2str(err));
    return true;
}

static bool ask_committed(struct hb_kafka_locate *locate)
{
    rd_kafka_resp_err_t err;

    locate->committed = rd_kafka_topic_partition_list_copy(locate->partitions);
    err = rd_kafka_committed(locate->rk, locate->committed, REQUEST_LIMIT_MS);
    return !failed(locate, first_error(err, locate->committed), "the group's committed offsets");
}

/* One request a leader for all its partitions. which: RD_KAFKA_OFFSET_BEGINNING or _END, which the request takes as a
 * time. */
static bool ask_edge(struct hb_kafka_locate *locate, int64_t which, rd_kafka_topic_partition_list_t **ret_list)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(locate->partitions);
    rd_kafka_resp_err_t err;

    *ret_list = list;
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = which;
    err = rd_kafka_offsets_for_times(locate->rk, list, REQUEST_LIMIT_MS);
    return !failed(locate, first_error(err, list), "the first and last offsets kept");
}

static bool is_cancelled(struct hb_kafka_locate *locate)
{
    bool answer;

    pthread_mutex_lock(&locate->lock);
    answer = locate->is_cancelled;
    pthread_mutex_unlock(&locate->lock);
    return answer;
}

static void wait_first(struct hb_kafka_locate *locate)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += locate->delay_ms / 1000;
    until.tv_nsec += (long)(locate->delay_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&locate->lock);
    while (!locate->is_cancelled && pthread_cond_timedwait(&locate->changed, &locate->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&locate->lock);
}

static void *run(void *opaque)
{
    struct hb_kafka_locate *locate = opaque;
    struct hb_kafka_wake wake = {locate->wake_fd, NULL};

    if (locate->delay_ms)
        wait_first(locate);
    if (!is_cancelled(locate) && ask_committed(locate) && !is_cancelled(locate) &&
        ask_edge(locate, RD_KAFKA_OFFSET_BEGINNING, &locate->low) && !is_cancelled(locate))
        (void)ask_edge(locate, RD_KAFKA_OFFSET_END, &locate->high);
    pthread_mutex_lock(&locate->lock);
    locate->is_done = true;
    pthread_mutex_unlock(&locate->lock);
    hb_kafka_wake_raise(&wake);
    return NULL;
}

struct hb_kafka_locate *hb_kafka_locate_start(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *partitions,
                                              int wake_fd, int delay_ms)
{
    struct hb_kafka_locate *locate = calloc(1, sizeof *locate);

    if (!locate)
        return NULL;
    locate->wake_fd = fcntl(wake_fd, F_DUPFD_CLOEXEC, 0);
    if (locate->wake_fd < 0) {
        free(locate);
        return NULL;
    }
    locate->rk = rk;
    locate->delay_ms = delay_ms;
    locate->partitions = rd_kafka_topic_partition_list_copy(partitions);
    pthread_mutex_init(&locate->lock, NULL);
    pthread_cond_init(&locate->changed, NULL);
    if (pthread_create(&locate->thread, NULL, run, locate) == 0)
        return locate;
    close(locate->wake_fd);
    rd_kafka_topic_partition_list_destroy(locate->partitions);
    pthread_cond_destroy(&locate->changed);
    pthread_mutex_destroy(&locate->lock);
    free(locate);
    return NULL;
}

void hb_kafka_locate_cancel(struct hb_kafka_locate *locate)
{
    pthread_mutex_lock(&locate->lock);
    locate->is_cancelled = true;
    pthread_cond_signal(&locate->changed);
    pthread_mutex_unlock(&locate->lock);
}

bool hb_kafka_locate_is_done(struct hb_kafka_locate *locate)
{
    bool answer;

    pthread_mutex_lock(&locate->lock);
    answer = locate->is_done;
    pthread_mutex_unlock(&locate->lock);
    return answer;
}

void hb_kafka_locate_result(const struct hb_kafka_locate *locate, struct hb_kafka_located *ret_located)
{
    *ret_located = (struct hb_kafka_located){locate->err, locate->text, locate->committed, locate->low, locate->high};
}

const rd_kafka_topic_partition_list_t *hb_kafka_locate_partitions(const struct hb_kafka_locate *locate)
{
    return locate->partitions;
}

void hb_kafka_locate_free(struct hb_kafka_locate *locate)
{
    rd_kafka_topic_partition_list_t *lists[4];

    if (!locate)
        return;
    pthread_join(locate->thread, NULL);
    close(locate->wake_fd);
    lists[0] = locate->partitions;
    lists[1] = locate->committed;
    lists[2] = locate->low;
    lists[3] = locate->high;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i])
            rd_kafka_topic_partition_list_destroy(lists[i]);
    pthread_cond_destroy(&locate->changed);
    pthread_mutex_destroy(&locate->lock);
    free(locate);
}
