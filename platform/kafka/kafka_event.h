/* Job: reads an event out of a Kafka message, and writes one.
 *
 * Place: where core/event_record meets Kafka; whoever reads or publishes an event does it by
 * this alone.
 * Owns / borrows: the event's views point into the message and into the id's scratch, and live as both.
 * Fails: the answer says why a record is no event. Limits: headers beyond HB_KAFKA_HEADERS_MAX are not looked at.
 * Threads: the message's. */
#ifndef PLATFORM_KAFKA_KAFKA_EVENT_H
#define PLATFORM_KAFKA_KAFKA_EVENT_H

#include "core/event_record.h"
#include "platform/kafka/kafka.h"

/* As hb_event_from_record; `hash` is hb_sha256_pair of platform/crypto. */
enum hb_event_read hb_kafka_read_event(const struct hb_kafka_message *message, hb_hash_pair_fn *hash,
                                       char ret_id_scratch[HB_ID_MAX], struct hb_event *ret_event,
                                       struct hb_event_problem *ret_problem);
/* Writes an event that passed hb_event_check to its family's topic, under its key. As hb_kafka_produce; bytes are
 * copied. */
HB_MUST_USE enum hb_err hb_kafka_produce_event(struct hb_kafka_producer *producer, struct hb_str topic_prefix,
                                               const struct hb_event *event, hb_kafka_ack_fn *ack, void *user);

#endif
