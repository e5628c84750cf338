/* Job: a delivery: one event for one webhook, from its selection (or from its owner's hands) until nothing of it is left
 * to write down.
 *
 * Place: of the dispatcher's steps. A fresh one belongs to a slot of a partition; a resend to the owner of its shard;
 * both have a struct hb_taken. A fresh one that was journaled while its request runs (settle_after) has settled its
 * slot, and lives on until the answer is written down.
 * Threads: the loop's. */
#ifndef DISPATCHER_DELIVERY_H
#define DISPATCHER_DELIVERY_H

#include "core/fate.h"
#include "hookbus/event.h"
#include "hookbus/time.h"

struct hb_lane;
struct hb_partition;
struct hb_taken;

/* What a journal record says, when the event is gone already. */
struct hb_late {
    struct hb_fate fate;
    struct hb_position position;
    uint64_t subject;
    char store[HB_ID_MAX + 1], event[HB_ID_MAX + 1], job[HB_ID_MAX + 1];
};

struct hb_delivery {
    struct hb_delivery *next; /* in its lane's queue; free list */
    struct hb_taken *taken;   /* not to be touched once it is neither open nor has the event */
    struct hb_lane *lane;
    struct hb_mono since;     /* when it was selected or taken over */
    /* fresh and not journaled: by age, in its partition */
    struct hb_partition *aging;
    struct hb_delivery *older, *newer;
    uint32_t window_epoch;
    enum hb_delivery_state state;
    bool is_resend, is_probe;
    bool is_running;          /* its request is on its way */
    bool is_recorded;         /* a journal record of it is not acknowledged yet */
    bool awaits_line;         /* the line of its answer is not acknowledged yet; its record goes behind that */
    bool is_open;             /* it keeps its event from being settled */
    bool has_event;           /* it needs the event's bytes */
    int64_t version;          /* of the state it follows; 0: the journal knows nothing of it */
    int64_t attempts;
    int64_t revision;         /* of the webhook's configuration its request was made by */
    struct hb_wall first_failed;
    struct hb_late *late;     /* decided, but the record or line before is not acknowledged yet */
};

#endif
