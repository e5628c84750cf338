#include "platform/http_server/json_answer.h"

#include "platform/http_server/http_server.h"

#include <stdio.h>

#define BYTES_PER_KIB 1024

void hb_http_json_begin(struct hb_http_json *answer, size_t bytes_max)
{
    answer->buf = hb_buf_make(bytes_max);
    answer->w = hb_json_write(&answer->buf);
}

void hb_http_json_send(struct hb_http_call *call, struct hb_http_json *answer, int status, int64_t revision)
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

bool hb_http_json_read(struct hb_str text, size_t bytes_max, struct hb_json **ret_object,
                       struct hb_http_problem *ret_problem)
{
    struct hb_error error = {HB_OK, ""};
    char detail[64];
    if (text.len > bytes_max) {
        (void)snprintf(detail, sizeof(detail), "The body may have %zu KiB.", bytes_max / BYTES_PER_KIB);
        return hb_http_refuse(ret_problem, 413, "too_large", detail);
    }
    struct hb_json *root = NULL;
    if (hb_json_parse(text, &root, &error) || hb_json_kind(root) != HB_JSON_OBJECT) {
        hb_json_free(&root);
        return hb_http_refuse(ret_problem, 400, "invalid_json",
                              error.code ? error.text : "The body must be a JSON object.");
    }
    *ret_object = root;
    return true;
}

/* "3" in quotes, or *. Weak tags never match for a change (RFC 9110 section 13.1.1). */
bool hb_http_match_read(const struct hb_http_call *call, int64_t *ret_match, struct hb_http_problem *ret_problem)
{
    struct hb_str text = hb_http_call_header(call, "If-Match");
    uint64_t revision = 0;
    *ret_match = HB_HTTP_NO_MATCH;
    if (text.len == 0) {
        return true;
    }
    if (hb_str_eq(text, HB_STR("*"))) {
        *ret_match = HB_HTTP_ANY_MATCH;
        return true;
    }
    bool is_quoted = text.len >= 3 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
    if (!is_quoted || !hb_str_to_u64(hb_str_n(text.ptr + 1, text.len - 2), &revision) || revision > INT64_MAX) {
        return hb_http_refuse(ret_problem, 412, "precondition_failed", "If-Match is not an ETag this API gave.");
    }
    *ret_match = (int64_t)revision;
    return true;
}

bool hb_http_match_require(int64_t match, const char *noun, struct hb_http_problem *ret_problem)
{
    char detail[HB_ERROR_TEXT_MAX];
    if (match != HB_HTTP_NO_MATCH) {
        return true;
    }
    (void)snprintf(detail, sizeof(detail),
                   "Read the %s first and send its ETag in If-Match, or If-Match: * to overwrite whatever is there.",
                   noun);
    return hb_http_refuse(ret_problem, 428, "precondition_required", detail);
}

bool hb_http_match_check(int64_t match, int64_t revision, const char *noun, struct hb_http_problem *ret_problem)
{
    char detail[128];
    if (match == HB_HTTP_NO_MATCH || match == HB_HTTP_ANY_MATCH || match == revision) {
        return true;
    }
    (void)snprintf(detail, sizeof(detail), "The %s is at revision %lld: read it again and decide anew.", noun,
                   (long long)revision);
    return hb_http_refuse(ret_problem, 412, "precondition_failed", detail);
}
