/* Job: one catalog worker in the test's process, with topics of its own and events to feed it.
 *
 * Fails: everything here aborts the test that calls it. Limits: each wait ends after ROOM_WAIT_MS. Threads: the test's;
 * the worker has its own. */
#ifndef TESTS_COMPONENT_CATALOG_MERGER_H
#define TESTS_COMPONENT_CATALOG_MERGER_H

#include "component/kafka/kafka_room.h"

#include "catalog/catalog.h"
#include "core/catalog_record.h"
#include "hookbus/topics.h"
#include "platform/loop/loop.h"

#define MERGER_PARTITIONS 3

struct merger {
    char prefix[128], path[64];
    char topics[HB_TOPIC_COUNT][HB_TOPIC_NAME_MAX]; /* of the three that are used */
    struct hb_loop *loop;
    struct hb_config config;
    struct hb_log_context log;
    struct hb_metrics *metrics;
    struct hb_catalog *catalog;
    struct hb_kafka_producer *producer;
    bool is_stopped;
};

/* Topics with so many partitions; the state file is not there. */
void merger_open(struct merger *merger, const char *what, int product_partitions, int inventory_partitions);
void merger_close(struct merger *merger);
/* Starts the worker; its wall clock is days ahead. */
void merger_start(struct merger *merger, int days, bool resets_offsets);
void merger_stop(struct merger *merger);
/* Publishes; sequence may be NULL. */
void merger_tell(struct merger *merger, const char *type, const char *product, const char *data, const char *sequence);
/* The same with the record's version. */
void merger_tell_version(struct merger *merger, const char *type, const char *product, const char *data,
                         const char *version);
void merger_flush(struct merger *merger);
/* Turns the loop until the condition holds. */
void merger_wait(struct merger *merger, bool (*condition)(struct merger *merger), const char *what);
bool merger_is_ready(struct merger *merger);
bool merger_is_red(struct merger *merger);
/* Whether the group's offsets are at the end of both topics. */
bool merger_is_merged(struct merger *merger);
uint64_t merger_count(const struct merger *merger, unsigned label);

/* What stands in a topic: the last record of each key, in the order of their keys. */
struct merger_record {
    char *key, *value; /* value NULL: a tombstone */
    size_t value_len;
};
struct merger_topic {
    struct merger_record *records;
    size_t count;
};
struct merger_topic merger_read(const struct merger *merger);
void merger_topic_free(struct merger_topic *topic);
/* NULL: none of that product. */
const struct merger_record *merger_find(const struct merger_topic *topic, const char *product);
/* Every record of a topic, one after another. */
void merger_each(const struct merger *merger, enum hb_topic topic,
                 void (*each)(void *user, const struct hb_kafka_message *message), void *user);

#endif
