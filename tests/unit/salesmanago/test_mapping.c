/* The default mapping, an operator's over it, and what is said of a bad one. */
#include "salesmanago/mapping.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "unit/core/check.h"

static struct hb_sm_mapping *mapping_of(const char *text)
{
    struct hb_sm_mapping *mapping = NULL;
    struct hb_error error = {HB_OK, ""};
    if (hb_sm_mapping_read(hb_str_c(text), &mapping, &error) != HB_OK)
        print_error("%s\n", error.text);
    assert_non_null(mapping);
    return mapping;
}

/* The text of a member of what is written: "fields.name". */
static void check_written(const struct hb_sm_mapping *mapping, const char *object, const char *member,
                          const char *wanted)
{
    struct hb_buf text = hb_buf_make(65536);
    size_t at;
    assert_int_equal(hb_sm_mapping_write(mapping, &text), HB_OK);
    assert_int_equal(hb_json_scan(hb_buf_str(&text), &at), HB_OK);
    struct hb_cursor found = hb_cursor_root(hb_buf_str(&text));
    if (object)
        found = hb_cursor_member(found, hb_str_c(object));
    check_str(hb_cursor_member(found, hb_str_c(member)).raw, wanted);
    hb_buf_deinit(&text);
}

static void the_default_is_data_and_reads_as_an_operators_would(void **state)
{
    (void)state;
    struct hb_sm_mapping *given = mapping_of(""), *again = NULL;
    assert_int_equal(hb_sm_mapping_read(hb_sm_mapping_default(), &again, NULL), HB_OK);
    check_written(given, "fields", "mainCategory", "\"categories[0].name\"");
    check_written(given, "fields", "brand", "null"); /* SM-58: only where the operator wants it */
    check_written(given, NULL, "main_category", "\"Uncategorized\"");
    struct hb_buf one = hb_buf_make(65536), two = hb_buf_make(65536);
    assert_int_equal(hb_sm_mapping_write(given, &one), HB_OK);
    assert_int_equal(hb_sm_mapping_write(again, &two), HB_OK);
    check_str(hb_buf_str(&one), two.ptr);
    hb_sm_mapping_free(&again);
    assert_int_equal(hb_sm_mapping_read(hb_buf_str(&one), &again, NULL), HB_OK); /* what is shown can be sent back */
    hb_buf_clear(&two);
    assert_int_equal(hb_sm_mapping_write(again, &two), HB_OK);
    check_str(hb_buf_str(&one), two.ptr);
    hb_sm_mapping_free(&given);
    hb_sm_mapping_free(&again);
    hb_buf_deinit(&one);
    hb_buf_deinit(&two);
}

static void an_operators_members_are_laid_over_the_default(void **state)
{
    (void)state;
    struct hb_sm_mapping *mapping = mapping_of(
        "{\"fields\":{\"season\":null,\"systemDetails.color\":\"attributes[\\\"kolor "
        "g\\u0142\\u00f3wny\\\"]\",\"brand\":\"brand\"},"
        "\"details\":{\"fabric\":\"attributes.fabric\",\"detail2\":\"erp.group\"},\"own_members\":[\"erp\"],"
        "\"genders\":{\"Female\":4,\"dla niej\":0},\"main_category\":\" Inne \",\"brand_in\":\"systemDetails\","
        "\"catalog_name_as\":\"name\"}");
    check_written(mapping, "fields", "season", "null");
    check_written(mapping, "fields", "name", "\"name\"");
    check_written(mapping, "fields", "color", "\"attributes[\\\"kolor g\xC5\x82\xC3\xB3wny\\\"]\"");
    check_written(mapping, "details", "detail2", "\"erp.group\"");
    check_written(mapping, "genders", "Female", "4"); /* in place of "female" */
    check_written(mapping, "genders", "female", "");
    check_written(mapping, "genders", "unisex", "4");
    check_written(mapping, NULL, "main_category", "\"Inne\"");
    assert_string_equal(hb_sm_mapping_catalog_name(mapping), "name");
    hb_sm_mapping_free(&mapping);
}

static void a_bad_mapping_is_refused_with_its_place_and_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *allowed;
    } rows[] = {
        {"[]", "the mapping", "must be an object"},
        {"{", "the mapping", "not JSON, at byte 1"},
        {"{\"field\":{}}", "field", "there are fields, details"},
        {"{\"fields\":[]}", "fields", "must be an object"},
        {"{\"fields\":{\"sizes\":\"attributes.size\"}}", "fields.sizes", "there are productId, name"},
        {"{\"fields\":{\"season\":5}}", "fields.season", "or null: not sent"},
        {"{\"fields\":{\"season\":\"\"}}", "fields.season", "member.member"},
        {"{\"fields\":{\"season\":\"attributes..x\"}}", "fields.season", "\"attributes..x\" is no path"},
        {"{\"fields\":{\"season\":\"attributes[x]\"}}", "fields.season", "member[0]"},
        {"{\"fields\":{\"season\":\"attributes[0\"}}", "fields.season", "is no path"},
        {"{\"fields\":{\"season\":\"attributes[0]x\"}}", "fields.season", "is no path"},
        {"{\"fields\":{\"season\":\"attributes[99999]\"}}", "fields.season", "is no path"},
        {"{\"fields\":{\"season\":\"a.b.c.d.e.f.g.h.i\"}}", "fields.season", "at most 8 steps"},
        {"{\"fields\":{\"season\":\"atributes.season\"}}", "fields.season", "no member \"atributes\""},
        {"{\"fields\":{\"name\":null}}", "fields.name", "cannot be null"},
        {"{\"fields\":{\"productId\":\"name\"}}", "fields.productId", "id, reference or ean"},
        {"{\"fields\":{\"price\":\"price\"}}", "fields.price", "the catalog's currency"},
        {"{\"fields\":{\"available\":\"stock.available\"}}", "fields.available", "is not mapped"},
        {"{\"fields\":{\"discountPrice\":\"prices.EUR.price\"}}", "fields.discountPrice", "must be sale_price"},
        {"{\"fields\":{\"quantity\":\"attributes.pieces\"}}", "fields.quantity", "must be stock.quantity"},
        {"{\"fields\":{\"customDetails\":\"attributes\"}}", "fields.customDetails", "detail1"},
        {"{\"fields\":{\"catalogId\":\"id\"}}", "fields.catalogId", "is no field"},
        {"{\"details\":{\"season\":\"attributes.x\"}}", "details.season", "the name of another field"},
        {"{\"details\":{\"\":\"attributes.x\"}}", "details", "needs a name"},
        {"{\"details\":{\"a\":\"ean\",\"a\":\"ean\"}}", "details.a", "is there twice"},
        {"{\"details\":{\"a\":\"ean\",\"b\":\"ean\",\"c\":\"ean\",\"d\":\"ean\",\"e\":\"ean\",\"f\":\"ean\"}}",
         "details.f", "takes 5 details"},
        {"{\"genders\":{\"lady\":3}}", "genders.lady", "0 (female)"},
        {"{\"genders\":{\"lady\":\"0\"}}", "genders.lady", "-1 (undefined)"},
        {"{\"genders\":{\"\":0}}", "genders", "is no word"},
        {"{\"main_category\":\"  \"}", "main_category", "1 to 255"},
        {"{\"brand_in\":\"details\"}", "brand_in", "\"product\" or \"systemDetails\""},
        {"{\"catalog_name_as\":true}", "catalog_name_as", "\"catalogName\" or \"name\""},
        {"{\"own_members\":\"erp\"}", "own_members", "must be a list"},
        {"{\"own_members\":[7]}", "own_members", "names of members"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_sm_mapping *mapping = NULL;
        struct hb_error error = {HB_OK, ""};
        check_row(hb_sm_mapping_read(hb_str_c(rows[i].text), &mapping, &error) == HB_ERR_INVALID, rows[i].text);
        assert_null(mapping);
        if (!hb_str_has_prefix(hb_str_c(error.text), hb_str_c(rows[i].place)) || !strstr(error.text, rows[i].allowed))
            print_error("%s: %s\n", rows[i].text, error.text);
        assert_true(hb_str_has_prefix(hb_str_c(error.text), hb_str_c(rows[i].place)));
        assert_non_null(strstr(error.text, rows[i].allowed));
    }
}

static void a_mapping_beyond_32_kib_is_not_read(void **state)
{
    (void)state;
    struct hb_sm_mapping *mapping = NULL;
    struct hb_error error;
    struct hb_buf text = hb_buf_make(1u << 17);
    while (text.len <= HB_SM_MAPPING_BYTES_MAX)
        assert_int_equal(hb_buf_add(&text, HB_STR("                ")), HB_OK);
    assert_int_equal(hb_sm_mapping_read(hb_buf_str(&text), &mapping, &error), HB_ERR_TOO_LARGE);
    hb_buf_deinit(&text);
}

static void only_what_is_optional_and_mapped_has_a_bit(void **state)
{
    (void)state;
    struct hb_sm_mapping *mapping = mapping_of("{\"details\":{\"detail1\":\"ean\",\"x\":\"ean\"}}");
    static const char *const with[] = {"discountPrice", "description", "season", "systemDetails.season", "imageUrls",
                                       "quantity",      "detail1",     "x",      "customDetails.x"};
    static const char *const without[] = {"name",       "price",     "available", "active",   "gender", "brand",
                                          "popularity", "catalogId", "detail2",   "nonsense", ""};
    uint32_t seen = 0;
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        uint32_t bit = hb_sm_mapping_null_bit(mapping, hb_str_c(with[i]));
        check_row(bit != 0 && (bit & (bit - 1)) == 0, with[i]);
        check_row(i == 3 || i == 8 || !(seen & bit), with[i]); /* the two dotted ones are repeats */
        seen |= bit;
    }
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        check_row(hb_sm_mapping_null_bit(mapping, hb_str_c(without[i])) == 0, without[i]);
    hb_sm_mapping_free(&mapping);
}

/* The table itself: what the documents promise of it. */
static void every_limit_has_its_source_and_the_smaller_of_two_holds(void **state)
{
    (void)state;
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++) {
        const struct hb_sm_limit *limit = hb_sm_limit((enum hb_sm_field)i);
        assert_true(hb_str_has_prefix(hb_str_c(limit->source), HB_STR("SM-")));
        assert_true((limit->unit == HB_SM_UNIT_NONE) == (limit->limit == 0));
        assert_int_equal(hb_sm_limit_find(hb_str_c(limit->name)), i);
        assert_true(strlen(hb_sm_action_text(limit->action)) > 0);
    }
    assert_int_equal(hb_sm_limit(HB_SM_FIELD_MANUFACTURER)->limit, 100); /* the vendor's kit; the document says 255 */
    assert_int_equal(hb_sm_limit(HB_SM_FIELD_SEASON)->limit, 40);        /* the kit; the document says 255 */
    assert_int_equal(hb_sm_limit(HB_SM_FIELD_COLOR)->limit, 25);         /* the document; the kit says 40 */
    assert_string_equal(hb_sm_unit_text(HB_SM_UNIT_UNITS), "UTF-16 units");
    assert_int_equal(hb_sm_limit_find(HB_STR("systemDetails.name")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_data_and_reads_as_an_operators_would),
        cmocka_unit_test(an_operators_members_are_laid_over_the_default),
        cmocka_unit_test(a_bad_mapping_is_refused_with_its_place_and_what_is_allowed),
        cmocka_unit_test(a_mapping_beyond_32_kib_is_not_read),
        cmocka_unit_test(only_what_is_optional_and_mapped_has_a_bit),
        cmocka_unit_test(every_limit_has_its_source_and_the_smaller_of_two_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
