#include "platform/loop/loop_internal.h"

#include <stdlib.h>
#include <time.h>

void hb_loop_update_time(struct hb_loop *loop)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    loop->mono.us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    loop->wall.ms = (int64_t)now.tv_sec * HB_MS_PER_S + now.tv_nsec / 1000000;
}

void hb_loop_enter(struct hb_loop *loop)
{
    hb_loop_update_time(loop);
}

void hb_loop_leave(struct hb_loop *loop)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t took_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - loop->mono.us;
    if (took_us > loop->longest_us) {
        loop->longest_us = took_us;
    }
    if (took_us > HB_LOOP_STALL_US) {
        loop->stalls++;
        uv_update_time(&loop->uv); /* timers started next count from now, not from before the stall */
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void hb_loop_close_handle(uv_handle_t *handle)
{
    uv_close(handle, on_closed);
}

enum hb_err hb_loop_new(struct hb_loop **ret_loop)
{
    struct hb_loop *loop = calloc(1, sizeof(*loop));
    if (!loop) {
        return HB_ERR_MEMORY;
    }
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return HB_ERR_IO;
    }
    /* These two only note the handle with the loop: they cannot fail. */
    (void)uv_timer_init(&loop->uv, &loop->limit);
    enum hb_err err = hb_watch_set_open(loop);
    if (err) {
        uv_close((uv_handle_t *)&loop->limit, NULL);
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return err;
    }
    hb_loop_update_time(loop);
    *ret_loop = loop;
    return HB_OK;
}

static void close_left(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) {
        hb_loop_close_handle(handle); /* the loop's own handles have data NULL */
    }
}

void hb_loop_free(struct hb_loop **loop_ref)
{
    struct hb_loop *loop = *loop_ref;
    if (!loop) {
        return;
    }
    HB_ASSERT(!loop->is_running);
    *loop_ref = NULL;
    uv_walk(&loop->uv, close_left, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    HB_ASSERT(uv_loop_close(&loop->uv) == 0);
    hb_watch_set_close(loop);
    free(loop);
}

static void run(struct hb_loop *loop, uv_run_mode mode)
{
    HB_ASSERT(!loop->is_running); /* not from inside a callback */
    loop->is_running = true;
    (void)uv_run(&loop->uv, mode);
    loop->is_running = false;
    loop->is_stopping = false;
    hb_loop_update_time(loop);
}

void hb_loop_run(struct hb_loop *loop)
{
    run(loop, UV_RUN_DEFAULT);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer; /* its firing ends the wait */
}

void hb_loop_run_once(struct hb_loop *loop, int timeout_ms)
{
    if (timeout_ms <= 0) {
        run(loop, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->limit, on_limit, (uint64_t)timeout_ms, 0);
    run(loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&loop->limit);
}

void hb_loop_stop(struct hb_loop *loop)
{
    loop->is_stopping = true;
    uv_stop(&loop->uv);
}

struct hb_mono hb_loop_mono(const struct hb_loop *loop)
{
    return loop->mono;
}

struct hb_wall hb_loop_wall(const struct hb_loop *loop)
{
    return loop->wall;
}

uint64_t hb_loop_stalls(const struct hb_loop *loop)
{
    return loop->stalls;
}

int64_t hb_loop_longest_us(const struct hb_loop *loop)
{
    return loop->longest_us;
}

int64_t hb_loop_cpu_us(const struct hb_loop *loop)
{
    struct timespec used;
    (void)loop;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}
