#include "dispatcher/admit.h"

#include "dispatcher/taken.h"

#define BYTES_PER_COST 16384

static size_t bytes_of(const struct hb_delivery *delivery) { return delivery->taken->event.data.len; }

static int cost_of(const struct hb_delivery *delivery) { return 1 + (int)(bytes_of(delivery) / BYTES_PER_COST); }

static bool may_send(const struct hb_lane *lane)
{
    return lane->first && lane->in_flight < lane->window.size && !lane->is_host_blocked;
}

static void take_part(struct hb_admit *admit, struct hb_lane *lane)
{
    if (may_send(lane))
        hb_turns_enter(&admit->turns, &lane->stall->bench, &lane->seat);
    else
        hb_turns_leave(&admit->turns, &lane->seat);
}

void hb_admit_add(struct hb_admit *admit, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    delivery->next = NULL;
    *lane->last = delivery;
    lane->last = &delivery->next;
    lane->waiting++;
    admit->waiting++;
    admit->waiting_bytes += bytes_of(delivery);
    take_part(admit, lane);
}

static void forget_waiting(struct hb_admit *admit, struct hb_lane *lane, const struct hb_delivery *delivery)
{
    lane->waiting--;
    admit->waiting--;
    admit->waiting_bytes -= bytes_of(delivery);
}

static void start_first(struct hb_admit *admit, struct hb_lane *lane)
{
    struct hb_delivery *delivery = lane->first;
    lane->first = delivery->next;
    if (!lane->first)
        lane->last = &lane->first;
    forget_waiting(admit, lane, delivery);
    delivery->window_epoch = hb_window_epoch(&lane->window);
    lane->in_flight++;
    lane->stall->in_flight++;
    if (lane->host)
        lane->host->in_flight++;
    admit->in_flight++;
    hb_turns_spend(&admit->turns, &lane->seat, cost_of(delivery));
    take_part(admit, lane);
    admit->start(admit->user, delivery);
}

static void block_on_host(struct hb_admit *admit, struct hb_lane *lane)
{
    lane->is_host_blocked = true;
    lane->next_blocked = NULL;
    if (lane->host->blocked)
        lane->host->last_blocked->next_blocked = lane;
    else
        lane->host->blocked = lane;
    lane->host->last_blocked = lane;
    take_part(admit, lane);
}

void hb_admit_pump(struct hb_admit *admit)
{
    size_t passed = 0;
    while (admit->in_flight < admit->limits.in_flight_max) {
        struct hb_seat *seat = hb_turns_next(&admit->turns);
        if (!seat)
            return;
        struct hb_lane *lane = (struct hb_lane *)seat;
        /* Over its share while others wait: their turn. When all are over theirs, nobody is kept from the free slots: a
         * whole round has passed, and it is the turn of the one at which the round began. */
        if (lane->stall->in_flight >= admit->limits.store_in_flight_max && passed < admit->turns.benches_count) {
            hb_turns_skip_bench(&admit->turns);
            passed++;
            continue;
        }
        passed = 0;
        if (lane->host && lane->host->in_flight >= admit->limits.host_max)
            block_on_host(admit, lane);
        else
            start_first(admit, lane);
    }
}

/* A lane that has nothing to send any more takes no slot: the next one gets it. */
void hb_admit_unblock(struct hb_admit *admit, struct hb_host *host)
{
    for (int slots = admit->limits.host_max - host->in_flight; slots > 0 && host->blocked;) {
        struct hb_lane *next = host->blocked;
        host->blocked = next->next_blocked;
        next->is_host_blocked = false;
        take_part(admit, next);
        slots -= hb_turns_has(&next->seat);
    }
}

void hb_admit_ended(struct hb_admit *admit, struct hb_lane *lane)
{
    HB_ASSERT(lane->in_flight > 0 && lane->stall->in_flight > 0 && admit->in_flight > 0);
    lane->in_flight--;
    lane->stall->in_flight--;
    admit->in_flight--;
    struct hb_host *host = lane->host;
    if (host && host->in_flight > 0)
        host->in_flight--;
    take_part(admit, lane);
    if (host)
        hb_admit_unblock(admit, host);
}

void hb_admit_sweep(struct hb_admit *admit, struct hb_lane *lane,
                    bool (*is_out)(void *user, const struct hb_delivery *delivery),
                    void (*out)(void *user, struct hb_delivery *delivery), void *user)
{
    struct hb_delivery **at = &lane->first;
    while (*at) {
        struct hb_delivery *delivery = *at;
        if (!is_out(user, delivery)) {
            at = &delivery->next;
            continue;
        }
        *at = delivery->next;
        forget_waiting(admit, lane, delivery);
        out(user, delivery);
    }
    lane->last = at;
    take_part(admit, lane);
    if (lane->host)
        hb_admit_unblock(admit, lane->host); /* it may have left a slot it was called for */
}

bool hb_admit_is_full(const struct hb_admit *admit)
{
    return admit->waiting >= admit->limits.waiting_max || admit->waiting_bytes >= admit->limits.waiting_bytes_max;
}

bool hb_admit_has_room(const struct hb_admit *admit)
{
    return admit->waiting <= admit->limits.waiting_max / 4 * 3 &&
           admit->waiting_bytes <= admit->limits.waiting_bytes_max / 4 * 3;
}
