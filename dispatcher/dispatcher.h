/* Job: event out: consumes events, and delivers each to the webhooks that select it.
 *
 * Place: the role `hookbus dispatcher`; one event loop a process. Takes from Kafka (events.*), gives signed POSTs to
 * receivers and lines of history to `attempts`. The steps, one file each: intake (consume, hold, remember) → route
 * (select) → admit (windows, turns) → attempt (render, sign, send, judge) → lines (history) → settle (ring,
 * watermark, settled file).
 * Owns / borrows: what the options give must outlive it. Fails: HB_ERR_CONFIG, HB_ERR_MEMORY, HB_ERR_CONFLICT (the
 * instance runs already).
 * Limits: the configuration's delivery.* and dispatcher.* keys. Threads: the loop's. */
#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H

#include "hookbus/config.h"
#include "hookbus/resend.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_loop;
struct hb_registry;
struct hb_http_client;
struct hb_keyring;
struct hb_metrics;
struct hb_outbox;
struct hb_dispatcher;

struct hb_dispatcher_options {
    struct hb_loop *loop;
    const struct hb_config *config;
    struct hb_kafka_cluster cluster;
    struct hb_registry *registry;       /* its webhook_changed must be forwarded to hb_dispatcher_webhook_changed */
    struct hb_http_client *http;
    struct hb_outbox *outbox;           /* ended, not freed, by hb_dispatcher_free */
    bool has_keys;                      /* the sealing key is at hand; without it nothing is consumed, red */
    const char *worker;  /* "<instance>-<number>": group.instance.id, settled file, key of attempt records */
    bool resets_offsets; /* --reset-offsets: where a committed offset is out of range, begin at the earliest */
    unsigned char random_seed[16];      /* for hashes of the id memory */
    struct hb_metrics *metrics;
    const struct hb_log_context *log;
    void (*stopped)(void *user);        /* after hb_dispatcher_stop: all is settled or handed back */
    void (*failed)(void *user, const char *sentence); /* cannot go on: the role must end with this sentence */
    void *user;
};
/* Consuming begins by itself when the registry is current. */
HB_MUST_USE enum hb_err hb_dispatcher_new(const struct hb_dispatcher_options *options,
                                          struct hb_dispatcher **ret_dispatcher, struct hb_error *reterr);
/* The sender of this dispatcher, for the owner of parked deliveries; lives as long as the dispatcher. */
struct hb_sender hb_dispatcher_sender(struct hb_dispatcher *dispatcher);
/* Who keeps parked deliveries in this process. Call before the loop runs; NULL takes it away (rests are then declared by
 * nobody here). Its functions are called until hb_dispatcher_free has returned. */
void hb_dispatcher_set_owner(struct hb_dispatcher *dispatcher, const struct hb_owner *owner);
/* Commits what is settled, ends the outbox and frees. The http client must have been freed before: that ends what is
 * still in flight. */
void hb_dispatcher_free(struct hb_dispatcher **dispatcher);
/* Takes nothing more, finishes what waits and runs within dispatcher.grace_s, then calls `stopped`. */
void hb_dispatcher_stop(struct hb_dispatcher *dispatcher);
/* NULL while it consumes and delivers; else the reason in a sentence (readiness). At the start that is until the
 * consumer group has said which partitions are its own; that none is left for it is an answer too. */
const char *hb_dispatcher_trouble(const struct hb_dispatcher *dispatcher);
/* To be called by the registry's webhook_changed. */
struct hb_webhook;
void hb_dispatcher_webhook_changed(struct hb_dispatcher *dispatcher, const struct hb_webhook *old_webhook,
                                   struct hb_webhook *new_webhook);

#endif
