#include "dispatcher/state.h"

#include "dispatcher/watermark.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTE_S 60
/* A lane is behind when what it starts has waited for this part of settle_after. */
#define BEHIND_PART 4
#define FLUSH_MS 5000         /* for Kafka's last acknowledgements when freeing */
#define SETTLED_FILE_PARTITIONS 64 /* of one topic; partitions beyond have no marks */
#define GRACE_CHECK_MS 50
#define BEGIN_CHECK_MS 20
#define GRACE_CANCEL_MS 2000  /* before its end, what has not been sent is handed back */

void hb_dispatcher_set_lasting_trouble(struct hb_dispatcher *d, const char *format, ...)
{
    if (d->lasting_trouble[0])
        return; /* the first cause is the one to mend */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(d->lasting_trouble, sizeof d->lasting_trouble, format, arguments);
    va_end(arguments);
    hb_log(&d->log, HB_LOG_DISPATCHER_TROUBLE, HB_LOG_C("why", d->lasting_trouble));
}

const char *hb_dispatcher_trouble(const struct hb_dispatcher *d)
{
    if (d->lasting_trouble[0])
        return d->lasting_trouble;
    if (!d->options.has_keys)
        return "the sealing key is missing: set secrets.key_file (hookbus secrets init FILE makes one); nothing is "
               "consumed until then";
    if (hb_registry_trouble(d->options.registry))
        return hb_registry_trouble(d->options.registry);
    if (!hb_registry_is_current(d->options.registry))
        return "the registry is still being read";
    if (!d->consumer)
        return "not consuming yet";
    if (!d->has_joined)
        return "the consumer group has not given it its partitions yet (a member that hangs or was killed delays that by "
               "dispatcher.session_timeout_ms)";
    if (hb_outbox_is_congested(d->outbox))
        return "Kafka does not acknowledge: nothing more is fetched or sent until it does";
    return NULL;
}

/* ---- the loop's callbacks ---- */

static void consumer_ready(void *user, int events)
{
    (void)events;
    hb_intake_run(user);
}

static void intake_due(void *user) { hb_intake_run(user); }

/* What waited for Kafka's acknowledgements may go on, and so may intake. */
static void outbox_moved(void *user)
{
    hb_dispatcher_pump(user);
}

void hb_dispatcher_pump(struct hb_dispatcher *d)
{
    if (d->is_pumping)
        return;
    d->is_pumping = true;
    d->admit.now = hb_loop_mono(d->options.loop);
    if (!hb_outbox_is_congested(d->outbox))
        hb_admit_pump(&d->admit);
    d->is_pumping = false;
    hb_intake_wake(d);
}

static void pump_due(void *user)
{
    hb_dispatcher_pump(user);
}

void hb_dispatcher_pump_soon(struct hb_dispatcher *d)
{
    if (!hb_timer_is_running(d->pump_timer))
        hb_timer_start(d->pump_timer, 0, 0);
}

/* xorshift: for jitter, nothing else. */
uint32_t hb_dispatcher_random(struct hb_dispatcher *d)
{
    d->random ^= d->random << 13;
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return (uint32_t)(d->random >> 32);
}

static void read_gauges(struct hb_dispatcher *d)
{
    struct hb_metrics *m = d->options.metrics;
    struct hb_http_client_stats stats;
    hb_http_client_read_stats(d->options.http, &stats);
    hb_metric_set(m, HB_METRIC_WAITING, (int64_t)d->admit.waiting);
    hb_metric_set(m, HB_METRIC_IN_FLIGHT, d->admit.in_flight);
    hb_metric_set(m, HB_METRIC_LINES_WAITING, (int64_t)hb_outbox_waiting(d->outbox));
    hb_metric_set(m, HB_METRIC_CONNECTIONS_OPENED, (int64_t)stats.connections_opened);
    hb_metric_set(m, HB_METRIC_CONNECTIONS_REUSED, (int64_t)stats.connections_reused);
    hb_metric_set(m, HB_METRIC_ADDRESSES_BLOCKED, (int64_t)stats.blocked);
}

struct minute {
    struct hb_dispatcher *d;
    struct hb_watermark_writer writer;
};

static void note_watermark(void *user, struct hb_partition *partition)
{
    struct minute *minute = user;
    hb_watermark_write(&minute->writer, minute->d->topics[partition->topic], partition);
}

static void each_minute(struct hb_dispatcher *d)
{
    struct minute minute = {.d = d,
                            .writer = {.producer = hb_outbox_producer(d->outbox),
                                       .registry_topic = d->registry_topic,
                                       .group = d->group,
                                       .now = hb_loop_wall(d->options.loop)}};
    hb_partitions_each(&d->partitions, note_watermark, &minute);
    hb_lanes_forget_deleted(&d->lanes);
}

static void each_second(void *user)
{
    struct hb_dispatcher *d = user;
    d->seconds++;
    hb_outbox_poll(d->outbox); /* also when nothing woke us */
    hb_telling_second(d);
    if (d->consumer) {
        hb_intake_second(d);
        if (!d->is_starved && !d->is_stopping)
            hb_intake_run(d);
        if (d->seconds % MINUTE_S == 0)
            each_minute(d);
    }
    hb_dispatcher_pump(d);
    read_gauges(d);
}

static void outbox_refused(void *user, const char *what, enum hb_err err, const char *text)
{
    struct hb_dispatcher *d = user;
    hb_dispatcher_set_lasting_trouble(d, "Kafka refuses the %s of deliveries (%s): %s", what, hb_err_name(err), text);
    if (err == HB_ERR_FATAL)
        d->options.failed(d->options.user, d->lasting_trouble);
}

/* ---- life cycle ---- */

/* The registry is current: from here on nothing missing in it is unknown. */
static enum hb_err begin(struct hb_dispatcher *d)
{
    const struct hb_config *c = d->options.config;
    const char *topics[HB_EVENT_TOPIC_COUNT];
    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++)
        topics[i] = d->topics[i];
    const struct hb_kafka_consumer_options options = {.cluster = d->options.cluster,
                                                      .group = d->group,
                                                      .instance = d->options.worker,
                                                      .topics = topics,
                                                      .topics_count = HB_EVENT_TOPIC_COUNT,
                                                      .queued_records_min = (int)c->dispatcher_queued_records,
                                                      .queued_kib_max = (int)c->dispatcher_queued_kib,
                                                      .commit_interval_ms = (int)c->dispatcher_commit_interval_ms,
                                                      .session_timeout_ms = (int)c->dispatcher_session_timeout_ms,
                                                      .max_poll_interval_ms = (int)c->dispatcher_max_poll_interval_ms,
                                                      .events = &hb_intake_events,
                                                      .user = d};
    struct hb_error error = {.text = ""};
    enum hb_err err = hb_kafka_consumer_new(&options, &d->consumer, &error);
    if (!err)
        err = hb_watch_new(d->options.loop, hb_kafka_consumer_fd(d->consumer), consumer_ready, d, &d->consumer_watch);
    if (err) {
        hb_dispatcher_set_lasting_trouble(d, "cannot consume: %s", error.text[0] ? error.text : hb_err_text(err));
        return err;
    }
    hb_watch_set(d->consumer_watch, HB_WATCH_READ);
    struct hb_watermark_writer writer = {.producer = hb_outbox_producer(d->outbox),
                                         .registry_topic = d->registry_topic,
                                         .group = d->group,
                                         .now = hb_loop_wall(d->options.loop)};
    hb_watermark_write_group(&writer);
    return HB_OK;
}

/* Until consuming has begun. */
static void try_begin(void *user)
{
    struct hb_dispatcher *d = user;
    if (!d->options.has_keys || d->is_stopping || !hb_registry_is_current(d->options.registry))
        return;
    hb_timer_stop(d->begin_timer);
    (void)begin(d);
}

static struct hb_admit_limits admit_limits(const struct hb_config *c)
{
    int share = (int)(c->delivery_in_flight_max * c->delivery_store_share_percent / 100);
    return (struct hb_admit_limits){.in_flight_max = (int)c->delivery_in_flight_max,
                                    .host_max = (int)c->delivery_host_max,
                                    .store_in_flight_max = share > 0 ? share : 1,
                                    .waiting_max = (size_t)c->delivery_waiting_max,
                                    .waiting_bytes_max = (size_t)c->delivery_waiting_bytes,
                                    .lane_max = (size_t)c->delivery_waiting_per_webhook_max,
                                    .lane_bytes_max = (size_t)c->delivery_waiting_per_webhook_bytes,
                                    .behind_us = c->dispatcher_settle_after_ms * HB_US_PER_MS / BEHIND_PART};
}

static int64_t cpu_us(void *user) { return hb_loop_cpu_us(((struct hb_dispatcher *)user)->options.loop); }

static enum hb_err make_memory(struct hb_dispatcher *d, struct hb_error *reterr)
{
    const struct hb_config *c = d->options.config;
    enum hb_err err = HB_OK;
    if (c->dispatcher_id_memory > 0)
        err = hb_id_memory_new((size_t)c->dispatcher_id_memory, &d->ids);
    if (!err && c->dispatcher_state_dir[0])
        err = hb_settled_file_open(c->dispatcher_state_dir, d->options.worker, SETTLED_FILE_PARTITIONS,
                                   (uint32_t)c->dispatcher_ring_slots, &d->settled, reterr);
    return err;
}

static void stop_step(void *user);

static enum hb_err make_timers(struct hb_dispatcher *d)
{
    enum hb_err err = hb_timer_new(d->options.loop, intake_due, d, &d->intake_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, each_second, d, &d->second_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, stop_step, d, &d->grace_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, try_begin, d, &d->begin_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, hb_age_due, d, &d->age_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, hb_age_full_due, d, &d->full_timer);
    if (!err)
        err = hb_timer_new(d->options.loop, pump_due, d, &d->pump_timer);
    if (!err) {
        hb_timer_start(d->second_timer, 0, 1000);
        hb_timer_start(d->begin_timer, 0, BEGIN_CHECK_MS);
    }
    return err;
}

static void name_things(struct hb_dispatcher *d)
{
    struct hb_str prefix = hb_str_c(d->options.config->kafka_topic_prefix);
    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++)
        hb_topic_name(prefix, (enum hb_topic)i, d->topics[i]);
    hb_topic_name(prefix, HB_TOPIC_REGISTRY, d->registry_topic);
    (void)snprintf(d->group, sizeof d->group, "%.*sdispatcher", HB_ARG(prefix));
}

enum hb_err hb_dispatcher_new(const struct hb_dispatcher_options *options, struct hb_dispatcher **ret_dispatcher,
                              struct hb_error *reterr)
{
    struct hb_dispatcher *d = calloc(1, sizeof *d);
    if (!d)
        return HB_ERR_MEMORY;
    const struct hb_config *c = options->config;
    d->options = *options;
    d->log = hb_log_context_fields(options->log, NULL, 0);
    d->fan_out = 1;
    memcpy(&d->random, options->random_seed, sizeof d->random);
    d->random |= 1; /* never 0 */
    d->admit = (struct hb_admit){.limits = admit_limits(c), .start = hb_attempt_start, .cpu_us = cpu_us, .user = d};
    name_things(d);
    hb_partitions_init(&d->partitions, (size_t)c->dispatcher_ring_slots);
    hb_lanes_init(&d->lanes, options->http, d, (int)c->delivery_window_start, (int)c->delivery_window_max);
    d->lanes.rest = hb_rest_make_own(c->delivery_rest_first_ms, c->delivery_rest_most_ms);
    d->outbox = options->outbox;
    d->lines_client =
        (struct hb_lines_client){.done = hb_settle_line_done, .dropped = hb_settle_line_dropped, .user = d};
    d->delivery_client = (struct hb_lines_client){
        .done = hb_record_line_done, .dropped = hb_record_line_dropped, .user = d, .holds_records = true};
    d->outbox_listener = (struct hb_outbox_listener){.moved = outbox_moved, .refused = outbox_refused, .user = d};
    hb_outbox_listen(d->outbox, &d->outbox_listener);
    enum hb_err err = make_memory(d, reterr);
    if (!err)
        err = make_timers(d);
    if (err)
        hb_dispatcher_free(&d);
    else
        *ret_dispatcher = d;
    return err;
}

/* ---- stopping ---- */

static void hand_back_all(void *user, struct hb_delivery *delivery) { hb_settle_hand_back(user, delivery); }
static bool is_any(void *user, const struct hb_delivery *delivery)
{
    (void)user;
    (void)delivery;
    return true;
}

static bool is_resend(void *user, const struct hb_delivery *delivery)
{
    (void)user;
    return delivery->is_resend;
}

static void hand_back(struct hb_dispatcher *d, bool (*which)(void *user, const struct hb_delivery *delivery))
{
    size_t state = 0;
    struct hb_lane *lane;
    while ((lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL)
        hb_admit_sweep(&d->admit, lane, which, hand_back_all, d);
}

/* Until nothing waits, runs or is unacknowledged, or the grace time is over. */
static void stop_step(void *user)
{
    struct hb_dispatcher *d = user;
    d->grace_left_ms -= GRACE_CHECK_MS;
    if (d->grace_left_ms <= GRACE_CANCEL_MS)
        hand_back(d, is_any);
    else
        hb_dispatcher_pump(d);
    if (d->admit.in_flight == 0)
        hb_outbox_flush(d->outbox, 0);
    bool is_done = d->admit.waiting == 0 && d->admit.resends_waiting == 0 && d->admit.in_flight == 0 && hb_outbox_waiting(d->outbox) == 0;
    if (!is_done && d->grace_left_ms > 0)
        return;
    hb_timer_stop(d->grace_timer);
    d->options.stopped(d->options.user);
}

void hb_dispatcher_stop(struct hb_dispatcher *d)
{
    if (d->is_stopping)
        return;
    d->is_stopping = true;
    d->grace_left_ms = d->options.config->dispatcher_grace_s * HB_MS_PER_S;
    if (d->consumer_watch)
        hb_watch_set(d->consumer_watch, 0);
    hb_timer_stop(d->intake_timer);
    hand_back(d, is_resend); /* another process may send them */
    hb_timer_start(d->grace_timer, 0, GRACE_CHECK_MS);
}

static void drop_held(void *user, struct hb_partition *partition)
{
    struct hb_kafka_message message;
    (void)user;
    while (hb_partition_unhold(partition, &message))
        hb_kafka_message_free(&message);
}

void hb_dispatcher_free(struct hb_dispatcher **dispatcher)
{
    struct hb_dispatcher *d = *dispatcher;
    if (!d)
        return;
    d->is_stopping = true;
    hb_registry_when_cancel(d->options.registry, d);
    hand_back(d, is_any);
    hb_outbox_flush(d->outbox, FLUSH_MS);
    hb_watch_free(&d->consumer_watch);
    hb_partitions_each(&d->partitions, drop_held, NULL); /* the consumer waits for messages that are not freed */
    hb_kafka_consumer_free(&d->consumer, FLUSH_MS);
    hb_outbox_end(d->outbox, 0);
    hb_outbox_unlisten(d->outbox, &d->outbox_listener);
    hb_timer_free(&d->intake_timer);
    hb_timer_free(&d->second_timer);
    hb_timer_free(&d->grace_timer);
    hb_timer_free(&d->begin_timer);
    hb_timer_free(&d->age_timer);
    hb_timer_free(&d->full_timer);
    hb_timer_free(&d->pump_timer);
    hb_lanes_deinit(&d->lanes);
    hb_partitions_deinit(&d->partitions);
    hb_taken_pool_deinit(&d->pool);
    hb_settled_file_close(&d->settled);
    hb_id_memory_free(&d->ids);
    while (d->free_deliveries) {
        struct hb_delivery *next = d->free_deliveries->next;
        free(d->free_deliveries);
        d->free_deliveries = next;
    }
    free(d);
    *dispatcher = NULL;
}

/* What waits for a webhook that is not to be sent to any more does not wait for its turn. */
static void look_at_waiting(struct hb_dispatcher *d, struct hb_lane *lane)
{
    enum hb_reason reason = hb_route_refusal(lane->webhook, lane);
    if (reason == HB_REASON_NONE && hb_resting_is(d, lane))
        reason = HB_REASON_RESTING;
    if (reason != HB_REASON_NONE)
        hb_park_lane(d, lane, reason);
}

void hb_dispatcher_webhook_changed(struct hb_dispatcher *d, const struct hb_webhook *old_webhook,
                                   struct hb_webhook *new_webhook)
{
    if (!new_webhook) /* one that is gone keeps its last snapshot: what waits ends as `webhook_deleted` */
        return;
    hb_lanes_change(&d->lanes, new_webhook);
    struct hb_lane *lane = hb_map_get(&d->lanes.by_webhook, new_webhook->id);
    if (lane) {
        hb_resting_changed(lane, old_webhook);
        look_at_waiting(d, lane);
        lane->is_asked = false;
    }
    if (d->owner.room_changed)
        d->owner.room_changed(d->owner.user, new_webhook->id);
}

struct hb_sender hb_dispatcher_sender(struct hb_dispatcher *d)
{
    return (struct hb_sender){.room = hb_resend_room,
                              .send = hb_resend_send,
                              .take_up = hb_resend_take_up,
                              .let_go = hb_resend_let_go,
                              .user = d};
}

void hb_dispatcher_set_owner(struct hb_dispatcher *d, const struct hb_owner *owner)
{
    d->owner = owner ? *owner : (struct hb_owner){0};
}
