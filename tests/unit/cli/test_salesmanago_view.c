/* What people are told of a connector: what it ends with, and who is said to be there. */
#include "cm.h"

#include <stdlib.h>

#include "cli/salesmanago_view.h"

static void what_is_said_of_a_connector_and_what_it_ends_with(void **state)
{
    static const struct {
        const char *status, *out, *err; /* what is among the lines; NULL: nothing on standard error */
        int exit_code;
    } rows[] = {
        {"{\"status\":\"active\",\"workers\":[{\"worker\":\"a\"}]}", "ok active", NULL, 0},
        {"{\"status\":\"paused\",\"reason\":\"over_limit\",\"workers\":[{\"worker\":\"a\"}]}",
         "paused: over_limit", NULL, 1},
        {"{\"status\":\"active\",\"unusable\":{\"what\":\"key\",\"why\":\"no key\"},\"workers\":[{\"worker\":\"a\"}]}",
         "active, but nothing is sent: no key", NULL, 1},
        {"{\"status\":\"active\",\"workers\":[]}", "", "no worker has told anything yet", 0},
        {"{\"status\":\"active\",\"workers\":[{\"worker\":\"a\",\"gone\":true,\"seen\":\"2026\"}]}", "",
         "no worker is left", 0},
        {"{\"status\":\"active\",\"workers\":[{\"worker\":\"a\",\"gone\":true,\"seen\":\"2026\"},{\"worker\":\"b\"}]}",
         "",
         "worker a is gone, last heard of at 2026", 0},
        {"{\"status\":\"active\",\"aside\":2,\"workers\":[{\"worker\":\"a\"}]}", "aside       2 of them", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *out = NULL, *err = NULL;
        size_t out_len, err_len;
        struct hb_json *json = NULL;
        struct hb_cli cli = {.out = {.out = open_memstream(&out, &out_len), .err = open_memstream(&err, &err_len)}};
        assert_int_equal(hb_json_parse(hb_str_c(rows[i].status), &json, NULL), HB_OK);
        hb_salesmanago_view_status(&cli, json);
        (void)fclose(cli.out.out);
        (void)fclose(cli.out.err);
        if (!strstr(out, rows[i].out) || (rows[i].err ? !strstr(err, rows[i].err) : err_len > 0)) {
            fail_msg("%s: %s%s", rows[i].status, out, err);
        }
        assert_int_equal(cli.exit_code, rows[i].exit_code);
        hb_json_free(&json);
        free(out);
        free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_a_connector_and_what_it_ends_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
