/* Nothing keeps an event unsettled for longer than settle_after_ms: what still waits or runs by then is journaled. The
 * fresh deliveries of each partition stand in a list by age, so there is one timer for all, and no look at those that
 * end in time. */
#include "dispatcher/state.h"

#include "platform/loop/loop.h"

/* Deadlines are looked at no more often. */
#define LOOK_MS 50
/* A turn of the loop journals at most so many. */
#define PARKS_A_TURN 256

void hb_age_enter(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_delivery *delivery)
{
    delivery->aging = partition;
    delivery->newer = NULL;
    delivery->older = partition->newest;
    *(partition->newest ? &partition->newest->newer : &partition->oldest) = delivery;
    partition->newest = delivery;
    if (!hb_timer_is_running(d->age_timer))
        hb_timer_start(d->age_timer, d->options.config->dispatcher_settle_after_ms, 0);
}

void hb_age_leave(struct hb_delivery *delivery)
{
    struct hb_partition *partition = delivery->aging;
    if (!partition)
        return;
    *(delivery->older ? &delivery->older->newer : &partition->oldest) = delivery->newer;
    *(delivery->newer ? &delivery->newer->older : &partition->newest) = delivery->older;
    delivery->aging = NULL;
    delivery->older = delivery->newer = NULL;
}

void hb_age_forget(struct hb_partition *partition)
{
    while (partition->oldest)
        hb_age_leave(partition->oldest);
}

/* The oldest of a partition is the oldest of its lane's queue too, if the queue has nothing older of another
 * partition. */
static void park_oldest(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    if (delivery->is_running) {
        hb_park(d, delivery, HB_REASON_SLOW);
        return;
    }
    while (delivery->aging && !delivery->is_running) { /* those before it in the queue are older: they go with it */
        HB_ASSERT(lane->first);
        struct hb_delivery *first = hb_admit_take_first(&d->admit, lane);
        bool is_it = first == delivery;
        hb_park(d, first, HB_REASON_SLOW);
        if (is_it)
            return;
    }
}

struct look {
    struct hb_dispatcher *d;
    struct hb_mono before; /* what is older is journaled */
    int left;              /* of this turn */
    int64_t oldest_us;     /* of what stays; INT64_MAX: nothing */
};

static void look_at(void *user, struct hb_partition *partition)
{
    struct look *look = user;
    while (partition->oldest && partition->oldest->since.us <= look->before.us && look->left > 0) {
        look->left--;
        park_oldest(look->d, partition->oldest);
    }
    if (partition->oldest && partition->oldest->since.us < look->oldest_us)
        look->oldest_us = partition->oldest->since.us;
}

/* Lanes that have come to a halt are found late: intake does not wait for them any more. */
static void look_at_lanes(struct hb_dispatcher *d)
{
    size_t state = 0;
    struct hb_lane *lane;
    while ((lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL)
        if (lane->first)
            hb_admit_look(&d->admit, lane);
}

void hb_age_watch_full(struct hb_dispatcher *d)
{
    if (hb_admit_is_full(&d->admit) && !hb_timer_is_running(d->full_timer))
        hb_timer_start(d->full_timer, LOOK_MS, 0);
}

void hb_age_full_due(void *dispatcher)
{
    struct hb_dispatcher *d = dispatcher;
    d->admit.now = hb_loop_mono(d->options.loop);
    look_at_lanes(d);
    hb_age_watch_full(d);
    hb_dispatcher_pump(d);
}

void hb_age_due(void *dispatcher)
{
    struct hb_dispatcher *d = dispatcher;
    int64_t now_us = hb_loop_mono(d->options.loop).us;
    int64_t after_us = d->options.config->dispatcher_settle_after_ms * HB_US_PER_MS;
    struct look look = {
        .d = d, .before = {now_us - after_us}, .left = PARKS_A_TURN, .oldest_us = INT64_MAX};
    d->admit.now = (struct hb_mono){now_us};
    if (!hb_outbox_is_congested(d->outbox)) /* with Kafka away nothing would settle for it */
        hb_partitions_each(&d->partitions, look_at, &look);
    if (look.left == 0)
        hb_timer_start(d->age_timer, 0, 0);
    else if (look.oldest_us == INT64_MAX && hb_outbox_is_congested(d->outbox))
        hb_timer_start(d->age_timer, LOOK_MS, 0);
    else if (look.oldest_us != INT64_MAX) {
        int64_t ms = (look.oldest_us + after_us - now_us) / HB_US_PER_MS + 1;
        hb_timer_start(d->age_timer, ms > LOOK_MS ? ms : LOOK_MS, 0);
    }
    hb_dispatcher_pump(d);
}

void hb_age_look_at_ring(struct hb_dispatcher *d, struct hb_partition *partition)
{
    size_t slots = (size_t)partition->ring.mask + 1;
    struct hb_delivery *oldest = partition->oldest;
    if (hb_ring_unsettled(&partition->ring) <= slots / 4 * 3 || !oldest || hb_outbox_is_congested(d->outbox))
        return;
    int64_t age_us = hb_loop_mono(d->options.loop).us - oldest->since.us;
    if (age_us < d->admit.limits.behind_us)
        return; /* a burst, not a delivery that hangs */
    const struct hb_taken *taken = oldest->taken;
    while (partition->oldest && partition->oldest->taken == taken)
        park_oldest(d, partition->oldest);
}
