/* Job: platform/http_client/http_client.h without a network: requests stand in a list until the test answers them, in any order.
 *
 * Place: linked instead of hb_http_client. A URL that begins "bad:" is not usable. Owns: copies of what a request was made of. Threads: one. */
#ifndef TESTS_FAKES_FAKE_HTTP_CLIENT_H
#define TESTS_FAKES_FAKE_HTTP_CLIENT_H

#include "platform/http_client/http_client.h"

struct fake_request {
    struct fake_request *next;
    struct hb_http_target *target;
    char url[256];
    char *headers; /* "name: value\n"… */
    char *body;
    int timeout_ms;
    hb_http_done_fn *done;
    void *user;
};

struct hb_http_client *fake_http_client_new(void);
/* Requests not answered yet, oldest first. */
struct fake_request *fake_http_pending(struct hb_http_client *client);
int fake_http_pending_count(struct hb_http_client *client);
int fake_http_sent_count(const struct hb_http_client *client);
/* Called for each request as it is sent. */
void fake_http_on_send(struct hb_http_client *client, void (*sent)(void *user, const struct fake_request *request), void *user);
/* Answers one and forgets it. */
void fake_http_answer(struct hb_http_client *client, struct fake_request *request, int status);
/* With a Retry-After. */
void fake_http_answer_later(struct hb_http_client *client, struct fake_request *request, int status, int64_t retry_after_ms);
void fake_http_fail(struct hb_http_client *client, struct fake_request *request, enum hb_failure failure);
/* The value of a header, or NULL; in a buffer that the next call overwrites. */
const char *fake_request_header(const struct fake_request *request, const char *name);
/* While set, hb_http_send fails with it. */
void fake_http_refuse(struct hb_http_client *client, enum hb_err err);
/* Targets that exist: a leak when everything was freed. */
int fake_http_targets(void);

#endif
