#include "dispatcher/test_delivery.h"

#include "core/event_rules.h"
#include "core/ids.h"
#include "core/judge.h"
#include "dispatcher/attempt.h"
#include "dispatcher/lane.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "platform/http_server/http_server.h"
#include "platform/json/json.h"
#include "platform/loop/loop.h"
#include "registry/access.h"

#include <stdlib.h>

#define TESTS_MAX 16
#define STORE_TESTS_MAX 8 /* of them, for one store: a receiver that hangs holds one for half a minute */
#define ANSWER_BYTES_MAX 65536

struct test;

struct hb_tests {
    struct hb_tests_options options;
    struct hb_http_route route;
    struct test *first;
};

/* One test under way. */
struct test {
    struct test *next;
    struct hb_tests *tests;
    struct hb_http_call *call;
    struct hb_webhook *webhook;
    struct hb_http_target *target;
    struct hb_hmac *hmacs[HB_WEBHOOK_SECRETS_MAX];
    struct hb_event event;
    struct hb_rendered rendered;
    char type[HB_TYPE_MAX + 1], id[HB_EVENT_ID_BYTES + 1], delivery_id[HB_DELIVERY_ID_BYTES + 1],
        time[HB_WALL_TEXT_MAX];
};

static struct hb_str sample_data(enum hb_topic topic)
{
    switch ((int)topic) {
    case HB_TOPIC_EVENTS_PRODUCT:
        return HB_STR(
            "{\"product\":{\"id\":\"sample-1\",\"name\":\"Sample mug\",\"price\":\"19.90\",\"currency\":\"EUR\","
            "\"url\":\"https://shop.example/p/"
            "sample-1\",\"stock\":{\"available\":true,\"quantity\":7},\"status\":\"active\"}}");
    case HB_TOPIC_EVENTS_CUSTOMER:
        return HB_STR(
            "{\"customer\":{\"id\":\"sample-1\",\"email\":\"sample@shop.example\",\"name\":\"Sample Customer\"}}");
    case HB_TOPIC_EVENTS_INVENTORY:
        return HB_STR("{\"inventory\":{\"product_id\":\"sample-1\",\"available\":true,\"quantity\":7}}");
    default:
        return HB_STR("{\"order\":{\"id\":\"sample-1\",\"number\":\"1001\",\"total\":\"39.80\",\"currency\":\"EUR\","
                      "\"items\":[{\"product_id\":\"sample-1\",\"quantity\":2,\"price\":\"19.90\"}]}}");
    }
}

static void test_free(struct test *test)
{
    struct test **at = &test->tests->first;
    while (*at != test)
        at = &(*at)->next;
    *at = test->next;
    hb_rendered_deinit(&test->rendered);
    hb_hmacs_deinit(test->hmacs);
    hb_http_target_unref(&test->target);
    hb_webhook_unref(&test->webhook);
    free(test);
}

static void answered(void *user, const struct hb_answer *answer)
{
    struct test *test = user;
    struct hb_outcome outcome = hb_judge_run(answer);
    struct hb_buf buf = hb_buf_make(ANSWER_BYTES_MAX);
    struct hb_json_writer json = hb_json_write(&buf);
    hb_json_object(&json, NULL);
    /* nothing is parked of a test */
    enum hb_verdict said = outcome.verdict == HB_VERDICT_PARK ? HB_VERDICT_RETRY : outcome.verdict;
    hb_json_add_str(&json, "outcome", hb_str_c(hb_verdict_recorded(said)));
    hb_json_add_str(&json, "event", test->event.id);
    hb_json_add_str(&json, "type", test->event.type);
    if (outcome.verdict != HB_VERDICT_DELIVERED) {
        hb_json_add_str(&json, "reason", hb_str_c(hb_reason_text(outcome.reason)));
        hb_json_add_str(&json, "help", hb_str_c(hb_reason_help(outcome.reason)));
    }
    if (answer->status)
        hb_json_add_int(&json, "status", answer->status);
    hb_json_add_int(&json, "ms", answer->duration_us / HB_US_PER_MS);
    hb_json_add_str(&json, "address", hb_str_c(answer->address));
    hb_json_add_str(&json, "detail", answer->detail);
    hb_json_add_str(&json, "body", answer->body);
    hb_json_close_object(&json);
    if (hb_json_end(&json) == HB_OK)
        hb_http_call_answer(test->call, 200, "application/json", hb_buf_str(&buf));
    else
        hb_http_call_problem(test->call, 500, "own_trouble", "Out of memory",
                             "The test was sent, its answer cannot be shown.", NULL, NULL);
    hb_buf_deinit(&buf);
    test_free(test);
}

/* The type asked for, or the webhook's own first one. */
static bool choose_type(struct test *test, struct hb_str body)
{
    struct hb_json *root = NULL;
    struct hb_str type = HB_STR("order.created");
    if (body.len > 0 && hb_json_parse(body, &root, NULL))
        return false;
    (void)hb_json_str(hb_json_get(root, "type"), &type);
    bool is_good = hb_event_is_type(type) && type.len <= HB_TYPE_MAX;
    if (is_good)
        memcpy(test->type, type.ptr, type.len);
    hb_json_free(&root);
    return is_good;
}

static void make_event(struct test *test)
{
    unsigned char random[10];
    char uuid[37];
    struct hb_wall now = hb_loop_wall(test->tests->options.loop);
    hb_random_bytes(random, sizeof random);
    hb_uuid7(now, random, uuid);
    memcpy(test->id, "evt_", 4);
    memcpy(test->id + 4, uuid, sizeof uuid);
    size_t time_len = hb_wall_format(now, test->time);
    struct hb_str type = hb_str_c(test->type);
    test->event = (struct hb_event){.id = hb_str_c(test->id),
                                    .store = test->webhook->store,
                                    .type = type,
                                    .subject = HB_STR("sample-1"),
                                    .time = hb_str_n(test->time, time_len),
                                    .data = sample_data(hb_topic_of_type(type)),
                                    .registry_stamp = HB_NO_STAMP,
                                    .is_json = true};
    hb_attempt_delivery_id(test->webhook->id, test->event.id, test->delivery_id);
}

static enum hb_err send(struct test *test, struct hb_error *reterr)
{
    const struct hb_webhook *webhook = test->webhook;
    struct hb_wall now = hb_loop_wall(test->tests->options.loop);
    enum hb_err err = hb_http_target_new(test->tests->options.http, webhook->url, webhook->headers,
                                         webhook->headers_count, &test->target, reterr);
    if (!err)
        err = hb_hmacs_init(webhook, test->hmacs);
    if (!err)
        err = hb_rendered_init(&test->rendered, webhook->format, &test->event, now);
    if (err)
        return err;
    struct hb_attempt_headers headers;
    const struct hb_attempt_spec attempt = {.webhook = webhook,
                                            .hmacs = test->hmacs,
                                            .rendered = &test->rendered,
                                            .event_id = test->event.id,
                                            .delivery_id = hb_str_c(test->delivery_id),
                                            .number = 1,
                                            .now = now};
    if (!hb_attempt_headers_make(&attempt, &headers))
        return hb_fail(reterr, HB_ERR_SEALED, "the webhook's secret cannot be opened: nothing unsigned is sent");
    const struct hb_http_request_spec request = {.target = test->target, .method = "POST", .headers = headers.headers,
                                                 .headers_count = headers.count, .body = test->rendered.body,
                                                 .timeout_ms = webhook->timeout_ms, .done = answered, .user = test};
    return hb_http_send(test->tests->options.http, &request, NULL);
}

static void begin(struct hb_tests *tests, struct hb_http_call *call, struct hb_webhook *webhook)
{
    struct test *test = calloc(1, sizeof *test);
    if (!test) {
        hb_http_call_problem(call, 503, "own_trouble", "Out of memory", "The test was not sent.", NULL, NULL);
        return;
    }
    test->next = tests->first;
    tests->first = test;
    test->tests = tests;
    test->call = call;
    test->webhook = hb_webhook_ref(webhook);
    struct hb_error error = {.text = ""};
    if (!choose_type(test, hb_http_call_body(call))) {
        hb_http_call_problem(call, 400, "invalid_type", "The test's event type is not usable", "Nothing was sent.",
                             "type", "{} or {\"type\": \"word.word\"}");
        test_free(test);
        return;
    }
    make_event(test);
    enum hb_err err = send(test, &error);
    if (err) {
        hb_http_call_problem(call, 409, "not_sendable", "The test was not sent",
                             error.text[0] ? error.text : hb_err_text(err), NULL, NULL);
        test_free(test);
    }
}

static bool has_room(const struct hb_tests *tests, struct hb_str store)
{
    int running = 0, of_store = 0;
    for (const struct test *test = tests->first; test; test = test->next) {
        running++;
        of_store += hb_str_eq(test->webhook->store, store);
    }
    return running < TESTS_MAX && of_store < STORE_TESTS_MAX;
}

static void run(void *user, struct hb_http_call *call)
{
    struct hb_tests *tests = user;
    struct hb_str store = hb_http_call_param(call, "store");
    if (!hb_access_check(tests->options.registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(tests->options.loop)))
        return;
    struct hb_webhook *webhook =
        hb_registry_webhook(tests->options.registry, store, hb_http_call_param(call, "webhook"));
    if (!webhook || webhook->status == HB_WEBHOOK_DELETED) {
        hb_http_call_problem(call, 404, "not_found", "There is no such webhook", "The store has no webhook of this id.",
                             NULL, NULL);
        return;
    }
    if (!has_room(tests, store)) {
        hb_http_call_add_header(call, "Retry-After", HB_STR("5"));
        hb_http_call_problem(call, 429, "too_many_tests", "Too many tests at a time",
                             "Try again when the others have ended.", NULL, NULL);
        return;
    }
    begin(tests, call, webhook);
}

enum hb_err hb_tests_new(const struct hb_tests_options *options, struct hb_http_server *server,
                         struct hb_tests **ret_tests)
{
    struct hb_tests *tests = calloc(1, sizeof *tests);
    if (!tests)
        return HB_ERR_MEMORY;
    tests->options = *options;
    tests->route = (struct hb_http_route){
        .method = "POST", .pattern = "/v1/stores/{store}/webhooks/{webhook}/test", .handler = run, .user = tests};
    enum hb_err err = hb_http_server_mount(server, &tests->route, 1);
    if (err)
        hb_tests_free(&tests);
    else
        *ret_tests = tests;
    return err;
}

void hb_tests_free(struct hb_tests **tests)
{
    free(*tests);
    *tests = NULL;
}
