#include "platform/loop/loop_internal.h"

#include <stdlib.h>

struct hb_wake {
    uv_async_t handle; /* first: freed by its address */
    struct hb_loop *loop;
    hb_wake_fn *fn;
    void *user;
};

static void on_wake(uv_async_t *handle)
{
    struct hb_wake *wake = handle->data;
    struct hb_loop *loop = wake->loop;
    hb_loop_enter(loop);
    wake->fn(wake->user);
    hb_loop_leave(loop);
}

enum hb_err hb_wake_new(struct hb_loop *loop, hb_wake_fn *fn, void *user, struct hb_wake **ret_wake)
{
    HB_ASSERT(fn);
    struct hb_wake *wake = calloc(1, sizeof(*wake));
    if (!wake) {
        return HB_ERR_MEMORY;
    }
    wake->loop = loop;
    wake->fn = fn;
    wake->user = user;
    if (uv_async_init(&loop->uv, &wake->handle, on_wake) != 0) {
        free(wake); /* libuv notes the handle only on success */
        return HB_ERR_IO;
    }
    wake->handle.data = wake;
    *ret_wake = wake;
    return HB_OK;
}

void hb_wake_send(struct hb_wake *wake)
{
    (void)uv_async_send(&wake->handle);
}

void hb_wake_free(struct hb_wake **wake)
{
    if (*wake) {
        hb_loop_close_handle((uv_handle_t *)&(*wake)->handle);
        *wake = NULL;
    }
}
