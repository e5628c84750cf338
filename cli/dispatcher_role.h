/* Job: one dispatcher process: the registry, the outgoing client and the dispatcher on a loop, until it is told to
 * end.
 *
 * Place: `hookbus dispatcher` without --workers, and each of its workers (with a page of the parent instead of a
 * server).
 * Fails: as its pieces. Threads: one; returns when the role has ended. */
#ifndef CLI_DISPATCHER_ROLE_H
#define CLI_DISPATCHER_ROLE_H

#include "cli/command.h"

struct hb_dispatcher_role_options {
    int number;          /* of the worker; 0: the only one */
    bool is_worker;      /* has a parent: the page on descriptor 3, no server */
    bool is_supervised;  /* by `hookbus run` */
    bool resets_offsets;
};
HB_MUST_USE enum hb_err hb_dispatcher_role_run(struct hb_cli *cli, const struct hb_dispatcher_role_options *options);

/* The parent of `count` workers (cli/dispatcher_parent.c). */
HB_MUST_USE enum hb_err hb_dispatcher_parent_run(struct hb_cli *cli, int count, bool is_supervised,
                                                 bool resets_offsets);

#endif
