#include "registry/api_internal.h"

#include <stdio.h>

bool hb_api_refuse(struct hb_api_problem *problem, const char *field, const char *detail, const char *should)
{
    *problem = (struct hb_api_problem){
        .status = 422, .slug = "invalid_field", .title = "A field is not valid", .field = field, .should = should};
    (void)snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
    return false;
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
        {412, "The object was changed meanwhile"},
        {428, "If-Match is missing"},
        {503, "Not possible now"},
    };
    for (size_t i = 0; i < sizeof(TITLES) / sizeof(*TITLES); i++) {
        if (TITLES[i].status == status) {
            return TITLES[i].title;
        }
    }
    return "The request cannot be used";
}

bool hb_api_refuse_as(struct hb_api_problem *problem, int status, const char *slug, const char *detail)
{
    *problem = (struct hb_api_problem){.status = status, .slug = slug, .title = title_of(status)};
    (void)snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
    return false;
}

void hb_api_answer_problem(struct hb_http_call *call, const struct hb_api_problem *problem)
{
    if (problem->status == 503) {
        hb_http_call_add_header(call, "Retry-After", HB_STR("2"));
    }
    hb_http_call_problem(call, problem->status, problem->slug, problem->title, problem->detail, problem->field,
                         problem->should);
}

void hb_api_answer_begin(struct api_answer *answer)
{
    answer->buf = hb_buf_make(API_ANSWER_BYTES_MAX);
    answer->w = hb_json_write(&answer->buf);
}

void hb_api_answer_send(struct hb_http_call *call, struct api_answer *answer, int status, int64_t revision)
{
    char etag[32];
    if (hb_json_end(&answer->w)) {
        hb_http_call_problem(call, 500, "own_trouble", "The answer could not be made", "Memory or its limit of bytes.",
                             NULL, NULL);
    } else {
        if (revision > 0) {
            int length = snprintf(etag, sizeof(etag), "\"%lld\"", (long long)revision);
            hb_http_call_add_header(call, "ETag", hb_str_n(etag, (size_t)length));
        }
        hb_http_call_add_header(call, "Cache-Control", HB_STR("no-store"));
        hb_http_call_answer(call, status, "application/json", hb_buf_str(&answer->buf));
    }
    hb_buf_deinit(&answer->buf);
}

bool hb_api_page_begin(struct hb_http_call *call, struct api_page *page)
{
    struct hb_str text;
    uint64_t limit = API_PAGE_DEFAULT;
    *page = (struct api_page){.limit = 0};
    if (hb_http_call_query(call, "limit", &text) &&
        (!hb_str_to_u64(text, &limit) || limit < 1 || limit > API_PAGE_MAX)) {
        hb_http_call_problem(call, 400, "invalid_query", "The query cannot be used", "limit is no such number.",
                             "limit", "1..500");
        return false;
    }
    page->limit = (size_t)limit;
    (void)hb_http_call_query(call, "cursor", &page->after);
    hb_api_answer_begin(&page->answer);
    hb_json_object(&page->answer.w, NULL);
    hb_json_array(&page->answer.w, "items");
    return true;
}

bool hb_api_page_takes(struct api_page *page, struct hb_str id)
{
    if (page->is_full || (page->after.len > 0 && hb_str_cmp(id, page->after) <= 0)) {
        return false;
    }
    if (page->count == page->limit || page->answer.buf.len > API_PAGE_BYTES_MAX) {
        page->is_full = true;
        return false;
    }
    page->count++;
    page->last = id;
    return true;
}

void hb_api_page_send(struct hb_http_call *call, struct api_page *page)
{
    hb_json_close_array(&page->answer.w);
    if (page->is_full) {
        hb_json_add_str(&page->answer.w, "next", page->last);
    } else {
        hb_json_add_null(&page->answer.w, "next");
    }
    hb_json_close_object(&page->answer.w);
    hb_api_answer_send(call, &page->answer, 200, 0);
}
