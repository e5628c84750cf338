#include "core/rest.h"

#include "core/schedule.h"
#include "core/smaller.h"

#define NOT_FAILING INT64_MAX

struct hb_rest hb_rest_make(void)
{
    return hb_rest_make_own(HB_REST_FIRST_MS, HB_REST_MOST_MS);
}

struct hb_rest hb_rest_make_own(int64_t first_ms, int64_t most_ms)
{
    HB_ASSERT(first_ms > 0 && most_ms > 0);
    return (struct hb_rest){
        .step_ms = first_ms, .first_ms = first_ms, .most_ms = most_ms, .failing_since = {NOT_FAILING}};
}

/* Whether the window was at its narrowest already when this request started: only then does one more sign close it. */
static bool closes_window(struct hb_window *window, const struct hb_rest_failure *failure)
{
    bool was_narrowest = window->size == 1 && hb_window_epoch(window) == failure->epoch;
    hb_window_overload(window, failure->epoch);
    return was_narrowest;
}

/* Rests at least so long; never shortens a rest. */
static bool rest_for(struct hb_rest *rest, struct hb_mono now, int64_t wait_ms)
{
    int64_t until_us = now.us + wait_ms * HB_US_PER_MS;
    if (rest->is_resting && rest->until.us >= until_us)
        return false;
    rest->is_resting = true;
    rest->until.us = until_us;
    return true;
}

static bool rest_a_step(struct hb_rest *rest, const struct hb_rest_failure *failure)
{
    int64_t wait_ms = hb_smaller_int(hb_schedule_jitter(rest->step_ms, failure->random), rest->most_ms);
    rest->step_ms = hb_smaller_int(rest->step_ms * 2, rest->most_ms);
    return rest_for(rest, failure->mono, wait_ms);
}

static void note(struct hb_rest *rest, const struct hb_rest_failure *failure)
{
    rest->failing_since.ms = hb_smaller_int(rest->failing_since.ms, failure->now.ms);
    if (failure->is_probe)
        rest->failed_probes++;
}

bool hb_rest_failure(struct hb_rest *rest, struct hb_window *window, const struct hb_rest_failure *failure)
{
    if (failure->is_probe)
        rest->is_probing = false;
    if (failure->outcome.is_ours)
        return false;
    note(rest, failure);
    bool is_longer = false;
    bool is_closing = failure->outcome.is_overload && closes_window(window, failure);
    /* Any failed probe goes on with the rest: a receiver that answers 500 to the probe has not come back. */
    if (failure->is_probe || (is_closing && !rest->is_resting))
        is_longer = rest_a_step(rest, failure);
    if (failure->outcome.rest_ms > 0)
        is_longer |= rest_for(rest, failure->mono, hb_smaller_int(failure->outcome.rest_ms, HB_REST_ASKED_MS_MAX));
    return is_longer;
}

bool hb_rest_success(struct hb_rest *rest, struct hb_window *window)
{
    bool was_resting = rest->is_resting;
    *rest = hb_rest_make_own(rest->first_ms, rest->most_ms);
    if (was_resting)
        *window = (struct hb_window){.size = 1, .max = window->max, .epoch = window->epoch + 1};
    else
        hb_window_success(window);
    return was_resting;
}

void hb_rest_died(struct hb_rest *rest)
{
    rest->has_died = true;
}

bool hb_rest_may_claim(const struct hb_rest *rest)
{
    return !rest->is_resting;
}

bool hb_rest_may_probe(const struct hb_rest *rest, struct hb_mono now)
{
    return rest->is_resting && !rest->is_probing && now.us >= rest->until.us;
}

void hb_rest_probe_start(struct hb_rest *rest, struct hb_mono now)
{
    HB_ASSERT(hb_rest_may_probe(rest, now));
    rest->is_probing = true;
}

void hb_rest_probe_lost(struct hb_rest *rest)
{
    rest->is_probing = false;
}

bool hb_rest_must_disable(const struct hb_rest *rest, struct hb_wall now)
{
    if (rest->failing_since.ms == NOT_FAILING || now.ms - rest->failing_since.ms < HB_REST_DISABLE_MS)
        return false;
    return rest->has_died || rest->failed_probes >= HB_REST_DISABLE_PROBES;
}

int64_t hb_rest_longest_ms(const struct hb_rest *rest)
{
    return rest->most_ms > HB_REST_ASKED_MS_MAX ? rest->most_ms : HB_REST_ASKED_MS_MAX;
}

int hb_rest_parked_slots(const struct hb_window *window, bool has_fresh)
{
    int kept = has_fresh ? (window->size + HB_REST_FRESH_PART - 1) / HB_REST_FRESH_PART : 0;
    return window->size - kept > 0 ? window->size - kept : 1;
}
