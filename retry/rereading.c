/* What a spilled webhook left in the journal is read again, in order, up to what is applied; one webhook of the process
 * at a time, by a reader of its own. Until that is done nothing of it is claimed: an entry may be an old state of a
 * delivery that is dead or done. */
#include "retry/state.h"

#include "hookbus/topics.h"

#include <stdio.h>
#include <stdlib.h>

#define POLL_MAX 500
#define RECORDS_MAX 500 /* in one batch */
#define SILENCE_US (INT64_C(30) * 1000 * 1000)

struct hb_retry_reread {
    struct hb_retry *retry;
    struct hb_retry_shard *shard;
    unsigned epoch;
    struct hb_retry_webhook *webhook;
    struct hb_kafka_reader *reader;
    struct hb_watch *watch;
    struct hb_retry_record *first, **end;
    size_t count;
    int64_t passed;   /* all up to here was read */
    bool is_applying; /* a batch of ours is under way */
    bool is_broken;   /* a record could not be kept */
    struct hb_mono moved_at;
};

static void free_records(struct hb_retry_reread *reread)
{
    while (reread->first)
        hb_records_free_first(&reread->first);
    reread->end = &reread->first;
    reread->count = 0;
}

static void end_reread(struct hb_retry *retry)
{
    struct hb_retry_reread *reread = retry->reread;

    retry->reread = NULL;
    free_records(reread);
    hb_watch_free(&reread->watch);
    hb_kafka_reader_free(&reread->reader);
    reread->webhook->is_read_again = false;
    hb_claiming_room_changed(reread->webhook);
    free(reread);
}

void hb_rereading_stop(struct hb_retry *retry, const struct hb_retry_node *node)
{
    if (retry->reread && retry->reread->shard->node == node)
        end_reread(retry);
}

void hb_rereading_closed(struct hb_retry_shard *shard)
{
    struct hb_retry *retry = shard->retry;

    shard->is_finding_spilled = false;
    if (retry->reread && retry->reread->shard == shard)
        end_reread(retry);
}

/* ---- reading ---- */

static void apply(struct hb_retry_reread *reread);

static void take_message(void *user, struct hb_kafka_message *take_message)
{
    struct hb_retry_reread *reread = user;
    struct hb_retry_record *record = NULL;
    enum hb_err err = HB_ERR_NOT_FOUND;

    reread->moved_at = hb_retry_now(reread->retry);
    if (take_message->offset > reread->passed && !reread->is_broken)
        err = hb_records_make(reread->shard, take_message, hb_str_c(reread->webhook->id), &record);
    if (err == HB_ERR_MEMORY)
        reread->is_broken = true; /* nothing may be passed over: begun anew */
    if (!reread->is_broken && take_message->offset > reread->passed)
        reread->passed = take_message->offset;
    if (err) {
        hb_kafka_message_free(take_message);
        return;
    }
    *reread->end = record;
    reread->end = &record->next;
    reread->count++;
}

static void take_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_retry_reread *reread = user;

    (void)topic;
    (void)partition;
    if (offset - 1 > reread->passed && !reread->is_broken)
        reread->passed = offset - 1;
}

static void take_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user; /* it goes on, or is given up after a silence and begun anew */
    (void)err;
    (void)topic;
    (void)partition;
    (void)text;
}

static const struct hb_kafka_reader_events reader_events = {take_message, take_end, take_error};

static void poll_reader(struct hb_retry_reread *reread)
{
    if (reread->count < RECORDS_MAX)
        (void)hb_kafka_reader_poll(reread->reader, POLL_MAX, 0);
    hb_watch_set(reread->watch, reread->count < RECORDS_MAX ? HB_WATCH_READ : 0);
    apply(reread);
}

static void readable(void *user, int events)
{
    (void)events;
    poll_reader(user);
}

/* ---- applying ---- */

static void applied(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    struct hb_retry *retry = shard->retry;
    struct hb_retry_reread *reread = retry->reread;

    shard->is_applying = false;
    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    shard->spilled = answer->spilled;
    hb_repairing_take(shard, answer);
    hb_claiming_due(shard, answer->next_due);
    hb_reading_apply(shard);
    if (!reread || reread->shard != shard || reread->epoch != shard->epoch || !reread->is_applying)
        return;
    reread->is_applying = false;
    if (shard->is_reread_whole) {
        hb_log(&retry->log, HB_LOG_RETRY_UNSPILLED, HB_LOG_C("webhook", reread->webhook->id));
        end_reread(retry);
        hb_rereading_begin(retry, shard->node); /* the next one */
        return;
    }
    poll_reader(reread);
}

/* Whole: what was read reaches beyond what is applied; nothing else is applied meanwhile. */
static void apply(struct hb_retry_reread *reread)
{
    struct hb_retry_shard *shard = reread->shard;
    struct hb_view_batch batch = {.through = reread->passed, .reread = hb_str_c(reread->webhook->id)};
    bool is_whole = reread->passed >= shard->through && reread->count <= HB_VIEW_BATCH_MAX;

    if (reread->is_applying || shard->is_applying || !hb_shard_is_open(shard) ||
        (reread->count < RECORDS_MAX && !is_whole))
        return;
    struct hb_view_record *records = reread->retry->batch;
    batch.records = records;
    for (struct hb_retry_record *record = reread->first; record && batch.count < HB_VIEW_BATCH_MAX;
         record = record->next) {
        (void)hb_records_set_order(shard, record); /* it was known long ago, or never will be */
        records[batch.count++] = record->record;
    }
    batch.is_reread_whole = shard->is_reread_whole = is_whole;
    if (is_whole && batch.through > shard->through)
        batch.through = shard->through;
    if (hb_view_apply(shard->view, &batch, applied, shard))
        return; /* with the next second */
    shard->is_applying = reread->is_applying = true;
    free_records(reread);
}

void hb_rereading_kick(struct hb_retry_shard *shard)
{
    if (shard->retry->reread && shard->retry->reread->shard == shard)
        apply(shard->retry->reread);
}

void hb_rereading_second(struct hb_retry *retry)
{
    struct hb_retry_reread *reread = retry->reread;

    if (!reread)
        return;
    bool is_silent = hb_retry_now(retry).us - reread->moved_at.us > SILENCE_US;
    if ((is_silent || reread->is_broken) && !reread->is_applying)
        end_reread(retry); /* begun anew from where the view says */
    else
        poll_reader(reread);
}

/* ---- beginning ---- */

static enum hb_err open_reader(struct hb_retry_reread *reread, int64_t from)
{
    struct hb_retry *retry = reread->retry;
    char name[HB_TOPIC_NAME_MAX];
    const char *topics[] = {name};
    struct hb_error error = {HB_OK, ""};
    const struct hb_kafka_reader_options options = {.cluster = retry->options.cluster,
                                                    .topics = topics,
                                                    .topics_count = 1,
                                                    .queued_kib_max = 4096,
                                                    .events = &reader_events,
                                                    .user = reread};
    const struct hb_kafka_start start = {0, reread->shard->number, from};

    (void)hb_topic_name(hb_str_c(retry->options.config->kafka_topic_prefix), HB_TOPIC_JOURNAL, name);
    enum hb_err err = hb_kafka_reader_new(&options, &reread->reader, &error);
    if (!err)
        err = hb_watch_new(retry->options.loop, hb_kafka_reader_fd(reread->reader), readable, reread, &reread->watch);
    if (!err)
        err = hb_kafka_reader_assign(reread->reader, &start, 1);
    if (!err)
        hb_watch_set(reread->watch, HB_WATCH_READ);
    return err;
}

static void begin(struct hb_retry_shard *shard, const struct hb_view_webhook *row)
{
    struct hb_retry *retry = shard->retry;
    struct hb_retry_webhook *webhook = hb_retry_webhook_of(retry, row->webhook);
    struct hb_retry_reread *reread = webhook ? calloc(1, sizeof(*reread)) : NULL;

    if (!reread)
        return;
    /* What Kafka does not keep any more is not read again. */
    int64_t from = row->spilled_from > shard->low ? row->spilled_from : shard->low;
    *reread = (struct hb_retry_reread){.retry = retry,
                                       .shard = shard,
                                       .epoch = shard->epoch,
                                       .webhook = webhook,
                                       .passed = from - 1,
                                       .moved_at = hb_retry_now(retry)};
    reread->end = &reread->first;
    webhook->is_read_again = true;
    retry->reread = reread;
    if (open_reader(reread, from))
        end_reread(retry);
}

static void spilled_found(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    size_t i = 0;

    if (!shard->is_finding_spilled)
        return;
    shard->is_finding_spilled = false;
    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    while (i < answer->webhooks_count && answer->webhooks[i].spilled_from < 0)
        i++;
    if (i == answer->webhooks_count)
        shard->spilled = 0;
    else if (!shard->retry->reread && !shard->retry->is_stopping)
        begin(shard, &answer->webhooks[i]);
}

void hb_rereading_begin(struct hb_retry *retry, const struct hb_retry_node *node)
{
    for (int i = 0; i < HB_SHARDS && !retry->reread && !retry->is_stopping; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        if (shard->node != node || !hb_shard_is_open(shard) || shard->spilled == 0 || shard->is_finding_spilled)
            continue;
        shard->is_finding_spilled = hb_view_counts(shard->view, spilled_found, shard) == HB_OK;
        return;
    }
}

void hb_rereading_free(struct hb_retry *retry)
{
    if (retry->reread)
        end_reread(retry);
}
