/* Calls as clients make them: routes, methods, bodies, keep-alive, answers that wait. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char answer[ANSWER_BYTES];

static void routes_and_params_and_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *part;
    } rows[] = {
        {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\nhello"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200, "X-One: 1\r\n"},
        {"GET /hello?q=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "hello"},
        {"GET /items/a%2Fb/x/c%20d?q=%C3%A4+1&r HTTP/1.1\r\nHost: x\r\nX-Header: v\r\n\r\n", 200,
         "\r\n\r\na/b|c d|\xc3\xa4 1|v|127.0.0.1|/items/a/b/x/c d"},
        {"GET /items/1/x/2 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\n1|2|(none)||127.0.0.1|/items/1/x/2"},
        {"GET /items/1/x/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "problems/no_such_path"},
        {"GET /items/1%zz/x/2 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "problems/bad_path"},
        {"GET /items/1%4/x/2 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "\"should\":\"%25 for a percent sign\""},
        {"GET /hello/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "application/problem+json"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "\"status\":404"},
        {"DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET, HEAD, PUT\r\n"},
        {"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, "problems/method_not_allowed"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 200, "\r\n\r\nabc"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200, "Content-Length: 0\r\n"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", 200,
         "\r\n\r\nabcdefg"},
        {"POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 202, "\r\n\r\nabc"},
        {"rubbish\r\n\r\n", 0, ""}, /* closed: there is no version to answer in */
    };
    struct served served;
    serve(&served, options_of_tests());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = ask(&served, rows[i].request, answer, sizeof(answer));
        if (status != rows[i].status || !strstr(answer, rows[i].part)) {
            print_error("row %zu: %s\nwanted %d and %s, got:\n%s\n", i, rows[i].request, rows[i].status,
                        rows[i].part, answer);
        }
        assert_int_equal(status, rows[i].status);
        assert_non_null(strstr(answer, rows[i].part));
    }
    stop_serving(&served);
}

static void head_answers_like_get_without_a_body(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
    assert_null(strstr(answer, "\r\n\r\nhello"));
    close(fd);
    stop_serving(&served);
}

static void a_connection_is_kept_and_pipelined_calls_are_answered_in_order(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    for (int i = 0; i < 50; i++) { /* all at once; every other one is answered later */
        char request[128];
        (void)snprintf(request, sizeof(request), "POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n%03d",
                       i % 2 ? "later" : "echo", i);
        send_text(fd, request);
    }
    for (int i = 0; i < 50; i++) {
        char body[16];
        (void)snprintf(body, sizeof(body), "\r\n\r\n%03d", i);
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), i % 2 ? 202 : 200);
        assert_non_null(strstr(answer, body));
    }
    close(fd);
    stop_serving(&served);
}

static void an_answer_given_later_goes_out_at_once(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    struct timespec begin;
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 10; i++) { /* each is answered by a timer of 20 ms */
        send_text(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        assert_int_equal(read_answer(fd, answer, sizeof(answer)), 202);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - begin.tv_sec < 6); /* waiting for the once-a-second sweep would take 10 s */
    close(fd);
    stop_serving(&served);
}

static int64_t now_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

/* Many clients read to the end instead of counting bytes. */
static void a_connection_that_the_client_wants_closed_ends_with_its_answer(void **state)
{
    (void)state;
    static const struct {
        const char *head, *body;
        int status;
    } rows[] = {
        {"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "", 200},
        {"GET /hello HTTP/1.0\r\n\r\n", "", 200},
        {"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "", 404},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", "abc", 200},
        {"POST /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", "abc", 202},
    };
    struct served served;
    serve(&served, options_of_tests());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t begin_ms = now_ms();
        for (int turn = 0; turn < 5; turn++) {
            int fd = dial(&served);
            char byte;
            send_text(fd, rows[i].head);
            send_text(fd, rows[i].body);
            assert_int_equal(read_answer(fd, answer, sizeof(answer)), rows[i].status);
            assert_int_equal(recv(fd, &byte, 1, 0), 0);
            close(fd);
        }
        assert_in_range(now_ms() - begin_ms, 0, 4000); /* by the once-a-second sweep it would be 5 s */
    }
    stop_serving(&served);
}

static void a_large_body_arrives_whole_whether_sized_or_chunked(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct served served;
    serve(&served, options_of_tests());
    char *body = malloc(SIZE);
    char *text = malloc(SIZE + 4096);
    assert_non_null(body);
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++) {
        body[i] = (char)('a' + i % 23);
    }
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        int fd = dial(&served);
        if (is_chunked) {
            send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (size_t at = 0; at < SIZE; at += 4096) {
                send_text(fd, "1000\r\n");
                send_bytes(fd, body + at, 4096);
                send_text(fd, "\r\n");
            }
            send_text(fd, "0\r\n\r\n");
        } else {
            send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\nExpect: 100-continue\r\n\r\n");
            assert_int_equal(read_answer(fd, text, SIZE + 4096), 100);
            send_bytes(fd, body, SIZE);
        }
        assert_int_equal(read_answer(fd, text, SIZE + 4096), 200);
        const char *got = strstr(text, "\r\n\r\n") + 4;
        assert_memory_equal(got, body, SIZE);
        close(fd);
    }
    free(body);
    free(text);
    stop_serving(&served);
}

static void a_client_that_leaves_before_the_answer_is_told(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    int other = dial(&served); /* answered only after the first was read */
    send_text(other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(read_answer(other, answer, sizeof(answer)), 200);
    assert_int_equal(atomic_load(&served.gone), 0);
    close(fd);
    assert_true(becomes(&served.gone, 1));
    close(other);
    stop_serving(&served);
}

static void calls_still_open_are_closed_when_the_server_is_freed(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(ask(&served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer)), 200);
    stop_serving(&served);
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 0);
    close(fd);
}

static void a_taken_port_is_an_error_in_words(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    struct hb_loop *loop = NULL;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    struct hb_http_server *server = NULL;
    struct hb_error error = {HB_OK, ""};
    struct hb_http_server_options options = options_of_tests();
    options.loop = loop;
    options.port = served.port;
    assert_int_equal(hb_http_server_new(&options, &server, &error), HB_ERR_IO);
    assert_non_null(strstr(error.text, "taken by another program"));
    options.address = "localhost!";
    assert_int_equal(hb_http_server_new(&options, &server, &error), HB_ERR_CONFIG);
    options.address = "127.0.0.1";
    options.tls_cert_file = "/nonexistent/cert.pem";
    assert_int_equal(hb_http_server_new(&options, &server, &error), HB_ERR_CONFIG);
    options.tls_key_file = "/nonexistent/key.pem";
    assert_int_equal(hb_http_server_new(&options, &server, &error), HB_ERR_CONFIG);
    assert_non_null(strstr(error.text, "/nonexistent/cert.pem"));
    assert_null(server);
    hb_loop_free(&loop);
    stop_serving(&served);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_and_params_and_refusals),
        cmocka_unit_test(head_answers_like_get_without_a_body),
        cmocka_unit_test(a_connection_is_kept_and_pipelined_calls_are_answered_in_order),
        cmocka_unit_test(an_answer_given_later_goes_out_at_once),
        cmocka_unit_test(a_connection_that_the_client_wants_closed_ends_with_its_answer),
        cmocka_unit_test(a_large_body_arrives_whole_whether_sized_or_chunked),
        cmocka_unit_test(a_client_that_leaves_before_the_answer_is_told),
        cmocka_unit_test(calls_still_open_are_closed_when_the_server_is_freed),
        cmocka_unit_test(a_taken_port_is_an_error_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
