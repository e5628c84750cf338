/* Child processes: exit codes, descriptors handed over, signals. */
#include "platform/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
    struct hb_loop *loop;
    int status;
    int calls;
};

static void on_exited(void *user, int status)
{
    struct seen *seen = user;
    seen->status = status;
    seen->calls++;
}

static char shell[] = "/bin/sh";
static char flag[] = "-c";

static enum hb_err start(struct seen *seen, char *script, const struct hb_child_spec *more, struct hb_child **ret_child)
{
    char *argv[] = {shell, flag, script, NULL};
    struct hb_child_spec spec = *more;
    spec.file = spec.file ? spec.file : shell;
    spec.argv = argv;
    spec.exited = on_exited;
    spec.user = seen;
    return hb_child_new(seen->loop, &spec, ret_child);
}

static void a_childs_exit_code_is_told(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(hb_loop_new(&seen.loop), HB_OK);
    struct hb_child *child = NULL;
    char script[] = "exit 7";
    assert_int_equal(start(&seen, script, &(struct hb_child_spec){0}, &child), HB_OK);
    assert_true(hb_child_pid(child) > 0);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.status, 7);
    assert_int_equal(hb_child_signal(child, SIGTERM), HB_ERR_NOT_FOUND);
    hb_child_free(&child);
    hb_loop_free(&seen.loop);
}

static void a_child_ended_by_a_signal_is_128_and_the_signal(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(hb_loop_new(&seen.loop), HB_OK);
    struct hb_child *child = NULL;
    char script[] = "while :; do sleep 1; done";
    assert_int_equal(start(&seen, script, &(struct hb_child_spec){0}, &child), HB_OK);
    assert_int_equal(hb_child_signal(child, SIGKILL), HB_OK);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.status, 128 + SIGKILL);
    hb_child_free(&child);
    hb_loop_free(&seen.loop);
}

static void passed_descriptors_are_three_and_up_and_the_environment_is_as_given(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(hb_loop_new(&seen.loop), HB_OK);
    int first[2];
    int second[2];
    assert_int_equal(pipe2(first, O_CLOEXEC), 0);
    assert_int_equal(pipe2(second, O_CLOEXEC), 0);
    char variable[] = "WORD=hello";
    char *env[] = {variable, NULL};
    const int pass[] = {first[1], second[1]};
    struct hb_child *child = NULL;
    char script[] = "printf one >&3; printf $WORD >&4";
    struct hb_child_spec more = {.env = env, .pass_fds = pass, .pass_fds_count = 2};
    assert_int_equal(start(&seen, script, &more, &child), HB_OK);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.status, 0);
    char text[16] = {0};
    assert_int_equal(read(first[0], text, sizeof(text) - 1), 3);
    assert_string_equal(text, "one");
    assert_int_equal(read(second[0], text, sizeof(text) - 1), 5);
    assert_string_equal(text, "hello");
    hb_child_free(&child);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
    hb_loop_free(&seen.loop);
}

static void a_program_that_does_not_exist_is_an_error_and_not_a_child(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(hb_loop_new(&seen.loop), HB_OK);
    struct hb_child *child = NULL;
    char script[] = "";
    struct hb_child_spec more = {.file = "/nonexistent/program"};
    assert_int_equal(start(&seen, script, &more, &child), HB_ERR_IO);
    assert_null(child);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 0);
    hb_loop_free(&seen.loop);
}

static void a_forgotten_child_is_reaped_without_a_callback(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(hb_loop_new(&seen.loop), HB_OK);
    struct hb_child *child = NULL;
    char script[] = "exit 0";
    assert_int_equal(start(&seen, script, &(struct hb_child_spec){0}, &child), HB_OK);
    int pid = hb_child_pid(child);
    hb_child_free(&child);
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++) {
        hb_loop_run_once(seen.loop, 10);
    }
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(seen.calls, 0);
    hb_loop_free(&seen.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_childs_exit_code_is_told),
        cmocka_unit_test(a_child_ended_by_a_signal_is_128_and_the_signal),
        cmocka_unit_test(passed_descriptors_are_three_and_up_and_the_environment_is_as_given),
        cmocka_unit_test(a_program_that_does_not_exist_is_an_error_and_not_a_child),
        cmocka_unit_test(a_forgotten_child_is_reaped_without_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
