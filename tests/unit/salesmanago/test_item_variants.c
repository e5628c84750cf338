/* SM-55: which variants are items of their own; what is deleted or gone is turned off. */
#include "unit/salesmanago/items_rig.h"

static void sm_55_a_variant_with_its_own_id_and_address_is_an_item(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{" BASE
        ",\"brand\":\"Wiosna\",\"images\":[\"https://a.pl/1\"],\"attributes\":{\"color\":\"red\",\"season\":\"lato\"},"
        "\"stock\":{\"available\":true,\"quantity\":9},\"variants\":[{\"id\":\"1-S\",\"name\":\"Dress S\",\"url\":"
        "\"https://shop.example.com/p/1/s\",\"attributes\":{\"color\":\"blue\"},\"images\":[\"https://a.pl/s\"],"
        "\"stock\":{\"available\":false,\"quantity\":0}},{\"id\":\"1-M\",\"url\":\"https://shop.example.com/p/1/"
        "m\"}]}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 3);
    assert_int_equal(rig.items.trimmed, 0);
    check_str(hb_sm_item(&rig.items, 1).id, "1-S");
    check_raw(&rig, 1, "name", "\"Dress S\"");
    check_raw(&rig, 1, "productUrl", "\"https://shop.example.com/p/1/s\"");
    check_raw(&rig, 1, "systemDetails.color", "\"blue\"");
    check_raw(&rig, 1, "systemDetails.season", "\"lato\""); /* what it does not say, its product says */
    check_raw(&rig, 1, "systemDetails.manufacturer", "\"Wiosna\"");
    check_raw(&rig, 1, "mainImageUrl", "\"https://a.pl/s\"");
    check_raw(&rig, 1, "available", "false");
    check_raw(&rig, 1, "quantity", "0");
    check_raw(&rig, 2, "name", "\"Dress\"");
    check_raw(&rig, 2, "mainImageUrl", "\"https://a.pl/1\"");
    check_raw(&rig, 2, "available", "true");
    check_raw(&rig, 2, "quantity", ""); /* the nine are not its own */
    assert_true(is_nulled(&rig, 2, "quantity"));
    check_raw(&rig, 0, "systemDetails.color", "\"red\"");
    rig_end(&rig);
}

static void sm_55_another_variant_is_folded_into_its_product_with_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *variants, *words;
    } rows[] = {
        {"{\"id\":\"1-S\"}", "no address of its own"},
        {"{\"id\":\"1-S\",\"url\":\"\"}", "no address of its own"},
        {"{\"id\":\"1-S\",\"url\":null}", "no address of its own"},
        {"{\"id\":\"1-S\",\"url\":\"https://shop.example.com/p/1\"}", "the product's or another variant's"},
        {"{\"id\":\"1-S\",\"url\":\"https://shop.example.com//p//1\"}", "the product's or another variant's"},
        {"{\"id\":\"1\",\"url\":\"https://shop.example.com/p/1/s\"}", "its id is the product's"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[1024];
        (void)snprintf(data, sizeof(data), "{" BASE ",\"variants\":[%s]}", rows[i].variants);
        struct rig rig = rig_of(data);
        check_one(&rig);
        assert_int_equal(rig.items.trimmed, 1);
        check_warning(&rig, "productUrl", rows[i].words);
        rig_end(&rig);
    }
    struct rig rig = rig_of(
        "{" BASE
        ",\"variants\":[{\"id\":\"1-S\",\"url\":\"https://a.pl/s\"},{\"id\":\"1-M\",\"url\":\"https://a.pl/s\"}]}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 2);
    assert_string_equal(rig.items.warning.item, "1-M");
    rig_end(&rig);
}

static void sm_55_with_another_member_as_the_id_each_needs_its_own(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{" BASE
               ",\"reference\":\"SK\",\"variants\":[{\"id\":\"1-S\",\"reference\":\"SK-S\",\"url\":\"https://a.pl/s\"},"
               "{\"id\":\"1-M\",\"url\":\"https://a.pl/m\"},{\"id\":\"1-L\",\"reference\":\"SK\",\"url\":\"https://"
               "a.pl/l\"}]}");
    rig_map(&rig, "{\"fields\":{\"productId\":\"reference\"}}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 2);
    check_str(hb_sm_item(&rig.items, 0).id, "SK");
    check_str(hb_sm_item(&rig.items, 1).id, "SK-S");
    check_warning(&rig, "productUrl", "no id of its own");
    assert_int_equal(rig.items.trimmed, 2);
    rig_end(&rig);
}

static void sm_10_a_bad_variant_is_refused_and_the_others_go(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{" BASE
        ",\"variants\":[{\"id\":\"1-S\",\"url\":\"https://localhost/s\"},{\"id\":\"1-M\",\"url\":\"https://a.pl/m\"},"
        "{\"id\":\"1-L\",\"url\":\"https://a.pl/l\",\"price\":\"-1\"}]}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 2);
    assert_int_equal(rig.items.refused, 2);
    assert_string_equal(rig.items.refusal.item, "1-S");
    assert_string_equal(rig.items.refusal.field, "productUrl");
    check_str(hb_sm_item(&rig.items, 1).id, "1-M");
    rig_end(&rig);
}

static void variants_of_a_refused_product_go_but_none_takes_its_id(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{\"id\":\"1\",\"price\":\"1\",\"currency\":\"PLN\",\"url\":\"https://a.pl/1\",\"variants\":[{\"id\":\"1\","
        "\"name\":\"N\",\"url\":\"https://a.pl/x\"},{\"id\":\"1-S\",\"name\":\"S\",\"url\":\"https://a.pl/s\"}]}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 1);
    check_str(hb_sm_item(&rig.items, 0).id, "1-S");
    assert_int_equal(rig.items.refused, 1);
    assert_string_equal(rig.items.refusal.field, "name");
    assert_string_equal(rig.items.refusal.item, "1");
    check_warning(&rig, "productUrl", "its id is the product's");
    rig_end(&rig);
}

static void a_product_whose_own_stock_nobody_told_is_there_if_a_variant_is(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"variants\":[{\"id\":\"a\",\"stock\":{\"available\":false}},{\"id\":\"b\","
                            "\"stock\":{\"available\":true,\"quantity\":2}}]}");
    check_one(&rig);
    check_raw(&rig, 0, "available", "true");
    check_raw(&rig, 0, "quantity", "");
    rig_end(&rig);
    rig = rig_of("{" BASE ",\"variants\":[{\"id\":\"a\",\"stock\":{\"available\":false}}]}");
    check_one(&rig);
    check_raw(&rig, 0, "available", "false");
    rig_end(&rig);
}

static void the_inventory_that_is_newer_decides_for_product_and_variant(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{" BASE
        ",\"stock\":{\"available\":true,\"quantity\":9},\"variants\":[{\"id\":\"1-S\",\"url\":\"https://a.pl/s\","
        "\"stock\":{\"available\":true,\"quantity\":4}}]}");
    rig.product.inventory =
        HB_STR("{\"product_id\":\"1\",\"available\":true,\"quantity\":3,\"variants\":[{\"id\":\"1-S\",\"available\":"
               "false,\"quantity\":0}]}");
    rig.product.inventory_version = (struct hb_catalog_version){.is_known = true, .appended = {2000}};
    rig_make(&rig);
    check_raw(&rig, 0, "quantity", "3");
    check_raw(&rig, 1, "available", "false");
    check_raw(&rig, 1, "quantity", "0");
    rig.product.inventory_version.appended.ms = 500; /* older */
    rig_make(&rig);
    check_raw(&rig, 0, "quantity", "9");
    check_raw(&rig, 1, "quantity", "4");
    rig_end(&rig);
}

/* ---- turned off ---- */

static void check_off(const struct rig *rig)
{
    for (size_t i = 0; i < rig->items.count; i++) {
        check_raw(rig, i, "available", "false");
        check_raw(rig, i, "active", "false");
        check_raw(rig, i, "quantity", ""); /* an old one would look newer than what the inventory said last */
        assert_true(is_nulled(rig, i, "quantity"));
    }
}

static void sm_42_a_deleted_product_is_turned_off_with_all_its_variants(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{" BASE
        ",\"status\":\"active\",\"stock\":{\"available\":true,\"quantity\":9},\"variants\":[{\"id\":\"1-S\",\"url\":"
        "\"https://a.pl/s\",\"stock\":{\"available\":true}}]}");
    rig.product.state = HB_CATALOG_DELETED;
    rig.product.former_variants =
        HB_STR("[{\"id\":\"1-X\",\"at\":5,\"data\":{\"id\":\"1-X\",\"url\":\"https://a.pl/x\"}}]");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 3);
    check_off(&rig);
    check_str(hb_sm_item(&rig.items, 2).id, "1-X");
    rig_end(&rig);
}

static void a_variant_that_is_gone_is_turned_off_and_the_others_stay(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{" BASE ",\"stock\":{\"available\":true},\"variants\":[{\"id\":\"1-S\",\"url\":\"https://a.pl/s\"}]}");
    rig.product.former_variants = HB_STR("[{\"id\":\"1-X\",\"at\":5,\"data\":{\"id\":\"1-X\",\"name\":\"X\",\"url\":"
                                         "\"https://a.pl/x\",\"price\":\"3\"}},"
                                         "{\"id\":\"1-Y\",\"at\":6,\"data\":{\"id\":\"1-Y\"}}]");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 3); /* 1-Y had no address: it was never an item */
    check_raw(&rig, 0, "available", "true");
    check_raw(&rig, 1, "available", "true");
    check_str(hb_sm_item(&rig.items, 2).id, "1-X");
    check_raw(&rig, 2, "available", "false");
    check_raw(&rig, 2, "active", "false");
    check_raw(&rig, 2, "price", "3.00");
    assert_int_equal(rig.items.trimmed, 0);
    rig_end(&rig);
}

/* It may have been sent when it still had all it needs: what is required and gone is made up, so that it is turned off.
 */
static void what_is_deleted_is_turned_off_with_what_there_is(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{\"id\":\"1\",\"url\":\"https://a.pl/1\",\"price\":\"-5\",\"sale_price\":\"x\",\"brand\":7}");
    rig.product.state = HB_CATALOG_DELETED;
    check_one(&rig);
    check_raw(&rig, 0, "name", "\"1\"");
    check_raw(&rig, 0, "price", "0.00");
    check_off(&rig);
    rig_end(&rig);
    rig = rig_of("{\"id\":\"1\",\"name\":\"N\"}"); /* without an address it was never accepted */
    rig.product.state = HB_CATALOG_DELETED;
    rig_make(&rig);
    assert_true(rig.items.count == 0 && rig.items.refused == 0);
    rig_end(&rig);
}

static void more_variants_than_are_sent_are_refused_and_said(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(1u << 20);
    repeat(&data, "{" BASE ",\"variants\":[{\"id\":\"v\",\"url\":\"https://a.pl/v\"}", 1);
    for (int i = 0; i < HB_SM_ITEMS_MAX; i++)
        assert_int_equal(hb_buf_addf(&data, ",{\"id\":\"v%d\",\"url\":\"https://a.pl/v%d\"}", i, i), HB_OK);
    repeat(&data, "]}", 1);
    struct rig rig = rig_of(data.ptr);
    rig_make(&rig);
    assert_int_equal(rig.items.count, HB_SM_ITEMS_MAX);
    assert_int_equal(rig.items.refused, 2);
    assert_non_null(strstr(rig.items.refusal.words, "more than 999 variants"));
    rig_end(&rig);
    hb_buf_deinit(&data);
}

static void a_product_whose_items_would_take_too_much_memory_says_so(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(1u << 20);
    repeat(&data, "{" BASE ",\"description\":\"", 1);
    repeat(&data, "\xC5\xBC", 16384);
    repeat(&data, "\",\"variants\":[{\"id\":\"v\",\"url\":\"https://a.pl/v\"}", 1);
    for (int i = 0; i < 400; i++)
        assert_int_equal(hb_buf_addf(&data, ",{\"id\":\"v%d\",\"url\":\"https://a.pl/v%d\"}", i, i), HB_OK);
    repeat(&data, "]}", 1);
    struct rig rig = rig_of(data.ptr);
    rig_make(&rig);
    assert_in_range(rig.items.count, 200, 300);
    assert_int_equal(rig.items.count + rig.items.refused, 402);
    assert_non_null(strstr(rig.items.refusal.words, "MiB"));
    rig_end(&rig);
    hb_buf_deinit(&data);
}

/* All stores wait for the one whose product is made. */
static void a_product_whose_variants_would_read_all_of_it_each_says_so(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(1u << 20);
    repeat(&data, "{" BASE, 1);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(hb_buf_addf(&data, ",\"member%d\":\"", i), HB_OK);
        repeat(&data, "x", 2000);
        repeat(&data, "\"", 1);
    }
    repeat(&data, ",\"variants\":[{\"id\":\"v\",\"url\":\"https://a.pl/v\"}", 1);
    for (int i = 0; i < 400; i++)
        assert_int_equal(hb_buf_addf(&data, ",{\"id\":\"v%d\",\"url\":\"https://a.pl/v%d\"}", i, i), HB_OK);
    repeat(&data, "]}", 1);
    struct rig rig = rig_of(data.ptr);
    rig_make(&rig);
    assert_in_range(rig.items.count, 2, 100);
    assert_int_equal(rig.items.count + rig.items.refused, 402);
    assert_non_null(strstr(rig.items.refusal.words, "64 MiB had to be read"));
    rig_end(&rig);
    hb_buf_deinit(&data);
}

static void the_description_that_variants_share_is_that_of_each_and_an_own_one_stays_its_own(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"description\":\"<p>ours</p>\",\"variants\":["
                            "{\"id\":\"v1\",\"url\":\"https://a.pl/1\",\"description\":\"<b>own</b>\"},"
                            "{\"id\":\"v2\",\"url\":\"https://a.pl/2\"}]}");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 3);
    static const char *const wanted[] = {"\"ours\"", "\"own\"", "\"ours\""};
    for (size_t i = 0; i < 3; i++)
        assert_true(hb_str_eq(rig_raw(&rig, i, "description"), hb_str_c(wanted[i])));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_55_a_variant_with_its_own_id_and_address_is_an_item),
        cmocka_unit_test(sm_55_another_variant_is_folded_into_its_product_with_a_warning),
        cmocka_unit_test(sm_55_with_another_member_as_the_id_each_needs_its_own),
        cmocka_unit_test(sm_10_a_bad_variant_is_refused_and_the_others_go),
        cmocka_unit_test(variants_of_a_refused_product_go_but_none_takes_its_id),
        cmocka_unit_test(a_product_whose_own_stock_nobody_told_is_there_if_a_variant_is),
        cmocka_unit_test(the_inventory_that_is_newer_decides_for_product_and_variant),
        cmocka_unit_test(sm_42_a_deleted_product_is_turned_off_with_all_its_variants),
        cmocka_unit_test(a_variant_that_is_gone_is_turned_off_and_the_others_stay),
        cmocka_unit_test(what_is_deleted_is_turned_off_with_what_there_is),
        cmocka_unit_test(more_variants_than_are_sent_are_refused_and_said),
        cmocka_unit_test(a_product_whose_items_would_take_too_much_memory_says_so),
        cmocka_unit_test(a_product_whose_variants_would_read_all_of_it_each_says_so),
        cmocka_unit_test(the_description_that_variants_share_is_that_of_each_and_an_own_one_stays_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
