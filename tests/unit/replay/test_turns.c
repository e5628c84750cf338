/* Stores take turns at lists and at counting: what a long count and a full house do to the others. Counting itself is the test's. */
#include "core/ids.h"
#include "fakes/config_defaults.h"
#include "fakes/fake_kafka.h"
#include "fakes/fake_loop.h"
#include "fakes/fake_registry.h"
#include "hookbus/config.h"
#include "hookbus/webhook.h"
#include "records/outbox.h"
#include "replay/runner_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TASKS_MAX 32
#define JOBS_MAX 8
#define LONG_LIST 4000 /* at one a second: more than an hour */
#define MINUTE_S 60

/* ---- counting, as the test says ---- */

struct hb_replay_task {
    struct hb_replay_task_options options;
    char job[HB_ID_MAX + 1];
    bool is_cancelled, is_freed, has_ends;
    enum hb_err err;
    struct hb_replay_list list;
};

static struct hb_replay_task *tasks[TASKS_MAX];
static size_t tasks_count;

enum hb_err hb_replay_task_start(const struct hb_replay_task_options *options, struct hb_replay_task **ret_task)
{
    struct hb_replay_task *task = calloc(1, sizeof *task);
    struct hb_replay_job job;
    assert_true(task && tasks_count < TASKS_MAX);
    assert_int_equal(hb_replay_job_read(options->job, &job), HB_OK);
    task->options = *options;
    task->has_ends = options->ends != NULL;
    (void)snprintf(task->job, sizeof task->job, "%.*s", HB_ARG(job.id));
    hb_replay_job_deinit(&job);
    *ret_task = tasks[tasks_count++] = task;
    return HB_OK;
}

void hb_replay_task_cancel(struct hb_replay_task *task) { task->is_cancelled = true; }

void hb_replay_task_free(struct hb_replay_task **task)
{
    if (*task)
        (*task)->is_freed = true; /* the test looks at it still */
    *task = NULL;
}

enum hb_err hb_replay_task_result(struct hb_replay_task *task, struct hb_replay_list *ret_list, struct hb_error *reterr)
{
    (void)reterr;
    if (!task->err)
        *ret_list = task->list;
    return task->err;
}

uint64_t hb_replay_task_scanned(const struct hb_replay_task *task)
{
    (void)task;
    return 0;
}

void hb_replay_list_deinit(struct hb_replay_list *list) { hb_candidates_free(&list->items); }

/* The thread has ended: with the deliveries behind its cursor, of `count` in all, or with an error. */
static void finish(struct hb_replay_task *task, enum hb_err err, int count)
{
    const struct hb_replay_rule rule = {.states = HB_REPLAY_BIT(DEAD), .until = {INT64_MAX}};
    task->err = err;
    if (!err) {
        assert_int_equal(hb_candidates_new((size_t)count + 1, &task->list.items), HB_OK);
        for (int i = 0; i < count; i++) {
            unsigned char delivery[HB_REPLAY_DELIVERY_BYTES] = {(unsigned char)(i >> 8), (unsigned char)i, 1};
            struct hb_candidate *item = NULL;
            assert_int_equal(hb_candidates_put(task->list.items, delivery, &item), HB_OK);
            item->position = (struct hb_position){0, 0, i, {1000 + i}};
            item->journal = HB_DELIVERY_DEAD;
            item->version = 1;
            item->flags = HB_CANDIDATE_HAS_POSITION | HB_CANDIDATE_HAS_APPENDED;
        }
        hb_candidates_finish(task->list.items, &rule, &task->options.from, &task->list.gone);
    }
    task->options.done(task->options.user, task);
}

/* ---- a runner between fakes ---- */

struct desk {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_config config;
    struct hb_outbox *outbox;
    struct hb_log_context log;
    struct hb_replay_runner *runner;
    char stores[JOBS_MAX][16], webhooks[JOBS_MAX][16], jobs[JOBS_MAX][16];
    int jobs_count;
};

/* What Kafka has of the registry is read. */
static void on_acked(void *user, const struct fake_record *record)
{
    struct desk *desk = user;
    if (strcmp(record->topic, "hookbus.registry") == 0)
        fake_registry_put_record(desk->registry, record->key, record->value);
}

static bool owns(void *user, struct hb_str webhook)
{
    (void)user;
    (void)webhook;
    return true;
}

static struct hb_mono mono_now(void) { return (struct hb_mono){0}; }

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    config_set_defaults(&desk->config);
    desk->loop = fake_loop_new();
    fake_loop_set_readable(desk->loop, fake_kafka_is_readable);
    fake_kafka_open(&(struct fake_kafka_hooks){.acked = on_acked, .user = desk});
    desk->registry = fake_registry_new(desk->loop);
    desk->log = hb_log_root(NULL);
    const struct hb_outbox_options outbox = {
        .loop = desk->loop, .config = &desk->config, .cluster = {.brokers = "fake"}, .worker = "w-0"};
    assert_int_equal(hb_outbox_new(&outbox, &desk->outbox, NULL), HB_OK);
    const struct hb_replay_runner_options options = {.loop = desk->loop, .topic_prefix = HB_STR("hookbus."), .worker = "w-0", .registry = desk->registry,
                                                     .outbox = desk->outbox, .owns = owns, .deliveries_max = 100000, .now = mono_now, .log = &desk->log};
    assert_int_equal(hb_replay_runner_new(&options, &desk->runner), HB_OK);
    tasks_count = 0;
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    hb_replay_runner_stop(desk->runner);
    hb_outbox_end(desk->outbox, 0);
    hb_replay_runner_free(&desk->runner);
    hb_outbox_free(&desk->outbox);
    hb_registry_free(&desk->registry);
    fake_kafka_close();
    fake_loop_free(&desk->loop);
    for (size_t i = 0; i < tasks_count; i++)
        free(tasks[i]);
    free(desk);
    return 0;
}

static void run(struct desk *desk, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        fake_loop_advance(desk->loop, 1000);
        fake_kafka_ack_all();
        fake_loop_settle(desk->loop);
    }
}

/* A job for the dead of a webhook of its own, in a store of its own, one delivery a second. */
static int add_job(struct desk *desk)
{
    int i = desk->jobs_count++;
    char key[HB_REPLAY_KEY_MAX];
    struct hb_buf value = hb_buf_make(4096);
    (void)snprintf(desk->stores[i], sizeof desk->stores[i], "store%d", i);
    (void)snprintf(desk->webhooks[i], sizeof desk->webhooks[i], "wh_%d", i);
    (void)snprintf(desk->jobs[i], sizeof desk->jobs[i], "rpl_%d", i);
    fake_registry_add_store(desk->registry, desk->stores[i]);
    (void)fake_registry_put(desk->registry, &(struct fake_webhook){.id = desk->webhooks[i], .store = desk->stores[i], .url = "http://r.example/"});
    const struct hb_replay_job job = {.id = hb_str_c(desk->jobs[i]), .store = hb_str_c(desk->stores[i]), .webhook = hb_str_c(desk->webhooks[i]),
                                      .revision = 1, .created = {FAKE_LOOP_START_MS + i}, .updated = {FAKE_LOOP_START_MS + i}, .states = HB_REPLAY_BIT(DEAD),
                                      .until = {HB_REPLAY_NO_UNTIL}, .rate = 1};
    assert_int_equal(hb_replay_job_write(&job, &value), HB_OK);
    assert_int_equal(hb_buf_add_char(&value, '\0'), HB_OK);
    fake_registry_put_record(desk->registry, hb_replay_job_key(job.store, job.id, key).ptr, value.ptr);
    hb_buf_deinit(&value);
    return i;
}

/* The task that counts for the job now. */
static struct hb_replay_task *task_of(const struct desk *desk, int job)
{
    for (size_t i = tasks_count; i-- > 0;)
        if (!tasks[i]->is_freed && strcmp(tasks[i]->job, desk->jobs[job]) == 0)
            return tasks[i];
    return NULL;
}

static struct hb_replay_progress progress_of(const struct desk *desk, int job)
{
    char key[HB_REPLAY_KEY_MAX];
    struct hb_replay_progress state;
    assert_int_equal(hb_replay_progress_read(hb_registry_record(desk->registry, hb_replay_progress_key(hb_str_c(desk->jobs[job]), key)), &state), HB_OK);
    return state;
}

static void counting_that_nobody_waits_for_is_not_cut(void **state)
{
    struct desk *desk = *state;
    int alone = add_job(desk);
    run(desk, 30 * MINUTE_S);
    assert_non_null(task_of(desk, alone));
    assert_false(task_of(desk, alone)->is_cancelled);
    finish(task_of(desk, alone), HB_OK, 3);
    run(desk, 10);
    assert_int_equal(progress_of(desk, alone).stage, HB_REPLAY_STAGE_DONE);
    assert_int_equal(progress_of(desk, alone).selected, 3);
}

/* Two minutes; then four, then eight: so it comes to its end, however many wait. */
static void counting_that_others_wait_for_is_cut_and_has_twice_as_long_the_next_time(void **state)
{
    struct desk *desk = *state;
    int slow = add_job(desk);
    run(desk, 3);
    for (int minutes = 2; minutes <= 8; minutes *= 2) {
        struct hb_replay_task *task = task_of(desk, slow);
        assert_non_null(task);
        int other = add_job(desk);
        run(desk, minutes * MINUTE_S - 5);
        assert_false(task->is_cancelled);
        assert_null(task_of(desk, other));
        run(desk, 8);
        assert_true(task->is_cancelled);
        finish(task, HB_ERR_CLOSED, 0);
        run(desk, 3);
        assert_non_null(task_of(desk, other)); /* its turn */
        assert_null(task_of(desk, slow));
        assert_string_equal(progress_of(desk, slow).reason, HB_REPLAY_ITS_TURN);
        finish(task_of(desk, other), HB_OK, 1);
        run(desk, 5);
        assert_int_equal(progress_of(desk, other).stage, HB_REPLAY_STAGE_DONE);
    }
    finish(task_of(desk, slow), HB_OK, 2);
    run(desk, 5);
    assert_int_equal(progress_of(desk, slow).stage, HB_REPLAY_STAGE_DONE);
}

/* Four stores have the four lists; the fifth waits for a slice of two minutes, and the one that gives way goes on behind its cursor. */
static void beyond_four_stores_lists_are_kept_for_a_slice_and_go_on_behind_their_cursors(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 5; i++)
        (void)add_job(desk);
    for (int i = 0; i < 4; i++) {
        run(desk, 2);
        assert_non_null(task_of(desk, i));
        finish(task_of(desk, i), HB_OK, LONG_LIST);
    }
    run(desk, 100);
    assert_int_equal(hb_replay_runner_active(desk->runner), HB_REPLAY_ACTIVE_MAX);
    assert_null(task_of(desk, 4)); /* within the first one's slice */
    assert_string_equal(progress_of(desk, 4).reason, HB_REPLAY_ITS_TURN);
    run(desk, 30);
    assert_non_null(task_of(desk, 4));
    assert_string_equal(progress_of(desk, 0).reason, HB_REPLAY_ITS_TURN); /* the oldest list */
    int64_t selected = progress_of(desk, 0).selected;
    assert_in_range(selected, 100, 140);
    finish(task_of(desk, 4), HB_OK, LONG_LIST);
    for (int i = 0; i < 200 && !task_of(desk, 0); i++)
        run(desk, 1);
    struct hb_replay_task *again = task_of(desk, 0);
    assert_non_null(again);
    assert_true(again->has_ends); /* it reads to the ends of its start */
    assert_int_equal(again->options.from.offset, selected - 1);
    finish(again, HB_OK, LONG_LIST);
    run(desk, 5);
    assert_in_range(progress_of(desk, 0).selected, selected, selected + 6); /* neither from the start nor beyond */
    assert_int_equal(progress_of(desk, 0).total, LONG_LIST);
}

/* Counted anew for each slice, it would get nowhere if counting took longer than the slice. */
static void what_took_long_to_count_has_a_slice_of_twice_that(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 4; i++) {
        (void)add_job(desk);
        run(desk, 3);
        if (i == 0)
            run(desk, 5 * MINUTE_S);
        finish(task_of(desk, i), HB_OK, LONG_LIST);
    }
    run(desk, 2);
    int fifth = add_job(desk);
    for (int round = 0; round < 3; round++) { /* the three quick ones give way one after the other, ten minutes long the first does not */
        for (int i = 0; i < 140 && !task_of(desk, fifth) && !task_of(desk, 1) && !task_of(desk, 2) && !task_of(desk, 3); i++)
            run(desk, 1);
        for (int i = 1; i <= fifth; i++)
            if (task_of(desk, i))
                finish(task_of(desk, i), HB_OK, LONG_LIST);
        run(desk, 1);
        assert_int_equal(progress_of(desk, 0).stage, HB_REPLAY_STAGE_RUNNING);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(counting_that_nobody_waits_for_is_not_cut),
                                       TEST(counting_that_others_wait_for_is_cut_and_has_twice_as_long_the_next_time),
                                       TEST(beyond_four_stores_lists_are_kept_for_a_slice_and_go_on_behind_their_cursors),
                                       TEST(what_took_long_to_count_has_a_slice_of_twice_that)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
