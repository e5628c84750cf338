/* Job: reads an endless answer of hookbus's own API line by line.
 *
 * Place: `hookbus event tail`. platform/http_client gives whole answers; this speaks plain HTTP/1.1 to the api's own
 * address only.
 * Fails: HB_ERR_AWAY, HB_ERR_CONFIG (an https api: put a plain one on loopback before it, or poll), those of an API
 * problem.
 * Limits: lines of 1 MiB. Threads: one; blocks. */
#ifndef CLI_API_STREAM_H
#define CLI_API_STREAM_H

#include "cli/api_client.h"

/* Calls `fn` for each line until it returns false or the api ends the stream. */
HB_MUST_USE enum hb_err hb_api_stream(struct hb_cli *cli, const struct hb_api *api, const char *path,
                                      bool (*fn)(void *user, struct hb_str line), void *user);

#endif
