/* Job: what the files of this folder share: the server, a connection, a call. Place: private to platform/http_server.
 *
 * A connection is ours from accept to MHD's "closed" notice; a call from its headers until both MHD has completed it
 * and its handler has answered it. Everything happens on the loop's thread, MHD's callbacks inside hb_http_drive. */
#ifndef PLATFORM_HTTP_SERVER_HTTP_SERVER_INTERNAL_H
#define PLATFORM_HTTP_SERVER_HTTP_SERVER_INTERNAL_H

#include "platform/http_server/http_server.h"
#include "platform/http_server/problem.h"
#include "platform/loop/loop.h"

#include <arpa/inet.h>
#include <microhttpd.h>

#define HB_HTTP_ROUTE_GROUPS_MAX 16
#define HB_HTTP_PARAMS_MAX 6
#define HB_HTTP_ANSWER_HEADERS_MAX 8
/* Connections closed by us that still swallow what their client sends, so that it can read why. */
#define HB_HTTP_LINGERERS_MAX 64
#define HB_HTTP_LINGER_MS 2000

struct hb_http_param {
    struct hb_str name, value;
};

struct hb_http_conn {
    struct hb_http_server *server;
    struct hb_http_conn *previous, *next;
    int fd;
    bool is_receiving;      /* a request has begun and is not whole yet */
    bool must_linger;       /* answered before the request was read to its end */
    int64_t deadline_us;    /* a whole request must be here by then; 0: none */
};

/* Bytes that live as long as their call. */
struct hb_http_text {
    struct hb_http_text *next;
    char bytes[];
};

struct hb_http_call {
    struct hb_http_server *server;
    struct hb_http_call *previous, *next;
    struct hb_http_conn *conn;    /* NULL once MHD has completed the request */
    struct MHD_Connection *mhd;   /* likewise */
    const char *method, *url;     /* url as sent, without the query */
    struct hb_http_param params[HB_HTTP_PARAMS_MAX];
    size_t params_count;
    struct hb_buf body;
    size_t body_counted;          /* bytes of the server's total this body holds */
    struct hb_http_text *texts;
    struct hb_http_param headers[HB_HTTP_ANSWER_HEADERS_MAX];
    size_t headers_count;
    struct MHD_Response *response; /* waits to be queued */
    unsigned status;
    bool is_dispatched, is_in_handler, is_suspended, is_answered, is_gone;
    void (*gone)(void *user);
    void *gone_user;
    struct hb_buf stream;
    size_t stream_sent;
    bool is_stream, is_stream_ended;
    char peer[INET6_ADDRSTRLEN];
};

struct hb_http_linger {
    struct hb_http_server *server;
    struct hb_watch *watch;
    int fd;
    int64_t until_us;
};

struct hb_http_server {
    struct hb_http_server_options options;
    enum MHD_Result (*queue)(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *response); /* MHD's */
    struct MHD_Daemon *daemon;
    struct hb_watch *events;    /* MHD's epoll descriptor */
    struct hb_watch *listening;
    struct hb_timer *again;     /* MHD has more to do at once, after others had their turn */
    struct hb_timer *sweep;     /* once a second while there are connections */
    struct hb_timer *accept_again;
    int listen_fd;
    int port;
    bool is_driving, is_freeing, is_quiescing;
    struct {
        const struct hb_http_route *routes;
        size_t count;
    } groups[HB_HTTP_ROUTE_GROUPS_MAX];
    size_t groups_count;
    struct hb_http_conn *conns;
    int conns_count;
    struct hb_http_call *calls;
    size_t open_calls;
    size_t bodies_bytes;
    struct hb_http_linger lingerers[HB_HTTP_LINGERERS_MAX]; /* watch NULL: free */
    char *tls_cert, *tls_key;
};

/* http_server.c: lets MHD do what is ready. */
void hb_http_drive(struct hb_http_server *server);
/* The same at the next turn of the loop: once for all calls answered in this one. */
void hb_http_drive_soon(struct hb_http_server *server);

/* listen.c */
HB_MUST_USE enum hb_err hb_http_listen_open(struct hb_http_server *server, struct hb_error *reterr);
void hb_http_listen_close(struct hb_http_server *server);

/* connection.c: MHD's notices about connections, and the clock that ends slow ones. */
void hb_http_conn_notify(void *user, struct MHD_Connection *mhd, void **socket_context,
                         enum MHD_ConnectionNotificationCode what);
void *hb_http_conn_uri(void *user, const char *uri, struct MHD_Connection *mhd);
struct hb_http_conn *hb_http_conn_of(struct MHD_Connection *mhd);
/* Looks for slow requests and vanished clients. */
void hb_http_conn_sweep(struct hb_http_server *server);
/* A canned problem written past MHD, to a client that reads (what does not fit at once is lost). */
void hb_http_send_canned(int fd, int status, const char *slug, const char *title);
/* The same to a connection that MHD has not begun to answer, then its end. */
void hb_http_conn_refuse(struct hb_http_conn *conn, int status, const char *slug, const char *title);

/* refusal.c: the library's own refusals become problems. False: its functions are not to be found. */
bool hb_http_refusal_init(struct hb_http_server *server);
/* Queues the answer of a call. */
enum MHD_Result hb_http_queue(struct hb_http_call *call, struct MHD_Response *response);

/* linger.c */
void hb_http_linger_take(struct hb_http_server *server, int fd); /* fd becomes ours */
void hb_http_linger_sweep(struct hb_http_server *server, bool all);

/* route.c: the route of method and path, filling the call's params. */
enum hb_http_route_result { HB_HTTP_ROUTE_FOUND, HB_HTTP_ROUTE_NO_PATH, HB_HTTP_ROUTE_NO_METHOD, HB_HTTP_ROUTE_BAD };
enum hb_http_route_result hb_http_route_find(struct hb_http_call *call, const struct hb_http_route **ret_route,
                                             struct hb_buf *ret_allow);

/* call.c */
enum MHD_Result hb_http_call_access(void *user, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **context);
void hb_http_call_completed(void *user, struct MHD_Connection *mhd, void **context,
                            enum MHD_RequestTerminationCode reason);
void hb_http_call_free(struct hb_http_call *call);
/* The call was answered: hands the response to MHD now or when it asks. */
void hb_http_call_settle(struct hb_http_call *call, unsigned status, struct MHD_Response *response);
void hb_http_call_resume(struct hb_http_call *call);
void hb_http_call_suspend(struct hb_http_call *call);

/* request.c: percent decoding into memory of the call; false: a bad escape or no memory. */
bool hb_http_decode(struct hb_http_call *call, struct hb_str raw, struct hb_str *ret_text);
/* Why nobody could be sure where the request ends or for whom it is (RFC 9112, 3.2 and 6.3), which MHD lets pass:
 * behind a proxy the rest would be taken for the next client's request. NULL: nothing wrong. */
const char *hb_http_framing_fault(const struct hb_http_call *call, const char *version);

/* answer.c */
char *hb_http_keep(struct hb_http_call *call, struct hb_str text); /* a copy that lives with the call, or NULL */
void hb_http_add_headers(struct hb_http_call *call, struct MHD_Response *response, const char *content_type);
/* Appends a problem on a line of its own. */
HB_MUST_USE enum hb_err hb_http_problem_line(const struct hb_http_problem_words *words, struct hb_buf *ret_text);

/* tls.c: reads the files into server->tls_cert and tls_key. */
HB_MUST_USE enum hb_err hb_http_tls_load(struct hb_http_server *server, struct hb_error *reterr);
void hb_http_tls_unload(struct hb_http_server *server);

#endif
