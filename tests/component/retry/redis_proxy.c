#include "component/retry/redis_proxy.h"

#include "hookbus/error.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROXY_BYTES_MAX ((size_t)8 << 20)
#define LOSE_MS 150

struct redis_proxy {
    pthread_t thread;
    pthread_mutex_t lock;
    int fd, port, server_port;
    _Atomic bool is_ended; /* said by the test, read by the thread */
    enum proxy_mode mode;
    const char *text;
    int count;
    char *bytes; /* from the client, not yet a whole command */
    size_t length;
};

static int dial(int port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    HB_ASSERT(fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
    return fd;
}

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* The length of the first whole command, an array of strings; 0: not there yet. */
static size_t command_length(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    if (!end)
        return 0;
    long words = strtol(bytes + 1, NULL, 10);
    size_t at = (size_t)(end - bytes) + 1;
    for (long i = 0; i < words; i++) {
        end = at < length ? memchr(bytes + at, '\n', length - at) : NULL;
        if (!end)
            return 0;
        at = (size_t)(end - bytes) + 1 + (size_t)strtol(bytes + at + 1, NULL, 10) + 2;
        if (at > length)
            return 0;
    }
    return at;
}

/* False: the connection ends. */
static bool handle(struct redis_proxy *proxy, int client, int server, size_t length)
{
    (void)pthread_mutex_lock(&proxy->lock);
    enum proxy_mode mode = proxy->mode;
    const char *text = proxy->text;
    if (mode == PROXY_LOSE && text && !memmem(proxy->bytes, length, text, strlen(text)))
        mode = PROXY_PASS;
    proxy->count += mode != PROXY_PASS;
    if (mode == PROXY_LOSE)
        proxy->mode = PROXY_PASS;
    (void)pthread_mutex_unlock(&proxy->lock);
    if (mode == PROXY_SAY || mode == PROXY_HALF)
        return send_all(client, text, strlen(text)) && mode == PROXY_SAY;
    if (!send_all(server, proxy->bytes, length))
        return false;
    if (mode == PROXY_LOSE)
        (void)usleep(LOSE_MS * 1000); /* it has run */
    return mode == PROXY_PASS;
}

static bool from_client(struct redis_proxy *proxy, int client, int server)
{
    ssize_t count = recv(client, proxy->bytes + proxy->length, PROXY_BYTES_MAX - proxy->length, 0);
    size_t length;

    if (count <= 0)
        return false;
    proxy->length += (size_t)count;
    while ((length = command_length(proxy->bytes, proxy->length)) > 0) {
        if (!handle(proxy, client, server, length))
            return false;
        proxy->length -= length;
        memmove(proxy->bytes, proxy->bytes + length, proxy->length);
    }
    return true;
}

static bool from_server(int client, int server)
{
    char bytes[65536];
    ssize_t count = recv(server, bytes, sizeof(bytes), 0);

    return count > 0 && send_all(client, bytes, (size_t)count);
}

static void serve(struct redis_proxy *proxy, int client)
{
    int server = dial(proxy->server_port);
    struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    bool goes_on = true;

    proxy->length = 0;
    while (goes_on && !proxy->is_ended) {
        if (poll(fds, 2, 50) < 0)
            break;
        if (fds[1].revents)
            goes_on = from_server(client, server);
        if (goes_on && fds[0].revents)
            goes_on = from_client(proxy, client, server);
    }
    (void)close(server);
    (void)close(client);
}

static void *run(void *user)
{
    struct redis_proxy *proxy = user;
    int client;

    while ((client = accept(proxy->fd, NULL, NULL)) >= 0)
        serve(proxy, client);
    return NULL;
}

struct redis_proxy *redis_proxy_new(const char *address)
{
    struct redis_proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(at);

    HB_ASSERT(proxy && strrchr(address, ':'));
    proxy->server_port = atoi(strrchr(address, ':') + 1);
    proxy->bytes = malloc(PROXY_BYTES_MAX);
    (void)pthread_mutex_init(&proxy->lock, NULL);
    proxy->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HB_ASSERT(proxy->bytes && bind(proxy->fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(proxy->fd, 8) == 0);
    HB_ASSERT(getsockname(proxy->fd, (struct sockaddr *)&at, &length) == 0);
    proxy->port = ntohs(at.sin_port);
    HB_ASSERT(pthread_create(&proxy->thread, NULL, run, proxy) == 0);
    return proxy;
}

void redis_proxy_free(struct redis_proxy *proxy)
{
    proxy->is_ended = true;
    (void)shutdown(proxy->fd, SHUT_RDWR);
    (void)pthread_join(proxy->thread, NULL);
    (void)close(proxy->fd);
    (void)pthread_mutex_destroy(&proxy->lock);
    free(proxy->bytes);
    free(proxy);
}

int redis_proxy_port(const struct redis_proxy *proxy) { return proxy->port; }

void redis_proxy_set(struct redis_proxy *proxy, enum proxy_mode mode, const char *text)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->mode = mode;
    proxy->text = text;
    (void)pthread_mutex_unlock(&proxy->lock);
}

int redis_proxy_count(struct redis_proxy *proxy)
{
    (void)pthread_mutex_lock(&proxy->lock);
    int count = proxy->count;
    (void)pthread_mutex_unlock(&proxy->lock);
    return count;
}
