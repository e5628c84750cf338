#include "dispatcher/admit.h"

#include "dispatcher/taken.h"

#define BYTES_PER_COST 16384
/* In-time lanes may have so many waiting however slow they are. */
#define IN_TIME_LEAST 64
/* How fast they are is counted over so long. */
#define COUNT_US (100 * HB_US_PER_MS)
/* A lane that met overload is not taken to be quick for so long. */
#define SICK_US (10 * HB_MS_PER_S * HB_US_PER_MS)

static size_t bytes_of(const struct hb_delivery *delivery) { return delivery->taken->event.data.len; }

static int cost_of(const struct hb_delivery *delivery) { return 1 + (int)(bytes_of(delivery) / BYTES_PER_COST); }

static bool may_send(const struct hb_lane *lane)
{
    return (lane->first || lane->first_resend) && lane->in_flight < lane->window.size && !lane->is_host_blocked;
}

static void take_part(struct hb_admit *admit, struct hb_lane *lane)
{
    if (may_send(lane))
        hb_turns_enter(&admit->turns, &lane->stall->bench, &lane->seat);
    else
        hb_turns_leave(&admit->turns, &lane->seat);
}

/* ---- lanes that do not keep up ---- */

static bool is_at_limit(const struct hb_admit *admit, const struct hb_lane *lane)
{
    const struct hb_admit_limits *limits = &admit->limits;
    return (limits->lane_max > 0 && lane->waiting >= limits->lane_max) ||
           (limits->lane_bytes_max > 0 && lane->waiting_bytes >= limits->lane_bytes_max);
}

/* Half: intake that waits for it takes up a good many at once again. */
static bool is_below_limit(const struct hb_admit *admit, const struct hb_lane *lane)
{
    return lane->waiting <= admit->limits.lane_max / 2 && lane->waiting_bytes <= admit->limits.lane_bytes_max / 2;
}

static bool is_in_time(const struct hb_lane *lane)
{
    return lane->late_since.us == 0;
}

static void set_late(struct hb_admit *admit, struct hb_lane *lane, bool is_late)
{
    if (is_late != is_in_time(lane))
        return;
    if (is_late)
        admit->in_time -= lane->waiting;
    else
        admit->in_time += lane->waiting;
    lane->late_since.us = is_late ? admit->now.us : 0;
}

static void set_crowded(struct hb_admit *admit, struct hb_lane *lane)
{
    bool is_crowded = !lane->is_behind && (lane->is_crowded ? !is_below_limit(admit, lane) : is_at_limit(admit, lane));
    if (lane->is_crowded == is_crowded)
        return;
    lane->is_crowded = is_crowded;
    if (is_crowded)
        admit->crowded++;
    else
        admit->crowded--;
}

static bool has_waited_long(const struct hb_admit *admit, const struct hb_delivery *delivery)
{
    return admit->limits.behind_us > 0 && admit->now.us - delivery->since.us > admit->limits.behind_us;
}

/* It answers well and quickly: with its window open it sends what may wait within twice behind_us. If it is late all
 * the same, its window is opening, or the slowness is ours; parking would only add work to that. */
static bool is_quick(const struct hb_admit *admit, const struct hb_lane *lane)
{
    int64_t now_us = admit->now.us, span_us = admit->limits.behind_us;
    if (lane->succeeded_at.us == 0 || now_us - lane->succeeded_at.us > span_us)
        return false;
    bool is_sick = lane->overloaded_at.us != 0 && now_us - lane->overloaded_at.us < SICK_US;
    return !is_sick && lane->latency_us * (int64_t)admit->limits.lane_max < 2 * lane->window.max * span_us;
}

/* is_late: what it starts, or would start next, has waited long. A stall of our own is no lane's fault: it must last. */
static void judge_lateness(struct hb_admit *admit, struct hb_lane *lane, bool is_late)
{
    lane->is_overrun = hb_admit_is_overrun(admit, lane);
    set_late(admit, lane, lane->is_overrun || (is_late && !is_quick(admit, lane)));
    lane->is_behind = lane->is_overrun ||
                      (!is_in_time(lane) && admit->now.us - lane->late_since.us >= admit->limits.behind_us);
}

void hb_admit_note(struct hb_admit *admit, struct hb_lane *lane, bool is_delivered, bool is_overload,
                   int64_t duration_us)
{
    if (is_overload)
        lane->overloaded_at = admit->now;
    if (!is_delivered)
        return;
    lane->succeeded_at = admit->now;
    lane->latency_us = lane->latency_us ? (7 * lane->latency_us + duration_us) / 8 : duration_us;
}

void hb_admit_look(struct hb_admit *admit, struct hb_lane *lane)
{
    if (lane->first && (has_waited_long(admit, lane->first) || hb_admit_is_overrun(admit, lane)))
        judge_lateness(admit, lane, true);
    set_crowded(admit, lane);
}

bool hb_admit_may_wait(struct hb_admit *admit, struct hb_lane *lane)
{
    if (!is_at_limit(admit, lane))
        return true;
    hb_admit_look(admit, lane);
    return !lane->is_behind;
}

static void count_start(struct hb_admit *admit)
{
    admit->counted++;
    int64_t us = admit->now.us - admit->counted_since.us;
    if (us < COUNT_US)
        return;
    /* What would go out in half of behind_us at this speed; half of it is remembered from before. */
    size_t fits = us > 10 * COUNT_US ? 0 : (size_t)((int64_t)admit->counted * admit->limits.behind_us / 2 / us);
    admit->in_time_max = (admit->in_time_max + fits) / 2;
    admit->counted = 0;
    admit->counted_since = admit->now;
}

static size_t in_time_max(const struct hb_admit *admit)
{
    if (admit->limits.behind_us == 0)
        return SIZE_MAX;
    return admit->in_time_max > IN_TIME_LEAST ? admit->in_time_max : IN_TIME_LEAST;
}

/* ---- the queues ---- */

static void remember_waiting(struct hb_admit *admit, struct hb_lane *lane, const struct hb_delivery *delivery)
{
    lane->waiting++;
    lane->waiting_bytes += bytes_of(delivery);
    admit->waiting++;
    admit->waiting_bytes += bytes_of(delivery);
    if (is_in_time(lane))
        admit->in_time++;
}

static void forget_waiting(struct hb_admit *admit, struct hb_lane *lane, const struct hb_delivery *delivery)
{
    lane->waiting--;
    lane->waiting_bytes -= bytes_of(delivery);
    admit->waiting--;
    admit->waiting_bytes -= bytes_of(delivery);
    if (is_in_time(lane))
        admit->in_time--;
}

void hb_admit_add(struct hb_admit *admit, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    delivery->next = NULL;
    if (delivery->is_resend) {
        *lane->last_resend = delivery;
        lane->last_resend = &delivery->next;
        lane->resends++;
        admit->resends_waiting++;
    } else {
        if (lane->first && (has_waited_long(admit, lane->first) || hb_admit_is_overrun(admit, lane)))
            judge_lateness(admit, lane, true);
        *lane->last = delivery;
        lane->last = &delivery->next;
        remember_waiting(admit, lane, delivery);
        set_crowded(admit, lane);
    }
    take_part(admit, lane);
}

static struct hb_delivery *first_resend(struct hb_admit *admit, struct hb_lane *lane)
{
    struct hb_delivery *delivery = lane->first_resend;
    lane->first_resend = delivery->next;
    if (!lane->first_resend)
        lane->last_resend = &lane->first_resend;
    admit->resends_waiting--;
    return delivery;
}

static struct hb_delivery *first_fresh(struct hb_admit *admit, struct hb_lane *lane)
{
    struct hb_delivery *delivery = lane->first;
    lane->first = delivery->next;
    if (!lane->first)
        lane->last = &lane->first;
    forget_waiting(admit, lane, delivery);
    return delivery;
}

struct hb_delivery *hb_admit_take_first(struct hb_admit *admit, struct hb_lane *lane)
{
    struct hb_delivery *delivery = first_fresh(admit, lane);
    set_crowded(admit, lane);
    take_part(admit, lane);
    return delivery;
}

static void start_first(struct hb_admit *admit, struct hb_lane *lane)
{
    struct hb_delivery *delivery = lane->first_resend ? first_resend(admit, lane) : first_fresh(admit, lane);
    if (!delivery->is_resend) {
        judge_lateness(admit, lane, has_waited_long(admit, delivery));
        set_crowded(admit, lane);
        hb_admit_note_start(admit, lane);
        if (is_in_time(lane))
            count_start(admit);
    }
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

static void start_all(struct hb_admit *admit)
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

void hb_admit_pump(struct hb_admit *admit)
{
    start_all(admit);
    hb_admit_note_holding(admit);
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

void hb_admit_ended(struct hb_admit *admit, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    HB_ASSERT(lane->in_flight > 0 && lane->stall->in_flight > 0 && admit->in_flight > 0);
    lane->in_flight--;
    lane->stall->in_flight--;
    admit->in_flight--;
    lane->resends -= delivery->is_resend;
    struct hb_host *host = lane->host;
    if (host && host->in_flight > 0)
        host->in_flight--;
    take_part(admit, lane);
    if (host)
        hb_admit_unblock(admit, host);
}

/* What goes out of a queue, in its order; `out` may look at the lane. */
static void sweep_queue(struct hb_delivery **first,
                        bool (*is_out)(void *user, const struct hb_delivery *delivery),
                        struct hb_delivery **ret_out, void *user)
{
    struct hb_delivery **at = first;
    while (*at) {
        struct hb_delivery *delivery = *at;
        if (!is_out(user, delivery)) {
            at = &delivery->next;
            continue;
        }
        *at = delivery->next;
        delivery->next = NULL;
        *ret_out = delivery;
        ret_out = &delivery->next;
    }
}

static struct hb_delivery **end_of(struct hb_delivery **first)
{
    while (*first)
        first = &(*first)->next;
    return first;
}

void hb_admit_sweep(struct hb_admit *admit, struct hb_lane *lane,
                    bool (*is_out)(void *user, const struct hb_delivery *delivery),
                    void (*out)(void *user, struct hb_delivery *delivery), void *user)
{
    struct hb_delivery *swept = NULL;
    sweep_queue(&lane->first_resend, is_out, &swept, user);
    sweep_queue(&lane->first, is_out, end_of(&swept), user);
    lane->last_resend = end_of(&lane->first_resend);
    lane->last = end_of(&lane->first);
    for (const struct hb_delivery *delivery = swept; delivery; delivery = delivery->next) {
        if (!delivery->is_resend) {
            forget_waiting(admit, lane, delivery);
            continue;
        }
        lane->resends--;
        admit->resends_waiting--;
    }
    set_crowded(admit, lane);
    take_part(admit, lane);
    if (lane->host)
        hb_admit_unblock(admit, lane->host); /* it may have left a slot it was called for */
    while (swept) {
        struct hb_delivery *delivery = swept;
        swept = delivery->next;
        delivery->next = NULL;
        out(user, delivery);
    }
}

/* ---- limits ---- */

bool hb_admit_is_over(const struct hb_admit *admit)
{
    return admit->waiting >= admit->limits.waiting_max || admit->waiting_bytes >= admit->limits.waiting_bytes_max;
}

size_t hb_admit_room(const struct hb_admit *admit)
{
    size_t in_all = admit->waiting < admit->limits.waiting_max ? admit->limits.waiting_max - admit->waiting : 0;
    size_t in_time = admit->in_time < in_time_max(admit) ? in_time_max(admit) - admit->in_time : 0;
    return in_all < in_time ? in_all : in_time;
}

bool hb_admit_is_full(const struct hb_admit *admit)
{
    return hb_admit_is_over(admit) || admit->crowded > 0 || admit->in_time >= in_time_max(admit);
}

bool hb_admit_has_room(const struct hb_admit *admit)
{
    return admit->waiting <= admit->limits.waiting_max / 4 * 3 &&
           admit->waiting_bytes <= admit->limits.waiting_bytes_max / 4 * 3 && admit->crowded == 0 &&
           admit->in_time <= in_time_max(admit) / 4 * 3;
}
