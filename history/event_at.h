/* Job: reads one event out of Kafka by where it stands, as the API shows it.
 *
 * Place: behind GET …/deliveries/{delivery}. Fails: HB_ERR_NOT_FOUND: the record is not there any more, is no event or
 * another one than asked for; as platform/kafka. Limits: HB_EVENT_AT_MS_MAX. Threads: any but the loop's: it waits. */
#ifndef HISTORY_EVENT_AT_H
#define HISTORY_EVENT_AT_H

#include "hookbus/event.h"
#include "platform/json/json.h"
#include "platform/kafka/kafka.h"

#define HB_EVENT_AT_MS_MAX 5000

struct hb_event_at {
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    struct hb_str store, event; /* event empty: any of the store */
    struct hb_position position;
    bool has_data;
    struct hb_mono (*now)(void);
};
/* Adds the members of "event" into an open object. */
HB_MUST_USE enum hb_err hb_event_at(const struct hb_event_at *ask, struct hb_json_writer *w, struct hb_error *reterr);

#endif
