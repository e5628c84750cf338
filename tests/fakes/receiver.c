#include "fakes/receiver.h"

#include "fakes/receiver_tls.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX (1U << 20)
#define CONNECTIONS_MAX 1024

struct received {
    char *bytes;
    size_t len;
};

struct fake_receiver {
    struct fake_receiver_options options;
    int listen_fd, port;
    char url[64];
    struct ssl_ctx_st *tls;
    pthread_t thread;
    atomic_bool is_ending;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended; /* a connection's thread did */
    struct received requests[FAKE_REQUESTS_MAX];
    size_t requests_count, connections_count, threads_count;
    int fds[CONNECTIONS_MAX]; /* open connections, -1: free */
};

struct connection {
    struct fake_receiver *receiver;
    struct ssl_st *ssl;
    int fd, slot;
};

static bool is_ending(const struct connection *connection)
{
    return atomic_load(&connection->receiver->is_ending);
}

static bool put(struct connection *connection, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = connection->ssl != NULL ? fake_tls_write(connection->ssl, bytes, len)
                                               : send(connection->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0 || is_ending(connection)) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool put_text(struct connection *connection, const char *text)
{
    return put(connection, text, strlen(text));
}

static void reset(struct connection *connection)
{
    struct linger at_once = {1, 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* Until the peer goes away or the test ends. */
static void hang(struct connection *connection)
{
    struct pollfd wait = {.fd = connection->fd, .events = POLLIN};
    char byte;
    while (!is_ending(connection)) {
        if (poll(&wait, 1, 50) > 0 && recv(connection->fd, &byte, 1, MSG_DONTWAIT) <= 0) {
            return;
        }
    }
}

static bool answer(struct connection *connection, const struct fake_step *step)
{
    char head[4096];
    const char *body = step->body != NULL ? step->body : "ok";
    (void)snprintf(head, sizeof(head), "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n", step->status,
                   strlen(body), step->headers != NULL ? step->headers : "");
    return put_text(connection, head) && put_text(connection, body);
}

static void flood(struct connection *connection, const char *head, const char *piece, size_t times)
{
    bool goes_on = put_text(connection, head);
    for (size_t i = 0; goes_on && i < times; i++) {
        goes_on = put_text(connection, piece);
    }
}

static void trickle(struct connection *connection)
{
    (void)put_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    struct pollfd wait = {.fd = connection->fd, .events = 0};
    do {
        (void)poll(&wait, 1, 100);
    } while ((wait.revents & (POLLHUP | POLLERR)) == 0 && put_text(connection, "x"));
}

/* Chunks of 64 KiB. */
static void flood_chunks(struct connection *connection, const struct fake_step *step)
{
    size_t size = 65536;
    char *chunk = malloc(size + 16);
    if (chunk == NULL) {
        return;
    }
    (void)memcpy(chunk, "10000\r\n", 7);
    memset(chunk + 7, 'x', size);
    (void)memcpy(chunk + 7 + size, "\r\n", 3);
    char head[128];
    (void)snprintf(head, sizeof(head), "HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                   step->status != 0 ? step->status : 200);
    flood(connection, head, chunk, 10UL * 1000 * 1000 * 1000 / size);
    free(chunk);
}

static void flood_body(struct connection *connection, const struct fake_step *step)
{
    char head[128];
    (void)snprintf(head, sizeof(head), "HTTP/1.1 %d OK\r\n\r\n", step->status != 0 ? step->status : 200);
    flood(connection, head, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", SIZE_MAX);
}

/* Steps that end the connection; answers true if it may be kept. */
static bool perform(struct connection *connection, const struct fake_step *step)
{
    switch (step->kind) {
    case FAKE_ANSWER:
        return answer(connection, step);
    case FAKE_HANG:
        hang(connection);
        return false;
    case FAKE_HANG_IN_BODY:
        (void)put_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        hang(connection);
        return false;
    case FAKE_TRICKLE:
        trickle(connection);
        return false;
    case FAKE_ENDLESS:
        flood_body(connection, step);
        return false;
    case FAKE_CHUNKED_10_GB:
        flood_chunks(connection, step);
        return false;
    case FAKE_RESET:
        reset(connection);
        return false;
    case FAKE_RESET_IN_BODY:
        (void)put_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        reset(connection);
        return false;
    case FAKE_CLOSE:
        return false;
    case FAKE_CLOSE_AFTER:
        (void)answer(connection, step);
        return false;
    case FAKE_HUGE_HEADERS:
        flood(connection, step->status != 0 ? "HTTP/1.1 500 No\r\n" : "HTTP/1.1 200 OK\r\n",
              "X-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", SIZE_MAX);
        return false;
    case FAKE_HUGE_STATUS:
        flood(connection, "HTTP/1.1 200 ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", SIZE_MAX);
        return false;
    case FAKE_GARBAGE:
        (void)put_text(connection, "220 mail.example ESMTP\r\n\r\n\x01\x02\x03");
        return false;
    case FAKE_ONLY_1XX:
        flood(connection, "", "HTTP/1.1 100 Continue\r\n\r\n", 3);
        return false;
    case FAKE_ONLY_1XX_HANG:
        (void)put_text(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        hang(connection);
        return false;
    }
    return false;
}

static size_t whole_bytes(const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    size_t head = (size_t)(end - bytes) + 4;
    const char *field = memmem(bytes, head, "Content-Length: ", 16);
    size_t body = field != NULL ? strtoul(field + 16, NULL, 10) : 0;
    return len >= head + body ? head + body : 0;
}

/* One request into `buffer`; its length, 0 when the connection ended. */
static size_t read_request(struct connection *connection, char *buffer)
{
    size_t len = 0;
    size_t whole = 0;
    while (whole == 0 && len < REQUEST_BYTES_MAX) {
        ssize_t got = connection->ssl != NULL ? fake_tls_read(connection->ssl, buffer + len, REQUEST_BYTES_MAX - len)
                                              : recv(connection->fd, buffer + len, REQUEST_BYTES_MAX - len, 0);
        if (got <= 0) {
            return 0;
        }
        len += (size_t)got;
        whole = whole_bytes(buffer, len);
    }
    return whole;
}

/* Keeps the request and says what to do with it. */
static struct fake_step next_step(struct fake_receiver *receiver, const char *bytes, size_t len)
{
    struct fake_step step = {.kind = FAKE_ANSWER, .status = 200};
    (void)pthread_mutex_lock(&receiver->lock);
    size_t at = receiver->requests_count++;
    if (at < FAKE_REQUESTS_MAX) {
        receiver->requests[at].bytes = malloc(len);
        if (receiver->requests[at].bytes != NULL) {
            memcpy(receiver->requests[at].bytes, bytes, len);
            receiver->requests[at].len = len;
        }
    }
    size_t count = receiver->options.count;
    if (count > 0) {
        step = receiver->options.script[at < count ? at : count - 1];
    }
    (void)pthread_mutex_unlock(&receiver->lock);
    return step;
}

static void serve(struct connection *connection)
{
    char *buffer = malloc(REQUEST_BYTES_MAX);
    size_t len;
    bool is_kept = buffer != NULL;
    while (is_kept && (len = read_request(connection, buffer)) > 0) {
        struct fake_step step = next_step(connection->receiver, buffer, len);
        is_kept = perform(connection, &step);
    }
    free(buffer);
}

static void *on_connection(void *user)
{
    struct connection *connection = user;
    struct fake_receiver *receiver = connection->receiver;
    if (receiver->options.tls == FAKE_TLS_STALL) {
        hang(connection);
    } else if (receiver->tls == NULL) {
        serve(connection);
    } else if ((connection->ssl = fake_tls_accept(receiver->tls, connection->fd)) != NULL) {
        serve(connection);
        fake_tls_end(connection->ssl);
    }
    (void)pthread_mutex_lock(&receiver->lock);
    receiver->fds[connection->slot] = -1;
    (void)close(connection->fd);
    receiver->threads_count--;
    (void)pthread_cond_signal(&receiver->ended);
    (void)pthread_mutex_unlock(&receiver->lock);
    free(connection);
    return NULL;
}

static void welcome(struct fake_receiver *receiver, int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    pthread_t thread;
    int slot = 0;
    (void)pthread_mutex_lock(&receiver->lock);
    while (slot < CONNECTIONS_MAX && receiver->fds[slot] != -1) {
        slot++;
    }
    if (connection != NULL && slot < CONNECTIONS_MAX) {
        *connection = (struct connection){receiver, NULL, fd, slot};
        receiver->fds[slot] = fd;
        receiver->connections_count++;
        receiver->threads_count++;
        if (pthread_create(&thread, NULL, on_connection, connection) != 0) {
            abort();
        }
        (void)pthread_detach(thread);
    } else {
        (void)close(fd);
        free(connection);
    }
    (void)pthread_mutex_unlock(&receiver->lock);
}

static void *on_thread(void *user)
{
    struct fake_receiver *receiver = user;
    struct pollfd wait = {.fd = receiver->listen_fd, .events = POLLIN};
    while (!atomic_load(&receiver->is_ending)) {
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        int fd = accept4(receiver->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            int one = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            welcome(receiver, fd);
        }
    }
    return NULL;
}

static int listen_any(int *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_ANY)}};
    socklen_t size = sizeof(at);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        perror("fake receiver");
        abort();
    }
    *ret_port = ntohs(at.sin_port);
    return fd;
}

struct fake_receiver *fake_receiver_new(const struct fake_receiver_options *options)
{
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets that are gone */
    struct fake_receiver *receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL) {
        abort();
    }
    receiver->options = *options;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        receiver->fds[i] = -1;
    }
    receiver->listen_fd = listen_any(&receiver->port);
    bool is_tls = options->tls != FAKE_PLAIN;
    if (is_tls && options->tls != FAKE_TLS_STALL) {
        receiver->tls = fake_tls_context(options->tls, options->name != NULL ? options->name : "localhost");
    }
    (void)snprintf(receiver->url, sizeof(receiver->url), "%s://127.0.0.1:%d/hooks", is_tls ? "https" : "http",
                   receiver->port);
    (void)pthread_mutex_init(&receiver->lock, NULL);
    (void)pthread_cond_init(&receiver->ended, NULL);
    if (pthread_create(&receiver->thread, NULL, on_thread, receiver) != 0) {
        abort();
    }
    return receiver;
}

void fake_receiver_free(struct fake_receiver *receiver)
{
    atomic_store(&receiver->is_ending, true);
    (void)pthread_join(receiver->thread, NULL);
    (void)pthread_mutex_lock(&receiver->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (receiver->fds[i] != -1) {
            (void)shutdown(receiver->fds[i], SHUT_RDWR);
        }
    }
    while (receiver->threads_count > 0) {
        (void)pthread_cond_wait(&receiver->ended, &receiver->lock);
    }
    (void)pthread_mutex_unlock(&receiver->lock);
    for (size_t i = 0; i < FAKE_REQUESTS_MAX; i++) {
        free(receiver->requests[i].bytes);
    }
    (void)close(receiver->listen_fd);
    if (receiver->tls != NULL) {
        fake_tls_context_free(receiver->tls);
    }
    (void)pthread_cond_destroy(&receiver->ended);
    (void)pthread_mutex_destroy(&receiver->lock);
    free(receiver);
}

int fake_receiver_port(const struct fake_receiver *receiver)
{
    return receiver->port;
}

const char *fake_receiver_url(const struct fake_receiver *receiver)
{
    return receiver->url;
}

static size_t read_locked(struct fake_receiver *receiver, const size_t *from)
{
    (void)pthread_mutex_lock(&receiver->lock);
    size_t value = *from;
    (void)pthread_mutex_unlock(&receiver->lock);
    return value;
}

size_t fake_receiver_requests(struct fake_receiver *receiver)
{
    return read_locked(receiver, &receiver->requests_count);
}

size_t fake_receiver_connections(struct fake_receiver *receiver)
{
    return read_locked(receiver, &receiver->connections_count);
}

char *fake_receiver_request(struct fake_receiver *receiver, size_t i, size_t *ret_bytes)
{
    char *copy = NULL;
    (void)pthread_mutex_lock(&receiver->lock);
    if (i < receiver->requests_count && i < FAKE_REQUESTS_MAX && receiver->requests[i].bytes != NULL) {
        *ret_bytes = receiver->requests[i].len;
        copy = malloc(*ret_bytes + 1);
        if (copy != NULL) {
            memcpy(copy, receiver->requests[i].bytes, *ret_bytes);
            copy[*ret_bytes] = '\0';
        }
    }
    (void)pthread_mutex_unlock(&receiver->lock);
    return copy;
}
