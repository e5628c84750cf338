/* Job: keeps what must wait, and says when its time has come: the owner of shards.
 *
 * Place: in each dispatcher process, beside dispatcher/ and joined to it by include/hookbus/resend.h: Kafka gives each
 * process some of the journal's partitions; of these it keeps a view in Redis (view.h), claims what is due and gives it
 * to the sender. The steps, one file each: membership (which shards are ours) → nodes (is their Redis there, and fit) →
 * shard (takeover, catch-up, open) → reading (journal into view) → repairing; claiming (due, turns) → sending (bodies,
 * leases) → ending (what is never sent again).
 * Owns / borrows: what the options give must outlive it. Fails: HB_ERR_CONFIG, HB_ERR_MEMORY, HB_ERR_IO on making; a
 * Redis that may lose entries is told by `failed` if it was never fit, by the trouble sentence later.
 * Limits: the configuration's retry.* keys. Redis away: nothing is claimed or read, first attempts and parking go on.
 * Threads: the loop's. */
#ifndef RETRY_RETRY_H
#define RETRY_RETRY_H

#include "hookbus/config.h"
#include "hookbus/resend.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_loop;
struct hb_metrics;
struct hb_outbox;
struct hb_registry;
struct hb_retry;
struct hb_webhook;

struct hb_retry_options {
    struct hb_loop *loop;
    const struct hb_config *config;
    struct hb_kafka_cluster cluster;
    struct hb_registry *registry; /* its webhook_changed must be forwarded to hb_retry_webhook_changed */
    struct hb_outbox *outbox;     /* must be ended (hb_outbox_end) before hb_retry_free */
    struct hb_sender sender;
    const char *worker; /* group.instance.id, and the owner's name in takeover records */
    uint64_t random_seed;
    struct hb_metrics *metrics;
    const struct hb_log_context *log;
    void (*stopped)(void *user);                      /* after hb_retry_stop: every lease is given back or runs out */
    void (*failed)(void *user, const char *sentence); /* cannot go on: the role must end with this sentence */
    void *user;
};
/* Begins by itself when the registry is current. HB_ERR_CONFIG: redis.address is empty or not usable. */
HB_MUST_USE enum hb_err hb_retry_new(const struct hb_retry_options *options, struct hb_retry **ret_retry,
                                     struct hb_error *reterr);
/* Nothing of the sender's may come any more: no `ended`. NULL is allowed. */
void hb_retry_free(struct hb_retry **retry);
/* Claims nothing more, gives back what is not sent, waits for what is; then `stopped`, within dispatcher.grace_s. */
void hb_retry_stop(struct hb_retry *retry);
/* NULL while every shard of ours is caught up and claimed from; else why not, in a sentence (readiness). */
const char *hb_retry_trouble(struct hb_retry *retry);
/* As the sender sees it. Valid until hb_retry_free. */
struct hb_owner hb_retry_owner(struct hb_retry *retry);
/* To be called by the registry's webhook_changed. */
void hb_retry_webhook_changed(struct hb_retry *retry, const struct hb_webhook *old_webhook,
                              struct hb_webhook *new_webhook);

#endif
