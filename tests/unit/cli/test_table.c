#include "unit/cli/cm.h"

#include <locale.h>
#include <stdlib.h>

#include "cli/table.h"

static const struct hb_column COLUMNS[] = {{"ID", 0}, {"NAME", HB_COLUMN_CUT}, {"N", HB_COLUMN_RIGHT}};

/* What a table of these rows prints. Freed by the caller. */
static char *print(struct hb_output *output, struct hb_str (*rows)[3], size_t count)
{
    struct hb_table table = hb_table_make(output, COLUMNS, 3);
    char *text = NULL;
    size_t bytes = 0;

    output->out = open_memstream(&text, &bytes);
    assert_non_null(output->out);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hb_table_add(&table, rows[i]), HB_OK);
    }
    hb_table_print(&table);
    hb_table_deinit(&table);
    (void)fclose(output->out);
    return text;
}

static void columns_are_as_wide_as_they_need(void **state)
{
    struct hb_output output = {.is_utf8 = true};
    struct hb_str rows[][3] = {{HB_STR_INIT("a"), HB_STR_INIT("Zażółć"), HB_STR_INIT("5")}, {HB_STR_INIT("bbb"), HB_STR_INIT("x"), HB_STR_INIT("123")}};
    char *text = print(&output, rows, 2);

    (void)state;
    assert_string_equal(text, "ID   NAME      N\na    Zażółć    5\nbbb  x       123\n");
    free(text);
}

static void a_narrow_terminal_cuts_only_what_may_be_cut(void **state)
{
    struct hb_output output = {.is_utf8 = true, .width = 20};
    struct hb_str rows[][3] = {{HB_STR_INIT("identity"), HB_STR_INIT("a name that is far too long"), HB_STR_INIT("1")}};
    char *text = print(&output, rows, 1);

    (void)state;
    assert_non_null(strstr(text, "identity  "));
    assert_non_null(strstr(text, "a name \u2026"));
    assert_null(strstr(text, "far"));
    free(text);
}

static void text_from_outside_cannot_drive_the_terminal(void **state)
{
    static const struct {
        const char *text, *shown;
        bool is_utf8;
    } ROWS[] = {
        {"\033[31mred\a", "?[31mred?", true}, {"a\nb\tc", "a b c", true}, {"\xc2\x9b" "1m", "?1m", true}, {"\xff\xfe", "??", true},
        {"caf\xc3\xa9", "caf\xc3\xa9", true}, {"caf\xc3\xa9", "caf?", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct hb_output output = {.is_utf8 = ROWS[i].is_utf8};
        struct hb_buf clean = hb_buf_make(100);

        assert_int_equal(hb_output_clean(&output, hb_str_c(ROWS[i].text), &clean), HB_OK);
        assert_string_equal(clean.ptr, ROWS[i].shown);
        hb_buf_deinit(&clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_they_need),
        cmocka_unit_test(a_narrow_terminal_cuts_only_what_may_be_cut),
        cmocka_unit_test(text_from_outside_cannot_drive_the_terminal),
    };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
