#include "platform/loop/loop_internal.h"

#include <stdlib.h>

/* Descriptors a child can be given, standard ones included. */
#define CHILD_FDS_MAX 32

struct hb_child {
    uv_process_t handle; /* first: freed by its address */
    struct hb_loop *loop;
    hb_child_fn *exited;
    void *user;
    bool is_ended;
    bool is_forgotten;
};

static void on_exit_of_child(uv_process_t *handle, int64_t code, int signal)
{
    struct hb_child *child = handle->data;
    struct hb_loop *loop = child->loop;
    child->is_ended = true;
    if (child->is_forgotten) {
        hb_loop_close_handle((uv_handle_t *)&child->handle);
        return;
    }
    if (child->exited) {
        hb_loop_enter(loop);
        child->exited(child->user, signal ? 128 + signal : (int)code);
        hb_loop_leave(loop);
    }
}

static void inherit(uv_stdio_container_t *slot, int fd)
{
    slot->flags = UV_INHERIT_FD;
    slot->data.fd = fd;
}

enum hb_err hb_child_new(struct hb_loop *loop, const struct hb_child_spec *spec, struct hb_child **ret_child)
{
    HB_ASSERT(spec->pass_fds_count + 3 <= CHILD_FDS_MAX);
    struct hb_child *child = calloc(1, sizeof(*child));
    if (!child) {
        return HB_ERR_MEMORY;
    }
    child->loop = loop;
    child->exited = spec->exited;
    child->user = spec->user;
    child->handle.data = child;
    uv_stdio_container_t stdio[CHILD_FDS_MAX];
    for (int fd = 0; fd < 3; fd++) {
        inherit(&stdio[fd], fd);
    }
    for (size_t i = 0; i < spec->pass_fds_count; i++) {
        inherit(&stdio[3 + i], spec->pass_fds[i]);
    }
    uv_process_options_t options = {0};
    options.exit_cb = on_exit_of_child;
    options.file = spec->file;
    memcpy(&options.args, &spec->argv, sizeof(options.args)); /* libuv only reads them, its type does not say so */
    memcpy(&options.env, &spec->env, sizeof(options.env));
    options.stdio = stdio;
    options.stdio_count = 3 + (int)spec->pass_fds_count;
    if (uv_spawn(&loop->uv, &child->handle, &options) != 0) {
        hb_loop_close_handle((uv_handle_t *)&child->handle);
        return HB_ERR_IO;
    }
    *ret_child = child;
    return HB_OK;
}

enum hb_err hb_child_signal(struct hb_child *child, int number)
{
    if (child->is_ended) {
        return HB_ERR_NOT_FOUND;
    }
    return uv_process_kill(&child->handle, number) == 0 ? HB_OK : HB_ERR_NOT_FOUND;
}

int hb_child_pid(const struct hb_child *child)
{
    return child->handle.pid;
}

void hb_child_free(struct hb_child **child_ref)
{
    struct hb_child *child = *child_ref;
    if (!child) {
        return;
    }
    *child_ref = NULL;
    if (child->is_ended) {
        hb_loop_close_handle((uv_handle_t *)&child->handle);
        return;
    }
    child->is_forgotten = true; /* the handle stays to reap it, without keeping the loop alive */
    uv_unref((uv_handle_t *)&child->handle);
}
