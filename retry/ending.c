/* What is never sent again, and ends here: its body is gone, its time is over, its webhook was deleted. Each gets a line
 * of history and a journal record; the view follows when that is read. */
#include "retry/state.h"

#include "core/attempt_line.h"
#include "core/schedule.h"
#include "hookbus/topics.h"

#include <stdlib.h>

#define AGAIN_PAUSE_MS 5000

/* A delivery that ends, as the view has it. */
struct ending {
    struct hb_retry_webhook *webhook;
    const unsigned char *delivery;
    const struct hb_entry *entry;
    struct hb_str job;
    const struct hb_event *event; /* NULL: not at hand */
    enum hb_delivery_event what;
    enum hb_reason reason;
};

bool hb_ending_is_expired(const struct hb_entry *entry, struct hb_wall now)
{
    int64_t since_ms = entry->rule.position.appended.ms;
    int64_t selected_ms = hb_shard_rule_life(entry->rule.version); /* of a replay: 30 days from its selection */

    return hb_schedule_is_expired((struct hb_wall){selected_ms > since_ms ? selected_ms : since_ms}, now);
}

static struct hb_str store_of(const struct ending *ending)
{
    if (ending->webhook->snapshot)
        return ending->webhook->snapshot->store;
    return ending->event ? ending->event->store : (struct hb_str){NULL, 0};
}

static enum hb_err add_line(struct hb_retry *retry, const struct ending *ending, enum hb_delivery_state state)
{
    char id[HB_DELIVERY_ID_BYTES + 1], topic[HB_TOPIC_NAME_MAX];
    const struct hb_position *at = &ending->entry->rule.position;

    hb_delivery_id(ending->delivery, id);
    (void)hb_topic_name(hb_str_c(retry->options.config->kafka_topic_prefix), (enum hb_topic)at->topic, topic);
    struct hb_attempt_line line = {.at = hb_loop_wall(retry->options.loop),
                                   .outcome = hb_str_c(hb_delivery_state_text(state)),
                                   .reason = hb_str_c(hb_reason_text(ending->reason)),
                                   .store = store_of(ending),
                                   .webhook = hb_str_c(ending->webhook->id),
                                   .delivery = hb_str_c(id),
                                   .topic = hb_str_c(topic),
                                   .partition = at->partition,
                                   .offset = at->offset,
                                   .duration_us = -1,
                                   .connect_us = -1,
                                   .retry_after_ms = -1,
                                   .replay = ending->job};
    if (ending->reason == HB_REASON_UNREADABLE_EVENT)
        line.detail = HB_STR(HB_RESEND_CRASHED_WORKER);
    if (ending->event) {
        line.event = ending->event->id;
        line.type = ending->event->type;
        line.subject = ending->event->subject;
    }
    return hb_lines_add(hb_outbox_lines(retry->options.outbox), &line, NULL, NULL);
}

static enum hb_err put_record(struct hb_retry *retry, const struct ending *ending, enum hb_delivery_state state,
                              hb_journal_done_fn *done, void *user)
{
    char id[HB_DELIVERY_ID_BYTES + 1];

    hb_delivery_id(ending->delivery, id);
    const struct hb_journal_record record = {.kind = HB_JOURNAL_STATE,
                                             .id = hb_str_c(id),
                                             .webhook = hb_str_c(ending->webhook->id),
                                             .version = ending->entry->rule.version + 1,
                                             .repairs = HB_SHARD_NONE,
                                             .state = state,
                                             .store = store_of(ending),
                                             .event = ending->event ? ending->event->id : (struct hb_str){NULL, 0},
                                             .subject = ending->entry->subject,
                                             .position = ending->entry->rule.position,
                                             .attempts = ending->entry->attempts,
                                             .first_failed = ending->entry->first_failed,
                                             .due = hb_loop_wall(retry->options.loop),
                                             .reason = hb_str_c(hb_reason_text(ending->reason)),
                                             .job = ending->job};
    return hb_journal_put(hb_outbox_journal(retry->options.outbox), &record, done, user);
}

/* The record first: a line without one would tell of an end that did not come. */
static enum hb_err end_delivery(struct hb_retry *retry, const struct ending *ending, hb_journal_done_fn *done,
                                void *user)
{
    enum hb_delivery_state state = hb_delivery_state_move(ending->entry->rule.state, ending->what);

    if (store_of(ending).len == 0)
        return HB_ERR_NOT_FOUND; /* the registry does not know the webhook yet */
    enum hb_err err = put_record(retry, ending, state, done, user);
    if (!err && add_line(retry, ending, state))
        hb_log(&retry->log, HB_LOG_RETRY_LINE_LOST, HB_LOG_C("webhook", ending->webhook->id));
    if (!err)
        hb_metric_add_label(retry->options.metrics, HB_METRIC_OUTCOMES, (unsigned)ending->reason, 1);
    return err;
}

/* ---- a claimed one ---- */

static void flight_recorded(void *user, enum hb_err err, int64_t offset)
{
    (void)err; /* at the end it is not known: the lease runs out, and the next owner looks again */
    (void)offset;
    hb_sending_end(user);
}

void hb_ending_flight(struct hb_retry_flight *flight, enum hb_delivery_event what, enum hb_reason reason)
{
    const struct ending ending = {flight->webhook,
                                  flight->delivery,
                                  &flight->entry,
                                  hb_str_c(flight->job),
                                  flight->event.id.len ? &flight->event : NULL,
                                  what,
                                  reason};

    flight->is_ending = true;
    if (flight->shard->retry->is_stopping ||
        end_delivery(flight->shard->retry, &ending, flight_recorded, flight)) {
        flight->is_ending = false;
        hb_sending_return(flight, AGAIN_PAUSE_MS);
    }
}

enum hb_err hb_ending_parked(struct hb_retry_webhook *webhook, const struct hb_view_delivery *delivery,
                             enum hb_delivery_event what, enum hb_reason reason, hb_journal_done_fn *done, void *user)
{
    const struct ending ending = {webhook, delivery->delivery, &delivery->entry, delivery->job, NULL, what, reason};

    return end_delivery(webhook->shard->retry, &ending, done, user);
}

void hb_ending_conflict(struct hb_retry_shard *shard, const struct hb_view_refusal *refusal)
{
    char id[HB_DELIVERY_ID_BYTES + 1];

    hb_delivery_id(refusal->truth.delivery, id);
    hb_log(&shard->retry->log, HB_LOG_CONFLICTING_ID, HB_LOG_C("delivery", id),
           HB_LOG_INT("kept_offset", refusal->truth.entry.rule.position.offset));
    hb_metric_add_label(shard->retry->options.metrics, HB_METRIC_OUTCOMES, HB_REASON_CONFLICTING_ID, 1);
}
