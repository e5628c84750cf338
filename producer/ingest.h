/* Job: events in over HTTP: POST /v1/stores/{store}/events.
 *
 * Place: mounted by the api role on its server; reads access and the stamp from registry/, writes events to Kafka and
 * marks to Redis. An answer of 202 means that Kafka has acknowledged. docs/publish.md tells it from outside.
 * Owns / borrows: owns its Kafka producer and its Redis connection, attached to the loop; everything in the options
 * must outlive it. Fails: HB_ERR_CONFIG, HB_ERR_MEMORY, HB_ERR_IO when it is made; a request never fails silently.
 * Limits: publish.* of the configuration; bodies are bounded by the server. Threads: the loop's.
 *
 * Example:
 *     err = hb_ingest_new(&options, &ingest, &error);
 *     err = hb_ingest_mount(ingest, server);
 *     … hb_http_server_quiesce(server); wait until hb_ingest_open_calls(ingest) == 0 …
 *     hb_ingest_free(&ingest, 1000);
 *     hb_http_server_free(&server); */
#ifndef PRODUCER_INGEST_H
#define PRODUCER_INGEST_H

#include "hookbus/config.h"
#include "platform/kafka/kafka.h"

struct hb_http_server;
struct hb_ingest;
struct hb_log_context;
struct hb_loop;
struct hb_registry;

struct hb_ingest_options {
    struct hb_loop *loop;
    const struct hb_config *config;
    const struct hb_registry *registry;
    const struct hb_log_context *log;
    struct hb_kafka_cluster cluster; /* views needed during hb_ingest_new only */
};

HB_MUST_USE enum hb_err hb_ingest_new(const struct hb_ingest_options *options, struct hb_ingest **ret_ingest,
                                      struct hb_error *reterr);
/* Waits (blocking) at most grace_ms for Kafka, answers what is still open with 503, frees. The server must still be
 * there. NULL is allowed; sets the pointer to NULL. */
void hb_ingest_free(struct hb_ingest **ingest, int grace_ms);
/* Adds the route. The server must be freed after the ingest, and take no request once it is freed. */
HB_MUST_USE enum hb_err hb_ingest_mount(struct hb_ingest *ingest, struct hb_http_server *server);
/* Requests being worked on. */
size_t hb_ingest_open_calls(const struct hb_ingest *ingest);
/* NULL while events can be taken; else one sentence, for readiness: the registry is not read yet, no broker, or Kafka's
 * client cannot go on (hb_ingest_is_fatal: end the process, it will be started again). */
const char *hb_ingest_trouble(const struct hb_ingest *ingest);
bool hb_ingest_is_fatal(const struct hb_ingest *ingest);

/* Counted since the start, by event. */
struct hb_ingest_stats {
    uint64_t accepted, duplicates, refused; /* refused: for good */
    uint64_t unavailable;                   /* 503: may succeed later */
    uint64_t requests;                      /* read, and with at least one event */
    uint64_t dedup_off;                     /* requests in which an id could not be checked or marked */
    size_t waiting;                         /* records at Kafka without an acknowledgement yet */
};
void hb_ingest_read_stats(const struct hb_ingest *ingest, struct hb_ingest_stats *ret_stats);

#endif
