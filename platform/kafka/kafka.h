/* Job: Kafka for the rest of the tree: producer, group consumer, plain reader, transactional writer, administration.
 *
 * Place: the only folder that includes librdkafka. Handles expose a descriptor (`_fd`) that becomes readable when
 * `_poll` has something to do; the role attaches it to its loop and polls also every 30 s (max.poll.interval counts
 * from the last poll even when nothing arrives).
 * Owns / borrows: strings given are copied unless said; a message owns its bytes until hb_kafka_message_free.
 * Fails: HB_ERR_CONFIG (bad setting, text in reterr), HB_ERR_AWAY (no broker within the limit), HB_ERR_BROKER
 * (refused), HB_ERR_FATAL (this instance is finished), HB_ERR_FULL (local queue), HB_ERR_TOO_LARGE, HB_ERR_FENCED.
 * Limits: queues are bounded by the options. Threads: a handle belongs to one thread; librdkafka's own threads never
 * call back into us: all callbacks come out of `_poll`. Never fork after creating a handle; exec. */
#ifndef PLATFORM_KAFKA_KAFKA_H
#define PLATFORM_KAFKA_KAFKA_H

#include "hookbus/bytes.h"
#include "hookbus/event.h"
#include "hookbus/time.h"

/* What all handles need to reach the cluster. Views must live during the _new call only. */
struct hb_kafka_cluster {
    const char *brokers; /* "host:port,host:port" */
    const char *client_id;
    const char *security_protocol; /* plaintext, ssl, sasl_plaintext, sasl_ssl; NULL: plaintext */
    const char *sasl_mechanism, *sasl_username, *sasl_password; /* NULL: none */
    const char *ca_file;                                        /* NULL: the system's */
};

#define HB_KAFKA_HEADERS_MAX 24

#define HB_KAFKA_PARTITION_ANY (-1) /* by key: murmur2, as Java clients hash */

/* A record to be written. Bytes are copied by the call. value.ptr NULL: a tombstone. */
struct hb_kafka_record {
    const char *topic;
    int32_t partition;
    struct hb_str key;
    struct hb_str value;
    const struct hb_name_value *headers;
    size_t headers_count;
};

/* What became of one record. offset and appended only when err is HB_OK. err: HB_ERR_TIMEOUT (message.timeout),
 * HB_ERR_TOO_LARGE, HB_ERR_DENIED (authorization), HB_ERR_FATAL, HB_ERR_BROKER (other). text: Kafka's own words. */
struct hb_kafka_ack {
    enum hb_err err;
    int32_t partition;
    int64_t offset;
    const char *text;
    struct hb_wall appended; /* by Kafka's clock; ms 0: it did not say (the topic keeps the writer's time) */
};
/* Always called once for a record that produce accepted, out of _poll, _flush or _free. */
typedef void hb_kafka_ack_fn(void *user, const struct hb_kafka_ack *ack);

/* ---- producer: idempotent, acks=all, lz4 ----
 * The library's producer cannot go on after a fatal error, as when a broker has crashed and lost its sequence numbers: a
 * new one takes its place with the next poll. What was under way is told as HB_ERR_TIMEOUT (it may stand in Kafka or
 * not), until then records are refused with HB_ERR_BROKER. */
struct hb_kafka_producer;
struct hb_kafka_producer_options {
    struct hb_kafka_cluster cluster;
    int linger_ms;         /* small: 0..50 */
    int queue_records_max; /* beyond: HB_ERR_FULL */
    int queue_kib_max;
    int message_timeout_ms; /* a record not acknowledged by then fails */
    int message_bytes_max;  /* 0: 1 MiB */
};
HB_MUST_USE enum hb_err hb_kafka_producer_new(const struct hb_kafka_producer_options *options,
                                              struct hb_kafka_producer **ret_producer, struct hb_error *reterr);
/* Waits at most timeout_ms for what is queued, then fails the rest with HB_ERR_TIMEOUT; NULLs the pointer. */
void hb_kafka_producer_free(struct hb_kafka_producer **producer, int timeout_ms);
/* Queues a record. `ack` may be NULL. HB_ERR_FULL: poll and try again. HB_ERR_TOO_LARGE: never possible. HB_ERR_FATAL:
 * make a new producer. Nothing is called back on error. */
HB_MUST_USE enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record,
                                         hb_kafka_ack_fn *ack, void *user);
int hb_kafka_producer_fd(const struct hb_kafka_producer *producer);
/* Serves at most `max` acknowledgements without waiting; returns how many. Drains the descriptor first. */
int hb_kafka_producer_poll(struct hb_kafka_producer *producer, int max);
/* Waits (blocking) until all is acknowledged or timeout_ms passed: HB_ERR_TIMEOUT. */
enum hb_err hb_kafka_producer_flush(struct hb_kafka_producer *producer, int timeout_ms);
/* Records accepted and not yet called back. */
size_t hb_kafka_producer_waiting(const struct hb_kafka_producer *producer);
/* Whether at least one broker is connected as far as is known (for readiness). */
bool hb_kafka_producer_is_connected(const struct hb_kafka_producer *producer);

/* ---- messages ---- */
struct hb_kafka_message {
    void *handle; /* the library's; owns all bytes below */
    int topic;    /* index into the options' topics */
    int32_t partition;
    int64_t offset;
    struct hb_wall appended;
    struct hb_str key;   /* ptr NULL: none */
    struct hb_str value; /* ptr NULL: tombstone */
};
void hb_kafka_message_free(struct hb_kafka_message *message);
/* Copies views of the headers into ret_headers, at most max; returns how many the record has. Views live as the
 * message. */
size_t hb_kafka_message_headers(const struct hb_kafka_message *message, struct hb_name_value *ret_headers,
                                size_t max);

/* ---- group consumer ---- */
struct hb_kafka_consumer;
#define HB_KAFKA_OFFSET_NONE INT64_C(-1001) /* no offset committed */
struct hb_kafka_partition {
    int topic; /* index into options.topics */
    int32_t partition;
    int64_t committed; /* next offset to read by the group's commit, or HB_KAFKA_OFFSET_NONE */
    int64_t low, high; /* first offset kept, and the end seen at assignment */
    int64_t start;     /* set by the assigned callback: where to begin; preset: committed, or low if none */
    bool is_refused;   /* set by the callback: do not read this partition (it stays ours, nothing is fetched; a seek
                          begins it) */
};
struct hb_kafka_consumer_events {
    /* New partitions, before anything of them is delivered. Decide `start`. Called with all of one rebalance at once;
     * count 0: in the group, and nothing is left for this member. */
    void (*assigned)(void *user, struct hb_kafka_partition *partitions, size_t count);
    /* Partitions that leave (rebalance or loss). Offsets stored before this returns are committed if they still can be
     * (`is_lost`: they cannot). Must not wait. Not called by hb_kafka_consumer_free. */
    void (*revoked)(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost);
    /* A record; its ownership passes (hb_kafka_message_free, later is fine). */
    void (*message)(void *user, struct hb_kafka_message *message);
    /* A commit ended for one partition: offset is safe now if err is HB_OK. Comes also after `revoked` and out of
     * _free. */
    void (*committed)(void *user, int topic, int32_t partition, int64_t offset, enum hb_err err);
    /* HB_ERR_NOT_FOUND: offset out of range, that partition stopped (partition >= 0). HB_ERR_FATAL: this instance is
     * finished (a duplicate group.instance.id among others). HB_ERR_AWAY: brokers down, goes on by itself.
     * HB_ERR_DENIED: authorization. HB_ERR_NOT_FOUND with partition -1: a topic does not exist. HB_ERR_TIMEOUT:
     * max.poll exceeded, left the group, rejoins with the next poll. HB_ERR_FENCED: the group took this member for a
     * stranger of its own name, after it had lost its session: it joins anew by itself. */
    void (*error)(void *user, enum hb_err err, int topic, int32_t partition, const char *text);
    /* May be NULL. The partition's end as it is now was reached: what a transaction or compaction left there is never
     * delivered, so offsets alone do not say it. Comes again after more. */
    void (*end)(void *user, int topic, int32_t partition, int64_t offset);
};
struct hb_kafka_consumer_options {
    struct hb_kafka_cluster cluster;
    const char *group;
    const char *instance;      /* group.instance.id, NULL: dynamic member */
    const char *const *topics; /* full names; all must exist */
    size_t topics_count;
    int queued_records_min;   /* queued.min.messages; 20000 for the dispatcher */
    int queued_kib_max;       /* queued.max.messages.kbytes */
    int commit_interval_ms;   /* 200 */
    int session_timeout_ms;   /* 15000 */
    int max_poll_interval_ms; /* 300000 */
    const struct hb_kafka_consumer_events *events;
    void *user;
};
HB_MUST_USE enum hb_err hb_kafka_consumer_new(const struct hb_kafka_consumer_options *options,
                                              struct hb_kafka_consumer **ret_consumer, struct hb_error *reterr);
/* Commits what is stored, leaves (a static member stays until its session ends), frees; waits at most timeout_ms, and
 * up to 3 s more for a question under way to a broker that does not answer. Every message must have been freed before:
 * the library waits for them. */
void hb_kafka_consumer_free(struct hb_kafka_consumer **consumer, int timeout_ms);
int hb_kafka_consumer_fd(const struct hb_kafka_consumer *consumer);
/* Serves at most `max` events without waiting; returns how many. Call until it returns less than max, some hundred a
 * turn. */
int hb_kafka_consumer_poll(struct hb_kafka_consumer *consumer, int max);
/* All below `next_offset` is settled: committed within commit_interval_ms. A partition no longer ours: ignored, HB_OK.
 * A lower offset than stored before (since the last seek): HB_ASSERT. Given to the library by the next poll, which the
 * descriptor then asks for. */
enum hb_err hb_kafka_consumer_store(struct hb_kafka_consumer *consumer, int topic, int32_t partition,
                                    int64_t next_offset);
/* Stops and restarts fetching of one partition. Already fetched records of a paused partition are not delivered. */
void hb_kafka_consumer_pause(struct hb_kafka_consumer *consumer, int topic, int32_t partition);
void hb_kafka_consumer_resume(struct hb_kafka_consumer *consumer, int topic, int32_t partition);
/* Moves an assigned partition's position, also of one that is stopped or refused; a commit never goes back by it. May
 * take up to 2 s. HB_ERR_NOT_FOUND: not ours. */
HB_MUST_USE enum hb_err hb_kafka_consumer_seek(struct hb_kafka_consumer *consumer, int topic, int32_t partition,
                                               int64_t offset);

/* Records between what was delivered of the assigned partitions and their ends, as far as the library knows. */
int64_t hb_kafka_consumer_behind(const struct hb_kafka_consumer *consumer);
/* Who this member is now, for hb_kafka_writer_write_offsets: take it inside the assigned callback, where its generation
 * is the one whose records will be delivered. Only a member with an instance name: of one without, the broker would
 * take offsets that no longer are its. */
struct hb_kafka_membership;
HB_MUST_USE enum hb_err hb_kafka_consumer_membership(struct hb_kafka_consumer *consumer,
                                                     struct hb_kafka_membership **ret_membership);
/* NULL is allowed; sets the pointer to NULL. */
void hb_kafka_membership_free(struct hb_kafka_membership **membership);

/* ---- reader: no group, one or more partitions from given offsets, with end-of-partition events ---- */
struct hb_kafka_reader;
#define HB_KAFKA_BEGINNING INT64_C(-2)
#define HB_KAFKA_END INT64_C(-1)
struct hb_kafka_reader_events {
    void (*message)(void *user, struct hb_kafka_message *message); /* ownership passes */
    void (*end)(void *user, int topic, int32_t partition,
                int64_t offset); /* reached the end as it is now; comes again after more */
    void (*error)(void *user, enum hb_err err, int topic, int32_t partition, const char *text); /* as consumer's */
};
struct hb_kafka_reader_options {
    struct hb_kafka_cluster cluster;
    const char *const *topics;
    size_t topics_count;
    bool is_committed_only; /* isolation.level=read_committed (registry) */
    int queued_records_min; /* 0: 100000 */
    int queued_kib_max;     /* 0: 16384 */
    /* Not 0, for what a start waits for: the end is told within about this, not after half a second to a second. It costs
     * an empty answer each time while nothing comes, and `new` may wait 300 ms for the topics' leaders. */
    int prompt_ms;
    const struct hb_kafka_reader_events *events;
    void *user;
};
HB_MUST_USE enum hb_err hb_kafka_reader_new(const struct hb_kafka_reader_options *options,
                                            struct hb_kafka_reader **ret_reader, struct hb_error *reterr);
/* Every message must have been freed before. */
void hb_kafka_reader_free(struct hb_kafka_reader **reader);
/* Reads exactly these positions from now on (replaces the former assignment). */
struct hb_kafka_start {
    int topic;
    int32_t partition;
    int64_t offset; /* or HB_KAFKA_BEGINNING, HB_KAFKA_END */
};
HB_MUST_USE enum hb_err hb_kafka_reader_assign(struct hb_kafka_reader *reader, const struct hb_kafka_start *starts,
                                               size_t count);
int hb_kafka_reader_fd(const struct hb_kafka_reader *reader);
/* As hb_kafka_consumer_poll; timeout_ms > 0 waits for the first event (blocking commands only). */
int hb_kafka_reader_poll(struct hb_kafka_reader *reader, int max, int timeout_ms);

/* ---- writer: a transactional producer on a thread of its own ---- */
struct hb_kafka_writer;
/* Outcome of a batch: HB_OK with the offset of each record; HB_ERR_FENCED: a newer writer of this id exists, or the id
 * is not taken (never, or given up after an error): take again; HB_ERR_AWAY / HB_ERR_BROKER: nothing was written, or
 * (is_unknown) it is not known. */
struct hb_kafka_written {
    enum hb_err err;
    bool is_unknown;
    const int64_t *offsets;
    size_t count;
    const char *text;
};
typedef void hb_kafka_written_fn(void *user, const struct hb_kafka_written *written);
struct hb_kafka_writer_options {
    struct hb_kafka_cluster cluster;
    const char *transactional_id;
    int transaction_timeout_ms; /* also the limit of each step of a job */
};
HB_MUST_USE enum hb_err hb_kafka_writer_new(const struct hb_kafka_writer_options *options,
                                            struct hb_kafka_writer **ret_writer, struct hb_error *reterr);
/* Waits for a job under way (its limit); its `done` is not called any more. */
void hb_kafka_writer_free(struct hb_kafka_writer **writer);
/* Takes the id, shutting out its predecessor (init_transactions on a new instance). One job at a time: HB_ERR_FULL
 * while one runs. */
HB_MUST_USE enum hb_err hb_kafka_writer_take(struct hb_kafka_writer *writer, hb_kafka_written_fn *done, void *user);
/* Writes the records as one transaction. Bytes are copied by the call. HB_ERR_FULL while a job runs. */
HB_MUST_USE enum hb_err hb_kafka_writer_write(struct hb_kafka_writer *writer, const struct hb_kafka_record *records,
                                              size_t count, hb_kafka_written_fn *done, void *user);
/* Writes records (or none) and the group's offsets as one transaction: both stand, or neither. HB_ERR_FENCED also when
 * the membership is over: its partitions are others' now. The membership must live until `done` or
 * hb_kafka_writer_free. */
struct hb_kafka_group_offset {
    const char *topic;
    int32_t partition;
    int64_t next; /* the next one to be read */
};
struct hb_kafka_transaction {
    const struct hb_kafka_record *records;
    size_t records_count;
    const struct hb_kafka_membership *membership;
    const struct hb_kafka_group_offset *offsets;
    size_t offsets_count; /* at least 1 */
};
HB_MUST_USE enum hb_err hb_kafka_writer_write_offsets(struct hb_kafka_writer *writer,
                                                      const struct hb_kafka_transaction *transaction,
                                                      hb_kafka_written_fn *done, void *user);
/* Readable when a job ended; `done` comes out of _poll. */
int hb_kafka_writer_fd(const struct hb_kafka_writer *writer);
void hb_kafka_writer_poll(struct hb_kafka_writer *writer);

/* ---- administration: blocking, for start-up and commands ---- */
struct hb_kafka_admin;
struct hb_kafka_setting {
    const char *name;
    const char *value;
};
struct hb_kafka_topic_spec {
    const char *name;
    int partitions;
    int replication;
    const struct hb_kafka_setting *settings;
    size_t settings_count;
};
HB_MUST_USE enum hb_err hb_kafka_admin_new(const struct hb_kafka_cluster *cluster, struct hb_kafka_admin **ret_admin,
                                           struct hb_error *reterr);
void hb_kafka_admin_free(struct hb_kafka_admin **admin);
/* Brokers of the cluster now; HB_ERR_AWAY within timeout_ms. */
HB_MUST_USE enum hb_err hb_kafka_admin_brokers(struct hb_kafka_admin *admin, int timeout_ms, int *ret_brokers,
                                               struct hb_error *reterr);
/* Creates what is missing; one that exists is no error (*ret_created counts the new ones). */
HB_MUST_USE enum hb_err hb_kafka_admin_create(struct hb_kafka_admin *admin, const struct hb_kafka_topic_spec *topics,
                                              size_t count, int timeout_ms, int *ret_created, struct hb_error *reterr);
HB_MUST_USE enum hb_err hb_kafka_admin_delete(struct hb_kafka_admin *admin, const char *topic, int timeout_ms,
                                              struct hb_error *reterr);
/* Partitions and replication of a topic; HB_ERR_NOT_FOUND. */
HB_MUST_USE enum hb_err hb_kafka_admin_topic(struct hb_kafka_admin *admin, const char *topic, int timeout_ms,
                                             int *ret_partitions, int *ret_replication, struct hb_error *reterr);
/* One setting of a topic as the cluster has it, NUL-terminated into ret_value. */
HB_MUST_USE enum hb_err hb_kafka_admin_setting(struct hb_kafka_admin *admin, const char *topic, const char *name,
                                               int timeout_ms, char *ret_value, size_t value_bytes,
                                               struct hb_error *reterr);
/* First kept and end offset. */
HB_MUST_USE enum hb_err hb_kafka_admin_offsets(struct hb_kafka_admin *admin, const char *topic, int32_t partition,
                                               int timeout_ms, int64_t *ret_low, int64_t *ret_high,
                                               struct hb_error *reterr);
/* The first offset appended at or after `at` of each partition 0..count-1; the end where there is none. */
HB_MUST_USE enum hb_err hb_kafka_admin_offsets_at(struct hb_kafka_admin *admin, const char *topic, struct hb_wall at,
                                                  int timeout_ms, int64_t *ret_offsets, size_t count,
                                                  struct hb_error *reterr);
/* Committed offset of a group, HB_KAFKA_OFFSET_NONE if none. */
HB_MUST_USE enum hb_err hb_kafka_admin_committed(struct hb_kafka_admin *admin, const char *group, const char *topic,
                                                 int32_t partition, int timeout_ms, int64_t *ret_offset,
                                                 struct hb_error *reterr);
/* Deletes records below `before`. */
HB_MUST_USE enum hb_err hb_kafka_admin_delete_records(struct hb_kafka_admin *admin, const char *topic,
                                                      int32_t partition, int64_t before, int timeout_ms,
                                                      struct hb_error *reterr);

/* The library's version ("2.0.2"). */
const char *hb_kafka_library_version(void);
/* The partition a key goes to among `count` (murmur2 as in Java's DefaultPartitioner). */
int32_t hb_kafka_partition_of(struct hb_str key, int32_t count);

#endif
