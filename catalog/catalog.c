#include "catalog/catalog.h"

#include "catalog/notes.h"
#include "catalog/session.h"
#include "platform/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define SOURCE_BYTES_MAX 1024
#define AGAIN_FIRST_MS 500
#define AGAIN_MOST_MS 5000

struct hb_catalog {
    struct hb_catalog_options options;
    struct hb_notes notes;
    struct hb_wake *wake;
    int stop_fd; /* readable from hb_catalog_stop on */
    pthread_t thread;
    bool has_thread, is_stopped, has_failed;
    char source[SOURCE_BYTES_MAX];
    char trouble[HB_ERROR_TEXT_MAX]; /* what hb_catalog_trouble gave last */
};

/* ---- the thread ---- */

/* -1: somebody else has it, or it cannot be made. */
static int lock_file(const char *path, struct hb_error *reterr)
{
    char name[PATH_BYTES_MAX];
    (void)snprintf(name, sizeof(name), "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void)hb_fail(reterr, HB_ERR_IO, "%s cannot be made: is its folder there and writable? (catalog.state_dir)",
                      name);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)hb_fail(reterr, HB_ERR_IO, "another process keeps %s: give each catalog worker its own catalog.instance",
                      path);
        close(fd);
        return -1;
    }
    return fd;
}

/* True: asked to stop. */
static bool wait_for_stop(const struct hb_catalog *catalog, int timeout_ms)
{
    struct pollfd fd = {.fd = catalog->stop_fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) > 0;
}

static struct hb_session_options session_options(struct hb_catalog *catalog)
{
    return (struct hb_session_options){.catalog = &catalog->options,
                                       .source = hb_str_c(catalog->source),
                                       .notes = &catalog->notes,
                                       .wake = catalog->wake,
                                       .stop_fd = catalog->stop_fd};
}

static void say_failed(struct hb_catalog *catalog, enum hb_err err, const struct hb_error *error)
{
    struct hb_note note = HB_NOTE(HB_LOG_CATALOG_BEGINS_ANEW);
    (void)snprintf(note.reason, sizeof(note.reason), "%s", error->text[0] ? error->text : hb_err_text(err));
    hb_notes_set_trouble(&catalog->notes, note.reason);
    hb_notes_add(&catalog->notes, &note);
    if (err == HB_ERR_FATAL)
        hb_notes_fail(&catalog->notes, note.reason);
    hb_wake_send(catalog->wake);
}

static void *run(void *user)
{
    struct hb_catalog *catalog = user;
    const struct hb_session_options options = session_options(catalog);
    int lock = -1, again_ms = AGAIN_FIRST_MS;
    enum hb_err err = HB_OK;

    while (err != HB_ERR_FATAL && !wait_for_stop(catalog, 0)) {
        struct hb_error error = {HB_OK, ""};
        bool was_good = false;
        lock = lock >= 0 ? lock : lock_file(catalog->options.state_path, &error);
        err = lock < 0 ? HB_ERR_IO : hb_session_run(&options, &was_good, &error);
        again_ms = was_good ? AGAIN_FIRST_MS : again_ms;
        if (err && err != HB_ERR_CLOSED) {
            say_failed(catalog, err, &error);
            (void)wait_for_stop(catalog, again_ms);
            again_ms = again_ms * 2 < AGAIN_MOST_MS ? again_ms * 2 : AGAIN_MOST_MS;
        }
    }
    if (lock >= 0)
        close(lock);
    hb_notes_end(&catalog->notes);
    hb_wake_send(catalog->wake);
    return NULL;
}

/* ---- the loop's side ---- */

static void on_wake(void *user)
{
    struct hb_catalog *catalog = user;
    hb_notes_log(&catalog->notes, catalog->options.log);
    pthread_mutex_lock(&catalog->notes.lock);
    bool is_ended = catalog->notes.is_ended, has_failed = catalog->notes.failed[0] != '\0';
    pthread_mutex_unlock(&catalog->notes.lock);
    if (!is_ended || catalog->is_stopped)
        return;
    catalog->is_stopped = true;
    if (has_failed)
        catalog->options.failed(catalog->options.user, catalog->notes.failed);
    else
        catalog->options.stopped(catalog->options.user);
}

const char *hb_catalog_trouble(struct hb_catalog *catalog)
{
    pthread_mutex_lock(&catalog->notes.lock);
    (void)snprintf(catalog->trouble, sizeof(catalog->trouble), "%s", catalog->notes.trouble);
    pthread_mutex_unlock(&catalog->notes.lock);
    return catalog->trouble[0] ? catalog->trouble : NULL;
}

void hb_catalog_stop(struct hb_catalog *catalog)
{
    const uint64_t one = 1;
    ssize_t written = write(catalog->stop_fd, &one, sizeof(one));
    HB_ASSERT(written == (ssize_t)sizeof(one));
}

static enum hb_err start(struct hb_catalog *catalog, struct hb_error *reterr)
{
    catalog->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (catalog->stop_fd < 0)
        return hb_fail(reterr, HB_ERR_IO, "no file descriptor is free for the catalog");
    enum hb_err err = hb_wake_new(catalog->options.loop, on_wake, catalog, &catalog->wake);
    if (err)
        return hb_fail(reterr, err, "the catalog: %s", hb_err_text(err));
    if (pthread_create(&catalog->thread, NULL, run, catalog) != 0)
        return hb_fail(reterr, HB_ERR_MEMORY, "no thread for the catalog");
    catalog->has_thread = true;
    return HB_OK;
}

enum hb_err hb_catalog_new(const struct hb_catalog_options *options, struct hb_catalog **ret_catalog,
                           struct hb_error *reterr)
{
    struct hb_catalog *catalog = calloc(1, sizeof(*catalog));
    if (!catalog)
        return hb_fail(reterr, HB_ERR_MEMORY, "no memory for the catalog");
    catalog->options = *options;
    catalog->stop_fd = -1;
    hb_notes_init(&catalog->notes);
    hb_notes_set_trouble(&catalog->notes, "the catalog is being opened");
    (void)snprintf(catalog->source, sizeof(catalog->source), "%s %s", options->cluster.brokers,
                   options->config->kafka_topic_prefix);
    enum hb_err err = start(catalog, reterr);
    if (err) {
        hb_catalog_free(&catalog);
        return err;
    }
    *ret_catalog = catalog;
    return HB_OK;
}

void hb_catalog_free(struct hb_catalog **catalog_ptr)
{
    struct hb_catalog *catalog = *catalog_ptr;
    *catalog_ptr = NULL;
    if (!catalog)
        return;
    if (catalog->has_thread) {
        hb_catalog_stop(catalog);
        pthread_join(catalog->thread, NULL);
        hb_notes_log(&catalog->notes, catalog->options.log);
    }
    hb_wake_free(&catalog->wake);
    if (catalog->stop_fd >= 0)
        close(catalog->stop_fd);
    hb_notes_deinit(&catalog->notes);
    free(catalog);
}
