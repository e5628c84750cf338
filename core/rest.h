/* Job: decides when a webhook rests, when it is probed, and when it is given up.
 *
 * Place: one in each lane; only that of the process that owns the webhook's shard counts, and it judges by its own
 * requests (docs/decisions/0007). What it says is published as run-time state, so that everyone else parks, unburnt.
 * Beside core/window: the window says how many at once, the rest whether at all.
 *
 * A webhook rests when its window of one meets overload again, or for the Retry-After of a 429 or 503 (at most an
 * hour). A rest is 30 s, doubling to 10 min while probes fail, ±20 %. When it is over, one probe goes out, the oldest
 * due delivery, and burns its attempt. A success of any request ends the rest; the window begins at 1 and ramps up. A
 * webhook is to be disabled after 5 days of failures without one success in which a delivery died or 20 probes failed.
 * The days count from the first failure after the last success: a webhook that had nothing to do was not failing.
 *
 * A rest is measured in monotonic time: the wall clock may be set in the middle of it. Only the days of failing are
 * wall time, because they outlive the process.
 *
 * Owns: nothing; a plain value, time and randomness are passed in. Fails: never; a probe that was not due is a bug.
 * Cost: O(1). Threads: one.
 *
 * Example:
 *     if (hb_rest_failure(&rest, &window, &failure)) { publish_resting(wall_of(rest.until)); }
 *     if (hb_rest_may_probe(&rest, now)) { hb_rest_probe_start(&rest, now); send(oldest_due); } */
#ifndef CORE_REST_H
#define CORE_REST_H

#include "core/window.h"
#include "hookbus/outcome.h"

#define HB_REST_FIRST_MS (30 * HB_MS_PER_S)
#define HB_REST_MOST_MS (600 * HB_MS_PER_S)
#define HB_REST_ASKED_MS_MAX HB_MS_PER_HOUR
#define HB_REST_DISABLE_MS (5 * HB_MS_PER_DAY)
#define HB_REST_DISABLE_PROBES 20
/* Fresh events keep this part of the slots while the parked ones ramp up. */
#define HB_REST_FRESH_PART 4

struct hb_rest {
    bool is_resting;
    bool is_probing;
    struct hb_mono until;         /* resting: no probe before */
    int64_t step_ms;              /* how long the next rest is, before jitter */
    int64_t first_ms, most_ms;    /* the first one after a success, and the longest */
    struct hb_wall failing_since; /* first failure after the last success; INT64_MAX: not failing */
    int failed_probes;            /* since then */
    bool has_died;                /* a delivery died since then */
};

/* One failed attempt, as it is told. */
struct hb_rest_failure {
    struct hb_wall now;
    struct hb_mono mono; /* the same moment */
    struct hb_outcome outcome;
    uint32_t epoch;  /* the window's when the request started */
    uint32_t random; /* any 32 random bits */
    bool is_probe;
};

/* Healthy: not resting, not failing. Rests of HB_REST_FIRST_MS to HB_REST_MOST_MS, or of first_ms to most_ms (> 0). */
struct hb_rest hb_rest_make(void);
struct hb_rest hb_rest_make_own(int64_t first_ms, int64_t most_ms);
/* A request failed. True: the webhook begins to rest, or rests longer than it did: publish `until`. Our own trouble
 * changes nothing but gives a probe back. */
bool hb_rest_failure(struct hb_rest *rest, struct hb_window *window, const struct hb_rest_failure *failure);
/* A request ended well, of whomever. True: a rest is over: publish it. */
bool hb_rest_success(struct hb_rest *rest, struct hb_window *window);
/* A delivery of the webhook died. */
void hb_rest_died(struct hb_rest *rest);
/* Whether deliveries may be claimed in the ordinary way. */
bool hb_rest_may_claim(const struct hb_rest *rest);
/* Whether one probe may go out. */
bool hb_rest_may_probe(const struct hb_rest *rest, struct hb_mono now);
/* The probe goes out. */
void hb_rest_probe_start(struct hb_rest *rest, struct hb_mono now);
/* The probe ended without a result: a lost lease, a stop. */
void hb_rest_probe_lost(struct hb_rest *rest);
/* Whether it is time to disable the webhook. */
bool hb_rest_must_disable(const struct hb_rest *rest, struct hb_wall now);
/* No rest is longer. What says otherwise was written before a clock was set back. */
int64_t hb_rest_longest_ms(const struct hb_rest *rest);
/* How many of the window's slots parked deliveries may take: all, or what fresh ones leave them, but at least one. */
int hb_rest_parked_slots(const struct hb_window *window, bool has_fresh);

#endif
