/* Job: small files a command reads and writes: keys, secrets, data to publish.
 *
 * Place: commands and roles at start; never on a delivery loop. Fails: HB_ERR_NOT_FOUND, HB_ERR_DENIED,
 * HB_ERR_TOO_LARGE, HB_ERR_CONFLICT (exists already), HB_ERR_IO, HB_ERR_MEMORY, each with a sentence that names the
 * file. Threads: one; blocks. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "hookbus/bytes.h"

/* Appends a whole file; "-" is standard input. At most the buffer's maximum. */
HB_MUST_USE enum hb_err hb_file_read(const char *path, struct hb_buf *ret_text, struct hb_error *reterr);
/* The same for a file with a secret in it: refused (HB_ERR_DENIED) when others than its owner may read it. */
HB_MUST_USE enum hb_err hb_file_read_private(const char *path, struct hb_buf *ret_text, struct hb_error *reterr);
/* Makes a new file (0600) with this text, on disk when it returns. HB_ERR_CONFLICT: there is one already, untouched. */
HB_MUST_USE enum hb_err hb_file_make_private(const char *path, struct hb_str text, struct hb_error *reterr);

#endif
