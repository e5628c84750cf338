/* Job: the API's view of what happened: events with their deliveries, and a live tail.
 *
 * Place: routes of the api role: GET /v1/stores/{store}/events (subject, type, since, limit), GET …/events/{event},
 * GET …/tail (NDJSON, live). Scope read; the data bytes only with read:data. Queries run on threads
 * (history/query.h), the tail on the loop. HEAD is refused (405): it would cost what GET costs.
 * Owns / borrows: what the options give must outlive it. Fails: HB_ERR_MEMORY. Limits: HB_HISTORY_QUERIES_MAX
 * queries and HB_HISTORY_TAILS_MAX tails at a time, half of them for one store; beyond: 429. Threads: the loop's. */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include "platform/kafka/kafka.h"

#define HB_HISTORY_QUERIES_MAX 4
#define HB_HISTORY_TAILS_MAX 32
/* Of them, for one store: half, so that no store's key can take them all. */
#define HB_HISTORY_STORE_QUERIES_MAX 2
#define HB_HISTORY_STORE_TAILS_MAX 16

struct hb_history;
struct hb_http_server;
struct hb_loop;
struct hb_registry;

struct hb_history_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    struct hb_registry *registry;
    struct hb_mono (*now)(void); /* the monotonic clock, callable from any thread: queries have no loop */
};
/* Mounts the routes. */
HB_MUST_USE enum hb_err hb_history_new(const struct hb_history_options *options, struct hb_http_server *server,
                                       struct hb_history **ret_history);
/* Waits for queries under way; the server must have been freed before. */
void hb_history_free(struct hb_history **history);

#endif
