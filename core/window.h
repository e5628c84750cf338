/* Job: how many requests one webhook may have in flight: a window that adapts.
 *
 * The rule is that of Postfix's queue manager: it grows by 1/N on each success, so by one after a whole cohort of N;
 * it shrinks at the first signal of overload (to half), and only once for all requests that were under way then, so
 * one bad moment is not punished N times. Answers that say nothing about load change nothing.
 * Place: one per webhook in dispatcher/. A plain value. Limits: 1..max. Threads: one. */
#ifndef CORE_WINDOW_H
#define CORE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct hb_window {
    int size;         /* requests that may be in flight now */
    int max;
    int successes;    /* since the window last changed */
    uint32_t epoch;   /* grows with each shrinking; a request remembers the one it started under */
};

/* A window that begins at `start` and never grows beyond `max`. */
struct hb_window hb_window_make(int start, int max);
/* The epoch to remember with a request that starts now. */
static inline uint32_t hb_window_epoch(const struct hb_window *window) { return window->epoch; }
/* A request ended well. */
void hb_window_success(struct hb_window *window);
/* A request that started under `epoch` met overload. */
void hb_window_overload(struct hb_window *window, uint32_t epoch);

#endif
