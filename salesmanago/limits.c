#include "salesmanago/limits.h"

static const struct hb_sm_limit limits[HB_SM_FIELD_COUNT] = {
#define HB_SM_FIELD(name, text, place, kind, required, count, limit, unit, action, source)                             \
    {text,  HB_SM_PLACE_##place, HB_SM_KIND_##kind,     required, count,                                               \
     limit, HB_SM_UNIT_##unit,   HB_SM_ACTION_##action, source},
#include "salesmanago/limits.def"
#undef HB_SM_FIELD
};

const struct hb_sm_limit *hb_sm_limit(enum hb_sm_field field)
{
    HB_ASSERT(field < HB_SM_FIELD_COUNT);
    return &limits[field];
}

int hb_sm_limit_find(struct hb_str name)
{
    struct hb_str system = HB_STR("systemDetails.");
    bool is_system = hb_str_has_prefix(name, system);
    if (is_system)
        name = hb_str_n(name.ptr + system.len, name.len - system.len);
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++)
        if (hb_str_eq(name, hb_str_c(limits[i].name)) && (!is_system || limits[i].place == HB_SM_PLACE_SYSTEM))
            return i;
    return -1;
}

const char *hb_sm_unit_text(enum hb_sm_unit unit)
{
    static const char *const texts[] = {"", "UTF-16 units", "digits"};
    HB_ASSERT(unit <= HB_SM_UNIT_DIGITS);
    return texts[unit];
}

const char *hb_sm_action_text(enum hb_sm_action action)
{
    static const char *const texts[] = {"trimmed", "left out", "refused"};
    HB_ASSERT(action <= HB_SM_ACTION_REFUSE);
    return texts[action];
}
