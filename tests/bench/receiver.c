/* A receiver that costs as little as possible: answers 200 to any request with a Content-Length, on one port of all
 * local addresses (127.0.0.0/8 gives as many destinations as one likes), one epoll loop, keep-alive.
 *
 * receiver [--tls CERTIFICATE KEY] [--log FILE] [PORT]: prints "ready PORT" and serves until it is ended. PORT 0 or
 * none: any free one. SIGUSR1: prints "received N", after what was logged so far has reached the file.
 * --log: a line each request: microseconds of the wall clock, path, webhook-id, Hookbus-Delivery-Id, Hookbus-Attempt.
 * The beginning of a path may ask for something else than 200:
 *   /fail  500.   /once  500 to a first attempt, then 200.   /hang  nothing, ever.
 *   /switch  what the last request to /set/NNN said, 500 at first. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES_MAX (1 << 19)
#define EVENTS_MAX 512
#define LOG_BYTES (1 << 20)

static const char answer_ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char answer_fail[] = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno";

/* A connection: the unfinished beginning of a request. */
struct part {
    char *bytes;
    size_t len;
    SSL *tls; /* NULL: plain */
};

/* A request as it stands in the buffer: the head with its empty line. */
struct request {
    const char *head;
    size_t head_len, len;
};

struct receiver {
    int epoll_fd, listen_fd;
    struct part *parts; /* by descriptor */
    size_t parts_count;
    char *buffer;
    SSL_CTX *tls;
    FILE *log;
    bool switch_is_ok;
};

static uint64_t received;
static volatile sig_atomic_t is_asked;

static void on_usr1(int number)
{
    (void)number;
    is_asked = 1;
}

/* The first request in the buffer; false: not whole yet. */
static bool find_request(const char *bytes, size_t len, struct request *ret_request)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return false;
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
    *ret_request = (struct request){bytes, head, head + body};
    return len >= head + body;
}

/* A header's value; "-" and length 1 without it. */
static const char *header(const struct request *request, const char *name, size_t *ret_len)
{
    size_t name_len = strlen(name);
    const char *end = request->head + request->head_len;
    const char *line = request->head;
    while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL && (size_t)(end - ++line) > name_len) {
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            line += name_len + 1 + (line[name_len + 1] == ' ');
            *ret_len = (size_t)((const char *)memchr(line, '\r', (size_t)(end - line)) - line);
            return line;
        }
    }
    *ret_len = 1;
    return "-";
}

static const char *path_of(const struct request *request, size_t *ret_len)
{
    const char *path = (const char *)memchr(request->head, ' ', request->head_len) + 1;
    *ret_len = strcspn(path, " \r");
    return path;
}

static void note(struct receiver *receiver, const struct request *request)
{
    size_t path_len, id_len, delivery_len, attempt_len;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const char *path = path_of(request, &path_len);
    const char *id = header(request, "webhook-id", &id_len);
    const char *delivery = header(request, "Hookbus-Delivery-Id", &delivery_len);
    const char *attempt = header(request, "Hookbus-Attempt", &attempt_len);
    (void)fprintf(receiver->log, "%lld %.*s %.*s %.*s %.*s\n", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000,
                  (int)path_len, path, (int)id_len, id, (int)delivery_len, delivery, (int)attempt_len, attempt);
}

/* The answer; NULL: none. */
static const char *answer_to(struct receiver *receiver, const struct request *request)
{
    size_t len;
    const char *path = path_of(request, &len);
    if (len >= 5 && strncmp(path, "/fail", 5) == 0) {
        return answer_fail;
    }
    if (len >= 5 && strncmp(path, "/hang", 5) == 0) {
        return NULL;
    }
    if (len >= 5 && strncmp(path, "/once", 5) == 0) {
        const char *attempt = header(request, "Hookbus-Attempt", &len);
        return len == 1 && *attempt == '1' ? answer_fail : answer_ok;
    }
    if (len >= 7 && strncmp(path, "/switch", 7) == 0) {
        return receiver->switch_is_ok ? answer_ok : answer_fail;
    }
    if (len >= 8 && strncmp(path, "/set/", 5) == 0) {
        receiver->switch_is_ok = path[5] == '2';
    }
    return answer_ok;
}

static void end(struct receiver *receiver, int fd)
{
    free(receiver->parts[fd].bytes);
    SSL_free(receiver->parts[fd].tls);
    receiver->parts[fd] = (struct part){NULL, 0, NULL};
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
    part->bytes = copy;
    part->len = copy != NULL ? len : 0;
}

/* What came; 0: nothing now; -1: the connection is over. */
static ssize_t take(struct receiver *receiver, int fd, char *bytes, size_t room)
{
    SSL *tls = receiver->parts[fd].tls;
    if (tls == NULL) {
        ssize_t got = read(fd, bytes, room);
        return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
    }
    size_t len = 0;
    int got = 0;
    while (len < room && (got = SSL_read(tls, bytes + len, (int)(room - len))) > 0) {
        len += (size_t)got;
    }
    int why = got > 0 ? SSL_ERROR_NONE : SSL_get_error(tls, got);
    return len > 0 ? (ssize_t)len : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static bool give(struct receiver *receiver, int fd, const char *text)
{
    SSL *tls = receiver->parts[fd].tls;
    size_t len = strlen(text);
    return tls ? SSL_write(tls, text, (int)len) == (int)len : write(fd, text, len) == (ssize_t)len;
}

static void serve(struct receiver *receiver, int fd)
{
    struct part *part = &receiver->parts[fd];
    size_t had = part->len;
    if (had > 0) {
        memcpy(receiver->buffer, part->bytes, had);
    }
    ssize_t got = take(receiver, fd, receiver->buffer + had, READ_BYTES_MAX - had);
    if (got <= 0) {
        if (got < 0) {
            end(receiver, fd);
        }
        return;
    }
    size_t len = had + (size_t)got;
    size_t at = 0;
    struct request request;
    while (at < len && find_request(receiver->buffer + at, len - at, &request)) {
        at += request.len;
        received++;
        if (receiver->log != NULL) {
            note(receiver, &request);
        }
        const char *answer = answer_to(receiver, &request);
        if (answer != NULL && !give(receiver, fd, answer)) {
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
        if (receiver->tls != NULL) {
            receiver->parts[fd].tls = SSL_new(receiver->tls);
            (void)SSL_set_fd(receiver->parts[fd].tls, fd);
            SSL_set_accept_state(receiver->parts[fd].tls);
        }
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
            if (receiver->log != NULL) {
                (void)fflush(receiver->log);
            }
            printf("received %lu\n", (unsigned long)received);
            (void)fflush(stdout);
        }
    }
}

static void begin_tls(struct receiver *receiver, const char *certificate, const char *key)
{
    receiver->tls = SSL_CTX_new(TLS_server_method());
    (void)SSL_CTX_set_mode(receiver->tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(receiver->tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(receiver->tls, key, SSL_FILETYPE_PEM) != 1) {
        (void)fprintf(stderr, "receiver: %s and %s cannot be used\n", certificate, key);
        exit(1);
    }
}

static void begin_log(struct receiver *receiver, const char *path)
{
    receiver->log = fopen(path, "we");
    if (receiver->log == NULL || setvbuf(receiver->log, NULL, _IOFBF, LOG_BYTES) != 0) {
        perror("receiver: log");
        exit(1);
    }
}

static int read_arguments(struct receiver *receiver, int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
            begin_tls(receiver, argv[i + 1], argv[i + 2]);
            i += 2;
        } else if (strcmp(argv[i], "--log") == 0) {
            begin_log(receiver, argv[++i]);
        } else {
            break;
        }
    }
    return i < argc ? atoi(argv[i]) : 0;
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
    int port = read_arguments(&receiver, argc, argv);
    receiver.parts = calloc(receiver.parts_count, sizeof(struct part));
    receiver.buffer = malloc(READ_BYTES_MAX);
    receiver.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    receiver.listen_fd = listen_on(port);
    if (receiver.parts == NULL || receiver.buffer == NULL) {
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = receiver.listen_fd}};
    (void)epoll_ctl(receiver.epoll_fd, EPOLL_CTL_ADD, receiver.listen_fd, &event);
    run(&receiver);
}
