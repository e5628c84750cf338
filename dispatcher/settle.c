#include "dispatcher/state.h"

#include "platform/loop/loop.h"

#include <stdlib.h>

#define FREE_DELIVERIES_KEPT 8192
#define NO_MEMORY_FOR_LINES "out of memory for the history of attempts; restart this dispatcher"

static struct hb_delivery *delivery_room(struct hb_dispatcher *d)
{
    struct hb_delivery *delivery = d->free_deliveries;
    if (!delivery)
        return malloc(sizeof *delivery);
    d->free_deliveries = delivery->next;
    d->free_deliveries_count--;
    return delivery;
}

struct hb_delivery *hb_delivery_new(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_lane *lane)
{
    struct hb_delivery *delivery = delivery_room(d);
    if (!delivery)
        return NULL;
    *delivery = (struct hb_delivery){.taken = taken,
                                     .lane = lane,
                                     .since = hb_loop_mono(d->options.loop),
                                     .state = HB_DELIVERY_FRESH,
                                     .is_open = true,
                                     .has_event = true,
                                     .first_failed = {HB_FATE_NEVER}};
    taken->open++;
    taken->deliveries++;
    lane->kept++;
    return delivery;
}

void hb_delivery_free(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    HB_ASSERT(!delivery->aging);
    delivery->lane->kept--;
    if (d->free_deliveries_count >= FREE_DELIVERIES_KEPT) {
        free(delivery);
        return;
    }
    delivery->next = d->free_deliveries;
    d->free_deliveries = delivery;
    d->free_deliveries_count++;
}

struct hb_attempt_line hb_settle_line(const struct hb_dispatcher *d, const struct hb_taken *taken,
                                      const struct hb_webhook *webhook, char id[HB_DELIVERY_ID_BYTES + 1])
{
    const struct hb_event *event = &taken->event;
    struct hb_attempt_line line = {.at = hb_loop_wall(d->options.loop),
                                   .store = event->store,
                                   .event = event->id,
                                   .type = event->type,
                                   .subject = event->subject,
                                   .topic = hb_str_c(d->topics[taken->position.topic]),
                                   .partition = taken->position.partition,
                                   .offset = taken->position.offset,
                                   .duration_us = -1,
                                   .connect_us = -1,
                                   .retry_after_ms = -1};
    if (webhook) {
        hb_attempt_delivery_id(webhook->id, event->id, id);
        line.replay = hb_str_c(taken->job);
        line.webhook = webhook->id;
        line.delivery = hb_str_n(id, HB_DELIVERY_ID_BYTES);
    }
    return line;
}

void hb_settle_add_line(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_attempt_line *line)
{
    taken->open++;
    if (hb_lines_add(hb_outbox_lines(d->outbox), line, &d->lines_client, taken) == HB_OK)
        return;
    /* Without memory for a line the event stays open: it is not settled, and after a restart it is delivered again. */
    hb_dispatcher_set_lasting_trouble(d, NO_MEMORY_FOR_LINES);
}

void hb_settle_add_line_first(struct hb_dispatcher *d, struct hb_delivery *delivery, struct hb_attempt_line *line)
{
    struct hb_lines *lines = hb_outbox_lines(d->outbox);
    delivery->awaits_line = true;
    if (hb_lines_add(lines, line, &d->delivery_client, delivery) == HB_OK) {
        if (delivery->lane->webhook->is_ordered) /* the next of its subject waits for it */
            hb_lines_hurry(lines);
        return;
    }
    hb_dispatcher_set_lasting_trouble(d, NO_MEMORY_FOR_LINES);
}

void hb_settle_skip(struct hb_dispatcher *d, struct hb_taken *taken, const struct hb_webhook *webhook,
                    enum hb_reason reason)
{
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_attempt_line line = hb_settle_line(d, taken, webhook, id);
    line.outcome = hb_str_c(hb_delivery_state_text(HB_DELIVERY_SKIPPED));
    line.reason = hb_str_c(hb_reason_text(reason));
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)reason, 1);
    hb_settle_add_line(d, taken, &line);
}

void hb_settle_unreadable(struct hb_dispatcher *d, struct hb_taken *taken, const char *detail)
{
    struct hb_attempt_line line = {.at = hb_loop_wall(d->options.loop),
                                   .outcome = HB_STR("unreadable"),
                                   .reason = hb_str_c(hb_reason_text(HB_REASON_UNREADABLE_EVENT)),
                                   .topic = hb_str_c(d->topics[taken->position.topic]),
                                   .partition = taken->position.partition,
                                   .offset = taken->position.offset,
                                   .duration_us = -1,
                                   .connect_us = -1,
                                   .retry_after_ms = -1,
                                   .detail = hb_str_c(detail)};
    hb_metric_add(d->options.metrics, HB_METRIC_EVENTS_UNREADABLE, 1);
    hb_log(&d->log, HB_LOG_EVENT_UNREADABLE, HB_LOG_C("topic", d->topics[taken->position.topic]),
           HB_LOG_INT("partition", taken->position.partition), HB_LOG_INT("offset", taken->position.offset),
           HB_LOG_C("detail", detail));
    hb_settle_add_line(d, taken, &line);
}

void hb_settle_line_done(void *dispatcher, void *taken) { hb_settle_close(dispatcher, taken); }

void hb_settle_line_dropped(void *dispatcher, void *taken)
{
    ((struct hb_taken *)taken)->is_handed_back = true;
    hb_settle_close(dispatcher, taken);
}

/* The watermark moved: what is below may be committed. */
static void store(struct hb_dispatcher *d, struct hb_partition *partition, int64_t next)
{
    partition->watermark = next;
    if (!d->consumer) /* freed already: the last acknowledgements of the producer come after it */
        return;
    enum hb_err err = hb_kafka_consumer_store(d->consumer, partition->topic, partition->partition, next);
    if (err)
        hb_log(&d->log, HB_LOG_KAFKA_ERROR, HB_LOG_C("what", "store offset"), HB_LOG_C("error", hb_err_text(err)));
}

static void settle(struct hb_dispatcher *d, const struct hb_taken *taken)
{
    if (taken->is_resend) {
        d->owner.ended(d->owner.user, taken->tag, taken->end);
        return;
    }
    struct hb_partition *partition =
        hb_partitions_find(&d->partitions, taken->position.topic, taken->position.partition);
    if (taken->is_handed_back || !partition || partition->generation != taken->generation)
        return; /* it will be read again, here or by another worker */
    hb_settled_file_put(d->settled, &taken->position, taken->settled_mark);
    hb_metric_add(d->options.metrics, HB_METRIC_EVENTS_SETTLED, 1);
    int64_t next;
    if (hb_ring_settle(&partition->ring, taken->sequence, &next))
        store(d, partition, next);
}

void hb_settle_known(struct hb_dispatcher *d, struct hb_partition *partition, int64_t offset)
{
    int64_t next;
    hb_metric_add(d->options.metrics, HB_METRIC_EVENTS_KNOWN, 1);
    if (hb_ring_settle(&partition->ring, hb_ring_take(&partition->ring, offset), &next))
        store(d, partition, next);
}

void hb_settle_close(struct hb_dispatcher *d, struct hb_taken *taken)
{
    HB_ASSERT(taken->open > 0);
    if (--taken->open > 0)
        return;
    if (!taken->is_settled) {
        taken->is_settled = true;
        settle(d, taken);
    }
    if (taken->deliveries == 0)
        hb_taken_free(&d->pool, taken);
}

void hb_settle_delivery_done(struct hb_dispatcher *d, struct hb_taken *taken)
{
    HB_ASSERT(taken->deliveries > 0);
    if (--taken->deliveries > 0)
        return;
    if (taken->open == 0)
        hb_taken_free(&d->pool, taken);
    else
        hb_taken_drop_bytes(taken);
}

void hb_settle_hand_back(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    if (delivery->is_resend) {
        hb_resend_unsent(d, delivery);
        return;
    }
    if (delivery->is_probe)
        hb_rest_probe_lost(&delivery->lane->rest);
    delivery->taken->is_handed_back = true; /* whatever else of it succeeds: it is not settled here */
    hb_record_end(d, delivery);
}
