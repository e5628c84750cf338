#include "dispatcher/state.h"

#include "core/filter.h"
#include "core/selection.h"
#include "registry/registry.h"

/* An event without a stamp may come up to this long before the webhook's record: clocks of brokers differ. */
#define CREATED_SLACK_MS 5000

/* The webhook existed when the event was published: by the registry stamp; without one by append time. */
static bool existed(const struct hb_webhook *webhook, const struct hb_taken *taken)
{
    if (taken->event.registry_stamp != HB_NO_STAMP)
        return taken->event.registry_stamp >= webhook->created_offset;
    return taken->position.appended.ms >= webhook->created.ms - CREATED_SLACK_MS;
}

/* TOO_COSTLY counts as selected: nobody knows, and nothing selected may silently not be sent. */
static enum hb_filter_match select_for(const struct hb_webhook *webhook, const struct hb_taken *taken)
{
    if (!hb_selection_matches(webhook->selection, &taken->event) || !existed(webhook, taken))
        return HB_FILTER_MATCH_NO;
    if (!webhook->filter)
        return HB_FILTER_MATCH_YES;
    return taken->event.is_json ? hb_filter_match(webhook->filter, taken->event.data, NULL) : HB_FILTER_MATCH_NO;
}

enum hb_reason hb_route_refusal(const struct hb_webhook *webhook)
{
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
    if (webhook->is_governed)
        return HB_REASON_GOVERNED;
    return webhook->is_secret_damaged ? HB_REASON_SECRET_DAMAGED : HB_REASON_NONE;
}

static void deliver(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_webhook *webhook)
{
    struct hb_lane *lane = NULL;
    struct hb_delivery *delivery = hb_lanes_get(&d->lanes, webhook, &lane) == HB_OK ? hb_delivery_new(d) : NULL;
    if (!delivery) {
        hb_settle_skip(d, taken, webhook, HB_REASON_NOT_SENT);
        return;
    }
    *delivery = (struct hb_delivery){.taken = taken, .lane = lane};
    taken->open++;
    taken->deliveries++;
    hb_admit_add(&d->admit, delivery);
}

static void route_to_webhooks(struct hb_dispatcher *d, struct hb_taken *taken)
{
    size_t count = 0, selected = 0;
    struct hb_webhook *const *webhooks = hb_registry_webhooks(d->options.registry, taken->event.store, &count);
    for (size_t i = 0; i < count; i++) {
        enum hb_filter_match match = select_for(webhooks[i], taken);
        if (match == HB_FILTER_MATCH_NO)
            continue;
        selected++;
        enum hb_reason reason = hb_route_refusal(webhooks[i]);
        if (reason == HB_REASON_NONE && match == HB_FILTER_MATCH_TOO_COSTLY)
            reason = HB_REASON_FILTER_TOO_COSTLY;
        if (reason == HB_REASON_NONE)
            deliver(d, taken, webhooks[i]);
        else
            hb_settle_skip(d, taken, webhooks[i], reason);
    }
    if (selected > d->fan_out)
        d->fan_out = selected;
    hb_metric_add(d->options.metrics, HB_METRIC_NOT_SELECTED, count - selected);
}

void hb_route_run(struct hb_dispatcher *d, struct hb_taken *taken)
{
    taken->open = 1; /* until routing is done */
    const struct hb_store *store = hb_registry_store(d->options.registry, taken->event.store);
    if (!store || store->is_deleted)
        hb_settle_skip(d, taken, NULL, HB_REASON_UNKNOWN_STORE);
    else
        route_to_webhooks(d, taken);
    if (taken->deliveries == 0)
        hb_taken_drop_bytes(taken);
    hb_settle_close(d, taken);
}
