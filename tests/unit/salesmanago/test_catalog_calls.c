/* The requests as they go out, and what is read of the answers about catalogs. */
#include "salesmanago/catalog_calls.h"

#include "core/json_scan.h"
#include "unit/core/check.h"

static void sm_1_sm_3_the_key_is_a_header_and_the_body_json(void **state)
{
    (void)state;
    assert_string_equal(HB_SM_KEY_HEADER, "API-KEY");
    assert_string_equal(HB_SM_CONTENT_TYPE, "application/json");
    assert_int_equal(hb_sm_key_check(HB_STR("S7LOELpItzOXVAZzMaVEMbIJL6EH4Z45TTgK"), NULL), HB_OK);
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "\xC5\xBC", "a\x7F"};
    struct hb_error error;
    char long_key[HB_SM_API_KEY_MAX + 1];
    memset(long_key, 'k', sizeof(long_key));
    assert_int_equal(hb_sm_key_check(hb_str_n(long_key, HB_SM_API_KEY_MAX), NULL), HB_OK);
    assert_int_equal(hb_sm_key_check(hb_str_n(long_key, sizeof(long_key)), &error), HB_ERR_INVALID);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_row(hb_sm_key_check(hb_str_c(bad[i]), &error) == HB_ERR_INVALID, bad[i]);
}

static void sm_4_two_methods_only_and_paths_of_v3(void **state)
{
    (void)state;
    for (int i = 0; i < HB_SM_CALL_COUNT; i++) {
        const char *method = hb_sm_call_method((enum hb_sm_call)i);
        assert_true(strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0);
        assert_true(hb_str_has_prefix(hb_str_c(hb_sm_call_path((enum hb_sm_call)i)), HB_STR("/v3/product/")));
    }
    assert_string_equal(hb_sm_call_path(HB_SM_CALL_UPSERT), "/v3/product/upsert");
}

static struct hb_sm_item item(const char *id, const char *json)
{
    return (struct hb_sm_item){hb_str_c(id), hb_str_c(json)};
}

static void sm_30_sm_31_an_upsert_names_the_catalog_and_its_products(void **state)
{
    (void)state;
    struct hb_sm_item items[] = {item("1", "{\"productId\":\"1\"}"), item("2", "{\"productId\":\"2\"}")};
    struct hb_buf body = hb_buf_make(4096);
    assert_int_equal(hb_sm_upsert_write(HB_STR("21c2"), items, NULL, 2, &body), HB_OK);
    check_str(hb_buf_str(&body), "{\"catalogId\":\"21c2\",\"products\":[{\"productId\":\"1\"},{\"productId\":\"2\"}]}");
    hb_buf_clear(&body);
    static const uint8_t second[] = {1};
    assert_int_equal(hb_sm_upsert_write(HB_STR("21c2"), items, second, 1, &body), HB_OK);
    check_str(hb_buf_str(&body), "{\"catalogId\":\"21c2\",\"products\":[{\"productId\":\"2\"}]}");
    hb_buf_deinit(&body);
}

static void sm_31_a_hundred_products_fill_a_request(void **state)
{
    (void)state;
    struct hb_sm_item items[HB_SM_PRODUCTS_MAX];
    char ids[HB_SM_PRODUCTS_MAX][8];
    struct hb_buf body = hb_buf_make(65536);
    size_t at, bytes = hb_sm_upsert_empty_bytes(HB_STR("c\"1"));
    for (size_t i = 0; i < HB_SM_PRODUCTS_MAX; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "%zu", i);
        items[i] = item(ids[i], "{\"productId\":\"x\"}");
        bytes += hb_sm_upsert_item_bytes(&items[i]);
    }
    assert_int_equal(hb_sm_upsert_write(HB_STR("c\"1"), items, NULL, HB_SM_PRODUCTS_MAX, &body), HB_OK);
    assert_int_equal(hb_json_scan(hb_buf_str(&body), &at), HB_OK);
    assert_true(body.len <= bytes && bytes < body.len + 64); /* what it was told to take */
    hb_buf_deinit(&body);
}

static void the_same_product_twice_in_one_batch_is_sent_once_the_last(void **state)
{
    (void)state;
    struct hb_sm_item items[] = {item("1", "{\"price\":1.00}"), item("2", "{}"), item("1", "{\"price\":2.00}")};
    struct hb_buf body = hb_buf_make(4096);
    assert_int_equal(hb_sm_upsert_write(HB_STR("c"), items, NULL, 3, &body), HB_OK);
    check_str(hb_buf_str(&body), "{\"catalogId\":\"c\",\"products\":[{},{\"price\":2.00}]}");
    hb_buf_deinit(&body);
}

static void a_body_that_does_not_fit_leaves_nothing_behind(void **state)
{
    (void)state;
    struct hb_sm_item items[] = {item("1", "{\"productId\":\"1\"}")};
    struct hb_buf body = hb_buf_make(30);
    assert_int_equal(hb_sm_upsert_write(HB_STR("21c2"), items, NULL, 1, &body), HB_ERR_FULL);
    assert_int_equal(body.len, 0);
    hb_buf_deinit(&body);
}

/* ---- catalogs ---- */

static const struct hb_sm_catalog_wish good = {
    .name = HB_STR_INIT("Example.com"), .currency = HB_STR_INIT("PLN"), .location = HB_STR_INIT("examplecom")};

static void sm_22_sm_23_sm_24_a_catalog_is_created_without_an_id_and_changed_with_one(void **state)
{
    (void)state;
    struct hb_buf body = hb_buf_make(4096);
    struct hb_sm_catalog_wish wish = good;
    assert_int_equal(hb_sm_catalog_write(&wish, &body, NULL), HB_OK);
    check_str(hb_buf_str(&body), "{\"catalogName\":\"Example.com\",\"setAsDefault\":false,\"currency\":\"PLN\","
                                 "\"location\":\"examplecom\"}");
    hb_buf_clear(&body);
    wish.id = HB_STR("21c2");
    wish.is_default = true;
    wish.name_member = "name"; /* as the vendor's kits since 2023 */
    assert_int_equal(hb_sm_catalog_write(&wish, &body, NULL), HB_OK);
    check_str(hb_buf_str(&body), "{\"name\":\"Example.com\",\"catalogId\":\"21c2\",\"setAsDefault\":true,"
                                 "\"currency\":\"PLN\",\"location\":\"examplecom\"}");
    hb_buf_deinit(&body);
}

static void sm_25_sm_26_what_a_catalog_cannot_have_is_refused_with_a_sentence(void **state)
{
    (void)state;
    char long_text[258];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct hb_sm_catalog_wish bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].name = HB_STR("");
    bad[1].name = hb_str_n(long_text, 256);
    bad[2].currency = HB_STR("pln");
    bad[3].currency = HB_STR("ZZZ");
    bad[4].location = HB_STR("1shop");
    bad[5].location = HB_STR("shop.example");
    bad[6].location = hb_str_n(long_text, 256);
    bad[7].location = HB_STR("");
    bad[8].id = hb_str_n(long_text, 37);
    for (size_t i = 0; i < 9; i++) {
        struct hb_buf body = hb_buf_make(4096);
        struct hb_error error = {HB_OK, ""};
        assert_int_equal(hb_sm_catalog_write(&bad[i], &body, &error), HB_ERR_INVALID);
        assert_true(strlen(error.text) > 20 && body.len == 0);
        hb_buf_deinit(&body);
    }
    struct hb_sm_catalog_wish edge = good;
    struct hb_buf body = hb_buf_make(4096);
    edge.name = edge.location = hb_str_n(long_text, 255);
    edge.id = hb_str_n(long_text, 36);
    assert_int_equal(hb_sm_catalog_write(&edge, &body, NULL), HB_OK);
    hb_buf_deinit(&body);
}

static void sm_7_sm_8_sm_9_words_of_the_standards(void **state)
{
    (void)state;
    assert_true(hb_sm_currency_is_known(HB_STR("PLN")) && hb_sm_currency_is_known(HB_STR("USD")) &&
                hb_sm_currency_is_known(HB_STR("CZK")));
    assert_false(hb_sm_currency_is_known(HB_STR("")) || hb_sm_currency_is_known(HB_STR("EU")) ||
                 hb_sm_currency_is_known(HB_STR("LN ")) || hb_sm_currency_is_known(HB_STR("XXX")));
    static const char *const valid[] = {"pl", "en", "pt-BR", "zh-Hans-CN", "de-CH-1996"};
    static const char *const invalid[] = {"", "p", "pol", "xx", "PL", "pl_PL", "pl-", "pl--PL", "pl-toolongpart"};
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        check_row(hb_sm_language_is_valid(hb_str_c(valid[i])), valid[i]);
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        check_row(!hb_sm_language_is_valid(hb_str_c(invalid[i])), invalid[i]);
}

static void sm_28_the_id_of_a_catalog_is_read(void **state)
{
    (void)state;
    char id[HB_SM_CATALOG_ID_BYTES_MAX];
    struct hb_error error;
    assert_int_equal(hb_sm_catalog_id_read(HB_STR("{\"requestId\":\"381d\",\"catalogId\":\"21c2-3266\"}"), id, NULL),
                     HB_OK);
    assert_string_equal(id, "21c2-3266");
    static const char *const bad[] = {"", "x", "[]", "{}", "{\"catalogId\":7}", "{\"catalogId\":\"\"}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_row(hb_sm_catalog_id_read(hb_str_c(bad[i]), id, &error) == HB_ERR_INVALID, bad[i]);
}

static void sm_27_sm_29_the_list_of_catalogs_is_read_with_either_name(void **state)
{
    (void)state;
    struct hb_sm_catalogs catalogs;
    assert_int_equal(
        hb_sm_catalogs_read(HB_STR("{\"catalogs\":[{\"catalogId\":\"a\",\"catalogName\":\"A \\u017c\",\"currency\":"
                                   "\"PLN\",\"location\":\"a\",\"setAsDefault\":true},{\"name\":\"B\","
                                   "\"catalogId\":\"b\"},{\"name\":\"no id\"},7],\"limits\":{\"max\":3}}"),
                            &catalogs, NULL),
        HB_OK);
    assert_int_equal(catalogs.count, 2);
    assert_int_equal(catalogs.limit, 3);
    assert_string_equal(catalogs.list[0].name, "A \xC5\xBC");
    assert_string_equal(catalogs.list[0].currency, "PLN");
    assert_string_equal(catalogs.list[0].location, "a");
    assert_string_equal(catalogs.list[1].name, "B");
    assert_string_equal(catalogs.list[1].currency, "");
    hb_sm_catalogs_deinit(&catalogs);
    assert_int_equal(hb_sm_catalogs_read(HB_STR("{\"catalogs\":[]}"), &catalogs, NULL), HB_OK);
    assert_true(catalogs.count == 0 && catalogs.limit == -1 && !catalogs.is_cut);
    hb_sm_catalogs_deinit(&catalogs);
    struct hb_error error;
    assert_int_equal(hb_sm_catalogs_read(HB_STR("{\"catalogs\":{}}"), &catalogs, &error), HB_ERR_INVALID);
    assert_int_equal(hb_sm_catalogs_read(HB_STR("<html>"), &catalogs, &error), HB_ERR_INVALID);
}

static void of_more_catalogs_than_are_read_it_is_said(void **state)
{
    (void)state;
    struct hb_buf body = hb_buf_make(65536);
    struct hb_sm_catalogs catalogs;
    assert_int_equal(hb_buf_add(&body, HB_STR("{\"catalogs\":[{\"catalogId\":\"x\"}")), HB_OK);
    for (int i = 0; i < HB_SM_CATALOGS_MAX; i++)
        assert_int_equal(hb_buf_add(&body, HB_STR(",{\"catalogId\":\"x\"}")), HB_OK);
    assert_int_equal(hb_buf_add(&body, HB_STR("]}")), HB_OK);
    assert_int_equal(hb_sm_catalogs_read(hb_buf_str(&body), &catalogs, NULL), HB_OK);
    assert_true(catalogs.is_cut && catalogs.count == HB_SM_CATALOGS_MAX);
    hb_sm_catalogs_deinit(&catalogs);
    hb_buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_1_sm_3_the_key_is_a_header_and_the_body_json),
        cmocka_unit_test(sm_4_two_methods_only_and_paths_of_v3),
        cmocka_unit_test(sm_30_sm_31_an_upsert_names_the_catalog_and_its_products),
        cmocka_unit_test(sm_31_a_hundred_products_fill_a_request),
        cmocka_unit_test(the_same_product_twice_in_one_batch_is_sent_once_the_last),
        cmocka_unit_test(a_body_that_does_not_fit_leaves_nothing_behind),
        cmocka_unit_test(sm_22_sm_23_sm_24_a_catalog_is_created_without_an_id_and_changed_with_one),
        cmocka_unit_test(sm_25_sm_26_what_a_catalog_cannot_have_is_refused_with_a_sentence),
        cmocka_unit_test(sm_7_sm_8_sm_9_words_of_the_standards),
        cmocka_unit_test(sm_28_the_id_of_a_catalog_is_read),
        cmocka_unit_test(sm_27_sm_29_the_list_of_catalogs_is_read_with_either_name),
        cmocka_unit_test(of_more_catalogs_than_are_read_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
