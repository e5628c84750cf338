#include "platform/http_server/http_server_internal.h"

#include <stdlib.h>

#define PROBLEM_BYTES_MAX ((size_t)16 * 1024)

char *hb_http_keep(struct hb_http_call *call, struct hb_str text)
{
    struct hb_http_text *kept = malloc(sizeof(*kept) + text.len + 1);
    if (!kept) {
        return NULL;
    }
    kept->next = call->texts;
    call->texts = kept;
    if (text.len > 0) {
        memcpy(kept->bytes, text.ptr, text.len);
    }
    kept->bytes[text.len] = '\0';
    return kept->bytes;
}

/* Once queued, a header is MHD's; before, it waits with the call. */
void hb_http_call_add_header(struct hb_http_call *call, const char *name, struct hb_str value)
{
    if (call->response) {
        char *text = hb_http_keep(call, value);
        if (text) {
            (void)MHD_add_response_header(call->response, name, text);
        }
        return;
    }
    HB_ASSERT(call->headers_count < HB_HTTP_ANSWER_HEADERS_MAX);
    char *kept_name = hb_http_keep(call, hb_str_c(name));
    char *kept_value = hb_http_keep(call, value);
    if (kept_name && kept_value) {
        call->headers[call->headers_count++] = (struct hb_http_param){hb_str_c(kept_name), {kept_value, value.len}};
    }
}

void hb_http_add_headers(struct hb_http_call *call, struct MHD_Response *response, const char *content_type)
{
    if (content_type) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    }
    for (size_t i = 0; i < call->headers_count; i++) {
        /* MHD refuses names and values that would split the answer. */
        (void)MHD_add_response_header(response, call->headers[i].name.ptr, call->headers[i].value.ptr);
    }
    if (call->server->is_quiescing) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

void hb_http_call_answer(struct hb_http_call *call, int status, const char *content_type, struct hb_str body)
{
    struct MHD_Response *response = NULL;
    if (call->mhd) {
        void *bytes = NULL; /* copied; MHD's type does not say that it only reads */
        memcpy(&bytes, &body.ptr, sizeof(bytes));
        response = MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY);
    }
    if (response) {
        hb_http_add_headers(call, response, content_type);
    }
    hb_http_call_settle(call, (unsigned)status, response);
}

enum hb_err hb_http_problem_line(const struct hb_http_problem_words *words, struct hb_buf *ret_text)
{
    enum hb_err err = hb_http_problem_write(words, ret_text);
    return err ? err : hb_buf_add_char(ret_text, '\n');
}

void hb_http_call_problem(struct hb_http_call *call, int status, const char *slug, const char *title,
                          const char *detail, const char *field, const char *should)
{
    struct hb_buf text = hb_buf_make(PROBLEM_BYTES_MAX);
    struct hb_http_problem_words words = {status, slug, title, detail, field, should};
    if (hb_http_problem_line(&words, &text) != HB_OK) { /* a text of the client's that is longer than we repeat */
        hb_buf_clear(&text);
        words = (struct hb_http_problem_words){status, slug, title, NULL, NULL, should};
        (void)!hb_http_problem_line(&words, &text); /* an empty body at worst */
    }
    hb_http_call_answer(call, status, HB_HTTP_PROBLEM_TYPE, hb_buf_str(&text));
    hb_buf_deinit(&text);
}
