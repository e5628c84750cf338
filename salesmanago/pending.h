/* Job: the products of one connector that are to be sent: the newest version of each, in the order they came.
 *
 * Place: filled by intake (live changes) and by walks, emptied by batches. A *change* is one version of a product.
 * While it waits, a newer one takes its place in the queue; while it is being sent, a newer one waits behind it. Never
 * is an older one given out after a newer one: what comes back unsent and is older than what waits is superseded.
 * A suspect's (suspects.h) waits *aside*: not in the queue, otherwise as the others do; a newer one takes its place there.
 * A change is *open* from put to end: the lowest open offset of a partition says from where it would have to be read
 * again.
 * Owns: the changes given to it, until it gives them back: put and back return the one that was superseded, end takes
 * one out. Fails: HB_ERR_MEMORY. Limits: whoever fills it looks at waiting and bytes. Cost: O(1). Threads: one.
 *
 * Example:
 *     err = hb_sm_pending_put(&pending, take_change, &ret_superseded);
 *     while ((change = hb_sm_pending_next(&pending)) != NULL) { hb_sm_pending_take(&pending, change); … }
 *     hb_sm_pending_end(&pending, change); */
#ifndef SALESMANAGO_PENDING_H
#define SALESMANAGO_PENDING_H

#include "core/map.h"
#include "hookbus/time.h"

#define HB_SM_PARTITIONS_MAX 32

enum hb_sm_change_state { HB_SM_CHANGE_WAITING, HB_SM_CHANGE_ASIDE, HB_SM_CHANGE_TAKEN };
enum hb_sm_source { HB_SM_LIVE, HB_SM_WALK };

struct hb_sm_change {
    struct hb_str key, value; /* own copies, behind this struct; value empty: only its place is kept */
    int32_t partition;
    int64_t offset;
    enum hb_sm_source source;
    uint64_t sequence; /* LIVE: of its slot in the partition's ring */
    struct hb_mono since; /* when the product began to wait */
    struct hb_wall appended;
    bool is_let_go; /* the owner's: out of everything while it was being sent; whoever has it frees it */
    /* Private to pending.c from here on. */
    enum hb_sm_change_state state;
    struct hb_sm_change *previous, *next;                 /* the queue, or who waits aside; unused while taken */
    struct hb_sm_change *open_previous, *open_next;       /* of its partition and source, by offset */
};

struct hb_sm_open {
    struct hb_sm_change *first, *last;
};

struct hb_sm_queue {
    struct hb_sm_change *first, *last; /* the longest first */
};
struct hb_sm_pending {
    struct hb_map waiting_by_key; /* who waits, aside or not */
    struct hb_sm_queue queue, aside;
    size_t waiting, waiting_aside, bytes; /* waiting: in the queue; bytes: of all open ones */
    size_t open, open_of[2];           /* in all, and by source */
    struct hb_sm_open places[HB_SM_PARTITIONS_MAX][2]; /* by partition and source */
};

/* A change with copies of key and value. NULL: no memory. */
struct hb_sm_change *hb_sm_change_new(struct hb_str key, struct hb_str value);
void hb_sm_change_free(struct hb_sm_change *change);

/* What is still in it must have been taken out before. */
void hb_sm_pending_deinit(struct hb_sm_pending *pending);
/* Waits now. *ret_superseded: the older one of the same product, taken out; or `change` itself, which is older than
 * what waits; or NULL. HB_ERR_MEMORY: nothing was taken. Offsets of a partition and source must rise. */
HB_MUST_USE enum hb_err hb_sm_pending_put(struct hb_sm_pending *pending, struct hb_sm_change *change,
                                          struct hb_sm_change **ret_superseded);
/* Keeps only the place of a change that is not to be sent from here: open, and not waiting. */
void hb_sm_pending_hold(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* The one that waits longest; NULL: none. */
static inline struct hb_sm_change *hb_sm_pending_next(const struct hb_sm_pending *pending)
{
    return pending->queue.first;
}
/* The one of a product that waits, aside or not; NULL: none. */
static inline struct hb_sm_change *hb_sm_pending_of(const struct hb_sm_pending *pending, struct hb_str key)
{
    return hb_map_get(&pending->waiting_by_key, key);
}
/* Waits aside from now on; all that do wait in the queue again, before the others. */
void hb_sm_pending_put_aside(struct hb_sm_pending *pending, struct hb_sm_change *change);
void hb_sm_pending_bring_back(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* Behind all that wait. */
void hb_sm_pending_put_last(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* It is being sent. */
void hb_sm_pending_take(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* It was not sent, and waits again, before all others. Returns what is taken out for it, or NULL: itself, if a newer
 * one waits; or what waits, if that is the same record once more. */
struct hb_sm_change *hb_sm_pending_back(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* Whether a newer version of the same product waits. */
bool hb_sm_pending_has_newer(const struct hb_sm_pending *pending, const struct hb_sm_change *change);
/* It is done, or let go: out of everything. The caller owns it. */
void hb_sm_pending_end(struct hb_sm_pending *pending, struct hb_sm_change *change);
/* The open one with the lowest offset; NULL: none. The next: open_next. */
static inline struct hb_sm_change *hb_sm_pending_lowest(const struct hb_sm_pending *pending, int32_t partition,
                                                        enum hb_sm_source source)
{
    return pending->places[partition][source].first;
}

#endif
