#include "history/model.h"

#include "history/model_apply.h"
#include "history/model_feed.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COMMIT_US (300 * HB_US_PER_MS)
#define COMMIT_US_BEHIND (2000 * HB_US_PER_MS) /* while it catches up: fewer, larger transactions */
#define PRUNE_US (60 * HB_MS_PER_S * HB_US_PER_MS)
#define PRUNE_AGAIN_US (HB_MS_PER_S * HB_US_PER_MS)
#define POLL_WAIT_MS 100
#define AGAIN_S 3
#define NICE 10 /* deliveries first: a read model may be late */
#define PATH_BYTES_MAX 4096
#define SOURCE_BYTES_MAX 1024

struct hb_model {
    struct hb_model_options options;
    char source[SOURCE_BYTES_MAX];
    pthread_t thread;
    pthread_mutex_t mutex; /* status, and the condition */
    pthread_cond_t stopped;
    atomic_bool is_stopping, is_distrusted;
    struct hb_model_status status;
    struct hb_model_counts before; /* of the sessions before this one */
};

/* One opening of the file and what reads into it. */
struct session {
    struct hb_sqlite *db;
    struct hb_model_apply *apply;
    struct hb_feed *feed;
    int64_t committed_us, prune_us;
};

/* ---- status ---- */

static void say(struct hb_model *model, const char *trouble)
{
    pthread_mutex_lock(&model->mutex);
    (void)snprintf(model->status.trouble, sizeof(model->status.trouble), "%s", trouble);
    pthread_mutex_unlock(&model->mutex);
}

static void publish(struct hb_model *model, const struct session *session)
{
    const struct hb_model_counts counts = hb_model_apply_counts(session->apply);
    pthread_mutex_lock(&model->mutex);
    model->status.is_complete = hb_feed_is_complete(session->feed);
    model->status.percent = hb_feed_percent(session->feed);
    model->status.lines = model->before.lines + counts.lines;
    model->status.journal = model->before.journal + counts.journal;
    model->status.stale = model->before.stale + counts.stale;
    model->status.unreadable = model->before.unreadable + counts.unreadable;
    (void)snprintf(model->status.trouble, sizeof(model->status.trouble), "%s",
                   hb_feed_is_away(session->feed) ? "no Kafka broker can be reached: what is shown may be old"
                   : counts.has_newer             ? "records of a newer hookbus were left out: update this process"
                                                  : "");
    pthread_mutex_unlock(&model->mutex);
}

struct hb_model_status hb_model_status(struct hb_model *model)
{
    pthread_mutex_lock(&model->mutex);
    struct hb_model_status status = model->status;
    pthread_mutex_unlock(&model->mutex);
    return status;
}

/* ---- a session ---- */

static void session_end(struct hb_model *model, struct session *session)
{
    if (session->apply) {
        const struct hb_model_counts counts = hb_model_apply_counts(session->apply);
        model->before.lines += counts.lines;
        model->before.journal += counts.journal;
        model->before.stale += counts.stale;
        model->before.unreadable += counts.unreadable;
    }
    hb_feed_free(&session->feed);
    hb_model_apply_free(&session->apply);
    hb_sqlite_free(&session->db);
}

static enum hb_err open_file(struct hb_model *model, struct session *session, struct hb_error *reterr)
{
    struct hb_model_apply_options options = {
        .topic_prefix = model->options.topic_prefix, .wall = model->options.wall};
    bool is_new = access(model->options.path, F_OK) != 0;
    enum hb_err err = hb_model_schema_open(model->options.path, hb_str_c(model->source), &session->db, reterr);
    options.db = session->db;
    err = err ? err : hb_model_apply_new(&options, &session->apply);
    pthread_mutex_lock(&model->mutex);
    model->status.rebuilds += is_new && !err;
    pthread_mutex_unlock(&model->mutex);
    return err;
}

static enum hb_err commit(struct hb_model *model, struct session *session, struct hb_error *reterr)
{
    enum hb_err err = hb_model_apply_commit(session->apply);
    session->committed_us = model->options.now().us;
    if (!err && session->committed_us >= session->prune_us) {
        bool is_done = true;
        err = hb_model_apply_prune(session->apply, model->options.lines_max, &is_done);
        session->prune_us = session->committed_us + (is_done ? PRUNE_US : PRUNE_AGAIN_US);
    }
    if (err) {
        return hb_fail(reterr, err, "the read model cannot be written: %s", hb_sqlite_trouble(session->db));
    }
    publish(model, session);
    return HB_OK;
}

static enum hb_err follow(struct hb_model *model, struct session *session, struct hb_error *reterr)
{
    enum hb_err err = commit(model, session, reterr);
    while (!err && !atomic_load(&model->is_stopping)) {
        bool was_complete = hb_feed_is_complete(session->feed);
        err = hb_feed_poll(session->feed, POLL_WAIT_MS, reterr);
        if (!err && atomic_load(&model->is_distrusted)) {
            return hb_fail(reterr, HB_ERR_INVALID, "it is damaged");
        }
        int64_t due_us = session->committed_us + (was_complete ? COMMIT_US : COMMIT_US_BEHIND);
        bool is_reached = !was_complete && hb_feed_is_complete(session->feed);
        if (!err && (is_reached || model->options.now().us >= due_us)) {
            err = commit(model, session, reterr);
        }
    }
    return err ? err : commit(model, session, reterr);
}

static enum hb_err run_session(struct hb_model *model, struct hb_error *reterr)
{
    struct session session = {.prune_us = 0};
    enum hb_err err = open_file(model, &session, reterr);
    if (!err) {
        err = hb_feed_new(&model->options.cluster, model->options.topic_prefix, session.apply, &session.feed, reterr);
    }
    err = err ? err : follow(model, &session, reterr);
    session_end(model, &session);
    return err;
}

/* ---- the thread ---- */

/* -1: somebody else has it, or it cannot be made. */
static int lock_file(const char *path, struct hb_error *reterr)
{
    char name[PATH_BYTES_MAX];
    (void)snprintf(name, sizeof(name), "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void)hb_fail(reterr, HB_ERR_IO, "%s cannot be made: is its folder there and writable? (api.read_model_file)",
                      name);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)hb_fail(reterr, HB_ERR_IO, "another process keeps %s: give each api its own api.read_model_file", path);
        close(fd);
        return -1;
    }
    return fd;
}

static void wait_again(struct hb_model *model)
{
    /* The options' clock is the monotonic one, as the condition's. */
    struct timespec until = {.tv_sec = (time_t)(model->options.now().us / (HB_US_PER_MS * HB_MS_PER_S)) + AGAIN_S};
    pthread_mutex_lock(&model->mutex);
    while (!atomic_load(&model->is_stopping) &&
           pthread_cond_timedwait(&model->stopped, &model->mutex, &until) == 0) {
    }
    pthread_mutex_unlock(&model->mutex);
}

static void begin_anew(struct hb_model *model)
{
    hb_sqlite_remove(model->options.path);
    atomic_store(&model->is_distrusted, false);
    pthread_mutex_lock(&model->mutex);
    model->status.is_complete = false;
    model->status.percent = 0;
    pthread_mutex_unlock(&model->mutex);
}

static void *run(void *user)
{
    struct hb_model *model = user;
    struct hb_error error = {HB_OK, ""};
    bool was_invalid = false;
    int lock = -1;
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    while (!atomic_load(&model->is_stopping)) {
        lock = lock >= 0 ? lock : lock_file(model->options.path, &error);
        enum hb_err err = lock < 0 ? HB_ERR_IO : run_session(model, &error);
        bool is_first = err == HB_ERR_INVALID && !was_invalid;
        was_invalid = err == HB_ERR_INVALID;
        if (was_invalid) {
            begin_anew(model);
        }
        if (err && !is_first) { /* a new file that is no good either is tried again more slowly */
            say(model, error.text[0] ? error.text : hb_err_text(err));
            wait_again(model);
        }
    }
    if (lock >= 0) {
        close(lock);
    }
    return NULL;
}

/* ---- the object ---- */

static void init_waiting(struct hb_model *model)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&model->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&model->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum hb_err hb_model_new(const struct hb_model_options *options, struct hb_model **ret_model)
{
    struct hb_model *model = calloc(1, sizeof(*model));
    if (!model) {
        return HB_ERR_MEMORY;
    }
    model->options = *options;
    (void)snprintf(model->source, sizeof(model->source), "%s %.*s", options->cluster.brokers,
                   HB_ARG(options->topic_prefix));
    (void)snprintf(model->status.trouble, sizeof(model->status.trouble), "it is being opened");
    init_waiting(model);
    if (pthread_create(&model->thread, NULL, run, model) != 0) {
        pthread_cond_destroy(&model->stopped);
        pthread_mutex_destroy(&model->mutex);
        free(model);
        return HB_ERR_MEMORY;
    }
    *ret_model = model;
    return HB_OK;
}

void hb_model_free(struct hb_model **model)
{
    if (!*model) {
        return;
    }
    pthread_mutex_lock(&(*model)->mutex);
    atomic_store(&(*model)->is_stopping, true);
    pthread_cond_broadcast(&(*model)->stopped);
    pthread_mutex_unlock(&(*model)->mutex);
    pthread_join((*model)->thread, NULL);
    pthread_cond_destroy(&(*model)->stopped);
    pthread_mutex_destroy(&(*model)->mutex);
    free(*model);
    *model = NULL;
}

enum hb_err hb_model_open(struct hb_model *model, struct hb_sqlite **ret_db, struct hb_error *reterr)
{
    return hb_sqlite_open(model->options.path, HB_SQLITE_READ, ret_db, reterr);
}

void hb_model_distrust(struct hb_model *model) { atomic_store(&model->is_distrusted, true); }
