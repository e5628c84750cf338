/* Job: what the long-running commands share: ending on a signal, dying with the parent that supervises them, and the
 * name a worker has in its consumer group.
 *
 * Place: `hookbus api`, `dispatcher`, `catalog`, `salesmanago`, `run`. SIGTERM, SIGINT and SIGHUP (the terminal was
 * closed; not under nohup) ask for a graceful end, once. A supervised child (--supervised) leaves SIGINT and SIGHUP to
 * its parent, which turns either into one SIGTERM for each, and dies if the parent does. Owns / borrows: the loop is
 * the setup's. Fails: HB_ERR_IO, HB_ERR_MEMORY. Threads: the loop's. */
#ifndef CLI_ROLE_H
#define CLI_ROLE_H

#include "cli/command.h"
#include "cli/setup.h"

struct hb_signal;

struct hb_role_signals {
    struct hb_setup *setup;
    struct hb_signal *term, *interrupt, *hangup;
    bool is_stopping;
    void (*stop)(void *user); /* called once */
    void (*again)(void *user); /* a second signal: end at once; NULL: the loop stops */
    void *user;
};

/* Watches the signals; fill in setup, stop, again and user before. */
HB_MUST_USE enum hb_err hb_role_signals_init(struct hb_role_signals *signals, bool is_supervised);
void hb_role_signals_deinit(struct hb_role_signals *signals);
/* Asks for the end as a signal would. */
void hb_role_stop(struct hb_role_signals *signals);

/* How a role ends; fill in setup before. Its worker's callbacks have it as their user: stopped as it was asked to, or
 * not able to go on. */
struct hb_role_end {
    struct hb_setup *setup;
    struct hb_error error; /* code HB_OK: nothing failed */
};
void hb_role_stopped(void *end);
void hb_role_failed(void *end, const char *sentence);
/* What ends a role's command: with `begun` HB_OK the loop runs until it is stopped, and `end` says what failed
 * meanwhile; the log, if it stands already, gets how it ended. Returns the command's outcome, its words in the cli's
 * error. */
HB_MUST_USE enum hb_err hb_role_run(struct hb_cli *cli, enum hb_err begun, const struct hb_role_end *end);

/* The static name in the consumer group: the same after a restart, another on each machine: `instance`, or the host's
 * name if that is NULL. */
#define HB_ROLE_NAME_MAX 128 /* with NUL; a longer one is cut */
void hb_role_name(const char *instance, char ret_name[HB_ROLE_NAME_MAX]);

#endif
