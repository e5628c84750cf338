#include "core/catalog_check.h"

#include "core/catalog_variants.h"

static bool is_deeper(struct hb_str json, int max)
{
    bool is_text = false;
    int depth = 0;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (is_text) {
            i += c == '\\';
            is_text = c != '"';
        } else if (c == '"') {
            is_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

/* Both families alike; *ret_root is an object then. */
static const char *check_whole(const struct hb_event *event, size_t bytes_max, struct hb_cursor *ret_root)
{
    if (!event->is_json)
        return "the data is not JSON";
    if (event->data.len > bytes_max)
        return "the data is too large for the catalog";
    *ret_root = hb_cursor_root(event->data);
    if (ret_root->kind != HB_CURSOR_OBJECT)
        return "the data is no JSON object";
    return is_deeper(ret_root->raw, HB_CATALOG_DEPTH_MAX) ? "the data is nested too deep for the catalog" : NULL;
}

static bool is_subject(struct hb_cursor id, const struct hb_event *event)
{
    return id.kind == HB_CURSOR_STRING && hb_cursor_text_eq(hb_cursor_text(id), event->subject);
}

static bool is_absent(struct hb_cursor value)
{
    return value.kind == HB_CURSOR_NONE || value.kind == HB_CURSOR_NULL;
}

static bool has_available(struct hb_cursor object)
{
    return hb_cursor_member(object, HB_STR("available")).kind == HB_CURSOR_BOOL;
}

static const char *check_variants(struct hb_cursor list, bool must_tell)
{
    struct hb_cursor variant;
    struct hb_str id;
    size_t state = 0, count = 0;
    if (is_absent(list))
        return NULL;
    if (list.kind != HB_CURSOR_ARRAY)
        return "variants is no array";
    while (hb_cursor_next(list, &state, NULL, &variant)) {
        if (++count > HB_CATALOG_VARIANTS_MAX)
            return "more variants than the catalog keeps";
        if (!hb_catalog_variant_id(variant, &id))
            return "a variant has no id, or one that is no text";
        if (must_tell && !has_available(variant))
            return "a variant does not say whether it is available";
    }
    return NULL;
}

const char *hb_catalog_check_product(const struct hb_event *event)
{
    struct hb_cursor root;
    const char *problem = check_whole(event, HB_CATALOG_DATA_MAX, &root);
    if (problem)
        return problem;
    if (!is_subject(hb_cursor_member(root, HB_STR("id")), event))
        return "id is not the event's subject";
    struct hb_cursor stock = hb_cursor_member(root, HB_STR("stock"));
    if (!is_absent(stock) && !has_available(stock))
        return "stock does not say whether it is available";
    if (stock.raw.len > HB_CATALOG_STOCK_MAX)
        return "stock is too large for the catalog";
    return check_variants(hb_cursor_member(root, HB_STR("variants")), false);
}

const char *hb_catalog_check_deleted(const struct hb_event *event)
{
    if (!event->is_json)
        return NULL;
    struct hb_cursor id = hb_cursor_member(hb_cursor_root(event->data), HB_STR("id"));
    return is_absent(id) || is_subject(id, event) ? NULL : "id is not the event's subject";
}

const char *hb_catalog_check_inventory(const struct hb_event *event)
{
    struct hb_cursor root;
    const char *problem = check_whole(event, HB_CATALOG_INVENTORY_MAX, &root);
    if (problem)
        return problem;
    if (!is_subject(hb_cursor_member(root, HB_STR("product_id")), event))
        return "product_id is not the event's subject";
    if (!has_available(root))
        return "it does not say whether the product is available";
    return check_variants(hb_cursor_member(root, HB_STR("variants")), true);
}
