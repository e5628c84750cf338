/* Job: one GET over plain HTTP to a role of ours on this machine (metrics).
 *
 * Place: `hookbus top`. Fails: HB_ERR_AWAY (nobody answers in time, or not with 200). Limits: limit_ms in all. Threads:
 * one; blocks. */
#ifndef CLI_PLAIN_GET_H
#define CLI_PLAIN_GET_H

#include "hookbus/bytes.h"

/* address: an IP address; an unspecified one ("0.0.0.0", "::") means loopback. Appends the answer's body. */
HB_MUST_USE enum hb_err hb_plain_get(const char *address, int port, const char *path, int limit_ms,
                                     struct hb_buf *ret_body);

#endif
