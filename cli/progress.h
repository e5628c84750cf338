/* Job: shows on a terminal how far a long work is.
 *
 * Place: commands that may take seconds. On standard error, and only if that is a terminal: a log file never sees it.
 * Owns: nothing. Fails: never. Limits: draws at most ten times a second; time is passed in. Threads: one. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/output.h"
#include "hookbus/time.h"

struct hb_progress {
    const struct hb_output *output;
    const char *what; /* "published" */
    uint64_t total;   /* 0: not known */
    int64_t started_us;
    int64_t drawn_us; /* INT64_MIN: never */
};

/* total 0: it is not known how much there is. */
struct hb_progress hb_progress_start(const struct hb_output *output, const char *what, uint64_t total,
                                     struct hb_mono now);
/* Draws if it is time to. */
void hb_progress_show(struct hb_progress *progress, uint64_t done, struct hb_mono now);
/* Takes the line away, so that what follows stands at its beginning. */
void hb_progress_end(struct hb_progress *progress);

#endif
