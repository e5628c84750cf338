#include "platform/json/json.h"

#include "platform/json/json_check.h"

#include <cjson/cJSON.h>

enum hb_err hb_json_parse(struct hb_str text, struct hb_json **ret_root, struct hb_error *reterr)
{
    enum hb_err err = hb_json_check_text(text, reterr);
    if (err)
        return err;
    /* What passed the check, cJSON can only refuse for want of memory. */
    cJSON *root = cJSON_ParseWithLength(text.ptr, text.len);
    if (!root)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    err = hb_json_check_tree(root, reterr);
    if (err) {
        cJSON_Delete(root);
        return err;
    }
    *ret_root = (struct hb_json *)(void *)root;
    return HB_OK;
}

void hb_json_free(struct hb_json **root)
{
    if (!root || !*root)
        return;
    cJSON_Delete((cJSON *)(void *)*root);
    *root = NULL;
}
