/* We listen ourselves and hand accepted connections to MHD: at its limit MHD would only stop accepting, and the clients
 * would hang; we answer 503. */
#include "platform/http_server/http_server_internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
/* Connections taken before others on the loop have their turn. */
#define ACCEPTS_MAX 64
/* Pause when the process has no descriptor left. */
#define NO_DESCRIPTOR_PAUSE_MS 100

static void refuse(struct hb_http_server *server, int fd)
{
    hb_http_send_canned(fd, 503, "too_many_connections", "Too Many Connections");
    (void)shutdown(fd, SHUT_WR);
    hb_http_linger_take(server, fd);
}

static void on_accept_again(void *user)
{
    struct hb_http_server *server = user;
    if (server->listening) {
        hb_watch_set(server->listening, HB_WATCH_READ);
    }
}

static void accept_one(struct hb_http_server *server, int fd, const struct sockaddr *address, socklen_t length)
{
    if (server->conns_count >= server->options.connections_max) {
        if (server->options.tls_cert_file) {
            (void)close(fd);
        } else {
            refuse(server, fd);
        }
        return;
    }
    /* Refused when the address has too many connections or memory is out: MHD closes it. */
    (void)MHD_add_connection(server->daemon, fd, address, length);
}

static void on_listening(void *user, int events)
{
    (void)events;
    struct hb_http_server *server = user;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        int fd = accept4(server->listen_fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(server, fd, (const struct sockaddr *)&address, length);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            hb_watch_set(server->listening, 0); /* it stays readable: without a pause the loop would spin */
            hb_timer_start(server->accept_again, NO_DESCRIPTOR_PAUSE_MS, 0);
            break;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            break;
        }
    }
    hb_http_drive(server);
}

static int open_socket(const struct addrinfo *where)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0) {
        (void)getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    }
    uint64_t number = 0;
    (void)hb_str_to_u64(hb_str_c(port), &number);
    return (int)number;
}

enum hb_err hb_http_listen_open(struct hb_http_server *server, struct hb_error *reterr)
{
    const char *address = server->options.address;
    char port[16];
    (void)snprintf(port, sizeof(port), "%d", server->options.port);
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *where = NULL;
    if (getaddrinfo(address, port, &hints, &where) != 0) {
        return hb_fail(reterr, HB_ERR_CONFIG, "cannot listen on %s: it is not an IP address", address);
    }
    server->listen_fd = open_socket(where);
    int why = errno;
    freeaddrinfo(where);
    if (server->listen_fd < 0) {
        return why == EADDRINUSE
                   ? hb_fail(reterr, HB_ERR_IO, "cannot listen on %s port %s: the port is taken by another program",
                             address, port)
                   : hb_fail(reterr, HB_ERR_IO, "cannot listen on %s port %s: %s", address, port, strerror(why));
    }
    server->port = port_of(server->listen_fd);
    enum hb_err err = hb_timer_new(server->options.loop, on_accept_again, server, &server->accept_again);
    err = err ? err : hb_watch_new(server->options.loop, server->listen_fd, on_listening, server, &server->listening);
    if (err) {
        return hb_fail(reterr, err, "cannot listen on %s port %s: %s", address, port, hb_err_text(err));
    }
    hb_watch_set(server->listening, HB_WATCH_READ);
    return HB_OK;
}

void hb_http_listen_close(struct hb_http_server *server)
{
    hb_timer_free(&server->accept_again);
    hb_watch_free(&server->listening);
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
        server->listen_fd = -1;
    }
}
