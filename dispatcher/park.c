/* What cannot be sent now goes into the journal, unburnt: its event settles, and the owner of its shard sends it when
 * there is room. */
#include "dispatcher/state.h"

#include "platform/loop/loop.h"

/* A record is kept for a retry so soon. */
#define KEEP_MS (10 * HB_MS_PER_S)

void hb_park_keep(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_wall due)
{
    bool is_soon = due.ms - hb_loop_wall(d->options.loop).ms <= KEEP_MS;
    if (!d->owner.keep || !is_soon || taken->is_kept || !taken->message.handle)
        return;
    taken->is_kept = true;
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(&taken->message, headers, HB_KAFKA_HEADERS_MAX);
    if (count > HB_KAFKA_HEADERS_MAX)
        return; /* it is read again */
    const struct hb_event_bytes bytes = {.position = taken->position,
                                         .key = taken->message.key,
                                         .value = taken->message.value,
                                         .headers = headers,
                                         .headers_count = count};
    d->owner.keep(d->owner.user, &bytes);
}

/* What runs on ends for sure by its limit: not due before. */
static void wait_for_its_end(struct hb_dispatcher *d, const struct hb_delivery *delivery, struct hb_fate *fate)
{
    if (delivery->is_running)
        fate->due.ms = hb_loop_wall(d->options.loop).ms + delivery->lane->webhook->timeout_ms +
                      d->options.config->delivery_running_margin_ms;
}

/* A probe that waited in vain. */
static void lose_probe(struct hb_delivery *delivery)
{
    if (!delivery->is_probe || delivery->is_running)
        return;
    delivery->is_probe = false;
    hb_rest_probe_lost(&delivery->lane->rest);
}

void hb_park(struct hb_dispatcher *d, struct hb_delivery *delivery, enum hb_reason reason)
{
    lose_probe(delivery);
    struct hb_outcome outcome = hb_outcome_of(reason);
    struct hb_fate fate = hb_record_decide(d, delivery, &outcome);
    wait_for_its_end(d, delivery, &fate);
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_attempt_line line = hb_settle_line(d, delivery->taken, delivery->lane->webhook, id);
    line.outcome = hb_str_c(fate.line);
    line.reason = hb_str_c(hb_reason_text(reason));
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)reason, 1);
    hb_settle_add_line(d, delivery->taken, &line);
    hb_park_keep(d, delivery->taken, fate.due);
    hb_record_fate(d, delivery, &fate);
}

struct parking {
    struct hb_dispatcher *d;
    enum hb_reason reason;
};

static bool is_any(void *user, const struct hb_delivery *delivery)
{
    (void)user;
    (void)delivery;
    return true;
}

static void park_one(void *user, struct hb_delivery *delivery)
{
    const struct parking *parking = user;
    if (delivery->is_resend)
        hb_resend_unsent(parking->d, delivery);
    else
        hb_park(parking->d, delivery, parking->reason);
}

void hb_park_lane(struct hb_dispatcher *d, struct hb_lane *lane, enum hb_reason reason)
{
    struct parking parking = {d, reason};
    hb_admit_sweep(&d->admit, lane, is_any, park_one, &parking);
}

static struct hb_lane *longest_behind(const struct hb_dispatcher *d)
{
    size_t state = 0;
    struct hb_lane *lane, *longest = NULL;
    while ((lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL)
        if (lane->is_behind && lane->waiting > 0 && (!longest || lane->waiting > longest->waiting))
            longest = lane;
    return longest;
}

/* Half of its queue, so that the search is seldom. */
void hb_park_longest(struct hb_dispatcher *d)
{
    while (hb_admit_is_over(&d->admit)) {
        struct hb_lane *lane = longest_behind(d);
        if (!lane)
            return; /* all keep up: intake waits */
        for (size_t left = (lane->waiting + 1) / 2; left > 0; left--)
            hb_park(d, hb_admit_take_first(&d->admit, lane), HB_REASON_QUEUE_FULL);
    }
}
