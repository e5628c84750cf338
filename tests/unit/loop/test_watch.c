/* The promises of hb_watch: what comes, what never comes, and reuse of descriptor numbers. */
#include "platform/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
    struct hb_loop *loop;
    struct hb_watch *watch;
    struct hb_watch *other;
    int calls;
    int events;
    int fd;
};

static void note(void *user, int events)
{
    struct seen *seen = user;
    seen->calls++;
    seen->events = events;
}

static void read_and_note(void *user, int events)
{
    struct seen *seen = user;
    char byte;
    seen->calls++;
    seen->events = events;
    (void)!read(seen->fd, &byte, 1);
}

static void pair(int ret_fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret_fds), 0);
}

static struct hb_loop *new_loop(void)
{
    struct hb_loop *loop = NULL;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    return loop;
}

static void turns(struct hb_loop *loop, int count)
{
    for (int i = 0; i < count; i++) {
        hb_loop_run_once(loop, 0);
    }
}

static void a_readable_descriptor_is_told_and_a_paused_one_is_not(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int fds[2];
    pair(fds);
    struct seen seen = {.fd = fds[0]};
    assert_int_equal(hb_watch_new(loop, fds[0], read_and_note, &seen, &seen.watch), HB_OK);
    assert_int_equal(write(fds[1], "ab", 2), 2);
    turns(loop, 3);
    assert_int_equal(seen.calls, 0);
    hb_watch_set(seen.watch, HB_WATCH_READ);
    hb_loop_run_once(loop, 1000);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.events, HB_WATCH_READ);
    hb_watch_set(seen.watch, 0);
    turns(loop, 3);
    assert_int_equal(seen.calls, 1);
    hb_watch_set(seen.watch, HB_WATCH_READ | HB_WATCH_WRITE);
    turns(loop, 2);
    assert_true(seen.calls >= 2);
    assert_true(seen.events & HB_WATCH_WRITE);
    hb_watch_free(&seen.watch);
    assert_null(seen.watch);
    close(fds[0]);
    close(fds[1]);
    hb_loop_free(&loop);
    assert_null(loop);
}

static void an_error_counts_as_readable_and_writable(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    struct seen seen = {0};
    assert_int_equal(hb_watch_new(loop, fds[1], note, &seen, &seen.watch), HB_OK);
    close(fds[0]); /* the writer's end is now in error */
    hb_watch_set(seen.watch, HB_WATCH_READ);
    hb_loop_run_once(loop, 1000);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.events, HB_WATCH_READ | HB_WATCH_WRITE);
    hb_watch_free(&seen.watch);
    close(fds[1]);
    hb_loop_free(&loop);
}

static void an_error_nobody_waits_for_does_not_spin_the_loop(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    struct seen seen = {0};
    assert_int_equal(hb_watch_new(loop, fds[1], note, &seen, &seen.watch), HB_OK);
    close(fds[0]);
    hb_loop_run_once(loop, 10); /* may end early: here the loop learns of it */
    struct hb_mono before = hb_loop_mono(loop);
    hb_loop_run_once(loop, 60);
    assert_true(hb_loop_mono(loop).us - before.us >= 50 * HB_US_PER_MS);
    assert_int_equal(seen.calls, 0);
    hb_watch_free(&seen.watch);
    close(fds[1]);
    hb_loop_free(&loop);
}

static void free_both(void *user, int events)
{
    (void)events;
    struct seen *seen = user;
    seen->calls++;
    hb_watch_free(&seen->watch);
    hb_watch_free(&seen->other);
}

static void a_callback_may_free_itself_and_the_next_in_the_batch(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int a[2];
    int b[2];
    pair(a);
    pair(b);
    struct seen seen = {0};
    assert_int_equal(hb_watch_new(loop, a[0], free_both, &seen, &seen.watch), HB_OK);
    assert_int_equal(hb_watch_new(loop, b[0], free_both, &seen, &seen.other), HB_OK);
    hb_watch_set(seen.watch, HB_WATCH_WRITE); /* both are ready in the same batch */
    hb_watch_set(seen.other, HB_WATCH_WRITE);
    turns(loop, 4);
    assert_int_equal(seen.calls, 1);
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    hb_loop_free(&loop);
}

static void a_reused_descriptor_number_belongs_to_the_new_watch_alone(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int old_pair[2];
    int new_pair[2];
    pair(old_pair);
    struct seen old_seen = {0};
    struct seen new_seen = {0};
    assert_int_equal(hb_watch_new(loop, old_pair[0], note, &old_seen, &old_seen.watch), HB_OK);
    hb_watch_set(old_seen.watch, HB_WATCH_WRITE);
    hb_loop_run_once(loop, 1000);
    assert_int_equal(old_seen.calls, 1);
    hb_watch_set(old_seen.watch, 0); /* not applied yet when the number is used again */
    close(old_pair[0]);
    pair(new_pair);
    assert_int_equal(new_pair[0], old_pair[0]);
    assert_int_equal(hb_watch_new(loop, new_pair[0], note, &new_seen, &new_seen.watch), HB_OK);
    hb_watch_set(new_seen.watch, HB_WATCH_WRITE);
    hb_loop_run_once(loop, 1000);
    assert_int_equal(new_seen.calls, 1);
    hb_watch_free(&old_seen.watch); /* must not take the new registration away */
    hb_loop_run_once(loop, 1000);
    assert_int_equal(new_seen.calls, 2);
    assert_int_equal(old_seen.calls, 1);
    hb_watch_free(&new_seen.watch);
    close(new_pair[0]);
    close(new_pair[1]);
    close(old_pair[1]);
    hb_loop_free(&loop);
}

static void toggle(void *user, int events)
{
    struct seen *seen = user;
    note(user, events);
    hb_watch_set(seen->watch, 0);
    hb_watch_set(seen->watch, HB_WATCH_WRITE);
}

static void a_watch_switched_off_and_on_in_one_turn_goes_on(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int fds[2];
    pair(fds);
    struct seen seen = {0};
    assert_int_equal(hb_watch_new(loop, fds[0], toggle, &seen, &seen.watch), HB_OK);
    hb_watch_set(seen.watch, HB_WATCH_WRITE);
    for (int i = 1; i <= 5; i++) {
        hb_loop_run_once(loop, 1000);
        assert_int_equal(seen.calls, i);
    }
    hb_watch_free(&seen.watch);
    close(fds[0]);
    close(fds[1]);
    hb_loop_free(&loop);
}

static void what_cannot_be_watched_is_refused(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    struct hb_watch *watch = NULL;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(hb_watch_new(loop, file, note, NULL, &watch), HB_ERR_IO);
    close(file);
    assert_int_equal(hb_watch_new(loop, file, note, NULL, &watch), HB_ERR_IO);
    assert_int_equal(hb_watch_new(loop, -1, note, NULL, &watch), HB_ERR_IO);
    hb_loop_free(&loop);
}

static void the_loop_ends_when_nothing_is_wanted_and_frees_what_is_left(void **state)
{
    (void)state;
    struct hb_loop *loop = new_loop();
    int fds[2];
    pair(fds);
    struct seen seen = {.fd = fds[0]};
    assert_int_equal(hb_watch_new(loop, fds[0], note, &seen, &seen.watch), HB_OK);
    hb_loop_run(loop); /* returns at once: the test's time limit says otherwise */
    struct hb_timer *timer = NULL;
    assert_int_equal(hb_timer_new(loop, (hb_timer_fn *)hb_loop_stop, loop, &timer), HB_OK);
    hb_watch_set(seen.watch, HB_WATCH_READ);
    hb_loop_free(&loop); /* watch and timer are its to free */
    close(fds[0]);
    close(fds[1]);
}

static void many_descriptors_are_all_served(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    struct hb_loop *loop = new_loop();
    static struct seen seen[COUNT];
    static int fds[COUNT][2];
    for (int i = 0; i < COUNT; i++) {
        pair(fds[i]);
        seen[i] = (struct seen){.fd = fds[i][0]};
        assert_int_equal(hb_watch_new(loop, fds[i][0], read_and_note, &seen[i], &seen[i].watch), HB_OK);
        hb_watch_set(seen[i].watch, HB_WATCH_READ);
        assert_int_equal(write(fds[i][1], "x", 1), 1);
    }
    turns(loop, 8);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(seen[i].calls, 1);
        hb_watch_free(&seen[i].watch);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    hb_loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_readable_descriptor_is_told_and_a_paused_one_is_not),
        cmocka_unit_test(an_error_counts_as_readable_and_writable),
        cmocka_unit_test(an_error_nobody_waits_for_does_not_spin_the_loop),
        cmocka_unit_test(a_callback_may_free_itself_and_the_next_in_the_batch),
        cmocka_unit_test(a_reused_descriptor_number_belongs_to_the_new_watch_alone),
        cmocka_unit_test(a_watch_switched_off_and_on_in_one_turn_goes_on),
        cmocka_unit_test(what_cannot_be_watched_is_refused),
        cmocka_unit_test(the_loop_ends_when_nothing_is_wanted_and_frees_what_is_left),
        cmocka_unit_test(many_descriptors_are_all_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
