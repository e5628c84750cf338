#include "producer/ingest.h"

#include "core/ids.h"
#include "core/shapes.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/http_server/http_server.h"
#include "platform/log/log.h"
#include "platform/loop/loop.h"
#include "producer/ingest_answer.h"
#include "producer/ingest_read.h"
#include "producer/marks.h"
#include "producer/store_quota.h"
#include "registry/access.h"

#include <stdio.h>
#include <stdlib.h>

/* Headers of a request that are looked at in binary mode; more are refused. */
#define HEADERS_MAX 100
/* Acknowledgements served in one turn of the loop. */
#define ACKS_A_TURN 2000
/* The net below the descriptor. */
#define POLL_EVERY_MS 1000
/* Commands waiting for Redis; beyond, publishing goes on without de-duplication. */
#define MARK_COMMANDS_MAX 100000
/* Random bytes fetched at once. */
#define RANDOM_IDS 64
#define RANDOM_BYTES 10
/* The largest answer: a kilobyte an item of the largest batch. */
#define ANSWER_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct hb_ingest {
    struct hb_loop *loop;
    const struct hb_config *config;
    const struct hb_registry *registry;
    struct hb_kafka_producer *kafka;
    struct hb_watch *watch;
    struct hb_timer *timer;
    struct hb_marks *marks; /* NULL: no Redis configured */
    struct hb_accept *accept;
    struct hb_store_quota quota;
    struct hb_ingest_limits limits;
    struct hb_shapes *shapes;
    struct hb_buf answer;
    struct hb_http_route route;
    struct hb_ingest_stats stats;
    unsigned char random[RANDOM_IDS][RANDOM_BYTES];
    size_t random_left;
};

/* One request on its way. */
struct request {
    struct hb_ingest *ingest;
    struct hb_http_call *http;
    struct hb_accept_call call;
    struct hb_ingest_items items;
};

/* ---- Kafka's acknowledgements ---- */

static void poll_kafka(void *user)
{
    struct hb_ingest *ingest = user;
    /* More than a turn's share: the rest comes in the next turn, the descriptor may have been drained. */
    bool is_more = hb_kafka_producer_poll(ingest->kafka, ACKS_A_TURN) >= ACKS_A_TURN;
    hb_timer_start(ingest->timer, is_more ? 0 : POLL_EVERY_MS, 0);
}

static void kafka_readable(void *user, int events)
{
    (void)events;
    poll_kafka(user);
}

/* ---- one request ---- */

static size_t make_id(void *user, char ret_id[HB_ID_MAX])
{
    struct hb_ingest *ingest = user;
    char text[37];
    if (ingest->random_left == 0) {
        hb_random_bytes(ingest->random, sizeof(ingest->random));
        ingest->random_left = RANDOM_IDS;
    }
    hb_uuid7(hb_loop_wall(ingest->loop), ingest->random[--ingest->random_left], text);
    memcpy(ret_id, "evt_", 4);
    memcpy(ret_id + 4, text, HB_EVENT_ID_BYTES - 4);
    return HB_EVENT_ID_BYTES;
}

static void count_results(struct hb_ingest *ingest, const struct hb_accept_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct hb_accept_item *item = &call->items[i];
        if (item->state == HB_ACCEPT_ACCEPTED) {
            ingest->stats.accepted++;
        } else if (item->state == HB_ACCEPT_DUPLICATE) {
            ingest->stats.duplicates++;
        } else if (hb_refusal_spec(item->refusal)->status == 503) {
            ingest->stats.unavailable++;
        } else {
            ingest->stats.refused++;
        }
    }
    ingest->stats.dedup_off += call->is_dedup_off ? 1 : 0;
}

static void finished(void *user)
{
    struct request *request = user;
    struct hb_ingest *ingest = request->ingest;
    count_results(ingest, &request->call);
    hb_ingest_answer_send(request->http, &request->call, request->items.is_batch, &ingest->answer);
    hb_ingest_items_deinit(&request->items);
    free(request);
}

struct header_list {
    struct hb_name_value headers[HEADERS_MAX];
    size_t count;
};

static void add_header(void *user, struct hb_str name, struct hb_str value)
{
    struct header_list *list = user;
    if (list->count < HEADERS_MAX) {
        list->headers[list->count] = (struct hb_name_value){name, value};
    }
    list->count++;
}

static void refuse_fault(struct hb_http_call *http, const struct hb_ingest_fault *fault)
{
    char detail[160];
    bool has_place = fault->refusal == HB_REFUSAL_INVALID_JSON && fault->field == NULL && fault->at > 0;
    snprintf(detail, sizeof(detail), "The body stops being JSON at byte %zu. Nothing was published.", fault->at);
    int64_t retry_after_s = hb_refusal_spec(fault->refusal)->status == 503 ? 1 : 0;
    hb_ingest_answer_refuse(http, fault->refusal, has_place ? detail : NULL, fault->field, fault->should,
                            retry_after_s);
}

/* What the store's data is held against: nothing, unless it asks for it. */
static const struct hb_shapes *shapes_for(const struct hb_ingest *ingest, struct hb_str store)
{
    const struct hb_store *known = hb_registry_store(ingest->registry, store);
    return known && known->checks_schemas ? ingest->shapes : NULL;
}

/* Reads the request into items; answers itself when there are none. */
static bool read_request(struct hb_ingest *ingest, struct hb_http_call *http, struct hb_str store,
                         struct hb_ingest_items *ret_items)
{
    struct header_list list;
    struct hb_ingest_fault fault = {0};
    struct hb_ingest_request given = {
        .form = hb_ingest_form_of(hb_http_call_header(http, "Content-Type"),
                                  hb_http_call_header(http, "ce-specversion").len > 0),
        .store = store,
        .body = hb_http_call_body(http),
        .registry_stamp = hb_registry_applied(ingest->registry),
        .shapes = shapes_for(ingest, store),
        .make_id = make_id,
        .user = ingest,
    };
    if (given.form == HB_INGEST_BINARY) {
        list.count = 0;
        hb_http_call_each_header(http, add_header, &list);
        given.headers = list.headers;
        given.headers_count = list.count < HEADERS_MAX ? list.count : HEADERS_MAX;
    }
    if (given.form == HB_INGEST_BINARY && list.count > HEADERS_MAX) {
        hb_ingest_answer_refuse(http, HB_REFUSAL_INVALID_EVENT, NULL, "headers", "at most 100", 0);
        return false;
    }
    if (hb_ingest_read(&given, &ingest->limits, ret_items, &fault)) {
        refuse_fault(http, &fault);
        return false;
    }
    return true;
}

static size_t valid_count(const struct hb_ingest_items *items)
{
    size_t valid = 0;
    for (size_t i = 0; i < items->count; i++) {
        valid += items->items[i].state == HB_ACCEPT_NEW ? 1 : 0;
    }
    return valid;
}

static void start(struct hb_ingest *ingest, struct hb_http_call *http, struct hb_ingest_items *items)
{
    struct request *request = malloc(sizeof(*request));
    if (!request) {
        hb_ingest_items_deinit(items);
        hb_ingest_answer_refuse(http, HB_REFUSAL_MEMORY, NULL, NULL, NULL, 1);
        return;
    }
    ingest->stats.requests++;
    request->ingest = ingest;
    request->http = http;
    request->items = *items;
    request->call = (struct hb_accept_call){
        .items = request->items.items, .count = request->items.count, .done = finished, .user = request};
    hb_accept_run(ingest->accept, &request->call);
}

/* Whether the store may publish now; answers itself if not. */
static bool is_within_quota(struct hb_ingest *ingest, struct hb_http_call *http, struct hb_str store)
{
    int64_t wait_ms = 0;
    if (hb_store_quota_look(&ingest->quota, store, hb_loop_mono(ingest->loop), &wait_ms)) {
        hb_ingest_answer_refuse(http, HB_REFUSAL_MEMORY, NULL, NULL, NULL, 1);
        return false;
    }
    if (wait_ms > 0) {
        hb_ingest_answer_refuse(http, HB_REFUSAL_QUOTA, NULL, NULL, NULL, (wait_ms + HB_MS_PER_S - 1) / HB_MS_PER_S);
        return false;
    }
    return true;
}

static void publish(void *user, struct hb_http_call *http)
{
    struct hb_ingest *ingest = user;
    struct hb_ingest_items items;
    struct hb_str store = hb_http_call_param(http, "store");
    if (!hb_registry_is_current(ingest->registry)) {
        hb_ingest_answer_refuse(http, HB_REFUSAL_NOT_READY, NULL, NULL, NULL, 1);
        return;
    }
    if (!hb_access_check(ingest->registry, http, HB_SCOPE_PUBLISH, store, hb_loop_wall(ingest->loop)) ||
        !is_within_quota(ingest, http, store) || !read_request(ingest, http, store, &items)) {
        return;
    }
    hb_store_quota_take(&ingest->quota, store, valid_count(&items), hb_http_call_body(http).len);
    start(ingest, http, &items);
}

/* ---- life ---- */

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static enum hb_err make_kafka(struct hb_ingest *ingest, const struct hb_ingest_options *options,
                              struct hb_error *reterr)
{
    const struct hb_config *config = options->config;
    struct hb_kafka_producer_options kafka = {
        .cluster = options->cluster,
        .linger_ms = (int)config->publish_linger_ms,
        .queue_records_max = (int)config->publish_queue_records_max,
        .queue_kib_max = (int)config->publish_queue_kib_max,
        .message_timeout_ms = (int)config->kafka_message_timeout_ms,
    };
    enum hb_err err = hb_kafka_producer_new(&kafka, &ingest->kafka, reterr);
    if (!err) {
        err = hb_timer_new(options->loop, poll_kafka, ingest, &ingest->timer);
    }
    if (!err) {
        err = hb_watch_new(options->loop, hb_kafka_producer_fd(ingest->kafka), kafka_readable, ingest, &ingest->watch);
    }
    if (!err) {
        hb_watch_set(ingest->watch, HB_WATCH_READ);
        hb_timer_start(ingest->timer, POLL_EVERY_MS, 0);
    }
    return err;
}

static enum hb_err make_marks(struct hb_ingest *ingest, const struct hb_ingest_options *options,
                              struct hb_error *reterr)
{
    const struct hb_config *config = options->config;
    uint64_t seed;
    if (!or_null(config->redis_address)) {
        return HB_OK;
    }
    hb_random_bytes(&seed, sizeof(seed));
    struct hb_marks_options marks = {
        .loop = options->loop,
        .address = config->redis_address,
        .username = or_null(config->redis_username),
        .password = or_null(config->redis_password),
        .ca_file = or_null(config->redis_ca_file),
        .connect_timeout_ms = (int)config->redis_connect_timeout_ms,
        .command_timeout_ms = (int)config->redis_command_timeout_ms,
        .commands_max = MARK_COMMANDS_MAX,
        .jitter_seed = seed,
        .topic_prefix = hb_str_c(config->kafka_topic_prefix),
        .keep_s = config->publish_dedup_hours * 3600,
        .log = options->log,
    };
    return hb_marks_new(&marks, &ingest->marks, reterr);
}

enum hb_err hb_ingest_new(const struct hb_ingest_options *options, struct hb_ingest **ret_ingest,
                          struct hb_error *reterr)
{
    const struct hb_config *config = options->config;
    struct hb_ingest *ingest = calloc(1, sizeof(*ingest));
    if (!ingest) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    ingest->loop = options->loop;
    ingest->config = config;
    ingest->registry = options->registry;
    ingest->answer = hb_buf_make(ANSWER_BYTES_MAX);
    ingest->quota = hb_store_quota_make(config->publish_store_events_per_s, config->publish_store_bytes_per_s);
    ingest->limits =
        (struct hb_ingest_limits){(size_t)config->publish_event_bytes_max, (size_t)config->publish_batch_events_max,
                                  (size_t)config->publish_batch_bytes_max};
    ingest->route = (struct hb_http_route){"POST", "/v1/stores/{store}/events", publish, ingest};
    enum hb_err err = hb_shapes_new(&ingest->shapes, reterr);
    if (!err) {
        err = make_kafka(ingest, options, reterr);
    }
    if (!err) {
        err = make_marks(ingest, options, reterr);
    }
    if (!err) {
        err = hb_accept_new(
            &(struct hb_accept_options){ingest->kafka, ingest->marks, hb_str_c(config->kafka_topic_prefix)},
            &ingest->accept);
    }
    if (err) {
        hb_ingest_free(&ingest, 0);
        return err;
    }
    *ret_ingest = ingest;
    return HB_OK;
}

void hb_ingest_free(struct hb_ingest **ingest, int grace_ms)
{
    struct hb_ingest *ending = *ingest;
    if (!ending) {
        return;
    }
    hb_watch_free(&ending->watch);
    hb_timer_free(&ending->timer);
    /* In this order: Kafka's last words may still write marks, and both must be silent before calls are closed. */
    if (ending->accept) {
        hb_accept_close(ending->accept);
    }
    hb_kafka_producer_free(&ending->kafka, grace_ms);
    hb_marks_free(&ending->marks);
    hb_accept_free(&ending->accept);
    hb_store_quota_deinit(&ending->quota);
    hb_shapes_free(&ending->shapes);
    hb_buf_deinit(&ending->answer);
    free(ending);
    *ingest = NULL;
}

enum hb_err hb_ingest_mount(struct hb_ingest *ingest, struct hb_http_server *server)
{
    return hb_http_server_mount(server, &ingest->route, 1);
}

/* ---- looking ---- */

size_t hb_ingest_open_calls(const struct hb_ingest *ingest)
{
    return hb_accept_open_calls(ingest->accept);
}

bool hb_ingest_is_fatal(const struct hb_ingest *ingest)
{
    return hb_accept_is_fatal(ingest->accept);
}

const char *hb_ingest_trouble(const struct hb_ingest *ingest)
{
    if (hb_ingest_is_fatal(ingest)) {
        return "Kafka's client cannot go on; the process must be started again";
    }
    if (!hb_registry_is_current(ingest->registry)) {
        return "the registry has not been read to its end yet";
    }
    return hb_kafka_producer_is_connected(ingest->kafka) ? NULL : "no Kafka broker is connected";
}

void hb_ingest_read_stats(const struct hb_ingest *ingest, struct hb_ingest_stats *ret_stats)
{
    *ret_stats = ingest->stats;
    ret_stats->waiting = hb_kafka_producer_waiting(ingest->kafka);
}
