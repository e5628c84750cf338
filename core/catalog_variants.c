#include "core/catalog_variants.h"

struct hb_cursor hb_catalog_variants(struct hb_str json)
{
    struct hb_cursor none = {HB_CURSOR_NONE, {NULL, 0}};
    if (json.len == 0)
        return none;
    struct hb_cursor list = hb_cursor_member(hb_cursor_root(json), HB_STR("variants"));
    return list.kind == HB_CURSOR_ARRAY ? list : none;
}

bool hb_catalog_variant_id(struct hb_cursor variant, struct hb_str *ret_id)
{
    struct hb_cursor id = hb_cursor_member(variant, HB_STR("id"));
    if (id.kind != HB_CURSOR_STRING)
        return false;
    *ret_id = hb_cursor_text(id);
    return ret_id->len > 0;
}

/* Nearly always the same bytes; otherwise only where one is escaped. */
bool hb_catalog_id_eq(struct hb_str raw, struct hb_str other)
{
    if (hb_str_eq(raw, other))
        return true;
    if (!memchr(raw.ptr, '\\', raw.len) && !memchr(other.ptr, '\\', other.len))
        return false;
    size_t a = 0, b = 0;
    while (a < raw.len && b < other.len)
        if (hb_cursor_text_point(raw, &a) != hb_cursor_text_point(other, &b))
            return false;
    return a == raw.len && b == other.len;
}

bool hb_catalog_variant_find(struct hb_cursor list, struct hb_str id, size_t *at, struct hb_cursor *ret_variant)
{
    size_t start = *at, state = *at;
    struct hb_str raw;
    struct hb_cursor variant;
    if (list.kind != HB_CURSOR_ARRAY)
        return false;
    for (int round = 0; round < 2; round++, state = 0)
        while ((round == 0 || state < start) && hb_cursor_next(list, &state, NULL, &variant))
            if (hb_catalog_variant_id(variant, &raw) && hb_catalog_id_eq(raw, id)) {
                *at = state;
                *ret_variant = variant;
                return true;
            }
    return false;
}
