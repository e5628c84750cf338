/* Money: exact, in the catalog's currency or not at all. */
#include "unit/salesmanago/items_rig.h"

#define PRODUCT(more) "{\"id\":\"1\",\"name\":\"N\",\"url\":\"https://shop.example.com/p/1\"," more "}"

static void sm_44_prices_go_out_as_exact_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *price, *sent;
    } rows[] = {
        {"\"0\"", "0.00"},
        {"\"0.005\"", "0.01"},
        {"\"0.004\"", "0.00"},
        {"\"19.90\"", "19.90"},
        {"\"19.9\"", "19.90"},
        {"\"79.99\"", "79.99"},
        {"\"12.5\"", "12.50"},
        {"\"1.005\"", "1.01"},
        {"\"9999999999999999999.99\"", "9999999999999999999.99"},
        {"19.90", "19.90"}, /* a JSON number is a decimal too: it is never read as a double */
        {"9007199254740993", "9007199254740993.00"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[512];
        (void)snprintf(data, sizeof(data), PRODUCT("\"currency\":\"PLN\",\"price\":%s,\"sale_price\":%s"),
                       rows[i].price, rows[i].price);
        struct rig rig = rig_of(data);
        check_one(&rig);
        check_raw(&rig, 0, "price", rows[i].sent);
        check_raw(&rig, 0, "discountPrice", rows[i].sent);
        rig_end(&rig);
    }
}

static void sm_44_sm_45_what_is_no_price_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *price, *words;
    } rows[] = {
        {"\"-1\"", "is negative"},
        {"\"-0.01\"", "is negative"},
        {"-5", "is negative"},
        {"\"10000000000000000000\"", "19 digits"},
        {"\"9999999999999999999.995\"", "19 digits"},
        {"\"12,50\"", "no decimal number"},
        {"\"free\"", "no decimal number"},
        {"\"\"", "no decimal number"},
        {"1e2", "no decimal number"},
        {"true", "no decimal number"},
        {"{}", "no decimal number"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[512];
        (void)snprintf(data, sizeof(data), PRODUCT("\"currency\":\"PLN\",\"price\":%s"), rows[i].price);
        struct rig rig = rig_of(data);
        check_refused(&rig, "price", rows[i].words);
        rig_end(&rig);
        (void)snprintf(data, sizeof(data), PRODUCT("\"currency\":\"PLN\",\"price\":\"1\",\"sale_price\":%s"),
                       rows[i].price);
        rig = rig_of(data);
        check_refused(&rig, "discountPrice", rows[i].words);
        rig_end(&rig);
    }
}

static void sm_7_sm_25_prices_are_those_of_the_catalogs_currency(void **state)
{
    (void)state;
    static const char data[] = PRODUCT(
        "\"currency\":\"PLN\",\"price\":\"199.90\",\"sale_price\":\"149.90\",\"prices\":{\"EUR\":{\"price\":\"46.90\"},"
        "\"CZK\":{\"price\":\"1100\",\"sale_price\":\"990\"},\"USD\":{\"sale_price\":\"1\"}}");
    struct rig rig = rig_of(data);
    check_one(&rig);
    check_raw(&rig, 0, "price", "199.90");
    rig.settings.currency = HB_STR("EUR");
    check_one(&rig);
    check_raw(&rig, 0, "price", "46.90");
    check_raw(&rig, 0, "discountPrice", ""); /* 149.90 zloty are no discount in euro */
    assert_true(is_nulled(&rig, 0, "discountPrice"));
    rig.settings.currency = HB_STR("CZK");
    check_one(&rig);
    check_raw(&rig, 0, "discountPrice", "990.00");
    rig.settings.currency = HB_STR("USD");
    check_refused(&rig, "price", "none in USD: the product's currency is PLN, and it has no prices.USD");
    rig.settings.currency = HB_STR("GBP");
    check_refused(&rig, "price", "has no prices.GBP");
    rig_end(&rig);
}

static void a_product_that_says_no_currency_is_not_guessed_at(void **state)
{
    (void)state;
    struct rig rig = rig_of(PRODUCT("\"price\":\"1\""));
    check_refused(&rig, "price", "the product's currency is unknown");
    rig_end(&rig);
    rig = rig_of(PRODUCT("\"prices\":{\"PLN\":{\"price\":\"5\"}}"));
    check_one(&rig);
    check_raw(&rig, 0, "price", "5.00");
    rig_end(&rig);
    rig = rig_of(PRODUCT("\"price\":\"7\"")); /* a connector without a currency takes what comes */
    rig.settings.currency = HB_STR("");
    check_one(&rig);
    check_raw(&rig, 0, "price", "7.00");
    rig_end(&rig);
}

#define VARIANT(more) "\"variants\":[{\"id\":\"1-S\",\"url\":\"https://shop.example.com/p/1/s\"" more "}]"

static void check_variant(const char *data, const char *currency, const char *price, const char *discount)
{
    struct rig rig = rig_of(data);
    rig.settings.currency = hb_str_c(currency);
    rig_make(&rig);
    assert_int_equal(rig.items.count, 2);
    check_raw(&rig, 1, "price", price);
    check_raw(&rig, 1, "discountPrice", discount);
    rig_end(&rig);
}

static void a_variants_own_price_never_stands_beside_its_products_discount(void **state)
{
    (void)state;
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"sale_price\":\"15\"," VARIANT("")), "PLN", "20.00",
                  "15.00");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"sale_price\":\"15\"," VARIANT(",\"price\":\"30\"")),
                  "PLN", "30.00", "");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"sale_price\":\"15\"," VARIANT(
                      ",\"price\":\"30\",\"sale_price\":\"25\"")),
                  "PLN", "30.00", "25.00");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\"," VARIANT(",\"sale_price\":\"18\"")), "PLN", "20.00",
                  "18.00");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\"," VARIANT(",\"price\":null,\"sale_price\":null")),
                  "PLN", "20.00", "");
}

static void a_variant_that_costs_something_else_needs_prices_of_its_own_in_another_currency(void **state)
{
    (void)state;
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"prices\":{\"EUR\":{\"price\":\"5\"}}," VARIANT("")),
                  "EUR", "5.00", "");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"prices\":{\"EUR\":{\"price\":\"5\"}}," VARIANT(
                      ",\"price\":\"20.00\"")),
                  "EUR", "5.00", "");
    check_variant(PRODUCT("\"currency\":\"PLN\",\"price\":\"20\",\"prices\":{\"EUR\":{\"price\":\"5\"}}," VARIANT(
                      ",\"price\":\"30\",\"prices\":{\"EUR\":{\"price\":\"7\"}}")),
                  "EUR", "7.00", "");
    struct rig rig = rig_of(PRODUCT(
        "\"currency\":\"PLN\",\"price\":\"20\",\"prices\":{\"EUR\":{\"price\":\"5\"}}," VARIANT(",\"price\":\"30\"")));
    rig.settings.currency = HB_STR("EUR");
    rig_make(&rig);
    assert_int_equal(rig.items.count, 1); /* the product itself goes all the same */
    assert_int_equal(rig.items.refused, 1);
    assert_string_equal(rig.items.refusal.item, "1-S");
    assert_string_equal(rig.items.refusal.field, "price");
    assert_non_null(strstr(rig.items.refusal.words, "prices.EUR"));
    rig_end(&rig);
}

/* Any amount of the schema: what is sent is a number of at most 19 and 2 digits that differs by half a cent at most. */
static void any_money_of_the_schema_is_sent_within_half_a_cent(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int i = 0; i < 3000; i++) {
        char data[512];
        uint64_t millionths = ((uint64_t)next_random(&seed) << 20 ^ next_random(&seed)) % 1000000000000000ull;
        (void)snprintf(data, sizeof(data), PRODUCT("\"currency\":\"PLN\",\"price\":\"%llu.%06llu\""),
                       (unsigned long long)(millionths / 1000000), (unsigned long long)(millionths % 1000000));
        struct rig rig = rig_of(data);
        check_one(&rig);
        struct hb_str sent = rig_raw(&rig, 0, "price"), whole;
        assert_true(hb_str_split(&sent, '.', &whole));
        uint64_t units, cents;
        assert_true(hb_str_to_u64(whole, &units) && hb_str_to_u64(sent, &cents) && sent.len == 2);
        int64_t difference = (int64_t)((units * 100 + cents) * 10000) - (int64_t)millionths;
        assert_in_range(difference + 5000, 1, 10000);
        rig_end(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_44_prices_go_out_as_exact_decimals),
        cmocka_unit_test(sm_44_sm_45_what_is_no_price_is_refused),
        cmocka_unit_test(sm_7_sm_25_prices_are_those_of_the_catalogs_currency),
        cmocka_unit_test(a_product_that_says_no_currency_is_not_guessed_at),
        cmocka_unit_test(a_variants_own_price_never_stands_beside_its_products_discount),
        cmocka_unit_test(a_variant_that_costs_something_else_needs_prices_of_its_own_in_another_currency),
        cmocka_unit_test(any_money_of_the_schema_is_sent_within_half_a_cent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
