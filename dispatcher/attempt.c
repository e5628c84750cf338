#include "dispatcher/state.h"

#include "core/headers.h"
#include "core/judge.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"

static void count_outcome(struct hb_dispatcher *d, const struct hb_outcome *outcome, const struct hb_answer *answer)
{
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)outcome->reason, 1);
    hb_metric_observe_us(d->options.metrics, HB_METRIC_ATTEMPT_DURATION, answer->duration_us);
}

static void write_line(struct hb_dispatcher *d, const struct hb_delivery *delivery, const struct hb_outcome *outcome,
                       const struct hb_answer *answer)
{
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_attempt_line line = hb_settle_line(d, delivery->taken, delivery->lane->webhook, id);
    line.outcome = hb_str_c(hb_verdict_recorded(outcome->verdict));
    line.attempt = 1;
    line.status = answer->status;
    line.duration_us = answer->duration_us;
    line.connect_us = answer->connect_us;
    line.address = hb_str_c(answer->address);
    if (outcome->verdict != HB_VERDICT_DELIVERED) {
        line.reason = hb_str_c(hb_reason_text(outcome->reason));
        line.retry_after_ms = outcome->retry_after_ms;
        line.body = answer->body;
        line.location = answer->location;
        line.detail = answer->detail;
    }
    hb_settle_add_line(d, delivery->taken, &line);
}

/* The delivery is over: its slots are free, its line is on its way. */
static void let_go(struct hb_dispatcher *d, struct hb_delivery *delivery)
{
    struct hb_taken *taken = delivery->taken;
    hb_admit_ended(&d->admit, delivery->lane);
    hb_delivery_free(d, delivery);
    hb_settle_delivery_done(d, taken);
    hb_settle_close(d, taken);
}

/* The receiver's answer is judged: the window learns from it, and its line is written. */
static void end(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_outcome *outcome,
                const struct hb_answer *answer)
{
    struct hb_lane *lane = delivery->lane;
    if (outcome->is_overload)
        hb_window_overload(&lane->window, delivery->window_epoch);
    else if (outcome->verdict == HB_VERDICT_DELIVERED) /* other answers say nothing about load */
        hb_window_success(&lane->window);
    write_line(d, delivery, outcome, answer);
    let_go(d, delivery);
}

static void answered(void *user, const struct hb_answer *answer)
{
    struct hb_delivery *delivery = user;
    struct hb_dispatcher *d = delivery->lane->owner;
    if (answer->failure ==
        HB_FAILURE_CANCELED) { /* shutdown: nothing is known, the event stays unsettled and is sent again */
        hb_admit_ended(&d->admit, delivery->lane);
        hb_settle_hand_back(d, delivery);
        return;
    }
    struct hb_outcome outcome = hb_judge_run(answer);
    count_outcome(d, &outcome, answer);
    end(d, delivery, &outcome, answer);
    hb_dispatcher_pump(d);
}

/* Not even tried: the reason stands in the line, nothing was sent. */
static void not_sent(struct hb_dispatcher *d, struct hb_delivery *delivery, enum hb_reason reason, const char *detail)
{
    struct hb_taken *taken = delivery->taken;
    struct hb_outcome outcome = hb_outcome_of(reason);
    char id[HB_DELIVERY_ID_BYTES + 1];
    struct hb_attempt_line line = hb_settle_line(d, taken, delivery->lane->webhook, id);
    line.outcome = hb_str_c(hb_verdict_recorded(outcome.verdict));
    line.reason = hb_str_c(hb_reason_text(reason));
    line.detail = hb_str_c(detail);
    hb_metric_add_label(d->options.metrics, HB_METRIC_OUTCOMES, (unsigned)reason, 1);
    hb_settle_add_line(d, taken, &line);
    let_go(d, delivery);
}

static enum hb_err send(struct hb_dispatcher *d, struct hb_delivery *delivery, bool *ret_is_signed)
{
    struct hb_lane *lane = delivery->lane;
    const struct hb_webhook *webhook = lane->webhook;
    struct hb_taken *taken = delivery->taken;
    const struct hb_rendered *rendered = NULL;
    enum hb_err err = hb_taken_render(taken, webhook->format, &rendered);
    if (err)
        return err;
    char delivery_id[HB_DELIVERY_ID_BYTES + 1];
    hb_attempt_delivery_id(webhook->id, taken->event.id, delivery_id);
    struct hb_attempt_headers headers;
    const struct hb_attempt_spec attempt = {.webhook = webhook,
                                            .hmacs = lane->hmacs,
                                            .rendered = rendered,
                                            .event_id = taken->event.id,
                                            .delivery_id = hb_str_n(delivery_id, HB_DELIVERY_ID_BYTES),
                                            .number = 1,
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

void hb_attempt_start(void *dispatcher, struct hb_delivery *delivery)
{
    struct hb_dispatcher *d = dispatcher;
    struct hb_lane *lane = delivery->lane;
    enum hb_reason reason = hb_route_refusal(lane->webhook); /* the webhook may have changed while it waited */
    if (reason != HB_REASON_NONE) {
        not_sent(d, delivery, reason, "");
        return;
    }
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
    hb_settled_file_enter(d->settled, &delivery->taken->position);
    err = send(d, delivery, &is_signed);
    hb_settled_file_leave(d->settled);
    if (err)
        not_sent(d, delivery, !is_signed ? HB_REASON_SECRET_DAMAGED : HB_REASON_NOT_SENT, hb_err_text(err));
}
