/* Job: what the steps of making items share.
 *
 * Place: private to salesmanago/items.c (which items there are), item_write.c (one object), item_fields.c (its values),
 * item_price.c. Owns / borrows: the scratch buffers are the making's; the rest is borrowed. */
#ifndef SALESMANAGO_ITEMS_INTERNAL_H
#define SALESMANAGO_ITEMS_INTERNAL_H

#include "core/decimal.h"
#include "salesmanago/item_source.h"
#include "salesmanago/items.h"
#include "salesmanago/json_out.h"

/* Where an item stands in the bytes. */
struct hb_sm_item_at {
    size_t id_at, id_len, json_at, json_len, url_at, url_len; /* the url within the JSON: productUrl's text */
};

/* One product's items while they are made. */
struct hb_sm_making {
    const struct hb_catalog_product *product;
    const struct hb_sm_settings *settings;
    struct hb_sm_items *items;
    struct hb_sm_source source;
    struct hb_buf text, clean; /* scratch: a value as it is in the data, and as it is to be sent */
    struct hb_str html_of;     /* the product's own HTML that was cleaned last, which its variants share, */
    struct hb_buf html;        /* and its text */
    size_t read;               /* bytes of the data gone through */
    bool is_active;            /* by the product's status */
    bool has_product;          /* the first item is the product itself: it was not refused */
    enum hb_err err;           /* HB_ERR_MEMORY ends all */
};

/* What of an item is known before its fields are looked at. */
struct hb_sm_one {
    bool is_off; /* deleted, or a variant that is gone: turned off with what there is */
    struct hb_catalog_stock stock;
    struct hb_sm_item_at at;
    struct hb_sm_json out;
    uint32_t empty;  /* HB_SM_NULL_BIT of what is optional, mapped and empty */
    bool is_refused; /* it is not written */
};

/* Appends id and JSON to items->bytes, and fills one->at. One that is refused or passed over leaves nothing behind. */
void hb_sm_item_write(struct hb_sm_making *making, struct hb_sm_one *one);

/* ---- values (item_fields.c) ---- */

/* A text, a cleaned text or an address by the limits of the field; empty: nothing to send. A view of the scratch. */
struct hb_str hb_sm_field_text(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field);
/* The same of one value of the path of a detail. */
struct hb_str hb_sm_field_detail(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_detail *detail);
/* Writes the list, if it has anything; false: it has not. */
bool hb_sm_field_list(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field);
/* Whole number, truth value and gender as JSON words; empty: nothing to send. */
struct hb_str hb_sm_field_word(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field);
/* Whether the variant itself has something for a field. */
bool hb_sm_field_is_own(const struct hb_sm_making *making, enum hb_sm_field field);

/* ---- prices (item_price.c) ---- */

/* The price, or the discount, as a JSON number in the catalog's currency; empty: there is none, or it was refused. */
struct hb_str hb_sm_price(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field,
                          char bytes[HB_DECIMAL_TEXT_MAX]);

/* ---- remarks (items.c) ---- */

/* Counts, and keeps the first. */
__attribute__((format(printf, 4, 5))) void hb_sm_warn(struct hb_sm_making *making, const struct hb_sm_one *one,
                                                      const char *field, const char *format, ...);
__attribute__((format(printf, 4, 5))) void hb_sm_refuse(struct hb_sm_making *making, struct hb_sm_one *one,
                                                        const char *field, const char *format, ...);

#endif
