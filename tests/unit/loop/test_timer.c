/* Timers, wake-ups, signals, and the count of stalls. */
#include "platform/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct seen {
    struct hb_loop *loop;
    struct hb_timer *timer;
    struct hb_wake *wake;
    int calls;
    int number;
};

static struct hb_loop *new_loop(void)
{
    struct hb_loop *loop = NULL;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    return loop;
}

static void note(void *user)
{
    ((struct seen *)user)->calls++;
}

static void note_and_free(void *user)
{
    struct seen *seen = user;
    seen->calls++;
    hb_timer_free(&seen->timer);
}

static void note_and_stop_loop(void *user)
{
    struct seen *seen = user;
    if (++seen->calls == 3) {
        hb_loop_stop(seen->loop);
    }
}

static void a_timer_fires_once_and_not_before_its_time(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_timer_new(seen.loop, note, &seen, &seen.timer), HB_OK);
    assert_false(hb_timer_is_running(seen.timer));
    struct hb_mono before = hb_loop_mono(seen.loop);
    hb_timer_start(seen.timer, 20, 0);
    assert_true(hb_timer_is_running(seen.timer));
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 1);
    assert_true(hb_loop_mono(seen.loop).us - before.us >= 19 * HB_US_PER_MS); /* libuv counts whole milliseconds */
    assert_false(hb_timer_is_running(seen.timer));
    hb_timer_free(&seen.timer);
    hb_loop_free(&seen.loop);
}

static void a_timer_started_after_a_long_pause_outside_the_loop_keeps_its_whole_delay(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_timer_new(seen.loop, note, &seen, &seen.timer), HB_OK);
    (void)nanosleep(&(struct timespec){.tv_nsec = 80000000}, NULL); /* the pause itself is what is tested */
    hb_loop_update_time(seen.loop);
    struct hb_mono before = hb_loop_mono(seen.loop);
    hb_timer_start(seen.timer, 40, 0);
    hb_loop_run(seen.loop);
    assert_true(hb_loop_mono(seen.loop).us - before.us >= 39 * HB_US_PER_MS);
    hb_loop_free(&seen.loop);
}

static void a_restarted_timer_fires_once(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_timer_new(seen.loop, note, &seen, &seen.timer), HB_OK);
    for (int i = 0; i < 1000; i++) {
        hb_timer_start(seen.timer, 5, 0);
    }
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 1);
    hb_timer_start(seen.timer, 5, 0);
    hb_timer_stop(seen.timer);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 1);
    hb_loop_free(&seen.loop);
}

static void a_repeating_timer_repeats_until_the_loop_is_stopped(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_timer_new(seen.loop, note_and_stop_loop, &seen, &seen.timer), HB_OK);
    hb_timer_start(seen.timer, 1, 1);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 3);
    hb_loop_free(&seen.loop);
}

static void a_timer_may_free_itself(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_timer_new(seen.loop, note_and_free, &seen, &seen.timer), HB_OK);
    hb_timer_start(seen.timer, 0, 1);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.calls, 1);
    assert_null(seen.timer);
    hb_loop_free(&seen.loop);
}

static void on_woken(void *user)
{
    struct seen *seen = user;
    seen->calls++;
    hb_loop_stop(seen->loop);
}

static void *send_from_thread(void *user)
{
    for (int i = 0; i < 100; i++) {
        hb_wake_send(user);
    }
    return NULL;
}

static void a_wake_up_from_another_thread_arrives(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    assert_int_equal(hb_wake_new(seen.loop, on_woken, &seen, &seen.wake), HB_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_from_thread, seen.wake), 0);
    hb_loop_run(seen.loop);
    assert_true(seen.calls >= 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    hb_wake_free(&seen.wake);
    hb_loop_free(&seen.loop);
}

static void on_signal(void *user, int number)
{
    struct seen *seen = user;
    seen->number = number;
    hb_loop_stop(seen->loop);
}

static void a_signal_arrives_on_the_loop(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    struct hb_signal *watcher = NULL;
    assert_int_equal(hb_signal_new(seen.loop, SIGUSR1, on_signal, &seen, &watcher), HB_OK);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    hb_loop_run(seen.loop);
    assert_int_equal(seen.number, SIGUSR1);
    hb_signal_free(&watcher);
    assert_int_equal(hb_signal_new(seen.loop, SIGKILL, on_signal, &seen, &watcher), HB_ERR_IO);
    hb_loop_free(&seen.loop);
}

static void stall(void *user)
{
    (void)user;
    (void)nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
}

static void a_callback_over_50_ms_is_counted_as_a_stall(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    struct hb_timer *quick = NULL;
    assert_int_equal(hb_timer_new(seen.loop, note, &seen, &quick), HB_OK);
    hb_timer_start(quick, 0, 0);
    hb_loop_run(seen.loop);
    assert_int_equal(hb_loop_stalls(seen.loop), 0);
    assert_int_equal(hb_timer_new(seen.loop, stall, &seen, &seen.timer), HB_OK);
    hb_timer_start(seen.timer, 0, 0);
    hb_loop_run(seen.loop);
    assert_int_equal(hb_loop_stalls(seen.loop), 1);
    assert_true(hb_loop_longest_us(seen.loop) >= 60000);
    hb_loop_free(&seen.loop);
}

static void the_wall_clock_is_the_systems(void **state)
{
    (void)state;
    struct seen seen = {.loop = new_loop()};
    int64_t difference_s = hb_loop_wall(seen.loop).ms / 1000 - (int64_t)time(NULL);
    assert_true(difference_s >= -2 && difference_s <= 2);
    hb_loop_free(&seen.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_before_its_time),
        cmocka_unit_test(a_timer_started_after_a_long_pause_outside_the_loop_keeps_its_whole_delay),
        cmocka_unit_test(a_restarted_timer_fires_once),
        cmocka_unit_test(a_repeating_timer_repeats_until_the_loop_is_stopped),
        cmocka_unit_test(a_timer_may_free_itself),
        cmocka_unit_test(a_wake_up_from_another_thread_arrives),
        cmocka_unit_test(a_signal_arrives_on_the_loop),
        cmocka_unit_test(a_callback_over_50_ms_is_counted_as_a_stall),
        cmocka_unit_test(the_wall_clock_is_the_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
