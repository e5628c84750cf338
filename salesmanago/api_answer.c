#include "salesmanago/api_internal.h"

#include <stdio.h>

bool hb_sm_api_refuse_away(struct hb_http_problem *problem, const char *detail)
{
    (void)hb_http_refuse(problem, 502, "salesmanago_away", detail);
    problem->title = "SALESmanago did not answer as it should";
    return false;
}

void hb_sm_api_answer_begin(struct hb_http_json *answer)
{
    hb_http_json_begin(answer, SM_API_ANSWER_BYTES_MAX);
    hb_json_object(&answer->w, NULL);
}

void hb_sm_api_answer_send(struct hb_http_call *call, struct hb_http_json *answer, int status, int64_t revision)
{
    hb_json_close_object(&answer->w);
    hb_http_json_send(call, answer, status, revision);
}

/* ---- bodies ---- */

static bool check_names(const struct hb_json *body, const char *const *names, struct hb_http_problem *problem)
{
    char detail[HB_ERROR_TEXT_MAX];
    for (const struct hb_json *item = hb_json_first(body); item; item = hb_json_next(item)) {
        const char *const *name = names;
        while (*name && !hb_str_eq(hb_json_name(item), hb_str_c(*name)))
            name++;
        if (*name)
            continue;
        size_t length = (size_t)snprintf(detail, sizeof detail, "The body has a member that is not known here; known:");
        for (name = names; *name && length < sizeof detail; name++)
            length += (size_t)snprintf(detail + length, sizeof detail - length, " %s", *name);
        return hb_http_refuse_field(problem, NULL, *names ? detail : "No body is taken here.", NULL);
    }
    return true;
}

struct hb_json *hb_sm_api_body_read(struct hb_http_call *call, size_t bytes_max, const char *const *names)
{
    struct hb_str text = hb_http_call_body(call);
    struct hb_json *body = NULL;
    struct hb_http_problem problem;
    if (hb_http_json_read(text.len > 0 ? text : HB_STR("{}"), bytes_max, &body, &problem) &&
        check_names(body, names, &problem))
        return body;
    hb_http_call_refuse(call, &problem, SM_API_RETRY_AFTER_S);
    hb_json_free(&body);
    return NULL;
}
