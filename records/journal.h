/* Job: writes journal records (core/journal_record.h) and says when Kafka has them, and at which offset.
 *
 * Place: through the outbox (records/outbox.h), by whoever changes a delivery's state: the sender, the owner of a
 * shard, the api. A record goes to the partition of its webhook's shard. What Kafka refuses for a while is written
 * again until it has it, and what comes meanwhile goes behind it, so that records of a delivery stay in the order they
 * were given.
 * Owns / borrows: copies what it is given; `done` is called once a record, from the loop, never from inside
 * hb_journal_put. Fails: HB_ERR_MEMORY (nothing was taken).
 * Limits: the records not acknowledged; hb_journal_is_congested says that no more work should be begun.
 * Threads: the loop's. */
#ifndef RECORDS_JOURNAL_H
#define RECORDS_JOURNAL_H

#include "core/journal_record.h"
#include "platform/kafka/kafka.h"

struct hb_loop;
struct hb_journal;

/* err HB_OK: Kafka has it, at this offset of its shard's partition. HB_ERR_CLOSED: the end; it is not known whether
 * Kafka has it, offset -1. */
typedef void hb_journal_done_fn(void *user, enum hb_err err, int64_t offset);

struct hb_journal_options {
    struct hb_loop *loop;
    struct hb_kafka_producer *producer; /* must outlive the journal's last acknowledgement */
    struct hb_str topic_prefix;
    void (*refused)(void *user, enum hb_err err, const char *text); /* authorization or fatal: work must stop, red */
    void *user;
};
HB_MUST_USE enum hb_err hb_journal_new(const struct hb_journal_options *options, struct hb_journal **ret_journal);
/* The producer must have been freed before. What was not acknowledged ends with HB_ERR_CLOSED. */
void hb_journal_free(struct hb_journal **journal);
/* Writes a record; not a takeover. done may be NULL. */
HB_MUST_USE enum hb_err hb_journal_put(struct hb_journal *journal, const struct hb_journal_record *record,
                                       hb_journal_done_fn *done, void *user);
/* Writes a takeover record to a shard's partition (its `webhook` says nothing about the shard). */
HB_MUST_USE enum hb_err hb_journal_put_takeover(struct hb_journal *journal, int shard,
                                                const struct hb_journal_record *record, hb_journal_done_fn *done,
                                                void *user);
/* Records not acknowledged yet. */
size_t hb_journal_waiting(const struct hb_journal *journal);
/* As hb_lines_is_congested. */
bool hb_journal_is_congested(const struct hb_journal *journal);

/* The shard, which is the journal's partition, of a webhook: the first four bytes of SHA-256(id), big-endian, modulo
 * HB_SHARDS. */
int hb_journal_shard(struct hb_str webhook);
/* An event's subject as a journal record has it: the first eight bytes of SHA-256(subject), big-endian. */
uint64_t hb_journal_subject(struct hb_str subject);

#endif
