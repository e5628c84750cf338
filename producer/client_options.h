/* Job: libhookbus's options with defaults filled in and ranges checked.
 *
 * Place: used by producer/client.c when a producer is made. Owns / borrows: views into what the caller gave.
 * Fails: HOOKBUS_INVALID with a sentence that names the option and its range. Threads: any. */
#ifndef PRODUCER_CLIENT_OPTIONS_H
#define PRODUCER_CLIENT_OPTIONS_H

#include "hookbus/producer.h"
#include "platform/kafka/kafka.h"

struct hb_client_options {
    struct hb_kafka_producer_options kafka;
    struct hb_str topic_prefix;
    size_t queue_events_max, queue_bytes_max, event_bytes_max;
};

enum hookbus_status hb_client_options_settle(const struct hookbus_options *given, struct hb_client_options *ret_options,
                                             char *ret_why);

#endif
