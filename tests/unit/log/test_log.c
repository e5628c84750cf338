/* What a log line looks like, and what happens when it cannot be written. */
#include "platform/log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":"

static struct hb_wall now(void *user)
{
    return user ? *(struct hb_wall *)user : (struct hb_wall){1769860800123};
}

static struct hb_log *new_log(int fd, enum hb_log_level least)
{
    struct hb_log *log = NULL;
    assert_int_equal(hb_log_new(fd, least, now, NULL, &log), HB_OK);
    return log;
}

/* What has arrived at the reading end. */
static const char *arrived(int fd)
{
    static char text[70000];
    ssize_t count = read(fd, text, sizeof(text) - 1);
    text[count > 0 ? count : 0] = '\0';
    return text;
}

static void a_line_has_time_level_event_context_and_fields_in_that_order(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct hb_log *log = new_log(fds[1], HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    struct hb_log_context store = hb_log_context(&root, HB_LOG_C("store", "acme"));
    struct hb_log_context webhook = hb_log_context(&store, HB_LOG_C("webhook", "wh_1"), HB_LOG_INT("n", -5));
    hb_log(&webhook, HB_LOG_KAFKA_AWAY, HB_LOG_C("text", "a\"b\n\xff"), HB_LOG_BOOL("yes", true));
    (void)hb_log_flush(log);
    assert_string_equal(arrived(fds[0]), PREFIX "\"warning\",\"event\":\"kafka_away\",\"store\":\"acme\","
                                                "\"webhook\":\"wh_1\","
                                                "\"n\":-5,\"text\":\"a\\\"b\\n\xef\xbf\xbd\",\"yes\":true}\n");
    hb_log_free(&log);
    assert_null(log);
    close(fds[0]);
    close(fds[1]);
}

static void lines_below_the_least_level_and_without_a_log_are_not_written(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    struct hb_log *log = new_log(fds[1], HB_LOG_LEVEL_WARNING);
    struct hb_log_context root = hb_log_root(log);
    hb_log(&root, HB_LOG_STARTED, HB_LOG_INT("n", 1));
    struct hb_log_context nowhere = hb_log_root(NULL);
    struct hb_log_context below = hb_log_context(&nowhere, HB_LOG_INT("n", 1));
    hb_log(&below, HB_LOG_FATAL, HB_LOG_INT("n", 1));
    hb_log(NULL, HB_LOG_FATAL, HB_LOG_INT("n", 1));
    assert_int_equal(hb_log_flush(log), 0);
    assert_string_equal(arrived(fds[0]), "");
    hb_log_free(&log);
    close(fds[0]);
    close(fds[1]);
}

static void a_field_that_is_too_long_is_left_out_and_said_so(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct hb_log *log = new_log(fds[1], HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    static char huge[9000];
    memset(huge, 'x', sizeof(huge));
    hb_log(&root, HB_LOG_READY, HB_LOG_INT("a", 1), HB_LOG_STR("huge", hb_str_n(huge, sizeof(huge))),
           HB_LOG_INT("b", 2));
    (void)hb_log_flush(log);
    assert_string_equal(arrived(fds[0]), PREFIX "\"info\",\"event\":\"ready\",\"a\":1,\"b\":2,\"cut\":true}\n");
    memset(huge, '\x01', sizeof(huge)); /* six bytes each when escaped */
    hb_log(&root, HB_LOG_READY, HB_LOG_STR("huge", hb_str_n(huge, 2000)));
    (void)hb_log_flush(log);
    assert_string_equal(arrived(fds[0]), PREFIX "\"info\",\"event\":\"ready\",\"cut\":true}\n");
    hb_log_free(&log);
    close(fds[0]);
    close(fds[1]);
}

static void a_slow_reader_never_blocks_us_and_what_is_lost_is_counted_and_told(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct hb_log *log = new_log(fds[1], HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    uint64_t lines = 0;
    /* Over 1 MiB; the test's time limit says if it blocks. */
    for (; hb_log_dropped(log) < 10 && lines < 100000; lines++) {
        hb_log(&root, HB_LOG_READY, HB_LOG_INT("n", lines));
    }
    assert_int_equal(hb_log_dropped(log), 10);
    uint64_t read_lines = 0;
    bool is_told = false;
    for (int i = 0; i < 1000 && !is_told; i++) {
        const char *text = arrived(fds[0]);
        is_told = strstr(text, "\"lines_dropped\",\"lines\":10}") != NULL;
        for (const char *c = text; *c; c++) {
            read_lines += *c == '\n';
        }
        (void)hb_log_flush(log);
    }
    assert_true(is_told);
    assert_int_equal(read_lines, lines - 10 + 1);
    hb_log_free(&log);
    assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0); /* the descriptor of others is as it was */
    close(fds[0]);
    close(fds[1]);
}

static void a_reader_that_went_away_costs_lines_and_nothing_else(void **state)
{
    (void)state;
    int pipe_fds[2];
    int socket_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_fds), 0);
    const int writers[] = {pipe_fds[1], socket_fds[1]};
    struct hb_log *logs[] = {new_log(writers[0], HB_LOG_LEVEL_INFO), new_log(writers[1], HB_LOG_LEVEL_INFO)};
    close(pipe_fds[0]);
    close(socket_fds[0]);
    for (int i = 0; i < 2; i++) {
        struct hb_log_context root = hb_log_root(logs[i]);
        for (int line = 0; line < 3; line++) {
            hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", line));
            assert_int_equal(hb_log_flush(logs[i]), 0);
        }
        assert_int_equal(hb_log_dropped(logs[i]), 3);
        hb_log_free(&logs[i]);
        close(writers[i]);
    }
}

static void a_full_disk_costs_lines_and_nothing_else(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        skip();
    }
    struct hb_log *log = new_log(fd, HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    for (int line = 0; line < 1000; line++) {
        hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", line));
    }
    (void)hb_log_flush(log);
    assert_int_equal(hb_log_dropped(log), 1000);
    hb_log_free(&log);
    close(fd);
}

static void a_closed_descriptor_takes_nothing_and_harms_nothing(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    close(fd);
    struct hb_log *log = new_log(fd, HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", 1));
    (void)hb_log_flush(log);
    assert_int_equal(hb_log_dropped(log), 1);
    hb_log_free(&log);
    hb_log_free(&log); /* NULL is allowed */
}

static void lines_go_to_the_end_of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/hookbus-test-log-XXXXXX";
    int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "before\n", 7), 7);
    struct hb_log *log = new_log(fd, HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", 1));
    hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", 2));
    hb_log_free(&log);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_string_equal(arrived(fd), "before\n" PREFIX "\"info\",\"event\":\"ready\",\"line\":1}\n" PREFIX
                                     "\"info\",\"event\":\"ready\",\"line\":2}\n");
    close(fd);
    (void)unlink(path);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as main does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_context_and_fields_in_that_order),
        cmocka_unit_test(lines_below_the_least_level_and_without_a_log_are_not_written),
        cmocka_unit_test(a_field_that_is_too_long_is_left_out_and_said_so),
        cmocka_unit_test(a_slow_reader_never_blocks_us_and_what_is_lost_is_counted_and_told),
        cmocka_unit_test(a_reader_that_went_away_costs_lines_and_nothing_else),
        cmocka_unit_test(a_full_disk_costs_lines_and_nothing_else),
        cmocka_unit_test(a_closed_descriptor_takes_nothing_and_harms_nothing),
        cmocka_unit_test(lines_go_to_the_end_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
