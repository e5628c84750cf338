/* Who is given partitions takes none of their records before the registry was read as far as it stood then: what a
 * former owner left there (positions, marks) would be missed. The rest of the worker is played by this test. */
#include "tests/unit/salesmanago/worker_rig.h"

#include "registry/each.h"

#define WRITES_MAX 8
#define WAITERS_MAX 8

struct write {
    hb_kafka_ack_fn *done;
    void *user;
};
struct waiter {
    int64_t offset;
    hb_registry_reached_fn *fn; /* NULL: it was taken back, or is told */
    void *user;
};
static struct write writes[WRITES_MAX];
static struct waiter waiters[WAITERS_MAX];
static size_t writes_count, waiters_count;
static int ready; /* times partitions were let begin */
static bool is_writable;
static const char *own_mark; /* the registry's */

/* ---- the rest of the worker ---- */

enum hb_err hb_sm_record_write_own(struct hb_sm_worker *worker, const char *prefix, const bool *is_busy,
                                   hb_kafka_ack_fn *done)
{
    (void)prefix;
    (void)is_busy;
    if (!is_writable)
        return HB_ERR_FULL;
    assert_true(writes_count < WRITES_MAX);
    writes[writes_count++] = (struct write){done, worker};
    return HB_OK;
}
enum hb_err hb_registry_when(struct hb_registry *registry, int64_t offset, int timeout_ms, hb_registry_reached_fn *fn,
                             void *user)
{
    (void)registry;
    (void)timeout_ms;
    assert_true(waiters_count < WAITERS_MAX);
    waiters[waiters_count++] = (struct waiter){offset, fn, user};
    return HB_OK;
}
void hb_registry_when_cancel(struct hb_registry *registry, const void *user)
{
    (void)registry;
    for (size_t i = 0; i < waiters_count; i++)
        if (waiters[i].user == user)
            waiters[i].fn = NULL;
}
void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user)
{
    (void)registry;
    (void)prefix;
    (void)fn;
    (void)user;
}
struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    (void)registry;
    (void)key;
    return hb_str_c(own_mark);
}
enum hb_err hb_sm_alive_write(struct hb_sm_worker *worker, hb_kafka_ack_fn *done)
{
    return hb_sm_record_write_own(worker, "", NULL, done);
}
void hb_sm_intake_ready(struct hb_sm_worker *worker)
{
    (void)worker;
    ready++;
}
struct hb_mono hb_sm_now(const struct hb_sm_worker *worker)
{
    return hb_loop_mono(worker->options.loop);
}

/* ---- the world ---- */

static int setup(void **state)
{
    static struct hb_config config;
    struct hb_sm_worker *worker = rig_worker(state);
    config.salesmanago_timeout_ms = 30000;
    config.salesmanago_session_timeout_ms = 15000;
    worker->options.config = &config;
    writes_count = waiters_count = 0;
    ready = 0;
    is_writable = true;
    own_mark = "{}";
    return 0;
}

static void acknowledge(size_t at, int64_t offset)
{
    const struct hb_kafka_ack ack = {.err = HB_OK, .offset = offset, .text = ""};
    assert_true(at < writes_count);
    writes[at].done(writes[at].user, &ack);
}

static void read_to(int64_t offset)
{
    for (size_t i = 0; i < waiters_count; i++) {
        struct waiter due = waiters[i];
        if (!due.fn || due.offset > offset)
            continue;
        waiters[i].fn = NULL;
        due.fn(due.user, HB_OK);
    }
}

/* ---- what is held ---- */

static void partitions_begin_when_the_registry_was_read_to_their_assignment(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_sender_assigned(worker);
    acknowledge(0, 100);
    read_to(99);
    assert_int_equal(ready, 0);
    assert_false(hb_sm_sender_is_quiet(worker));
    read_to(100);
    assert_int_equal(ready, 1);
    assert_true(hb_sm_sender_is_quiet(worker));
}

static void an_answer_for_a_former_assignment_says_nothing_of_the_next_one(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_sender_assigned(worker);
    acknowledge(0, 100);
    hb_sm_sender_assigned(worker);
    acknowledge(1, 200);
    read_to(100);
    assert_int_equal(ready, 0);
    assert_false(hb_sm_sender_is_quiet(worker));
    read_to(200);
    assert_int_equal(ready, 1);
    assert_true(hb_sm_sender_is_quiet(worker));
}

static void a_question_that_could_not_be_written_is_not_answered_by_a_former_one(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_sender_assigned(worker);
    is_writable = false;
    hb_sm_sender_assigned(worker);
    acknowledge(0, 100);
    read_to(100);
    assert_int_equal(ready, 0);
    is_writable = true;
    hb_sm_sender_second(worker);
    acknowledge(1, 200);
    read_to(200);
    assert_int_equal(ready, 1);
}

/* A connector's timer may be the first to run then: nobody else has looked yet. */
static void who_wakes_sends_nothing_before_it_knows_how_long_it_stood(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_sender_assigned(worker);
    acknowledge(0, 100);
    read_to(100);
    worker->last_second.us = hb_sm_now(worker).us - 7000 * HB_US_PER_MS;
    assert_true(hb_sm_sender_is_quiet(worker));
    worker->last_second.us = hb_sm_now(worker).us - 8000 * HB_US_PER_MS;
    assert_false(hb_sm_sender_is_quiet(worker));
}

static void a_mark_that_somebody_wiped_out_is_written_again(void **state)
{
    struct hb_sm_worker *worker = *state;
    assert_false(hb_sm_sender_may(worker));
    acknowledge(0, 100);
    assert_true(hb_sm_sender_may(worker));
    hb_sm_sender_began(worker);
    worker->marked_at.ms -= 3000;
    hb_sm_sender_second(worker);
    assert_int_equal(writes_count, 1);
    own_mark = "";
    hb_sm_sender_second(worker);
    assert_int_equal(writes_count, 2);
    hb_sm_sender_second(worker); /* it is on its way */
    assert_int_equal(writes_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(partitions_begin_when_the_registry_was_read_to_their_assignment, setup,
                                        rig_worker_end),
        cmocka_unit_test_setup_teardown(an_answer_for_a_former_assignment_says_nothing_of_the_next_one, setup,
                                        rig_worker_end),
        cmocka_unit_test_setup_teardown(a_question_that_could_not_be_written_is_not_answered_by_a_former_one, setup,
                                        rig_worker_end),
        cmocka_unit_test_setup_teardown(a_mark_that_somebody_wiped_out_is_written_again, setup, rig_worker_end),
        cmocka_unit_test_setup_teardown(who_wakes_sends_nothing_before_it_knows_how_long_it_stood, setup,
                                        rig_worker_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
