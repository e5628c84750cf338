#include "platform/loop/loop_internal.h"

#include <stdlib.h>

struct hb_signal {
    uv_signal_t handle; /* first: freed by its address */
    struct hb_loop *loop;
    hb_signal_fn *fn;
    void *user;
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct hb_signal *signal = handle->data;
    struct hb_loop *loop = signal->loop;
    hb_loop_enter(loop);
    signal->fn(signal->user, number);
    hb_loop_leave(loop);
}

enum hb_err hb_signal_new(struct hb_loop *loop, int number, hb_signal_fn *fn, void *user, struct hb_signal **ret_signal)
{
    HB_ASSERT(fn);
    struct hb_signal *signal = calloc(1, sizeof(*signal));
    if (!signal) {
        return HB_ERR_MEMORY;
    }
    signal->loop = loop;
    signal->fn = fn;
    signal->user = user;
    if (uv_signal_init(&loop->uv, &signal->handle) != 0) {
        free(signal);
        return HB_ERR_IO;
    }
    signal->handle.data = signal;
    if (uv_signal_start(&signal->handle, on_signal, number) != 0) {
        hb_loop_close_handle((uv_handle_t *)&signal->handle);
        return HB_ERR_IO;
    }
    *ret_signal = signal;
    return HB_OK;
}

void hb_signal_free(struct hb_signal **signal)
{
    if (*signal) {
        hb_loop_close_handle((uv_handle_t *)&(*signal)->handle);
        *signal = NULL;
    }
}
