/* What is too much: sizes, slowness, numbers. */
#include "support.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char answer[ANSWER_BYTES];

static void pause_ms(int ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L}, NULL);
}

static int64_t now_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

static void assert_alive(const struct served *served)
{
    assert_int_equal(ask(served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer)), 200);
}

static void a_megabyte_of_path_is_refused_and_the_answer_can_be_read(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    enum { SIZE = 1 << 20 };
    char *path = malloc(SIZE);
    assert_non_null(path);
    memset(path, 'a', SIZE);
    int fd = dial(&served);
    send_text(fd, "GET /");
    send_bytes(fd, path, SIZE);
    send_text(fd, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 414);
    assert_non_null(strstr(answer, "problems/path_too_long"));
    close(fd);
    fd = dial(&served);
    send_text(fd, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Large: ");
    send_bytes(fd, path, SIZE);
    send_text(fd, "\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 431);
    assert_non_null(strstr(answer, "problems/headers_too_large"));
    close(fd);
    free(path);
    assert_alive(&served);
    stop_serving(&served);
}

static void a_request_whose_end_or_host_is_in_doubt_is_400_and_the_connection_ends(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length\t: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    };
    struct served served;
    serve(&served, options_of_tests());
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = dial(&served);
        char byte;
        send_text(fd, heads[i]);
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), 400);
        assert_non_null(strstr(answer, "application/problem+json"));
        assert_non_null(strstr(answer, "problems/bad_request"));
        assert_true(recv(fd, &byte, 1, 0) <= 0); /* what follows is nobody's request */
        close(fd);
    }
    /* A first line that is none is never taken for a request. */
    int status = ask(&served, "rubbish\r\n\r\n", answer, sizeof(answer));
    assert_true(status == 400 || status == 0);
    assert_int_equal(ask(&served, "GET /hello HTTP/1.0\r\n\r\n", answer, sizeof(answer)), 200);
    assert_alive(&served);
    stop_serving(&served);
}

static void what_the_library_refuses_by_itself_is_a_problem_too_and_one_answer(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *slug;
    } ROWS[] = {
        {"GET /hello\r\n\r\n", 400, "bad_request"},
        {"GET /hello RUBBISH\r\nHost: x\r\n\r\n", 400, "bad_request"},
        {"GET /hello HTTP/0.9\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
        {"GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400, "bad_request"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\nabc", 400, "bad_request"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, "body_too_large"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n", 400, "bad_request"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc", 413, "body_too_large"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400, "bad_request"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", 400, "bad_request"},
    };
    struct served served;
    serve(&served, options_of_tests());
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        char slug[64], byte;
        int fd = dial(&served);
        /* Behind a good one on the same connection: both are answered. */
        send_text(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), 200);
        send_text(fd, ROWS[i].request);
        int status = read_answer(fd, answer, sizeof(answer));
        (void)snprintf(slug, sizeof(slug), "problems/%s\"", ROWS[i].slug);
        if (status != ROWS[i].status || !strstr(answer, "application/problem+json") || !strstr(answer, slug) || strstr(answer, "<html")) {
            fail_msg("%s: %d %s", ROWS[i].request, status, answer);
        }
        if (strstr(strstr(answer, "HTTP/1.1") + 1, "HTTP/1.1") || recv(fd, &byte, 1, 0) > 0) {
            fail_msg("more than one answer to %s: %s", ROWS[i].request, answer);
        }
        close(fd);
    }
    assert_alive(&served);
    stop_serving(&served);
}

static void a_body_over_its_limit_is_413_and_the_connection_ends(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.body_bytes_max = 100000;
    serve(&served, options);
    static char block[65536];
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        int fd = dial(&served);
        send_text(fd, is_chunked ? "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 : "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n");
        for (int i = 0; i < 16; i++) { /* the client sends on regardless, and only then reads */
            if (is_chunked) {
                send_text(fd, "10000\r\n");
            }
            send_bytes(fd, block, sizeof(block));
            if (is_chunked) {
                send_text(fd, "\r\n");
            }
        }
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), 413);
        assert_non_null(strstr(answer, "problems/body_too_large"));
        assert_non_null(strstr(answer, "Connection: close"));
        char byte;
        assert_true(recv(fd, &byte, 1, 0) <= 0);
        close(fd);
    }
    assert_alive(&served);
    stop_serving(&served);
}

static void all_bodies_together_are_bounded(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.body_bytes_max = 1000;
    options.bodies_bytes_max = 2500;
    serve(&served, options);
    int held[2];
    for (int i = 0; i < 2; i++) { /* declared, and then not sent */
        held[i] = dial(&served);
        send_text(held[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
        assert_int_equal(read_answer(held[i], answer, sizeof(answer)), 100);
    }
    const char *request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    assert_int_equal(ask(&served, request, answer, sizeof(answer)), 503);
    assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
    close(held[0]);
    close(held[1]);
    int status = 503;
    for (int i = 0; i < 500 && status == 503; i++) { /* what they held is given back */
        pause_ms(10);
        int fd = dial(&served);
        send_text(fd, request);
        static char body[1000];
        send_bytes(fd, body, sizeof(body));
        status = read_answer(fd, answer, sizeof(answer));
        close(fd);
    }
    assert_int_equal(status, 200);
    stop_serving(&served);
}

static void a_request_that_dribbles_in_is_ended_with_408(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.request_timeout_s = 1;
    serve(&served, options);
    static const char *const beginnings[] = {"", "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: ",
                                             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"};
    for (size_t i = 0; i < 3; i++) {
        int fd = dial(&served);
        send_text(fd, beginnings[i]);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int sent = 0;
        while (poll(&wait, 1, 50) == 0 && sent < 200) { /* a byte each 50 ms: never idle, never whole */
            send_text(fd, "a");
            sent++;
        }
        assert_true(sent < 100);
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), 408);
        close(fd);
    }
    assert_alive(&served);
    stop_serving(&served);
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.idle_timeout_s = 1;
    serve(&served, options);
    int fd = dial(&served);
    send_text(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 200);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 8000), 1);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    stop_serving(&served);
}

static void a_held_call_outlives_both_timeouts(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.idle_timeout_s = 1;
    options.request_timeout_s = 1;
    serve(&served, options);
    int fd = dial(&served);
    send_text(fd, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 3500), 0);
    close(fd);
    assert_true(becomes(&served.gone, 1));
    stop_serving(&served);
}

static void two_thousand_connections_work_and_those_over_the_limit_get_503(void **state)
{
    (void)state;
    enum { COUNT = 2000, OVER = 20 };
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.connections_max = COUNT;
    serve(&served, options);
    int *fds = calloc(COUNT, sizeof(int));
    assert_non_null(fds);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = dial(&served);
        send_text(fds[i], "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(read_answer(fds[i], answer, sizeof(answer)), 202);
    }
    for (int i = 0; i < OVER; i++) {
        assert_int_equal(ask(&served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer)), 503);
        assert_non_null(strstr(answer, "problems/too_many_connections"));
    }
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    free(fds);
    int status = 503;
    for (int i = 0; i < 500 && status != 200; i++) {
        pause_ms(10);
        status = ask(&served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    }
    assert_int_equal(status, 200);
    stop_serving(&served);
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Connections beyond the limit, with as many as one process's descriptors allow for both sides. */
static void six_thousand_connections_are_bounded_and_disturb_nobody(void **state)
{
    (void)state;
    enum { COUNT = 6000, TAKEN = 4096, BYTES_EACH = 64 * 1024 };
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < 2 * COUNT + 100 || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        skip();
    }
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.connections_max = TAKEN;
    options.connections_per_address_max = COUNT;
    options.request_timeout_s = 60;
    serve(&served, options);
    static int fds[COUNT];
    size_t before = resident_bytes();
    int other = dial(&served); /* somebody with a call now and then */
    send_text(other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(read_answer(other, answer, sizeof(answer)), 200);
    int refused = 0;
    int told = 0;
    int64_t longest_ms = 0;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = dial(&served);
        send_text(fds[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"); /* and no body */
        if (i % 100 == 0) {
            int64_t begin_ms = now_ms();
            send_text(other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_int_equal(read_answer(other, answer, sizeof(answer)), 200);
            longest_ms = now_ms() - begin_ms > longest_ms ? now_ms() - begin_ms : longest_ms;
        }
    }
    for (int i = TAKEN - 1; i < COUNT; i++, refused++) { /* one of those taken is `other` */
        int status = read_answer(fds[i], answer, sizeof(answer));
        assert_true(status == 503 || status == 0); /* 0: reset, as more are refused than may linger */
        told += status == 503;
    }
    assert_int_equal(refused, COUNT - TAKEN + 1);
    assert_in_range(told, 64, refused);
    assert_in_range(longest_ms, 0, 1000);
    assert_in_range(resident_bytes() - before, 0, (size_t)TAKEN * BYTES_EACH);
    for (int i = 0; i < TAKEN - 1; i++) { /* those taken are served */
        send_text(fds[i], "abc");
    }
    for (int i = 0; i < TAKEN - 1; i++) {
        assert_int_equal(read_answer(fds[i], answer, sizeof(answer)), 200);
    }
    print_message("    %d taken, %d refused (%d told why), longest answer to another %d ms, %zu KiB more\n", TAKEN,
                  refused, told, (int)longest_ms, (resident_bytes() - before) / 1024);
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    close(other);
    stop_serving(&served);
}

static void an_address_has_its_own_limit(void **state)
{
    (void)state;
    struct served served;
    struct hb_http_server_options options = options_of_tests();
    options.connections_per_address_max = 3;
    serve(&served, options);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(&served);
        send_text(fds[i], "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(read_answer(fds[i], answer, sizeof(answer)), 200);
    }
    assert_int_equal(ask(&served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer)), 0);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
    stop_serving(&served);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_megabyte_of_path_is_refused_and_the_answer_can_be_read),
        cmocka_unit_test(a_request_whose_end_or_host_is_in_doubt_is_400_and_the_connection_ends),
        cmocka_unit_test(what_the_library_refuses_by_itself_is_a_problem_too_and_one_answer),
        cmocka_unit_test(a_body_over_its_limit_is_413_and_the_connection_ends),
        cmocka_unit_test(all_bodies_together_are_bounded),
        cmocka_unit_test(a_request_that_dribbles_in_is_ended_with_408),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(a_held_call_outlives_both_timeouts),
        cmocka_unit_test(two_thousand_connections_work_and_those_over_the_limit_get_503),
        cmocka_unit_test(six_thousand_connections_are_bounded_and_disturb_nobody),
        cmocka_unit_test(an_address_has_its_own_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
