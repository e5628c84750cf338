/* A thread that writes where a write can wait: plain files above all, whose disk may hang for seconds. It is handed one
 * whole buffer at a time, so that the loop never holds the lock for longer than a swap. */
#include "platform/log/log_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A descriptor that is only full, not refusing: how long until it is tried again. */
#define RETRY_MS 1000

struct hb_log_writer {
    struct hb_log_sink sink; /* a descriptor of our own: the thread may outlive the one we were given */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given, taken_back;
    struct hb_log_out out; /* the thread's while writing_bytes, else whoever holds the lock */
    size_t writing_bytes;
    bool must_end;
    bool is_abandoned; /* nobody will join: the thread frees all */
};

static void free_writer(struct hb_log_writer *writer)
{
    (void)close(writer->sink.fd);
    hb_buf_deinit(&writer->out.bytes);
    (void)pthread_cond_destroy(&writer->given);
    (void)pthread_cond_destroy(&writer->taken_back);
    (void)pthread_mutex_destroy(&writer->lock);
    free(writer);
}

static bool must_end(struct hb_log_writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    bool must = writer->must_end;
    (void)pthread_mutex_unlock(&writer->lock);
    return must;
}

static void write_all(struct hb_log_writer *writer)
{
    hb_log_out_write(&writer->out, &writer->sink);
    while (hb_log_out_waiting(&writer->out) > 0 && !must_end(writer)) {
        hb_log_sink_wait(&writer->sink, RETRY_MS);
        hb_log_out_write(&writer->out, &writer->sink);
    }
}

static void *run(void *user)
{
    struct hb_log_writer *writer = user;
    (void)pthread_mutex_lock(&writer->lock);
    while (!writer->must_end) {
        if (writer->writing_bytes == 0) {
            (void)pthread_cond_wait(&writer->given, &writer->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&writer->lock);
        write_all(writer);
        (void)pthread_mutex_lock(&writer->lock);
        writer->writing_bytes = 0;
        (void)pthread_cond_signal(&writer->taken_back);
    }
    bool is_mine = writer->is_abandoned;
    (void)pthread_mutex_unlock(&writer->lock);
    if (is_mine) {
        free_writer(writer);
    }
    return NULL;
}

/* Signals are the loop's: the thread takes none. */
static bool start(struct hb_log_writer *writer)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = pthread_create(&writer->thread, NULL, run, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why == 0;
}

enum hb_err hb_log_writer_new(int fd, struct hb_log_writer **ret_writer)
{
    struct hb_log_writer *writer = calloc(1, sizeof(*writer));
    if (!writer) {
        return HB_ERR_MEMORY;
    }
    pthread_condattr_t clock;
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&writer->lock, NULL);
    (void)pthread_cond_init(&writer->given, NULL);
    (void)pthread_cond_init(&writer->taken_back, &clock);
    (void)pthread_condattr_destroy(&clock);
    writer->out.bytes = hb_buf_make(HB_LOG_WAITING_BYTES_MAX);
    writer->sink = (struct hb_log_sink){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .may_wait = true};
    if (writer->sink.fd < 0 || !start(writer)) {
        free_writer(writer);
        return HB_ERR_IO;
    }
    *ret_writer = writer;
    return HB_OK;
}

size_t hb_log_writer_take_back(struct hb_log_writer *writer, uint64_t *ret_lost)
{
    *ret_lost = 0;
    (void)pthread_mutex_lock(&writer->lock);
    size_t writing = writer->writing_bytes;
    if (writing == 0) {
        *ret_lost = writer->out.lost;
        writer->out.lost = 0;
    }
    (void)pthread_mutex_unlock(&writer->lock);
    return writing;
}

void hb_log_writer_give(struct hb_log_writer *writer, struct hb_buf *bytes)
{
    (void)pthread_mutex_lock(&writer->lock);
    HB_ASSERT(writer->writing_bytes == 0 && bytes->len > 0);
    struct hb_buf empty = writer->out.bytes;
    writer->out.bytes = *bytes;
    writer->writing_bytes = bytes->len;
    *bytes = empty;
    (void)pthread_cond_signal(&writer->given);
    (void)pthread_mutex_unlock(&writer->lock);
}

void hb_log_writer_wait(struct hb_log_writer *writer, int timeout_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += timeout_ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&writer->lock);
    while (writer->writing_bytes > 0 &&
           pthread_cond_timedwait(&writer->taken_back, &writer->lock, &until) != ETIMEDOUT) {
    }
    (void)pthread_mutex_unlock(&writer->lock);
}

void hb_log_writer_free(struct hb_log_writer **writer_ref)
{
    struct hb_log_writer *writer = *writer_ref;
    if (!writer) {
        return;
    }
    *writer_ref = NULL;
    pthread_t thread = writer->thread; /* an abandoned writer is gone at any time */
    (void)pthread_mutex_lock(&writer->lock);
    writer->must_end = true;
    writer->is_abandoned = writer->writing_bytes > 0;
    bool is_abandoned = writer->is_abandoned;
    (void)pthread_cond_signal(&writer->given);
    (void)pthread_mutex_unlock(&writer->lock);
    if (is_abandoned) {
        (void)pthread_detach(thread);
        return;
    }
    (void)pthread_join(thread, NULL);
    free_writer(writer);
}
