/* Job: the current product of a store, merged out of its product and inventory events.
 *
 * Made by catalog/, kept in the topic `catalog`, read by salesmanago/ and the read models. All texts are views of the
 * record's bytes and live as long as those. Data is what was published, byte for byte: the merge changes no value. What
 * is JSON here has passed hb_json_scan: it can be read with core/json_cursor.h.
 * Functions over it: core/catalog_record.h. */
#ifndef HOOKBUS_CATALOG_H
#define HOOKBUS_CATALOG_H

#include "hookbus/event.h"

#define HB_CATALOG_KEY_MAX (HB_ID_MAX + 1 + HB_SUBJECT_MAX) /* bytes of "<store>/<product>" */

/* HB_CATALOG_STATES(row): row(NAME, text). */
#define HB_CATALOG_STATES(row)                                                                                         \
    row(PARTIAL, "partial") /* inventory of a product no event has told about: shown to nobody */                      \
    row(ACTIVE, "active")                                                                                              \
    row(DELETED, "deleted") /* keeps its last data, so that others can be told to turn it off; removed after 30 days */

enum hb_catalog_state {
#define HB_CATALOG_ROW(name, text) HB_CATALOG_##name,
    HB_CATALOG_STATES(HB_CATALOG_ROW)
#undef HB_CATALOG_ROW
        HB_CATALOG_STATE_COUNT
};

/* How new a group of fields is. */
struct hb_catalog_version {
    bool is_known;          /* false: nothing has told about this group, and the rest is empty */
    struct hb_str sequence; /* the event's; may be empty */
    bool has_time;          /* the event said when */
    struct hb_wall time;
    struct hb_wall appended; /* when Kafka had the event */
    int64_t offset;          /* where it stands in its topic */
};

struct hb_catalog_product {
    struct hb_str store, product; /* out of the record's key: plain text */
    enum hb_catalog_state state;
    struct hb_wall at;         /* the latest append time of what it was made of */
    struct hb_wall deleted_at; /* of a deleted one: when Kafka had the event that said so */
    struct hb_catalog_version product_version, product_stock_version, inventory_version;
    struct hb_str data;            /* of the newest product.created or product.updated: a JSON object; empty: none yet */
    struct hb_str inventory;       /* of the newest inventory event: a JSON object; empty: none */
    struct hb_str product_stock;   /* what the newest product event that told about stock says: a JSON object; empty: none */
    struct hb_str former_variants; /* JSON array; empty: none. hb_catalog_former_next */
};

/* Whether it can be bought and how many there are. */
struct hb_catalog_stock {
    bool is_known; /* false: nobody has said anything, the rest is empty */
    bool is_available;
    bool has_quantity;
    int64_t quantity; /* may be negative: more were sold than there are */
};

/* A variant of the product as it is now, in the order of the data. */
struct hb_catalog_variant {
    struct hb_str id;   /* still escaped, as inside its JSON string (core/json_cursor.h: hb_cursor_unescape) */
    struct hb_str data; /* the whole JSON object */
    struct hb_catalog_stock stock;
};

/* A variant that the product had and has no more; forgotten after 30 days, and when the product has it again. */
struct hb_catalog_former {
    struct hb_str id; /* still escaped */
    struct hb_wall at; /* when Kafka had the event that no longer had it */
    struct hb_str data; /* the variant's JSON object as it was last */
};

/* The word of a state, as it stands in the record. Never NULL. */
const char *hb_catalog_state_text(enum hb_catalog_state state);

#endif
