/* Job: one event that libhookbus has taken, with all its bytes in one piece of memory.
 *
 * Place: made by producer/client.c on the publishing thread, produced and called back on the producer's thread.
 * Owns / borrows: an entry owns copies of everything; the caller's strings are read only while it is made.
 * Fails: HOOKBUS_INVALID, HOOKBUS_TOO_LARGE (with a sentence), HOOKBUS_MEMORY.
 * Limits: the grammar of core/event_rules.h, event_bytes_max. Threads: an entry belongs to one thread at a time. */
#ifndef PRODUCER_CLIENT_ENTRY_H
#define PRODUCER_CLIENT_ENTRY_H

#include "core/event_rules.h"
#include "hookbus/producer.h"
#include "platform/kafka/kafka.h"

struct hookbus_producer;

struct hb_client_entry {
    struct hb_client_entry *next;
    struct hookbus_producer *producer;
    hookbus_ack_fn *ack; /* may be NULL */
    void *user;
    size_t bytes;          /* what it counts against queue_bytes_max */
    struct hb_event event; /* views into `memory` and the id below */
    char id[HOOKBUS_ID_BYTES];
    char memory[];
};

/* Checks the event by the rules of the bus and copies it. An id is made from `at` and `random` when it has none. */
enum hookbus_status hb_client_entry_new(const struct hookbus_event *event, size_t event_bytes_max, struct hb_wall at,
                                        const unsigned char random[10], struct hb_client_entry **ret_entry,
                                        char *ret_why);
/* Gives the entry to Kafka; errors as hb_kafka_produce. The entry is the acknowledgement's user pointer. */
HB_MUST_USE enum hb_err hb_client_entry_produce(struct hb_client_entry *entry, struct hb_kafka_producer *kafka,
                                                struct hb_str topic_prefix, hb_kafka_ack_fn *ack);

#endif
