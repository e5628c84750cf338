#include "cli/api_problem.h"

#include "platform/json/json.h"

static enum hb_err err_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return HB_ERR_DENIED;
    case 404:
        return HB_ERR_NOT_FOUND;
    case 409:
    case 412:
        return HB_ERR_CONFLICT;
    case 413:
        return HB_ERR_TOO_LARGE;
    case 408:
    case 429:
        return HB_ERR_TIMEOUT;
    default:
        return status >= 500 ? HB_ERR_AWAY : HB_ERR_INVALID;
    }
}

enum hb_err hb_api_problem(int status, struct hb_str body, struct hb_error *reterr)
{
    struct hb_str title = {NULL, 0}, detail = {NULL, 0}, field = {NULL, 0}, should = {NULL, 0};
    enum hb_err err = err_of_status(status);
    struct hb_json *json = NULL;

    if (status < 400) {
        return HB_OK;
    }
    if (hb_json_parse(body, &json, NULL)) {
        return hb_fail(reterr, err, "the api answered %d without saying why", status);
    }
    (void)hb_json_str(hb_json_get(json, "title"), &title);
    (void)hb_json_str(hb_json_get(json, "detail"), &detail);
    (void)hb_json_str(hb_json_get(json, "field"), &field);
    (void)hb_json_str(hb_json_get(json, "should"), &should);
    (void)hb_fail(reterr, err, "%.*s%s%.*s%s%.*s%s%s%.*s", HB_ARG(title), detail.len ? ": " : "", HB_ARG(detail),
                  field.len ? " (" : "", HB_ARG(field), field.len ? ")" : "", should.len ? "; right would be: " : "",
                  HB_ARG(should));
    hb_json_free(&json);
    return err;
}
