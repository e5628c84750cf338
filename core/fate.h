/* Job: decides what becomes of a delivery after an attempt, or after it was not sent: delivered, parked again and until
 * when, dead, held, skipped.
 *
 * Place: the sender (dispatcher/) asks it with the judged outcome and writes what it says: a journal record and a line.
 * Waiting never burns an attempt: only an answer, or a failure that is the receiver's, is charged. Every change goes
 * through core/delivery_state, so a move that the table does not have aborts.
 * Owns / borrows: the schedule is borrowed for the call. Fails: never. Cost: O(1). Threads: any.
 *
 * Example:
 *     struct hb_fate fate = hb_fate_decide(&(struct hb_fate_ask){.outcome = outcome, .state = HB_DELIVERY_SENDING,
 *         .first_failed = {HB_FATE_NEVER}, .schedule = hb_schedule_default(), .now = now, .random = r});
 *     line.outcome = hb_str_c(fate.line); */
#ifndef CORE_FATE_H
#define CORE_FATE_H

#include "core/delivery_state.h"
#include "core/schedule.h"
#include "hookbus/outcome.h"

/* No attempt has failed yet (as HB_JOURNAL_NEVER). */
#define HB_FATE_NEVER INT64_C(-1)
/* What our own trouble stopped is tried again so much later. */
#define HB_FATE_OURS_MS (30 * HB_MS_PER_S)
/* What only somebody's hand can heal (a URL, an address that is not allowed, a damaged secret) is looked at so
 * often. */
#define HB_FATE_HEAL_MS HB_MS_PER_HOUR
/* A replay job with this before its id gives each delivery one attempt (`--once`). */
#define HB_FATE_ONCE_PREFIX "once_"

struct hb_fate_ask {
    struct hb_outcome outcome;
    enum hb_delivery_state state; /* before: FRESH, SENDING, PARKED (a late result), LEASED */
    int64_t attempts;             /* charged before this outcome */
    struct hb_wall first_failed;  /* or HB_FATE_NEVER */
    struct hb_schedule schedule;  /* of the webhook */
    bool is_ordered, holds_dead;
    struct hb_str job;            /* of a replay; empty: none */
    struct hb_wall now;
    uint32_t random;              /* any 32 random bits */
};

struct hb_fate {
    enum hb_delivery_event event; /* SUCCEED, FAIL, EXHAUST, HOLD, REFUSE, SKIP, PARK (RELEASE of a leased one) */
    enum hb_delivery_state state; /* after */
    int64_t attempts;
    struct hb_wall first_failed;
    struct hb_wall due;           /* PARKED: the next attempt not before; else the time it was decided */
    enum hb_reason reason;
    const char *line;             /* the word in history: delivered, failed, parked, dead, held, skipped */
};

struct hb_fate hb_fate_decide(const struct hb_fate_ask *ask);
/* Whether a job's deliveries have one attempt. */
bool hb_fate_is_once(struct hb_str job);

#endif
