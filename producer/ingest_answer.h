/* Job: turns the results of a request to publish into its answer.
 *
 * Place: last step of producer/ingest.c. The forms are in docs/publish.md:
 *   one event   202 {"status":202,"id":"…"}, with "duplicate":true when it was accepted before; else problem+json
 *   a batch     202 {"accepted":n,"refused":n,"results":[…]} as soon as one event was accepted; with none accepted the
 *               same as a problem: 503 if one of the items may succeed later, else 409, 413 or 400
 * Where an id could not be checked or marked: "deduplication":"off" and the header Hookbus-Deduplication: off.
 * Owns / borrows: reads the call only. Fails: HB_ERR_MEMORY. Limits: 1 KiB an item. Threads: the loop's. */
#ifndef PRODUCER_INGEST_ANSWER_H
#define PRODUCER_INGEST_ANSWER_H

#include "producer/accept.h"

struct hb_http_call;

/* The status of a batch: 202 if one item was accepted or is a duplicate. */
int hb_ingest_answer_status(const struct hb_accept_call *call);
/* Appends the body of a batch's answer. */
HB_MUST_USE enum hb_err hb_ingest_answer_batch(const struct hb_accept_call *call, struct hb_buf *ret_body);
/* Answers the HTTP call; scratch is cleared first. */
void hb_ingest_answer_send(struct hb_http_call *http, const struct hb_accept_call *call, bool is_batch,
                           struct hb_buf *scratch);
/* Answers with the refusal of a whole request. detail NULL: the refusal's own; retry_after_s 0: no such header. */
void hb_ingest_answer_refuse(struct hb_http_call *http, enum hb_refusal refusal, const char *detail, const char *field,
                             const char *should, int64_t retry_after_s);

#endif
