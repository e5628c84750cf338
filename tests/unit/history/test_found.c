#include "history/found.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct hb_position HERE = {0, 3, 42, {1700000000000}};

static struct hb_found *made(struct hb_str data, bool is_json, bool has_data)
{
    const struct hb_event event = {.id = HB_STR("evt_1"), .store = HB_STR("shop"), .type = HB_STR("order.created"), .subject = HB_STR("a\"b"),
                                   .data = data, .is_json = is_json, .registry_stamp = HB_NO_STAMP};
    struct hb_found *found = NULL;
    assert_int_equal(hb_found_new(&event, &HERE, "hookbus.events.order", has_data, &found), HB_OK);
    return found;
}

static void json_data_is_shown_as_it_is_and_other_as_base64(void **state)
{
    (void)state;
    struct hb_found *found = made(HB_STR("{\"price\": 1.10}"), true, true);
    assert_non_null(strstr(found->json.ptr, "\"data\":{\"price\": 1.10}"));
    assert_non_null(strstr(found->json.ptr, "\"subject\":\"a\\\"b\""));
    assert_non_null(strstr(found->json.ptr, "\"position\":{\"topic\":\"hookbus.events.order\",\"partition\":3,\"offset\":42}"));
    hb_found_free(&found);
    found = made(HB_STR("hello"), false, true);
    assert_non_null(strstr(found->json.ptr, "\"data_base64\":\"aGVsbG8=\""));
    hb_found_free(&found);
    found = made(HB_STR("hello"), false, false);
    assert_null(strstr(found->json.ptr, "aGVsbG8"));
    assert_non_null(strstr(found->json.ptr, "\"data_bytes\":5"));
    hb_found_free(&found);
    hb_found_free(&found);
}

static void lines_beyond_the_limit_are_left_out_whole(void **state)
{
    (void)state;
    struct hb_found *found = made(HB_STR("{}"), true, false);
    char *line = malloc(300000);
    assert_non_null(line);
    memset(line, 'x', 300000);
    for (int i = 0; i < 5; i++)
        hb_found_add_line(found, hb_str_n(line, 300000));
    assert_int_equal(found->lines.len, 3 * 300000 + 2);
    hb_found_add_line(found, HB_STR("{}")); /* a small one still fits */
    assert_int_equal(found->lines.len, 3 * 300000 + 2 + 3);
    free(line);
    hb_found_free(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(json_data_is_shown_as_it_is_and_other_as_base64),
                                       cmocka_unit_test(lines_beyond_the_limit_are_left_out_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
