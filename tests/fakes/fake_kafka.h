/* Job: the consumer and producer parts of platform/kafka/kafka.h without a broker: event partitions that a test appends to, records that wait
 * until the test acknowledges or fails them in any order, commits and rebalances that come when the test says so.
 *
 * Place: linked instead of hb_kafka. One cluster a test; it outlives its clients, so a second dispatcher finds what the first one left.
 * Holds the contract: a message not freed before its consumer, an offset that goes back, a poll out of a callback abort. Threads: one. */
#ifndef TESTS_FAKES_FAKE_KAFKA_H
#define TESTS_FAKES_FAKE_KAFKA_H

#include "platform/kafka/kafka.h"

#define FAKE_TOPICS 5
#define FAKE_PARTITIONS 4
#define FAKE_HEADERS 7
#define FAKE_CONSUMER_FD 1001
#define FAKE_PRODUCER_FD 1002

struct fake_event { /* a record of an event topic; NULL: the header is left out; value NULL: a tombstone */
    const char *store, *subject, *id, *type, *value, *stamp, *version;
};
/* A record the room produced and nobody has acknowledged yet. */
struct fake_record {
    struct fake_record *next;
    char topic[128];
    int32_t partition;
    char *key, *value; /* value NULL: a tombstone */
    char *headers;     /* "name: value\n"… */
    hb_kafka_ack_fn *ack;
    void *user;
};
/* What a test wants to see as it happens. Any may be NULL. */
struct fake_kafka_hooks {
    void (*stored)(void *user, int topic, int32_t partition, int64_t next_offset);
    void (*acked)(void *user, const struct fake_record *record); /* before the room hears of it */
    void *user;
};

void fake_kafka_open(const struct fake_kafka_hooks *hooks);
void fake_kafka_close(void);
/* For the loop: whether the client behind this descriptor has something to do. */
bool fake_kafka_is_readable(int fd);

/* Appends; returns its offset. */
int64_t fake_kafka_append(int topic, int32_t partition, const struct fake_event *event);
int64_t fake_kafka_end(int topic, int32_t partition);
void fake_kafka_set_low(int topic, int32_t partition, int64_t low);
void fake_kafka_set_end_base(int topic, int32_t partition, int64_t first); /* of an empty partition */
void fake_kafka_set_committed(int topic, int32_t partition, int64_t offset);
int64_t fake_kafka_committed(int topic, int32_t partition);
int64_t fake_kafka_stored(int topic, int32_t partition); /* -1: nothing in this assignment */

/* The group gives or takes a partition, with the next poll. */
void fake_kafka_assign(int topic, int32_t partition);
/* The group has no partition left for this member. */
void fake_kafka_assign_none(void);
void fake_kafka_revoke(int topic, int32_t partition);
void fake_kafka_error(enum hb_err err, int topic, int32_t partition, const char *text);
bool fake_kafka_is_paused(int topic, int32_t partition);
bool fake_kafka_is_refused(int topic, int32_t partition);
bool fake_kafka_has_consumer(void);
int fake_kafka_polls(void);
/* Commits what is stored. is_acked: the room hears of it with the next poll; else the answer is lost, and the client commits it again next time. */
void fake_kafka_commit(bool is_acked);
/* A commit that Kafka refuses: nothing is committed, the room hears so. */
void fake_kafka_commit_fails(void);

struct fake_record *fake_kafka_pending(void);
int fake_kafka_pending_count(void);
/* err HB_OK: acknowledged. Reaches the room with the next poll of its producer. */
void fake_kafka_ack(struct fake_record *record, enum hb_err err);
/* The value of a record's header, or NULL; in a buffer that the next call overwrites. */
const char *fake_record_header(const struct fake_record *record, const char *name);
void fake_kafka_ack_all(void);
/* The producer, when freed, hears good answers for what is pending instead of a time-out. */
void fake_kafka_ack_late(void);
/* While set, hb_kafka_produce fails with it. */
void fake_kafka_refuse(enum hb_err err);
/* While set: a flush waits in vain, and a consumer that is freed commits nothing. */
void fake_kafka_set_away(bool is_away);

#endif
