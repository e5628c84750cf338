#include "core/catalog_variants.h"

#include "core/catalog_check.h"

#include <stdlib.h>

_Static_assert(HB_CATALOG_INDEX_MAX >= HB_CATALOG_VARIANTS_MAX, "every variant that the merge takes has its place");

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

/* By code points, which is how the bytes of UTF-8 are ordered too; only where one is escaped it needs to be read. */
static int compare(struct hb_str a, struct hb_str b)
{
    size_t i = 0, j = 0;
    if (!memchr(a.ptr, '\\', a.len) && !memchr(b.ptr, '\\', b.len)) {
        int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
        return order ? order : (a.len > b.len) - (a.len < b.len);
    }
    while (i < a.len && j < b.len) {
        unsigned one = hb_cursor_text_point(a, &i), other = hb_cursor_text_point(b, &j);
        if (one != other)
            return one > other ? 1 : -1;
    }
    return (i < a.len) - (j < b.len);
}

bool hb_catalog_id_eq(struct hb_str raw, struct hb_str other)
{
    return hb_str_eq(raw, other) || compare(raw, other) == 0;
}

/* ---- the index ---- */

void hb_catalog_index_init(struct hb_catalog_index *index, struct hb_cursor list)
{
    index->list = list; /* the entries are nothing until they are sorted */
    index->at = 0;
    index->looks = 0;
    index->is_sorted = false;
    index->count = 0;
}

/* The variant that begins behind *state, which moves behind it; false: there is none, or not of that id. */
static bool is_at(struct hb_catalog_index *index, size_t *state, struct hb_str id, struct hb_cursor *ret_variant)
{
    struct hb_str raw;
    index->looks++;
    return hb_cursor_next(index->list, state, NULL, ret_variant) && hb_catalog_variant_id(*ret_variant, &raw) &&
           hb_catalog_id_eq(raw, id);
}

static struct hb_str id_of(const struct hb_catalog_index *index, const struct hb_catalog_index_entry *entry)
{
    return hb_str_n(index->list.raw.ptr + entry->id_at, entry->id_len);
}

/* Of two alike the later one first: it is the one that is found. */
static int by_id(const void *a, const void *b, void *user)
{
    struct hb_catalog_index *index = user;
    const struct hb_catalog_index_entry *one = a, *other = b;
    index->looks++;
    int order = compare(id_of(index, one), id_of(index, other));
    return order ? order : (one->state < other->state) - (one->state > other->state);
}

/* Done once, when the lists turn out not to go alike. */
static void sort(struct hb_catalog_index *index)
{
    struct hb_cursor variant;
    struct hb_str raw;
    index->is_sorted = true;
    for (size_t state = 0, before = 0; index->count < HB_CATALOG_INDEX_MAX &&
                                       hb_cursor_next(index->list, &state, NULL, &variant); before = state) {
        index->looks++;
        if (!hb_catalog_variant_id(variant, &raw))
            continue;
        index->entries[index->count++] = (struct hb_catalog_index_entry){
            (uint32_t)before, (uint32_t)(raw.ptr - index->list.raw.ptr), (uint32_t)raw.len};
    }
    qsort_r(index->entries, index->count, sizeof(index->entries[0]), by_id, index);
}

bool hb_catalog_index_find(struct hb_catalog_index *index, struct hb_str id, struct hb_cursor *ret_variant)
{
    size_t state = index->at, low = 0, high;
    if (index->list.kind != HB_CURSOR_ARRAY)
        return false;
    if (is_at(index, &state, id, ret_variant)) {
        index->at = state;
        return true;
    }
    if (!index->is_sorted)
        sort(index);
    for (high = index->count; low < high; index->looks++) {
        size_t middle = low + (high - low) / 2;
        if (compare(id_of(index, &index->entries[middle]), id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == index->count)
        return false;
    state = index->entries[low].state;
    if (!is_at(index, &state, id, ret_variant))
        return false;
    index->at = state;
    return true;
}
