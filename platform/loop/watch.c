/* Descriptors stand in an epoll set of our own, which libuv waits for as one descriptor.
 *
 * Why not uv_poll for each: uv_poll_start takes a descriptor out of the kernel's set and puts it in again, two system
 * calls for each change, and libcurl changes its mind several times a transfer. Here a change is only noted and applied
 * before the next wait; a transfer that ends while the next one starts on the same connection costs none.
 *
 * A descriptor may be closed and its number be reused between the note and its application, so watch_of_fd says whose
 * registration the kernel holds, and only that watch touches it. */
#include "platform/loop/loop_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct hb_watch {
    struct hb_loop *loop;
    hb_watch_fn *fn; /* NULL once freed */
    void *user;
    int fd;
    int wanted;     /* HB_WATCH_*, as the user said */
    int registered; /* as the kernel has it; -1: in the set with no events (only errors are told) */
    bool is_changed;
    struct hb_watch *previous, *next; /* of loop->watches; next also of loop->freed */
    struct hb_watch *changed_previous, *changed_next;
};

#define REGISTERED_EMPTY (-1)

static void unlink_changed(struct hb_watch *watch)
{
    if (!watch->is_changed) {
        return;
    }
    watch->is_changed = false;
    if (watch->changed_previous) {
        watch->changed_previous->changed_next = watch->changed_next;
    } else {
        watch->loop->changed = watch->changed_next;
    }
    if (watch->changed_next) {
        watch->changed_next->changed_previous = watch->changed_previous;
    }
}

static void link_changed(struct hb_watch *watch)
{
    if (watch->is_changed) {
        return;
    }
    watch->is_changed = true;
    watch->changed_previous = NULL;
    watch->changed_next = watch->loop->changed;
    if (watch->changed_next) {
        watch->changed_next->changed_previous = watch;
    }
    watch->loop->changed = watch;
}

static int control(struct hb_watch *watch, int operation, int events)
{
    struct epoll_event event = {.events = 0, .data = {.ptr = watch}};
    if (events > 0 && (events & HB_WATCH_READ)) {
        event.events |= EPOLLIN;
    }
    if (events > 0 && (events & HB_WATCH_WRITE)) {
        event.events |= EPOLLOUT;
    }
    return epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event);
}

/* Takes the watch's registration, if it is still the watch's, out of the kernel's set. */
static void deregister(struct hb_watch *watch)
{
    if (watch->registered != 0) {
        (void)control(watch, EPOLL_CTL_DEL, 0); /* fails when the descriptor is closed: then it is out already */
        watch->registered = 0;
        watch->loop->watch_of_fd[watch->fd] = NULL;
    }
}

/* Makes the kernel's registration what is wanted; false if the kernel refuses. */
static bool apply(struct hb_watch *watch)
{
    if (watch->wanted == 0) {
        deregister(watch);
        return true;
    }
    if (watch->registered == watch->wanted) {
        return true;
    }
    int rc = control(watch, watch->registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watch->wanted);
    if (rc != 0 && errno == EEXIST) {
        rc = control(watch, EPOLL_CTL_MOD, watch->wanted);
    } else if (rc != 0 && errno == ENOENT) {
        rc = control(watch, EPOLL_CTL_ADD, watch->wanted);
    }
    if (rc != 0) {
        return false;
    }
    watch->registered = watch->wanted;
    watch->loop->watch_of_fd[watch->fd] = watch;
    return true;
}

static void call(struct hb_watch *watch, int events)
{
    hb_loop_enter(watch->loop);
    watch->fn(watch->user, events);
    hb_loop_leave(watch->loop);
}

static void free_the_freed(struct hb_loop *loop)
{
    while (loop->freed) {
        struct hb_watch *watch = loop->freed;
        loop->freed = watch->next;
        free(watch);
    }
}

/* Before each wait. A watch the kernel refuses is told as an error on its descriptor: readable and writable. */
static void on_prepare(uv_prepare_t *handle)
{
    struct hb_loop *loop = handle->loop->data;
    loop->is_dispatching = true;
    int refusals_left = HB_LOOP_BATCH; /* a refused watch may be set again by its own callback, over and over */
    while (loop->changed && refusals_left > 0) {
        struct hb_watch *watch = loop->changed;
        unlink_changed(watch);
        if (!apply(watch)) {
            refusals_left--;
            call(watch, HB_WATCH_READ | HB_WATCH_WRITE);
        }
    }
    loop->is_dispatching = false;
    free_the_freed(loop);
}

static void dispatch(const struct epoll_event *event)
{
    struct hb_watch *watch = event->data.ptr;
    int events = 0;
    if (event->events & (EPOLLERR | EPOLLHUP)) {
        events = HB_WATCH_READ | HB_WATCH_WRITE;
    } else {
        events = ((event->events & EPOLLIN) ? HB_WATCH_READ : 0) | ((event->events & EPOLLOUT) ? HB_WATCH_WRITE : 0);
        events &= watch->wanted;
    }
    if (!watch->fn) {
        return;
    }
    if (watch->wanted == 0) {
        link_changed(watch); /* an error nobody waits for: take it out, or the loop spins */
        return;
    }
    if (events != 0) {
        call(watch, events);
    }
}

static void on_ready(uv_poll_t *handle, int status, int uv_events)
{
    (void)status;
    (void)uv_events;
    struct hb_loop *loop = handle->loop->data;
    struct epoll_event events[HB_LOOP_BATCH];
    int count = epoll_wait(loop->epoll_fd, events, HB_LOOP_BATCH, 0);
    loop->is_dispatching = true;
    for (int i = 0; i < count && !loop->is_stopping; i++) {
        dispatch(&events[i]);
    }
    loop->is_dispatching = false;
    free_the_freed(loop);
}

enum hb_err hb_watch_set_open(struct hb_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        return HB_ERR_IO;
    }
    loop->uv.data = loop;
    if (uv_poll_init(&loop->uv, &loop->ready, loop->epoll_fd) != 0) {
        (void)close(loop->epoll_fd);
        return HB_ERR_IO;
    }
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_prepare_start(&loop->prepare, on_prepare);
    uv_unref((uv_handle_t *)&loop->prepare);
    (void)uv_poll_start(&loop->ready, UV_READABLE, on_ready);
    uv_unref((uv_handle_t *)&loop->ready);
    return HB_OK;
}

void hb_watch_set_close(struct hb_loop *loop)
{
    while (loop->watches) {
        struct hb_watch *watch = loop->watches;
        loop->watches = watch->next;
        free(watch);
    }
    free(loop->watch_of_fd);
    (void)close(loop->epoll_fd);
}

static enum hb_err make_room(struct hb_loop *loop, size_t fd)
{
    if (fd < loop->watch_of_fd_count) {
        return HB_OK;
    }
    size_t count = loop->watch_of_fd_count ? loop->watch_of_fd_count : 64;
    while (count <= fd) {
        count *= 2;
    }
    struct hb_watch **grown = realloc(loop->watch_of_fd, count * sizeof(struct hb_watch *));
    if (!grown) {
        return HB_ERR_MEMORY;
    }
    memset(grown + loop->watch_of_fd_count, 0, (count - loop->watch_of_fd_count) * sizeof(struct hb_watch *));
    loop->watch_of_fd = grown;
    loop->watch_of_fd_count = count;
    return HB_OK;
}

/* Puts the descriptor into the set at once, so that one that cannot be watched is refused here. */
static enum hb_err register_new(struct hb_watch *watch)
{
    struct hb_watch *former = watch->loop->watch_of_fd[watch->fd];
    if (former) {
        /* One watch a descriptor; the former was told 0 before its descriptor was closed. */
        HB_ASSERT(former->wanted == 0);
        former->registered = 0;
        unlink_changed(former);
    }
    if (control(watch, EPOLL_CTL_ADD, 0) != 0 && (errno != EEXIST || control(watch, EPOLL_CTL_MOD, 0) != 0)) {
        return HB_ERR_IO;
    }
    watch->registered = REGISTERED_EMPTY;
    watch->loop->watch_of_fd[watch->fd] = watch;
    return HB_OK;
}

enum hb_err hb_watch_new(struct hb_loop *loop, int fd, hb_watch_fn *fn, void *user, struct hb_watch **ret_watch)
{
    HB_ASSERT(fn);
    if (fd < 0) {
        return HB_ERR_IO;
    }
    enum hb_err err = make_room(loop, (size_t)fd);
    if (err) {
        return err;
    }
    struct hb_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        return HB_ERR_MEMORY;
    }
    *watch = (struct hb_watch){.loop = loop, .fn = fn, .user = user, .fd = fd};
    err = register_new(watch);
    if (err) {
        free(watch);
        return err;
    }
    watch->next = loop->watches;
    if (watch->next) {
        watch->next->previous = watch;
    }
    loop->watches = watch;
    *ret_watch = watch;
    return HB_OK;
}

void hb_watch_set(struct hb_watch *watch, int events)
{
    if (events == watch->wanted) {
        return;
    }
    struct hb_loop *loop = watch->loop;
    if (watch->wanted == 0 && loop->wanting_count++ == 0) {
        uv_ref((uv_handle_t *)&loop->ready);
    } else if (events == 0 && --loop->wanting_count == 0) {
        uv_unref((uv_handle_t *)&loop->ready);
    }
    watch->wanted = events;
    if (events == watch->registered) {
        unlink_changed(watch);
    } else {
        link_changed(watch);
    }
}

void hb_watch_free(struct hb_watch **watch_ref)
{
    struct hb_watch *watch = *watch_ref;
    if (!watch) {
        return;
    }
    *watch_ref = NULL;
    hb_watch_set(watch, 0);
    unlink_changed(watch);
    deregister(watch);
    if (watch->previous) {
        watch->previous->next = watch->next;
    } else {
        watch->loop->watches = watch->next;
    }
    if (watch->next) {
        watch->next->previous = watch->previous;
    }
    watch->fn = NULL;
    if (watch->loop->is_dispatching) {
        watch->next = watch->loop->freed; /* the running batch may still name it */
        watch->loop->freed = watch;
    } else {
        free(watch);
    }
}
