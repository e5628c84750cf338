/* Parked deliveries that are due: how many a webhook takes now, and the sending of those the owner gives. They go
 * through the same windows, turns and caps as fresh ones, before those of their lane. */
#include "dispatcher/state.h"

#include "platform/loop/loop.h"
#include "registry/registry.h"

/* While Kafka does not acknowledge, asking again so often is enough. */
#define CONGESTED_MS 500

static struct hb_resend_room no_room(int64_t again_ms)
{
    return (struct hb_resend_room){.again = {again_ms}};
}

static struct hb_lane *lane_of(struct hb_dispatcher *d, struct hb_webhook *webhook)
{
    struct hb_lane *lane = NULL;
    return hb_lanes_get(&d->lanes, webhook, &lane) == HB_OK ? lane : NULL;
}

struct hb_resend_room hb_resend_room(void *dispatcher, struct hb_str id)
{
    struct hb_dispatcher *d = dispatcher;
    struct hb_resend_room room = no_room(HB_RESEND_WHEN_TOLD);
    struct hb_webhook *webhook = hb_registry_webhook_by_id(d->options.registry, id);
    int64_t soon_ms = hb_loop_wall(d->options.loop).ms + CONGESTED_MS;
    if (!webhook) {
        room.is_unknown = true;
        return room;
    }
    if (webhook->status == HB_WEBHOOK_DELETED) {
        room.is_deleted = true;
        return room;
    }
    struct hb_lane *lane = lane_of(d, webhook);
    if (!lane || hb_outbox_is_congested(d->outbox) || !d->options.has_keys)
        return no_room(soon_ms);
    lane->is_asked = true;
    if (webhook->status != HB_WEBHOOK_ACTIVE || lane->gone_revision >= webhook->enabled_revision || d->is_stopping)
        return room;
    return hb_resting_room(d, lane);
}

void hb_resend_tell(struct hb_dispatcher *d, struct hb_lane *lane)
{
    if (!lane->is_asked || !d->owner.room_changed)
        return;
    lane->is_asked = false;
    d->owner.room_changed(d->owner.user, lane->webhook->id);
}

void hb_resend_unsent(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    if (delivery->is_probe)
        hb_rest_probe_lost(&lane->rest);
    delivery->taken->end = HB_RESEND_UNSENT;
    hb_record_end(d, delivery);
    hb_resend_tell(d, lane);
}

static struct hb_taken *taken_of(struct hb_dispatcher *d, const struct hb_resend *resend)
{
    struct hb_taken *taken = hb_taken_new(&d->pool);
    if (!taken)
        return NULL;
    taken->event = *resend->event;
    taken->position = resend->position;
    taken->is_resend = true;
    taken->is_kept = true;
    taken->end = HB_RESEND_RECORDED;
    taken->tag = resend->tag;
    HB_ASSERT(resend->job.len < sizeof taken->job);
    memcpy(taken->job, resend->job.len > 0 ? resend->job.ptr : "", resend->job.len);
    return taken;
}

/* Whether it may go now; the probe is taken by this. */
static bool may_go(struct hb_dispatcher *d, struct hb_lane *lane, bool is_probe)
{
    enum hb_reason reason = hb_route_refusal(lane->webhook, lane);
    if (reason == HB_REASON_PAUSED || reason == HB_REASON_RESTING || reason == HB_REASON_DISABLED ||
        reason == HB_REASON_WEBHOOK_DELETED)
        return false;
    if (!is_probe)
        return !hb_resting_is(d, lane);
    struct hb_mono now = hb_loop_mono(d->options.loop);
    if (!hb_resting_owns(d, lane) || !hb_rest_may_probe(&lane->rest, now))
        return false;
    hb_rest_probe_start(&lane->rest, now);
    return true;
}

enum hb_err hb_resend_send(void *dispatcher, const struct hb_resend *resend)
{
    struct hb_dispatcher *d = dispatcher;
    struct hb_webhook *webhook = hb_registry_webhook_by_id(d->options.registry, resend->webhook);
    if (!webhook)
        return HB_ERR_NOT_FOUND;
    struct hb_lane *lane = lane_of(d, webhook);
    if (!lane)
        return HB_ERR_MEMORY;
    if (d->is_stopping || hb_outbox_is_congested(d->outbox))
        return HB_ERR_CLOSED;
    struct hb_taken *taken = taken_of(d, resend);
    struct hb_delivery *delivery = taken ? hb_delivery_new(d, taken, lane) : NULL;
    if (taken && !delivery)
        hb_taken_free(&d->pool, taken);
    if (!delivery)
        return HB_ERR_MEMORY;
    if (!may_go(d, lane, resend->is_probe)) {
        hb_delivery_free(d, delivery);
        hb_taken_free(&d->pool, taken);
        return HB_ERR_CONFLICT;
    }
    delivery->is_resend = true;
    delivery->is_probe = resend->is_probe;
    delivery->state = HB_DELIVERY_LEASED;
    delivery->version = resend->version;
    delivery->attempts = resend->attempts;
    delivery->first_failed = resend->first_failed;
    hb_metric_add(d->options.metrics, HB_METRIC_RESENDS, 1);
    d->admit.now = hb_loop_mono(d->options.loop);
    hb_admit_add(&d->admit, delivery);
    hb_dispatcher_pump_soon(d);
    return HB_OK;
}

bool hb_resend_take_up(void *dispatcher, const struct hb_position *position)
{
    struct hb_dispatcher *d = dispatcher;
    if (hb_settled_file_crashes(d->settled, position) >= HB_CRASHES_MAX)
        return false;
    hb_settled_file_enter(d->settled, position);
    return true;
}

void hb_resend_let_go(void *dispatcher)
{
    hb_settled_file_leave(((struct hb_dispatcher *)dispatcher)->settled);
}
