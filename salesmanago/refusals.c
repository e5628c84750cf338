#include "salesmanago/refusals.h"

void hb_sm_refusals_accepted(struct hb_sm_refusals *refusals, size_t items)
{
    for (size_t i = 0; i < items && i < HB_SM_REFUSALS_SEEN; i++) {
        refusals->seen[refusals->next] = 0;
        refusals->next = (refusals->next + 1) % HB_SM_REFUSALS_SEEN;
    }
}

/* FNV-1a: twenty of them that are compared with each other, by nobody's choice. Never 0. */
static uint64_t kind_of(int64_t code, struct hb_str field)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)code;
    for (size_t i = 0; i < field.len; i++)
        hash = (hash ^ (unsigned char)field.ptr[i]) * UINT64_C(0x100000001B3);
    return hash | 1;
}

bool hb_sm_refusals_refused(struct hb_sm_refusals *refusals, int64_t code, struct hb_str field)
{
    uint64_t kind = kind_of(code, field);
    size_t alike = 0;
    refusals->seen[refusals->next] = kind;
    refusals->next = (refusals->next + 1) % HB_SM_REFUSALS_SEEN;
    for (size_t i = 0; i < HB_SM_REFUSALS_SEEN; i++)
        alike += refusals->seen[i] == kind;
    return alike > HB_SM_REFUSALS_SEEN / 2;
}
