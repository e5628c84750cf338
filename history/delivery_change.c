/* Job: POST …/deliveries/{delivery}/retry and /cancel: found in the read model, judged (history/delivery_wish), written
 * to the journal, answered when Kafka has it. */
#include "history/deliveries_internal.h"

#include "history/delivery_wish.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "records/outbox.h"

#include <stdio.h>
#include <stdlib.h>

#define API_NAME HB_STR("api")
#define ANSWER_MS_MAX 20000

/* What is on its way to Kafka. Lives on when the call has gone. */
struct wish {
    enum hb_wish wish;
    struct hb_wish_verdict verdict;
    struct hb_timer *timer; /* the call is not kept waiting longer than this */
};

static enum hb_err run_find(struct ask *ask, struct hb_sqlite *db)
{
    return hb_model_find(db, ask->store, ask->id, &ask->found);
}

static void forget(struct ask *ask)
{
    struct wish *wish = ask->more;
    if (wish) {
        hb_timer_free(&wish->timer);
    }
    free(wish);
}

/* Kafka is away: the record is written when it is back, and the ask waits for that without its call. */
static void on_late(void *user)
{
    struct ask *ask = user;
    hb_http_call_problem(ask->call, 503, "outcome_unknown", "Kafka has not acknowledged it in time",
                         "It is written as soon as Kafka is back: look at the delivery before trying again.", NULL,
                         NULL);
    ask->call = NULL;
}

static void answer_accepted(struct ask *ask)
{
    const struct wish *wish = ask->more;
    struct hb_json_writer w = hb_json_write(&ask->json);
    hb_json_object(&w, NULL);
    hb_json_add_str(&w, "delivery", hb_str_c(wish->verdict.id));
    hb_json_add_str(&w, "webhook", wish->verdict.record.webhook);
    hb_json_add_str(&w, "state", hb_str_c(hb_delivery_state_text(wish->verdict.record.state)));
    hb_json_add_wall(&w, "due", wish->verdict.record.due);
    hb_json_add_str(&w, "will", hb_str_c(wish->verdict.will));
    hb_json_close_object(&w);
    hb_http_call_answer(ask->call, 202, "application/json", hb_buf_str(&ask->json));
}

/* A cancelled delivery's history says so too, as it does of everything that ends one. */
static void tell_history(struct ask *ask)
{
    const struct hb_model_row *row = &ask->found.row;
    const struct wish *wish = ask->more;
    char topic[HB_TOPIC_NAME_MAX];
    struct hb_attempt_line line = {.at = hb_loop_wall(ask->deliveries->options.loop),
                                   .outcome = HB_STR("cancelled"),
                                   .reason = wish->verdict.record.reason,
                                   .worker = API_NAME,
                                   .store = row->store,
                                   .webhook = row->webhook,
                                   .delivery = wish->verdict.record.id,
                                   .event = row->event,
                                   .type = row->type,
                                   .subject = row->subject,
                                   .partition = row->position.partition,
                                   .offset = row->position.offset,
                                   .duration_us = -1,
                                   .connect_us = -1,
                                   .retry_after_ms = -1};
    (void)hb_topic_name(ask->deliveries->options.topic_prefix, (enum hb_topic)row->position.topic, topic);
    line.topic = hb_str_c(topic);
    /* The journal has it: the line is for people, and one that is lost is no delivery lost. */
    (void)!hb_lines_add(hb_outbox_lines(ask->deliveries->options.outbox), &line, NULL, NULL);
}

static void on_journaled(void *user, enum hb_err err, int64_t offset)
{
    struct ask *ask = user;
    (void)offset;
    bool is_ended = ask->deliveries->is_ended; /* calls that wait are closed by the server */
    if (!err && !is_ended && ((struct wish *)ask->more)->wish == HB_WISH_CANCEL) {
        tell_history(ask);
    }
    if (!err && !is_ended && ask->call) {
        answer_accepted(ask);
    }
    hb_ask_free(ask);
}

static void refuse(struct ask *ask, int status, const char *slug, const char *why)
{
    hb_http_call_problem(ask->call, status, slug, status == 409 ? "It cannot be done now" : "Kafka is away", why, NULL,
                         NULL);
    hb_ask_free(ask);
}

static void judge(struct ask *ask)
{
    const struct hb_deliveries_options *options = &ask->deliveries->options;
    struct wish *wish = ask->more;
    const struct hb_wish_ask asked = {wish->wish, &ask->found.row,
                                      hb_registry_webhook(options->registry, ask->store, ask->found.row.webhook),
                                      hb_loop_wall(options->loop), hb_sha256};
    hb_wish_judge(&asked, &wish->verdict);
    if (wish->verdict.slug) {
        refuse(ask, 409, wish->verdict.slug, wish->verdict.why);
    } else if (hb_outbox_is_congested(options->outbox)) {
        refuse(ask, 503, "kafka_away",
               "Kafka does not acknowledge what waits already: nothing was changed, try again.");
    } else if (hb_timer_new(options->loop, on_late, ask, &wish->timer) ||
               hb_journal_put(hb_outbox_journal(options->outbox), &wish->verdict.record, on_journaled, ask)) {
        refuse(ask, 503, "own_trouble", "Out of memory: nothing was changed, try again.");
    } else {
        hb_timer_start(wish->timer, ANSWER_MS_MAX, 0);
    }
}

/* What is judged by a state of yesterday is written in vain. */
static bool refuses_incomplete(struct ask *ask)
{
    const struct hb_model_status status = hb_model_status(ask->deliveries->options.model);
    char detail[128];
    if (status.is_complete) {
        return false;
    }
    (void)snprintf(detail, sizeof(detail), "It is being made from Kafka, %d %% so far: nothing was changed, try again.",
                   status.percent);
    hb_http_call_add_header(ask->call, "Retry-After", HB_STR("3"));
    hb_http_call_problem(ask->call, 503, "read_model_incomplete", "The read model is not complete", detail, NULL, NULL);
    hb_ask_free(ask);
    return true;
}

static void begin(struct hb_deliveries *deliveries, struct hb_http_call *call, enum hb_wish which)
{
    static const struct ask_kind KIND = {run_find, judge, forget};
    struct ask *ask = hb_ask_new(deliveries, call, HB_SCOPE_MANAGE, &KIND);
    if (!ask || !hb_ask_take_delivery(ask) || refuses_incomplete(ask)) {
        return;
    }
    struct wish *wish = calloc(1, sizeof(*wish));
    if (!wish) {
        refuse(ask, 503, "own_trouble", "Out of memory: try again later.");
        return;
    }
    wish->wish = which;
    ask->more = wish;
    hb_ask_start(ask);
}

void hb_deliveries_retry(void *user, struct hb_http_call *call) { begin(user, call, HB_WISH_RETRY); }
void hb_deliveries_cancel(void *user, struct hb_http_call *call) { begin(user, call, HB_WISH_CANCEL); }
