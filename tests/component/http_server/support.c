#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct held {
    struct served *served;
    struct hb_http_call *call;
    struct hb_timer *timer;
    int pieces;
    struct held *previous, *next;
};

static void hello(void *user, struct hb_http_call *call)
{
    (void)user;
    hb_http_call_add_header(call, "X-One", HB_STR("1"));
    hb_http_call_answer(call, 200, "text/plain", HB_STR("hello"));
}

static void echo(void *user, struct hb_http_call *call)
{
    (void)user;
    hb_http_call_answer(call, 200, "application/octet-stream", hb_http_call_body(call));
}

static void tell(void *user, struct hb_http_call *call)
{
    (void)user;
    struct hb_str query = HB_STR("(none)");
    (void)hb_http_call_query(call, "q", &query);
    struct hb_str id = hb_http_call_param(call, "id");
    struct hb_str other = hb_http_call_param(call, "other");
    struct hb_str header = hb_http_call_header(call, "x-HEADER");
    struct hb_buf text = hb_buf_make(4096);
    if (hb_buf_addf(&text, "%.*s|%.*s|%.*s|%.*s|%s|%.*s", HB_ARG(id), HB_ARG(other), HB_ARG(query), HB_ARG(header),
                    hb_http_call_peer(call), HB_ARG(hb_http_call_path(call))) != HB_OK) {
        hb_buf_clear(&text);
    }
    hb_http_call_answer(call, 200, "text/plain", hb_buf_str(&text));
    hb_buf_deinit(&text);
}

static struct held *hold(struct served *served, struct hb_http_call *call, hb_timer_fn *fn)
{
    struct held *held = calloc(1, sizeof(*held));
    HB_ASSERT(held);
    *held = (struct held){.served = served, .call = call, .next = served->held};
    if (held->next) {
        held->next->previous = held;
    }
    served->held = held;
    HB_ASSERT(hb_timer_new(served->loop, fn, held, &held->timer) == HB_OK);
    return held;
}

static void release(struct held *held)
{
    if (held->previous) {
        held->previous->next = held->next;
    } else {
        held->served->held = held->next;
    }
    if (held->next) {
        held->next->previous = held->previous;
    }
    hb_timer_free(&held->timer);
    free(held);
}

static void answer_later(void *user)
{
    struct held *held = user;
    hb_http_call_answer(held->call, 202, "text/plain", hb_http_call_body(held->call));
    release(held);
}

static void later(void *user, struct hb_http_call *call)
{
    struct held *held = hold(user, call, answer_later);
    hb_timer_start(held->timer, 20, 0);
}

static void on_gone(void *user)
{
    struct held *held = user;
    atomic_fetch_add(&held->served->gone, 1);
    hb_http_call_answer(held->call, 200, "text/plain", HB_STR("nobody hears it"));
    release(held);
}

static void never(void *user, struct hb_http_call *call)
{
    struct held *held = hold(user, call, answer_later);
    hb_http_call_on_gone(call, on_gone, held);
}

static void forgotten(void *user, struct hb_http_call *call)
{
    (void)user;
    (void)call; /* never answered: the server is freed with it open */
}

static void next_piece(void *user)
{
    struct held *held = user;
    enum hb_err err = held->pieces++ == 3 ? HB_ERR_FULL : hb_http_call_more(held->call, HB_STR("piece\n"));
    if (err) {
        atomic_fetch_add(&held->served->closed, err == HB_ERR_CLOSED);
        hb_http_call_end(held->call);
        release(held);
    }
}

static void stream(void *user, struct hb_http_call *call)
{
    struct held *held = hold(user, call, next_piece);
    HB_ASSERT(hb_http_call_begin(call, 200, "text/plain") == HB_OK);
    hb_timer_start(held->timer, 5, 5);
}

static void flood_piece(void *user)
{
    static const char block[65536];
    struct held *held = user;
    enum hb_err err = hb_http_call_more(held->call, hb_str_n(block, sizeof(block)));
    if (err == HB_OK) {
        return;
    }
    atomic_fetch_add(err == HB_ERR_CLOSED ? &held->served->closed : &held->served->full, 1);
    hb_http_call_end(held->call);
    release(held);
}

static void flood(void *user, struct hb_http_call *call)
{
    struct held *held = hold(user, call, flood_piece);
    HB_ASSERT(hb_http_call_begin(call, 200, "application/octet-stream") == HB_OK);
    hb_timer_start(held->timer, 0, 1);
}

static void trickle_piece(void *user)
{
    struct held *held = user;
    enum hb_err err = hb_http_call_more(held->call, HB_STR("."));
    if (err) {
        atomic_fetch_add(&held->served->closed, err == HB_ERR_CLOSED);
        hb_http_call_end(held->call);
        release(held);
    }
}

static void trickle(void *user, struct hb_http_call *call)
{
    struct held *held = hold(user, call, trickle_piece);
    HB_ASSERT(hb_http_call_begin(call, 200, "text/plain") == HB_OK);
    hb_timer_start(held->timer, 0, 5);
}

static struct hb_http_route *make_routes(struct served *served, size_t *ret_count)
{
    const struct hb_http_route routes[] = {
        {"GET", "/hello", hello, served},    {"PUT", "/hello", hello, served},
        {"POST", "/echo", echo, served},     {"GET", "/items/{id}/x/{other}", tell, served},
        {"POST", "/later", later, served},   {"GET", "/never", never, served},
        {"GET", "/stream", stream, served},  {"GET", "/flood", flood, served},
        {"GET", "/trickle", trickle, served}, {"GET", "/forgotten", forgotten, served},
    };
    struct hb_http_route *own = malloc(sizeof(routes));
    assert_non_null(own);
    memcpy(own, routes, sizeof(routes));
    *ret_count = sizeof(routes) / sizeof(routes[0]);
    return own;
}

struct hb_http_server_options options_of_tests(void)
{
    return (struct hb_http_server_options){.address = "127.0.0.1", .connections_max = 4000,
        .connections_per_address_max = 4000, .idle_timeout_s = 10, .request_timeout_s = 10,
        .body_bytes_max = 1 << 20, .bodies_bytes_max = 16 << 20};
}

static void on_stop(void *user)
{
    struct served *served = user;
    hb_loop_stop(served->loop);
}

struct thread_of {
    struct served *served;
    struct hb_http_route *routes;
};

static void *run(void *user)
{
    struct thread_of *of = user;
    hb_loop_run(of->served->loop);
    hb_http_server_free(&of->served->server);
    while (of->served->held) {
        release(of->served->held);
    }
    hb_wake_free(&of->served->stop);
    hb_loop_free(&of->served->loop);
    free(of->routes);
    free(of);
    return NULL;
}

void serve(struct served *served, struct hb_http_server_options options)
{
    memset(served, 0, sizeof(*served));
    assert_int_equal(hb_loop_new(&served->loop), HB_OK);
    options.loop = served->loop;
    struct hb_error error = {HB_OK, ""};
    if (hb_http_server_new(&options, &served->server, &error) != HB_OK) {
        fail_msg("%s", error.text);
    }
    served->port = hb_http_server_port(served->server);
    size_t count = 0;
    struct thread_of *of = malloc(sizeof(*of));
    assert_non_null(of);
    *of = (struct thread_of){served, make_routes(served, &count)};
    assert_int_equal(hb_http_server_mount(served->server, of->routes, count), HB_OK);
    assert_int_equal(hb_wake_new(served->loop, on_stop, served, &served->stop), HB_OK);
    assert_int_equal(pthread_create(&served->thread, NULL, run, of), 0);
}

void stop_serving(struct served *served)
{
    hb_wake_send(served->stop);
    assert_int_equal(pthread_join(served->thread, NULL), 0);
}

int dial(const struct served *served)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = 20};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)served->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

void send_bytes(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has closed: the answer tells */
        }
        bytes += sent;
        count -= (size_t)sent;
    }
}

void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

/* The length of the whole answer, once its headers are in; 0: unknown (up to the end). */
static size_t whole_length(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (!end) {
        return SIZE_MAX;
    }
    if (strstr(text, "HTTP/1.1 100") == text) {
        return (size_t)(end - text) + 4;
    }
    if (!length || length > end) {
        return 0;
    }
    return (size_t)(end - text) + 4 + strtoul(length + 17, NULL, 10);
}

/* Byte by byte where it matters: nothing of the next answer is taken. */
int read_answer(int fd, char *ret_text, size_t size)
{
    size_t len = 0;
    ret_text[0] = '\0';
    size_t whole = SIZE_MAX;
    while (len + 1 < size && (whole == 0 || whole == SIZE_MAX || len < whole)) {
        size_t wanted = whole == SIZE_MAX ? 1 : whole == 0 ? size - len - 1 : whole - len;
        wanted = wanted > size - len - 1 ? size - len - 1 : wanted;
        ssize_t count = recv(fd, ret_text + len, wanted, 0);
        if (count <= 0) {
            break;
        }
        len += (size_t)count;
        ret_text[len] = '\0';
        whole = whole == SIZE_MAX ? whole_length(ret_text) : whole;
    }
    return strncmp(ret_text, "HTTP/1.1 ", 9) == 0 ? atoi(ret_text + 9) : 0;
}

int ask(const struct served *served, const char *request, char *ret_text, size_t size)
{
    int fd = dial(served);
    send_text(fd, request);
    int status = read_answer(fd, ret_text, size);
    close(fd);
    return status;
}

bool becomes(atomic_int *value, int wanted)
{
    for (int i = 0; i < 1000; i++) {
        if (atomic_load(value) == wanted) {
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}
