#include "salesmanago/heartbeat.h"

#include "platform/json/json.h"

#include <stdio.h>

enum hb_sm_heartbeat hb_sm_heartbeat_read(struct hb_str value, struct hb_wall now, struct hb_wall *ret_at)
{
    struct hb_json *json = NULL;
    if (value.len == 0 || hb_json_parse(value, &json, NULL))
        return HB_SM_HEARTBEAT_NONE;
    int64_t every_s = 0;
    bool is_told = hb_json_int(hb_json_get(json, HB_SM_HEARTBEAT_EVERY), &every_s) && every_s > 0 &&
                   hb_json_wall(hb_json_get(json, "at"), ret_at);
    hb_json_free(&json);
    if (!is_told)
        return HB_SM_HEARTBEAT_NONE;
    int64_t age_ms = now.ms - ret_at->ms; /* of a clock that is ahead: negative */
    if (age_ms <= HB_SM_HEARTBEAT_GONE_MS)
        return HB_SM_HEARTBEAT_FRESH;
    return age_ms <= HB_SM_HEARTBEAT_KEPT_MS ? HB_SM_HEARTBEAT_GONE : HB_SM_HEARTBEAT_FORGOTTEN;
}

struct hb_str hb_sm_heartbeat_key(const char *prefix, struct hb_str worker, char ret_key[HB_CONNECTOR_KEY_MAX])
{
    int len = snprintf(ret_key, HB_CONNECTOR_KEY_MAX, "%s%.*s", prefix, HB_ARG(worker));
    return hb_str_n(ret_key, len > 0 && (size_t)len < HB_CONNECTOR_KEY_MAX ? (size_t)len : 0);
}
