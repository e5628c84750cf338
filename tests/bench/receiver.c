/* A receiver that costs as little as possible: answers 200 to any request with a Content-Length, on one port of all
 * local addresses (127.0.0.0/8 gives as many destinations as one likes), one epoll loop, keep-alive.
 *
 * receiver [PORT]: prints "ready PORT" and serves until it is ended. PORT 0 or none: any free one.
 * SIGUSR1: prints "received N". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES_MAX (1 << 19)
#define EVENTS_MAX 512

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* The unfinished beginning of a request. */
struct part {
    char *bytes;
    size_t len;
};

struct receiver {
    int epoll_fd, listen_fd;
    struct part *parts; /* by descriptor */
    size_t parts_count;
    char *buffer;
};

static uint64_t received;
static volatile sig_atomic_t is_asked;

static void on_usr1(int number)
{
    (void)number;
    is_asked = 1;
}

/* Bytes of the first request in the buffer; 0: not whole yet. */
static size_t request_bytes(const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    size_t head = (size_t)(end - bytes) + 4;
    size_t body = 0;
    const char *line = bytes;
    while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        line++;
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            body = strtoul(line + 15, NULL, 10);
            break;
        }
    }
    return len >= head + body ? head + body : 0;
}

static void end(struct receiver *receiver, int fd)
{
    free(receiver->parts[fd].bytes);
    receiver->parts[fd] = (struct part){NULL, 0};
    (void)close(fd);
}

static void keep(struct receiver *receiver, int fd, const char *bytes, size_t len)
{
    struct part *part = &receiver->parts[fd];
    char *copy = len > 0 ? malloc(len) : NULL;
    if (copy != NULL) {
        memcpy(copy, bytes, len);
    }
    free(part->bytes);
    *part = (struct part){copy, copy != NULL ? len : 0};
}

static void serve(struct receiver *receiver, int fd)
{
    struct part *part = &receiver->parts[fd];
    size_t had = part->len;
    if (had > 0) {
        memcpy(receiver->buffer, part->bytes, had);
    }
    ssize_t got = read(fd, receiver->buffer + had, READ_BYTES_MAX - had);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            end(receiver, fd);
        }
        return;
    }
    size_t len = had + (size_t)got;
    size_t at = 0;
    size_t one;
    while (at < len && (one = request_bytes(receiver->buffer + at, len - at)) > 0) {
        at += one;
        received++;
        if (write(fd, answer, sizeof(answer) - 1) < 0) {
            end(receiver, fd);
            return;
        }
    }
    if (at < len || had > 0) {
        keep(receiver, fd, receiver->buffer + at, len - at);
    }
}

static void welcome(struct receiver *receiver)
{
    int fd;
    while ((fd = accept4(receiver->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if ((size_t)fd >= receiver->parts_count) {
            (void)close(fd);
            continue;
        }
        int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
        (void)epoll_ctl(receiver->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_ANY)}};
    socklen_t size = sizeof(at);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        perror("receiver: listen");
        exit(1);
    }
    printf("ready %d\n", ntohs(at.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void run(struct receiver *receiver)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(receiver->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == receiver->listen_fd) {
                welcome(receiver);
            } else {
                serve(receiver, events[i].data.fd);
            }
        }
        if (is_asked) {
            is_asked = 0;
            printf("received %lu\n", (unsigned long)received);
            (void)fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = on_usr1};
    (void)sigaction(SIGUSR1, &action, NULL);
    struct receiver receiver = {.parts_count = limit.rlim_max < 1U << 20 ? limit.rlim_max : 1U << 20};
    receiver.parts = calloc(receiver.parts_count, sizeof(struct part));
    receiver.buffer = malloc(READ_BYTES_MAX);
    receiver.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    receiver.listen_fd = listen_on(argc > 1 ? atoi(argv[1]) : 0);
    if (receiver.parts == NULL || receiver.buffer == NULL) {
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = receiver.listen_fd}};
    (void)epoll_ctl(receiver.epoll_fd, EPOLL_CTL_ADD, receiver.listen_fd, &event);
    run(&receiver);
}
