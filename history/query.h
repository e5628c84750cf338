/* Job: answers "was it sent, to whom, when": reads events and their attempt lines out of Kafka.
 *
 * Place: behind GET /v1/stores/{store}/events…; a query runs on a thread of its own (reading may take seconds) with
 * handles of its own, and touches nothing of the loop but its wake-up. The topics are the truth; fast answers about
 * deliveries come from the read model (history/model.h).
 * Owns / borrows: the spec's strings are copied; the result is owned by whoever takes it.
 * Fails: HB_ERR_AWAY, HB_ERR_BROKER; a query over its time or record limit answers what it has, marked incomplete.
 * Limits: HB_QUERY_MS_MAX, HB_QUERY_EVENTS_MAX events, HB_QUERY_BYTES_MAX of result. Threads: hb_query_run blocks:
 * call it on a thread. */
#ifndef HISTORY_QUERY_H
#define HISTORY_QUERY_H

#include "hookbus/event.h"
#include "platform/kafka/kafka.h"

#define HB_QUERY_EVENTS_MAX 500
#define HB_QUERY_BYTES_MAX (32 * 1024 * 1024)
#define HB_QUERY_MS_MAX 20000

struct hb_query_spec {
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    struct hb_str store;
    struct hb_str subject;  /* empty: any; given, only its partition is read */
    struct hb_str type;     /* empty: any; "order.*" is allowed */
    struct hb_str event;    /* empty: any; else this event alone */
    struct hb_wall since;   /* append time */
    size_t limit;           /* newest so many, 1..HB_QUERY_EVENTS_MAX */
    bool has_data;          /* show the data bytes */
    struct hb_mono (*now)(void); /* any thread; for the time limit */
};

/* Appends {"events":[{event, position, deliveries:[lines]}…], "complete": bool, "scanned": records} to ret_json, newest
 * first. */
HB_MUST_USE enum hb_err hb_query_run(const struct hb_query_spec *spec, struct hb_buf *ret_json,
                                     struct hb_error *reterr);

#endif
