/* Which form a request has, and which status a batch: the two small tables of the HTTP route. */
#include "unit/producer/cm.h"

#include "producer/ingest_answer.h"
#include "producer/ingest_read.h"

static void the_content_type_and_the_ce_headers_say_the_form(void **state)
{
    (void)state;
    const struct {
        const char *content_type;
        bool has_specversion;
        enum hb_ingest_form form;
    } rows[] = {
        {"", false, HB_INGEST_JSON},
        {"application/json", false, HB_INGEST_JSON},
        {"Application/JSON; charset=utf-8", false, HB_INGEST_JSON},
        {"application/json", true, HB_INGEST_BINARY},
        {"", true, HB_INGEST_BINARY},
        {"image/png", true, HB_INGEST_BINARY},
        {"application/cloudevents+json", false, HB_INGEST_CLOUDEVENT},
        {"application/cloudevents+json;charset=UTF-8", true, HB_INGEST_CLOUDEVENT},
        {"application/cloudevents-batch+json", false, HB_INGEST_CLOUDEVENT_BATCH},
        {"application/jsonx", false, HB_INGEST_UNKNOWN},
        {"text/plain", false, HB_INGEST_UNKNOWN},
        {";", false, HB_INGEST_JSON},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(hb_ingest_form_of(hb_str_c(rows[i].content_type), rows[i].has_specversion), rows[i].form);
    }
}

static void a_batch_s_status_is_202_as_soon_as_one_is_taken_and_else_the_most_hopeful(void **state)
{
    (void)state;
    const struct {
        const char
            *items; /* a accepted, d duplicate, i invalid, c conflict, l too large, k Kafka timeout, o overloaded */
        int status;
    } rows[] = {{"a", 202}, {"d", 202},  {"iiiia", 202}, {"kd", 202},  {"i", 400},
                {"c", 409}, {"cc", 409}, {"ci", 400},    {"l", 413},   {"li", 400},
                {"k", 503}, {"ik", 503}, {"ko", 503},    {"kci", 503}, {"cik", 503}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_accept_item items[8] = {0};
        struct hb_accept_call call = {.items = items, .count = strlen(rows[i].items)};
        for (size_t k = 0; k < call.count; k++) {
            char item = rows[i].items[k];
            items[k].state = item == 'a' ? HB_ACCEPT_ACCEPTED : item == 'd' ? HB_ACCEPT_DUPLICATE : HB_ACCEPT_REFUSED;
            items[k].refusal = item == 'i'   ? HB_REFUSAL_INVALID_EVENT
                               : item == 'c' ? HB_REFUSAL_CONFLICT
                               : item == 'l' ? HB_REFUSAL_EVENT_TOO_LARGE
                               : item == 'k' ? HB_REFUSAL_KAFKA_TIMEOUT
                                             : HB_REFUSAL_OVERLOADED;
        }
        if (hb_ingest_answer_status(&call) != rows[i].status) {
            fail_msg("%s gives %d, not %d", rows[i].items, hb_ingest_answer_status(&call), rows[i].status);
        }
    }
}

static void every_refusal_has_a_status_a_slug_of_its_own_and_words_that_need_no_escaping(void **state)
{
    (void)state;
    for (int i = HB_REFUSAL_NONE + 1; i < HB_REFUSAL_COUNT; i++) {
        const struct hb_refusal_spec *spec = hb_refusal_spec((enum hb_refusal)i);
        assert_in_range(spec->status, 400, 503);
        assert_null(strpbrk(spec->title, "\"\\"));
        assert_null(strpbrk(spec->detail, "\"\\"));
        for (int k = HB_REFUSAL_NONE + 1; k < i; k++) {
            assert_string_not_equal(spec->slug, hb_refusal_spec((enum hb_refusal)k)->slug);
        }
    }
}

static size_t make_no_id(void *user, char ret_id[HB_ID_MAX])
{
    (void)user;
    ret_id[0] = 'e';
    return 1;
}

/* Base64 may stand in memory twice, unescaped and decoded, in each item of a batch, and no view of another item may move. */
static void base64_of_any_size_is_read_alone_and_in_batches(void **state)
{
    (void)state;
    static const size_t SIZES[] = {4, 128, 200, 4096, 100000};
    const struct hb_ingest_limits limits = {262144, 1000, 1 << 22};
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        for (size_t events = 1; events <= 3; events++) {
            struct hb_buf body = hb_buf_make(1 << 22);
            assert_int_equal(hb_buf_add_char(&body, '['), HB_OK);
            for (size_t k = 0; k < events; k++) {
                assert_int_equal(hb_buf_addf(&body, "%s{\"type\":\"a.b\",\"subject\":\"s\\u0031\",\"content_type\":\"image/png\","
                                                    "\"data_base64\":\"", k ? "," : ""), HB_OK);
                for (size_t b = 0; b < SIZES[i]; b += 4) {
                    assert_int_equal(hb_buf_add(&body, b % 8 ? HB_STR("\\/\\/\\/\\/") : HB_STR("QUJD")), HB_OK);
                }
                assert_int_equal(hb_buf_add(&body, HB_STR("\"}")), HB_OK);
            }
            assert_int_equal(hb_buf_add_char(&body, ']'), HB_OK);
            const struct hb_ingest_request request = {
                .form = HB_INGEST_JSON, .store = HB_STR("s"), .body = hb_buf_str(&body), .make_id = make_no_id};
            struct hb_ingest_items items;
            struct hb_ingest_fault fault = {0};
            assert_int_equal(hb_ingest_read(&request, &limits, &items, &fault), HB_REFUSAL_NONE);
            assert_int_equal(items.count, events);
            for (size_t k = 0; k < events; k++) {
                assert_int_equal(items.items[k].state, HB_ACCEPT_NEW);
                assert_int_equal(items.items[k].event.data.len, SIZES[i] / 4 * 3);
                assert_memory_equal(items.items[k].event.data.ptr, "ABC", 3);
                assert_true(hb_str_eq(items.items[k].event.subject, HB_STR("s1")));
            }
            hb_ingest_items_deinit(&items);
            hb_buf_deinit(&body);
        }
    }
}

static void an_answer_never_shows_an_id_that_is_none(void **state)
{
    (void)state;
    struct hb_buf body = hb_buf_make(4096);
    struct hb_accept_item item = {.event.id = HB_STR("a\"b"),
                                  .has_own_id = true,
                                  .state = HB_ACCEPT_REFUSED,
                                  .refusal = HB_REFUSAL_INVALID_EVENT,
                                  .slug = "invalid_id",
                                  .field = "i\"d",
                                  .should = "better"};
    struct hb_accept_call call = {.items = &item, .count = 1, .is_dedup_off = true};
    assert_int_equal(hb_ingest_answer_batch(&call, &body), HB_OK);
    assert_non_null(strstr(body.ptr, "\"deduplication\":\"off\",\"results\":[{\"status\":400,\"problem\":{\"type\":"
                                     "\"https://hookbus.dev/problems/invalid_id\""));
    assert_non_null(strstr(body.ptr, "\"field\":\"i\\\"d\""));
    assert_null(strstr(body.ptr, "a\"b"));
    hb_buf_deinit(&body);
    body = hb_buf_make(64);
    assert_int_equal(hb_ingest_answer_batch(&call, &body), HB_ERR_FULL);
    hb_buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_type_and_the_ce_headers_say_the_form),
        cmocka_unit_test(a_batch_s_status_is_202_as_soon_as_one_is_taken_and_else_the_most_hopeful),
        cmocka_unit_test(every_refusal_has_a_status_a_slug_of_its_own_and_words_that_need_no_escaping),
        cmocka_unit_test(base64_of_any_size_is_read_alone_and_in_batches),
        cmocka_unit_test(an_answer_never_shows_an_id_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
