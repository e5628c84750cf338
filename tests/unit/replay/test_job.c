#include "replay/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_replay_job sample(struct hb_str *types, struct hb_str *events)
{
    types[0] = HB_STR("order.*");
    events[0] = HB_STR("evt_1");
    events[1] = HB_STR("evt_2");
    return (struct hb_replay_job){.id = HB_STR("rpl_1"),
                                  .store = HB_STR("demo"),
                                  .webhook = HB_STR("wh_1"),
                                  .revision = 3,
                                  .wish = HB_REPLAY_WISH_PAUSED,
                                  .created = {1700000000123},
                                  .updated = {1700000000456},
                                  .states = HB_REPLAY_BIT(DEAD) | HB_REPLAY_BIT(SKIPPED),
                                  .since = {1690000000000},
                                  .until = {HB_REPLAY_NO_UNTIL},
                                  .types = types,
                                  .types_count = 1,
                                  .events = events,
                                  .events_count = 2,
                                  .rate = 50,
                                  .is_once = true};
}

static void a_job_is_read_as_it_was_written(void **state)
{
    struct hb_str types[1], events[2];
    struct hb_replay_job job = sample(types, events), read;
    struct hb_buf value = hb_buf_make(65536);
    (void)state;
    assert_int_equal(hb_replay_job_write(&job, &value), HB_OK);
    assert_int_equal(hb_replay_job_read(hb_buf_str(&value), &read), HB_OK);
    hb_buf_deinit(&value); /* nothing of it may be pointed to */
    assert_true(hb_str_eq(read.id, job.id) && hb_str_eq(read.store, job.store) && hb_str_eq(read.webhook, job.webhook));
    assert_int_equal(read.revision, 3);
    assert_int_equal(read.wish, HB_REPLAY_WISH_PAUSED);
    assert_int_equal(read.created.ms, job.created.ms);
    assert_int_equal(read.states, job.states);
    assert_int_equal(read.since.ms, job.since.ms);
    assert_true(read.until.ms == HB_REPLAY_NO_UNTIL);
    assert_int_equal(read.types_count, 1);
    assert_int_equal(read.events_count, 2);
    assert_int_equal(read.subjects_count, 0);
    assert_true(hb_str_eq(read.events[1], HB_STR("evt_2")) && hb_str_eq(read.types[0], HB_STR("order.*")));
    assert_int_equal(read.rate, 50);
    assert_true(read.is_once);
    hb_replay_job_deinit(&read);
}

static void what_is_no_job_is_refused(void **state)
{
#define REST                                                                                                           \
    "\"id\":\"rpl_1\",\"store\":\"s\",\"webhook\":\"wh_1\",\"revision\":1,\"created\":\"2026-01-01T00:00:00.000Z\","   \
    "\"updated\":\"2026-01-01T00:00:00.000Z\",\"once\":false"
    static const struct {
        const char *value;
        enum hb_err err;
    } ROWS[] = {
        {"{\"v\":1,\"status\":\"active\",\"states\":[\"dead\"],\"rate\":1," REST "}", HB_OK},
        {"{\"v\":2,\"status\":\"active\",\"states\":[\"dead\"],\"rate\":1," REST "}", HB_ERR_VERSION},
        {"{\"v\":1,\"status\":\"odd\",\"states\":[\"dead\"],\"rate\":1," REST "}", HB_ERR_INVALID},
        {"{\"v\":1,\"status\":\"active\",\"states\":[],\"rate\":1," REST "}", HB_ERR_INVALID},
        {"{\"v\":1,\"status\":\"active\",\"states\":[\"lost\"],\"rate\":1," REST "}", HB_ERR_INVALID},
        {"{\"v\":1,\"status\":\"active\",\"states\":[\"dead\"],\"rate\":0," REST "}", HB_ERR_INVALID},
        {"{\"v\":1,\"status\":\"active\",\"states\":[\"dead\"],\"rate\":1,\"events\":[\"a b\"]," REST "}",
         HB_ERR_INVALID},
        {"{\"v\":1}", HB_ERR_INVALID},
        {"[]", HB_ERR_INVALID},
        {"{", HB_ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct hb_replay_job job;
        enum hb_err err = hb_replay_job_read(hb_str_c(ROWS[i].value), &job);
        if (err != ROWS[i].err)
            fail_msg("%s: %s", ROWS[i].value, hb_err_name(err));
        if (!err)
            hb_replay_job_deinit(&job);
    }
}

static void progress_is_read_as_it_was_written(void **state)
{
    struct hb_replay_progress *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    struct hb_buf value = hb_buf_make(262144);
    (void)state;
    hb_replay_progress_init(a);
    a->stage = HB_REPLAY_STAGE_RUNNING;
    a->total = 100;
    a->selected = 42;
    a->gone = 3;
    a->cursor = (struct hb_replay_cursor){{1700000000000}, 2, 17, 12345678901};
    a->started.ms = 1700000000001;
    a->at.ms = 1700000000002;
    strcpy(a->worker, "host-0");
    strcpy(a->reason, "paused");
    a->has_ends = true;
    a->ends.counts[HB_TOPIC_JOURNAL] = 64;
    a->ends.ends[HB_TOPIC_JOURNAL][63] = 99;
    a->ends.counts[HB_TOPIC_ATTEMPTS] = 24;
    assert_int_equal(hb_replay_progress_write(a, &value), HB_OK);
    assert_true(hb_str_has_prefix(hb_buf_str(&value), HB_STR("{\"v\":1,\"status\":\"running\"")));
    assert_int_equal(hb_replay_progress_read(hb_buf_str(&value), b), HB_OK);
    assert_int_equal(b->stage, HB_REPLAY_STAGE_RUNNING);
    assert_int_equal(b->total, 100);
    assert_int_equal(b->selected, 42);
    assert_int_equal(b->gone, 3);
    assert_int_equal(hb_replay_cursor_cmp(&a->cursor, &b->cursor), 0);
    assert_int_equal(b->started.ms, a->started.ms);
    assert_string_equal(b->worker, "host-0");
    assert_string_equal(b->reason, "paused");
    assert_true(b->has_ends);
    assert_int_equal(b->ends.counts[HB_TOPIC_JOURNAL], 64);
    assert_int_equal(b->ends.ends[HB_TOPIC_JOURNAL][63], 99);
    assert_int_equal(b->ends.counts[HB_TOPIC_ATTEMPTS], 24);
    hb_buf_deinit(&value);
    free(a);
    free(b);
}

static void a_job_nobody_has_begun_waits_from_the_beginning(void **state)
{
    struct hb_replay_progress *progress = malloc(sizeof *progress);
    (void)state;
    assert_int_equal(hb_replay_progress_read((struct hb_str){NULL, 0}, progress), HB_OK);
    assert_int_equal(progress->stage, HB_REPLAY_STAGE_WAITING);
    assert_int_equal(progress->total, -1);
    assert_false(progress->has_ends);
    assert_true(progress->cursor.appended.ms < 0);
    assert_int_equal(hb_replay_progress_read(HB_STR("{\"v\":1,\"status\":\"odd\"}"), progress), HB_ERR_INVALID);
    free(progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_job_is_refused),
        cmocka_unit_test(progress_is_read_as_it_was_written),
        cmocka_unit_test(a_job_nobody_has_begun_waits_from_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
