/* Job: what a process writes to Kafka about deliveries: one producer, on it lines of history and journal records.
 *
 * Place: made by the role (dispatcher, api), shared by its rooms. Nobody else writes `attempts` or `journal`.
 * Owns / borrows: producer, watch, lines and journal are its own; listeners are borrowed.
 * Fails: as Kafka's producer. Limits: hb_outbox_is_congested: with 5 s of silence from Kafka, a refusal, or a thousand
 * records waiting nothing more is fetched, claimed or sent. Threads: the loop's.
 *
 * Example:
 *     struct hb_outbox_options options = {.loop = loop, .config = config, .cluster = cluster, .worker = "shop-0"};
 *     err = hb_outbox_new(&options, &outbox, reterr);
 *     err = hb_journal_put(hb_outbox_journal(outbox), &record, done, user); */
#ifndef RECORDS_OUTBOX_H
#define RECORDS_OUTBOX_H

#include "hookbus/config.h"
#include "records/journal.h"
#include "records/lines.h"

#define HB_OUTBOX_LISTENERS_MAX 4

struct hb_outbox;

struct hb_outbox_options {
    struct hb_loop *loop;
    const struct hb_config *config; /* read by hb_outbox_new alone */
    struct hb_kafka_cluster cluster;
    const char *worker; /* key of attempt records; must live as long */
};
/* Any may be NULL. */
struct hb_outbox_listener {
    void (*moved)(void *user); /* acknowledgements came: what waited for them may go on */
    /* Kafka does not permit a record (HB_ERR_DENIED; written again until it does) or the producer is finished
     * (HB_ERR_FATAL): work must stop, red. what: "history" or "journal". */
    void (*refused)(void *user, const char *what, enum hb_err err, const char *text);
    void *user;
};
HB_MUST_USE enum hb_err hb_outbox_new(const struct hb_outbox_options *options, struct hb_outbox **ret_outbox,
                                      struct hb_error *reterr);
/* NULL is allowed. Ends it first. */
void hb_outbox_free(struct hb_outbox **outbox);
/* The listener must live until it is taken out again or the outbox is freed. More than HB_OUTBOX_LISTENERS_MAX is a
 * bug. */
void hb_outbox_listen(struct hb_outbox *outbox, const struct hb_outbox_listener *listener);
void hb_outbox_unlisten(struct hb_outbox *outbox, const struct hb_outbox_listener *listener);

struct hb_lines *hb_outbox_lines(struct hb_outbox *outbox);     /* not after hb_outbox_end */
struct hb_journal *hb_outbox_journal(struct hb_outbox *outbox); /* not after hb_outbox_end */
/* For records of which nothing need be known (run-time state, watermarks). NULL after hb_outbox_end. */
struct hb_kafka_producer *hb_outbox_producer(struct hb_outbox *outbox);
/* Nothing more may be fetched, claimed or sent until Kafka acknowledges. Also when it has ended. */
bool hb_outbox_is_congested(const struct hb_outbox *outbox);
/* Lines and journal records not acknowledged yet. */
size_t hb_outbox_waiting(const struct hb_outbox *outbox);
/* Serves what Kafka acknowledged (also once a second when nothing woke us). */
void hb_outbox_poll(struct hb_outbox *outbox);
/* Sends gathered lines now; waits (blocking) at most so long for Kafka to have everything. 0: does not wait. */
void hb_outbox_flush(struct hb_outbox *outbox, int timeout_ms);
/* The end, the first time it is called: waits at most so long, then everything not acknowledged is given back as
 * dropped, out of this call. Whoever still has something in here must be alive. */
void hb_outbox_end(struct hb_outbox *outbox, int timeout_ms);

#endif
