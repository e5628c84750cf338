#include "hookbus/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_code_has_name_text_and_exit_code(void **state)
{
    (void)state;
    for (int err = 1; err < HB_ERR_COUNT; err++) {
        assert_true(strlen(hb_err_name((enum hb_err)err)) > 0);
        assert_true(strlen(hb_err_text((enum hb_err)err)) > 0);
        assert_in_range(hb_err_exit_code((enum hb_err)err), 64, 78);
    }
    assert_string_equal(hb_err_name(HB_ERR_SEALED), "SEALED");
    assert_string_equal(hb_err_text(HB_ERR_MEMORY), "out of memory");
    assert_int_equal(hb_err_exit_code(HB_OK), 0);
}

static void a_value_out_of_range_is_named_unknown(void **state)
{
    (void)state;
    assert_string_equal(hb_err_name((enum hb_err)9999), "UNKNOWN");
    assert_string_equal(hb_err_text((enum hb_err) - 1), "unknown error");
    assert_int_equal(hb_err_exit_code(HB_ERR_COUNT), 70);
}

static void fail_fills_the_error_cuts_it_and_returns_the_code(void **state)
{
    (void)state;
    struct hb_error error;
    assert_int_equal(hb_fail(&error, HB_ERR_CONFIG, "port %d", 80), HB_ERR_CONFIG);
    assert_int_equal(error.code, HB_ERR_CONFIG);
    assert_string_equal(error.text, "port 80");
    assert_int_equal(hb_fail(&error, HB_ERR_INVALID, "%01000d", 1), HB_ERR_INVALID);
    assert_int_equal(strlen(error.text), HB_ERROR_TEXT_MAX - 1);
    assert_int_equal(hb_fail(NULL, HB_ERR_IO, "%s", "nobody listens"), HB_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_name_text_and_exit_code),
        cmocka_unit_test(a_value_out_of_range_is_named_unknown),
        cmocka_unit_test(fail_fills_the_error_cuts_it_and_returns_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
