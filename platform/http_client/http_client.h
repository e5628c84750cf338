/* Job: every outgoing HTTP request of hookbus: one client, one address filter.
 *
 * Place: the only includer of libcurl (platform/http_client/), over platform/resolver. Webhooks, tests of webhooks,
 * connectors all come through here, so what it refuses nobody can do: addresses outside the filter, redirects, proxies,
 * other schemes. HTTP/1.1, kept connections, transfers sharded by destination over many multi handles (curl scans its
 * connection cache). Owns / borrows: a target is prepared once per webhook and reference-counted; the body view of a
 * request must live until its callback. Callbacks come from the loop, never from inside hb_http_send (also for a
 * refused address). Fails: HB_ERR_CONFIG, HB_ERR_MEMORY, HB_ERR_INVALID (URL, headers), HB_ERR_FULL (in flight at its
 * maximum). Limits: all in the options. Once the final status line is in, the status decides: a body that is cut, too
 * large or takes longer than HB_HTTP_REST_MS_MAX changes nothing. Threads: the loop's.
 *
 * Example:
 *     struct hb_http_target *target = NULL;
 *     err = hb_http_target_new(client, url, headers, count, &target, &error);
 *     err = hb_http_send(client, &(struct hb_http_request_spec){.target = target, .method = "POST", .body = body,
 *                                                               .timeout_ms = 15000, .done = on_done}, NULL); */
#ifndef PLATFORM_HTTP_CLIENT_HTTP_CLIENT_H
#define PLATFORM_HTTP_CLIENT_HTTP_CLIENT_H

#include "hookbus/answer.h"
#include "hookbus/event.h" /* struct hb_name_value */

struct hb_loop;
struct hb_resolver;
struct hb_egress;      /* core/egress.h: the address filter, compiled */
struct hb_http_client;
struct hb_http_target;
struct hb_http_request;

struct hb_http_client_options {
    struct hb_loop *loop;
    struct hb_resolver *resolver;      /* must outlive the client */
    const struct hb_egress *egress;    /* must outlive the client */
    const char *user_agent;            /* "hookbus/1.0.0" */
    const char *ca_file;               /* NULL: the system's bundle */
    int shards;                        /* multi handles; 64..256 */
    int in_flight_max;                 /* requests at a time, all destinations */
    int kept_connections_max; /* idle ones; reached, each shard still keeps its share and one (at most twice this) */
    int kept_idle_s;                   /* CURLOPT_MAXAGE_CONN, 15..30 */
    int connect_timeout_ms;
    size_t answer_read_bytes_max;      /* then the transfer is cut; the status decides */
    size_t answer_kept_bytes_max;
    size_t answer_headers_bytes_max;
};
HB_MUST_USE enum hb_err hb_http_client_new(const struct hb_http_client_options *options,
                                           struct hb_http_client **ret_client, struct hb_error *reterr);
/* Cancels what is in flight (callbacks with HB_FAILURE_ENDED_BY_US) and frees. */
void hb_http_client_free(struct hb_http_client **client);

/* What follows a final status line may take so long, then the transfer is ended. */
#define HB_HTTP_REST_MS_MAX 1000

/* A destination: parsed URL and the headers that do not change from request to request. The URL must pass
 * hb_url_parse (core/url.h) and the headers hb_headers_check (core/headers.h): HB_ERR_INVALID or HB_ERR_TOO_LARGE
 * otherwise. Whether its address may be called is judged at each request: HB_FAILURE_ADDRESS_BLOCKED. */
HB_MUST_USE enum hb_err hb_http_target_new(struct hb_http_client *client, struct hb_str url,
                                           const struct hb_name_value *headers, size_t headers_count,
                                           struct hb_http_target **ret_target, struct hb_error *reterr);
/* One more reference, for hb_http_target_unref. */
struct hb_http_target *hb_http_target_ref(struct hb_http_target *target);
/* NULL is allowed; sets the pointer to NULL. */
void hb_http_target_unref(struct hb_http_target **target);
/* "host:port" in lower case: the destination for caps and logs. Lives as the target. */
struct hb_str hb_http_target_host(const struct hb_http_target *target);

/* The answer's views are valid during the callback only. */
typedef void hb_http_done_fn(void *user, const struct hb_answer *answer);

#define HB_HTTP_REQUEST_HEADERS_MAX 32
#define HB_HTTP_REQUEST_HEADER_BYTES_MAX 16384
struct hb_http_request_spec {
    struct hb_http_target *target;        /* referenced until the callback */
    const char *method;                   /* "POST", "GET": a static string */
    const struct hb_name_value *headers;  /* of this request; copied into the request's own buffer */
    size_t headers_count;
    struct hb_str body;                   /* borrowed until the callback */
    int timeout_ms;                       /* total, resolution included */
    hb_http_done_fn *done;
    void *user;
};
/* Starts a request. On HB_OK `done` is called exactly once, later; a header that could split the request comes back so
 * as HB_FAILURE_REQUEST_REFUSED. ret_request (may be NULL) allows canceling. */
HB_MUST_USE enum hb_err hb_http_send(struct hb_http_client *client, const struct hb_http_request_spec *spec,
                                     struct hb_http_request **ret_request);
/* Ends a request at once; `done` comes with HB_FAILURE_ENDED_BY_US from the loop. */
void hb_http_cancel(struct hb_http_client *client, struct hb_http_request *request);

struct hb_http_client_stats {
    uint64_t requests, connections_opened, connections_reused, blocked;
    int in_flight, kept_connections;
};
/* Counted since the client was made; in_flight and kept_connections are as of now. */
void hb_http_client_read_stats(const struct hb_http_client *client, struct hb_http_client_stats *ret_stats);

#endif
