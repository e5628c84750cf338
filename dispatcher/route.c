#include "dispatcher/state.h"

#include "core/wanted.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"

enum hb_reason hb_route_refusal(const struct hb_webhook *webhook, const struct hb_lane *lane)
{
    bool is_gone = lane && lane->gone_revision >= webhook->enabled_revision;
    /* The registry has not told yet. Until Kafka has the word it may never tell: nothing is dropped for it. */
    if (is_gone && webhook->status == HB_WEBHOOK_ACTIVE)
        return lane->gone_word.is_wanted ? HB_REASON_RESTING : HB_REASON_DISABLED;
    switch (webhook->status) {
    case HB_WEBHOOK_PAUSED:
        return HB_REASON_PAUSED;
    case HB_WEBHOOK_DISABLED:
        return HB_REASON_DISABLED;
    case HB_WEBHOOK_DELETED:
        return HB_REASON_WEBHOOK_DELETED;
    case HB_WEBHOOK_ACTIVE:
    case HB_WEBHOOK_STATUS_COUNT:
    default:
        break;
    }
    if (webhook->is_secret_damaged)
        return HB_REASON_SECRET_DAMAGED;
    return webhook->is_governed ? HB_REASON_GOVERNED : HB_REASON_NONE;
}

/* Why it is not sent now, of what is known before a queue is looked at. */
static enum hb_reason reason_to_wait(struct hb_dispatcher *d, struct hb_delivery *delivery, enum hb_reason refusal)
{
    struct hb_lane *lane = delivery->lane;
    if (refusal != HB_REASON_NONE)
        return refusal;
    enum hb_resting resting = hb_resting_fresh(d, lane);
    delivery->is_probe = resting == HB_RESTING_PROBE;
    if (resting == HB_RESTING_PARK)
        return HB_REASON_RESTING;
    return hb_admit_may_wait(&d->admit, lane) ? HB_REASON_NONE : HB_REASON_QUEUE_FULL;
}

/* refusal: none, or one that parks. */
static void deliver(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_lane *lane, enum hb_reason refusal)
{
    struct hb_delivery *delivery = hb_delivery_new(d, taken, lane);
    if (!delivery) {
        hb_settle_skip(d, taken, lane->webhook, HB_REASON_NOT_SENT);
        return;
    }
    enum hb_reason reason = reason_to_wait(d, delivery, refusal);
    if (reason != HB_REASON_NONE) {
        hb_park(d, delivery, reason);
        return;
    }
    hb_age_enter(d, hb_partitions_find(&d->partitions, taken->position.topic, taken->position.partition), delivery);
    hb_admit_add(&d->admit, delivery);
    if (hb_admit_is_over(&d->admit))
        hb_park_longest(d);
}

static bool is_parking(enum hb_reason reason)
{
    return reason == HB_REASON_PAUSED || reason == HB_REASON_GOVERNED || reason == HB_REASON_RESTING;
}

static void route_to_webhook(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_webhook *webhook,
                             enum hb_filter_match match)
{
    struct hb_lane *lane = NULL;
    enum hb_err err = hb_lanes_get(&d->lanes, webhook, &lane);
    enum hb_reason reason = hb_route_refusal(webhook, lane);
    if ((reason == HB_REASON_NONE || is_parking(reason)) && match == HB_FILTER_MATCH_TOO_COSTLY)
        reason = HB_REASON_FILTER_TOO_COSTLY;
    if (err)
        reason = HB_REASON_NOT_SENT;
    if (reason == HB_REASON_NONE || is_parking(reason))
        deliver(d, taken, lane, reason);
    else
        hb_settle_skip(d, taken, webhook, reason);
}

static void route_to_webhooks(struct hb_dispatcher *d, struct hb_taken *taken)
{
    size_t count = 0, selected = 0;
    struct hb_webhook *const *webhooks = hb_registry_webhooks(d->options.registry, taken->event.store, &count);
    for (size_t i = 0; i < count; i++) {
        /* TOO_COSTLY counts as selected: nobody knows, and nothing selected may silently not be sent. */
        enum hb_filter_match match = hb_wanted_run(webhooks[i], &taken->event, taken->position.appended);
        if (match == HB_FILTER_MATCH_NO)
            continue;
        selected++;
        route_to_webhook(d, taken, webhooks[i], match);
    }
    if (selected > d->fan_out)
        d->fan_out = selected;
    hb_metric_add(d->options.metrics, HB_METRIC_NOT_SELECTED, count - selected);
}

void hb_route_run(struct hb_dispatcher *d, struct hb_taken *taken)
{
    taken->open = taken->deliveries = 1; /* until routing is done */
    d->admit.now = hb_loop_mono(d->options.loop);
    const struct hb_store *store = hb_registry_store(d->options.registry, taken->event.store);
    if (!store || store->is_deleted)
        hb_settle_skip(d, taken, NULL, HB_REASON_UNKNOWN_STORE);
    else
        route_to_webhooks(d, taken);
    hb_settle_delivery_done(d, taken);
    hb_settle_close(d, taken);
}
