/* Job: one catalog worker: the pieces of the role put together, its signals and its readiness.
 *
 * Place: run by `hookbus catalog`. Needs neither the registry nor Redis nor keys: it merges what stands in Kafka into
 * Kafka. Fails: with a sentence in cli->error. Threads: the loop's; the room has one of its own. */
#ifndef CLI_CATALOG_ROLE_H
#define CLI_CATALOG_ROLE_H

#include "cli/command.h"

struct hb_catalog_role_options {
    bool is_supervised; /* started by hookbus run */
    bool resets_offsets;
};
HB_MUST_USE enum hb_err hb_catalog_role_run(struct hb_cli *cli, const struct hb_catalog_role_options *options);

#endif
