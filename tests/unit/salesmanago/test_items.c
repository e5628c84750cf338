/* A product as the object that SALESmanago gets: each field by its rule. */
#include "core/text_cut.h"
#include "unit/salesmanago/items_rig.h"

static void sm_57_the_smallest_product_has_what_is_required_and_no_more(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE "}");
    rig_map(&rig,
            "{\"fields\":{\"categoryExternalId\":null,\"categories\":null,\"description\":null,\"mainImageUrl\":null,"
            "\"imageUrls\":null,\"quantity\":null,\"discountPrice\":null,\"manufacturer\":null,\"season\":null,"
            "\"color\":null,\"gender\":null}}");
    check_one(&rig);
    check_str(hb_sm_item(&rig.items, 0).json,
              "{\"productId\":\"1\",\"name\":\"Dress\",\"mainCategory\":\"Uncategorized\","
              "\"productUrl\":\"https://shop.example.com/p/1\",\"available\":true,\"active\":true,\"price\":19.90}");
    check_str(hb_sm_item(&rig.items, 0).id, "1");
    assert_int_equal(rig.items.trimmed, 0);
    rig_end(&rig);
}

static void the_whole_product_by_the_default_mapping(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{\"id\":\"1001\",\"name\":\"Sukienka letnia\",\"url\":\"https://shop.example.com/p/1001\",\"images\":["
               "\"https://cdn.example.com/1.jpg\",{\"url\":\"https://cdn.example.com/"
               "2.jpg\",\"alt\":\"x\"}],\"categories\":[{\"id\":"
               "\"12\",\"name\":\"Sukienki\"},{\"id\":\"13\",\"name\":\"Lato\"}],\"description\":\"<p>Bawe\\u0142na</"
               "p>\",\"price\":"
               "\"199.90\",\"sale_price\":\"149.90\",\"currency\":\"PLN\",\"stock\":{\"available\":true,\"quantity\":"
               "17},\"status\":"
               "\"active\",\"brand\":\"Wiosna\",\"attributes\":{\"color\":[\"red\",\"blue\"],\"season\":\"summer\","
               "\"gender\":\"Female\"}}");
    check_one(&rig);
    check_str(
        hb_sm_item(&rig.items, 0).json,
        "{\"productId\":\"1001\",\"name\":\"Sukienka "
        "letnia\",\"mainCategory\":\"Sukienki\",\"categoryExternalId\":\"12\","
        "\"categories\":[\"Lato\"],\"description\":\"Bawe\xC5\x82na\",\"productUrl\":\"https://shop.example.com/p/"
        "1001\","
        "\"mainImageUrl\":\"https://cdn.example.com/1.jpg\",\"imageUrls\":[\"https://cdn.example.com/2.jpg\"],"
        "\"available\":true,\"active\":true,\"quantity\":17,\"price\":199.90,\"discountPrice\":149.90,"
        "\"systemDetails\":{\"manufacturer\":\"Wiosna\",\"season\":\"summer\",\"color\":\"red, blue\",\"gender\":0}}");
    assert_int_equal(rig.items.trimmed, 0);
    rig_end(&rig);
}

/* ---- texts at, and one beyond, their limits ---- */

struct text_row {
    const char *field;          /* in the item */
    const char *before, *after; /* the data around the text */
    size_t limit;
};

/* The member without its quotes. */
static struct hb_str text_in(const struct rig *rig, const char *path)
{
    struct hb_str raw = rig_raw(rig, 0, path);
    return raw.len > 1 ? hb_str_n(raw.ptr + 1, raw.len - 2) : raw;
}

static void check_text(const struct text_row *row, const char *unit, size_t units_each)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct hb_buf data = hb_buf_make(1u << 20);
        repeat(&data, row->before, 1);
        repeat(&data, "x", (row->limit - units_each) % units_each); /* so that the last character ends at the limit */
        repeat(&data, unit, row->limit / units_each + extra);
        repeat(&data, row->after, 1);
        struct rig rig = rig_of(data.ptr);
        check_one(&rig);
        struct hb_str text = text_in(&rig, row->field);
        check_row(hb_text_units(text) <= row->limit && hb_text_units(text) + units_each > row->limit, row->field);
        check_row(rig.items.trimmed == extra, row->field);
        if (extra)
            check_warning(&rig, strrchr(row->field, '.') ? strrchr(row->field, '.') + 1 : row->field, "trimmed");
        rig_end(&rig);
        hb_buf_deinit(&data);
    }
}

#define REST ",\"url\":\"https://shop.example.com/p/1\",\"price\":\"1\",\"currency\":\"PLN\"}"
static const struct text_row texts[] = {
    {"name", "{\"id\":\"1\",\"name\":\"", "\"" REST, 255},
    {"mainCategory", "{" BASE ",\"categories\":[{\"id\":\"1\",\"name\":\"", "\"}]}", 255},
    {"description", "{" BASE ",\"description\":\"", "\"}", 16384},
    {"systemDetails.manufacturer", "{" BASE ",\"brand\":\"", "\"}", 100},
    {"systemDetails.season", "{" BASE ",\"attributes\":{\"season\":\"", "\"}}", 40},
    {"systemDetails.color", "{" BASE ",\"attributes\":{\"color\":\"", "\"}}", 25},
};

static void sm_33_sm_34_sm_37_sm_47_sm_48_sm_49_texts_are_trimmed_at_their_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(&texts[i], "a", 1);
}

static void a_letter_of_two_bytes_counts_one_and_is_never_cut_in_half(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(&texts[i], "\xC5\xBC", 1);
}

static void an_emoji_counts_two_units_and_is_never_cut_in_half(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_text(&texts[i], "\xF0\x9F\x91\x97", 2);
        check_text(&texts[i], "\\ud83d\\udc57", 2); /* the same, as JSON may write it */
    }
}

static void sm_35_a_category_id_that_is_too_long_is_left_out_as_it_would_be_another(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct hb_buf data = hb_buf_make(4096);
        repeat(&data, "{" BASE ",\"categories\":[{\"name\":\"A\",\"id\":\"", 1);
        repeat(&data, "7", 255 + extra);
        repeat(&data, "\"}]}", 1);
        struct rig rig = rig_of(data.ptr);
        check_one(&rig);
        assert_int_equal(rig_raw(&rig, 0, "categoryExternalId").len, extra ? 0 : 257);
        assert_int_equal(is_nulled(&rig, 0, "categoryExternalId"), extra);
        if (extra)
            check_warning(&rig, "categoryExternalId", "left out");
        rig_end(&rig);
        hb_buf_deinit(&data);
    }
}

static void sm_36_five_other_categories_of_255_at_most(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(8192);
    repeat(&data, "{" BASE ",\"categories\":[{\"id\":\"0\",\"name\":\"main\"}", 1);
    repeat(&data, ",{\"id\":\"1\",\"name\":\"", 1);
    repeat(&data, "k", 256);
    repeat(&data, "\"}", 1);
    repeat(&data, ",{\"id\":\"2\",\"name\":\"more\"}", 5);
    repeat(&data, "]}", 1);
    struct rig rig = rig_of(data.ptr);
    check_one(&rig);
    struct hb_cursor list = {HB_CURSOR_ARRAY, rig_raw(&rig, 0, "categories")}, value;
    size_t count = 0, at = 0;
    while (hb_cursor_next(list, &at, NULL, &value))
        assert_int_equal(hb_cursor_text(value).len, count++ == 0 ? 255 : 4);
    assert_int_equal(count, 5);
    assert_int_equal(rig.items.trimmed, 2);
    rig_end(&rig);
    hb_buf_deinit(&data);
}

static void sm_32_an_id_that_is_too_long_is_refused_and_never_cut(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct hb_buf data = hb_buf_make(4096);
        repeat(&data, "{\"id\":\"", 1);
        repeat(&data, "\xC5\xBC", 255 + extra);
        repeat(&data, "\",\"name\":\"N\"" REST, 1);
        struct rig rig = rig_of(data.ptr);
        if (extra)
            check_refused(&rig, "productId", "255 UTF-16 units");
        else
            check_one(&rig);
        rig_end(&rig);
        hb_buf_deinit(&data);
    }
}

static void sm_32_the_id_may_be_the_reference_or_the_ean(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"ean\":\"590\",\"reference\":\"SK-1\"}");
    rig_map(&rig, "{\"fields\":{\"productId\":\"ean\"}}");
    check_one(&rig);
    check_raw(&rig, 0, "productId", "\"590\"");
    check_str(hb_sm_item(&rig.items, 0).id, "590");
    rig_end(&rig);
    rig = rig_of("{" BASE "}");
    rig_map(&rig, "{\"fields\":{\"productId\":\"reference\"}}");
    check_refused(&rig, "productId", "is missing");
    rig_end(&rig);
}

static void sm_33_sm_38_sm_44_what_is_required_and_missing_is_refused_with_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *data, *field, *words;
    } rows[] = {
        {"{\"id\":\"1\"" REST, "name", "is missing"},
        {"{\"id\":\"1\",\"name\":null" REST, "name", "is missing"},
        {"{\"id\":\"1\",\"name\":\" \\n \"" REST, "name", "is missing"},
        {"{\"id\":\"1\",\"name\":\"N\",\"price\":\"1\",\"currency\":\"PLN\"}", "productUrl", "is missing"},
        {"{\"id\":\"1\",\"name\":\"N\",\"url\":\"https://localhost/p\",\"price\":\"1\",\"currency\":\"PLN\"}",
         "productUrl", "host"},
        {"{\"id\":\"1\",\"name\":\"N\",\"url\":\"shop/p\",\"price\":\"1\",\"currency\":\"PLN\"}", "productUrl",
         "https://"},
        {"{\"id\":\"1\",\"name\":\"N\",\"url\":\"https://shop.example.com/p\",\"currency\":\"PLN\"}", "price",
         "is missing"},
        {"{\"id\":\"1\",\"name\":\"N\",\"url\":\"https://shop.example.com/p\",\"currency\":\"PLN\",\"price\":null}",
         "price", "is missing"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig = rig_of(rows[i].data);
        check_refused(&rig, rows[i].field, rows[i].words);
        rig_end(&rig);
    }
}

static void sm_38_an_address_of_2048_passes_and_a_longer_one_is_refused(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct hb_buf data = hb_buf_make(8192);
        repeat(&data,
               "{\"id\":\"1\",\"name\":\"N\",\"price\":\"1\",\"currency\":\"PLN\",\"url\":\"https://shop.example.com/",
               1);
        repeat(&data, "a", 2048 - 25 + extra);
        repeat(&data, "\"}", 1);
        struct rig rig = rig_of(data.ptr);
        if (extra)
            check_refused(&rig, "productUrl", "2048");
        else
            check_one(&rig);
        rig_end(&rig);
        hb_buf_deinit(&data);
    }
}

static void sm_39_sm_40_images_that_are_no_addresses_are_left_out(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{" BASE ",\"images\":[\"/1.jpg\",\"https://cdn.example.com/2.jpg\",\"data:image/png\",\"\",null,"
               "{\"alt\":\"no url\"},\"https://cdn.example.com//3.jpg\"]}");
    check_one(&rig);
    check_raw(&rig, 0, "mainImageUrl", "");
    assert_true(is_nulled(&rig, 0, "mainImageUrl"));
    check_raw(&rig, 0, "imageUrls", "[\"https://cdn.example.com/2.jpg\",\"https://cdn.example.com/3.jpg\"]");
    check_warning(&rig, "mainImageUrl", "left out");
    rig_end(&rig);
    rig = rig_of("{" BASE ",\"images\":[\"https://a.pl/0\",\"https://a.pl/1\",\"https://a.pl/2\",\"https://a.pl/3\","
                 "\"https://a.pl/4\",\"https://a.pl/5\",\"https://a.pl/6\"]}");
    check_one(&rig);
    check_raw(&rig, 0, "imageUrls",
              "[\"https://a.pl/1\",\"https://a.pl/2\",\"https://a.pl/3\",\"https://a.pl/4\",\"https://a.pl/5\"]");
    check_warning(&rig, "imageUrls", "more than 5");
    rig_end(&rig);
}

static void sm_37_a_description_of_html_is_sent_as_its_text(void **state)
{
    (void)state;
    struct rig rig =
        rig_of("{" BASE ",\"description\":\"<style>p{}</style><p>Sukienka &amp; pasek</p>\\n<ul><li>Rozmiar&nbsp;S"
               "</li></ul><script>alert(1)</script>\"}");
    check_one(&rig);
    check_raw(&rig, 0, "description", "\"Sukienka & pasek Rozmiar S\"");
    rig_end(&rig);
    rig = rig_of("{" BASE ",\"description\":\"<p> </p><br>\"}");
    check_one(&rig);
    assert_true(is_nulled(&rig, 0, "description"));
    rig_end(&rig);
}

static void sm_33_a_name_keeps_its_letters_and_loses_control_characters(void **state)
{
    (void)state;
    struct rig rig = rig_of("{\"id\":\"1\",\"name\":\" \\u017b\\u00f3\\u0142ta <M&M's> \\\"5\\\\6\\\"\\n\\u0000\\ttu "
                            "\\ud83d\\udc57\"" REST);
    check_one(&rig);
    check_raw(&rig, 0, "name", "\"\xC5\xBB\xC3\xB3\xC5\x82ta <M&M's> \\\"5\\\\6\\\"   tu \xF0\x9F\x91\x97\"");
    rig_end(&rig);
}

/* ---- numbers, truth values, words ---- */

static void sm_41_sm_42_available_is_the_stock_and_active_the_status(void **state)
{
    (void)state;
    static const struct {
        const char *more, *available, *active, *quantity;
    } rows[] = {
        {"", "true", "true", ""},
        {",\"stock\":{\"available\":true,\"quantity\":17}", "true", "true", "17"},
        {",\"stock\":{\"available\":false,\"quantity\":0}", "false", "true", "0"},
        {",\"stock\":{\"available\":true,\"quantity\":null}", "true", "true", ""},
        {",\"stock\":{\"available\":false,\"quantity\":-3}", "false", "true", "-3"},
        {",\"status\":\"active\",\"stock\":{\"available\":true}", "true", "true", ""},
        {",\"status\":\"draft\",\"stock\":{\"available\":true}", "true", "false", ""},
        {",\"status\":\"archived\"", "false", "false", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[512];
        (void)snprintf(data, sizeof(data), "{" BASE "%s}", rows[i].more);
        struct rig rig = rig_of(data);
        check_one(&rig);
        check_raw(&rig, 0, "available", rows[i].available);
        check_raw(&rig, 0, "active", rows[i].active);
        check_raw(&rig, 0, "quantity", rows[i].quantity);
        assert_int_equal(is_nulled(&rig, 0, "quantity"), rows[i].quantity[0] == '\0');
        rig_end(&rig);
    }
}

static void sm_43_a_quantity_beyond_32_bits_is_left_out(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"stock\":{\"available\":true,\"quantity\":2147483648}}");
    check_one(&rig);
    check_raw(&rig, 0, "quantity", "");
    check_warning(&rig, "quantity", "32 bits");
    assert_true(is_nulled(&rig, 0, "quantity"));
    rig_end(&rig);
}

static void sm_50_sm_51_sm_52_numbers_and_truth_values_out_of_attributes(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"attributes\":{\"rank\":\"40\",\"best\":true,\"new\":\"nie\"}}");
    rig_map(&rig, "{\"fields\":{\"popularity\":\"attributes.rank\",\"bestseller\":\"attributes.best\",\"newProduct\":"
                  "\"attributes.new\"}}");
    check_one(&rig);
    check_raw(&rig, 0, "systemDetails.popularity", "40");
    check_raw(&rig, 0, "systemDetails.bestseller", "true");
    check_raw(&rig, 0, "systemDetails.newProduct", "false");
    rig_end(&rig);
    static const char *const bad[] = {"\"1.5\"", "\"many\"", "\"007\"", "\"99999999999\"", "\"1e3\"", "[]",
                                      "{}",      "\"-\"",    "\"\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char data[512];
        (void)snprintf(data, sizeof(data), "{" BASE ",\"attributes\":{\"rank\":%s,\"best\":\"perhaps\"}}", bad[i]);
        rig = rig_of(data);
        rig_map(&rig, "{\"fields\":{\"popularity\":\"attributes.rank\",\"bestseller\":\"attributes.best\"}}");
        check_one(&rig);
        check_raw(&rig, 0, "systemDetails.popularity", "");
        assert_true(is_nulled(&rig, 0, "popularity") && is_nulled(&rig, 0, "bestseller"));
        assert_false(is_nulled(&rig, 0, "newProduct")); /* not mapped: not ours */
        rig_end(&rig);
    }
}

static void sm_53_gender_is_a_number_of_the_list_and_never_3(void **state)
{
    (void)state;
    static const struct {
        const char *word, *number;
    } rows[] = {{"\"female\"", "0"},     {"\"MALE\"", "1"},   {"\"other\"", "2"},    {"\"unisex\"", "4"},
                {"\"Damskie\"", "0"},    {"\"robot\"", "-1"}, {"\"\"", "-1"},        {"null", "-1"},
                {"\"undefined\"", "-1"}, {"\"3\"", "-1"},     {"[\"female\"]", "0"}, {"true", "-1"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[512];
        (void)snprintf(data, sizeof(data), "{" BASE ",\"attributes\":{\"gender\":%s}}", rows[i].word);
        struct rig rig = rig_of(data);
        check_one(&rig);
        check_raw(&rig, 0, "systemDetails.gender", rows[i].number);
        assert_false(is_nulled(&rig, 0, "gender"));
        rig_end(&rig);
    }
}

static void sm_46_sm_54_five_details_with_names_of_ones_own(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(4096);
    repeat(&data, "{" BASE ",\"ean\":\"590\",\"attributes\":{\"fabric\":\"", 1);
    repeat(&data, "\xC5\xBC", 256);
    repeat(&data, "\",\"sizes\":[\"S\",\"M\"],\"wash\":true}}", 1);
    struct rig rig = rig_of(data.ptr);
    rig_map(&rig, "{\"details\":{\"detail1\":\"attributes.fabric\",\"detail2\":\"attributes.sizes\",\"pranie\":"
                  "\"attributes.wash\","
                  "\"detail4\":\"ean\",\"detail5\":\"reference\"}}");
    check_one(&rig);
    assert_int_equal(hb_text_units(text_in(&rig, "customDetails.detail1")), 255);
    check_raw(&rig, 0, "customDetails.detail2", "\"S, M\"");
    check_raw(&rig, 0, "customDetails.pranie", "\"true\"");
    check_raw(&rig, 0, "customDetails.detail5", "");
    assert_true(is_nulled(&rig, 0, "detail5") && !is_nulled(&rig, 0, "detail4"));
    check_warning(&rig, "customDetails", "trimmed");
    rig_end(&rig);
    hb_buf_deinit(&data);
}

static void sm_58_brand_is_sent_where_the_mapping_says_and_unit_price_never(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"brand\":\"Wiosna\"}");
    check_one(&rig);
    check_raw(&rig, 0, "brand", "");
    check_raw(&rig, 0, "unitPrice", "");
    rig_map(&rig, "{\"fields\":{\"brand\":\"brand\"}}");
    check_one(&rig);
    check_raw(&rig, 0, "brand", "\"Wiosna\"");
    rig_map(&rig, "{\"fields\":{\"brand\":\"brand\"},\"brand_in\":\"systemDetails\"}");
    check_one(&rig);
    check_raw(&rig, 0, "brand", "");
    check_raw(&rig, 0, "systemDetails.brand", "\"Wiosna\"");
    rig_end(&rig);
}

static void a_path_to_a_list_means_all_of_it(void **state)
{
    (void)state;
    struct rig rig = rig_of(
        "{" BASE ",\"categories\":[{\"id\":\"1\",\"name\":\"A\"},{\"id\":\"2\"},7,{\"id\":\"3\",\"name\":\"C\"}],"
        "\"images\":[\"https://a.pl/1\",[\"https://a.pl/no\"],{\"url\":\"https://a.pl/2\"}]}");
    rig_map(&rig, "{\"fields\":{\"categories\":\"categories.name\",\"imageUrls\":\"images\",\"season\":\"name[0]\","
                  "\"color\":\"id.x\"}}");
    check_one(&rig);
    check_raw(&rig, 0, "categories", "[\"A\",\"C\"]");
    check_raw(&rig, 0, "imageUrls", "[\"https://a.pl/1\",\"https://a.pl/2\"]");
    assert_true(is_nulled(&rig, 0, "season") && is_nulled(&rig, 0, "color")); /* a text is no list and has no members */
    rig_end(&rig);
}

/* ---- what is empty ---- */

static void what_is_optional_mapped_and_empty_is_set_to_null(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"sale_price\":null,\"description\":\"\",\"attributes\":{\"color\":[]}}");
    check_one(&rig);
    check_raw(&rig, 0, "setAsNull",
              "[\"categoryExternalId\",\"categories\",\"description\",\"mainImageUrl\",\"imageUrls\",\"quantity\","
              "\"discountPrice\",\"manufacturer\",\"season\",\"color\"]");
    check_raw(&rig, 0, "systemDetails", "{\"gender\":-1}");
    rig_end(&rig);
}

static void a_cleared_discount_is_set_to_null(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE ",\"sale_price\":\"10\"}");
    check_one(&rig);
    check_raw(&rig, 0, "discountPrice", "10.00");
    assert_false(is_nulled(&rig, 0, "discountPrice"));
    rig_end(&rig);
    rig = rig_of("{" BASE ",\"sale_price\":null}");
    check_one(&rig);
    assert_true(is_nulled(&rig, 0, "discountPrice"));
    rig_end(&rig);
}

static void sm_18_what_was_refused_with_17_is_not_set_to_null_again(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE "}");
    rig_map(&rig, "{\"details\":{\"detail1\":\"ean\"}}");
    rig.settings.kept = hb_sm_mapping_null_bit(rig.mapping, HB_STR("discountPrice")) |
                        hb_sm_mapping_null_bit(rig.mapping, HB_STR("detail1"));
    check_one(&rig);
    assert_false(is_nulled(&rig, 0, "discountPrice") || is_nulled(&rig, 0, "detail1"));
    assert_true(is_nulled(&rig, 0, "description"));
    rig_end(&rig);
}

/* ---- languages ---- */

static void sm_8_sm_9_texts_come_out_of_the_translation_that_fits_best(void **state)
{
    (void)state;
    static const char data[] =
        "{" BASE ",\"description\":\"dl\",\"attributes\":{\"season\":\"lato\",\"color\":\"red\"},\"translations\":{"
        "\"pt-BR\":{\"name\":\"Vestido\"},\"cs\":{\"name\":\"Cesky\"},\"cs-CZ\":{\"name\":\"Cesky "
        "CZ\"},\"en\":{\"name\":\"Dress EN\",\"url\":\"https://shop.example.com/en/1\","
        "\"attributes\":{\"season\":\"summer\"}},\"de-AT\":{\"name\":\"Kleid\",\"description\":\"\"}}}";
    static const struct {
        const char *language, *name;
    } rows[] = {{"", "Dress"},   {"en", "Dress EN"}, {"EN-gb", "Dress EN"}, {"pt", "Vestido"}, {"de-AT", "Kleid"},
                {"fr", "Dress"}, {"cs", "Cesky"},    {"cs-CZ", "Cesky CZ"}, {"cs-SK", "Cesky"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig = rig_of(data);
        rig.settings.language = hb_str_c(rows[i].language);
        check_one(&rig);
        check_str(text_in(&rig, "name"), rows[i].name);
        check_raw(&rig, 0, "description", "\"dl\""); /* an empty one is none: the product's own */
        bool is_english = (rows[i].language[0] | 0x20) == 'e';
        check_raw(&rig, 0, "productUrl",
                  is_english ? "\"https://shop.example.com/en/1\"" : "\"https://shop.example.com/p/1\"");
        check_raw(&rig, 0, "systemDetails.season", is_english ? "\"summer\"" : "\"lato\"");
        check_raw(&rig, 0, "systemDetails.color", "\"red\"");
        rig_end(&rig);
    }
}

static void an_object_with_very_many_members_is_read_all_the_same(void **state)
{
    (void)state;
    struct hb_buf data = hb_buf_make(65536);
    repeat(&data, "{", 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(hb_buf_addf(&data, "\"own%d\":\"x\",", i), HB_OK);
    repeat(&data, BASE ",\"own77\":\"last\"}", 1);
    struct rig rig = rig_of(data.ptr);
    rig_map(&rig, "{\"details\":{\"a\":\"own77\",\"b\":\"own99\"},\"own_members\":[\"own77\",\"own99\"]}");
    check_one(&rig);
    check_raw(&rig, 0, "customDetails.a", "\"last\""); /* of members with the same name the last counts */
    check_raw(&rig, 0, "customDetails.b", "\"x\"");
    rig_end(&rig);
    hb_buf_deinit(&data);
}

static void what_nobody_has_told_about_is_no_item(void **state)
{
    (void)state;
    struct rig rig = rig_of("{" BASE "}");
    rig.product.state = HB_CATALOG_PARTIAL;
    rig_make(&rig);
    assert_true(rig.items.count == 0 && rig.items.refused == 0);
    rig.product.state = HB_CATALOG_DELETED;
    rig.product.data = hb_str_n(NULL, 0);
    rig_make(&rig);
    assert_true(rig.items.count == 0 && rig.items.refused == 0);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_57_the_smallest_product_has_what_is_required_and_no_more),
        cmocka_unit_test(the_whole_product_by_the_default_mapping),
        cmocka_unit_test(sm_33_sm_34_sm_37_sm_47_sm_48_sm_49_texts_are_trimmed_at_their_limits),
        cmocka_unit_test(a_letter_of_two_bytes_counts_one_and_is_never_cut_in_half),
        cmocka_unit_test(an_emoji_counts_two_units_and_is_never_cut_in_half),
        cmocka_unit_test(sm_35_a_category_id_that_is_too_long_is_left_out_as_it_would_be_another),
        cmocka_unit_test(sm_36_five_other_categories_of_255_at_most),
        cmocka_unit_test(sm_32_an_id_that_is_too_long_is_refused_and_never_cut),
        cmocka_unit_test(sm_32_the_id_may_be_the_reference_or_the_ean),
        cmocka_unit_test(sm_33_sm_38_sm_44_what_is_required_and_missing_is_refused_with_its_name),
        cmocka_unit_test(sm_38_an_address_of_2048_passes_and_a_longer_one_is_refused),
        cmocka_unit_test(sm_39_sm_40_images_that_are_no_addresses_are_left_out),
        cmocka_unit_test(sm_37_a_description_of_html_is_sent_as_its_text),
        cmocka_unit_test(sm_33_a_name_keeps_its_letters_and_loses_control_characters),
        cmocka_unit_test(sm_41_sm_42_available_is_the_stock_and_active_the_status),
        cmocka_unit_test(sm_43_a_quantity_beyond_32_bits_is_left_out),
        cmocka_unit_test(sm_50_sm_51_sm_52_numbers_and_truth_values_out_of_attributes),
        cmocka_unit_test(sm_53_gender_is_a_number_of_the_list_and_never_3),
        cmocka_unit_test(sm_46_sm_54_five_details_with_names_of_ones_own),
        cmocka_unit_test(sm_58_brand_is_sent_where_the_mapping_says_and_unit_price_never),
        cmocka_unit_test(a_path_to_a_list_means_all_of_it),
        cmocka_unit_test(what_is_optional_mapped_and_empty_is_set_to_null),
        cmocka_unit_test(a_cleared_discount_is_set_to_null),
        cmocka_unit_test(sm_18_what_was_refused_with_17_is_not_set_to_null_again),
        cmocka_unit_test(sm_8_sm_9_texts_come_out_of_the_translation_that_fits_best),
        cmocka_unit_test(an_object_with_very_many_members_is_read_all_the_same),
        cmocka_unit_test(what_nobody_has_told_about_is_no_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
