/* Job: what the API says when it refuses: a problem (RFC 9457) written, and carried from where it is found to where the
 * call is answered.
 *
 * Place: every room with routes; a room keeps the words of its own problems only. Owns / borrows: texts are borrowed
 * and outlive the problem; `detail` is its own. Fails: HB_ERR_FULL and HB_ERR_MEMORY of the buffer. Limits: `detail` is
 * cut at its size. Threads: any for the problem, the loop's for the call. Example:
 *     if (!store)
 *         return hb_http_refuse(problem, 404, "not_found", "There is no such store.");
 *     ...
 *     hb_http_call_refuse(call, problem, API_RETRY_AFTER_S); */
#ifndef PLATFORM_HTTP_SERVER_PROBLEM_H
#define PLATFORM_HTTP_SERVER_PROBLEM_H

#include "hookbus/bytes.h"

struct hb_http_call;

/* A slug behind it is the problem's type: a stable name, not a page one must fetch. */
#define HB_HTTP_PROBLEM_BASE "https://hookbus.dev/problems/"
#define HB_HTTP_PROBLEM_TYPE "application/problem+json"
#define HB_HTTP_DETAIL_MAX (HB_ERROR_TEXT_MAX + 512) /* also for somebody else's own words */

/* What a problem says. status 0, detail, field and should NULL: left out. */
struct hb_http_problem_words {
    int status;
    const char *slug, *title, *detail, *field, *should;
};
/* Appends it as a JSON object. */
HB_MUST_USE enum hb_err hb_http_problem_write(const struct hb_http_problem_words *words, struct hb_buf *ret_text);

/* Why something is refused, on its way to the answer; static texts but for `detail`. */
struct hb_http_problem {
    int status; /* 0: none */
    const char *slug, *title, *field, *should;
    char detail[HB_HTTP_DETAIL_MAX];
};
/* Fill it in, with the title of the status; false, so that `return hb_http_refuse(…)` is one line. */
bool hb_http_refuse(struct hb_http_problem *problem, int status, const char *slug, const char *detail);
/* 422 invalid_field */
bool hb_http_refuse_field(struct hb_http_problem *problem, const char *field, const char *detail, const char *should);
/* Answers the call; 429, 502 and 503 say when to try again. */
void hb_http_call_refuse(struct hb_http_call *call, const struct hb_http_problem *problem, int retry_after_s);

#endif
