/* What a log line looks like, and what happens when it cannot be written. */
#include "platform/log/log_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
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

static int64_t now_us(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

/* The linker gives us every write of the program (CMakeLists.txt): while the disk hangs, one to a plain file does not
 * come back. */
static atomic_bool does_disk_hang;
static atomic_int hanging;
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
    struct stat info;
    if (atomic_load(&does_disk_hang) && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        atomic_fetch_add(&hanging, 1);
        while (atomic_load(&does_disk_hang)) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        atomic_fetch_sub(&hanging, 1);
    }
    return __real_write(fd, bytes, count);
}

static void a_file_on_a_disk_that_hangs_stalls_nobody(void **state)
{
    (void)state;
    char path[] = "/tmp/hookbus-test-log-XXXXXX";
    int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    struct hb_log *log = new_log(fd, HB_LOG_LEVEL_INFO);
    struct hb_log_context root = hb_log_root(log);
    (void)alarm(30); /* what hangs ends here */
    atomic_store(&does_disk_hang, true);
    int64_t longest_us = 0;
    uint64_t lines = 0;
    for (; hb_log_dropped(log) < 10; lines++) {
        int64_t before_us = now_us();
        hb_log(&root, HB_LOG_READY, HB_LOG_INT("n", lines));
        int64_t took_us = now_us() - before_us;
        longest_us = took_us > longest_us ? took_us : longest_us;
    }
    assert_in_range(longest_us, 0, 500000);
    assert_in_range(lines, 5000, 40000); /* 1 MiB waits, and one buffer is in the thread's hands */
    int64_t before_us = now_us();
    hb_log_free(&log);
    assert_in_range(now_us() - before_us, 900000, 3000000); /* a second's patience, no more */
    assert_int_equal(atomic_load(&hanging), 1);
    close(fd); /* the thread left behind has a descriptor of its own, and ends by itself */
    atomic_store(&does_disk_hang, false);
    struct stat info = {.st_size = 0};
    while (atomic_load(&hanging) > 0 || (stat(path, &info) == 0 && info.st_size == 0)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    (void)alarm(0);
    (void)unlink(path);
}

/* Reads until `text` has come or ten seconds are over, flushing as the loop does; counts the lines. */
static bool read_until(struct hb_log *log, int fd, const char *text, uint64_t *ret_lines)
{
    int64_t until_us = now_us() + 10000000;
    bool has_come = false;
    while (!has_come && now_us() < until_us) {
        const char *got = arrived(fd);
        has_come = strstr(got, text) != NULL;
        for (const char *c = got; *c; c++) {
            *ret_lines += *c == '\n';
        }
        if (*got == '\0') {
            (void)hb_log_flush(log);
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    return has_come;
}

static void what_a_hanging_disk_costs_is_counted_and_told_when_it_is_back(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct hb_log *log = NULL;
    assert_int_equal(hb_log_new_threaded(fds[1], HB_LOG_LEVEL_INFO, now, NULL, &log), HB_OK);
    struct hb_log_context root = hb_log_root(log);
    uint64_t lines = 0;
    for (; hb_log_dropped(log) < 10; lines++) {
        hb_log(&root, HB_LOG_READY, HB_LOG_INT("n", lines));
    }
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    uint64_t read_lines = 0;
    assert_true(read_until(log, fds[0], "\"lines_dropped\",\"lines\":10}", &read_lines));
    assert_int_equal(read_lines, lines - 10 + 1);
    assert_int_equal(hb_log_dropped(log), 10);
    hb_log_free(&log);
    close(fds[0]);
    close(fds[1]);
}

static void a_full_disk_behind_the_thread_costs_lines_and_nothing_else(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        skip();
    }
    struct hb_log *log = NULL;
    assert_int_equal(hb_log_new_threaded(fd, HB_LOG_LEVEL_INFO, now, NULL, &log), HB_OK);
    struct hb_log_context root = hb_log_root(log);
    for (int line = 0; line < 1000; line++) {
        hb_log(&root, HB_LOG_READY, HB_LOG_INT("line", line));
    }
    int64_t until_us = now_us() + 10000000;
    while (hb_log_dropped(log) < 1000 && now_us() < until_us) {
        (void)hb_log_flush(log);
    }
    for (int i = 0; i < 1000; i++) { /* notices that do not get out are no losses */
        (void)hb_log_flush(log);
    }
    assert_int_equal(hb_log_dropped(log), 1000);
    hb_log_free(&log);
    close(fd);
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
        cmocka_unit_test(a_file_on_a_disk_that_hangs_stalls_nobody),
        cmocka_unit_test(what_a_hanging_disk_costs_is_counted_and_told_when_it_is_back),
        cmocka_unit_test(a_full_disk_behind_the_thread_costs_lines_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
