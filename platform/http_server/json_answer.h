/* Job: a call's JSON, in and out: the object that came, the answer that goes, and the ETags between them.
 *
 * Place: the rooms' APIs. Owns / borrows: an answer being written owns its buffer until it is sent; a body read is the
 * caller's. Fails: through the problem; an answer that cannot be made becomes a 500. Threads: the loop's. Example:
 *     struct hb_http_json answer;
 *     hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
 *     add_store(&answer.w, store);
 *     hb_http_json_send(call, &answer, 200, store->revision); */
#ifndef PLATFORM_HTTP_SERVER_JSON_ANSWER_H
#define PLATFORM_HTTP_SERVER_JSON_ANSWER_H

#include "platform/http_server/problem.h"
#include "platform/json/json.h"

/* Not to be moved while it is written: w holds the address of buf. */
struct hb_http_json {
    struct hb_buf buf;
    struct hb_json_writer w;
};
void hb_http_json_begin(struct hb_http_json *answer, size_t bytes_max);
/* Sends and frees. revision > 0 adds an ETag. No cache may keep the answer. */
void hb_http_json_send(struct hb_http_call *call, struct hb_http_json *answer, int status, int64_t revision);

/* The object a body is. False: the problem says that it is none, or larger than bytes_max (whole KiB). */
bool hb_http_json_read(struct hb_str text, size_t bytes_max, struct hb_json **ret_object,
                       struct hb_http_problem *ret_problem);

#define HB_HTTP_NO_MATCH INT64_C(-1)  /* no If-Match */
#define HB_HTTP_ANY_MATCH INT64_C(-2) /* If-Match: * */
/* The revision that If-Match names, or one of the two above. False: the problem says that it is none of ours. */
bool hb_http_match_read(const struct hb_http_call *call, int64_t *ret_match, struct hb_http_problem *ret_problem);
/* Whether there was an If-Match. `noun`: what should have been read first: "object". */
bool hb_http_match_require(int64_t match, const char *noun, struct hb_http_problem *ret_problem);
/* Whether it lets a change of this revision pass. */
bool hb_http_match_check(int64_t match, int64_t revision, const char *noun, struct hb_http_problem *ret_problem);

#endif
