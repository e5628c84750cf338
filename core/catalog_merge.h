/* Job: says what one event makes of the current product.
 *
 * Place: catalog/. Three groups of fields, each with a version of its own and each a fold over one topic's events in
 * the order of their partition: the product's data, the stock its events last told about, and the inventory. An event
 * changes a group if it is newer there, or neither (core/catalog_version): of two alike the later one stands. Which
 * stock is shown is asked of the last two, each time (core/catalog_record). So any interleaving of the two topics gives
 * the same product, byte for byte, also with versions that are no order (decision 11).
 * Owns / borrows: the result's texts are views of the current product's, the event's and scratch's bytes. Fails:
 * HB_ERR_MEMORY; what cannot be merged is an effect, not an error. Cost: O(data). Threads: any.
 *
 * Example:
 *     err = hb_catalog_merge(has_current ? &current : NULL, &input, &scratch, &result);
 *     if (result.effect == HB_CATALOG_CHANGED) { err = hb_catalog_write(&result.next, &value); … } */
#ifndef CORE_CATALOG_MERGE_H
#define CORE_CATALOG_MERGE_H

#include "hookbus/catalog.h"
#include "hookbus/topics.h"

#define HB_CATALOG_KEPT_MS (30 * HB_MS_PER_DAY) /* so long a product is kept that is deleted, or was always partial */
#define HB_CATALOG_SCRATCH_MAX ((size_t)128 * 1024)

enum hb_catalog_effect {
    HB_CATALOG_IGNORED, /* a type the catalog is not made of */
    HB_CATALOG_REFUSED, /* data that does not fit */
    HB_CATALOG_OLDER,   /* nothing changes: what is known is newer */
    HB_CATALOG_CHANGED
};

struct hb_catalog_input {
    const struct hb_event *event; /* passed hb_event_check */
    enum hb_topic topic;          /* where it was read: HB_TOPIC_EVENTS_PRODUCT or HB_TOPIC_EVENTS_INVENTORY */
    struct hb_wall appended;
    int64_t offset;
};

struct hb_catalog_result {
    enum hb_catalog_effect effect;
    const char *problem;            /* of REFUSED: a static text */
    struct hb_catalog_product next; /* of CHANGED */
};

/* current NULL: nothing is known of the product. scratch is cleared first and must live as long as the result. */
HB_MUST_USE enum hb_err hb_catalog_merge(const struct hb_catalog_product *current,
                                         const struct hb_catalog_input *input, struct hb_buf *scratch,
                                         struct hb_catalog_result *ret_result);
/* From when on the time is counted after which it is forgotten: of a deleted one its deletion, of a partial one its
 * newest event, by their append times; of an active one never, HB_CATALOG_ENDLESS. */
#define HB_CATALOG_ENDLESS INT64_MAX
struct hb_wall hb_catalog_idle_since(const struct hb_catalog_product *product);
/* Whether it is forgotten. `now` is the time up to which all its product events were read: a partial one whose product
 * event waits to be read is none, whatever the clock says. */
bool hb_catalog_is_over(const struct hb_catalog_product *product, struct hb_wall now);

#endif
