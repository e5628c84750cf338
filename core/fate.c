#include "core/fate.h"

#include "core/ordering.h"

bool hb_fate_is_once(struct hb_str job)
{
    return hb_str_has_prefix(job, HB_STR(HB_FATE_ONCE_PREFIX));
}

/* How long what is not charged waits. What waits for its turn or for an operator is due at once: the sender's room
 * holds it back. */
static int64_t unburnt_wait_ms(const struct hb_outcome *outcome)
{
    if (outcome->is_ours)
        return HB_FATE_OURS_MS;
    switch ((int)outcome->reason) {
    case HB_REASON_ADDRESS_BLOCKED:
    case HB_REASON_URL_REFUSED:
    case HB_REASON_SECRET_DAMAGED:
    case HB_REASON_TOO_LARGE:
        return HB_FATE_HEAL_MS;
    default:
        return 0;
    }
}

/* The move, or the nearest one the state has: a webhook can become ordered while a request of it runs. */
static enum hb_delivery_event event_of_used_up(const struct hb_fate_ask *ask)
{
    enum hb_delivery_event event =
        ask->is_ordered ? hb_ordering_used_up(ask->holds_dead) : HB_DELIVERY_EXHAUST;
    return hb_delivery_state_may(ask->state, event) ? event : HB_DELIVERY_EXHAUST;
}

static void charge(const struct hb_fate_ask *ask, struct hb_fate *fate)
{
    fate->attempts++;
    if (fate->first_failed.ms == HB_FATE_NEVER)
        fate->first_failed = ask->now;
}

static void fail(const struct hb_fate_ask *ask, struct hb_fate *fate)
{
    charge(ask, fate);
    const struct hb_schedule_ask next = {.attempts = (int)fate->attempts,
                                         .now = ask->now,
                                         .retry_after_ms = ask->outcome.retry_after_ms,
                                         .random = ask->random};
    bool has_next = !hb_fate_is_once(ask->job) && hb_schedule_next(ask->schedule, &next, &fate->due);
    fate->event = has_next ? HB_DELIVERY_FAIL : event_of_used_up(ask);
}

static void park(const struct hb_fate_ask *ask, struct hb_fate *fate)
{
    fate->event = ask->state == HB_DELIVERY_LEASED ? HB_DELIVERY_RELEASE : HB_DELIVERY_PARK;
    fate->due.ms += hb_schedule_jitter(unburnt_wait_ms(&ask->outcome), ask->random);
}

static const char *word_of(enum hb_delivery_event event, enum hb_delivery_state state)
{
    return event == HB_DELIVERY_FAIL ? "failed" : hb_delivery_state_text(state);
}

struct hb_fate hb_fate_decide(const struct hb_fate_ask *ask)
{
    struct hb_fate fate = {.attempts = ask->attempts,
                           .first_failed = ask->first_failed,
                           .due = ask->now,
                           .reason = ask->outcome.reason};
    HB_ASSERT(ask->attempts >= 0 && ask->attempts < INT32_MAX);
    bool was_parked = ask->state == HB_DELIVERY_PARKED || ask->state == HB_DELIVERY_LEASED;
    switch (ask->outcome.verdict) {
    case HB_VERDICT_DELIVERED:
        fate.event = HB_DELIVERY_SUCCEED;
        break;
    case HB_VERDICT_RETRY:
        fail(ask, &fate);
        break;
    case HB_VERDICT_DEAD:
        if (ask->outcome.reason == HB_REASON_GONE) /* the only one of them that an answer said */
            charge(ask, &fate);
        fate.event = HB_DELIVERY_REFUSE;
        break;
    case HB_VERDICT_SKIPPED: /* what was kept once is not dropped for what can heal */
        fate.event = HB_DELIVERY_SKIP;
        if (was_parked)
            park(ask, &fate);
        break;
    case HB_VERDICT_PARK:
    case HB_VERDICT_COUNT:
    default:
        park(ask, &fate);
        break;
    }
    fate.state = hb_delivery_state_move(ask->state, fate.event);
    fate.line = word_of(fate.event, fate.state);
    return fate;
}
