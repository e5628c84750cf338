/* POST /v1/stores/{store}/events against real Kafka and Redis: what is accepted, what is refused, what reaches Kafka.
 */
#include "component/producer/fixture.h"

#include <stdlib.h>
#include <unistd.h>

static struct fixture *f;

static int start(void **state)
{
    (void)state;
    f = fixture_new(NULL);
    f->config.publish_batch_events_max = 20;
    f->config.publish_batch_bytes_max = 1048576;
    fixture_start(f);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_free(f);
    return 0;
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' is not in '%s'", part, text);
    }
}

static void expect_not_in(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("'%s' is in '%s'", part, text);
    }
}

/* Posts, expects a status, and gives back the body. */
static char *post(const char *headers, const char *body, int status)
{
    struct reply reply = fixture_post(f, headers, body);
    if (reply.status != status) {
        fail_msg("%s\n%s\ngave %d %s", headers, body, reply.status, reply.body);
    }
    free(reply.head);
    return reply.body;
}

static void one_event_of_our_json_stands_in_kafka_with_key_headers_and_stamp(void **state)
{
    (void)state;
    struct record record;
    char *body = post(HEADERS_JSON,
                      "{\"type\":\"product.updated\",\"subject\":\"sku-1\",\"time\":\"2026-01-31T12:00:00Z\","
                      "\"changed\":[\"price\",\"stock.quantity\"],"
                      "\"sequence\":\"7\",\"data\":{\"price\":\"19.90\"}}",
                      202);
    expect_in(body, "{\"status\":202,\"id\":\"evt_");
    expect_not_in(body, "deduplication");
    fixture_read(f, &record, 1);
    expect_in(record.topic, "events.product");
    assert_string_equal(record.key, "shop/sku-1");
    assert_string_equal(record.value, "{\"price\":\"19.90\"}");
    expect_in(record.headers, "ce_specversion=1.0\n");
    expect_in(record.headers, "ce_source=/stores/shop\n");
    expect_in(record.headers, "ce_type=product.updated\n");
    expect_in(record.headers, "ce_changed=price,stock.quantity\n");
    expect_in(record.headers, "ce_time=2026-01-31T12:00:00Z\n");
    expect_in(record.headers, "ce_sequence=7\n");
    expect_in(record.headers, "hb_registry=4711\n");
    expect_in(record.headers, "hb_v=1\n");
    record_free(&record);
    free(body);
}

static void data_bytes_arrive_exactly_as_they_came(void **state)
{
    (void)state;
    char *large = malloc(262144 + 1);
    memset(large, 'x', 262144);
    large[0] = large[262143] = '"';
    large[262144] = '\0';
    const char *rows[] = {
        "{ \"a\" :\t1 ,\n\r \"b\":[ 1,2 , 3 ] }",
        "{\"id\":9007199254740993,\"n\":-0,\"e\":1E+2,\"price\":19.90,\"long\":123456789012345678901234567890}",
        "{\"t\":\"\\u00e9\\ud83d\\ude00\\/\",\"raw\":\"é😀/\"}",
        "{\"a\":1,\"a\":2}",
        "[]",
        "null",
        "\"\\u0000 \\n\"",
        "0.0",
        large,
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct record records[3];
        char *text = malloc(strlen(rows[i]) * 1 + 200);
        sprintf(text, "{\"type\":\"order.created\", \"data\": %s , \"subject\":\"1\"}", rows[i]);
        free(post(HEADERS_JSON, text, 202));
        sprintf(text, "[ {\"subject\":\"1\",\"data\":%s,\"type\":\"order.created\"} ]", rows[i]);
        free(post(HEADERS_JSON, text, 202));
        free(post("Content-Type: application/json\r\nce-specversion: 1.0\r\nce-id: x\r\nce-source: /me\r\nce-type: "
                  "order.created\r\n"
                  "ce-subject: 1\r\nce-id2: no\r\n",
                  rows[i], i == 0 ? 202 : 409));
        fixture_read(f, records, i == 0 ? 3 : 2);
        for (size_t k = 0; k < (i == 0 ? 3 : 2); k++) {
            assert_int_equal(records[k].value_bytes, strlen(rows[i]));
            assert_string_equal(records[k].value, rows[i]);
            record_free(&records[k]);
        }
        free(text);
    }
    free(large);
}

static void cloudevents_of_all_modes_are_taken(void **state)
{
    (void)state;
    struct record records[4];
    free(post("Content-Type: application/cloudevents+json; charset=utf-8\r\n",
              "{\"specversion\":\"1.0\",\"id\":\"ce-1\",\"source\":\"/"
              "erp\",\"type\":\"customer.created\",\"subject\":\"c1\",\"extra\":1,\"data\":{\"n\": 1}}",
              202));
    free(post("Content-Type: application/cloudevents-batch+json\r\n",
              "[{\"specversion\":\"1.0\",\"id\":\"ce-2\",\"source\":\"/"
              "erp\",\"type\":\"customer.created\",\"subject\":\"c1\",\"data\":{\"n\": 2}},"
              "{\"specversion\":\"1.0\",\"id\":\"ce-3\",\"source\":\"/"
              "erp\",\"type\":\"customer.created\",\"subject\":\"c1\",\"data\":{\"n\": 3}}]",
              202));
    free(post("Content-Type: text/plain\r\nCe-Specversion: 1.0\r\nCe-Id: ce-4\r\nCe-Source: /erp\r\nCe-Type: "
              "customer.created\r\n"
              "Ce-Subject: c1\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
              "plain text, not JSON", 202));
    fixture_read(f, records, 4);
    assert_string_equal(records[0].value, "{\"n\": 1}");
    assert_string_equal(records[2].value, "{\"n\": 3}");
    assert_string_equal(records[3].value, "plain text, not JSON");
    expect_in(records[0].headers, "ce_id=ce-1\n");
    expect_in(records[0].headers, "ce_source=/stores/shop\n");
    expect_in(records[3].headers, "content-type=text/plain\n");
    expect_in(records[3].headers, "ce_traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n");
    for (size_t i = 0; i < 4; i++) {
        record_free(&records[i]);
    }
}

#define FOREIGN(source)                                                                                                \
    "{\"specversion\":\"1.0\",\"id\":\"urn:order/1 (é)\",\"source\":\"" source                                         \
    "\",\"type\":\"order.paid\",\"subject\":\"1\",\"data\":{}}"

static void a_foreign_id_is_hashed_with_its_source_and_goes_along(void **state)
{
    (void)state;
    struct record records[2];
    char *first = post("Content-Type: application/cloudevents+json\r\n", FOREIGN("/erp"), 202);
    char *again = post("Content-Type: application/cloudevents+json\r\n", FOREIGN("/erp"), 202);
    char *other = post("Content-Type: application/cloudevents+json\r\n", FOREIGN("/other"), 202);
    expect_in(again, "\"duplicate\":true");
    expect_not_in(other, "duplicate");
    expect_in(first, "\"id\":\"evt_");
    assert_int_equal(strncmp(first, again, 50), 0);
    assert_int_not_equal(strncmp(first, other, 50), 0);
    fixture_read(f, records, 2);
    expect_in(records[0].headers, "ce_foreignid=urn:order/1 (é)\n");
    expect_in(records[0].headers, "ce_id=evt_");
    record_free(&records[0]);
    record_free(&records[1]);
    free(first);
    free(again);
    free(other);
}

static void a_batch_answers_each_item_in_order_and_an_invalid_one_refuses_only_itself(void **state)
{
    (void)state;
    struct record records[2];
    char *body = post(HEADERS_JSON,
                      "[{\"id\":\"b1\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1},"
                      "{\"id\":\"b2\",\"type\":\"Nonsense\",\"subject\":\"1\",\"data\":1},"
                      "17,"
                      "{\"id\":\"b1\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1},"
                      "{\"id\":\"b1\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":2},"
                      "{\"type\":\"hookbus.webhook_disabled\",\"subject\":\"1\",\"data\":1},"
                      "{\"id\":\"b3\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":3}]",
                      202);
    const char *expected[] = {
        "\"accepted\":3,\"refused\":4",
        "{\"status\":202,\"id\":\"b1\"}",
        "{\"status\":400,\"id\":\"b2\",\"problem\":{\"type\":\"https://hookbus.dev/problems/invalid_",
        "{\"status\":400,\"problem\":",
        "{\"status\":202,\"id\":\"b1\",\"duplicate\":true}",
        "{\"status\":409,\"id\":\"b1\",\"problem\":{\"type\":\"https://hookbus.dev/problems/conflicting_id\"",
        "\"problem\":{\"type\":\"https://hookbus.dev/problems/reserved_type\"",
        "{\"status\":202,\"id\":\"b3\"}]}"};
    const char *at = body;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const char *found = strstr(at, expected[i]);
        if (!found) {
            fail_msg("'%s' does not follow in %s", expected[i], body);
        }
        at = found + 1;
    }
    fixture_read(f, records, 2);
    assert_string_equal(records[0].value, "1");
    assert_string_equal(records[1].value, "3");
    record_free(&records[0]);
    record_free(&records[1]);
    free(body);
}

static void a_batch_in_which_nothing_is_accepted_is_a_problem(void **state)
{
    (void)state;
    char *body = post(HEADERS_JSON, "[1,{\"type\":\"order.created\"}]", 400);
    expect_in(body, "{\"type\":\"https://hookbus.dev/problems/no_event_accepted\"");
    expect_in(body, "\"accepted\":0,\"refused\":2");
    free(body);
}

static void the_same_id_with_the_same_body_is_a_duplicate_and_with_another_a_conflict(void **state)
{
    (void)state;
    struct record record;
    char command[128], answer[64];
    const char *event = "{\"id\":\"order-9\",\"type\":\"order.created\",\"subject\":\"9\",\"data\":{\"n\":1}}";
    char *first = post(HEADERS_JSON, event, 202);
    char *again = post(HEADERS_JSON, event, 202);
    char *other =
        post(HEADERS_JSON, "{\"id\":\"order-9\",\"type\":\"order.created\",\"subject\":\"9\",\"data\":{\"n\":2}}", 409);
    assert_string_equal(first, "{\"status\":202,\"id\":\"order-9\"}");
    assert_string_equal(again, "{\"status\":202,\"id\":\"order-9\",\"duplicate\":true}");
    expect_in(other, "problems/conflicting_id");
    snprintf(command, sizeof(command), "TTL '%saccepted:{shop}:order-9'", f->prefix);
    fixture_redis(command, answer, sizeof(answer));
    assert_in_range(atoi(answer), 86300, 86400);
    fixture_read(f, &record, 1);
    fixture_expect_no_more(f);
    record_free(&record);
    free(first);
    free(again);
    free(other);
}

static void two_requests_at_once_with_one_id_publish_once(void **state)
{
    (void)state;
    struct record record;
    int connections[8];
    const char *event = "{\"id\":\"at-once\",\"type\":\"order.created\",\"subject\":\"9\",\"data\":{\"n\":1}}";
    size_t duplicates = 0;
    for (size_t i = 0; i < 8; i++) {
        connections[i] = fixture_send(f, HEADERS_JSON, event, strlen(event));
    }
    for (size_t i = 0; i < 8; i++) {
        struct reply reply = fixture_receive(f, connections[i]);
        assert_int_equal(reply.status, 202);
        duplicates += strstr(reply.body, "\"duplicate\":true") ? 1 : 0;
        reply_free(&reply);
    }
    assert_int_equal(duplicates, 7);
    fixture_read(f, &record, 1);
    fixture_expect_no_more(f);
    record_free(&record);
}

static void every_bad_input_is_refused_with_its_problem_and_nothing_is_published(void **state)
{
    (void)state;
    const struct {
        const char *headers, *body;
        int status;
        const char *part;
    } rows[] = {
        {HEADERS_JSON, "", 400, "problems/invalid_json"},
        {HEADERS_JSON, "{", 400, "byte 1"},
        {HEADERS_JSON, "{} {}", 400, "problems/invalid_json"},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"\xff\",\"data\":1}", 400, "problems/invalid_json"},
        {HEADERS_JSON, "[]", 400, "problems/empty_batch"},
        {HEADERS_JSON, "17", 400, "problems/"},
        {HEADERS_JSON, "{}", 400, "\"field\":\"data\""},
        {HEADERS_JSON, "{\"subject\":\"1\",\"data\":1}", 400, "\"field\":\"type\""},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"data\":1}", 400, "\"field\":\"subject\""},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"1\"}", 400, "\"field\":\"data\""},
        {HEADERS_JSON, "{\"type\":\"order\",\"subject\":\"1\",\"data\":1}", 400, "\"field\":\"type\""},
        {HEADERS_JSON, "{\"type\":\"hookbus.x\",\"subject\":\"1\",\"data\":1}", 400, "problems/reserved_type"},
        {HEADERS_JSON, "{\"type\":7,\"subject\":\"1\",\"data\":1}", 400, "\"field\":\"type\""},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"a\\nb\",\"data\":1}", 400, "\"field\":\"subject\""},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"a\\u0085b\",\"data\":1}", 400,
         "\"field\":\"subject\""},
        {HEADERS_JSON, "{\"id\":\"a b\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"id\""},
        {HEADERS_JSON, "{\"id\":\"\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"id\""},
        {HEADERS_JSON, "{\"id\":12,\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400, "\"field\":\"id\""},
        {HEADERS_JSON, "{\"time\":\"yesterday\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"time\""},
        {HEADERS_JSON, "{\"changed\":\"price\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"changed\""},
        {HEADERS_JSON, "{\"changed\":[\"a,b\"],\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"changed\""},
        {HEADERS_JSON, "{\"traceparent\":\"x\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"traceparent\""},
        {HEADERS_JSON, "{\"subjekt\":\"1\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"subjekt\""},
        {HEADERS_JSON, "{\"type\":\"order.created\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"type\""},
        {"Content-Type: text/xml\r\n", "<a/>", 415, "problems/unsupported_content_type"},
        {"Content-Type: application/x-www-form-urlencoded\r\n", "a=b", 415, "\"field\":\"Content-Type\""},
        {"Content-Type: application/cloudevents+json\r\n", "[]", 400, "problems/"},
        {"Content-Type: application/cloudevents-batch+json\r\n", "{}", 400, "problems/invalid_json"},
        {"Content-Type: application/cloudevents+json\r\n",
         "{\"specversion\":\"0.3\",\"id\":\"a\",\"source\":\"/a\",\"type\":\"a.b\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"specversion\""},
        {"Content-Type: application/cloudevents+json\r\n",
         "{\"specversion\":\"1.0\",\"source\":\"/a\",\"type\":\"a.b\",\"subject\":\"1\",\"data\":1}", 400,
         "\"field\":\"id\""},
        {HEADERS_JSON "ce-specversion: 1.0\r\nce-id: a\r\nce-source: /a\r\nce-type: a.b\r\nce-subject: 1\r\n", "{", 400,
         "\"field\":\"data\""},
        {HEADERS_JSON "ce-specversion: 1.0\r\nce-source: /a\r\nce-type: a.b\r\nce-subject: 1\r\n", "{}", 400,
         "\"field\":\"ce-id\""},
        {HEADERS_JSON "ce-specversion: 1.0\r\nce-id: a\r\nce-source: /a\r\nce-type: a.b\r\nce-subject: a%0Ab\r\n", "{}",
         400, "subject"},
        {HEADERS_JSON "Authorization: Bearer bad\r\n", "{}", 401, "unauthorized"},
        {"/v1/stores/other/events\n" HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", 404,
         "unknown_store"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = fixture_post(f, rows[i].headers, rows[i].body);
        if (reply.status != rows[i].status || !strstr(reply.body, rows[i].part) ||
            !strcasestr(reply.head, "Content-Type: application/problem+json")) {
            fail_msg("row %zu: %s\n%s\ngave %s\n%s", i, rows[i].headers, rows[i].body, reply.head, reply.body);
        }
        reply_free(&reply);
    }
    fixture_expect_no_more(f);
}

static void what_exceeds_a_limit_is_refused_and_what_just_fits_is_not(void **state)
{
    (void)state;
    struct record records[21];
    char *text = malloc(2 * 1048576);
    char *fill = malloc(1048577);
    memset(fill, 'x', 1048576);
    fill[1048576] = '\0';
    sprintf(text, "{\"type\":\"order.created\",\"subject\":\"1\",\"data\":\"%.*s\"}", 262142, fill);
    free(post(HEADERS_JSON, text, 202));
    sprintf(text, "{\"type\":\"order.created\",\"subject\":\"1\",\"data\":\"%.*s\"}", 262143, fill);
    char *body = post(HEADERS_JSON, text, 413);
    expect_in(body, "problems/event_too_large");
    free(body);
    sprintf(text, "[1,\"%s\"]", fill);
    body = post(HEADERS_JSON, text, 413);
    expect_in(body, "problems/batch_too_large");
    free(body);
    for (size_t count = 20; count <= 21; count++) {
        char *at = text;
        for (size_t i = 0; i < count; i++) {
            at += sprintf(at, "%c{\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}", i ? ',' : '[');
        }
        strcpy(at, "]");
        body = post(HEADERS_JSON, text, count == 20 ? 202 : 413);
        free(body);
    }
    fixture_read(f, records, 21);
    fixture_expect_no_more(f);
    for (size_t i = 0; i < 21; i++) {
        record_free(&records[i]);
    }
    free(text);
    free(fill);
}

static void before_the_registry_is_read_nothing_is_taken(void **state)
{
    (void)state;
    f->is_registry_current = false;
    struct reply reply = fixture_post(f, HEADERS_JSON, "{\"type\":\"order.created\",\"subject\":\"1\",\"data\":1}");
    f->is_registry_current = true;
    assert_int_equal(reply.status, 503);
    expect_in(reply.head, "Retry-After: 1");
    reply_free(&reply);
}

static void a_client_that_leaves_before_the_answer_has_still_published(void **state)
{
    (void)state;
    struct record record;
    const char *event = "{\"id\":\"gone\",\"type\":\"order.created\",\"subject\":\"9\",\"data\":1}";
    struct hb_ingest_stats before, after;
    hb_ingest_read_stats(f->ingest, &before);
    int connection = fixture_send(f, HEADERS_JSON, event, strlen(event));
    close(connection);
    fixture_read(f, &record, 0);
    int64_t until = fixture_now_ms() + FIXTURE_WAIT_MS;
    do {
        struct reply reply = fixture_post(f, HEADERS_JSON, "{}");
        reply_free(&reply);
        hb_ingest_read_stats(f->ingest, &after);
    } while (after.accepted == before.accepted && fixture_now_ms() < until);
    fixture_read(f, &record, 1);
    expect_in(record.headers, "ce_id=gone\n");
    assert_int_equal(hb_ingest_open_calls(f->ingest), 0);
    char *body = post(HEADERS_JSON, event, 202);
    expect_in(body, "\"duplicate\":true");
    record_free(&record);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_of_our_json_stands_in_kafka_with_key_headers_and_stamp),
        cmocka_unit_test(data_bytes_arrive_exactly_as_they_came),
        cmocka_unit_test(cloudevents_of_all_modes_are_taken),
        cmocka_unit_test(a_foreign_id_is_hashed_with_its_source_and_goes_along),
        cmocka_unit_test(a_batch_answers_each_item_in_order_and_an_invalid_one_refuses_only_itself),
        cmocka_unit_test(a_batch_in_which_nothing_is_accepted_is_a_problem),
        cmocka_unit_test(the_same_id_with_the_same_body_is_a_duplicate_and_with_another_a_conflict),
        cmocka_unit_test(two_requests_at_once_with_one_id_publish_once),
        cmocka_unit_test(every_bad_input_is_refused_with_its_problem_and_nothing_is_published),
        cmocka_unit_test(what_exceeds_a_limit_is_refused_and_what_just_fits_is_not),
        cmocka_unit_test(before_the_registry_is_read_nothing_is_taken),
        cmocka_unit_test(a_client_that_leaves_before_the_answer_has_still_published),
    };
    return fixture_is_missing() ? 0 : cmocka_run_group_tests(tests, start, stop);
}
