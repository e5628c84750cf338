#include "core/json_members.h"

#include "check.h"

static const char *const names[] = {"v", "at", "reason"};
static const struct hb_json_members members = {names, 3, 2};

static const char *gather(const char *text, struct hb_cursor ret_values[3])
{
    memset(ret_values, 0, 3 * sizeof(*ret_values));
    return hb_json_members_gather(hb_cursor_root(hb_str_c(text)), &members, ret_values);
}

static void members_are_found_by_name_in_any_order(void **state)
{
    (void)state;
    struct hb_cursor values[3];
    assert_null(gather("{\"reason\":\"x\",\"at\":[1],\"v\":1}", values));
    check_str(values[0].raw, "1");
    check_str(values[1].raw, "[1]");
    check_str(values[2].raw, "\"x\"");
    assert_null(gather("{\"v\":1,\"at\":2}", values));
    assert_int_equal(values[2].kind, HB_CURSOR_NONE);
}

static void the_member_at_fault_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } rows[] = {{"[1]", "value"},
                {"{\"v\":1,\"at\":2,\"x\":3}", "unknown member"},
                {"{\"v\":1,\"at\":2,\"v\":1}", "v"},
                {"{\"reason\":1,\"v\":1}", "at"},
                {"{}", "v"}};
    struct hb_cursor values[3];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *fault = gather(rows[i].text, values);
        check_row(fault && strcmp(fault, rows[i].fault) == 0, rows[i].text);
    }
}

static void a_whole_number_is_one_that_fits_and_is_written_as_a_count(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_whole;
        int64_t number;
    } rows[] = {{"0", true, 0},
                {"-12", true, -12},
                {"9223372036854775807", true, INT64_MAX},
                {"9223372036854775808", false, 0},
                {"1.0", false, 0},
                {"1e2", false, 0},
                {"\"1\"", false, 0},
                {"null", false, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t number = 0;
        bool is_whole = hb_json_members_whole(hb_cursor_root(hb_str_c(rows[i].text)), &number);
        check_row(is_whole == rows[i].is_whole && number == rows[i].number, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name_in_any_order),
        cmocka_unit_test(the_member_at_fault_is_named),
        cmocka_unit_test(a_whole_number_is_one_that_fits_and_is_written_as_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
