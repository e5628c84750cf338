#include "cli/plain_get.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/setup.h"

#define HEAD_END HB_STR("\r\n\r\n")

static bool wait_for(int fd, short events, int64_t until_us)
{
    struct pollfd at = {.fd = fd, .events = events};
    int64_t left_ms = (until_us - hb_setup_mono().us) / HB_US_PER_MS;

    return left_ms > 0 && poll(&at, 1, (int)left_ms) > 0;
}

static int dial(const char *address, int port, int64_t until_us)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found = NULL;
    bool is_any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    char service[16];
    int fd = -1, error = 0;
    socklen_t error_bytes = sizeof(error);

    (void)snprintf(service, sizeof(service), "%d", port);
    if (port <= 0 || getaddrinfo(is_any ? "127.0.0.1" : address, service, &hints, &found) != 0) {
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_begun = fd >= 0 && (connect(fd, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS);
    freeaddrinfo(found);
    bool is_good = is_begun && wait_for(fd, POLLOUT, until_us) &&
                   getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0 && error == 0;
    if (fd >= 0 && !is_good) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Reads until the other side closes, which "Connection: close" asks for. */
static enum hb_err read_all(int fd, int64_t until_us, struct hb_buf *answer)
{
    char piece[16384];

    while (wait_for(fd, POLLIN, until_us)) {
        ssize_t got = recv(fd, piece, sizeof(piece), 0);

        if (got == 0) {
            return HB_OK;
        }
        if (got < 0 || hb_buf_add(answer, hb_str_n(piece, (size_t)got))) {
            break;
        }
    }
    return HB_ERR_AWAY;
}

enum hb_err hb_plain_get(const char *address, int port, const char *path, int limit_ms, struct hb_buf *ret_body)
{
    int64_t until_us = hb_setup_mono().us + limit_ms * HB_US_PER_MS;
    struct hb_buf answer = hb_buf_make(ret_body->max);
    char request[256];
    int fd = dial(address, port, until_us);
    int length =
        snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address);
    enum hb_err err = fd >= 0 && send(fd, request, (size_t)length, MSG_NOSIGNAL) == length
                          ? read_all(fd, until_us, &answer)
                          : HB_ERR_AWAY;
    const char *end = err ? NULL : memmem(answer.ptr, answer.len, HEAD_END.ptr, HEAD_END.len);
    bool is_good = end && answer.len > 12 && memcmp(answer.ptr + 8, " 200", 4) == 0;

    if (is_good) {
        size_t from = (size_t)(end - answer.ptr) + HEAD_END.len;

        err = hb_buf_add(ret_body, hb_str_n(answer.ptr + from, answer.len - from));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    hb_buf_deinit(&answer);
    return is_good ? err : HB_ERR_AWAY;
}
