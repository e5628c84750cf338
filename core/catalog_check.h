/* Job: says whether an event's data can be merged: what the merge reads of it must be what docs/schemas say.
 *
 * Place: core/catalog_merge. Everything else in the data (name, price, texts) is its readers' to judge: one of them may
 * refuse what another can use. The limits make sure that the record of a product always fits one Kafka message,
 * whatever its groups of fields came from. Cost: O(data). Threads: any. */
#ifndef CORE_CATALOG_CHECK_H
#define CORE_CATALOG_CHECK_H

#include "hookbus/event.h"

#define HB_CATALOG_DATA_MAX ((size_t)512 * 1024)
#define HB_CATALOG_INVENTORY_MAX ((size_t)256 * 1024)
#define HB_CATALOG_STOCK_MAX ((size_t)16 * 1024)
#define HB_CATALOG_VARIANTS_MAX 2048
#define HB_CATALOG_DEPTH_MAX 63 /* levels: in the record it stands one deeper */

/* NULL: it can be merged. Else what is wrong with it: a static text. */
const char *hb_catalog_check_product(const struct hb_event *event); /* product.created, product.updated */
const char *hb_catalog_check_deleted(const struct hb_event *event); /* product.deleted: the subject says enough */
const char *hb_catalog_check_inventory(const struct hb_event *event);

#endif
