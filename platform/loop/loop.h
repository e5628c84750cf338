/* Job: the event loop of a process: descriptors, timers, signals, wake-ups from other threads, child processes.
 *
 * Place: the only includer of libuv. Everything that waits, waits here.
 * Owns / borrows: the loop owns its watchers; each is freed by its own _free, which may be called from inside any
 * callback (also its own) and takes effect before the function returns: no callback comes after it.
 * Fails: HB_ERR_MEMORY, HB_ERR_IO. Threads: the loop's thread only, but for hb_wake_send.
 * Limits: a loop runs one callback at a time; a callback that takes over 50 ms is a bug the loop counts. */
#ifndef PLATFORM_LOOP_LOOP_H
#define PLATFORM_LOOP_LOOP_H

#include "hookbus/error.h"
#include "hookbus/time.h"

struct hb_loop;
struct hb_watch;
struct hb_timer;
struct hb_wake;
struct hb_signal;

#define HB_WATCH_READ 1
#define HB_WATCH_WRITE 2

HB_MUST_USE enum hb_err hb_loop_new(struct hb_loop **ret_loop);
/* Closes what is left of watchers and frees the loop; NULL is allowed; sets the pointer to NULL. */
void hb_loop_free(struct hb_loop **loop);
/* Runs until hb_loop_stop, or until nothing is left to wait for. */
void hb_loop_run(struct hb_loop *loop);
/* Runs until something happened or timeout_ms passed (0: only what is ready now). For tests and blocking
 * commands. */
void hb_loop_run_once(struct hb_loop *loop, int timeout_ms);
/* Makes hb_loop_run return once the running callback has returned (others due in the same turn may still come). */
void hb_loop_stop(struct hb_loop *loop);
/* Time as of the current turn of the loop: cheap. Monotonic in microseconds, and wall. */
struct hb_mono hb_loop_mono(const struct hb_loop *loop);
struct hb_wall hb_loop_wall(const struct hb_loop *loop);
/* Reads the clocks anew (after a long piece of work). */
void hb_loop_update_time(struct hb_loop *loop);
/* Times a callback took longer than 50 ms, and the longest so far in microseconds. */
uint64_t hb_loop_stalls(const struct hb_loop *loop);
int64_t hb_loop_longest_us(const struct hb_loop *loop);
/* CPU time that the calling thread, which is the loop's, has used so far. A system call. */
int64_t hb_loop_cpu_us(const struct hb_loop *loop);

/* events: HB_WATCH_*; an error on the descriptor counts as readable and writable. May come once too often after a
 * change (the descriptor must be non-blocking); never after hb_watch_set(0) or hb_watch_free returned. */
typedef void hb_watch_fn(void *user, int events);
/* One watch a descriptor at a time. Wants nothing yet. HB_ERR_IO: the descriptor cannot be watched (a plain file,
 * closed). */
HB_MUST_USE enum hb_err hb_watch_new(struct hb_loop *loop, int fd, hb_watch_fn *fn, void *user,
                                        struct hb_watch **ret_watch);
/* Which events are wanted; 0 pauses. A change costs nothing until the loop waits. Call with 0 or free the watch before
 * the descriptor is closed. */
void hb_watch_set(struct hb_watch *watch, int events);
void hb_watch_free(struct hb_watch **watch);

typedef void hb_timer_fn(void *user);
/* A timer that is not running yet. */
HB_MUST_USE enum hb_err hb_timer_new(struct hb_loop *loop, hb_timer_fn *fn, void *user, struct hb_timer **ret_timer);
/* (Re)starts: fires once after delay_ms, then every repeat_ms if that is not 0. */
void hb_timer_start(struct hb_timer *timer, int64_t delay_ms, int64_t repeat_ms);
void hb_timer_stop(struct hb_timer *timer);
/* Whether it will still fire. */
bool hb_timer_is_running(const struct hb_timer *timer);
void hb_timer_free(struct hb_timer **timer);

/* Called on the loop's thread, once for one or more hb_wake_send since. */
typedef void hb_wake_fn(void *user);
HB_MUST_USE enum hb_err hb_wake_new(struct hb_loop *loop, hb_wake_fn *fn, void *user, struct hb_wake **ret_wake);
/* From any thread. */
void hb_wake_send(struct hb_wake *wake);
void hb_wake_free(struct hb_wake **wake);

typedef void hb_signal_fn(void *user, int number);
HB_MUST_USE enum hb_err hb_signal_new(struct hb_loop *loop, int number, hb_signal_fn *fn, void *user,
                                         struct hb_signal **ret_signal);
void hb_signal_free(struct hb_signal **signal);

/* A child process, started by exec (never fork alone: the Kafka client does not survive it). */
struct hb_child;
/* status: exit code, or 128 + signal. The child object is still the owner's to free. */
typedef void hb_child_fn(void *user, int status);
struct hb_child_spec {
    const char *file;         /* program, looked up in PATH */
    char *const *argv;        /* NULL-terminated */
    char *const *env;         /* NULL-terminated, or NULL: as ours */
    const int *pass_fds;      /* descriptors given to the child as 3, 4, … */
    size_t pass_fds_count;
    hb_child_fn *exited;
    void *user;
};
HB_MUST_USE enum hb_err hb_child_new(struct hb_loop *loop, const struct hb_child_spec *spec,
                                        struct hb_child **ret_child);
/* Sends a signal; HB_ERR_NOT_FOUND when it ended already. */
enum hb_err hb_child_signal(struct hb_child *child, int number);
int hb_child_pid(const struct hb_child *child);
/* Forgets the child (does not end it; it is still reaped while the loop runs). */
void hb_child_free(struct hb_child **child);

#endif
