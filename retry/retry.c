#include "retry/state.h"

#include "core/event_rules.h"
#include "hookbus/topics.h"

#include <stdio.h>
#include <stdlib.h>

#define BEGIN_CHECK_MS 50
#define CONSUMER_POLL_MAX 500
#define BODIES_WANTED_MAX 8192
#define CLAIMS_A_SECOND 20000
#define GLANCE_EVERY_S 10
#define STOP_CHECK_MS 20
#define FREE_WAIT_MS 3000

struct hb_mono hb_retry_now(const struct hb_retry *retry)
{
    return hb_loop_mono(retry->options.loop);
}

void hb_retry_set_lasting_trouble(struct hb_retry *retry, const char *sentence)
{
    if (retry->lasting_trouble[0])
        return; /* the first cause is the one to mend */
    (void)snprintf(retry->lasting_trouble, sizeof(retry->lasting_trouble), "%s", sentence);
    hb_log(&retry->log, HB_LOG_DISPATCHER_TROUBLE, HB_LOG_C("why", retry->lasting_trouble));
}

const char *hb_retry_trouble(struct hb_retry *retry)
{
    int behind = 0;

    if (retry->lasting_trouble[0])
        return retry->lasting_trouble;
    for (int i = 0; i < retry->nodes_count; i++)
        if (retry->nodes[i].trouble[0])
            return retry->nodes[i].trouble;
    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].is_ours && !hb_shard_is_open(&retry->shards[i]))
            behind++;
    if (behind == 0)
        return NULL;
    (void)snprintf(retry->trouble, sizeof(retry->trouble),
                   "%d shards of the retry queue are still being caught up: their retries wait", behind);
    return retry->trouble;
}

/* ---- as the sender sees it ---- */

static void room_changed(void *user, struct hb_str id)
{
    struct hb_retry *retry = user;
    struct hb_retry_webhook *webhook = hb_map_get(&retry->webhooks, id);

    if (webhook)
        hb_claiming_room_changed(webhook);
}

static bool owns(void *user, struct hb_str id)
{
    struct hb_retry *retry = user;
    const struct hb_retry_webhook *webhook = hb_map_get(&retry->webhooks, id);

    return hb_shard_is_open(webhook ? webhook->shard : &retry->shards[hb_journal_shard(id)]);
}

static void keep(void *user, const struct hb_event_bytes *record)
{
    struct hb_retry *retry = user;
    const struct hb_body_record body = {.at = record->position,
                                        .key = record->key,
                                        .value = record->value,
                                        .headers = record->headers,
                                        .headers_count = record->headers_count};

    hb_bodies_keep(retry->bodies, &body);
}

struct hb_owner hb_retry_owner(struct hb_retry *retry)
{
    return (struct hb_owner){hb_sending_ended, room_changed, owns, keep, retry};
}

/* ---- the loop's callbacks ---- */

static void consumer_ready(void *user, int events)
{
    struct hb_retry *retry = user;

    (void)events;
    while (hb_kafka_consumer_poll(retry->consumer, CONSUMER_POLL_MAX) == CONSUMER_POLL_MAX)
        ;
}

static void acknowledged(void *user)
{
    hb_claiming_pump(user);
}

static void pump(void *user)
{
    struct hb_retry *retry = user;

    for (int i = 0; i < HB_SHARDS; i++)
        if (retry->shards[i].returns)
            hb_sending_flush(&retry->shards[i]);
    hb_claiming_pump(retry);
}

static void read_gauges(struct hb_retry *retry)
{
    struct hb_metrics *m = retry->options.metrics;
    int ours = 0, open = 0;
    int64_t spilled = 0;
    const struct hb_store_state *fullest = &retry->nodes[0].store;

    for (int i = 0; i < HB_SHARDS; i++) {
        ours += retry->shards[i].is_ours;
        open += hb_shard_is_open(&retry->shards[i]);
    }
    hb_metric_set(m, HB_METRIC_RETRY_SHARDS, ours);
    hb_metric_set(m, HB_METRIC_RETRY_SHARDS_OPEN, open);
    hb_metric_set(m, HB_METRIC_RETRY_LEASED, (int64_t)retry->flights_count);
    for (int i = 0; i < HB_SHARDS; i++)
        spilled += retry->shards[i].spilled;
    for (int i = 0; i < retry->nodes_count; i++)
        if (retry->nodes[i].store.used_bytes > fullest->used_bytes)
            fullest = &retry->nodes[i].store;
    hb_metric_set(m, HB_METRIC_RETRY_SPILLED, spilled);
    hb_metric_set(m, HB_METRIC_RETRY_REDIS_USED, fullest->used_bytes);
    hb_metric_set(m, HB_METRIC_RETRY_REDIS_MAX, fullest->max_bytes);
    hb_metric_set(m, HB_METRIC_RETRY_BODY_READS, (int64_t)hb_bodies_rounds(retry->bodies));
}

static void each_second(void *user)
{
    struct hb_retry *retry = user;

    retry->seconds++;
    hb_nodes_second(retry);
    if (retry->consumer)
        consumer_ready(retry, 0); /* also when nothing woke us */
    hb_reading_poll(retry);
    for (int i = 0; i < HB_SHARDS; i++) {
        hb_shard_second(&retry->shards[i]);
        hb_scanning_second(&retry->shards[i]);
    }
    hb_scanning_piece(retry);
    hb_rereading_second(retry);
    hb_sending_renew(retry); /* asks Redis only when a lease is half over */
    if (retry->seconds % GLANCE_EVERY_S == 0)
        hb_glancing_run(retry);
    read_gauges(retry);
}

/* ---- life cycle ---- */

static enum hb_err begin(struct hb_retry *retry, struct hb_error *reterr)
{
    char topic[HB_TOPIC_NAME_MAX], group[HB_TOPIC_NAME_MAX];
    const char *topics[] = {topic};
    const struct hb_config *c = retry->options.config;

    (void)hb_topic_name(hb_str_c(c->kafka_topic_prefix), HB_TOPIC_JOURNAL, topic);
    (void)snprintf(group, sizeof(group), "%sretry", c->kafka_topic_prefix);
    const struct hb_kafka_consumer_options options = {.cluster = retry->options.cluster,
                                                      .group = group,
                                                      .instance = retry->options.worker,
                                                      .topics = topics,
                                                      .topics_count = 1,
                                                      .queued_records_min = 100, /* it fetches nothing */
                                                      .queued_kib_max = 1024,
                                                      .commit_interval_ms = 60000,
                                                      .session_timeout_ms = (int)c->dispatcher_session_timeout_ms,
                                                      .max_poll_interval_ms = 300000,
                                                      .events = &hb_membership_events,
                                                      .user = retry};
    enum hb_err err = hb_kafka_consumer_new(&options, &retry->consumer, reterr);
    if (!err)
        err = hb_watch_new(retry->options.loop, hb_kafka_consumer_fd(retry->consumer), consumer_ready, retry,
                           &retry->consumer_watch);
    if (!err)
        hb_watch_set(retry->consumer_watch, HB_WATCH_READ);
    return err;
}

/* Not before the registry is current: nothing missing in it is unknown then. */
static void try_begin(void *user)
{
    struct hb_retry *retry = user;
    struct hb_error error = {.text = ""};

    if (retry->is_stopping || !hb_registry_is_current(retry->options.registry))
        return;
    hb_timer_stop(retry->begin_timer);
    enum hb_err err = begin(retry, &error);
    if (err)
        hb_retry_set_lasting_trouble(retry, error.text[0] ? error.text : hb_err_text(err));
}

static enum hb_err make_timers(struct hb_retry *retry)
{
    struct hb_loop *loop = retry->options.loop;
    enum hb_err err = hb_timer_new(loop, try_begin, retry, &retry->begin_timer);

    err = err ? err : hb_timer_new(loop, each_second, retry, &retry->second_timer);
    err = err ? err : hb_timer_new(loop, hb_claiming_wake, retry, &retry->wake_timer);
    err = err ? err : hb_timer_new(loop, pump, retry, &retry->pump_timer);
    err = err ? err : hb_timer_new(loop, hb_retry_stop_step, retry, &retry->stop_timer);
    if (!err) {
        hb_timer_start(retry->begin_timer, 0, BEGIN_CHECK_MS);
        hb_timer_start(retry->second_timer, 1000, 1000);
    }
    return err;
}

static enum hb_err make_parts(struct hb_retry *retry, struct hb_error *reterr)
{
    const struct hb_bodies_options bodies = {.loop = retry->options.loop,
                                             .cluster = retry->options.cluster,
                                             .topic_prefix = hb_str_c(retry->options.config->kafka_topic_prefix),
                                             .cache_bytes_max = HB_BODIES_CACHE_BYTES,
                                             .wanted_max = BODIES_WANTED_MAX,
                                             .sender = &retry->options.sender};
    enum hb_err err = hb_nodes_new(retry, reterr);

    err = err ? err : hb_reading_new(retry, reterr);
    err = err ? err : hb_bodies_new(&bodies, &retry->bodies, reterr);
    return err ? err : make_timers(retry);
}

/* The owner's name in takeover records is an id; a host name may have dots. */
static void name_owner(struct hb_retry *retry)
{
    size_t length = 0;

    for (const char *c = retry->options.worker; *c && length < HB_ID_MAX; c++) {
        struct hb_str one = {c, 1};
        retry->owner[length++] = hb_event_is_id(one) ? *c : '_';
    }
}

static void init(struct hb_retry *retry, const struct hb_retry_options *options)
{
    retry->options = *options;
    name_owner(retry);
    retry->log = hb_log_context_fields(options->log, NULL, 0);
    retry->webhooks = retry->stores = retry->flights_by_id = HB_MAP_EMPTY;
    retry->again_at.us = INT64_MAX;
    retry->claim_rate = hb_rate_make(CLAIMS_A_SECOND, 1, hb_retry_now(retry));
    for (int i = 0; i < HB_SHARDS; i++) {
        retry->shards[i].retry = retry;
        retry->shards[i].number = i;
        retry->shards[i].due_at.us = retry->shards[i].ahead_at.us = INT64_MAX;
    }
    retry->listener = (struct hb_outbox_listener){.moved = acknowledged, .user = retry};
    hb_outbox_listen(options->outbox, &retry->listener);
}

enum hb_err hb_retry_new(const struct hb_retry_options *options, struct hb_retry **ret_retry, struct hb_error *reterr)
{
    struct hb_retry *retry = calloc(1, sizeof(*retry));

    if (!retry)
        return hb_fail(reterr, HB_ERR_MEMORY, "no memory for the retry queue");
    init(retry, options);
    enum hb_err err = make_parts(retry, reterr);
    if (err) {
        if (reterr && !reterr->text[0])
            (void)hb_fail(reterr, err, "the retry queue cannot be made: %s", hb_err_text(err));
        hb_retry_free(&retry);
        return err;
    }
    *ret_retry = retry;
    return HB_OK;
}

/* ---- the end ---- */

static bool is_told(const struct hb_retry *retry)
{
    for (int i = 0; i < retry->nodes_count; i++)
        if (hb_scripts_waiting(retry->nodes[i].scripts) > 0 && retry->nodes[i].is_fit)
            return false;
    return true;
}

/* Until nothing is with the sender and Redis has every lease back, or the grace time is over. */
void hb_retry_stop_step(void *user)
{
    struct hb_retry *retry = user;

    hb_sending_hand_back(retry);
    retry->grace_left_ms -= STOP_CHECK_MS;
    if ((retry->flights_count > 0 || !is_told(retry)) && retry->grace_left_ms > 0)
        return;
    hb_timer_stop(retry->stop_timer);
    retry->options.stopped(retry->options.user);
}

void hb_retry_stop(struct hb_retry *retry)
{
    if (retry->is_stopping)
        return;
    retry->is_stopping = true;
    retry->grace_left_ms = retry->options.config->dispatcher_grace_s * HB_MS_PER_S;
    hb_timer_stop(retry->wake_timer);
    hb_timer_stop(retry->pump_timer);
    hb_timer_start(retry->stop_timer, 0, STOP_CHECK_MS);
}

void hb_retry_free(struct hb_retry **retry_ptr)
{
    struct hb_retry *retry = *retry_ptr;

    *retry_ptr = NULL;
    if (!retry)
        return;
    retry->is_stopping = true;
    hb_outbox_unlisten(retry->options.outbox, &retry->listener);
    hb_watch_free(&retry->consumer_watch);
    hb_kafka_consumer_free(&retry->consumer, FREE_WAIT_MS);
    hb_rereading_free(retry);
    hb_reading_free(retry);
    hb_sending_free(retry);
    for (int i = 0; i < HB_SHARDS; i++) {
        hb_scanning_stop(&retry->shards[i]);
        hb_claiming_forget(&retry->shards[i]);
        hb_view_free(&retry->shards[i].view);
    }
    hb_nodes_free(retry);
    hb_retry_webhooks_free(retry);
    hb_bodies_free(&retry->bodies);
    hb_timer_free(&retry->begin_timer);
    hb_timer_free(&retry->second_timer);
    hb_timer_free(&retry->wake_timer);
    hb_timer_free(&retry->pump_timer);
    hb_timer_free(&retry->stop_timer);
    free(retry);
}
