/* Job: what happened in a store: the event, as every room sees it.
 *
 * An event is a view: its strings point into the Kafka record or request body it came from and live as long
 * as that does. The data bytes are never built anew or re-encoded.
 * Limits: ids 1..64 bytes of [A-Za-z0-9_-]; the grammar of the attributes is in core/event_rules.h. */
#ifndef HOOKBUS_EVENT_H
#define HOOKBUS_EVENT_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

#define HB_ID_MAX 64          /* bytes of an event, store or webhook id */
#define HB_TYPE_MAX 128       /* bytes of an event type */
#define HB_SUBJECT_MAX 256    /* bytes */
#define HB_CHANGED_MAX 4096   /* bytes of the comma-separated list of changed paths */
#define HB_TRACEPARENT_MAX 55 /* W3C Trace Context, version 00 */
#define HB_SEQUENCE_MAX 64    /* bytes */

/* Where a record stands in Kafka. topic is an enum hb_topic (topics.h). */
struct hb_position {
    int topic;
    int32_t partition;
    int64_t offset;
    struct hb_wall appended; /* LogAppendTime */
};

/* A header of a record, or any other pair of texts. */
struct hb_name_value {
    struct hb_str name;
    struct hb_str value;
};

/* The registry stamp of an event no hookbus api published. */
#define HB_NO_STAMP INT64_C(-1)

struct hb_event {
    struct hb_str id;           /* evt_… or the producer's own */
    struct hb_str store;
    struct hb_str type;         /* "product.updated" */
    struct hb_str subject;      /* the entity's id */
    struct hb_str time;         /* RFC 3339, as it came or as stamped on publish */
    struct hb_str content_type; /* of data; empty means application/json */
    struct hb_str changed;      /* comma-separated paths, may be empty */
    struct hb_str sequence;     /* may be empty */
    struct hb_str traceparent;  /* may be empty */
    struct hb_str foreign_id;   /* the CloudEvents id it came with when that was outside our grammar; else empty */
    struct hb_str data;         /* the bytes as published */
    int64_t registry_stamp;     /* registry offset the api had applied when it accepted the event, or HB_NO_STAMP */
    bool is_json;               /* content type is JSON and data passed the well-formedness scan */
};

#endif
