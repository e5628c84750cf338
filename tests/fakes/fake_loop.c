#include "fakes/fake_loop.h"

#include <stdlib.h>

#define ROUNDS_MAX 200000

struct hb_watch {
    struct hb_watch *next;
    struct hb_loop *loop;
    int fd, wanted;
    hb_watch_fn *fn;
    void *user;
    bool is_freed;
};
struct hb_timer {
    struct hb_timer *next;
    struct hb_loop *loop;
    hb_timer_fn *fn;
    void *user;
    int64_t due_us, repeat_us;
    bool is_running, is_freed;
};
struct hb_loop {
    int64_t now_us, shift_ms;
    bool is_busy;
    struct hb_watch *watches;
    struct hb_timer *timers;
    bool (*is_readable)(int fd);
};

struct hb_loop *fake_loop_new(void)
{
    struct hb_loop *loop = calloc(1, sizeof *loop);
    HB_ASSERT(loop);
    return loop;
}

/* Outside of all walks only. */
static void sweep(struct hb_loop *loop)
{
    for (struct hb_watch **at = &loop->watches; *at;) {
        struct hb_watch *watch = *at;
        if (!watch->is_freed) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free(watch);
    }
    for (struct hb_timer **at = &loop->timers; *at;) {
        struct hb_timer *timer = *at;
        if (!timer->is_freed) {
            at = &timer->next;
            continue;
        }
        *at = timer->next;
        free(timer);
    }
}

void fake_loop_free(struct hb_loop **loop)
{
    sweep(*loop);
    HB_ASSERT(!(*loop)->watches && !(*loop)->timers);
    free(*loop);
    *loop = NULL;
}

void fake_loop_set_readable(struct hb_loop *loop, bool (*is_readable)(int fd)) { loop->is_readable = is_readable; }

static bool fire_timer(struct hb_timer *timer)
{
    if (timer->is_freed || !timer->is_running || timer->due_us > timer->loop->now_us)
        return false;
    timer->is_running = timer->repeat_us > 0;
    timer->due_us += timer->repeat_us;
    timer->fn(timer->user);
    return true;
}

int fake_loop_turn(struct hb_loop *loop)
{
    int called = 0;
    for (struct hb_timer *timer = loop->timers; timer; timer = timer->next)
        called += fire_timer(timer);
    for (struct hb_watch *watch = loop->watches; watch; watch = watch->next) {
        if (watch->is_freed || !(watch->wanted & HB_WATCH_READ) || !loop->is_readable(watch->fd))
            continue;
        watch->fn(watch->user, HB_WATCH_READ);
        called++;
    }
    sweep(loop);
    return called;
}

void fake_loop_settle(struct hb_loop *loop)
{
    for (int round = 0; fake_loop_turn(loop) > 0; round++)
        HB_ASSERT(round < ROUNDS_MAX); /* a loop that never rests */
}

void fake_loop_advance(struct hb_loop *loop, int64_t ms)
{
    int64_t end_us = loop->now_us + ms * HB_US_PER_MS;
    fake_loop_settle(loop);
    for (;;) {
        int64_t next_us = end_us;
        for (struct hb_timer *timer = loop->timers; timer; timer = timer->next)
            if (!timer->is_freed && timer->is_running && timer->due_us < next_us)
                next_us = timer->due_us;
        if (next_us > loop->now_us)
            loop->now_us = next_us;
        fake_loop_settle(loop);
        if (loop->now_us >= end_us)
            return;
    }
}

struct hb_mono hb_loop_mono(const struct hb_loop *loop) { return (struct hb_mono){loop->now_us}; }
struct hb_wall hb_loop_wall(const struct hb_loop *loop) { return (struct hb_wall){FAKE_LOOP_START_MS + loop->shift_ms + loop->now_us / HB_US_PER_MS}; }
int64_t hb_loop_cpu_us(const struct hb_loop *loop) { return loop->is_busy ? loop->now_us : 0; }
void fake_loop_set_busy(struct hb_loop *loop, bool is_busy) { loop->is_busy = is_busy; }
void fake_loop_set_wall(struct hb_loop *loop, int64_t shift_ms) { loop->shift_ms = shift_ms; }

enum hb_err hb_watch_new(struct hb_loop *loop, int fd, hb_watch_fn *fn, void *user, struct hb_watch **ret_watch)
{
    struct hb_watch *watch = calloc(1, sizeof *watch);
    HB_ASSERT(watch);
    *watch = (struct hb_watch){.next = loop->watches, .loop = loop, .fd = fd, .fn = fn, .user = user};
    *ret_watch = loop->watches = watch;
    return HB_OK;
}

void hb_watch_set(struct hb_watch *watch, int events) { watch->wanted = events; }

void hb_watch_free(struct hb_watch **watch)
{
    if (*watch)
        (*watch)->is_freed = true;
    *watch = NULL;
}

enum hb_err hb_timer_new(struct hb_loop *loop, hb_timer_fn *fn, void *user, struct hb_timer **ret_timer)
{
    struct hb_timer *timer = calloc(1, sizeof *timer);
    HB_ASSERT(timer);
    *timer = (struct hb_timer){.next = loop->timers, .loop = loop, .fn = fn, .user = user};
    *ret_timer = loop->timers = timer;
    return HB_OK;
}

void hb_timer_start(struct hb_timer *timer, int64_t delay_ms, int64_t repeat_ms)
{
    timer->is_running = true;
    timer->due_us = timer->loop->now_us + delay_ms * HB_US_PER_MS;
    timer->repeat_us = repeat_ms * HB_US_PER_MS;
}

void hb_timer_stop(struct hb_timer *timer) { timer->is_running = false; }
bool hb_timer_is_running(const struct hb_timer *timer) { return timer->is_running; }

void hb_timer_free(struct hb_timer **timer)
{
    if (*timer)
        (*timer)->is_freed = true;
    *timer = NULL;
}
