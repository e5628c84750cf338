/* Job: finds variants by their id in a JSON document that lists them under `variants`.
 *
 * Place: core/catalog_stock, core/catalog_former.
 * Owns / borrows: views of the document, which passed hb_json_scan. Cost: of a walk with n searches in a list of m,
 * O(m log m + n log m) however the two are ordered, and O(1) a search where they go alike. An id chosen on purpose
 * makes it no worse: the index is sorted, not hashed.
 * Threads: any. */
#ifndef CORE_CATALOG_VARIANTS_H
#define CORE_CATALOG_VARIANTS_H

#include "core/json_cursor.h"

/* The array `variants` of an object; kind NONE: it has none, or json is empty. */
struct hb_cursor hb_catalog_variants(struct hb_str json);
/* The raw id of a variant; false: it has none, or it is empty. */
bool hb_catalog_variant_id(struct hb_cursor variant, struct hb_str *ret_id);
/* Whether two raw string bodies say the same text. */
bool hb_catalog_id_eq(struct hb_str raw, struct hb_str other);

/* A list whose variants are asked for one after another, as another list has them. */
#define HB_CATALOG_INDEX_MAX 2048 /* as many as the merge takes: HB_CATALOG_VARIANTS_MAX */
struct hb_catalog_index_entry {
    uint32_t state, id_at, id_len; /* offsets into the list: where hb_cursor_next gives it, and its raw id */
};
struct hb_catalog_index {
    struct hb_cursor list; /* kind NONE: it has no variants */
    size_t at;             /* behind the one found last */
    uint64_t looks;        /* variants read and ids compared so far: what it cost */
    bool is_sorted;
    size_t count;
    struct hb_catalog_index_entry entries[HB_CATALOG_INDEX_MAX];
};
void hb_catalog_index_init(struct hb_catalog_index *index, struct hb_cursor list);
/* A variant of that raw id: the next one, else the last of that id; false: there is none. */
bool hb_catalog_index_find(struct hb_catalog_index *index, struct hb_str id, struct hb_cursor *ret_variant);

#endif
