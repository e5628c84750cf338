#include "platform/http_server/problem.h"

#include "platform/http_server/http_server.h"

#include <stdio.h>

static enum hb_err add_member(struct hb_buf *buf, const char *name, const char *value)
{
    if (!value) {
        return HB_OK;
    }
    enum hb_err err = hb_buf_addf(buf, ",\"%s\":\"", name);
    err = err ? err : hb_buf_add_json(buf, hb_str_c(value));
    return err ? err : hb_buf_add_char(buf, '"');
}

enum hb_err hb_http_problem_write(const struct hb_http_problem_words *words, struct hb_buf *ret_text)
{
    enum hb_err err = hb_buf_addf(ret_text, "{\"type\":\"" HB_HTTP_PROBLEM_BASE "%s\"", words->slug);
    err = err ? err : add_member(ret_text, "title", words->title);
    if (!err && words->status) {
        err = hb_buf_addf(ret_text, ",\"status\":%d", words->status);
    }
    err = err ? err : add_member(ret_text, "detail", words->detail);
    err = err ? err : add_member(ret_text, "field", words->field);
    err = err ? err : add_member(ret_text, "should", words->should);
    return err ? err : hb_buf_add_char(ret_text, '}');
}

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } TITLES[] = {
        {403, "Not permitted"},
        {404, "There is no such object"},
        {409, "The object's state does not allow this"},
        {410, "The object was deleted"},
        {412, "The object was changed meanwhile"},
        {422, "A field is not valid"},
        {428, "If-Match is missing"},
        {429, "Too many at a time"},
        {503, "Not possible now"},
    };
    for (size_t i = 0; i < sizeof(TITLES) / sizeof(*TITLES); i++) {
        if (TITLES[i].status == status) {
            return TITLES[i].title;
        }
    }
    return "The request cannot be used";
}

bool hb_http_refuse(struct hb_http_problem *problem, int status, const char *slug, const char *detail)
{
    *problem = (struct hb_http_problem){.status = status, .slug = slug, .title = title_of(status)};
    (void)snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
    return false;
}

bool hb_http_refuse_field(struct hb_http_problem *problem, const char *field, const char *detail, const char *should)
{
    (void)hb_http_refuse(problem, 422, "invalid_field", detail);
    problem->field = field;
    problem->should = should;
    return false;
}

void hb_http_call_refuse(struct hb_http_call *call, const struct hb_http_problem *problem, int retry_after_s)
{
    char seconds[16];
    if (problem->status == 429 || problem->status == 502 || problem->status == 503) {
        int length = snprintf(seconds, sizeof(seconds), "%d", retry_after_s);
        hb_http_call_add_header(call, "Retry-After", hb_str_n(seconds, (size_t)length));
    }
    hb_http_call_problem(call, problem->status, problem->slug, problem->title, problem->detail, problem->field,
                         problem->should);
}
