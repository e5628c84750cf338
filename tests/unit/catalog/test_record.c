#include "unit/catalog/folds.h"

#define V "{\"v\":1,\"store\":\"acme\",\"product\":\"1001\","
#define VERSION "\"product_version\":{\"sequence\":\"7\",\"appended\":5,\"offset\":6}"
#define DATA "\"data\":{\"id\":\"1001\"}"
#define COUNT "\"inventory_version\":{\"appended\":5,\"offset\":6},\"inventory\":{\"available\":true}"

static enum hb_catalog_read read_text(const char *key, const char *value, const char *version,
                                      struct hb_catalog_product *ret_product, const char **ret_problem)
{
    struct hb_name_value header = {HB_STR("hb_v"), hb_str_c(version)};
    struct hb_catalog_source source = {hb_str_c(key), hb_str_c(value), &header, version ? 1 : 0};
    return hb_catalog_read(&source, ret_product, ret_problem);
}

static void what_is_whole_and_ours_is_read(void **state)
{
    static const char *const values[] = {
        V "\"state\":\"active\",\"at\":5," VERSION "," DATA "}",
        V "\"state\":\"deleted\",\"at\":5,\"deleted_at\":4," VERSION "}",
        V "\"state\":\"partial\",\"at\":5,\"stock_by\":\"inventory\"," COUNT "}",
        V "\"state\":\"active\",\"at\":5," VERSION "," COUNT "," DATA "}",
    };
    struct hb_catalog_product product;
    const char *problem = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        check_row(read_text("acme/1001", values[i], "1", &product, &problem) == HB_CATALOG_READ_OK, values[i]);
    check_str(product.store, "acme");
    check_str(product.product, "1001");
    check_str(product.product_version.sequence, "7");
}

static void what_is_foreign_is_unreadable(void **state)
{
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"acme", V "\"state\":\"active\",\"at\":5," VERSION "," DATA "}"},
        {"acme/1002", V "\"state\":\"active\",\"at\":5," VERSION "," DATA "}"},
        {"other/1001", V "\"state\":\"active\",\"at\":5," VERSION "," DATA "}"},
        {"acme/1001", "[]"},
        {"acme/1001", "{\"v\":1"},
        {"acme/1001", "{}"},
        {"acme/1001", V "\"state\":\"gone\",\"at\":5," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":\"5\"," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5," VERSION "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5," DATA "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5," VERSION ",\"data\":[]}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5,\"new\":1," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5,\"at\":5," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"deleted\",\"at\":5," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"partial\",\"at\":5}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5,\"inventory\":{}," VERSION "," DATA "}"},
        {"acme/1001", V "\"state\":\"active\",\"at\":5,\"product_stock\":{}," VERSION "," DATA "}"},
    };
    struct hb_catalog_product product;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *problem = NULL;
        check_row(read_text(rows[i].key, rows[i].value, "1", &product, &problem) == HB_CATALOG_READ_UNREADABLE,
                  rows[i].value);
        check_row(problem, rows[i].value);
    }
}

static void a_value_cut_anywhere_is_unreadable(void **state)
{
    static const char whole[] = V "\"state\":\"active\",\"at\":5," VERSION "," COUNT "," DATA "}";
    struct hb_catalog_product product;
    const char *problem;
    char cut[sizeof(whole)];
    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        memcpy(cut, whole, length);
        cut[length] = '\0';
        check_row(read_text("acme/1001", cut, "1", &product, &problem) == HB_CATALOG_READ_UNREADABLE, cut);
    }
}

static void a_newer_version_is_told_apart_by_header_and_by_value(void **state)
{
    struct hb_catalog_product product;
    const char *problem;
    (void)state;
    assert_int_equal(read_text("acme/1001", "{\"v\":2,\"x\":1}", NULL, &product, &problem), HB_CATALOG_READ_NEWER);
    assert_int_equal(read_text("acme/1001", V "\"x\":1}", "2", &product, &problem), HB_CATALOG_READ_NEWER);
}

static void a_product_whose_id_must_be_escaped_comes_back(void **state)
{
    struct hb_catalog_product product = {.store = HB_STR("acme"), .product = HB_STR("a\"b\\/\xC4\x85"), .state = HB_CATALOG_ACTIVE,
                                         .data = HB_STR("{}")};
    struct hb_catalog_product again;
    struct hb_buf value = hb_buf_make(1024);
    char key[HB_CATALOG_KEY_MAX];
    const char *problem;
    (void)state;
    product.product_version = (struct hb_catalog_version){.is_known = true, .has_time = true, .time = {-5}};
    assert_int_equal(hb_catalog_write(&product, &value), HB_OK);
    struct hb_catalog_source source = {hb_str_n(key, hb_catalog_key(&product, key)), hb_buf_str(&value), NULL, 0};
    assert_int_equal(hb_catalog_read(&source, &again, &problem), HB_CATALOG_READ_OK);
    assert_true(hb_str_eq(again.product, product.product));
    assert_int_equal(again.product_version.time.ms, -5);
    hb_buf_deinit(&value);
}

/* ---- stock ---- */

static void every_variant_has_the_newer_stock_of_the_two(void **state)
{
    struct fold fold = fold_make();
    struct hb_catalog_variant variant;
    struct hb_catalog_variant_walk walk = HB_CATALOG_VARIANT_WALK;
    static const struct {
        const char *id;
        int64_t old_inventory, new_inventory; /* -1: not known; -2: not available, no quantity */
    } rows[] = {{"a", 1, 11}, {"b", 2, 2}, {"c", 13, 13}, {"d", -1, -1}, {"\\u0065", 15, 15}};
    (void)state;
    fold_tell(&fold, &(struct told){"product.updated",
                                    "{\"id\":\"1001\",\"variants\":[{\"id\":\"a\",\"stock\":{\"available\":true,"
                                    "\"quantity\":1}},{\"id\":\"b\",\"stock\":{\"available\":true,\"quantity\":2}},"
                                    "{\"id\":\"c\"},{\"id\":\"d\"},{\"id\":\"\\u0065\"}]}",
                                    "5", NULL, 1, 1});
    for (int i = 0; i < 2; i++) {
        fold_tell(&fold, &(struct told){"inventory.updated",
                                        "{\"product_id\":\"1001\",\"available\":true,\"variants\":[{\"id\":\"e\","
                                        "\"available\":true,\"quantity\":15},{\"id\":\"c\",\"available\":true,\"quantity\":13}"
                                        ",{\"id\":\"a\",\"available\":true,\"quantity\":11},{\"id\":\"z\",\"available\":true}]}",
                                        i ? "5" : "4", NULL, 2, 2});
        struct hb_catalog_product product = fold_read(&fold);
        walk = HB_CATALOG_VARIANT_WALK;
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            int64_t wanted = i ? rows[row].new_inventory : rows[row].old_inventory;
            assert_true(hb_catalog_variant_next(&product, &walk, &variant));
            check_str(variant.id, rows[row].id);
            check_row(variant.stock.is_known == (wanted >= 0), rows[row].id);
            check_row(!variant.stock.is_known || variant.stock.quantity == wanted, rows[row].id);
        }
        assert_false(hb_catalog_variant_next(&product, &walk, &variant));
        assert_int_equal(hb_catalog_stock_of(&product, HB_STR("a")).quantity, i ? 11 : 1);
        assert_int_equal(hb_catalog_stock_of(&product, HB_STR("e")).quantity, 15);
        assert_false(hb_catalog_stock_of(&product, HB_STR("nobody")).is_known);
    }
    fold_free(&fold);
}

static void of_a_product_that_is_not_available_no_variant_is(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, &(struct told){"product.updated", "{\"id\":\"1001\",\"variants\":[{\"id\":\"a\",\"stock\":{\"available\":true,\"quantity\":1}}]}", "5",
                                    NULL, 1, 1});
    fold_tell(&fold, &(struct told){"inventory.updated", "{\"product_id\":\"1001\",\"available\":false,\"quantity\":0}", "6", NULL, 2, 2});
    struct hb_catalog_product product = fold_read(&fold);
    struct hb_catalog_stock stock = hb_catalog_stock_of(&product, HB_STR("a"));
    assert_true(stock.is_known && !stock.is_available && !stock.has_quantity);
    fold_free(&fold);
}

static void a_quantity_is_a_whole_number_or_not_known(void **state)
{
    static const struct {
        const char *quantity;
        bool has;
        int64_t value;
    } rows[] = {{"17", true, 17}, {"-3", true, -3}, {"0", true, 0}, {"null", false, 0}, {"\"5\"", false, 0}, {"1.5", false, 0},
                {"9223372036854775807", true, INT64_MAX}, {"9223372036854775808", false, 0}, {"1e3", false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_buf json = hb_buf_make(256);
        assert_int_equal(hb_buf_addf(&json, "{\"available\":true,\"quantity\":%s}", rows[i].quantity), HB_OK);
        struct hb_catalog_product product = {.inventory = hb_buf_str(&json), .inventory_version = {.is_known = true}};
        struct hb_catalog_stock stock = hb_catalog_stock(&product);
        check_row(stock.is_known && stock.has_quantity == rows[i].has, rows[i].quantity);
        check_row(!rows[i].has || stock.quantity == rows[i].value, rows[i].quantity);
        hb_buf_deinit(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_and_ours_is_read),
        cmocka_unit_test(what_is_foreign_is_unreadable),
        cmocka_unit_test(a_value_cut_anywhere_is_unreadable),
        cmocka_unit_test(a_newer_version_is_told_apart_by_header_and_by_value),
        cmocka_unit_test(a_product_whose_id_must_be_escaped_comes_back),
        cmocka_unit_test(every_variant_has_the_newer_stock_of_the_two),
        cmocka_unit_test(of_a_product_that_is_not_available_no_variant_is),
        cmocka_unit_test(a_quantity_is_a_whole_number_or_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
