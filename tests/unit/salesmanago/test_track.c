/* A connector that leaves: what it holds is settled only when Kafka has its position, so that whoever dies in between
 * loses nothing. The rest of the worker is played by this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "salesmanago/state.h"

#define PARTITION 3
#define WRITES_MAX 16

struct write {
    char key[HB_SM_RECORD_KEY_MAX], value[1024];
    hb_kafka_ack_fn *done;
    void *user;
};
static struct write writes[WRITES_MAX];
static size_t writes_count;
static int64_t stored; /* the offset given to the consumer */
static const char *record; /* the registry's */

/* ---- the rest of the worker ---- */

enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                               hb_kafka_ack_fn *done, void *user)
{
    (void)worker;
    assert_true(writes_count < WRITES_MAX);
    struct write *write = &writes[writes_count++];
    (void)snprintf(write->key, sizeof write->key, "%.*s", HB_ARG(key));
    (void)snprintf(write->value, sizeof write->value, "%.*s", HB_ARG(hb_buf_str(value)));
    write->done = done;
    write->user = user;
    return HB_OK;
}
enum hb_err hb_kafka_consumer_store(struct hb_kafka_consumer *consumer, int topic, int32_t partition, int64_t next)
{
    (void)consumer;
    (void)topic;
    assert_int_equal(partition, PARTITION);
    stored = next;
    return HB_OK;
}
struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    (void)registry;
    (void)key;
    return hb_str_c(record);
}
void hb_sm_walk_stop(struct hb_sm_lane *lane)
{
    assert_null(lane->walk);
}
void hb_sm_aside_lose(struct hb_sm_lane *lane, int32_t partition)
{
    (void)lane;
    assert_int_equal(partition, PARTITION);
}

/* ---- the world ---- */

struct world {
    struct hb_sm_worker worker;
    struct hb_sm_lane lane;
    struct hb_metrics metrics;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    hb_metrics_init(&world->metrics);
    world->worker.options.metrics = &world->metrics;
    world->worker.options.worker = "w";
    assert_int_equal(hb_loop_new(&world->worker.options.loop), HB_OK);
    struct hb_sm_partition *partition = &world->worker.partitions[PARTITION];
    partition->number = PARTITION;
    partition->is_ours = partition->is_ready = true;
    assert_int_equal(hb_ring_init(&partition->ring, 64), HB_OK);
    world->lane.worker = &world->worker;
    memcpy(world->lane.store, "demo", 5);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        world->lane.tracks[i] = (struct hb_sm_track){.lane = &world->lane, .number = i, .why = ""};
    writes_count = 0;
    stored = -1;
    record = "";
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    hb_sm_settle_all_unread(&world->lane, PARTITION, HB_SM_LIVE, true);
    hb_sm_pending_deinit(&world->lane.pending);
    hb_ring_deinit(&world->worker.partitions[PARTITION].ring);
    hb_loop_free(&world->worker.options.loop);
    free(world);
    return 0;
}

static void arrive(struct world *world, int product, int64_t offset)
{
    struct hb_sm_partition *partition = &world->worker.partitions[PARTITION];
    struct hb_sm_change *change, *superseded = NULL;
    bool is_place = false;
    char key[32];
    assert_true(hb_sm_track_takes(&world->lane.tracks[PARTITION], &is_place));
    int len = snprintf(key, sizeof key, "demo/%d", product);
    change = hb_sm_change_new(hb_str_n(key, (size_t)len), is_place ? hb_str_n(NULL, 0) : HB_STR("{}"));
    change->partition = PARTITION;
    change->offset = offset;
    change->source = HB_SM_LIVE;
    if (is_place)
        hb_sm_pending_hold(&world->lane.pending, change);
    else
        assert_int_equal(hb_sm_pending_put(&world->lane.pending, change, &superseded), HB_OK);
    change->sequence = hb_ring_take(&partition->ring, offset);
    partition->next = offset + 1;
    if (superseded)
        hb_sm_settle_superseded(&world->lane, superseded);
}

static void acknowledge(size_t at, enum hb_err err)
{
    const struct hb_kafka_ack ack = {.err = err, .text = ""};
    assert_true(at < writes_count);
    writes[at].done(writes[at].user, &ack);
}

static void begin(struct world *world)
{
    hb_sm_track_begin(&world->lane, PARTITION);
    assert_int_equal(world->lane.tracks[PARTITION].state, HB_SM_TRACK_ATTACHED);
}

/* ---- what is promised ---- */

static void nothing_is_settled_before_kafka_has_the_position(void **state)
{
    struct world *world = *state;
    begin(world);
    arrive(world, 1, 10);
    arrive(world, 2, 12);
    world->lane.hold = HB_SM_HOLD_PAUSED;
    hb_sm_track_step(&world->lane);
    assert_int_equal(writes_count, 1);
    assert_string_equal(writes[0].key, "connector-position/demo/salesmanago/3");
    assert_non_null(strstr(writes[0].value, "\"offset\":10"));
    assert_non_null(strstr(writes[0].value, "\"why\":\"paused\""));
    arrive(world, 3, 13); /* while it is written: its place is kept */
    assert_int_equal(stored, -1);
    assert_int_equal(world->lane.pending.open, 3);
    acknowledge(0, HB_OK);
    assert_int_equal(stored, 14);
    assert_int_equal(world->lane.pending.open, 0);
    assert_int_equal(world->lane.tracks[PARTITION].state, HB_SM_TRACK_DETACHED);
}

static void a_position_that_kafka_did_not_take_is_written_again_and_nothing_is_settled_meanwhile(void **state)
{
    struct world *world = *state;
    begin(world);
    arrive(world, 1, 10);
    world->lane.rests_long = true;
    hb_sm_track_step(&world->lane);
    acknowledge(0, HB_ERR_TIMEOUT);
    assert_int_equal(stored, -1);
    hb_sm_track_step(&world->lane);
    assert_int_equal(writes_count, 2);
    assert_int_equal(stored, -1);
    acknowledge(1, HB_OK);
    assert_int_equal(stored, 11);
}

static void the_position_is_that_of_the_oldest_open_version_also_of_one_under_way(void **state)
{
    struct world *world = *state;
    begin(world);
    arrive(world, 1, 10);
    struct hb_sm_change *under_way = hb_sm_pending_next(&world->lane.pending);
    hb_sm_pending_take(&world->lane.pending, under_way);
    arrive(world, 1, 15);
    hb_sm_track_overflow(&world->lane);
    assert_non_null(strstr(writes[0].value, "\"offset\":10"));
    acknowledge(0, HB_OK);
    assert_true(under_way->is_let_go); /* whoever sends it frees it */
    hb_sm_settle(&world->lane, under_way);
    assert_int_equal(stored, 16);
}

static void without_anything_open_the_position_is_the_next_record(void **state)
{
    struct world *world = *state;
    begin(world);
    world->worker.partitions[PARTITION].next = 77;
    world->lane.hold = HB_SM_HOLD_REFUSED;
    hb_sm_track_step(&world->lane);
    assert_non_null(strstr(writes[0].value, "\"offset\":77"));
}

static void a_full_sync_begins_once_at_the_first_record_and_is_known_after_a_restart(void **state)
{
    struct world *world = *state;
    begin(world);
    world->worker.partitions[PARTITION].next = 50;
    world->lane.connector.sync.id = HB_STR("sync1");
    hb_sm_track_step(&world->lane);
    assert_non_null(strstr(writes[0].value, "\"offset\":0"));
    assert_non_null(strstr(writes[0].value, "\"sync\":\"sync1\""));
    acknowledge(0, HB_OK);
    hb_sm_track_step(&world->lane);
    assert_int_equal(writes_count, 1);
    hb_sm_track_return(&world->lane.tracks[PARTITION]);
    acknowledge(1, HB_OK);
    assert_non_null(strstr(writes[1].value, "\"attached\":true"));
    record = writes[1].value;
    hb_sm_track_forget(&world->lane, PARTITION);
    begin(world);
    hb_sm_track_step(&world->lane);
    assert_int_equal(writes_count, 2);
}

static void who_takes_over_begins_where_the_registry_says(void **state)
{
    struct world *world = *state;
    record = "{\"v\":1,\"offset\":42,\"why\":\"paused\"}";
    hb_sm_track_begin(&world->lane, PARTITION);
    assert_int_equal(world->lane.tracks[PARTITION].state, HB_SM_TRACK_DETACHED);
    assert_int_equal(world->lane.tracks[PARTITION].position, 42);
    bool is_place = false;
    assert_false(hb_sm_track_takes(&world->lane.tracks[PARTITION], &is_place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_settled_before_kafka_has_the_position, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_position_that_kafka_did_not_take_is_written_again_and_nothing_is_settled_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(the_position_is_that_of_the_oldest_open_version_also_of_one_under_way, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_anything_open_the_position_is_the_next_record, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_sync_begins_once_at_the_first_record_and_is_known_after_a_restart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_takes_over_begins_where_the_registry_says, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
