#include "platform/loop/loop_internal.h"

#include <stdlib.h>

struct hb_timer {
    uv_timer_t handle; /* first: freed by its address */
    struct hb_loop *loop;
    hb_timer_fn *fn;
    void *user;
};

static void on_timer(uv_timer_t *handle)
{
    struct hb_timer *timer = handle->data;
    struct hb_loop *loop = timer->loop;
    hb_loop_enter(loop);
    timer->fn(timer->user);
    hb_loop_leave(loop);
}

enum hb_err hb_timer_new(struct hb_loop *loop, hb_timer_fn *fn, void *user, struct hb_timer **ret_timer)
{
    HB_ASSERT(fn);
    struct hb_timer *timer = calloc(1, sizeof(*timer));
    if (!timer) {
        return HB_ERR_MEMORY;
    }
    timer->loop = loop;
    timer->fn = fn;
    timer->user = user;
    (void)uv_timer_init(&loop->uv, &timer->handle); /* cannot fail */
    timer->handle.data = timer;
    *ret_timer = timer;
    return HB_OK;
}

static uint64_t not_negative(int64_t ms)
{
    return ms < 0 ? 0 : (uint64_t)ms;
}

void hb_timer_start(struct hb_timer *timer, int64_t delay_ms, int64_t repeat_ms)
{
    if (!timer->loop->is_running) {
        uv_update_time(&timer->loop->uv); /* nobody else does while the loop stands still */
    }
    (void)uv_timer_start(&timer->handle, on_timer, not_negative(delay_ms), not_negative(repeat_ms));
}

void hb_timer_stop(struct hb_timer *timer)
{
    (void)uv_timer_stop(&timer->handle);
}

bool hb_timer_is_running(const struct hb_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->handle) != 0;
}

void hb_timer_free(struct hb_timer **timer)
{
    if (*timer) {
        hb_loop_close_handle((uv_handle_t *)&(*timer)->handle);
        *timer = NULL;
    }
}
