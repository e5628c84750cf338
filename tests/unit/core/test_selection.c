#include "core/selection.h"

#include "check.h"

static struct hb_selection *make(const char *types, const char *changed)
{
    struct hb_str type_list[8], path_list[8], rest = hb_str_c(types);
    size_t types_count = 0, paths_count = 0;
    while (hb_str_split(&rest, ' ', &type_list[types_count]))
        types_count++;
    rest = hb_str_c(changed);
    while (hb_str_split(&rest, ' ', &path_list[paths_count]))
        paths_count++;
    struct hb_selection *selection = NULL;
    assert_int_equal(hb_selection_new(type_list, types_count, path_list, paths_count, &selection, NULL), HB_OK);
    return selection;
}

static void types_changed_paths_and_notices_select(void **state)
{
    (void)state;
    static const struct {
        const char *types, *changed, *type, *event_changed;
        bool is_selected;
    } rows[] = {{"order.created", NULL, "order.created", "", true},
                {"order.created", NULL, "order.created.late", "", false},
                {"order.created", NULL, "order.create", "", false},
                {"order.*", NULL, "order.created", "", true},
                {"order.*", NULL, "order.line.added", "", true},
                {"order.*", NULL, "orders.created", "", false},
                {"order.line.*", NULL, "order.created", "", false},
                {"product.deleted order.*", NULL, "product.deleted", "", true},
                {"product.deleted order.*", NULL, "product.created", "", false},
                {"*", NULL, "cart.abandoned", "", true},
                {"*", NULL, "hookbus.webhook_disabled", "", false},
                {"* hookbus.webhook_disabled", NULL, "hookbus.webhook_disabled", "", true},
                {"hookbus.webhook_disabled", NULL, "hookbus.webhook_enabled", "", false},
                {"*", "price", "product.updated", "price", true},
                {"*", "price", "product.updated", "price.amount", true},
                {"*", "price.amount", "product.updated", "price", true},
                {"*", "variants", "product.updated", "variants[0].price", true},
                {"*", "variants[0].price", "product.updated", "variants", true},
                {"*", "price", "product.updated", "prices", false},
                {"*", "prices", "product.updated", "price", false},
                {"*", "price.amount", "product.updated", "price.currency", false},
                {"*", "price stock", "product.updated", "name,stock.quantity", true},
                {"*", "price stock", "product.updated", "name,url", false},
                {"*", "price", "product.created", "", true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_selection *selection = make(rows[i].types, rows[i].changed);
        struct hb_event event = {.type = hb_str_c(rows[i].type), .changed = hb_str_c(rows[i].event_changed)};
        if (hb_selection_matches(selection, &event) != rows[i].is_selected)
            fail_msg("types %s, changed %s: event %s %s", rows[i].types, rows[i].changed ? rows[i].changed : "-",
                     rows[i].type, rows[i].event_changed);
        hb_selection_free(&selection);
        assert_null(selection);
    }
}

static void what_is_no_pattern_or_path_is_refused_with_its_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",          "order",     "order*",        ".*",        "**",
                                        "*.created", "order.*.x", "Order.created", "hookbus.*", "hookbus.webhook.*",
                                        "a b.*"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct hb_selection *selection = NULL;
        struct hb_error error;
        struct hb_str type = hb_str_c(wrong[i]);
        check_row(!hb_selection_is_pattern(type), wrong[i]);
        assert_int_equal(hb_selection_new(&type, 1, NULL, 0, &selection, &error), HB_ERR_INVALID);
        assert_non_null(strstr(error.text, wrong[i]));
        assert_null(selection);
    }
    struct hb_selection *selection = NULL;
    struct hb_error error;
    struct hb_str type = HB_STR("*"), path = HB_STR("a,b");
    assert_int_equal(hb_selection_new(&type, 1, &path, 1, &selection, &error), HB_ERR_INVALID);
    assert_non_null(strstr(error.text, "a,b"));
    assert_int_equal(hb_selection_new(NULL, 0, NULL, 0, &selection, &error), HB_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(types_changed_paths_and_notices_select),
                                       cmocka_unit_test(what_is_no_pattern_or_path_is_refused_with_its_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
