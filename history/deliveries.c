#include "history/deliveries_internal.h"

#include "history/event_at.h"
#include "history/model_health.h"
#include "hookbus/topics.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"

#include <stdlib.h>

/* ---- list ---- */

static enum hb_err run_list(struct ask *ask, struct hb_sqlite *db)
{
    struct hb_json_writer w = hb_json_write(&ask->json);
    hb_json_object(&w, NULL);
    enum hb_err err = hb_model_list(db, &ask->filter, &w);
    if (!err && ask->has_count) {
        err = hb_model_count(db, &ask->filter, &w);
    }
    hb_ask_add_status(ask->deliveries->options.model, &w);
    hb_json_close_object(&w);
    return err ? err : hb_json_end(&w);
}

void hb_deliveries_list(void *user, struct hb_http_call *call)
{
    static const struct ask_kind LIST = {run_list, NULL, NULL};
    struct hb_str deep = {NULL, 0};
    struct ask *ask = hb_ask_new(user, call, HB_SCOPE_READ, &LIST);
    const char *wrong = ask ? hb_ask_read_filter(ask) : NULL;
    if (wrong) {
        hb_http_call_problem(call, 400, "invalid_parameter", "A query parameter is not usable", wrong, wrong,
                             "state: parked, held, dead, delivered, skipped, expired, cancelled; webhook, event, reason: "
                             "an id or word; type: word.word, word.* or *; since, until: RFC 3339; limit: 1..500");
        hb_ask_free(ask);
        return;
    }
    if (ask && hb_http_call_query(call, "deep", &deep) && hb_str_eq(deep, HB_STR("true"))) {
        hb_deliveries_deep(ask);
    } else if (ask) {
        hb_ask_start(ask);
    }
}

/* ---- show ---- */

static void add_position(struct hb_json_writer *w, const struct ask *ask)
{
    const struct hb_position *at = &ask->found.row.position;
    char name[HB_TOPIC_NAME_MAX];
    if (at->topic < 0 || at->topic >= HB_EVENT_TOPIC_COUNT) {
        return;
    }
    (void)hb_topic_name(ask->deliveries->options.topic_prefix, (enum hb_topic)at->topic, name);
    hb_json_object(w, "position");
    hb_json_add_str(w, "topic", hb_str_c(name));
    hb_json_add_int(w, "partition", at->partition);
    hb_json_add_int(w, "offset", at->offset);
    hb_json_close_object(w);
}

/* The event with its bytes; why it cannot be shown is a member too: the rest is worth showing. */
static void add_event(struct hb_json_writer *w, const struct ask *ask)
{
    const struct hb_deliveries_options *options = &ask->deliveries->options;
    const struct hb_event_at event = {options->cluster,        options->topic_prefix,        ask->store,
                                      ask->found.row.event,    ask->found.row.position,      ask->has_data,
                                      options->now};
    struct hb_error error = {HB_OK, ""};
    hb_json_object(w, "event_record");
    enum hb_err err = hb_event_at(&event, w, &error);
    if (err) {
        hb_json_add_str(w, "missing",
                        err == HB_ERR_NOT_FOUND ? HB_STR("its record is not in Kafka any more")
                                                : hb_str_c(error.text[0] ? error.text : hb_err_text(err)));
    }
    hb_json_close_object(w);
}

static enum hb_err run_show(struct ask *ask, struct hb_sqlite *db)
{
    struct hb_json_writer w = hb_json_write(&ask->json);
    enum hb_err err = hb_model_find(db, ask->store, ask->id, &ask->found);
    if (err) {
        return err;
    }
    hb_json_object(&w, NULL);
    hb_model_write_row(&w, &ask->found.row);
    add_position(&w, ask);
    err = hb_model_write_lines(db, &ask->found, &w);
    if (!err && ask->has_data) {
        add_event(&w, ask);
    }
    hb_ask_add_status(ask->deliveries->options.model, &w);
    hb_json_close_object(&w);
    return err ? err : hb_json_end(&w);
}

void hb_deliveries_show(void *user, struct hb_http_call *call)
{
    static const struct ask_kind SHOW = {run_show, NULL, NULL};
    struct ask *ask = hb_ask_new(user, call, HB_SCOPE_READ, &SHOW);
    if (ask && hb_ask_take_delivery(ask)) {
        hb_ask_start(ask);
    }
}

/* ---- health ---- */

/* The webhooks of a store as they were when it was asked. */
struct roll {
    size_t count;
    struct hb_webhook *webhooks[];
};

static void forget_roll(struct ask *ask)
{
    struct roll *roll = ask->more;
    for (size_t i = 0; roll && i < roll->count; i++) {
        hb_webhook_unref(&roll->webhooks[i]);
    }
    free(roll);
}

static bool call_roll(struct ask *ask)
{
    size_t count = 0;
    struct hb_webhook *const *webhooks =
        hb_registry_webhooks(ask->deliveries->options.registry, ask->store, &count);
    struct roll *roll = calloc(1, sizeof(*roll) + count * sizeof(roll->webhooks[0]));
    if (!roll) {
        return false;
    }
    for (; roll->count < count; roll->count++) {
        roll->webhooks[roll->count] = hb_webhook_ref(webhooks[roll->count]);
    }
    ask->more = roll;
    return true;
}

/* References are counted by the loop alone; the thread only reads. */
static void add_webhook(struct hb_json_writer *w, const struct hb_webhook *webhook, struct hb_wall now)
{
    bool rests = webhook->status == HB_WEBHOOK_ACTIVE && webhook->resting_until.ms > now.ms;
    hb_json_add_str(w, "webhook", webhook->id);
    hb_json_add_str(w, "state", rests ? HB_STR("resting") : hb_str_c(hb_webhook_status_text(webhook->status)));
    if (rests) {
        hb_json_add_wall(w, "until", webhook->resting_until);
    }
    const char *query = memchr(webhook->url.ptr, '?', webhook->url.len); /* it may hold a token */
    size_t shown = query ? (size_t)(query - webhook->url.ptr) : webhook->url.len;
    hb_json_add_str(w, "url", hb_str_n(webhook->url.ptr, shown));
    hb_json_add_bool(w, "governed", webhook->is_governed);
}

static enum hb_err run_health(struct ask *ask, struct hb_sqlite *db)
{
    const struct roll *roll = ask->more;
    struct hb_model_health *health = NULL;
    struct hb_json_writer w = hb_json_write(&ask->json);
    enum hb_err err = hb_model_health_new(db, &health);
    hb_json_object(&w, NULL);
    hb_json_array(&w, "items");
    for (size_t i = 0; !err && i < roll->count; i++) {
        hb_json_object(&w, NULL);
        add_webhook(&w, roll->webhooks[i], ask->now);
        err = hb_model_health_write(health, roll->webhooks[i]->id, ask->now, &w);
        hb_json_close_object(&w);
    }
    hb_json_close_array(&w);
    hb_ask_add_status(ask->deliveries->options.model, &w);
    hb_json_close_object(&w);
    hb_model_health_free(&health);
    return err ? err : hb_json_end(&w);
}

void hb_deliveries_health(void *user, struct hb_http_call *call)
{
    static const struct ask_kind HEALTH = {run_health, NULL, forget_roll};
    struct ask *ask = hb_ask_new(user, call, HB_SCOPE_READ, &HEALTH);
    if (ask && call_roll(ask)) {
        hb_ask_start(ask);
    } else if (ask) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "Try again later.", NULL, NULL);
        hb_ask_free(ask);
    }
}

/* ---- the object ---- */

enum hb_err hb_deliveries_new(const struct hb_deliveries_options *options, struct hb_http_server *server,
                              struct hb_deliveries **ret_deliveries)
{
    static const struct hb_http_route ROUTES[DELIVERIES_ROUTES] = {
        {"GET", "/v1/stores/{store}/deliveries", hb_deliveries_list, NULL},
        {"GET", "/v1/stores/{store}/deliveries/{delivery}", hb_deliveries_show, NULL},
        {"POST", "/v1/stores/{store}/deliveries/{delivery}/retry", hb_deliveries_retry, NULL},
        {"POST", "/v1/stores/{store}/deliveries/{delivery}/cancel", hb_deliveries_cancel, NULL},
        {"GET", "/v1/stores/{store}/webhooks/health", hb_deliveries_health, NULL},
    };
    struct hb_deliveries *deliveries = calloc(1, sizeof(*deliveries));
    if (!deliveries) {
        return HB_ERR_MEMORY;
    }
    deliveries->options = *options;
    for (size_t i = 0; i < DELIVERIES_ROUTES; i++) {
        deliveries->routes[i] = ROUTES[i];
        deliveries->routes[i].user = deliveries;
    }
    enum hb_err err =
        hb_works_new(options->loop, HB_DELIVERIES_ASKS_MAX, HB_DELIVERIES_ASKS_MAX / 2, &deliveries->asks);
    err = err ? err
              : hb_works_new(options->loop, HB_DELIVERIES_DEEP_MAX, HB_DELIVERIES_DEEP_MAX / 2, &deliveries->deep);
    err = err ? err : hb_http_server_mount(server, deliveries->routes, DELIVERIES_ROUTES);
    if (err) {
        hb_deliveries_free(&deliveries);
        return err;
    }
    *ret_deliveries = deliveries;
    return HB_OK;
}

void hb_deliveries_end(struct hb_deliveries *deliveries)
{
    if (deliveries) {
        deliveries->is_ended = true;
        hb_deliveries_deep_end(deliveries);
    }
}

void hb_deliveries_free(struct hb_deliveries **deliveries)
{
    if (!*deliveries) {
        return;
    }
    hb_works_free(&(*deliveries)->deep);
    hb_works_free(&(*deliveries)->asks);
    free(*deliveries);
    *deliveries = NULL;
}
