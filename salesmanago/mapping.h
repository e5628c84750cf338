/* Job: which member of the canonical product goes to which field of SALESmanago.
 *
 * Place: the default is data (hb_sm_mapping_default); an operator's JSON is laid over it, member by member. The api
 * checks with it what an operator sends, items are made with it. docs/salesmanago.md, "The mapping".
 * Owns / borrows: a mapping owns all of itself. Fails: HB_ERR_INVALID with the place ("fields.season") and what is
 * allowed there, HB_ERR_TOO_LARGE, HB_ERR_MEMORY. Limits: HB_SM_MAPPING_BYTES_MAX. Threads: any, it does not change.
 *
 * Example:
 *     err = hb_sm_mapping_read(HB_STR("{\"fields\":{\"season\":null},\"details\":{\"fabric\":\"attributes.fabric\"}}"),
 *                              &mapping, &error); */
#ifndef SALESMANAGO_MAPPING_H
#define SALESMANAGO_MAPPING_H

#include "salesmanago/limits.h"

#define HB_SM_MAPPING_BYTES_MAX ((size_t)32 * 1024)

struct hb_sm_mapping; /* opaque: salesmanago/mapping_internal.h */

/* The default with `text` laid over it; an empty text: the default itself. */
HB_MUST_USE enum hb_err hb_sm_mapping_read(struct hb_str text, struct hb_sm_mapping **ret_mapping,
                                           struct hb_error *reterr);
void hb_sm_mapping_free(struct hb_sm_mapping **mapping);
/* The default, a JSON object as an operator would write it. */
struct hb_str hb_sm_mapping_default(void);
/* Appends the whole mapping as it is used, in the same form. */
HB_MUST_USE enum hb_err hb_sm_mapping_write(const struct hb_sm_mapping *mapping, struct hb_buf *ret_text);
/* How catalogUpsert calls the catalog's name: "catalogName", or "name" if the operator said so (SM-22). */
const char *hb_sm_mapping_catalog_name(const struct hb_sm_mapping *mapping);
/* The bit of a field in hb_sm_settings.kept: one that SALESmanago refused to set to null (17), by the name in its words
 * ("discountPrice", "detail1"); 0: no such field, or not an optional one of this mapping. */
uint32_t hb_sm_mapping_null_bit(const struct hb_sm_mapping *mapping, struct hb_str field);

#endif
