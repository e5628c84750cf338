/* Job: pieces of work on threads of their own, whose ends come back to the loop.
 *
 * Place: questions to the read model and readings of Kafka that a call waits for. Owns / borrows: a work belongs to its
 * maker, who frees it in `done` or `drop`. Fails: HB_ERR_FULL (too many at a time, of all or of this store),
 * HB_ERR_MEMORY; then nothing is called. Limits: as given. Threads: `run` on the work's own thread; everything else the
 * loop's.
 *
 * Example:
 *     ask->work = (struct hb_work){.store = store, .run = run, .done = answer, .drop = ask_free, .user = ask};
 *     err = hb_works_start(works, &ask->work); */
#ifndef HISTORY_WORKS_H
#define HISTORY_WORKS_H

#include <pthread.h>

#include "hookbus/bytes.h"

struct hb_loop;
struct hb_wake;
struct hb_works;

struct hb_work {
    struct hb_str store;      /* lives as long as the work */
    void (*run)(void *user);  /* on a thread; must end by itself, soon */
    void (*done)(void *user); /* it has ended */
    void (*drop)(void *user); /* at the end of all, instead of `done`: frees, answers nobody */
    void *user;
    /* hb_works' own: */
    struct hb_works *works;
    struct hb_work *next;
    struct hb_wake *wake;
    pthread_t thread;
};

/* store_max of the `max` may be one store's. */
HB_MUST_USE enum hb_err hb_works_new(struct hb_loop *loop, size_t max, size_t store_max, struct hb_works **ret_works);
/* Waits for what is under way and drops it. NULL is allowed; sets the pointer to NULL. */
void hb_works_free(struct hb_works **works);
HB_MUST_USE enum hb_err hb_works_start(struct hb_works *works, struct hb_work *work);

#endif
