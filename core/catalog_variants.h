/* Job: finds variants by their id in a JSON document that lists them under `variants`.
 *
 * Place: core/catalog_stock; core/catalog_former, which compares whole lists, takes only the small ones.
 * Owns / borrows: views of the document, which passed hb_json_scan. Cost: O(document) a search, O(1) where two lists go
 * alike and the search begins where the last one ended.
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
/* The variant with that raw id: from *at to the end, then from the beginning to *at, which stands behind it then. Begin
 * with *at = 0. A list of kind NONE has none. */
bool hb_catalog_variant_find(struct hb_cursor list, struct hb_str id, size_t *at, struct hb_cursor *ret_variant);

#endif
