/* Job: the reference documents that are made from the tables: configuration, log events, metrics, errors, outcomes,
 * topics, a delivery's states, SALESmanago's limits and answers.
 *
 * Place: `hookbus config reference` prints the first; the `docs` build target writes all of them to docs/generated, and
 * the house test `generated` holds the files against this.
 * Fails: the errors of hb_buf_add.
 * Threads: any. */
#ifndef CLI_CONFIG_REFERENCE_H
#define CLI_CONFIG_REFERENCE_H

#include "hookbus/bytes.h"

#define HB_REFERENCE_BYTES_MAX (1024 * 1024)

enum hb_reference {
    HB_REFERENCE_CONFIG,
    HB_REFERENCE_LOG_EVENTS,
    HB_REFERENCE_METRICS,
    HB_REFERENCE_ERRORS,
    HB_REFERENCE_OUTCOMES,
    HB_REFERENCE_TOPICS,
    HB_REFERENCE_DELIVERY_STATES,
    HB_REFERENCE_SALESMANAGO,
    HB_REFERENCE_COUNT
};

/* The file's name in docs/generated ("config.md"). */
const char *hb_reference_file(enum hb_reference reference);
/* Appends the document, in Markdown. */
HB_MUST_USE enum hb_err hb_reference_write(enum hb_reference reference, struct hb_buf *ret_text);

#endif
