#include "history/query.h"
#include "platform/json/json.h"
#include "unit/history/fake_topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ORDERS "hookbus.events.order"

static int setup(void **state)
{
    (void)state;
    fake_topics_open();
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    fake_topics_close();
    return 0;
}

static struct hb_query_spec spec_of(const char *store)
{
    return (struct hb_query_spec){.topic_prefix = HB_STR("hookbus."), .store = hb_str_c(store), .limit = 50, .now = fake_topics_now};
}

static void add(int32_t partition, int64_t ms, const char *store, const char *id)
{
    fake_topics_add_event(ORDERS, partition, ms, &(struct fake_event_row){store, "s1", id, "order.created", "{\"secret\":1}"});
}

static void add_line(int32_t partition, const char *store, const char *id, const char *outcome)
{
    char line[256];
    (void)snprintf(line, sizeof line, "{\"v\":1,\"outcome\":\"%s\",\"store\":\"%s\",\"event\":\"%s\"}\n", outcome, store, id);
    fake_topics_add_lines(partition, line);
}

/* The answer as text; the ids of its events, newest first, comma-separated. */
struct result {
    struct hb_buf json;
    char ids[1024];
    bool is_complete;
    size_t count;
};

static void run_into(const struct hb_query_spec *spec, size_t bytes_max, struct result *result)
{
    *result = (struct result){.json = hb_buf_make(bytes_max)};
    struct hb_error error = {.text = ""};
    if (hb_query_run(spec, &result->json, &error))
        fail_msg("%s", error.text);
    struct hb_json *root = NULL;
    assert_int_equal(hb_json_parse(hb_buf_str(&result->json), &root, NULL), HB_OK);
    result->is_complete = strstr(result->json.ptr, "\"complete\":true") != NULL;
    for (const char *at = result->json.ptr; (at = strstr(at, "{\"event\":{\"id\":\"")) != NULL; result->count++) {
        at += strlen("{\"event\":{\"id\":\"");
        size_t len = strlen(result->ids);
        if (len < sizeof result->ids - 80)
            (void)snprintf(result->ids + len, sizeof result->ids - len, "%s%.*s", len ? "," : "", (int)(strchr(at, '"') - at), at);
    }
    hb_json_free(&root);
}

static void ids_are(const struct hb_query_spec *spec, const char *ids)
{
    struct result result;
    run_into(spec, HB_QUERY_BYTES_MAX, &result);
    assert_string_equal(result.ids, ids);
    assert_true(result.is_complete);
    hb_buf_deinit(&result.json);
}

static void the_newest_n_are_kept_in_order_of_their_append_time(void **state)
{
    (void)state;
    struct hb_query_spec spec = spec_of("shop");
    add(3, 50, "shop", "e50");
    add(0, 10, "shop", "e10");
    add(0, 40, "shop", "e40");
    add(1, 30, "shop", "e30");
    add(2, 20, "shop", "e20");
    ids_are(&spec, "e50,e40,e30,e20,e10");
    spec.limit = 3;
    ids_are(&spec, "e50,e40,e30");
    spec.limit = 1;
    ids_are(&spec, "e50");
    spec.limit = 50;
    spec.since.ms = 30;
    ids_are(&spec, "e50,e40,e30");
}

static void what_was_asked_for_is_matched(void **state)
{
    (void)state;
    fake_topics_add_event(ORDERS, 3, 10, &(struct fake_event_row){"shop", "ab", "a", "order.created", "{}"}); /* key of 7 bytes: partition 3 */
    fake_topics_add_event(ORDERS, 3, 20, &(struct fake_event_row){"shop", "cd", "b", "order.paid", "{}"});
    fake_topics_add_event("hookbus.events.product", 3, 30, &(struct fake_event_row){"shop", "ab", "c", "product.updated", "{}"});
    fake_topics_add_event(ORDERS, 2, 40, &(struct fake_event_row){"shop", "ab", "elsewhere", "order.paid", "{}"});
    struct hb_query_spec spec = spec_of("shop");
    spec.subject = HB_STR("ab"); /* only its partition is read, of each topic */
    ids_are(&spec, "c,a");
    spec.type = HB_STR("order.*");
    ids_are(&spec, "a");
    spec.subject = (struct hb_str){NULL, 0};
    spec.type = HB_STR("order.paid");
    ids_are(&spec, "elsewhere,b");
    spec.type = HB_STR("*");
    spec.event = HB_STR("b");
    ids_are(&spec, "b");
    spec.event = HB_STR("none");
    ids_are(&spec, "");
}

static void lines_stand_with_their_event_and_no_other_stores(void **state)
{
    (void)state;
    add(0, 10, "shop", "same");
    add(1, 20, "rival", "same");
    add(0, 30, "shop", "other");
    add_line(0, "shop", "same", "failed");
    add_line(1, "rival", "same", "theirs");
    add_line(2, "shop", "other", "delivered");
    add_line(2, "shop", "unknown", "nobody");
    fake_topics_add_lines(3, "not json\n\n{\"v\":1,\"outcome\":\"unreadable\",\"topic\":\"t\"}\n"
                             "{\"v\":1,\"outcome\":\"second\",\"store\":\"shop\",\"event\":\"same\"}\n");
    const struct hb_query_spec spec = spec_of("shop");
    struct result result;
    run_into(&spec, HB_QUERY_BYTES_MAX, &result);
    assert_string_equal(result.ids, "other,same");
    const char *same = strstr(result.json.ptr, "\"id\":\"same\"");
    assert_non_null(strstr(same, "failed"));
    assert_non_null(strstr(same, "second"));
    assert_null(strstr(result.json.ptr, "theirs"));
    assert_null(strstr(result.json.ptr, "rival"));
    assert_null(strstr(result.json.ptr, "nobody"));
    assert_null(strstr(same, "\"outcome\":\"delivered\""));
    hb_buf_deinit(&result.json);
}

static void data_is_shown_only_to_who_may_read_it(void **state)
{
    (void)state;
    add(0, 10, "shop", "a");
    for (int has_data = 0; has_data < 2; has_data++) {
        struct hb_query_spec spec = spec_of("shop");
        struct result result;
        spec.has_data = has_data;
        run_into(&spec, HB_QUERY_BYTES_MAX, &result);
        assert_int_equal(strstr(result.json.ptr, "secret") != NULL, has_data);
        hb_buf_deinit(&result.json);
    }
}

static void an_end_that_comes_again_stands_for_no_other_partition(void **state)
{
    (void)state;
    add(0, 10, "shop", "first");
    add(3, 20, "shop", "last");
    add_line(3, "shop", "last", "delivered");
    fake_topics_repeat_end(0, 30); /* as on a topic that is written to meanwhile */
    const struct hb_query_spec spec = spec_of("shop");
    ids_are(&spec, "last,first");
}

static void a_query_that_takes_too_long_says_that_it_is_not_complete(void **state)
{
    (void)state;
    add(0, 10, "shop", "a");
    fake_topics_set_slow(HB_QUERY_MS_MAX);
    const struct hb_query_spec spec = spec_of("shop");
    struct result result;
    run_into(&spec, HB_QUERY_BYTES_MAX, &result);
    assert_false(result.is_complete);
    hb_buf_deinit(&result.json);
}

static void what_does_not_fit_is_left_out_oldest_first_and_said(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "e%d", i);
        add(0, i, "shop", id);
    }
    const struct hb_query_spec spec = spec_of("shop");
    struct result result;
    run_into(&spec, 1500, &result);
    assert_false(result.is_complete);
    assert_in_range(result.count, 3, 10);
    assert_int_equal(strncmp(result.ids, "e19,e18,e17", 11), 0);
    hb_buf_deinit(&result.json);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(the_newest_n_are_kept_in_order_of_their_append_time),
                                       T(what_was_asked_for_is_matched),
                                       T(lines_stand_with_their_event_and_no_other_stores),
                                       T(data_is_shown_only_to_who_may_read_it),
                                       T(an_end_that_comes_again_stands_for_no_other_partition),
                                       T(a_query_that_takes_too_long_says_that_it_is_not_complete),
                                       T(what_does_not_fit_is_left_out_oldest_first_and_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
