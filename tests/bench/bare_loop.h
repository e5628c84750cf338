/* Job: the limit: a libcurl multi_socket loop over epoll that does nothing else.
 *
 * Place: tests/bench only. Everything that a request needs is prepared before the clock starts.
 * Threads: the caller's. */
#ifndef TESTS_BENCH_BARE_LOOP_H
#define TESTS_BENCH_BARE_LOOP_H

#include <stddef.h>

struct bare_load {
    int port;
    int destinations; /* 127.x.y.z, see bench_address */
    int in_flight;
    int shards; /* multi handles */
    size_t body_bytes;
    const char *const *headers; /* "Name: value", NULL-terminated */
    double seconds, warm_seconds;
};

struct load_result {
    double per_second;
    double cpu_us; /* of this process, a request */
    long failed;
};

struct load_result bare_loop_run(const struct bare_load *load);
/* "127.x.y.z" of destination i. */
void bench_address(int i, char *ret_text, size_t bytes);
double bench_wall_s(void);
double bench_cpu_s(void);

#endif
