/* Job: publishes many events from a stream of lines (NDJSON), in batches, several under way at a time.
 *
 * Place: `hookbus publish` without a type. A line is one event as `POST …/events` takes it; its bytes go out as they
 * came.
 * Owns / borrows: nothing after it returned. Fails: HB_ERR_INVALID (a line is no JSON, or events were refused:
 * counted, the rest went on), those of cli/api_client.h. Limits: HB_BATCH_EVENTS or HB_BATCH_BYTES a request, four
 * requests at a time. Threads: one. */
#ifndef CLI_PUBLISH_STREAM_H
#define CLI_PUBLISH_STREAM_H

#include <stdio.h>

#include "cli/api_client.h"

#define HB_BATCH_EVENTS 1000
#define HB_BATCH_BYTES ((size_t)4 * 1024 * 1024)
#define HB_REFUSED_LINES_MAX 1000
#define HB_LINE_BYTES_MAX ((size_t)2 * 1024 * 1024)

struct hb_published {
    uint64_t accepted, duplicates, refused;
    bool is_dedup_off;
    uint64_t refused_lines[HB_REFUSED_LINES_MAX]; /* of the first so many refused events */
    char first_problem[512]; /* of the first refused event, with its line; empty: none */
};

/* Reads `in` to its end. ret_published is right also when it fails. */
HB_MUST_USE enum hb_err hb_publish_stream(struct hb_cli *cli, struct hb_api *api, const char *path, FILE *in,
                                          struct hb_published *ret_published);

#endif
