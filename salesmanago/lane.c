/* When a connector sends: a full request at once, else when the first that waits has lingered, or a suspect is due
 * (aside.c); one request at a time. */
#include "salesmanago/state.h"

#define AGAIN_US (100 * HB_US_PER_MS) /* when the client is full, or memory is */
#define TIMEOUT_PAUSE_MS 1000

bool hb_sm_lane_may_send(const struct hb_sm_lane *lane)
{
    struct hb_sm_worker *worker = lane->worker;
    return lane->hold == HB_SM_HOLD_NONE && lane->target && hb_sm_sender_is_quiet(worker) &&
           !hb_sm_intake_is_behind(worker);
}

static void plan(struct hb_sm_lane *lane, struct hb_mono at)
{
    int64_t now_us = hb_sm_now(lane->worker).us;
    if (hb_timer_is_running(lane->timer) && lane->timer_at.us <= at.us)
        return;
    lane->timer_at = at;
    hb_timer_start(lane->timer, at.us > now_us ? (at.us - now_us + HB_US_PER_MS - 1) / HB_US_PER_MS : 0, 0);
}

static bool has_work(const struct hb_sm_lane *lane)
{
    return lane->batch.count > 0 || lane->works || lane->pending.waiting > 0 || lane->pending.waiting_aside > 0;
}

/* Of what waits in the queue, if anything does. */
static struct hb_mono queue_due_at(const struct hb_sm_lane *lane)
{
    const struct hb_sm_worker *worker = lane->worker;
    if (lane->pending.waiting == 0)
        return (struct hb_mono){INT64_MAX};
    if (lane->pending.waiting >= lane->items_max || worker->is_stopping)
        return (struct hb_mono){0};
    return (struct hb_mono){hb_sm_pending_next(&lane->pending)->since.us +
                            worker->options.config->salesmanago_linger_ms * HB_US_PER_MS};
}

/* Without regard to who may send at all. INT64_MAX: nothing is to be sent until something changes. */
static struct hb_mono due_at(const struct hb_sm_lane *lane)
{
    struct hb_mono due = {0};
    if (lane->batch.count == 0 && !lane->works) {
        struct hb_mono queue_due = queue_due_at(lane);
        (void)hb_sm_aside_turn(lane, NULL, &due);
        due = queue_due.us < due.us ? queue_due : due;
    }
    return due.us > lane->rest_until.us ? due : lane->rest_until;
}

static bool send(struct hb_sm_lane *lane)
{
    const struct hb_sm_batch *batch = &lane->batch;
    hb_buf_clear(&lane->body);
    if (hb_sm_upsert_write(lane->connector.catalog.id, batch->items, batch->probe, batch->probe_count, &lane->body))
        return false;
    const struct hb_name_value headers[] = {{HB_STR("Content-Type"), HB_STR(HB_SM_CONTENT_TYPE)}};
    const struct hb_http_request_spec spec = {.target = lane->target,
                                              .method = hb_sm_call_method(HB_SM_CALL_UPSERT),
                                              .headers = headers,
                                              .headers_count = 1,
                                              .body = hb_buf_str(&lane->body),
                                              .timeout_ms = (int)lane->worker->options.config->salesmanago_timeout_ms,
                                              .done = hb_sm_answered,
                                              .user = lane};
    if (hb_http_send(lane->worker->options.http, &spec, &lane->request))
        return false;
    hb_sm_aside_sent(lane);
    lane->worker->body_bytes += lane->body.len;
    lane->sent += (int64_t)batch->probe_count;
    hb_sm_sender_began(lane->worker);
    return true;
}

void hb_sm_lane_look(struct hb_sm_lane *lane)
{
    struct hb_mono now = hb_sm_now(lane->worker);
    if (lane->request || lane->is_looking || !has_work(lane))
        return;
    struct hb_mono due = due_at(lane);
    if (due.us > now.us) {
        if (due.us < INT64_MAX)
            plan(lane, due);
        return;
    }
    if (!hb_sm_lane_may_send(lane) || !hb_sm_sender_may(lane->worker))
        return; /* pumped when that changes */
    if (lane->worker->body_bytes > (size_t)lane->worker->options.config->salesmanago_pending_bytes) {
        plan(lane, (struct hb_mono){now.us + AGAIN_US});
        return;
    }
    lane->is_looking = true;
    size_t units = hb_sm_batch_next(lane);
    if (lane->hold != HB_SM_HOLD_NONE) { /* what it was made of says that the mapping is at fault */
        hb_sm_batch_give_back(lane);
        hb_sm_track_step(lane);
    } else if (units > 0) {
        if (!send(lane)) {
            hb_sm_batch_give_back(lane);
            plan(lane, (struct hb_mono){now.us + AGAIN_US});
        }
    } else if (has_work(lane)) { /* or what was chosen is done with already */
        plan(lane, (struct hb_mono){now.us + AGAIN_US});
    }
    lane->is_looking = false;
}

void hb_sm_lane_rest(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_worker *worker = lane->worker;
    int64_t pause_ms = hb_sm_backoff_failure(&lane->backoff, answer->retry_after_ms, hb_sm_random(worker));
    /* What timed out may still be at work there: nothing newer may meet it. */
    if (answer->outcome == HB_SM_TIMEOUT && pause_ms < TIMEOUT_PAUSE_MS)
        pause_ms = TIMEOUT_PAUSE_MS;
    lane->rest_until.us = hb_sm_now(worker).us + pause_ms * HB_US_PER_MS;
    lane->rests_long |= pause_ms > worker->options.config->salesmanago_detach_after_ms;
    hb_log(&worker->log, HB_LOG_CONNECTOR_RESTS, HB_LOG_C("store", lane->store),
           HB_LOG_C("outcome", hb_sm_outcome_text(answer->outcome)), HB_LOG_INT("status", answer->status),
           HB_LOG_C("words", answer->words), HB_LOG_INT("pause_ms", pause_ms),
           HB_LOG_INT("waiting", lane->pending.waiting));
    if (lane->rests_long)
        hb_sm_batch_give_back(lane);
    hb_sm_track_step(lane);
    plan(lane, lane->rest_until);
}
