#include "salesmanago/api_internal.h"

#include <stdio.h>

static const char *title_of(int status)
{
    switch (status) {
    case 404:
        return "There is no such object";
    case 409:
        return "The object's state does not allow this";
    case 412:
        return "The object was changed meanwhile";
    case 422:
        return "A field is not valid";
    case 428:
        return "If-Match is missing";
    case 429:
        return "Too many at a time";
    case 502:
        return "SALESmanago did not answer as it should";
    case 503:
        return "Not possible now";
    default:
        return "The request cannot be used";
    }
}

bool sm_refuse(struct sm_problem *problem, int status, const char *slug, const char *detail)
{
    *problem = (struct sm_problem){.status = status, .slug = slug, .title = title_of(status)};
    (void)snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return false;
}

bool sm_refuse_field(struct sm_problem *problem, const char *field, const char *detail, const char *should)
{
    (void)sm_refuse(problem, 422, "invalid_field", detail);
    problem->field = field;
    problem->should = should;
    return false;
}

void sm_answer_problem(struct hb_http_call *call, const struct sm_problem *problem)
{
    if (problem->status == 503 || problem->status == 502 || problem->status == 429)
        hb_http_call_add_header(call, "Retry-After", HB_STR("5"));
    hb_http_call_problem(call, problem->status, problem->slug, problem->title, problem->detail, problem->field,
                         problem->should);
}

void sm_answer_begin(struct sm_answer *answer)
{
    answer->buf = hb_buf_make(SM_API_ANSWER_BYTES_MAX);
    answer->w = hb_json_write(&answer->buf);
    hb_json_object(&answer->w, NULL);
}

void sm_answer_send(struct hb_http_call *call, struct sm_answer *answer, int status, int64_t revision)
{
    char etag[32];
    hb_json_close_object(&answer->w);
    if (hb_json_end(&answer->w)) {
        hb_http_call_problem(call, 500, "own_trouble", "The answer could not be made", "Memory or its limit of bytes.",
                             NULL, NULL);
    } else {
        if (revision > 0) {
            int length = snprintf(etag, sizeof etag, "\"%lld\"", (long long)revision);
            hb_http_call_add_header(call, "ETag", hb_str_n(etag, (size_t)length));
        }
        hb_http_call_add_header(call, "Cache-Control", HB_STR("no-store"));
        hb_http_call_answer(call, status, "application/json", hb_buf_str(&answer->buf));
    }
    hb_buf_deinit(&answer->buf);
}

/* ---- bodies ---- */

static bool check_names(const struct hb_json *body, const char *const *names, struct sm_problem *problem)
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
        return sm_refuse_field(problem, NULL, *names ? detail : "No body is taken here.", NULL);
    }
    return true;
}

struct hb_json *sm_body_read(struct hb_http_call *call, size_t bytes_max, const char *const *names)
{
    struct hb_str text = hb_http_call_body(call);
    struct hb_json *body = NULL;
    struct hb_error error = {HB_OK, ""};
    struct sm_problem problem = {.status = 0};
    if (text.len > bytes_max)
        (void)sm_refuse(&problem, 413, "too_large",
                        bytes_max == HB_SM_API_BODY_BYTES_MAX ? "The body may have 64 KiB."
                                                              : "The body may have 300 KiB.");
    else if (hb_json_parse(text.len > 0 ? text : HB_STR("{}"), &body, &error) || hb_json_kind(body) != HB_JSON_OBJECT)
        (void)sm_refuse(&problem, 400, "invalid_json", error.code ? error.text : "The body must be a JSON object.");
    else
        (void)check_names(body, names, &problem);
    if (problem.status == 0)
        return body;
    sm_answer_problem(call, &problem);
    hb_json_free(&body);
    return NULL;
}
