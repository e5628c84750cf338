/* Job: which delivery is sent next, and which must wait.
 *
 * Place: takes deliveries from route and from the owner of parked ones, gives them to attempt one by one. Each lane has
 * a first-in first-out queue of fresh ones, one of resends that goes before it, and a window; lanes take turns by
 * deficit round robin over stores, then webhooks; a destination has a cap, a store a share while others wait.
 * A lane that cannot keep up must not hold the others back: one is *late* when what it starts has waited longer than
 * behind_us, and *behind* when that has lasted as long; but not while it answers well and quickly enough to catch
 * up. What comes for a lane that is behind, beyond its limits, is parked, and at the limit in all it is
 * parked from. Lanes that are in time make intake wait instead (hb_admit_is_full), so that a backlog does not end in the
 * retry queue; but not while others would have to wait with it for nothing: a lane that gets more than its receiver
 * takes, while this process idles and others got something lately, is *overrun*, and behind until its queue is empty.
 * Owns / borrows: waiting deliveries. Fails: never (its limits are asked by intake before it takes more).
 * Limits: the options'. Cost: O(1) a delivery. Threads: the loop's. */
#ifndef DISPATCHER_ADMIT_H
#define DISPATCHER_ADMIT_H

#include "dispatcher/delivery.h"
#include "dispatcher/lane.h"

struct hb_admit_limits {
    int in_flight_max, host_max, store_in_flight_max;
    size_t waiting_max, waiting_bytes_max;
    size_t lane_max, lane_bytes_max; /* 0: none */
    int64_t behind_us;               /* 0: no lane is ever behind */
};
struct hb_admit {
    struct hb_turns turns;
    struct hb_admit_limits limits;
    struct hb_mono now; /* of this turn of the loop: set before anything is added or pumped */
    int in_flight;
    size_t waiting, waiting_bytes; /* fresh ones */
    size_t resends_waiting;
    size_t in_time; /* of those that wait: in lanes that are not late */
    size_t crowded; /* lanes */
    /* How fast in-time lanes start deliveries: what waits in them is kept to what goes out in half of behind_us. */
    struct hb_mono counted_since;
    size_t counted, in_time_max;
    /* Whether intake has waited for lanes while this process had little to do (admit_overrun.c). */
    bool is_holding;
    struct hb_mono held_from, held_since; /* us 0: not measured; not held now */
    int64_t held_us, cpu_at_us;
    const struct hb_lane *last_lane;      /* that started a fresh delivery; only compared */
    struct hb_mono last_at, other_at;     /* and when one that is not this did */
    int64_t (*cpu_us)(void *user);        /* CPU time of this thread; NULL: none is used */
    /* Sends it now (it counts as in flight), or ends it at once with hb_admit_ended. */
    void (*start)(void *user, struct hb_delivery *delivery);
    void *user;
};

/* Whether a fresh delivery more may wait in the lane; false: it is behind and at its limit. */
bool hb_admit_may_wait(struct hb_admit *admit, struct hb_lane *lane);
/* Queues a delivery behind the others of its kind in its lane. */
void hb_admit_add(struct hb_admit *admit, struct hb_delivery *delivery);
/* Starts what may start now. Not re-entered from `start`. */
void hb_admit_pump(struct hb_admit *admit);
/* A started delivery ended: its slots are free. Pump afterwards. */
void hb_admit_ended(struct hb_admit *admit, struct hb_delivery *delivery);
/* A request of the lane ended so: whether it keeps up is judged by this, too. */
void hb_admit_note(struct hb_admit *admit, struct hb_lane *lane, bool is_delivered, bool is_overload,
                   int64_t duration_us);
/* Slots of a destination became free: lanes that wait for it take part again, as many as there are slots. */
void hb_admit_unblock(struct hb_admit *admit, struct hb_host *host);
/* Takes the oldest waiting fresh delivery of a lane out of its queue. */
struct hb_delivery *hb_admit_take_first(struct hb_admit *admit, struct hb_lane *lane);
/* Takes out of a lane's queues what `is_out` says and gives it to `out`. */
void hb_admit_sweep(struct hb_admit *admit, struct hb_lane *lane,
                    bool (*is_out)(void *user, const struct hb_delivery *delivery),
                    void (*out)(void *user, struct hb_delivery *delivery), void *user);
/* Looks at a crowded lane again: with time it may have fallen behind. */
void hb_admit_look(struct hb_admit *admit, struct hb_lane *lane);
/* admit_overrun.c. After each pump: how long intake was held. */
void hb_admit_note_holding(struct hb_admit *admit);
/* A fresh delivery of the lane starts: it is a neighbour of the others. */
void hb_admit_note_start(struct hb_admit *admit, const struct hb_lane *lane);
/* Whether the lane holds its neighbours back for nothing. */
bool hb_admit_is_overrun(const struct hb_admit *admit, const struct hb_lane *lane);
/* How many deliveries more may wait before it is full. */
size_t hb_admit_room(const struct hb_admit *admit);
/* At the limit in all: something must go, from the longest queue of those behind. */
bool hb_admit_is_over(const struct hb_admit *admit);
/* Nothing more should be taken; room again below three quarters. */
bool hb_admit_is_full(const struct hb_admit *admit);
bool hb_admit_has_room(const struct hb_admit *admit);

#endif
