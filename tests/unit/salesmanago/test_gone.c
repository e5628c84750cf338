/* What workers left that never came back is removed, its heartbeat last: as long as anything else of one stands there,
 * the heartbeat says that it is gone. The registry and Kafka are played by this test. */
#include "tests/unit/salesmanago/worker_rig.h"

#include "platform/json/json.h"
#include "registry/each.h"
#include "salesmanago/heartbeat.h"

#define HOUR_MS INT64_C(3600000)
#define RECORDS_MAX 16

struct record {
    char key[HB_SM_RECORD_KEY_MAX], value[128]; /* key empty: none any more */
};
static struct record records[RECORDS_MAX];
static size_t count, removed, beats;
static bool is_current;
static const char *lost_key; /* a tombstone that never arrives; NULL: all do */

/* ---- the rest of the worker ---- */

enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                               hb_kafka_ack_fn *done, void *user)
{
    (void)worker;
    (void)done;
    (void)user;
    assert_null(value);
    removed++;
    for (size_t i = 0; i < count && !(lost_key && hb_str_eq(key, hb_str_c(lost_key))); i++)
        if (hb_str_eq(key, hb_str_c(records[i].key)))
            records[i].key[0] = '\0';
    return HB_OK;
}
enum hb_err hb_sm_record_write_own(struct hb_sm_worker *worker, const char *prefix, const bool *is_busy,
                                   hb_kafka_ack_fn *done)
{
    (void)worker;
    assert_string_equal(prefix, "connector-look/");
    assert_null(is_busy);
    assert_null(done);
    beats++;
    return HB_OK;
}
void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user)
{
    (void)registry;
    for (size_t i = 0; i < count; i++)
        if (strncmp(records[i].key, prefix.ptr, prefix.len) == 0)
            fn(user, hb_str_c(records[i].key), hb_str_c(records[i].value));
}
struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    (void)registry;
    for (size_t i = 0; i < count; i++)
        if (hb_str_eq(key, hb_str_c(records[i].key)))
            return hb_str_c(records[i].value);
    return hb_str_n(NULL, 0);
}
bool hb_registry_is_current(const struct hb_registry *registry)
{
    (void)registry;
    return is_current;
}
struct hb_mono hb_sm_now(const struct hb_sm_worker *worker)
{
    return hb_loop_mono(worker->options.loop);
}

/* ---- the world ---- */

static void put_value(const struct hb_sm_worker *worker, const char *key, int64_t age_ms, bool is_promised)
{
    struct hb_buf value = hb_buf_make(128);
    struct hb_json_writer json = hb_json_write(&value);
    hb_json_object(&json, NULL);
    hb_json_add_wall(&json, "at", (struct hb_wall){hb_loop_wall(worker->options.loop).ms - age_ms});
    if (is_promised)
        hb_json_add_int(&json, "every_s", 60);
    hb_json_close_object(&json);
    assert_int_equal(hb_json_end(&json), HB_OK);
    assert_true(count < RECORDS_MAX);
    (void)snprintf(records[count].key, sizeof records[count].key, "%s", key);
    (void)snprintf(records[count++].value, sizeof records->value, "%.*s", HB_ARG(hb_buf_str(&value)));
    hb_buf_deinit(&value);
}

static void put(const struct hb_sm_worker *worker, const char *key, int64_t age_ms)
{
    put_value(worker, key, age_ms, true);
}

static bool stands(const char *key)
{
    return hb_registry_record(NULL, hb_str_c(key)).len > 0;
}

static void sweep(struct hb_sm_worker *worker)
{
    worker->sweep_at.us = 0;
    hb_sm_gone_second(worker);
}

static int setup(void **state)
{
    struct hb_sm_worker *worker = rig_worker(state);
    worker->partitions[0].is_ours = true;
    count = removed = beats = 0;
    lost_key = NULL;
    is_current = true;
    put(worker, "connector-look/w", 1000);
    put(worker, "connector-look/old", HOUR_MS + 1000);
    put(worker, "connector-sender/old", HOUR_MS + 1000);
    put(worker, "connector-status/demo/salesmanago/old", HOUR_MS + 1000);
    put(worker, "connector-status/other/salesmanago/old", HOUR_MS + 1000);
    put(worker, "connector-look/gone", HOUR_MS - 10000);
    put(worker, "connector-status/demo/salesmanago/gone", HOUR_MS - 10000);
    put(worker, "connector-status/demo/salesmanago/w", 2 * HOUR_MS);
    return 0;
}

/* ---- what is held ---- */

static void what_a_worker_left_goes_after_an_hour_and_its_heartbeat_last(void **state)
{
    sweep(*state);
    assert_int_equal(removed, 3);
    assert_false(stands("connector-status/demo/salesmanago/old"));
    assert_false(stands("connector-status/other/salesmanago/old"));
    assert_false(stands("connector-sender/old"));
    assert_true(stands("connector-look/old"));
    sweep(*state);
    assert_int_equal(removed, 4);
    assert_false(stands("connector-look/old"));
    sweep(*state);
    assert_int_equal(removed, 4);
    assert_true(stands("connector-look/gone"));
    assert_true(stands("connector-status/demo/salesmanago/gone"));
    assert_true(stands("connector-status/demo/salesmanago/w"));
}

static void a_status_whose_tombstone_was_lost_keeps_the_heartbeat_until_it_is_gone(void **state)
{
    lost_key = "connector-status/other/salesmanago/old";
    for (int i = 0; i < 5; i++)
        sweep(*state);
    assert_true(stands(lost_key));
    assert_true(stands("connector-look/old"));
    lost_key = NULL;
    sweep(*state);
    sweep(*state);
    assert_false(stands("connector-status/other/salesmanago/old"));
    assert_false(stands("connector-look/old"));
}

/* Its clock is over an hour behind, or its records cannot be removed. */
static void what_is_found_again_and_again_is_swept_twice_a_minute_and_not_each_few_seconds(void **state)
{
    struct hb_sm_worker *worker = *state;
    lost_key = "connector-sender/old";
    for (int minute = 0; minute < 3; minute++) {
        int64_t now_us = hb_sm_now(worker).us;
        worker->sweep_at.us = 0;
        hb_sm_gone_second(worker);
        size_t before = removed;
        hb_sm_gone_second(worker);
        assert_int_equal(removed, before);
        assert_in_range(worker->sweep_at.us - now_us, 59000 * HB_US_PER_MS, 70000 * HB_US_PER_MS);
        assert_in_range(worker->sweep_soon_at.us - now_us, 1, 10000 * HB_US_PER_MS);
        worker->sweep_soon_at = hb_sm_now(worker);
        hb_sm_gone_second(worker);
        assert_int_equal(removed, before + 1);
        assert_int_equal(worker->sweep_soon_at.us, 0);
        hb_sm_gone_second(worker);
        assert_int_equal(removed, before + 1);
        assert_in_range(worker->sweep_at.us - now_us, 59000 * HB_US_PER_MS, 70000 * HB_US_PER_MS);
    }
    assert_true(stands("connector-look/old"));
}

static void nothing_found_is_looked_for_again_in_a_minute(void **state)
{
    struct hb_sm_worker *worker = *state;
    records[1].key[0] = '\0';
    sweep(worker);
    assert_int_equal(removed, 0);
    assert_int_equal(worker->sweep_soon_at.us, 0);
}

/* Its mark is what its successor waits for (decision 14). */
static void a_worker_of_an_older_hookbus_that_lives_keeps_its_records(void **state)
{
    struct hb_sm_worker *worker = *state;
    count = 1; /* but our own heartbeat */
    put_value(worker, "connector-look/old", 100 * HOUR_MS, false);
    put(worker, "connector-sender/old", 1000);
    put(worker, "connector-status/demo/salesmanago/old", 1000);
    sweep(worker);
    assert_int_equal(removed, 0);
}

static void by_a_clock_to_which_our_own_heartbeat_is_old_nobodys_records_are_removed(void **state)
{
    struct hb_sm_worker *worker = *state;
    records[0].key[0] = '\0';
    sweep(worker); /* our own is not there */
    put(worker, "connector-look/w", 2 * HOUR_MS);
    sweep(worker);
    assert_int_equal(removed, 0);
}

static void who_has_not_the_first_partition_or_does_not_know_the_registry_removes_nothing(void **state)
{
    struct hb_sm_worker *worker = *state;
    worker->partitions[0].is_ours = false;
    sweep(worker);
    worker->partitions[0].is_ours = true;
    is_current = false;
    sweep(worker);
    assert_int_equal(removed, 0);
}

static void a_heartbeat_is_written_each_minute(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_alive_second(worker);
    hb_sm_alive_second(worker);
    assert_int_equal(beats, 1);
    worker->beat_at.us -= 60000 * HB_US_PER_MS;
    hb_sm_alive_second(worker);
    hb_sm_alive_second(worker);
    assert_int_equal(beats, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_worker_end)
    const struct CMUnitTest tests[] = {
        TEST(what_a_worker_left_goes_after_an_hour_and_its_heartbeat_last),
        TEST(a_status_whose_tombstone_was_lost_keeps_the_heartbeat_until_it_is_gone),
        TEST(a_heartbeat_is_written_each_minute),
        TEST(what_is_found_again_and_again_is_swept_twice_a_minute_and_not_each_few_seconds),
        TEST(nothing_found_is_looked_for_again_in_a_minute),
        TEST(a_worker_of_an_older_hookbus_that_lives_keeps_its_records),
        TEST(by_a_clock_to_which_our_own_heartbeat_is_old_nobodys_records_are_removed),
        TEST(who_has_not_the_first_partition_or_does_not_know_the_registry_removes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
