#include "platform/json/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void commas_and_nesting_are_kept_right(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(1024);
    struct hb_json_writer w = hb_json_write(&text);
    hb_json_object(&w, NULL);
    hb_json_add_str(&w, "id", HB_STR("a\"b"));
    hb_json_array(&w, "list");
    hb_json_add_int(&w, NULL, -9223372036854775807 - 1);
    hb_json_add_bool(&w, NULL, true);
    hb_json_object(&w, NULL);
    hb_json_close_object(&w);
    hb_json_array(&w, NULL);
    hb_json_add_null(&w, NULL);
    hb_json_close_array(&w);
    hb_json_close_array(&w);
    hb_json_add_raw(&w, "raw", HB_STR("{\"x\":19.90}"));
    hb_json_add_wall(&w, "at", (struct hb_wall){0});
    hb_json_add_bool(&w, "k\n", false);
    hb_json_close_object(&w);
    assert_int_equal(hb_json_end(&w), HB_OK);
    assert_string_equal(text.ptr, "{\"id\":\"a\\\"b\",\"list\":[-9223372036854775808,true,{},[null]],"
                                  "\"raw\":{\"x\":19.90},\"at\":\"1970-01-01T00:00:00.000Z\",\"k\\n\":false}");
    hb_buf_deinit(&text);
}

static void an_error_sticks_until_the_end(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(10);
    struct hb_json_writer w = hb_json_write(&text);
    hb_json_array(&w, NULL);
    hb_json_add_str(&w, NULL, HB_STR("longer than ten bytes"));
    hb_json_add_int(&w, NULL, 1);
    hb_json_close_array(&w);
    assert_int_equal(hb_json_end(&w), HB_ERR_FULL);
    hb_buf_deinit(&text);
}

static void a_root_may_be_a_plain_value(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(64);
    struct hb_json_writer w = hb_json_write(&text);
    hb_json_add_str(&w, NULL, HB_STR("\xFF"));
    assert_int_equal(hb_json_end(&w), HB_OK);
    assert_string_equal(text.ptr, "\"\xEF\xBF\xBD\"");
    hb_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_nesting_are_kept_right),
        cmocka_unit_test(an_error_sticks_until_the_end),
        cmocka_unit_test(a_root_may_be_a_plain_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
