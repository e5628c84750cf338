/* Job: where the values of one item come from: the product, its translation, and over them the variant's own.
 *
 * Place: private to salesmanago/items*.c. A path is followed in the variant's translation, the variant, the product's
 * translation, the product, in this order; the first that has something there wins.
 * Owns / borrows: views of the product's bytes; `text` is a view of the caller's buffer. Threads: one at a time. */
#ifndef SALESMANAGO_ITEM_SOURCE_H
#define SALESMANAGO_ITEM_SOURCE_H

#include "hookbus/catalog.h"
#include "salesmanago/mapping_internal.h"

#define HB_SM_VIEW_MEMBERS_MAX 128 /* of an object that are found fast; one with more is searched each time */

/* The members of an object, looked through once. */
struct hb_sm_view {
    struct hb_cursor object; /* kind NONE: there is none */
    size_t count;            /* 0 with an object: it has too many, search it */
    struct hb_str names[HB_SM_VIEW_MEMBERS_MAX];
    struct hb_cursor values[HB_SM_VIEW_MEMBERS_MAX];
};

enum hb_sm_level { HB_SM_VARIANT_TRANSLATION, HB_SM_VARIANT, HB_SM_TRANSLATION, HB_SM_PRODUCT, HB_SM_LEVEL_COUNT };

struct hb_sm_source {
    struct hb_sm_view views[HB_SM_LEVEL_COUNT];
    bool is_variant;
    size_t *read; /* bytes of the data gone through, again for each item; the caller's */
};

/* The product's own levels; language empty: no translation. `data` has passed hb_json_scan. */
void hb_sm_source_product(struct hb_sm_source *source, struct hb_str data, struct hb_str language);
/* The variant's over them; an empty text: the product itself again. */
void hb_sm_source_variant(struct hb_sm_source *source, struct hb_str data, struct hb_str language);
/* A member of one level; kind NONE: not there, or null. */
struct hb_cursor hb_sm_source_member(const struct hb_sm_source *source, enum hb_sm_level level, struct hb_str name);
/* Each value the path leads to, of the first level from `first` to `last` that has any. */
void hb_sm_source_values(const struct hb_sm_source *source, const struct hb_sm_path *path, enum hb_sm_level first,
                         enum hb_sm_level last, hb_sm_path_fn *fn, void *ctx);

/* A value as text, appended: a string, number or truth value; of a list all that it has, with ", " between; of an
 * object its `url` or `name`. Nothing is added for others. */
HB_MUST_USE enum hb_err hb_sm_source_text(struct hb_cursor value, struct hb_buf *ret_text);

#endif
