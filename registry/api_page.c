#include "registry/api_internal.h"

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
    hb_http_json_begin(&page->answer, API_ANSWER_BYTES_MAX);
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
    hb_http_json_send(call, &page->answer, 200, 0);
}
