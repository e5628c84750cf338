/* Job: shows a received webhook: a line for people, an object for programs, and counts them.
 *
 * Place: `hookbus listen`. Owns / borrows: the record file; ids of deliveries seen, to tell repeats (the last 100,000).
 * Fails: HB_ERR_IO (the record file). Threads: one. */
#ifndef CLI_LISTEN_VIEW_H
#define CLI_LISTEN_VIEW_H

#include "cli/output.h"
#include "cli/verify.h"
#include "core/map.h"

struct hb_received {
    struct hb_wall at;
    struct hb_str path, id, type, store, delivery, attempt, content_type, body;
    enum hb_verify verify;
    int status; /* what is answered */
};

struct hb_listen_view {
    const struct hb_output *output;
    FILE *record; /* NULL: none */
    struct hb_map seen;
    uint64_t received, verified, repeated;
};

/* record NULL: no file. */
HB_MUST_USE enum hb_err hb_listen_view_init(struct hb_listen_view *view, const struct hb_output *output,
                                            const char *record, struct hb_error *reterr);
void hb_listen_view_deinit(struct hb_listen_view *view);
void hb_listen_view_show(struct hb_listen_view *view, const struct hb_received *received);
/* The sum, at the end. */
void hb_listen_view_end(const struct hb_listen_view *view);

#endif
