/* Job: which delivery is sent next, and which must wait.
 *
 * Place: takes deliveries from route, gives them to attempt one by one. Each lane has a first-in first-out queue and
 * a window; lanes take turns by deficit round robin over stores, then webhooks; a destination has a cap, a store a
 * share while others wait; there is a limit in all.
 * Owns / borrows: waiting deliveries. Fails: never (its limits are asked by intake before it takes more).
 * Limits: the options'. Cost: O(1) a delivery. Threads: the loop's. */
#ifndef DISPATCHER_ADMIT_H
#define DISPATCHER_ADMIT_H

#include "dispatcher/lane.h"

struct hb_taken;

/* A delivery: one event for one webhook, from selection to its line. */
struct hb_delivery {
    struct hb_delivery *next;
    struct hb_taken *taken;
    struct hb_lane *lane;
    uint32_t window_epoch;
};

struct hb_admit_limits {
    int in_flight_max, host_max, store_in_flight_max;
    size_t waiting_max, waiting_bytes_max;
};
struct hb_admit {
    struct hb_turns turns;
    struct hb_admit_limits limits;
    int in_flight;
    size_t waiting, waiting_bytes;
    /* Sends it now (it counts as in flight), or ends it at once with hb_admit_ended. */
    void (*start)(void *user, struct hb_delivery *delivery);
    void *user;
};

/* Queues a delivery behind the others of its lane. */
void hb_admit_add(struct hb_admit *admit, struct hb_delivery *delivery);
/* Starts what may start now. Not re-entered from `start`. */
void hb_admit_pump(struct hb_admit *admit);
/* A started delivery ended: its slots are free. Pump afterwards. */
void hb_admit_ended(struct hb_admit *admit, struct hb_lane *lane);
/* Slots of a destination became free: lanes that wait for it take part again, as many as there are slots. */
void hb_admit_unblock(struct hb_admit *admit, struct hb_host *host);
/* Takes out of a lane's queue what `is_out` says and gives it to `out`. */
void hb_admit_sweep(struct hb_admit *admit, struct hb_lane *lane,
                    bool (*is_out)(void *user, const struct hb_delivery *delivery),
                    void (*out)(void *user, struct hb_delivery *delivery), void *user);
/* At its limit: nothing more should be taken; below three quarters again. */
bool hb_admit_is_full(const struct hb_admit *admit);
bool hb_admit_has_room(const struct hb_admit *admit);

#endif
