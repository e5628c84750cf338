/* The records a worker writes of itself, as those who read them expect them. Kafka is played by this test. */
#include "tests/unit/salesmanago/worker_rig.h"

#include "platform/json/json.h"
#include "salesmanago/heartbeat.h"

static char written_key[HB_CONNECTOR_KEY_MAX], written[512];

enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record,
                             hb_kafka_ack_fn *done, void *user)
{
    (void)producer;
    (void)done;
    (void)user;
    (void)snprintf(written_key, sizeof written_key, "%.*s", HB_ARG(record->key));
    (void)snprintf(written, sizeof written, "%.*s", HB_ARG(record->value));
    return HB_OK;
}

static int setup(void **state)
{
    static char nobody;
    struct hb_sm_worker *worker = rig_worker(state);
    worker->producer = (struct hb_kafka_producer *)&nobody;
    return 0;
}

static void what_a_worker_writes_as_its_heartbeat_is_read_as_one(void **state)
{
    struct hb_sm_worker *worker = *state;
    struct hb_wall now = hb_loop_wall(worker->options.loop), at;
    assert_int_equal(hb_sm_record_write_own(worker, HB_SM_HEARTBEAT_PREFIX, NULL, NULL), HB_OK);
    assert_string_equal(written_key, "connector-look/w");
    assert_int_equal(hb_sm_heartbeat_read(hb_str_c(written), now, &at), HB_SM_HEARTBEAT_FRESH);
    now.ms += HB_SM_HEARTBEAT_KEPT_MS + 60000;
    assert_int_equal(hb_sm_heartbeat_read(hb_str_c(written), now, &at), HB_SM_HEARTBEAT_FORGOTTEN);
}

static void a_mark_says_whether_its_worker_is_busy(void **state)
{
    for (int i = 0; i < 2; i++) {
        const bool is_busy = i;
        assert_int_equal(hb_sm_record_write_own(*state, HB_SM_MARK_PREFIX, &is_busy, NULL), HB_OK);
        assert_string_equal(written_key, "connector-sender/w");
        assert_non_null(strstr(written, is_busy ? "\"busy\":true" : "\"busy\":false"));
        assert_null(strstr(written, "every_s"));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_worker_end)
    const struct CMUnitTest tests[] = {
        TEST(what_a_worker_writes_as_its_heartbeat_is_read_as_one),
        TEST(a_mark_says_whether_its_worker_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
