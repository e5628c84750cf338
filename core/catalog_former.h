/* Job: remembers the variants a product had and has no more, so that others can turn them off.
 *
 * Place: core/catalog_merge. A version of a product that was published, merged over and compacted away leaves no trace
 * of its variants; this list does. Owns / borrows: appends JSON to a buffer of the caller. Fails: HB_ERR_MEMORY,
 * HB_ERR_FULL of the buffer. Limits: HB_CATALOG_FORMER_MAX of them and HB_CATALOG_FORMER_BYTES_MAX, the oldest go
 * first; those of 30 days before are left out. Cost: O(data). Threads: any. */
#ifndef CORE_CATALOG_FORMER_H
#define CORE_CATALOG_FORMER_H

#include "hookbus/catalog.h"

#define HB_CATALOG_FORMER_MAX 100
#define HB_CATALOG_FORMER_BYTES_MAX ((size_t)64 * 1024)
#define HB_CATALOG_FORMER_MS (30 * HB_MS_PER_DAY)

/* Appends the list as it is once `data` takes the place of current->data, at the append time `at`: a JSON array, or
 * nothing if it is empty. */
HB_MUST_USE enum hb_err hb_catalog_former_write(const struct hb_catalog_product *current, struct hb_str data,
                                                struct hb_wall at, struct hb_buf *ret_json);

#endif
