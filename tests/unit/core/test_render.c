#include "core/render.h"

#include "core/event_rules.h"
#include "core/json_cursor.h"
#include "core/json_scan.h"

#include "check.h"

static const struct hb_wall appended = {INT64_C(1769860800123)}; /* 2026-01-31T12:00:00.123Z */

static struct hb_event good(void)
{
    return (struct hb_event){.id = HB_STR("evt_1"),
                             .store = HB_STR("acme"),
                             .type = HB_STR("product.updated"),
                             .subject = HB_STR("1001"),
                             .data = HB_STR("{\"a\": 19.90}"),
                             .registry_stamp = HB_NO_STAMP};
}

static void check_body(enum hb_format format, struct hb_event event, const char *wanted)
{
    struct hb_buf body = hb_buf_make(65536);
    struct hb_event_problem problem;
    size_t at;
    assert_true(hb_event_check(&event, 0, &problem));
    assert_int_equal(hb_render_body(format, &event, appended, &body), HB_OK);
    check_str(hb_buf_str(&body), wanted);
    assert_int_equal(hb_json_scan(hb_buf_str(&body), &at), HB_OK);
    hb_buf_deinit(&body);
}

static void the_standard_body_is_spliced_around_the_data(void **state)
{
    (void)state;
    struct hb_event event = good();
    check_body(HB_FORMAT_STANDARD, event,
               "{\"type\":\"product.updated\",\"timestamp\":\"2026-01-31T12:00:00.123Z\",\"id\":\"evt_1\",\"store\":"
               "\"acme\",\"subject\":\"1001\",\"data\":{\"a\": 19.90}}");
    event.time = HB_STR("2026-01-30T00:00:00+01:00");
    event.changed = HB_STR("price,stock.quantity");
    event.subject = HB_STR("a\"b\\c\xC3\xA9");
    event.data = HB_STR(" [1 ,\n9007199254740993,\"\\u00e9\xC3\xA9\"] ");
    check_body(HB_FORMAT_STANDARD, event,
               "{\"type\":\"product.updated\",\"timestamp\":\"2026-01-30T00:00:00+01:00\",\"id\":\"evt_1\",\"store\":"
               "\"acme\",\"subject\":\"a\\\"b\\\\c\xC3\xA9\","
               "\"changed\":[\"price\",\"stock.quantity\"],\"data\": [1 ,\n9007199254740993,\"\\u00e9\xC3\xA9\"] }");
    event = good();
    event.content_type = HB_STR("text/plain; x=\"y\"");
    event.data = HB_STR("foob\"");
    check_body(HB_FORMAT_STANDARD, event,
               "{\"type\":\"product.updated\",\"timestamp\":\"2026-01-31T12:00:00.123Z\",\"id\":\"evt_1\",\"store\":"
               "\"acme\",\"subject\":\"1001\","
               "\"content_type\":\"text/plain; x=\\\"y\\\"\",\"data_base64\":\"Zm9vYiI=\"}");
}

static void the_structured_cloudevent_carries_all_attributes(void **state)
{
    (void)state;
    struct hb_event event = good();
    check_body(
        HB_FORMAT_CLOUDEVENTS, event,
        "{\"specversion\":\"1.0\",\"id\":\"evt_1\",\"source\":\"/stores/"
        "acme\",\"type\":\"product.updated\",\"subject\":\"1001\","
        "\"time\":\"2026-01-31T12:00:00.123Z\",\"datacontenttype\":\"application/json\",\"data\":{\"a\": 19.90}}");
    event.changed = HB_STR("a,b");
    event.sequence = HB_STR("7");
    event.traceparent = HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    event.foreign_id = HB_STR("x/\"1");
    event.content_type = HB_STR("text/csv");
    event.data = HB_STR("");
    check_body(
        HB_FORMAT_CLOUDEVENTS, event,
        "{\"specversion\":\"1.0\",\"id\":\"evt_1\",\"source\":\"/stores/"
        "acme\",\"type\":\"product.updated\",\"subject\":\"1001\","
        "\"time\":\"2026-01-31T12:00:00.123Z\",\"datacontenttype\":\"text/csv\",\"changed\":\"a,b\",\"sequence\":\"7\","
        "\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\",\"foreignid\":\"x/"
        "\\\"1\",\"data_base64\":\"\"}");
}

/* Whatever passes the check stands in the body as the value of `data`, byte for byte, and adds no member of its own. */
static void no_data_breaks_out_of_the_splice(void **state)
{
    (void)state;
    static const char *const attacks[] = {"1}",
                                          "1,\"type\":\"x\"",
                                          "{}}",
                                          "\"a\",\"id\":\"evt_2\"",
                                          "]",
                                          "1}{",
                                          "\"",
                                          "{\"a\":1},\"store\":\"other\"",
                                          "1\n}",
                                          "/**/1",
                                          "{\"data\":1",
                                          "\xEF\xBB\xBF"
                                          "1",
                                          "1\v"};
    struct hb_event_problem problem;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct hb_event event = good();
        event.data = hb_str_c(attacks[i]);
        check_row(!hb_event_check(&event, 0, &problem), attacks[i]);
    }
    static const char alphabet[] = "{}[]\",:1\\ aid";
    uint64_t seed = 99;
    struct hb_buf body = hb_buf_make(4096);
    int passed = 0;
    for (int round = 0; round < 300000; round++) {
        char data[10];
        size_t length = 1 + next_random(&seed) % sizeof(data), at = 0, count = 0;
        for (size_t i = 0; i < length; i++)
            data[i] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        struct hb_event event = good();
        event.data = hb_str_n(data, length);
        if (!hb_event_check(&event, 0, &problem))
            continue;
        passed++;
        hb_buf_clear(&body);
        assert_int_equal(hb_render_body(HB_FORMAT_STANDARD, &event, appended, &body), HB_OK);
        assert_int_equal(hb_json_scan(hb_buf_str(&body), &at), HB_OK);
        struct hb_cursor root = hb_cursor_root(hb_buf_str(&body)), value;
        struct hb_str name;
        for (at = 0; hb_cursor_next(root, &at, &name, &value);)
            count++;
        assert_int_equal(count, 6);
        assert_true(hb_str_eq(value.raw, hb_cursor_root(event.data).raw));
    }
    assert_true(passed > 1000);
    hb_buf_deinit(&body);
}

static void bare_formats_have_no_body_of_their_own(void **state)
{
    (void)state;
    struct hb_event event = good();
    struct hb_buf body = hb_buf_make(4096);
    static const bool is_data[HB_FORMAT_COUNT] = {[HB_FORMAT_CLOUDEVENTS_BINARY] = true, [HB_FORMAT_DATA] = true};
    for (int format = 0; format < HB_FORMAT_COUNT; format++)
        assert_int_equal(hb_render_is_data((enum hb_format)format), is_data[format]);
    assert_int_equal(hb_render_body(HB_FORMAT_DATA, &event, appended, &body), HB_OK);
    assert_int_equal(hb_render_body(HB_FORMAT_CLOUDEVENTS_BINARY, &event, appended, &body), HB_OK);
    assert_int_equal(body.len, 0);
    hb_buf_deinit(&body);
}

static void a_body_larger_than_the_buffer_leaves_nothing_behind(void **state)
{
    (void)state;
    struct hb_event event = good();
    event.is_json = true;
    for (size_t max = 0; max < 140; max++) {
        struct hb_buf body = hb_buf_make(max);
        enum hb_err err = hb_render_body(HB_FORMAT_STANDARD, &event, appended, &body);
        assert_true(err == HB_OK ? body.len <= max : err == HB_ERR_FULL && body.len == 0);
        hb_buf_deinit(&body);
    }
}

static struct hb_str find(const struct hb_name_value *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (hb_str_eq(headers[i].name, hb_str_c(name)))
            return headers[i].value;
    return (struct hb_str){NULL, 0};
}

static void headers_follow_the_format(void **state)
{
    (void)state;
    struct hb_event event = good();
    struct hb_buf encoded = hb_buf_make(HB_RENDER_ENCODED_MAX);
    struct hb_name_value headers[HB_RENDER_HEADERS_MAX];
    size_t count;
    assert_int_equal(hb_render_headers(HB_FORMAT_STANDARD, &event, appended, &encoded, headers, &count), HB_OK);
    assert_int_equal(count, 3);
    check_str(find(headers, count, "Content-Type"), "application/json");
    check_str(find(headers, count, "Hookbus-Event-Type"), "product.updated");
    check_str(find(headers, count, "Hookbus-Store"), "acme");
    assert_int_equal(hb_render_headers(HB_FORMAT_CLOUDEVENTS, &event, appended, &encoded, headers, &count), HB_OK);
    check_str(find(headers, count, "Content-Type"), "application/cloudevents+json; charset=utf-8");
    event.content_type = HB_STR("text/csv");
    event.traceparent = HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_int_equal(hb_render_headers(HB_FORMAT_DATA, &event, appended, &encoded, headers, &count), HB_OK);
    check_str(find(headers, count, "Content-Type"), "text/csv");
    check_str(find(headers, count, "traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_int_equal(encoded.len, 0);
    hb_buf_deinit(&encoded);
}

static void binary_headers_are_percent_encoded_and_never_too_many(void **state)
{
    (void)state;
    char subject[HB_SUBJECT_MAX], foreign[1024];
    memset(subject, '"', sizeof(subject));
    memset(foreign, ' ', sizeof(foreign));
    struct hb_event event = good();
    event.changed = HB_STR("a");
    event.sequence = HB_STR("7");
    event.traceparent = HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    event.foreign_id = hb_str_n(foreign, sizeof(foreign));
    event.subject = HB_STR("a%b \"\xC3\xA9~");
    struct hb_buf encoded = hb_buf_make(HB_RENDER_ENCODED_MAX);
    struct hb_name_value headers[HB_RENDER_HEADERS_MAX];
    size_t count;
    assert_int_equal(hb_render_headers(HB_FORMAT_CLOUDEVENTS_BINARY, &event, appended, &encoded, headers, &count),
                     HB_OK);
    assert_int_equal(count, HB_RENDER_HEADERS_MAX);
    check_str(find(headers, count, "ce-subject"), "a%25b%20%22%C3%A9~");
    check_str(find(headers, count, "ce-source"), "/stores/acme");
    check_str(find(headers, count, "ce-time"), "2026-01-31T12:00:00.123Z");
    check_str(find(headers, count, "ce-specversion"), "1.0");
    assert_int_equal(find(headers, count, "ce-foreignid").len, 3 * sizeof(foreign));
    hb_buf_clear(&encoded);
    event.subject = hb_str_n(subject, sizeof(subject));
    assert_int_equal(hb_render_headers(HB_FORMAT_CLOUDEVENTS_BINARY, &event, appended, &encoded, headers, &count),
                     HB_OK);
    hb_buf_deinit(&encoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_body_is_spliced_around_the_data),
        cmocka_unit_test(the_structured_cloudevent_carries_all_attributes),
        cmocka_unit_test(no_data_breaks_out_of_the_splice),
        cmocka_unit_test(bare_formats_have_no_body_of_their_own),
        cmocka_unit_test(a_body_larger_than_the_buffer_leaves_nothing_behind),
        cmocka_unit_test(headers_follow_the_format),
        cmocka_unit_test(binary_headers_are_percent_encoded_and_never_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
