/* Job: the topics, their order and their names.
 *
 * The table is topics.def; `hookbus topics create` makes them, `hookbus doctor` holds the cluster against it.
 * Threads: any; nothing here has state. */
#ifndef HOOKBUS_TOPICS_H
#define HOOKBUS_TOPICS_H

#include "hookbus/bytes.h"

enum hb_topic {
#define HB_TOPIC(name, text, partitions, policy, days, key) HB_TOPIC_##name,
#include "hookbus/topics.def"
#undef HB_TOPIC
    HB_TOPIC_COUNT
};

#define HB_EVENT_TOPIC_COUNT 5 /* the event families come first in the table */
#define HB_TOPIC_PREFIX_DEFAULT "hookbus."
#define HB_TOPIC_PREFIX_MAX 64
#define HB_TOPIC_NAME_MAX 128

struct hb_topic_spec {
    const char *name; /* without prefix */
    int partitions;
    const char *policy;  /* Kafka's cleanup.policy */
    int retention_days;  /* 0: not by time */
    const char *key;     /* what the record key is, for docs */
};

/* The row of a topic. */
const struct hb_topic_spec *hb_topic_spec(enum hb_topic topic);
/* Writes prefix + name and a NUL; returns the length. prefix at most HB_TOPIC_PREFIX_MAX bytes. */
size_t hb_topic_name(struct hb_str prefix, enum hb_topic topic, char ret_name[HB_TOPIC_NAME_MAX]);
/* The topic of a full name, or -1. */
int hb_topic_find(struct hb_str prefix, struct hb_str name);
/* The event topic of an event type: by its first word; an unknown first word goes to EVENTS_OTHER. */
enum hb_topic hb_topic_of_type(struct hb_str type);

#endif
