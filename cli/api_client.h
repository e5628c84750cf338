/* Job: speaks to hookbus's own HTTP API for the commands.
 *
 * Place: over platform/http_client, on a loop of its own, with an address filter that lets exactly the api's addresses
 * through. The key comes from --key-file, HOOKBUS_API_KEY or api.admin_key_file, in that order. Owns / borrows: an
 * answer's document is the caller's (hb_api_answer_deinit). Fails: HB_ERR_AWAY (not reachable, or 5xx), HB_ERR_DENIED
 * (401, 403), HB_ERR_NOT_FOUND, HB_ERR_CONFLICT (409, 412), HB_ERR_INVALID (other 4xx), HB_ERR_TOO_LARGE, HB_ERR_CONFIG
 * (no key): each with the api's own words. Limits: answers of HB_API_ANSWER_BYTES_MAX. Threads: one; calls block.
 *
 * Example:
 *     struct hb_api_request request = {.method = "GET", .path = "/v1/stores"};
 *     err = hb_api_call(api, &request, &answer);
 *     hb_json_get(answer.json, "items") … */
#ifndef CLI_API_CLIENT_H
#define CLI_API_CLIENT_H

#include "cli/command.h"
#include "platform/http_client/http_client.h"
#include "platform/json/json.h"

#define HB_API_ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define HB_API_TIMEOUT_MS 30000
#define HB_API_PATH_MAX 2000
#define HB_API_KEY_MAX 256

struct hb_api;

HB_MUST_USE enum hb_err hb_api_new(struct hb_cli *cli, struct hb_api **ret_api);
/* NULL is allowed; sets the pointer to NULL. */
void hb_api_free(struct hb_api **api);
/* "http://127.0.0.1:8080", without a slash at the end. */
const char *hb_api_url(const struct hb_api *api);
/* The key, NUL-terminated. */
const char *hb_api_key(const struct hb_api *api);
struct hb_loop *hb_api_loop(const struct hb_api *api);

/* ---- one call at a time ---- */
struct hb_api_request {
    const char *method;       /* "GET" … */
    const char *path;         /* "/v1/stores/demo", already encoded */
    const char *content_type; /* NULL: application/json, if there is a body */
    struct hb_str body;
    const char *if_match;     /* NULL: none */
};
struct hb_api_answer {
    int status;
    struct hb_buf body;
    struct hb_json *json; /* NULL: no body; or, with --json, what cannot be read */
};
/* Waits for the answer. A status of 400 or more is an error; ret_answer is to be freed only on HB_OK. */
HB_MUST_USE enum hb_err hb_api_call(struct hb_api *api, const struct hb_api_request *request,
                                    struct hb_api_answer *ret_answer);
void hb_api_answer_deinit(struct hb_api_answer *answer);

/* ---- several at a time (publish) ---- */
/* Starts a request; `done` comes out of hb_api_turn. body must live until then. */
HB_MUST_USE enum hb_err hb_api_start(struct hb_api *api, struct hb_http_target *target, struct hb_str body,
                                     hb_http_done_fn *done, void *user);
/* The target of a path, for hb_api_start. */
HB_MUST_USE enum hb_err hb_api_target(struct hb_api *api, const char *path, struct hb_http_target **ret_target);
/* Lets the loop run until something happens, at most timeout_ms. */
void hb_api_turn(struct hb_api *api, int timeout_ms);
/* What an answer says as an error with a sentence; HB_OK below 400. */
HB_MUST_USE enum hb_err hb_api_judge(struct hb_api *api, const struct hb_answer *answer);

/* Appends "/" and a path segment, percent-encoded. */
HB_MUST_USE enum hb_err hb_api_add_segment(struct hb_buf *path, const char *segment);
/* "/v1/a/b/c" of encoded segments, NULL-ended; usage error if it becomes too long. ret_path: HB_API_PATH_MAX bytes. */
HB_MUST_USE enum hb_err hb_api_path(struct hb_cli *cli, const char *const *segments, char *ret_path);

#endif
