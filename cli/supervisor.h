/* Job: keeps child processes running: starts them by exec of this program, starts them again with back-off, ends
 * them together.
 *
 * Place: `hookbus run` (its roles) and `hookbus dispatcher --workers N`. Uses the loop and nothing that holds
 * threads: a child is always an exec, never a fork of Kafka's client. Back-off: 200 ms doubling to 10 s; a child
 * that ran for a minute begins anew. A child that never ran for 10 s and ends with an exit code that says "this
 * cannot work" (a wrong configuration, a port that is taken) is not started again: `failed` is called.
 * Owns / borrows: the specs' argv must outlive it. Fails: HB_ERR_MEMORY, HB_ERR_IO. Limits: HB_CHILDREN_MAX.
 * Threads: the loop's. */
#ifndef CLI_SUPERVISOR_H
#define CLI_SUPERVISOR_H

#include "cli/setup.h"

#define HB_CHILDREN_MAX 64
#define HB_CHILD_ARGV_MAX 24

struct hb_supervisor;

struct hb_supervised {
    const char *name;                    /* "api", "worker-1": for logs */
    const char *argv[HB_CHILD_ARGV_MAX]; /* without the program, NULL-ended */
    int page_fd;                         /* given to the child as descriptor 3; -1: none */
};

struct hb_supervisor_options {
    struct hb_setup *setup;
    const struct hb_supervised *children;
    size_t children_count;
    int grace_ms; /* after SIGTERM; then SIGKILL */
    /* A child ended (and is started again later, unless all is ending). May be NULL. */
    void (*ended)(void *user, size_t child, int status);
    void (*stopped)(void *user);                                   /* after _stop: all have ended */
    void (*failed)(void *user, const char *name, int status);      /* this child cannot run: the role must end */
    void *user;
};

HB_MUST_USE enum hb_err hb_supervisor_new(const struct hb_supervisor_options *options,
                                          struct hb_supervisor **ret_supervisor, struct hb_error *reterr);
/* Kills what still runs. */
void hb_supervisor_free(struct hb_supervisor **supervisor);
/* SIGTERM to all, SIGKILL after the grace; `stopped` when all have ended. */
void hb_supervisor_stop(struct hb_supervisor *supervisor);
/* SIGKILL to all that are left. */
void hb_supervisor_kill(struct hb_supervisor *supervisor);
/* Times a child was started again. */
uint64_t hb_supervisor_restarts(const struct hb_supervisor *supervisor);

#endif
