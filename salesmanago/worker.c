#include "salesmanago/state.h"

#include "core/ids.h"
#include "platform/crypto/crypto.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BEGIN_CHECK_MS 20
#define STOP_CHECK_MS 50
#define POLL_MAX 1000
#define FLUSH_MS 5000
#define LEAVE_MS 5000
#define QUEUE_RECORDS_MAX 100000
#define QUEUE_KIB_MAX 65536
#define QUEUED_RECORDS_MIN 20000
#define QUEUED_KIB_MAX 32768
#define COMMIT_INTERVAL_MS 200
#define MAX_POLL_INTERVAL_MS 300000
#define STALL_WAIT_US (3000 * HB_US_PER_MS) /* for the word that others have taken over */

/* ---- small things ---- */

struct hb_mono hb_sm_now(const struct hb_sm_worker *worker)
{
    return hb_loop_mono(worker->options.loop);
}

/* xorshift: for jitter, nothing else. */
uint32_t hb_sm_random(struct hb_sm_worker *worker)
{
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 7;
    worker->random ^= worker->random << 17;
    return (uint32_t)(worker->random >> 32);
}

void hb_sm_hash(const struct hb_sm_worker *worker, struct hb_str key, unsigned char ret_hash[HB_HASH_BYTES])
{
    hb_hash_pieces(worker->hash_key, &key, 1, ret_hash);
}

void hb_sm_trouble_set(struct hb_sm_worker *worker, const char *format, ...)
{
    if (worker->lasting_trouble[0])
        return; /* the first cause is the one to mend */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(worker->lasting_trouble, sizeof worker->lasting_trouble, format, arguments);
    va_end(arguments);
    hb_log(&worker->log, HB_LOG_SALESMANAGO_TROUBLE, HB_LOG_C("why", worker->lasting_trouble));
}

const char *hb_sm_worker_trouble(const struct hb_sm_worker *worker)
{
    if (worker->lasting_trouble[0])
        return worker->lasting_trouble;
    if (!worker->options.keyring)
        return "the sealing key is missing: set secrets.key_file (hookbus secrets init FILE makes one); nothing is "
               "sent to SALESmanago until then";
    if (!hb_registry_is_current(worker->options.registry))
        return "the registry is still being read";
    if (!worker->consumer)
        return "not consuming yet";
    return worker->lanes_trouble[0] ? worker->lanes_trouble : NULL;
}

/* ---- the loop's callbacks ---- */

static void pump(void *user)
{
    struct hb_sm_worker *worker = user;
    struct hb_sm_lane *lane;
    size_t state = 0;
    if (worker->is_pumping)
        return;
    worker->is_pumping = true;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        if (lane->hold == HB_SM_HOLD_DELETED)
            continue;
        hb_sm_track_step(lane);
        hb_sm_walk_look(lane);
        hb_sm_lane_look(lane);
    }
    worker->is_pumping = false;
}

void hb_sm_pump_soon(struct hb_sm_worker *worker)
{
    if (worker->pump_timer && !hb_timer_is_running(worker->pump_timer))
        hb_timer_start(worker->pump_timer, 0, 0);
}

static void producer_ready(void *user, int events)
{
    struct hb_sm_worker *worker = user;
    (void)events;
    while (hb_kafka_producer_poll(worker->producer, POLL_MAX) == POLL_MAX)
        ;
}

static void consumer_ready(void *user, int events)
{
    (void)events;
    hb_sm_intake_run(user);
}

/* A process that was stopped may have lost its partitions without knowing it: it sends nothing until it must know. */
static void look_at_stall(struct hb_sm_worker *worker)
{
    struct hb_mono now = hb_sm_now(worker);
    if (worker->last_second.us > 0 && now.us - worker->last_second.us > hb_sm_stall_us(worker))
        worker->stall_until.us = now.us + STALL_WAIT_US;
    worker->last_second = now;
}

static void each_second(void *user)
{
    struct hb_sm_worker *worker = user;
    look_at_stall(worker);
    if (worker->producer)
        producer_ready(worker, 0);
    if (!worker->consumer)
        return;
    hb_sm_intake_run(worker);
    hb_sm_intake_resume(worker);
    hb_sm_alive_second(worker);
    hb_sm_sender_second(worker);
    hb_sm_gone_second(worker);
    if (hb_registry_applied(worker->options.registry) != worker->registry_seen)
        hb_sm_lanes_look(worker);
    pump(worker);
    hb_sm_report_second(worker);
}

/* ---- life ---- */

static enum hb_err begin(struct hb_sm_worker *worker)
{
    const struct hb_config *config = worker->options.config;
    const char *topics[] = {worker->catalog_topic};
    const struct hb_kafka_consumer_options options = {
        .cluster = worker->options.cluster,
        .group = worker->group,
        .instance = worker->options.worker,
        .topics = topics,
        .topics_count = 1,
        .queued_records_min = QUEUED_RECORDS_MIN,
        .queued_kib_max = QUEUED_KIB_MAX,
        .commit_interval_ms = COMMIT_INTERVAL_MS,
        .session_timeout_ms = (int)config->salesmanago_session_timeout_ms,
        .max_poll_interval_ms = MAX_POLL_INTERVAL_MS,
        .events = &hb_sm_intake_events,
        .user = worker};
    struct hb_error error = {.text = ""};
    hb_sm_lanes_look(worker);
    enum hb_err err = hb_kafka_consumer_new(&options, &worker->consumer, &error);
    if (!err)
        err = hb_watch_new(worker->options.loop, hb_kafka_consumer_fd(worker->consumer), consumer_ready, worker,
                           &worker->consumer_watch);
    if (err) {
        hb_sm_trouble_set(worker, "cannot consume: %s", error.text[0] ? error.text : hb_err_text(err));
        return err;
    }
    hb_watch_set(worker->consumer_watch, HB_WATCH_READ);
    return HB_OK;
}

static void try_begin(void *user)
{
    struct hb_sm_worker *worker = user;
    if (!worker->options.keyring || worker->is_stopping || !hb_registry_is_current(worker->options.registry))
        return;
    hb_timer_stop(worker->begin_timer);
    (void)begin(worker);
}

static void stop_step(void *user);

static enum hb_err make_timers(struct hb_sm_worker *worker)
{
    struct hb_loop *loop = worker->options.loop;
    enum hb_err err = hb_timer_new(loop, try_begin, worker, &worker->begin_timer);
    if (!err)
        err = hb_timer_new(loop, each_second, worker, &worker->second_timer);
    if (!err)
        err = hb_timer_new(loop, stop_step, worker, &worker->stop_timer);
    if (!err)
        err = hb_timer_new(loop, pump, worker, &worker->pump_timer);
    if (err)
        return err;
    hb_timer_start(worker->begin_timer, 0, BEGIN_CHECK_MS);
    hb_timer_start(worker->second_timer, 1000, 1000);
    return HB_OK;
}

static enum hb_err make_producer(struct hb_sm_worker *worker, struct hb_error *reterr)
{
    const struct hb_kafka_producer_options options = {
        .cluster = worker->options.cluster,
        .linger_ms = 0,
        .queue_records_max = QUEUE_RECORDS_MAX,
        .queue_kib_max = QUEUE_KIB_MAX,
        .message_timeout_ms = (int)worker->options.config->kafka_message_timeout_ms};
    enum hb_err err = hb_kafka_producer_new(&options, &worker->producer, reterr);
    if (!err)
        err = hb_watch_new(worker->options.loop, hb_kafka_producer_fd(worker->producer), producer_ready, worker,
                           &worker->producer_watch);
    if (!err)
        hb_watch_set(worker->producer_watch, HB_WATCH_READ);
    return err;
}

static void name_things(struct hb_sm_worker *worker)
{
    struct hb_str prefix = hb_str_c(worker->options.config->kafka_topic_prefix);
    const unsigned char *seed = worker->options.random_seed;
    hb_topic_name(prefix, HB_TOPIC_CATALOG, worker->catalog_topic);
    hb_topic_name(prefix, HB_TOPIC_REGISTRY, worker->registry_topic);
    (void)snprintf(worker->group, sizeof worker->group, "%.*ssalesmanago", HB_ARG(prefix));
    hb_base32_16(seed, worker->incarnation);
    memcpy(worker->hash_key, seed + 8, sizeof worker->hash_key);
    memcpy(&worker->random, seed + 24, sizeof worker->random);
    worker->random |= 1; /* never 0 */
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        worker->partitions[i].number = i;
}

enum hb_err hb_sm_worker_new(const struct hb_sm_worker_options *options, struct hb_sm_worker **ret_worker,
                             struct hb_error *reterr)
{
    struct hb_sm_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return HB_ERR_MEMORY;
    worker->options = *options;
    worker->log = hb_log_context_fields(options->log, NULL, 0);
    worker->registry_seen = -1;
    name_things(worker);
    enum hb_err err = make_producer(worker, reterr);
    if (!err)
        err = make_timers(worker);
    if (err)
        hb_sm_worker_free(&worker);
    else
        *ret_worker = worker;
    return err;
}

/* ---- stopping ---- */

static bool is_done(const struct hb_sm_worker *worker)
{
    const struct hb_sm_lane *lane;
    size_t state = 0;
    if (worker->requests > 0 || hb_kafka_producer_waiting(worker->producer) > 0)
        return false;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        bool can_send = hb_sm_lane_may_send(lane) && lane->rest_until.us <= hb_sm_now(worker).us;
        if (can_send && (lane->batch.count > 0 || lane->pending.waiting > 0))
            return false;
    }
    return true;
}

static void end(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    hb_timer_stop(worker->stop_timer);
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
        if (lane->connector.text.ptr && lane->hold != HB_SM_HOLD_DELETED)
            hb_sm_report_lane(lane, false);
    hb_sm_sender_stop(worker);
    worker->options.stopped(worker->options.user);
}

static void stop_step(void *user)
{
    struct hb_sm_worker *worker = user;
    worker->grace_left_ms -= STOP_CHECK_MS;
    pump(worker);
    if (is_done(worker) || worker->grace_left_ms <= 0)
        end(worker);
}

void hb_sm_worker_stop(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    if (worker->is_stopping)
        return;
    worker->is_stopping = true;
    worker->grace_left_ms = worker->options.config->salesmanago_grace_s * HB_MS_PER_S;
    if (worker->consumer_watch)
        hb_watch_set(worker->consumer_watch, 0);
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
        hb_sm_walk_stop(lane); /* how far it got is written; the next process goes on */
    hb_timer_start(worker->stop_timer, 0, STOP_CHECK_MS);
}

void hb_sm_worker_free(struct hb_sm_worker **worker_ptr)
{
    struct hb_sm_worker *worker = *worker_ptr;
    *worker_ptr = NULL;
    if (!worker)
        return;
    worker->is_stopping = true;
    hb_registry_when_cancel(worker->options.registry, worker);
    hb_timer_free(&worker->begin_timer);
    hb_timer_free(&worker->second_timer);
    hb_timer_free(&worker->stop_timer);
    hb_timer_free(&worker->pump_timer);
    hb_watch_free(&worker->producer_watch);
    if (worker->producer)
        hb_kafka_producer_free(&worker->producer, FLUSH_MS); /* its acknowledgements settle what is dead */
    hb_watch_free(&worker->consumer_watch);
    hb_sm_walk_free_readers(worker);
    hb_sm_lanes_free(worker);
    hb_sm_intake_deinit(worker);
    hb_kafka_consumer_free(&worker->consumer, LEAVE_MS);
    free(worker);
}
