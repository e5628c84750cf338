/* Job: whose turn it is: deficit round robin over stores, and within a store over its webhooks.
 *
 * Place: dispatcher/admit. A seat (a webhook) takes part while it has something to send and may send; its bench (a
 * store) takes part while it has such a seat. Each in turn spends a quantum; what it spends beyond, it owes in the
 * next round. So a store with ten thousand webhooks gets no more than a store with one, and a webhook with large
 * bodies no more than one with small ones.
 * Owns: nothing: seats and benches are embedded by their owners and must leave before they are freed. Cost O(1) a
 * turn.
 * Threads: one. */
#ifndef CORE_TURNS_H
#define CORE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

/* Cost units a turn; a delivery costs 1 and another for each 16 KiB. One, so that a webhook with several deliveries
 * waiting sends the second when the others had their turn: by then its connection is free again. With eight, ten
 * thousand destinations opened four connections each and reused none. */
#define HB_TURNS_QUANTUM 1

struct hb_bench;
struct hb_seat {
    struct hb_seat *next, *previous; /* NULL: not taking part */
    struct hb_bench *bench;
    int credit;
};
struct hb_bench {
    struct hb_bench *next, *previous; /* NULL: not taking part */
    struct hb_seat *seats;            /* whose turn it is; a circle */
    int credit;
};
struct hb_turns {
    struct hb_bench *benches; /* whose turn it is; a circle */
    size_t benches_count;
};

/* The seat takes part, behind all others of its bench. Already in: nothing happens. */
void hb_turns_enter(struct hb_turns *turns, struct hb_bench *bench, struct hb_seat *seat);
/* The seat no longer takes part. Not in: nothing happens. */
void hb_turns_leave(struct hb_turns *turns, struct hb_seat *seat);
static inline bool hb_turns_has(const struct hb_seat *seat) { return seat->next != NULL; }
/* Whose turn it is, the same until something was spent; NULL if nobody takes part. */
struct hb_seat *hb_turns_next(struct hb_turns *turns);
/* The seat whose turn it was has spent `cost` (>= 1); the turn passes on when its credit is used up. */
void hb_turns_spend(struct hb_turns *turns, struct hb_seat *seat, int cost);
/* The turn passes to the next bench without anything spent. */
void hb_turns_skip_bench(struct hb_turns *turns);

#endif
