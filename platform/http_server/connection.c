#include "platform/http_server/http_server_internal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define US_PER_S INT64_C(1000000)
#define CANNED_BYTES_MAX ((size_t)1024)

static int64_t in_seconds(const struct hb_http_server *server, int seconds)
{
    return hb_loop_mono(server->options.loop).us + seconds * US_PER_S;
}

struct hb_http_conn *hb_http_conn_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_started(struct hb_http_server *server, struct MHD_Connection *mhd, void **socket_context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct hb_http_conn *conn = calloc(1, sizeof(*conn));
    if (!conn || !info) {
        free(conn);
        return; /* without one its first request is refused */
    }
    conn->server = server;
    conn->fd = info->connect_fd;
    conn->deadline_us = in_seconds(server, server->options.request_timeout_s);
    conn->next = server->conns;
    if (conn->next) {
        conn->next->previous = conn;
    }
    server->conns = conn;
    server->conns_count++;
    *socket_context = conn;
}

/* True if the client has not finished: closing now would reset the connection under our answer. */
static bool is_client_sending(const struct hb_http_conn *conn)
{
    char byte;
    ssize_t count = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count > 0 || (count < 0 && (conn->must_linger || conn->is_receiving));
}

static void on_closed(struct hb_http_server *server, struct hb_http_conn *conn)
{
    if (conn->previous) {
        conn->previous->next = conn->next;
    } else {
        server->conns = conn->next;
    }
    if (conn->next) {
        conn->next->previous = conn->previous;
    }
    server->conns_count--;
    if (is_client_sending(conn)) {
        int ours = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
        if (ours >= 0) {
            (void)shutdown(ours, SHUT_WR);
            hb_http_linger_take(server, ours);
        }
    }
    free(conn);
}

void hb_http_conn_notify(void *user, struct MHD_Connection *mhd, void **socket_context,
                         enum MHD_ConnectionNotificationCode what)
{
    struct hb_http_server *server = user;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        on_started(server, mhd, socket_context);
    } else if (*socket_context) {
        on_closed(server, *socket_context);
        *socket_context = NULL;
    }
}

void *hb_http_conn_uri(void *user, const char *uri, struct MHD_Connection *mhd)
{
    (void)uri;
    struct hb_http_server *server = user;
    struct hb_http_conn *conn = hb_http_conn_of(mhd);
    if (conn) {
        conn->is_receiving = true;
        conn->deadline_us = in_seconds(server, server->options.request_timeout_s);
    }
    return NULL;
}

void hb_http_send_canned(int fd, int status, const char *slug, const char *title)
{
    const struct hb_http_problem_words words = {.status = status, .slug = slug, .title = title};
    struct hb_buf body = hb_buf_make(CANNED_BYTES_MAX), answer = hb_buf_make(CANNED_BYTES_MAX);
    enum hb_err err = hb_http_problem_line(&words, &body);
    err = err ? err
              : hb_buf_addf(&answer,
                            "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: " HB_HTTP_PROBLEM_TYPE "\r\n%s"
                            "Content-Length: %zu\r\n\r\n%.*s",
                            status, title, status == 503 ? "Retry-After: 1\r\n" : "", body.len,
                            HB_ARG(hb_buf_str(&body)));
    if (!err) {
        (void)!send(fd, answer.ptr, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    hb_buf_deinit(&answer);
    hb_buf_deinit(&body);
}

void hb_http_conn_refuse(struct hb_http_conn *conn, int status, const char *slug, const char *title)
{
    if (!conn->server->tls_cert) { /* inside TLS nothing can be written past MHD: such a client sees a close */
        hb_http_send_canned(conn->fd, status, slug, title);
    }
    conn->must_linger = true;
    conn->deadline_us = 0;
    (void)shutdown(conn->fd, SHUT_RD); /* MHD reads an end and closes */
}

/* A held call whose client may have left: MHD does not look at a suspended connection. */
static void look_for_client(struct hb_http_call *call)
{
    if (call->is_gone || !call->conn || !call->is_suspended || (!call->gone && !call->is_stream)) {
        return;
    }
    struct pollfd look = {.fd = call->conn->fd, .events = POLLRDHUP};
    if (poll(&look, 1, 0) <= 0) {
        return;
    }
    call->is_gone = true;
    if (call->gone) {
        void (*gone)(void *user) = call->gone;
        call->gone = NULL;
        gone(call->gone_user);
    }
}

void hb_http_conn_sweep(struct hb_http_server *server)
{
    int64_t now_us = hb_loop_mono(server->options.loop).us;
    for (struct hb_http_conn *conn = server->conns; conn; conn = conn->next) {
        if (conn->deadline_us != 0 && conn->deadline_us <= now_us) {
            hb_http_conn_refuse(conn, 408, "request_timeout", "Request Timeout");
        }
    }
    /* A hook may answer its call and so free it, no other: the next one is read first. */
    for (struct hb_http_call *call = server->calls, *next = NULL; call; call = next) {
        next = call->next;
        look_for_client(call);
    }
}
