#include "producer/refusal.h"

#include "hookbus/error.h"

const struct hb_refusal_spec *hb_refusal_spec(enum hb_refusal refusal)
{
    static const struct hb_refusal_spec SPECS[] = {
        {0, "", "", ""},
#define HB_REFUSAL(name, status, slug, title, detail) {status, slug, title, detail},
#include "producer/refusals.def"
#undef HB_REFUSAL
    };
    HB_ASSERT(refusal > HB_REFUSAL_NONE && refusal < HB_REFUSAL_COUNT);
    return &SPECS[refusal];
}
