/* Job: the group consumer's state, shared by its files.
 *
 * Place: private. kafka_consumer.c serves events and offsets, kafka_rebalance.c changes who holds what, kafka_locate.c
 * asks the brokers where the partitions of an assignment stand, on a thread, so that the loop never waits for them;
 * kafka_retire.c ends an instance of the library behind our back. The instance is renewed after a lost assignment: this
 * library then commits the lost partitions' offsets without its member id as soon as the coordinator is back, which the
 * broker answers to a static member with "fenced", and that is fatal for the instance. kafka_fence.c tells such a
 * fence, when it came before the poll that renews, from one by another process of the same name.
 * Threads: the consumer belongs to its user's thread; a locate shares nothing with it but its own struct. */
#ifndef PLATFORM_KAFKA_KAFKA_CONSUMER_H
#define PLATFORM_KAFKA_KAFKA_CONSUMER_H

#include "platform/kafka/kafka_internal.h"

/* ---- kafka_locate.c ---- */
struct hb_kafka_locate;
/* The three lists hold the same partitions in the same order. */
struct hb_kafka_located {
    enum hb_err err; /* HB_OK: offsets hold */
    const char *text;
    const rd_kafka_topic_partition_list_t *committed, *low, *high;
};
/* Starts after delay_ms; the partitions are copied, wake_fd (duplicated) is made readable at the end. NULL: no memory
 * or thread. */
struct hb_kafka_locate *hb_kafka_locate_start(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *partitions,
                                              int wake_fd, int delay_ms);
/* Nobody wants the answer any more; it ends soon (within one request's limit). */
void hb_kafka_locate_cancel(struct hb_kafka_locate *locate);
bool hb_kafka_locate_is_done(struct hb_kafka_locate *locate);
/* After _is_done. */
void hb_kafka_locate_result(const struct hb_kafka_locate *locate, struct hb_kafka_located *ret_located);
/* The partitions as given. */
const rd_kafka_topic_partition_list_t *hb_kafka_locate_partitions(const struct hb_kafka_locate *locate);
/* Waits for its thread. NULL is allowed. */
void hb_kafka_locate_free(struct hb_kafka_locate *locate);

/* ---- kafka_retire.c ---- */
#define HB_KAFKA_LOCATES_MAX 8 /* the one wanted, and cancelled ones that still end */
/* Ends the instance on a thread of its own, after its locates; waits at most wait_ms for it. It may take as long as the
 * session when no coordinator answers, or as long as a message of it lives. */
void hb_kafka_retire(rd_kafka_t *take_rk, struct hb_kafka_locate *take_locates[HB_KAFKA_LOCATES_MAX], int wait_ms);

/* ---- the consumer ---- */
/* What we know of one partition. */
struct hb_kafka_slot {
    struct hb_kafka_partition at; /* as assigned */
    int64_t next;                 /* nothing below is delivered again */
    int64_t stored;               /* last stored since the last seek; -1: none */
    int64_t top;                  /* highest stored of this assignment: what the library is given; -1: none */
    bool is_ours;
    bool is_paused;
    bool is_stopped;    /* the library gave it up (offset out of range): only a new assignment moves it */
    bool has_delivered; /* since the assignment: the library knows its position */
    bool is_dirty;      /* `top` is not (or, after a seek, no longer) with the library */
};
struct hb_kafka_slots {
    struct hb_kafka_slot *slots;
    int32_t count;
};

struct hb_kafka_consumer {
    rd_kafka_t *rk;
    rd_kafka_conf_t *conf; /* the pattern for each instance */
    rd_kafka_topic_partition_list_t *subscription;
    bool is_to_renew;   /* at the end of this poll */
    bool has_expired;   /* the library has given its membership up by itself, and is not assigned anew */
    bool is_fence_told; /* of this instance */
    struct hb_kafka_wake wake;
    struct hb_kafka_index topics;
    struct hb_kafka_slots *slots; /* one a topic */
    size_t slots_count;
    struct hb_kafka_partition *ours; /* in the order of the assignment */
    size_t ours_count;
    size_t dirty_count;
    struct hb_kafka_locate *locates[HB_KAFKA_LOCATES_MAX];
    struct hb_kafka_locate *wanted; /* one of them, or NULL */
    int locate_failures;            /* in a row */
    struct hb_kafka_consumer_events events;
    struct hb_kafka_trouble trouble;
    void *user;
    int served;
    bool is_closing;
};

/* NULL if it is not ours. */
struct hb_kafka_slot *hb_kafka_consumer_slot(const struct hb_kafka_consumer *consumer, int topic, int32_t partition);
/* The library forgets what it was given to store when a partition is moved: give it again with the next flush. */
void hb_kafka_consumer_store_again(struct hb_kafka_consumer *consumer, struct hb_kafka_slot *slot);
/* Gives the library what was stored since the last time. */
void hb_kafka_consumer_flush(struct hb_kafka_consumer *consumer);

/* ---- kafka_fence.c ---- */
/* The settings an instance needs to be watched. */
void hb_kafka_fence_configure(struct hb_kafka_config *config);
/* A new instance: nothing is known of it. */
void hb_kafka_fence_open(struct hb_kafka_consumer *consumer);
/* Fenced after it had given its membership up itself, as a rule by its own late commit. If another process took the
 * name meanwhile, this one takes it back and the other, in the midst of its session, ends: the same as when the library
 * rejoins by itself, and once, for the next one fenced is the one in its session. */
bool hb_kafka_fence_is_own(const struct hb_kafka_consumer *consumer);
/* The instance is finished and is renewed at the end of this poll, which is told; false: not finished, or for good. */
bool hb_kafka_fence_take(struct hb_kafka_consumer *consumer);

/* ---- kafka_rebalance.c ---- */
/* The library's callback. */
void hb_kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                        void *opaque);
/* Finishes assignments whose offsets have arrived. */
void hb_kafka_rebalance_serve(struct hb_kafka_consumer *consumer);
/* Gives the library our partitions again, each at its `next`: what moves one that it has given up. */
HB_MUST_USE enum hb_err hb_kafka_rebalance_again(struct hb_kafka_consumer *consumer);
/* Tells that all of ours is lost, if anything still is. */
void hb_kafka_rebalance_lose(struct hb_kafka_consumer *consumer);
/* Cancels all questions under way; they stay in `locates` to be freed. */
void hb_kafka_rebalance_end(struct hb_kafka_consumer *consumer);

#endif
