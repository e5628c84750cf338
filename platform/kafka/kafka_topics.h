/* Job: makes the topics of hookbus/topics.def in a cluster, or says how the cluster's differ from them.
 *
 * Place: used by `hookbus topics`, `hookbus doctor` and the first start of a role; the table is
 * include/hookbus/topics.def, what a row means as Kafka settings is here. Owns / borrows:
 * everything is the caller's. Fails: as the admin calls; a cluster that differs is no failure. Limits: blocks up to
 * timeout_ms a request, one request a topic. Threads: the admin's. Example: struct hb_kafka_topics_options options =
 * {.prefix = HB_STR(HB_TOPIC_PREFIX_DEFAULT), .timeout_ms = 30000}; err = hb_kafka_topics_create(admin, &options,
 * &created, reterr); */
#ifndef PLATFORM_KAFKA_KAFKA_TOPICS_H
#define PLATFORM_KAFKA_KAFKA_TOPICS_H

#include "hookbus/topics.h"
#include "platform/kafka/kafka.h"

#define HB_KAFKA_REPLICATION_MAX 3 /* when nobody says: as many as there are brokers, up to this */
#define HB_KAFKA_TOPIC_SETTINGS_MAX 12
#define HB_KAFKA_SETTING_VALUE_MAX 32
#define HB_KAFKA_DIFFERENCES_MAX (HB_TOPIC_COUNT * (HB_KAFKA_TOPIC_SETTINGS_MAX + 2))
#define HB_KAFKA_DIFFERENCE_TEXT_MAX 256

struct hb_kafka_topics_options {
    struct hb_str prefix; /* HB_TOPIC_PREFIX_DEFAULT; at most HB_TOPIC_PREFIX_MAX */
    int replication;      /* 0: min(3, brokers) */
    int timeout_ms;       /* each request */
};

/* Kafka settings of one row, values owned. */
struct hb_kafka_topic_settings {
    size_t count;
    struct {
        const char *name;
        char value[HB_KAFKA_SETTING_VALUE_MAX];
    } items[HB_KAFKA_TOPIC_SETTINGS_MAX];
};
/* What a topic is made with. brokers decides min.insync.replicas: 2 from three on. */
void hb_kafka_topics_settings(enum hb_topic topic, int brokers, struct hb_kafka_topic_settings *ret_settings);

/* Creates what is missing; what exists stays as it is. HB_ERR_CONFIG if the replication is more than there are brokers.
 */
HB_MUST_USE enum hb_err hb_kafka_topics_create(struct hb_kafka_admin *admin,
                                               const struct hb_kafka_topics_options *options, int *ret_created,
                                               struct hb_error *reterr);

/* One thing that is not as in the table, in words that say what is and what should be. */
struct hb_kafka_difference {
    enum hb_topic topic;
    bool is_missing; /* the topic is not there: create mends it */
    bool is_fatal;   /* a wrong partition count: for life, nothing may be written or read */
    char text[HB_KAFKA_DIFFERENCE_TEXT_MAX];
};
struct hb_kafka_differences {
    int brokers; /* how many there are: what this cluster survives */
    size_t count;
    struct hb_kafka_difference items[HB_KAFKA_DIFFERENCES_MAX];
};
/* Fills ret_differences (some 40 KiB: not for a small stack); empty if all is as it should be. */
HB_MUST_USE enum hb_err hb_kafka_topics_check(struct hb_kafka_admin *admin,
                                              const struct hb_kafka_topics_options *options,
                                              struct hb_kafka_differences *ret_differences, struct hb_error *reterr);

#endif
