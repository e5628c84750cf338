/* Job: HTTP in: the API, health, metrics.
 *
 * Place: the only includer of libmicrohttpd. Rooms register routes; the role mounts them. A reply may wait (for Kafka):
 * the handler keeps the call and answers later.
 * Owns / borrows: views of a call live until it is answered. Threads: the loop's.
 * Fails: HB_ERR_IO (port taken: text says so), HB_ERR_CONFIG. Limits: in the options; beyond them the server itself
 * answers 408, 413 and 503, and 400 to a request whose end or host is in doubt, as application/problem+json. What
 * libmicrohttpd answers before it asks us has its own short HTML body, which it lets nobody change: 414, 431, 505, and
 * 400 for a malformed header, version, length or chunk. A first line without a target and version it closes without an
 * answer (before its version 1.0). */
#ifndef PLATFORM_HTTP_SERVER_HTTP_SERVER_H
#define PLATFORM_HTTP_SERVER_HTTP_SERVER_H

#include "hookbus/bytes.h"

struct hb_loop;
struct hb_http_server;
struct hb_http_call;

struct hb_http_server_options {
    struct hb_loop *loop;
    const char *address;          /* "127.0.0.1", "0.0.0.0", "::" */
    int port;                     /* 0: any free one (tests) */
    int connections_max;
    int connections_per_address_max;
    int idle_timeout_s;           /* also for a request that dribbles in */
    int request_timeout_s;        /* whole request with its body */
    size_t body_bytes_max;
    size_t bodies_bytes_max;      /* all bodies being received or held, together; beyond: 503 with Retry-After */
    const char *tls_cert_file, *tls_key_file; /* NULL: plain */
};

/* One request, whole. Answer it exactly once, now or later, from the loop; after that the call is not the handler's. */
typedef void hb_http_handler_fn(void *user, struct hb_http_call *call);
/* method "GET"; path pattern with named segments: "/v1/stores/{store}/events". First match wins; a known path with
 * another method is 405 with Allow, an unknown one 404. GET routes answer HEAD too. */
struct hb_http_route {
    const char *method;
    const char *pattern;
    hb_http_handler_fn *handler;
    void *user;
};

HB_MUST_USE enum hb_err hb_http_server_new(const struct hb_http_server_options *options,
                                           struct hb_http_server **ret_server, struct hb_error *reterr);
/* Calls not answered yet are closed; their handlers must not touch them afterwards. */
void hb_http_server_free(struct hb_http_server **server);
/* Adds routes; the array must outlive the server. */
HB_MUST_USE enum hb_err hb_http_server_mount(struct hb_http_server *server, const struct hb_http_route *routes,
                                             size_t count);
/* The port it listens on, also when 0 was asked for. */
int hb_http_server_port(const struct hb_http_server *server);
/* Stops taking new connections; running calls go on. */
void hb_http_server_quiesce(struct hb_http_server *server);
/* Calls received and not yet answered. */
size_t hb_http_server_open_calls(const struct hb_http_server *server);

/* Of a call: */
/* "GET", "HEAD" … as asked for. */
struct hb_str hb_http_call_method(const struct hb_http_call *call);
struct hb_str hb_http_call_path(const struct hb_http_call *call);   /* decoded */
struct hb_str hb_http_call_param(const struct hb_http_call *call, const char *name); /* decoded; empty if none */
/* A query parameter, decoded; false if absent. */
bool hb_http_call_query(const struct hb_http_call *call, const char *name, struct hb_str *ret_value);
/* A header, name without regard to case; empty if absent. Repeated headers: the first. */
struct hb_str hb_http_call_header(const struct hb_http_call *call, const char *name);
struct hb_str hb_http_call_body(const struct hb_http_call *call);
/* "192.0.2.1" */
const char *hb_http_call_peer(const struct hb_http_call *call);
/* Calls `fn` for each header of the request. */
void hb_http_call_each_header(const struct hb_http_call *call,
                              void (*fn)(void *user, struct hb_str name, struct hb_str value), void *user);
/* A hook called once if the client goes away before the answer (looked at once a second); the call must still be
 * answered (the answer is dropped), from the hook or later. */
void hb_http_call_on_gone(struct hb_http_call *call, void (*fn)(void *user), void *user);

/* Adds a header to the answer. Call before answering. */
void hb_http_call_add_header(struct hb_http_call *call, const char *name, struct hb_str value);
/* Answers; the body is copied. content_type a static string. */
void hb_http_call_answer(struct hb_http_call *call, int status, const char *content_type, struct hb_str body);
/* Answers application/problem+json (RFC 9457): type "https://hookbus.dev/problems/<slug>" is a stable name, not a page
 * one must fetch. field may be NULL: the member or header at fault. `should` may be NULL: what would be right. */
void hb_http_call_problem(struct hb_http_call *call, int status, const char *slug, const char *title,
                          const char *detail, const char *field, const char *should);
#define HB_HTTP_STREAM_BYTES_MAX ((size_t)1 << 20) /* that wait to be sent on one stream */
/* Streams: after hb_http_call_begin, pieces are sent with hb_http_call_more (copied; HB_ERR_CLOSED when the client
 * left, HB_ERR_FULL when it reads too slowly: over HB_HTTP_STREAM_BYTES_MAX waiting) until hb_http_call_end, which must
 * come in any case. */
HB_MUST_USE enum hb_err hb_http_call_begin(struct hb_http_call *call, int status, const char *content_type);
HB_MUST_USE enum hb_err hb_http_call_more(struct hb_http_call *call, struct hb_str piece);
void hb_http_call_end(struct hb_http_call *call);

#endif
