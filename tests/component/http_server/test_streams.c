/* Answers in pieces, readers that are slow or leave. */
#include "support.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static char answer[ANSWER_BYTES];

static void pieces_arrive_and_the_connection_goes_on(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 200);
    int pieces = 0;
    for (const char *at = answer; (at = strstr(at, "piece\n")) != NULL; at++) {
        pieces++;
    }
    assert_int_equal(pieces, 3);
    assert_non_null(strstr(answer, "\r\n0\r\n\r\n"));
    close(fd);
    stop_serving(&served);
}

static void a_stream_whose_reader_leaves_is_told_closed(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /trickle HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(recv(fd, answer, 100, 0) > 0);
    close(fd);
    assert_true(becomes(&served.closed, 1));
    stop_serving(&served);
}

static void a_stream_whose_reader_does_not_read_is_told_full(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(becomes(&served.full, 1));
    close(fd);
    stop_serving(&served);
}

static void a_stream_asked_for_by_head_is_told_closed(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 200);
    assert_true(becomes(&served.closed, 1));
    close(fd);
    stop_serving(&served);
}

static void a_stream_open_when_the_server_is_freed_does_no_harm(void **state)
{
    (void)state;
    struct served served;
    serve(&served, options_of_tests());
    int fd = dial(&served);
    send_text(fd, "GET /trickle HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(recv(fd, answer, 100, 0) > 0);
    stop_serving(&served);
    close(fd);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_arrive_and_the_connection_goes_on),
        cmocka_unit_test(a_stream_whose_reader_leaves_is_told_closed),
        cmocka_unit_test(a_stream_whose_reader_does_not_read_is_told_full),
        cmocka_unit_test(a_stream_asked_for_by_head_is_told_closed),
        cmocka_unit_test(a_stream_open_when_the_server_is_freed_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
