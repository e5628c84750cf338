#include "bench/bare_loop.h"

#include <curl/curl.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 512

struct multi {
    CURLM *handle;
    int epoll_fd; /* the one of all */
    unsigned index;
    long due_ms; /* -1: none */
};

struct bare {
    const struct bare_load *load;
    int epoll_fd;
    struct multi *multis;
    char **urls;
    char *body;
    int next;
    long done, failed;
};

void bench_address(int i, char *ret_text, size_t bytes)
{
    (void)snprintf(ret_text, bytes, "127.%d.%d.%d", 1 + i / 40000, (i / 200) % 200, 1 + i % 200);
}

static double clock_s(clockid_t which)
{
    struct timespec at;
    (void)clock_gettime(which, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

double bench_wall_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

double bench_cpu_s(void)
{
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    (void)bytes;
    (void)user;
    return size * count;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    (void)easy;
    struct multi *multi = user;
    struct epoll_event event = {.data = {.u64 = (uint64_t)multi->index << 32 | (unsigned)fd}};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(multi->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        (void)curl_multi_assign(multi->handle, fd, NULL);
        return 0;
    }
    event.events = ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U);
    if (known == NULL) {
        (void)curl_multi_assign(multi->handle, fd, multi);
        (void)epoll_ctl(multi->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    } else {
        (void)epoll_ctl(multi->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    }
    return 0;
}

static int on_timer(CURLM *handle, long timeout_ms, void *user)
{
    (void)handle;
    ((struct multi *)user)->due_ms = timeout_ms;
    return 0;
}

/* The next destination, and on its way: the same shard for the same destination. */
static void start(struct bare *bare, CURL *easy, struct multi **ret_multi)
{
    int destination = bare->next++ % bare->load->destinations;
    struct multi *multi = &bare->multis[destination % bare->load->shards];
    if (bare->load->destinations > 1) {
        (void)curl_easy_setopt(easy, CURLOPT_URL, bare->urls[destination]);
    }
    (void)curl_multi_add_handle(multi->handle, easy);
    *ret_multi = multi;
}

static void collect(struct bare *bare, struct multi *multi)
{
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi->handle, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        bare->done++;
        bare->failed += message->data.result != CURLE_OK;
        (void)curl_multi_remove_handle(multi->handle, easy);
        struct multi *next = NULL;
        start(bare, easy, &next);
    }
}

static CURL *open_easy(struct bare *bare, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();
    (void)curl_easy_setopt(easy, CURLOPT_URL, bare->urls[0]);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bare->body);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)bare->load->body_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
    (void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    return easy;
}

static void open_all(struct bare *bare)
{
    const struct bare_load *load = bare->load;
    bare->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bare->multis = calloc((size_t)load->shards, sizeof(struct multi));
    bare->urls = calloc((size_t)load->destinations, sizeof(char *));
    bare->body = malloc(load->body_bytes + 1);
    if (bare->multis == NULL || bare->urls == NULL || bare->body == NULL) {
        exit(1);
    }
    memset(bare->body, 'x', load->body_bytes);
    for (int i = 0; i < load->shards; i++) {
        struct multi *multi = &bare->multis[i];
        *multi = (struct multi){curl_multi_init(), bare->epoll_fd, (unsigned)i, -1};
        (void)curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void)curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
        (void)curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, on_timer);
        (void)curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
        (void)curl_multi_setopt(multi->handle, CURLMOPT_MAXCONNECTS, 20000L);
    }
    for (int i = 0; i < load->destinations; i++) {
        char address[32];
        bench_address(i, address, sizeof(address));
        if (asprintf(&bare->urls[i], "http://%s:%d/hooks", address, load->port) < 0) {
            exit(1);
        }
    }
}

static void run_timers(struct bare *bare)
{
    for (int i = 0; i < bare->load->shards; i++) {
        struct multi *multi = &bare->multis[i];
        int running = 0;
        if (multi->due_ms == 0) {
            multi->due_ms = -1;
            (void)curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
            collect(bare, multi);
        }
    }
}

static void on_event(struct bare *bare, const struct epoll_event *event)
{
    struct multi *multi = &bare->multis[event->data.u64 >> 32];
    int mask = ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) ? CURL_CSELECT_IN : 0) |
               ((event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0);
    int running = 0;
    (void)curl_multi_socket_action(multi->handle, (int)(event->data.u64 & UINT32_MAX), mask, &running);
    collect(bare, multi);
}

static void run_for(struct bare *bare, double seconds)
{
    double until = bench_wall_s() + seconds;
    struct epoll_event ready[EVENTS_MAX];
    while (bench_wall_s() < until) {
        run_timers(bare);
        int count = epoll_wait(bare->epoll_fd, ready, EVENTS_MAX, 1);
        for (int i = 0; i < count; i++) {
            on_event(bare, &ready[i]);
        }
    }
}

struct load_result bare_loop_run(const struct bare_load *load)
{
    struct bare bare = {.load = load};
    open_all(&bare);
    struct curl_slist *headers = NULL;
    for (size_t i = 0; load->headers[i] != NULL; i++) {
        headers = curl_slist_append(headers, load->headers[i]);
    }
    for (int i = 0; i < load->in_flight; i++) {
        struct multi *multi = NULL;
        start(&bare, open_easy(&bare, headers), &multi);
    }
    run_for(&bare, load->warm_seconds);
    long done = bare.done;
    double wall = bench_wall_s();
    double cpu = bench_cpu_s();
    run_for(&bare, load->seconds);
    done = bare.done - done;
    wall = bench_wall_s() - wall;
    cpu = bench_cpu_s() - cpu;
    return (struct load_result){(double)done / wall, cpu * 1e6 / (double)(done > 0 ? done : 1), bare.failed};
}
