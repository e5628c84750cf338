#include "salesmanago/sign.h"

#include "platform/json/json.h"

enum hb_sm_sign hb_sm_sign_read(struct hb_str value, struct hb_wall now, struct hb_wall *ret_at)
{
    struct hb_json *json = NULL;
    if (value.len == 0 || hb_json_parse(value, &json, NULL))
        return HB_SM_SIGN_NONE;
    bool is_told = hb_json_wall(hb_json_get(json, "at"), ret_at);
    hb_json_free(&json);
    if (!is_told)
        return HB_SM_SIGN_NONE;
    int64_t age_ms = now.ms - ret_at->ms; /* of a clock that is ahead: negative */
    if (age_ms <= HB_SM_SIGN_GONE_MS)
        return HB_SM_SIGN_FRESH;
    return age_ms <= HB_SM_SIGN_KEPT_MS ? HB_SM_SIGN_GONE : HB_SM_SIGN_FORGOTTEN;
}
