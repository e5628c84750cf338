/* Job: gives a tombstone to what ended so long ago that nothing asks for it any more.
 *
 * Place: in the api, beside the pen. What is swept: webhooks and stores deleted, keys revoked or expired, and what
 * hangs on them (state/, disabled/, what a deleted store kept), HB_DELETED_COUNTS_MS after their last record; rooms
 * that keep objects of their own there add theirs through `also`. Inner things go before outer ones: a store's record
 * goes when nothing of it is left, so nothing of it comes to life with a new store of its id.
 * Who: the process that holds the pen; any other one only when for a day nobody has. When: each hour, and each second
 * while something is due, HB_SWEEP_TURN_MAX records a time. Time: the clock, but never later than Kafka's own time of
 * the newest record read, so that a wrong clock removes nothing.
 * Owns / borrows: registry, pen and loop are borrowed; to be freed after the pen. Fails: HB_ERR_MEMORY; what could not
 * be written is due again. Leaves no audit record: who ended it has left one. Threads: the loop's. */
#ifndef REGISTRY_SWEEP_H
#define REGISTRY_SWEEP_H

#include "registry/registry.h"

#define HB_SWEEP_TURN_MAX 100
#define HB_SWEEP_KEY_BYTES_MAX 256

struct hb_pen;
struct hb_sweep;

/* What a look at the registry found to be due. */
struct hb_sweep_due {
    struct hb_wall before; /* what ended before that is due */
    size_t count;
    struct hb_sweep_due_record {
        char key[HB_SWEEP_KEY_BYTES_MAX + 1];
        int64_t offset; /* of the record as it was seen: one written since is looked at anew */
    } records[HB_SWEEP_TURN_MAX];
};
/* Adds what is due of a room's own records by hb_sweep_add. */
typedef void hb_sweep_source_fn(const struct hb_registry *registry, struct hb_sweep_due *due);

struct hb_sweep_options {
    struct hb_loop *loop;
    const struct hb_registry *registry;
    struct hb_pen *pen;
    hb_sweep_source_fn *also; /* NULL: nobody else */
    int64_t keep_ms;          /* 0: HB_DELETED_COUNTS_MS */
    int64_t every_ms;         /* 0: an hour */
};
HB_MUST_USE enum hb_err hb_sweep_new(const struct hb_sweep_options *options, struct hb_sweep **ret_sweep);
/* After the pen was freed. NULL is allowed; sets the pointer to NULL. */
void hb_sweep_free(struct hb_sweep **sweep);

/* The rule by itself: what is due when it is `now` and ended things are kept for keep_ms. */
void hb_sweep_look(const struct hb_registry *registry, struct hb_wall now, int64_t keep_ms, hb_sweep_source_fn *also,
                   struct hb_sweep_due *ret_due);
/* False: no more fits into this turn, or the registry has no such record. */
bool hb_sweep_add(const struct hb_registry *registry, struct hb_sweep_due *due, struct hb_str key);

#endif
