/* Nothing older may overtake: whoever died or lost a partition may still have a request under way. So a worker marks in
 * the registry that it sends, before the first request of a burst; who is given partitions reads the registry as far as
 * it stood then, and where somebody else's mark stands waits until such a request must have ended. */
#include "salesmanago/state.h"

#include "platform/json/json.h"
#include "registry/each.h"
#include "salesmanago/heartbeat.h"

#define IDLE_US (5000 * HB_US_PER_MS)        /* after the last request the mark goes */
#define RENEW_MS INT64_C(60000)              /* a mark that stands is written anew */
#define WIPED_MS INT64_C(2000)               /* or if it is not there: somebody took us for gone */
#define MARGIN_MS INT64_C(5000)              /* beyond the time limit of a request */
#define ASK_WAIT_MS 10000

static enum hb_err write_mark(struct hb_sm_worker *worker, bool is_busy, hb_kafka_ack_fn *done)
{
    return hb_sm_record_write_own(worker, HB_SM_MARK_PREFIX, &is_busy, done);
}

static bool is_busy(const struct hb_sm_worker *worker)
{
    return worker->mark == HB_SM_MARK_SETTING || worker->mark == HB_SM_MARK_SET;
}

/* ---- our mark ---- */

static void mark_set(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_sm_worker *worker = user;
    if (ack->err == HB_ERR_DENIED)
        hb_sm_trouble_set(worker, "Kafka refuses this worker's mark in the registry: %s", ack->text ? ack->text : "");
    if (worker->mark != HB_SM_MARK_SETTING)
        return;
    worker->mark = ack->err ? HB_SM_MARK_CLEAR : HB_SM_MARK_SET;
    worker->mark_idle_since = hb_sm_now(worker);
    if (!ack->err)
        hb_sm_pump_soon(worker);
}

static void mark_cleared(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_sm_worker *worker = user;
    if (worker->mark != HB_SM_MARK_CLEARING)
        return;
    worker->mark = ack->err ? HB_SM_MARK_SET : HB_SM_MARK_CLEAR;
    hb_sm_pump_soon(worker);
}

bool hb_sm_sender_may(struct hb_sm_worker *worker)
{
    if (worker->mark == HB_SM_MARK_SET)
        return true;
    if (worker->mark == HB_SM_MARK_CLEAR && write_mark(worker, true, mark_set) == HB_OK) {
        worker->mark = HB_SM_MARK_SETTING;
        worker->marked_at = hb_loop_wall(worker->options.loop);
    }
    return false;
}

void hb_sm_sender_began(struct hb_sm_worker *worker)
{
    worker->requests++;
}

void hb_sm_sender_ended(struct hb_sm_worker *worker)
{
    worker->requests--;
    worker->mark_idle_since = hb_sm_now(worker);
}

/* ---- others' marks ---- */

struct look {
    struct hb_sm_worker *worker;
    bool is_anybody;
};

static void see(void *user, struct hb_str key, struct hb_str value)
{
    struct look *look = user;
    struct hb_json *json = NULL;
    struct hb_str incarnation;
    struct hb_wall at = {INT64_MAX};
    bool is_marked = false;
    (void)key;
    if (hb_json_parse(value, &json, NULL))
        return;
    (void)hb_json_bool(hb_json_get(json, "busy"), &is_marked);
    (void)hb_json_wall(hb_json_get(json, "at"), &at);
    bool is_ours = hb_json_str(hb_json_get(json, "incarnation"), &incarnation) &&
                   hb_str_eq(incarnation, hb_str_c(look->worker->incarnation));
    look->is_anybody |= is_marked && !is_ours &&
                        hb_loop_wall(look->worker->options.loop).ms - HB_SM_MARK_OLD_MS < at.ms;
    hb_json_free(&json);
}

static bool is_anybody_busy(struct hb_sm_worker *worker)
{
    struct look look = {.worker = worker};
    hb_registry_each_record(worker->options.registry, HB_STR(HB_SM_MARK_PREFIX), see, &look);
    return look.is_anybody;
}

static void decide(struct hb_sm_worker *worker)
{
    int64_t wait_ms = worker->options.config->salesmanago_timeout_ms + MARGIN_MS;
    worker->is_decided = true;
    worker->quiet_at.us = 0;
    if (is_anybody_busy(worker)) {
        worker->quiet_at.us = hb_sm_now(worker).us + wait_ms * HB_US_PER_MS;
        hb_log(&worker->log, HB_LOG_SALESMANAGO_WAITS, HB_LOG_INT("ms", wait_ms));
    }
    hb_sm_intake_ready(worker);
}

static void reached(void *user, enum hb_err err)
{
    struct hb_sm_worker *worker = user;
    if (err)
        worker->must_ask = true; /* asked again with the next second */
    else
        decide(worker);
}

static void asked(void *user, const struct hb_kafka_ack *ack)
{
    struct hb_sm_worker *worker = user;
    if (--worker->questions > 0 || worker->must_ask)
        return; /* partitions came since: theirs is the question */
    if (ack->err || hb_registry_when(worker->options.registry, ack->offset, ASK_WAIT_MS, reached, worker))
        worker->must_ask = true;
}

/* What the registry has behind our own record, the former owner wrote before it. An answer to an earlier question would
 * say too little: it is not waited for any more. */
static void ask(struct hb_sm_worker *worker)
{
    hb_registry_when_cancel(worker->options.registry, worker);
    worker->must_ask = hb_sm_alive_write(worker, asked) != HB_OK;
    worker->questions += !worker->must_ask;
}

void hb_sm_sender_assigned(struct hb_sm_worker *worker)
{
    worker->is_decided = false;
    ask(worker);
}

bool hb_sm_sender_is_quiet(const struct hb_sm_worker *worker)
{
    int64_t now_us = hb_sm_now(worker).us;
    /* Of a process that wakes a connector's timer may be due before that of the second, which looks at this. */
    if (worker->last_second.us > 0 && now_us - worker->last_second.us > hb_sm_stall_us(worker))
        return false;
    return worker->is_decided && now_us >= worker->quiet_at.us && now_us >= worker->stall_until.us;
}

/* Of a mark that stands. */
static bool is_mark_due(const struct hb_sm_worker *worker, struct hb_wall now)
{
    char bytes[HB_CONNECTOR_KEY_MAX];
    struct hb_str key = hb_sm_heartbeat_key(HB_SM_MARK_PREFIX, hb_str_c(worker->options.worker), bytes);
    int64_t age_ms = now.ms - worker->marked_at.ms;
    if (age_ms > RENEW_MS || age_ms < 0)
        return true;
    return age_ms > WIPED_MS && hb_registry_record(worker->options.registry, key).len == 0;
}

void hb_sm_sender_second(struct hb_sm_worker *worker)
{
    struct hb_wall now = hb_loop_wall(worker->options.loop);
    if (worker->must_ask)
        ask(worker);
    if (worker->is_decided && worker->quiet_at.us > 0 &&
        (hb_sm_now(worker).us >= worker->quiet_at.us || !is_anybody_busy(worker))) {
        worker->quiet_at.us = 0;
        hb_sm_pump_soon(worker);
    }
    if (worker->mark != HB_SM_MARK_SET)
        return;
    if (worker->requests == 0 && hb_sm_now(worker).us - worker->mark_idle_since.us > IDLE_US) {
        if (write_mark(worker, false, mark_cleared) == HB_OK)
            worker->mark = HB_SM_MARK_CLEARING;
    } else if (is_mark_due(worker, now)) {
        (void)!write_mark(worker, true, NULL);
        worker->marked_at = now;
    }
}

void hb_sm_sender_stop(struct hb_sm_worker *worker)
{
    if (worker->requests == 0 && is_busy(worker))
        (void)!write_mark(worker, false, NULL);
}
