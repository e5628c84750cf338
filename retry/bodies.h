/* Job: gives back the event of a parked delivery, read from its topic by offset.
 *
 * Place: asked by the shard's owner for what it claimed, and ahead of time for what comes due soon. Reads with a handle
 * of its own: no group, `error` on an offset out of range. What is wanted is sorted, so that neighbours in a partition
 * share a fetch; it is read in rounds, all partitions at once, because each new assignment of this library may take a
 * second; and what comes along behind several close together is kept. The record must stand exactly at that offset and
 * give that delivery of that webhook: otherwise the body is gone, and never another event's is given in its place.
 * Owns / borrows: its cache (body_cache.h) and reader; copies what it is given. A body is lent during the callback
 * (hb_body_ref keeps it). Fails: HB_ERR_FULL (wanted_max wait), HB_ERR_MEMORY; HB_ERR_CONFIG and HB_ERR_IO on making.
 * Limits: bytes kept and bodies waited for, in the options; and a time a body. An offset behind the end counts
 * as gone only when it was seen so three times, over at least half a second: a new leader may lag for a moment.
 * Threads: the loop's. Callbacks: exactly once, never before the call returned, not after hb_bodies_free; they may want
 * more, not free. */
#ifndef RETRY_BODIES_H
#define RETRY_BODIES_H

#include "platform/kafka/kafka.h"
#include "retry/body_cache.h"

struct hb_loop;
struct hb_bodies;
struct hb_sender;

#define HB_BODIES_LIMIT_MS 15000
#define HB_BODIES_CACHE_BYTES ((size_t)64 << 20)

struct hb_bodies_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix; /* "hookbus." */
    size_t cache_bytes_max;
    size_t wanted_max;
    int64_t limit_ms; /* a body; 0: HB_BODIES_LIMIT_MS */
    /* For take_up and let_go: a body is looked into to learn whether it is the right one. NULL: nobody counts. One that is
     * not taken up is given without a look; whoever wanted it is refused then, too. Must live as long. */
    const struct hb_sender *sender;
};
HB_MUST_USE enum hb_err hb_bodies_new(const struct hb_bodies_options *options, struct hb_bodies **ret_bodies,
                                      struct hb_error *reterr);
void hb_bodies_free(struct hb_bodies **bodies);

/* Keeps a body that is at hand, on parking. What cannot be kept is read later. */
void hb_bodies_keep(struct hb_bodies *bodies, const struct hb_body_record *record);

struct hb_body_want {
    struct hb_position at; /* topic, partition, offset */
    struct hb_str webhook;
    unsigned char delivery[HB_DELIVERY_BYTES];
};
/* HB_OK: body. HB_ERR_NOT_FOUND: gone for good (`body_gone`). HB_ERR_AWAY: Kafka did not give it in time; later. */
typedef void hb_body_fn(void *user, enum hb_err err, struct hb_body *body);
/* The body if it is in memory and right; borrowed until the loop goes on. NULL: want it. */
struct hb_body *hb_bodies_find(struct hb_bodies *bodies, const struct hb_body_want *want);
/* Wants a body. fn NULL: ahead of time, it only fills the cache. */
HB_MUST_USE enum hb_err hb_bodies_want(struct hb_bodies *bodies, const struct hb_body_want *want, hb_body_fn *fn,
                                       void *user);
/* Nothing wanted for this user is called back any more. */
void hb_bodies_forget(struct hb_bodies *bodies, const void *user);
/* Bodies waited for now, and fetches from Kafka begun so far (assignments). */
size_t hb_bodies_waiting(const struct hb_bodies *bodies);
uint64_t hb_bodies_rounds(const struct hb_bodies *bodies);

#endif
