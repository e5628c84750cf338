/* Job: a product of the catalog to and from a record (docs/schemas/records.md, "Catalog"), and what its stock is.
 *
 * Place: catalog/ writes and reads with it, salesmanago/ and the read models read. Which event changes what is
 * core/catalog_merge's to say. Owns / borrows: strings are views of the record's bytes; writing appends to a buffer of
 * the caller. Fails: writing with HB_ERR_MEMORY and HB_ERR_FULL of the buffer. Reading never fails: what is foreign or
 * cut is UNREADABLE (pass over it and count it), a later version NEWER (the partition stops, red). A record without a
 * value is a tombstone, which its reader looks for before: the product is gone. Limits: a value has at most
 * HB_CATALOG_VALUE_MAX bytes. Cost: a pass over the value. Threads: any.
 *
 * Example:
 *     const struct hb_catalog_source source = {key, value, headers, headers_count};
 *     switch (hb_catalog_read(&source, &product, &problem)) { … }
 *     struct hb_catalog_stock stock = hb_catalog_stock(&product);
 *     struct hb_catalog_variant_walk walk = HB_CATALOG_VARIANT_WALK;
 *     while (hb_catalog_variant_next(&product, &walk, &variant)) { … } */
#ifndef CORE_CATALOG_RECORD_H
#define CORE_CATALOG_RECORD_H

#include "core/catalog_variants.h"
#include "hookbus/catalog.h"

#define HB_CATALOG_VALUE_MAX ((size_t)900000)

/* ---- reading ---- */

enum hb_catalog_read { HB_CATALOG_READ_OK, HB_CATALOG_READ_UNREADABLE, HB_CATALOG_READ_NEWER };
struct hb_catalog_source {
    struct hb_str key, value; /* value.ptr must not be NULL: a tombstone is no product */
    const struct hb_name_value *headers;
    size_t headers_count;
};
/* ret_problem says which member is at fault (a static text), unless OK. */
enum hb_catalog_read hb_catalog_read(const struct hb_catalog_source *source, struct hb_catalog_product *ret_product,
                                     const char **ret_problem);
/* Splits "<store>/<product>"; false: no such key. */
bool hb_catalog_key_read(struct hb_str key, struct hb_str *ret_store, struct hb_str *ret_product);

/* ---- what it says ---- */

/* The stock of the product itself, of the newer of what its own events and its inventory say; equal: inventory. */
struct hb_catalog_stock hb_catalog_stock(const struct hb_catalog_product *product);
/* Which of the two that was: "product" or "inventory"; NULL: none has told. */
const char *hb_catalog_stock_by(const struct hb_catalog_product *product);
/* The stock of one variant by its id (plain text), of the newer of what the inventory lists for it and what stands in
 * the variant itself; equal: inventory. Who says nothing of the variant, but of the whole product that it is not
 * available, says it of the variant too. O(data): for all variants take hb_catalog_variant_next. */
struct hb_catalog_stock hb_catalog_stock_of(const struct hb_catalog_product *product, struct hb_str variant);
/* The variants, one after another; false at the end. For all of them O(data), and O(n log n) comparisons of ids where
 * inventory lists them in another order. The walk is some 24 KiB: for the stack, not for a list. */
struct hb_catalog_variant_walk {
    bool is_begun;
    struct hb_str variants;
    size_t variant_at; /* where to go on */
    struct hb_catalog_index listed;
};
#define HB_CATALOG_VARIANT_WALK ((struct hb_catalog_variant_walk){.is_begun = false})
bool hb_catalog_variant_next(const struct hb_catalog_product *product, struct hb_catalog_variant_walk *walk,
                             struct hb_catalog_variant *ret_variant);
/* Former variants, the oldest first: start with *state = 0; false at the end. */
bool hb_catalog_former_next(const struct hb_catalog_product *product, size_t *state,
                            struct hb_catalog_former *ret_former);

/* ---- writing ---- */

/* The one header of a record, also of a tombstone. */
extern const struct hb_name_value hb_catalog_header;
/* "<store>/<product>" without NUL; returns the length. */
size_t hb_catalog_key(const struct hb_catalog_product *product, char ret_key[HB_CATALOG_KEY_MAX]);
/* Appends the value. */
HB_MUST_USE enum hb_err hb_catalog_write(const struct hb_catalog_product *product, struct hb_buf *ret_value);

#endif
