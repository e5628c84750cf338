/* Job: the product of the catalog as the objects that are sent to SALESmanago: itself, and its variants.
 *
 * Place: the worker makes them when it fills a request. Rules: SM-32 to SM-57 of docs/salesmanago-rules.md, the limits
 * of limits.def, the mapping. A variant that has its own id and its own address is an item (SM-55); another is folded
 * into the product, with a warning. A deleted product, its variants and former variants are available:false,
 * active:false. What is optional, mapped and empty now is named in setAsNull (SALESmanago keeps what is omitted).
 * Owns / borrows: the items own their bytes. Fails: HB_ERR_MEMORY only; data that SALESmanago would refuse is no
 * failure but a refusal here: the item is not among the items, `refusal` says which field of which item and why. Other
 * items of the product are there and are to be sent all the same. Limits: HB_SM_ITEMS_MAX of a product, and
 * HB_SM_ITEMS_BYTES_MAX. Threads: one at a time.
 *
 * Example:
 *     struct hb_sm_items items = HB_SM_ITEMS_EMPTY;
 *     err = hb_sm_items_make(&product, &settings, &items);
 *     for (size_t i = 0; i < items.count; i++)
 *         add(hb_sm_item(&items, i)); */
#ifndef SALESMANAGO_ITEMS_H
#define SALESMANAGO_ITEMS_H

#include "hookbus/catalog.h"
#include "salesmanago/mapping.h"

#define HB_SM_ITEMS_MAX 1000
#define HB_SM_ITEMS_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define HB_SM_ITEM_ID_MAX 1024 /* bytes of 255 UTF-16 units */
#define HB_SM_WORDS_MAX 256

struct hb_sm_settings {
    const struct hb_sm_mapping *mapping;
    struct hb_str currency; /* of the SALESmanago catalog: prices are sent in it or not at all */
    struct hb_str language; /* "pl", "pt-BR": texts out of translations; empty: the product's own */
    uint32_t kept;          /* hb_sm_mapping_null_bit of fields that are not to be set to null any more */
};

/* One object of `products`. */
struct hb_sm_item {
    struct hb_str id; /* plain text, as it comes back in productIds */
    struct hb_str json;
};

/* Something about one field of one item. */
struct hb_sm_remark {
    char item[HB_SM_ITEM_ID_MAX + 1]; /* "": the product as a whole */
    const char *field;                /* SALESmanago's name; NULL: there is no remark */
    char words[HB_SM_WORDS_MAX];
};

struct hb_sm_items {
    size_t count;                /* may be 0: nothing that SALESmanago has to know */
    size_t trimmed;              /* fields trimmed or left out, variants folded */
    size_t refused;              /* items that are not among them */
    struct hb_sm_remark warning; /* the first of the trimmed */
    struct hb_sm_remark refusal; /* the first of the refused */
    struct hb_buf bytes;         /* private */
    struct hb_sm_item_at *at;    /* private */
    size_t capacity;             /* private */
};
#define HB_SM_ITEMS_EMPTY ((struct hb_sm_items){.bytes = {NULL, 0, 0, HB_SM_ITEMS_BYTES_MAX}})

/* What stood there before is thrown away. */
HB_MUST_USE enum hb_err hb_sm_items_make(const struct hb_catalog_product *product,
                                         const struct hb_sm_settings *settings, struct hb_sm_items *items);
void hb_sm_items_deinit(struct hb_sm_items *items);
/* Views that live until the items are made anew. */
struct hb_sm_item hb_sm_item(const struct hb_sm_items *items, size_t at);

#endif
