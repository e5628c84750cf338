/* Job: asks a person for a secret, without showing what is typed; and for a plain line.
 *
 * Place: commands that need a key. Owns: the terminal's settings while it asks, given back in any case. Fails:
 * HB_ERR_NOT_FOUND (standard input is no terminal: take the secret from a file), HB_ERR_DENIED (Ctrl-C),
 * HB_ERR_TOO_LARGE, HB_ERR_IO. Threads: one; blocks. */
#ifndef CLI_HIDDEN_INPUT_H
#define CLI_HIDDEN_INPUT_H

#include "hookbus/bytes.h"

/* Writes the question on standard error and appends the line that is typed, without its end. Wipe the buffer. */
HB_MUST_USE enum hb_err hb_hidden_input(const char *question, struct hb_buf *ret_text, struct hb_error *reterr);
/* The same, shown as it is typed. */
HB_MUST_USE enum hb_err hb_shown_input(const char *question, struct hb_buf *ret_text, struct hb_error *reterr);

#endif
