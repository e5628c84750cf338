/* Job: platform/loop/loop.h without a kernel: time stands still until a test moves it, and every schedule can be repeated.
 *
 * Place: linked instead of hb_loop. Descriptors are only numbers: which of them is readable says the other fakes. Callbacks come out of fake_loop_turn
 * and fake_loop_advance alone. Owns: its watches and timers. Fails: aborts. Threads: one. */
#ifndef TESTS_FAKES_FAKE_LOOP_H
#define TESTS_FAKES_FAKE_LOOP_H

#include "platform/loop/loop.h"

#define FAKE_LOOP_START_MS INT64_C(1700000000000)

struct hb_loop *fake_loop_new(void);
/* Every watch and timer must have been freed: what is left is a leak of the room under test, and aborts. */
void fake_loop_free(struct hb_loop **loop);
/* Asked for every watch that wants to read. */
void fake_loop_set_readable(struct hb_loop *loop, bool (*is_readable)(int fd));
/* Calls what is due or readable now, once around; how many callbacks that were. */
int fake_loop_turn(struct hb_loop *loop);
/* Turns until nothing happens any more at this moment; aborts when that does not end. */
void fake_loop_settle(struct hb_loop *loop);
/* The wall clock is set so far ahead or back, all in all; monotonic time does not see it. */
void fake_loop_set_wall(struct hb_loop *loop, int64_t shift_ms);
/* All of the time was CPU time, or none of it. */
void fake_loop_set_busy(struct hb_loop *loop, bool is_busy);
/* Moves time on, stopping at each timer on the way, settling at each. */
void fake_loop_advance(struct hb_loop *loop, int64_t ms);

#endif
