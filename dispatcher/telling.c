/* What the registry is to say of a webhook (that it rests, that it is disabled) is wanted until Kafka has acknowledged
 * it. One record of a kind is under way at a time, and what is written is what is true by then: so the last one wanted
 * stands last. What fails is written again each second. */
#include "dispatcher/state.h"

#include "dispatcher/runtime_state.h"
#include "platform/loop/loop.h"

static void rest_told(void *user, const struct hb_kafka_ack *ack);
static void gone_told(void *user, const struct hb_kafka_ack *ack);

static struct hb_runtime_writer writer_of(struct hb_dispatcher *d, struct hb_lane *lane, hb_kafka_ack_fn *told)
{
    return (struct hb_runtime_writer){.producer = hb_outbox_producer(d->outbox),
                                      .registry_topic = d->registry_topic,
                                      .worker = d->options.worker,
                                      .told = told,
                                      .user = lane};
}

static bool write_rest(struct hb_dispatcher *d, struct hb_lane *lane)
{
    const struct hb_runtime_writer writer = writer_of(d, lane, rest_told);
    const struct hb_rest *rest = &lane->rest;
    return hb_runtime_write_rest(&writer, lane->webhook,
                                 &(struct hb_runtime_rest){.is_resting = rest->is_resting,
                                                           .until = hb_resting_wall(d, rest->until),
                                                           .failing_since = rest->failing_since,
                                                           .failed_probes = rest->failed_probes,
                                                           .has_died = rest->has_died,
                                                           .reason = lane->rest_reason});
}

static bool write_gone(struct hb_dispatcher *d, struct hb_lane *lane)
{
    const struct hb_runtime_writer writer = writer_of(d, lane, gone_told);
    const struct hb_runtime_gone gone = {lane->gone_revision, lane->gone_reason, lane->gone_at};
    return hb_runtime_write_disabled(&writer, lane->webhook, &gone);
}

/* Somebody else declares its rests now, or nobody: it was deleted. */
static bool is_rest_void(struct hb_dispatcher *d, struct hb_lane *lane)
{
    return lane->webhook->status == HB_WEBHOOK_DELETED || !hb_resting_owns(d, lane);
}

/* Enabled anew since, or the registry says so already. */
static bool is_gone_void(const struct hb_lane *lane)
{
    return lane->gone_revision < lane->webhook->enabled_revision || lane->webhook->status == HB_WEBHOOK_DISABLED ||
           lane->webhook->status == HB_WEBHOOK_DELETED;
}

/* The lane lives until the answer is there. */
static void hand_over(struct hb_dispatcher *d, struct hb_lane *lane, struct hb_word *word,
                      bool (*write)(struct hb_dispatcher *d, struct hb_lane *lane))
{
    word->is_changed = false;
    word->is_under_way = write(d, lane);
    lane->kept += word->is_under_way;
    d->has_words = true;
}

static void tell_rest(struct hb_dispatcher *d, struct hb_lane *lane)
{
    if (lane->rest_word.is_wanted && is_rest_void(d, lane))
        lane->rest_word.is_wanted = false;
    if (lane->rest_word.is_wanted && !lane->rest_word.is_under_way)
        hand_over(d, lane, &lane->rest_word, write_rest);
}

static void tell_gone(struct hb_dispatcher *d, struct hb_lane *lane)
{
    if (lane->gone_word.is_wanted && is_gone_void(lane))
        lane->gone_word.is_wanted = false;
    if (lane->gone_word.is_wanted && !lane->gone_word.is_under_way)
        hand_over(d, lane, &lane->gone_word, write_gone);
}

/* True: what is wanted changed meanwhile, and may be written now. */
static bool note_answer(struct hb_dispatcher *d, struct hb_lane *lane, struct hb_word *word,
                        const struct hb_kafka_ack *ack)
{
    word->is_under_way = false;
    lane->kept--;
    if (ack->err && ack->err != HB_ERR_TIMEOUT)
        hb_log(&d->log, HB_LOG_KAFKA_ERROR, HB_LOG_C("what", "run-time state"),
               HB_LOG_C("error", hb_err_text(ack->err)));
    if (ack->err)
        return false; /* in a second */
    word->is_wanted = word->is_wanted && word->is_changed;
    return word->is_wanted && !d->is_stopping;
}

static void rest_told(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_lane *lane = user;
    struct hb_dispatcher *d = lane->owner;
    if (note_answer(d, lane, &lane->rest_word, ack))
        tell_rest(d, lane);
}

static void gone_told(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_lane *lane = user;
    struct hb_dispatcher *d = lane->owner;
    if (note_answer(d, lane, &lane->gone_word, ack))
        tell_gone(d, lane);
}

static void want(struct hb_word *word)
{
    word->is_wanted = word->is_changed = true;
}

void hb_telling_rest(struct hb_dispatcher *d, struct hb_lane *lane, const char *reason)
{
    lane->rest_reason = reason;
    want(&lane->rest_word);
    tell_rest(d, lane);
}

void hb_telling_gone(struct hb_dispatcher *d, struct hb_lane *lane)
{
    want(&lane->gone_word);
    tell_gone(d, lane);
}

void hb_telling_second(struct hb_dispatcher *d)
{
    if (!d->has_words)
        return;
    size_t state = 0;
    struct hb_lane *lane;
    d->has_words = false;
    while ((lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL) {
        tell_rest(d, lane);
        tell_gone(d, lane);
        d->has_words |= lane->rest_word.is_wanted || lane->gone_word.is_wanted;
    }
}
