/* Rests: a webhook that is overloaded or away is left alone, but for one probe at a time. The process that owns its
 * shard declares them, from what its own requests meet (docs/decisions/0007-rests-are-judged-by-the-owner.md); everyone
 * reads of them in the registry. */
#include "dispatcher/state.h"

#include "dispatcher/runtime_state.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"

/* A rest that nobody ended is over so long after its time: an owner that died must not silence a webhook. */
#define ORPHANED_MS (30 * HB_MS_PER_S)
/* When no parked delivery has become the probe by then, a fresh one does. */
#define FRESH_PROBE_MS HB_MS_PER_S
/* A webhook that fails without ever resting: from then on the registry knows since when. */
#define TELL_SINCE_MS HB_MS_PER_HOUR
#define TELL_AGAIN_MS (5 * HB_MS_PER_S)
/* Another machine's clock may be so far ahead of ours. */
#define CLOCKS_DIFFER_MS (5 * HB_MS_PER_S)

static struct hb_wall wall(const struct hb_dispatcher *d)
{
    return hb_loop_wall(d->options.loop);
}

static struct hb_mono mono(const struct hb_dispatcher *d)
{
    return hb_loop_mono(d->options.loop);
}

static struct hb_mono later(struct hb_mono at, int64_t ms)
{
    return (struct hb_mono){at.us + ms * HB_US_PER_MS};
}

struct hb_wall hb_resting_wall(struct hb_dispatcher *d, struct hb_mono at)
{
    int64_t left_us = at.us - mono(d).us;
    return (struct hb_wall){wall(d).ms + (left_us + (left_us > 0 ? HB_US_PER_MS - 1 : 0)) / HB_US_PER_MS};
}

static void publish(struct hb_dispatcher *d, struct hb_lane *lane, const char *reason)
{
    hb_telling_rest(d, lane, reason);
    lane->told_since = lane->rest.failing_since.ms;
    lane->told_at = mono(d);
}

/* ---- whose word counts ---- */

/* Until when it rests by the registry, measured from when that was heard. What is farther away than any rest was said
 * before the clock was set back: it is over. */
static struct hb_mono said_until(struct hb_dispatcher *d, struct hb_lane *lane)
{
    struct hb_wall said = lane->webhook->resting_until;
    if (lane->heard.ms == said.ms)
        return lane->heard_until;
    int64_t left_ms = said.ms - wall(d).ms;
    if (left_ms > hb_rest_longest_ms(&lane->rest) + CLOCKS_DIFFER_MS)
        left_ms = -ORPHANED_MS;
    lane->heard = said;
    lane->heard_until = later(mono(d), left_ms);
    return lane->heard_until;
}

/* What a former owner said goes on. */
static void adopt(struct hb_dispatcher *d, struct hb_lane *lane)
{
    lane->rest = hb_rest_make_own(lane->rest.first_ms, lane->rest.most_ms);
    struct hb_runtime_rest past = hb_runtime_past(d->options.registry, lane->webhook);
    lane->rest.failing_since = past.failing_since;
    lane->rest.failed_probes = past.failed_probes;
    lane->rest.has_died = past.has_died;
    lane->told_since = lane->rest.failing_since.ms;
    lane->rest.is_resting = lane->webhook->resting_until.ms != 0;
    lane->rest.until = said_until(d, lane);
}

bool hb_resting_owns(struct hb_dispatcher *d, struct hb_lane *lane)
{
    bool owns = d->owner.owns && d->owner.owns(d->owner.user, lane->webhook->id);
    if (owns && !lane->is_owned)
        adopt(d, lane);
    else if (!owns && lane->is_owned)
        lane->rest = hb_rest_make_own(lane->rest.first_ms, lane->rest.most_ms);
    lane->is_owned = owns;
    return owns;
}

bool hb_resting_is(struct hb_dispatcher *d, struct hb_lane *lane)
{
    bool is_said = lane->webhook->resting_until.ms != 0;
    if (hb_rest_may_claim(&lane->rest) && !is_said && lane->quiet_until.us == 0)
        return false; /* the fast path */
    int64_t now_us = mono(d).us;
    if (hb_resting_owns(d, lane))
        return !hb_rest_may_claim(&lane->rest);
    if (lane->quiet_until.us <= now_us)
        lane->quiet_until.us = 0;
    return lane->quiet_until.us != 0 || (is_said && now_us < later(said_until(d, lane), ORPHANED_MS).us);
}

enum hb_resting hb_resting_fresh(struct hb_dispatcher *d, struct hb_lane *lane)
{
    if (!hb_resting_is(d, lane))
        return HB_RESTING_NOT;
    struct hb_mono now = mono(d);
    if (!lane->is_owned || !hb_rest_may_probe(&lane->rest, later(now, -FRESH_PROBE_MS)))
        return HB_RESTING_PARK;
    hb_rest_probe_start(&lane->rest, now);
    return HB_RESTING_PROBE;
}

struct hb_resend_room hb_resting_room(struct hb_dispatcher *d, struct hb_lane *lane)
{
    struct hb_resend_room room = {.again = {HB_RESEND_WHEN_TOLD}};
    if (!hb_resting_is(d, lane)) {
        bool has_fresh = lane->first || lane->in_flight > lane->resends;
        int slots = hb_rest_parked_slots(&lane->window, has_fresh) - lane->resends;
        room.slots = slots > 0 ? slots : 0;
        return room;
    }
    if (!lane->is_owned) {
        bool is_said = lane->webhook->resting_until.ms != 0;
        room.again = hb_resting_wall(d, is_said ? later(said_until(d, lane), ORPHANED_MS) : lane->quiet_until);
    } else if (hb_rest_may_probe(&lane->rest, mono(d))) {
        room.slots = 1;
        room.is_probe = true;
    } else if (!lane->rest.is_probing) {
        room.again = hb_resting_wall(d, lane->rest.until);
    }
    return room;
}

/* ---- what requests teach ---- */

static void log_rest(struct hb_dispatcher *d, const struct hb_lane *lane, const char *reason)
{
    hb_metric_add(d->options.metrics, HB_METRIC_RESTS, 1);
    hb_log(&d->log, HB_LOG_WEBHOOK_RESTS, HB_LOG_STR("store", lane->webhook->store),
           HB_LOG_STR("webhook", lane->webhook->id),
           HB_LOG_INT("for_ms", (lane->rest.until.us - mono(d).us) / HB_US_PER_MS), HB_LOG_C("reason", reason));
}

/* Disabled from here on: everyone's snapshots say so when Kafka has it; this lane sends nothing more at once. */
static void disable(struct hb_dispatcher *d, struct hb_lane *lane, int64_t revision, const char *reason)
{
    if (lane->gone_revision >= revision || revision < lane->webhook->enabled_revision)
        return; /* known, or enabled anew since the request began */
    lane->gone_revision = revision;
    lane->gone_reason = reason;
    lane->gone_at = wall(d);
    hb_telling_gone(d, lane);
    hb_metric_add(d->options.metrics, HB_METRIC_WEBHOOKS_DISABLED, 1);
    hb_log(&d->log, HB_LOG_WEBHOOK_DISABLED, HB_LOG_STR("store", lane->webhook->store),
           HB_LOG_STR("webhook", lane->webhook->id), HB_LOG_C("reason", reason));
}

static void succeeded(struct hb_dispatcher *d, struct hb_lane *lane)
{
    bool is_plain = !lane->rest.is_resting && lane->rest.failing_since.ms == INT64_MAX;
    if ((is_plain && lane->webhook->resting_until.ms == 0) || !hb_resting_owns(d, lane)) {
        lane->quiet_until.us = 0;
        hb_window_success(&lane->window);
        return;
    }
    /* A former owner's last word may have been written behind ours; ours takes a moment to come back. */
    bool has_just_told = lane->told_at.us != 0 && mono(d).us <= later(lane->told_at, TELL_AGAIN_MS).us;
    bool is_contradicted = lane->webhook->resting_until.ms != 0 && !has_just_told;
    bool was_told = lane->told_since != INT64_MAX;
    bool was_resting = hb_rest_success(&lane->rest, &lane->window);
    lane->quiet_until.us = 0;
    if (was_resting || was_told || is_contradicted)
        publish(d, lane, "");
    if (was_resting)
        hb_log(&d->log, HB_LOG_WEBHOOK_IS_BACK, HB_LOG_STR("store", lane->webhook->store),
               HB_LOG_STR("webhook", lane->webhook->id));
}

/* Whoever does not own it keeps to what the receiver asked, and makes its window small; no more. */
static void failed_elsewhere(struct hb_dispatcher *d, struct hb_lane *lane, const struct hb_delivery *delivery,
                             const struct hb_outcome *outcome)
{
    if (outcome->is_ours)
        return;
    if (outcome->is_overload)
        hb_window_overload(&lane->window, delivery->window_epoch);
    struct hb_mono until = later(mono(d), outcome->rest_ms);
    if (outcome->rest_ms > 0 && lane->quiet_until.us < until.us)
        lane->quiet_until = until;
}

static void failed(struct hb_dispatcher *d, struct hb_lane *lane, const struct hb_delivery *delivery,
                   const struct hb_outcome *outcome)
{
    struct hb_rest *rest = &lane->rest;
    struct hb_rest_failure failure = {.now = wall(d),
                                      .mono = mono(d),
                                      .outcome = *outcome,
                                      .epoch = delivery->window_epoch,
                                      .random = hb_dispatcher_random(d),
                                      .is_probe = delivery->is_probe};
    /* What was not sent says nothing about the receiver. */
    failure.outcome.is_ours |= outcome->verdict != HB_VERDICT_RETRY && outcome->verdict != HB_VERDICT_DEAD;
    bool is_longer = hb_rest_failure(rest, &lane->window, &failure);
    bool is_long_failing = rest->failing_since.ms != INT64_MAX && lane->told_since == INT64_MAX &&
                           failure.now.ms - rest->failing_since.ms > TELL_SINCE_MS;
    if (is_longer || is_long_failing)
        publish(d, lane, hb_reason_text(outcome->reason));
    if (is_longer)
        log_rest(d, lane, hb_reason_text(outcome->reason));
}

/* Of a webhook that is known to be failing, the next owner must know it, too. */
static void note_death(struct hb_dispatcher *d, struct hb_lane *lane)
{
    bool is_first = !lane->rest.has_died;
    hb_rest_died(&lane->rest);
    if (is_first && lane->told_since != INT64_MAX)
        publish(d, lane, lane->rest_reason ? lane->rest_reason : "");
}

void hb_resting_result(struct hb_dispatcher *d, const struct hb_delivery *delivery, const struct hb_outcome *outcome,
                       const struct hb_fate *fate)
{
    struct hb_lane *lane = delivery->lane;
    if (outcome->disables_webhook)
        disable(d, lane, delivery->revision, "gone");
    if (outcome->verdict == HB_VERDICT_DELIVERED) {
        succeeded(d, lane);
        return;
    }
    if (!hb_resting_owns(d, lane)) {
        failed_elsewhere(d, lane, delivery, outcome);
    } else {
        failed(d, lane, delivery, outcome);
        if (fate->state == HB_DELIVERY_DEAD || fate->state == HB_DELIVERY_HELD)
            note_death(d, lane);
        if (hb_rest_must_disable(&lane->rest, wall(d)))
            disable(d, lane, lane->webhook->revision, "failing");
    }
    if (lane->waiting > 0 && hb_resting_is(d, lane))
        hb_park_lane(d, lane, HB_REASON_RESTING);
}

void hb_resting_changed(struct hb_lane *lane, const struct hb_webhook *old_webhook)
{
    const struct hb_webhook *webhook = lane->webhook;
    if (webhook->resting_until.ms != 0)
        (void)said_until(lane->owner, lane); /* measured from now on */
    if (old_webhook && webhook->enabled_revision > old_webhook->enabled_revision) { /* enabled, or woken */
        lane->rest = hb_rest_make_own(lane->rest.first_ms, lane->rest.most_ms);
        lane->quiet_until.us = 0;
        lane->told_since = INT64_MAX;
    }
}
