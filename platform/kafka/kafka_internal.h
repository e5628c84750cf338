/* Job: what the files of platform/kafka share with each other.
 *
 * Place: private to this folder; the only header of the tree that includes librdkafka.
 * Owns / borrows: said at each type. Fails: as kafka.h. Threads: as kafka.h. */
#ifndef PLATFORM_KAFKA_KAFKA_INTERNAL_H
#define PLATFORM_KAFKA_KAFKA_INTERNAL_H

#include "platform/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

#define HB_KAFKA_TEXT_MAX 256

/* ---- kafka_config.c: settings, the first mistake is kept ---- */
struct hb_kafka_config {
    rd_kafka_conf_t *conf; /* owned until _start */
    struct hb_error *reterr;
    enum hb_err err;
};
/* Settings every handle has. */
void hb_kafka_config_open(struct hb_kafka_config *config, const struct hb_kafka_cluster *cluster,
                          struct hb_error *reterr);
void hb_kafka_config_set(struct hb_kafka_config *config, const char *name, const char *value);
void hb_kafka_config_set_int(struct hb_kafka_config *config, const char *name, int value);
/* A setting that not every version of the library knows; ignored where it is unknown. */
void hb_kafka_config_try(struct hb_kafka_config *config, const char *name, const char *value);
/* What consumer and reader have in common. */
void hb_kafka_config_set_fetching(struct hb_kafka_config *config, int queued_records_min, int queued_kib_max);
/* Makes the handle and takes the settings, in success or failure. */
HB_MUST_USE enum hb_err hb_kafka_config_start(struct hb_kafka_config *config, rd_kafka_type_t type,
                                              rd_kafka_t **ret_rk);

/* ---- kafka_wake.c: a descriptor that is readable when a queue of the library has something ---- */
struct hb_kafka_wake {
    int fd;                  /* owned; -1: none */
    rd_kafka_queue_t *queue; /* owned; NULL: none */
};
#define HB_KAFKA_WAKE_NULL ((struct hb_kafka_wake){-1, NULL})
/* Takes the queue (may be NULL: only _raise makes it readable). HB_ERR_IO without a descriptor. */
HB_MUST_USE enum hb_err hb_kafka_wake_open(struct hb_kafka_wake *wake, rd_kafka_queue_t *take_queue);
/* Watches that queue (taken, may be NULL) instead of the former. */
void hb_kafka_wake_watch(struct hb_kafka_wake *wake, rd_kafka_queue_t *take_queue);
void hb_kafka_wake_close(struct hb_kafka_wake *wake);
void hb_kafka_wake_drain(const struct hb_kafka_wake *wake);
void hb_kafka_wake_raise(const struct hb_kafka_wake *wake);

/* ---- kafka_connections.c: which connections of an instance stand ---- */
struct hb_kafka_connections;
/* For the instance made of conf. NULL: no memory. */
struct hb_kafka_connections *hb_kafka_connections_new(rd_kafka_conf_t *conf);
bool hb_kafka_connections_is_any(struct hb_kafka_connections *connections);
/* After the instance has ended. NULL is allowed. */
void hb_kafka_connections_free(struct hb_kafka_connections *connections);

/* ---- kafka_retire.c ---- */
/* Ends the instance, then frees its connections, on a thread of its own; waits at most wait_ms for it (INT_MAX: here,
 * until it has ended). Nobody may wait for an acknowledgement of it. */
void hb_kafka_retire_producer(rd_kafka_t *take_rk, struct hb_kafka_connections *take_connections, int wait_ms);

/* ---- kafka_error.c: the library's codes as ours ---- */
/* For a record that could not be written. */
enum hb_err hb_kafka_err_of_produce(rd_kafka_resp_err_t err);
/* For everything else. */
enum hb_err hb_kafka_err_of(rd_kafka_resp_err_t err);
/* Tells a consumer's or reader's user what went wrong. */
struct hb_kafka_trouble {
    void (*error)(void *user, enum hb_err err, int topic, int32_t partition, const char *text);
    void *user;
    bool is_fatal_told;
    char last[HB_KAFKA_TEXT_MAX]; /* what a single broker's connection said: the cause when all are down */
};
/* From the library's error callback. */
void hb_kafka_trouble_client(struct hb_kafka_trouble *trouble, rd_kafka_t *rk, rd_kafka_resp_err_t err,
                             const char *reason);
/* From a message that is an error. topic -1 if it is none of ours. */
void hb_kafka_trouble_message(struct hb_kafka_trouble *trouble, rd_kafka_t *rk, const rd_kafka_message_t *rkm,
                              int topic);

/* ---- kafka_index.c: topic handle -> index in the options ---- */
struct hb_kafka_index {
    rd_kafka_topic_t **handles; /* held for life, so that a pointer names a topic */
    size_t count;
};
HB_MUST_USE enum hb_err hb_kafka_index_open(struct hb_kafka_index *index, rd_kafka_t *rk, const char *const *topics,
                                            size_t count);
/* Before rd_kafka_destroy. */
void hb_kafka_index_close(struct hb_kafka_index *index);
/* -1 if it is none of ours. */
int hb_kafka_index_find(const struct hb_kafka_index *index, const rd_kafka_topic_t *handle);
int hb_kafka_index_find_name(const struct hb_kafka_index *index, const char *name);
const char *hb_kafka_index_name(const struct hb_kafka_index *index, int topic);

/* ---- kafka_membership.c ---- */
const rd_kafka_consumer_group_metadata_t *hb_kafka_membership_metadata(const struct hb_kafka_membership *membership);

/* ---- kafka_message.c ---- */
/* Views into rkm, which the message now owns. */
void hb_kafka_message_fill(struct hb_kafka_message *message, rd_kafka_message_t *take_rkm, int topic);
/* A list of the library's headers for a record, or NULL when there is no memory. */
rd_kafka_headers_t *hb_kafka_headers_make(const struct hb_name_value *headers, size_t count);
/* Queues a record; bytes are copied. handle may be NULL: by the record's topic name. */
rd_kafka_resp_err_t hb_kafka_queue_record(rd_kafka_t *rk, rd_kafka_topic_t *handle,
                                          const struct hb_kafka_record *record, void *opaque);

/* Milliseconds of the monotonic clock: for our own blocking calls' limits only. */
int64_t hb_kafka_clock_ms(void);

#endif
