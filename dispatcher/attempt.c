#include "dispatcher/state.h"

#include "core/headers.h"
#include "core/judge.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"

/* How wide the lane's window is stands in a line when it is another than in the last one, or that is a while ago: the
 * history knows it without anybody asking this process. */
#define TELL_WINDOW_US (60 * HB_MS_PER_S * HB_US_PER_MS)

static int window_to_tell(struct hb_dispatcher *d, struct hb_lane *lane)
{
    struct hb_mono now = hb_loop_mono(d->options.loop);
    if (lane->told_window == lane->window.size && now.us - lane->told_window_at.us < TELL_WINDOW_US)
        return 0;
    lane->told_window = lane->window.size;
    lane->told_window_at = now;
    return lane->window.size;
}

/* answer NULL: nothing was sent. */
static void write_line(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_fate *fate,
                       const struct hb_answer *answer, const char *detail)
{
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_attempt_line line = hb_settle_line(d, delivery->taken, delivery->lane->webhook, id);
    line.outcome = hb_str_c(fate->line);
    line.detail = hb_str_c(detail);
    if (answer) {
        line.attempt = (int)delivery->attempts + 1;
        line.status = answer->status;
        line.duration_us = answer->duration_us;
        line.connect_us = answer->connect_us;
        line.address = hb_str_c(answer->address);
        line.window = window_to_tell(d, delivery->lane);
    }
    if (fate->state != HB_DELIVERY_DELIVERED)
        line.reason = hb_str_c(hb_reason_text(fate->reason));
    if (answer && fate->state != HB_DELIVERY_DELIVERED) {
        line.retry_after_ms = answer->retry_after_ms;
        line.body = answer->body;
        line.location = answer->location;
        line.detail = answer->detail;
    }
    if ((answer || delivery->version > 0) && hb_record_follows_line(delivery, fate))
        hb_settle_add_line_first(d, delivery, &line);
    else
        hb_settle_add_line(d, delivery->taken, &line);
}

static void log_death(struct hb_dispatcher *d, const struct hb_delivery *delivery, const struct hb_fate *fate)
{
    if (fate->state != HB_DELIVERY_DEAD && fate->state != HB_DELIVERY_HELD)
        return;
    char id[HB_DELIVERY_ID_BYTES + 1];
    hb_attempt_delivery_id(delivery->lane->webhook->id, delivery->taken->event.id, id);
    hb_log(&d->log, HB_LOG_DELIVERY_DEAD, HB_LOG_STR("store", delivery->lane->webhook->store),
           HB_LOG_STR("webhook", delivery->lane->webhook->id), HB_LOG_STR("event", delivery->taken->event.id),
           HB_LOG_C("delivery", id), HB_LOG_C("state", hb_delivery_state_text(fate->state)),
           HB_LOG_C("reason", hb_reason_text(fate->reason)), HB_LOG_INT("attempts", fate->attempts));
}

/* An outcome is there, by an answer or without: window and rest learn from it, the slots are free, line and record are
 * on their way. */
static void end(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_outcome *outcome,
                const struct hb_answer *answer, const char *detail)
{
    struct hb_lane *lane = delivery->lane;
    struct hb_fate fate = hb_record_decide(d, delivery, outcome);
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)outcome->reason, 1);
    delivery->is_running = false;
    lane->is_asked |= delivery->is_resend; /* its slot is what the owner waits for */
    log_death(d, delivery, &fate);
    if (answer)
        hb_admit_note(&d->admit, lane, outcome->verdict == HB_VERDICT_DELIVERED, outcome->is_overload,
                      answer->duration_us);
    hb_resting_result(d, delivery, outcome, &fate);
    write_line(d, delivery, &fate, answer, detail); /* with the window as this outcome has left it */
    hb_admit_ended(&d->admit, delivery);
    if (fate.state == HB_DELIVERY_PARKED)
        hb_park_keep(d, delivery->taken, fate.due);
    hb_record_fate(d, delivery, &fate);
    hb_resend_tell(d, lane);
}

/* Ended by us, at shutdown: nothing is known. A fresh event stays unsettled and is sent again; what is in the journal is
 * due at once, uncharged: its request has ended, so nobody needs to wait for its limit or its lease. */
static void canceled(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_answer *answer)
{
    struct hb_outcome outcome = hb_outcome_of(HB_REASON_ENDED_BY_US);
    hb_admit_ended(&d->admit, delivery);
    delivery->is_running = false;
    if (delivery->state == HB_DELIVERY_SENDING) {
        hb_settle_hand_back(d, delivery);
        return;
    }
    if (delivery->is_probe)
        hb_rest_probe_lost(&delivery->lane->rest);
    struct hb_fate fate = hb_record_decide(d, delivery, &outcome);
    fate.due = hb_loop_wall(d->options.loop);
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)outcome.reason, 1);
    write_line(d, delivery, &fate, answer, "");
    hb_record_fate(d, delivery, &fate);
}

static void answered(void *user, const struct hb_answer *answer)
{
    struct hb_delivery *delivery = user;
    struct hb_dispatcher *d = delivery->lane->owner;
    if (answer->failure == HB_FAILURE_ENDED_BY_US) {
        canceled(d, delivery, answer);
        return;
    }
    struct hb_outcome outcome = hb_judge_run(answer);
    d->admit.now = hb_loop_mono(d->options.loop);
    hb_metric_observe_us(d->options.metrics, HB_METRIC_ATTEMPT_DURATION, answer->duration_us);
    end(d, delivery, &outcome, answer, "");
    hb_dispatcher_pump(d);
}

/* Not even tried: the reason stands in the line, nothing was sent. */
static void not_sent(struct hb_dispatcher *d, struct hb_delivery *delivery, enum hb_reason reason, const char *detail)
{
    struct hb_outcome outcome = hb_outcome_of(reason);
    end(d, delivery, &outcome, NULL, detail);
}

static enum hb_err send(struct hb_dispatcher *d, struct hb_delivery *delivery, bool *ret_is_signed)
{
    struct hb_lane *lane = delivery->lane;
    const struct hb_webhook *webhook = lane->webhook;
    struct hb_taken *taken = delivery->taken;
    const struct hb_rendered *rendered = NULL;
    enum hb_err err = hb_taken_render(taken, webhook->format, &rendered);
    if (err) /* a full buffer: no request may be as large as this */
        return err == HB_ERR_FULL ? HB_ERR_TOO_LARGE : err;
    char delivery_id[HB_DELIVERY_ID_BYTES + 1];
    hb_attempt_delivery_id(webhook->id, taken->event.id, delivery_id);
    struct hb_attempt_headers headers;
    const struct hb_attempt_spec attempt = {.webhook = webhook,
                                            .hmacs = lane->hmacs,
                                            .rendered = rendered,
                                            .event_id = taken->event.id,
                                            .delivery_id = hb_str_n(delivery_id, HB_DELIVERY_ID_BYTES),
                                            .job = hb_str_c(delivery->taken->job),
                                            .number = (int)delivery->attempts + 1,
                                            .now = hb_loop_wall(d->options.loop)};
    *ret_is_signed = hb_attempt_headers_make(&attempt, &headers);
    if (!*ret_is_signed)
        return HB_ERR_SEALED;
    const struct hb_http_request_spec request = {.target = lane->target, .method = "POST", .headers = headers.headers,
                                                 .headers_count = headers.count, .body = rendered->body,
                                                 .timeout_ms = webhook->timeout_ms, .done = answered, .user = delivery};
    return hb_http_send(d->options.http, &request, NULL);
}

/* A URL waits for its change; headers that could split a request were put there past the api, and are refused for
 * good. */
static enum hb_reason reason_of_refusal(const struct hb_webhook *webhook, enum hb_err err)
{
    if (err != HB_ERR_INVALID && err != HB_ERR_TOO_LARGE && err != HB_ERR_DENIED)
        return HB_REASON_NOT_SENT;
    struct hb_error ignored;
    return hb_headers_check(webhook->headers, webhook->headers_count, &ignored) ? HB_REASON_REQUEST_REFUSED
                                                                                : HB_REASON_URL_REFUSED;
}

/* The webhook may have changed while it waited. True: the delivery is dealt with. */
static bool is_refused(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    struct hb_lane *lane = delivery->lane;
    enum hb_reason reason = hb_route_refusal(lane->webhook, lane);
    if (delivery->is_resend && reason == HB_REASON_GOVERNED)
        reason = HB_REASON_NONE;
    if (reason == HB_REASON_NONE && !delivery->is_probe && hb_resting_is(d, lane))
        reason = HB_REASON_RESTING;
    if (reason == HB_REASON_NONE)
        return false;
    if (delivery->is_resend && reason != HB_REASON_SECRET_DAMAGED) {
        hb_admit_ended(&d->admit, delivery);
        hb_resend_unsent(d, delivery);
    } else {
        not_sent(d, delivery, reason, "");
    }
    return true;
}

void hb_attempt_start(void *dispatcher, struct hb_delivery *delivery)
{
    struct hb_dispatcher *d = dispatcher;
    struct hb_lane *lane = delivery->lane;
    if (is_refused(d, delivery))
        return;
    if (delivery->state == HB_DELIVERY_FRESH)
        delivery->state = hb_delivery_state_move(HB_DELIVERY_FRESH, HB_DELIVERY_SEND);
    struct hb_error error = {.text = ""};
    enum hb_err err = hb_lane_prepare(&d->lanes, lane, &error);
    if (d->lanes.left) { /* what this lane has in flight counts at its new place from now on */
        hb_admit_unblock(&d->admit, d->lanes.left);
        d->lanes.left = NULL;
    }
    if (err) {
        not_sent(d, delivery, reason_of_refusal(lane->webhook, err), error.text);
        return;
    }
    bool is_signed = true;
    delivery->revision = lane->webhook->revision;
    delivery->is_running = true;
    hb_settled_file_enter(d->settled, &delivery->taken->position);
    err = send(d, delivery, &is_signed);
    hb_settled_file_leave(d->settled);
    if (err)
        not_sent(d, delivery,
                 !is_signed ? HB_REASON_SECRET_DAMAGED
                 : err == HB_ERR_TOO_LARGE ? HB_REASON_TOO_LARGE : HB_REASON_NOT_SENT,
                 hb_err_text(err));
}
