/* A claimed delivery on its way: its body, the sender, its lease, and what became of it. */
#include "retry/state.h"

#include "hookbus/topics.h"

#include <stdio.h>
#include <stdlib.h>

#define BODY_AWAY_PAUSE_MS 5000
#define REFUSED_PAUSE_MS 1000
#define RELEASE_MAX 500

static struct hb_str id_of(const unsigned char *delivery)
{
    return hb_str_n((const char *)delivery, HB_DELIVERY_BYTES);
}

static bool is_current(const struct hb_retry_flight *flight)
{
    return flight->shard->is_ours && flight->generation == flight->shard->generation;
}

static void not_busy(struct hb_retry_flight *flight)
{
    if (!flight->is_busy)
        return;
    flight->is_busy = false;
    hb_claiming_passed(flight->webhook);
}

/* Looking through all that wait for a body costs; most have theirs. */
static void forget_body(struct hb_retry_flight *flight)
{
    if (flight->is_body_wanted)
        hb_bodies_forget(flight->shard->retry->bodies, flight);
    flight->is_body_wanted = false;
}

void hb_sending_end(struct hb_retry_flight *flight)
{
    struct hb_retry *retry = flight->shard->retry;

    forget_body(flight);
    not_busy(flight);
    if (hb_map_get(&retry->flights_by_id, id_of(flight->delivery)) == flight)
        (void)hb_map_remove(&retry->flights_by_id, id_of(flight->delivery));
    flight->webhook->flights--;
    *flight->where = flight->next;
    if (flight->next)
        flight->next->where = flight->where;
    retry->flights_count--;
    hb_body_unref(&flight->body);
    free(flight);
}

void hb_sending_return(struct hb_retry_flight *flight, int64_t pause_ms)
{
    struct hb_retry_shard *shard = flight->shard;

    if (!is_current(flight)) {
        hb_sending_end(flight);
        return;
    }
    flight->is_sent = false;
    flight->is_returning = true;
    not_busy(flight);
    flight->return_due = flight->due;
    if (pause_ms > 0)
        flight->return_due.ms = hb_nodes_wall(shard->node).ms + pause_ms;
    flight->next_return = shard->returns;
    shard->returns = flight;
    if (shard->retry->is_stopping)
        return; /* together, at the end of the turn */
    hb_claiming_plan_pump(shard->retry);
}

static void returned(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (hb_shard_is_open(shard) && hb_shard_check(shard, answer))
        hb_claiming_due(shard, answer->next_due);
}

void hb_sending_flush(struct hb_retry_shard *shard)
{
    struct hb_view_lease leases[RELEASE_MAX];
    size_t count = 0;
    struct hb_retry_flight *first = shard->returns, *flight = first;

    for (; flight && count < RELEASE_MAX; flight = flight->next_return) {
        struct hb_view_lease *lease = &leases[count++];
        lease->webhook = hb_str_c(flight->webhook->id);
        memcpy(lease->delivery, flight->delivery, HB_DELIVERY_BYTES);
        lease->version = flight->entry.rule.version;
        lease->due = flight->return_due;
    }
    if (count == 0)
        return;
    /* What cannot be told is due again when its lease ends. */
    if (shard->view)
        (void)!hb_view_release(shard->view, leases, count, returned, shard);
    shard->returns = flight;
    while (count-- > 0) {
        struct hb_retry_flight *next = first->next_return;
        hb_sending_end(first);
        first = next;
    }
}

/* ---- out ---- */

static void note_lateness(const struct hb_retry_flight *flight)
{
    struct hb_retry *retry = flight->shard->retry;
    int64_t due_us = hb_nodes_mono(flight->shard->node, flight->due).us;

    hb_metric_observe_us(retry->options.metrics, HB_METRIC_RETRY_LATENESS, hb_retry_now(retry).us - due_us);
}

/* Its event, read and given to the sender. */
static void give(struct hb_retry_flight *flight)
{
    struct hb_retry *retry = flight->shard->retry;

    if (!hb_body_event(flight->body, flight->id_scratch, &flight->event)) {
        hb_ending_flight(flight, HB_DELIVERY_REFUSE, HB_REASON_BODY_GONE);
        return;
    }
    struct hb_resend resend = {.webhook = hb_str_c(flight->webhook->id),
                               .event = &flight->event,
                               .position = flight->body->at,
                               .version = flight->entry.rule.version,
                               .attempts = flight->entry.attempts,
                               .first_failed = flight->entry.first_failed,
                               .job = hb_str_c(flight->job),
                               .is_probe = flight->is_probe,
                               .tag = flight};
    memcpy(resend.delivery, flight->delivery, HB_DELIVERY_BYTES);
    if (retry->options.sender.send(retry->options.sender.user, &resend)) {
        hb_sending_return(flight, REFUSED_PAUSE_MS);
        return;
    }
    flight->is_sent = true;
    note_lateness(flight);
    not_busy(flight);
}

/* It crashed this worker again and again. */
static void set_aside(struct hb_retry_flight *flight)
{
    const struct hb_position *at = &flight->body->at;
    char topic[HB_TOPIC_NAME_MAX];

    (void)hb_topic_name(hb_str_c(flight->shard->retry->options.config->kafka_topic_prefix), (enum hb_topic)at->topic, topic);
    hb_log(&flight->shard->retry->log, HB_LOG_EVENT_UNREADABLE, HB_LOG_C("topic", topic),
           HB_LOG_INT("partition", at->partition), HB_LOG_INT("offset", at->offset),
           HB_LOG_C("detail", HB_RESEND_CRASHED_WORKER));
    hb_ending_flight(flight, HB_DELIVERY_REFUSE, HB_REASON_UNREADABLE_EVENT);
}

static void send_flight(struct hb_retry_flight *flight)
{
    struct hb_retry *retry = flight->shard->retry;
    const struct hb_sender *sender = &retry->options.sender;

    if (!is_current(flight)) {
        hb_sending_end(flight);
        return;
    }
    if (retry->is_stopping) {
        hb_sending_return(flight, 0);
        return;
    }
    if (sender->take_up && !sender->take_up(sender->user, &flight->body->at)) {
        set_aside(flight);
        return;
    }
    give(flight);
    if (sender->take_up)
        sender->let_go(sender->user);
}

static void body_came(void *user, enum hb_err err, struct hb_body *body)
{
    struct hb_retry_flight *flight = user;

    flight->is_body_wanted = false;
    if (!err) {
        flight->body = hb_body_ref(body);
        send_flight(flight);
    } else if (err == HB_ERR_NOT_FOUND && is_current(flight)) {
        hb_ending_flight(flight, HB_DELIVERY_REFUSE, HB_REASON_BODY_GONE);
    } else {
        hb_sending_return(flight, BODY_AWAY_PAUSE_MS);
    }
}

static void want_body(struct hb_retry_flight *flight)
{
    struct hb_retry *retry = flight->shard->retry;
    struct hb_body_want want = {.at = flight->entry.rule.position, .webhook = hb_str_c(flight->webhook->id)};

    memcpy(want.delivery, flight->delivery, HB_DELIVERY_BYTES);
    struct hb_body *body = hb_bodies_find(retry->bodies, &want);
    if (body) {
        body_came(flight, HB_OK, body);
        return;
    }
    flight->is_body_wanted = true;
    if (hb_bodies_want(retry->bodies, &want, body_came, flight)) {
        flight->is_body_wanted = false;
        hb_sending_return(flight, REFUSED_PAUSE_MS);
    }
}

static struct hb_retry_flight *make_flight(struct hb_retry_shard *shard, struct hb_retry_webhook *webhook,
                                           const struct hb_view_delivery *claimed)
{
    struct hb_retry *retry = shard->retry;
    struct hb_retry_flight *flight = calloc(1, sizeof(*flight));

    if (!flight)
        return NULL;
    flight->shard = shard;
    flight->webhook = webhook;
    flight->generation = shard->generation;
    memcpy(flight->delivery, claimed->delivery, HB_DELIVERY_BYTES);
    flight->entry = claimed->entry;
    flight->due = claimed->due;
    flight->is_probe = webhook->is_probing;
    flight->lease_end.us = hb_retry_now(retry).us + retry->options.config->retry_lease_ms * HB_US_PER_MS;
    (void)snprintf(flight->job, sizeof(flight->job), "%.*s", HB_ARG(claimed->job));
    if (hb_map_put(&retry->flights_by_id, id_of(flight->delivery), flight)) {
        free(flight);
        return NULL;
    }
    flight->next = retry->flights;
    flight->where = &retry->flights;
    if (flight->next)
        flight->next->where = &flight->next;
    retry->flights = flight;
    retry->flights_count++;
    flight->is_busy = true;
    webhook->busy++;
    webhook->flights++;
    return flight;
}

bool hb_sending_has(const struct hb_retry *retry, const unsigned char *delivery)
{
    return hb_map_get(&retry->flights_by_id, id_of(delivery)) != NULL;
}

void hb_sending_take(struct hb_retry_shard *shard, struct hb_retry_webhook *webhook,
                     const struct hb_view_delivery *claimed)
{
    /* Under way here already: the reply to its claim was lost, or its lease ended early. Its outcome will be read. */
    if (hb_map_get(&shard->retry->flights_by_id, id_of(claimed->delivery)))
        return;
    struct hb_retry_flight *flight = make_flight(shard, webhook, claimed);
    if (!flight)
        return; /* no memory: due again when its lease ends */
    if (hb_ending_is_expired(&claimed->entry, hb_nodes_wall(shard->node)))
        hb_ending_flight(flight, HB_DELIVERY_EXPIRE, HB_REASON_EXPIRED);
    else
        want_body(flight);
}

void hb_sending_ended(void *user, void *tag, enum hb_resend_end end)
{
    struct hb_retry *retry = user;
    struct hb_retry_flight *flight = tag;

    if (end == HB_RESEND_UNSENT)
        hb_sending_return(flight, retry->is_stopping ? 0 : REFUSED_PAUSE_MS);
    else
        hb_sending_end(flight);
}

/* ---- leases ---- */

static void renewed(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (hb_shard_is_open(shard))
        (void)hb_shard_check(shard, answer);
}

static size_t gather_leases(struct hb_retry_shard *shard, struct hb_view_lease *leases)
{
    int64_t now_us = hb_retry_now(shard->retry).us;
    int64_t lease_us = shard->retry->options.config->retry_lease_ms * HB_US_PER_MS;
    size_t count = 0;

    for (struct hb_retry_flight *flight = shard->retry->flights; flight && count < RELEASE_MAX; flight = flight->next) {
        if (flight->shard != shard || !is_current(flight) || flight->lease_end.us - now_us > lease_us / 2)
            continue;
        struct hb_view_lease *lease = &leases[count++];
        lease->webhook = hb_str_c(flight->webhook->id);
        memcpy(lease->delivery, flight->delivery, HB_DELIVERY_BYTES);
        lease->version = flight->entry.rule.version;
        lease->due = (struct hb_wall){0};
        flight->lease_end.us = now_us + lease_us;
    }
    return count;
}

void hb_sending_renew(struct hb_retry *retry)
{
    struct hb_view_lease leases[RELEASE_MAX];

    for (int i = 0; retry->flights && i < HB_SHARDS; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        if (!hb_shard_is_open(shard))
            continue;
        size_t count = gather_leases(shard, leases);
        if (count)
            (void)!hb_view_renew(shard->view, leases, count, retry->options.config->retry_lease_ms, renewed, shard);
    }
}

/* ---- giving up ---- */

void hb_sending_drop(struct hb_retry_shard *shard)
{
    struct hb_retry_flight *next;

    shard->returns = NULL;
    for (struct hb_retry_flight *flight = shard->retry->flights; flight; flight = next) {
        next = flight->next;
        if (flight->shard == shard && !flight->is_sent && !flight->is_ending)
            hb_sending_end(flight);
    }
}

void hb_sending_hand_back(struct hb_retry *retry)
{
    struct hb_retry_flight *next;

    for (struct hb_retry_flight *flight = retry->flights; flight; flight = next) {
        next = flight->next;
        if (flight->is_sent || flight->is_ending || flight->is_returning)
            continue;
        forget_body(flight);
        hb_sending_return(flight, 0);
    }
    for (int i = 0; i < HB_SHARDS; i++)
        while (retry->shards[i].returns)
            hb_sending_flush(&retry->shards[i]);
}

void hb_sending_free(struct hb_retry *retry)
{
    while (retry->flights)
        hb_sending_end(retry->flights);
    hb_map_deinit(&retry->flights_by_id);
}
