/* Job: one process of the role `hookbus salesmanago`: its pieces from the configuration, its readiness, its end.
 *
 * Place: started by cli/command_salesmanago.c. Owns / borrows: everything it makes. Fails: as the pieces do, with a
 * sentence in cli->error. Threads: the loop's. */
#ifndef CLI_SALESMANAGO_ROLE_H
#define CLI_SALESMANAGO_ROLE_H

#include "cli/command.h"

/* Runs until it is asked to end. */
HB_MUST_USE enum hb_err hb_salesmanago_role_run(struct hb_cli *cli, bool is_supervised);

#endif
