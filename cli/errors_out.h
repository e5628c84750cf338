/* Job: says on standard error why a command failed: a sentence for people, an object for programs.
 *
 * Place: the end of cli/run.c. Owns: nothing. Fails: never. Threads: one. */
#ifndef CLI_ERRORS_OUT_H
#define CLI_ERRORS_OUT_H

#include "cli/command.h"

/* The error's own sentence, or the code's text if it has none. */
void hb_errors_out(const struct hb_cli *cli, enum hb_err err);

#endif
