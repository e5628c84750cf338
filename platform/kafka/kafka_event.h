/* Job: reads an event out of a Kafka message.
 *
 * Place: where core/event_record meets Kafka; the dispatcher's intake and history read events by this alone.
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

#endif
