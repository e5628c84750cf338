/* Job: what a mapping is inside: for each field the path in the canonical product.
 *
 * Place: private to salesmanago/mapping.c (reads and writes it), paths.c and items*.c. */
#ifndef SALESMANAGO_MAPPING_INTERNAL_H
#define SALESMANAGO_MAPPING_INTERNAL_H

#include "salesmanago/mapping.h"
#include "salesmanago/paths.h"

#define HB_SM_GENDER_WORDS_MAX 64
#define HB_SM_OWN_MEMBERS_MAX 16

struct hb_sm_detail {
    struct hb_str name;
    struct hb_sm_path path;
};
struct hb_sm_gender {
    struct hb_str word;
    int number;
};

struct hb_sm_mapping {
    struct hb_sm_path fields[HB_SM_FIELD_COUNT]; /* count 0: not sent */
    struct hb_sm_detail details[HB_SM_DETAILS_MAX];
    size_t details_count;
    struct hb_sm_gender genders[HB_SM_GENDER_WORDS_MAX];
    size_t genders_count;
    struct hb_str own_members[HB_SM_OWN_MEMBERS_MAX];
    size_t own_members_count;
    struct hb_str main_category; /* of a product that has none */
    bool is_brand_in_system;     /* `brand` stands in systemDetails */
    bool is_catalog_name_short;  /* catalogUpsert says "name" */
    struct hb_buf texts;         /* what all views point into; made large enough at once */
};

/* The bit of a field, and of the n-th detail, in hb_sm_settings.kept. */
#define HB_SM_NULL_BIT(field) (UINT32_C(1) << (field))
#define HB_SM_NULL_BIT_DETAIL(n) (UINT32_C(1) << (HB_SM_FIELD_COUNT + (n)))
_Static_assert(HB_SM_FIELD_COUNT + HB_SM_DETAILS_MAX <= 32, "one bit for each field and detail");

/* The number of a gender word, without regard to case; false: unknown. */
bool hb_sm_mapping_gender(const struct hb_sm_mapping *mapping, struct hb_str word, int *ret_number);

#endif
