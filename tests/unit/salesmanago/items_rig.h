/* A product of the catalog out of its data, its items, and their members. Everything lives until rig_end. */
#ifndef TESTS_UNIT_SALESMANAGO_ITEMS_RIG_H
#define TESTS_UNIT_SALESMANAGO_ITEMS_RIG_H

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "salesmanago/items.h"
#include "unit/core/check.h"

/* What a product must have, without braces; the tests add to it. */
#define BASE                                                                                                           \
    "\"id\":\"1\",\"name\":\"Dress\",\"url\":\"https://shop.example.com/p/"                                            \
    "1\",\"price\":\"19.90\",\"currency\":\"PLN\""

struct rig {
    struct hb_catalog_product product;
    struct hb_sm_settings settings;
    struct hb_sm_mapping *mapping;
    struct hb_sm_items items;
};

/* The data as a product event brought it, in a catalog of PLN with the default mapping. */
static inline struct rig rig_of(const char *data)
{
    struct rig rig = {.items = HB_SM_ITEMS_EMPTY};
    rig.product.store = HB_STR("demo");
    rig.product.product = HB_STR("1");
    rig.product.state = HB_CATALOG_ACTIVE;
    rig.product.data = hb_str_c(data);
    rig.product.product_version = (struct hb_catalog_version){.is_known = true, .appended = {1000}};
    size_t at;
    if (hb_json_scan(rig.product.data, &at) != HB_OK)
        fail_msg("the test's data is no JSON, at byte %zu: %s", at, data);
    struct hb_cursor stock = hb_cursor_member(hb_cursor_root(rig.product.data), HB_STR("stock"));
    rig.product.product_stock = stock.raw;
    rig.product.product_stock_version = rig.product.product_version;
    rig.product.product_stock_version.is_known = stock.raw.len > 0;
    rig.settings.currency = HB_STR("PLN");
    return rig;
}

static inline void rig_map(struct rig *rig, const char *mapping)
{
    struct hb_error error = {HB_OK, ""};
    hb_sm_mapping_free(&rig->mapping);
    if (hb_sm_mapping_read(hb_str_c(mapping), &rig->mapping, &error) != HB_OK)
        fail_msg("%s", error.text);
}

static inline void rig_make(struct rig *rig)
{
    size_t at;
    if (!rig->mapping)
        rig_map(rig, "");
    rig->settings.mapping = rig->mapping;
    assert_int_equal(hb_sm_items_make(&rig->product, &rig->settings, &rig->items), HB_OK);
    for (size_t i = 0; i < rig->items.count; i++)
        if (hb_json_scan(hb_sm_item(&rig->items, i).json, &at) != HB_OK)
            fail_msg("no JSON: %.*s", HB_ARG(hb_sm_item(&rig->items, i).json));
}

static inline void rig_end(struct rig *rig)
{
    hb_sm_items_deinit(&rig->items);
    hb_sm_mapping_free(&rig->mapping);
}

/* A member as it stands in the JSON; a path with one dot reaches into systemDetails. "" if it is not there. */
static inline struct hb_str rig_raw(const struct rig *rig, size_t item, const char *path)
{
    struct hb_str rest = hb_str_c(path), name;
    struct hb_cursor found = hb_cursor_root(hb_sm_item(&rig->items, item).json);
    while (hb_str_split(&rest, '.', &name))
        found = hb_cursor_member(found, name);
    return found.raw;
}

#define check_raw(rig, item, path, wanted) check_str(rig_raw((rig), (item), (path)), (wanted))

/* One item came of it, and that is all. */
static inline void check_one(struct rig *rig)
{
    rig_make(rig);
    if (rig->items.refused)
        print_error("refused: %s %s\n", rig->items.refusal.field, rig->items.refusal.words);
    assert_int_equal(rig->items.refused, 0);
    assert_int_equal(rig->items.count, 1);
}

/* Nothing is sent, and it is said why. */
static inline void check_refused(struct rig *rig, const char *field, const char *words)
{
    rig_make(rig);
    assert_int_equal(rig->items.count, 0);
    assert_int_equal(rig->items.refused, 1);
    assert_string_equal(rig->items.refusal.field, field);
    if (!strstr(rig->items.refusal.words, words))
        fail_msg("\"%s\" is not in \"%s\"", words, rig->items.refusal.words);
}

static inline void check_warning(const struct rig *rig, const char *field, const char *words)
{
    assert_true(rig->items.trimmed > 0);
    assert_string_equal(rig->items.warning.field, field);
    if (!strstr(rig->items.warning.words, words))
        fail_msg("\"%s\" is not in \"%s\"", words, rig->items.warning.words);
}

/* Whether setAsNull of the item names the field. */
static inline bool is_nulled(const struct rig *rig, size_t item, const char *field)
{
    struct hb_cursor list = {HB_CURSOR_ARRAY, rig_raw(rig, item, "setAsNull")}, value;
    size_t state = 0;
    while (list.raw.len > 0 && hb_cursor_next(list, &state, NULL, &value))
        if (hb_str_eq(hb_cursor_text(value), hb_str_c(field)))
            return true;
    return false;
}

/* `count` times a text. */
static inline void repeat(struct hb_buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hb_buf_add(buf, hb_str_c(text)), HB_OK);
}

#endif
