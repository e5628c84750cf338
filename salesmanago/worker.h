/* Job: the SALESmanago worker: what changes in the catalog topic goes to SALESmanago, and what it says is remembered.
 *
 * Place: role `hookbus salesmanago`. A consumer group of its own on `catalog`; connectors out of the registry; requests
 * through platform/http_client. A record is settled when its product was accepted, is dead, has a newer version
 * waiting, or when its connector's place is noted in the registry
 * (docs/decisions/0013-a-connector-that-waits-is-detached.md).
 * Owns / borrows: what the options give must outlive it. Fails: as the pieces do. Limits: the keys salesmanago.*.
 * Threads: the loop's. */
#ifndef SALESMANAGO_WORKER_H
#define SALESMANAGO_WORKER_H

#include "hookbus/config.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_http_client;
struct hb_keyring;
struct hb_loop;
struct hb_metrics;
struct hb_registry;
struct hb_sm_worker;

struct hb_sm_worker_options {
    struct hb_loop *loop;
    const struct hb_config *config;
    struct hb_kafka_cluster cluster;
    struct hb_registry *registry;
    struct hb_http_client *http;      /* must keep HB_SM_ANSWER_BYTES_MAX of an answer */
    const struct hb_keyring *keyring; /* NULL: nothing is consumed, red */
    const char *worker;               /* static name in the group; must outlive it */
    unsigned char random_seed[32];
    struct hb_metrics *metrics;
    const struct hb_log_context *log;
    void (*stopped)(void *user); /* after hb_sm_worker_stop: nothing waits any more, or the grace is over */
    void (*failed)(void *user, const char *sentence);
    void *user;
};
HB_MUST_USE enum hb_err hb_sm_worker_new(const struct hb_sm_worker_options *options, struct hb_sm_worker **ret_worker,
                                         struct hb_error *reterr);
/* Takes nothing new, sends what waits without lingering, then calls `stopped`. */
void hb_sm_worker_stop(struct hb_sm_worker *worker);
/* After the HTTP client was freed (its callbacks have come). NULL is allowed; sets the pointer to NULL. */
void hb_sm_worker_free(struct hb_sm_worker **worker);
/* NULL: well; else a sentence. */
const char *hb_sm_worker_trouble(const struct hb_sm_worker *worker);

#endif
