/* Job: what the files of this folder share. Place: private to platform/loop.
 *
 * Every callback to a user runs between hb_loop_enter and hb_loop_leave, which read the clocks and count stalls.
 * Heap handles carry their own address in uv_handle_t.data, so one close callback frees them all. */
#ifndef PLATFORM_LOOP_LOOP_INTERNAL_H
#define PLATFORM_LOOP_LOOP_INTERNAL_H

#include "platform/loop/loop.h"

#include <uv.h>

/* A callback longer than this is a stall. */
#define HB_LOOP_STALL_US (50 * HB_US_PER_MS)
/* Descriptors served between two looks at the timers. */
#define HB_LOOP_BATCH 128

struct hb_loop {
    uv_loop_t uv;
    uv_prepare_t prepare;  /* applies changed watches before each wait */
    uv_poll_t ready;       /* the epoll set has something */
    uv_timer_t limit;      /* of hb_loop_run_once */
    int epoll_fd;
    struct hb_watch **watch_of_fd; /* who holds the kernel's registration of a descriptor */
    size_t watch_of_fd_count;
    struct hb_watch *watches; /* all of them */
    struct hb_watch *changed; /* those whose registration is not what is wanted */
    struct hb_watch *freed;   /* freed during a batch, memory kept until its end */
    size_t wanting_count;     /* watches that want something keep the loop alive */
    bool is_dispatching;
    bool is_running;
    bool is_stopping;
    struct hb_mono mono;
    struct hb_wall wall;
    uint64_t stalls;
    int64_t longest_us;
};

/* Brackets of a user's callback. */
void hb_loop_enter(struct hb_loop *loop);
void hb_loop_leave(struct hb_loop *loop);
/* Gives a heap handle back once libuv is done with it. */
void hb_loop_close_handle(uv_handle_t *handle);

/* The epoll set: made, emptied and freed with the loop. */
HB_MUST_USE enum hb_err hb_watch_set_open(struct hb_loop *loop);
void hb_watch_set_close(struct hb_loop *loop);

#endif
