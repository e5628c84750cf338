/* What becomes of a delivery is written into the journal, where that must be: whatever waits, and the end of whatever
 * the journal knows of. A record follows the one before it only when Kafka has that: so a version never stands before
 * its predecessor. The record of an attempt follows its line, too: what the journal knows, it does not repeat, so a crash
 * between the two must find the line there. */
#include "dispatcher/state.h"

#include "platform/loop/loop.h"

#include <stdlib.h>

static struct hb_schedule schedule_of(const struct hb_webhook *webhook)
{
    return hb_schedule_own(webhook->schedule_s, webhook->schedule_count);
}

struct hb_fate hb_record_decide(struct hb_dispatcher *d, const struct hb_delivery *delivery,
                                const struct hb_outcome *outcome)
{
    const struct hb_webhook *webhook = delivery->lane->webhook;
    const struct hb_fate_ask ask = {.outcome = *outcome,
                                    .state = delivery->state,
                                    .attempts = delivery->attempts,
                                    .first_failed = delivery->first_failed,
                                    .schedule = schedule_of(webhook),
                                    .is_ordered = webhook->is_ordered,
                                    .holds_dead = webhook->holds_dead,
                                    .job = hb_str_c(delivery->taken->job),
                                    .now = hb_loop_wall(d->options.loop),
                                    .random = hb_dispatcher_random(d)};
    return hb_fate_decide(&ask);
}

void hb_record_let_go(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    if (!delivery->has_event)
        return;
    delivery->has_event = false;
    hb_settle_delivery_done(d, delivery->taken);
}

/* Its event may settle, though something of it is still to come. */
static void close_share(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    if (!delivery->is_open)
        return;
    delivery->is_open = false;
    hb_settle_close(d, delivery->taken);
}

void hb_record_end(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    HB_ASSERT(!delivery->is_recorded && !delivery->is_running && !delivery->awaits_line);
    hb_age_leave(delivery);
    hb_record_let_go(d, delivery);
    struct hb_delivery over = *delivery;
    free(delivery->late);
    hb_delivery_free(d, delivery);
    close_share(d, &over);
}

/* Nobody will say whether Kafka has it. */
static void lose(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    if (delivery->is_open) {
        delivery->taken->is_handed_back = true;
        delivery->taken->end = HB_RESEND_UNKNOWN;
    }
    if (delivery->is_running || delivery->awaits_line)
        close_share(d, delivery);
    else
        hb_record_end(d, delivery);
}

static void copy_id(char to[HB_ID_MAX + 1], struct hb_str id)
{
    HB_ASSERT(id.len <= HB_ID_MAX);
    if (id.len > 0)
        memcpy(to, id.ptr, id.len);
    to[id.len] = '\0';
}

static void gather(const struct hb_taken *taken, const struct hb_fate *fate, struct hb_late *ret)
{
    *ret = (struct hb_late){
        .fate = *fate, .position = taken->position, .subject = hb_journal_subject(taken->event.subject)};
    copy_id(ret->store, taken->event.store);
    copy_id(ret->event, taken->event.id);
    copy_id(ret->job, hb_str_c(taken->job));
}

static void acknowledged(void *user, enum hb_err err, int64_t offset);

static enum hb_err put(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_late *late)
{
    const struct hb_fate *fate = &late->fate;
    struct hb_str webhook = delivery->lane->webhook->id, event = hb_str_c(late->event);
    char id[HB_DELIVERY_ID_BYTES + 1];
    hb_attempt_delivery_id(webhook, event, id);
    bool is_done = fate->state == HB_DELIVERY_DELIVERED;
    const struct hb_journal_record record = {.kind = is_done ? HB_JOURNAL_TOMBSTONE : HB_JOURNAL_STATE,
                                             .id = hb_str_n(id, HB_DELIVERY_ID_BYTES),
                                             .webhook = webhook,
                                             .version = delivery->version + 1,
                                             .repairs = HB_SHARD_NONE,
                                             .state = fate->state,
                                             .store = hb_str_c(late->store),
                                             .event = event,
                                             .subject = late->subject,
                                             .position = late->position,
                                             .attempts = fate->attempts,
                                             .first_failed = fate->first_failed,
                                             .due = fate->due,
                                             .reason = hb_str_c(hb_reason_text(fate->reason)),
                                             .job = hb_str_c(late->job)};
    return hb_journal_put(hb_outbox_journal(d->outbox), &record, acknowledged, delivery);
}

/* Once it is given to the journal the event is not needed any more, unless its request runs on. */
static void write_record(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_late *late)
{
    if (put(d, delivery, late)) {
        hb_dispatcher_set_lasting_trouble(d, "out of memory for the journal; restart this dispatcher");
        lose(d, delivery);
        return;
    }
    delivery->version++;
    delivery->is_recorded = true;
    if (!delivery->is_running)
        hb_record_let_go(d, delivery);
}

static void write_late(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    struct hb_late late = *delivery->late;
    free(delivery->late);
    delivery->late = NULL;
    write_record(d, delivery, &late);
}

/* Nothing of it is on its way to Kafka any more. */
static void go_on(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    if (delivery->late)
        write_late(d, delivery);
    else if (!delivery->is_running)
        hb_record_end(d, delivery);
}

static void acknowledged(void *user, enum hb_err err, int64_t offset)
{
    struct hb_delivery *delivery = user;
    struct hb_dispatcher *d = delivery->lane->owner;
    (void)offset;
    delivery->is_recorded = false;
    if (err) {
        lose(d, delivery);
        return;
    }
    if (delivery->is_running || delivery->late || delivery->awaits_line)
        close_share(d, delivery); /* it stands in the journal; what is still to come is an ordinary completion */
    if (!delivery->awaits_line)
        go_on(d, delivery);
}

void hb_record_line_done(void *dispatcher, void *tag)
{
    struct hb_delivery *delivery = tag;
    delivery->awaits_line = false;
    if (!delivery->is_recorded)
        go_on(dispatcher, delivery);
}

void hb_record_line_dropped(void *dispatcher, void *tag)
{
    struct hb_delivery *delivery = tag;
    delivery->awaits_line = false;
    free(delivery->late);
    delivery->late = NULL;
    if (!delivery->is_recorded) /* else the journal says so, too */
        lose(dispatcher, delivery);
}

/* The record or the line before it is not acknowledged. Without memory it is as if the answer had not come: what is in
 * the journal is sent again. */
static void keep_for_later(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_late *late)
{
    delivery->late = malloc(sizeof *delivery->late);
    if (delivery->late)
        *delivery->late = *late;
    else if (delivery->is_resend)
        delivery->taken->end = HB_RESEND_UNKNOWN;
    hb_record_let_go(d, delivery);
}

static bool needs_record(const struct hb_delivery *delivery, const struct hb_fate *fate)
{
    if (fate->state == HB_DELIVERY_SKIPPED)
        return false;
    return fate->state != HB_DELIVERY_DELIVERED || delivery->version > 0 || delivery->taken->is_repeat;
}

bool hb_record_follows_line(const struct hb_delivery *delivery, const struct hb_fate *fate)
{
    /* A first attempt's success has one only where its event may have been read before; that is not settled by it. */
    bool is_first_success = delivery->version == 0 && fate->state == HB_DELIVERY_DELIVERED;
    return !is_first_success && needs_record(delivery, fate);
}

void hb_record_fate(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_fate *fate)
{
    hb_age_leave(delivery);
    delivery->state = fate->state;
    delivery->attempts = fate->attempts;
    delivery->first_failed = fate->first_failed;
    if (fate->state == HB_DELIVERY_DEAD || fate->state == HB_DELIVERY_HELD)
        hb_metric_add(d->options.metrics, HB_METRIC_DEAD, 1);
    if (!needs_record(delivery, fate)) {
        hb_record_end(d, delivery);
        return;
    }
    struct hb_late late;
    gather(delivery->taken, fate, &late);
    if (delivery->is_recorded || delivery->awaits_line)
        keep_for_later(d, delivery, &late);
    else
        write_record(d, delivery, &late);
}
