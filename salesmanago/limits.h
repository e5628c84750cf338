/* Job: the table of SALESmanago's fields and limits (salesmanago/limits.def) as values.
 *
 * Place: the mapping knows the names of it, items and catalog_calls hold to its limits, docs/salesmanago.md shows it.
 * Fails, owns: nothing. Threads: any. */
#ifndef SALESMANAGO_LIMITS_H
#define SALESMANAGO_LIMITS_H

#include "hookbus/bytes.h"

#define HB_SM_PRODUCTS_MAX 100 /* of one request: SM-31 */
#define HB_SM_DETAILS_MAX 5    /* SM-54 */
#define HB_SM_MONEY_PLACES 2   /* SM-44 */
#define HB_SM_API_KEY_MAX 256  /* bytes of an opened one; the vendor's have at most 64 */

enum hb_sm_field {
#define HB_SM_FIELD(name, text, place, kind, required, count, limit, unit, action, source) HB_SM_FIELD_##name,
#include "salesmanago/limits.def"
#undef HB_SM_FIELD
    HB_SM_FIELD_COUNT
};
enum hb_sm_place { HB_SM_PLACE_PRODUCT, HB_SM_PLACE_SYSTEM, HB_SM_PLACE_CATALOG };
enum hb_sm_kind {
    HB_SM_KIND_TEXT,
    HB_SM_KIND_HTML,
    HB_SM_KIND_URL,
    HB_SM_KIND_MONEY,
    HB_SM_KIND_INT,
    HB_SM_KIND_BOOL,
    HB_SM_KIND_GENDER
};
enum hb_sm_unit { HB_SM_UNIT_NONE, HB_SM_UNIT_UNITS, HB_SM_UNIT_DIGITS };
enum hb_sm_action { HB_SM_ACTION_TRIM, HB_SM_ACTION_LEAVE_OUT, HB_SM_ACTION_REFUSE };

struct hb_sm_limit {
    const char *name; /* as SALESmanago spells it */
    enum hb_sm_place place;
    enum hb_sm_kind kind;
    bool is_required;
    unsigned count_max; /* of a list; 0: a single value */
    unsigned limit;     /* of each value, in `unit` */
    enum hb_sm_unit unit;
    enum hb_sm_action action;
    const char *source;
};

const struct hb_sm_limit *hb_sm_limit(enum hb_sm_field field);
/* The field of that name ("season", also "systemDetails.season"); -1: none. */
int hb_sm_limit_find(struct hb_str name);
/* "UTF-16 units", "digits", ""; "trimmed", "left out", "refused": for documents and answers to people. */
const char *hb_sm_unit_text(enum hb_sm_unit unit);
const char *hb_sm_action_text(enum hb_sm_action action);

#endif
