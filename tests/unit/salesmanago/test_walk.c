/* What a walk writes of how far it got is never beyond a change that is let go when the walk is stopped. Kafka and the
 * rest of the worker are played by this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "salesmanago/state.h"

#define PARTITION 3

static const struct hb_kafka_reader_events *events;
static void *events_user;
static int event_fd;
static struct hb_mono now;

/* ---- Kafka ---- */

enum hb_err hb_kafka_reader_new(const struct hb_kafka_reader_options *options, struct hb_kafka_reader **ret_reader,
                                struct hb_error *reterr)
{
    (void)reterr;
    events = options->events;
    events_user = options->user;
    *ret_reader = (struct hb_kafka_reader *)&event_fd;
    return HB_OK;
}
void hb_kafka_reader_free(struct hb_kafka_reader **reader)
{
    *reader = NULL;
}
enum hb_err hb_kafka_reader_assign(struct hb_kafka_reader *reader, const struct hb_kafka_start *starts, size_t count)
{
    (void)reader;
    (void)starts;
    (void)count;
    return HB_OK;
}
int hb_kafka_reader_fd(const struct hb_kafka_reader *reader)
{
    (void)reader;
    return event_fd;
}
int hb_kafka_reader_poll(struct hb_kafka_reader *reader, int max, int timeout_ms)
{
    (void)reader;
    (void)max;
    (void)timeout_ms;
    return 0;
}
void hb_kafka_message_free(struct hb_kafka_message *message)
{
    (void)message;
}
enum hb_err hb_kafka_consumer_store(struct hb_kafka_consumer *consumer, int topic, int32_t partition, int64_t next)
{
    (void)consumer;
    (void)topic;
    (void)partition;
    (void)next;
    return HB_OK;
}

/* ---- the rest of the worker ---- */

enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                               hb_kafka_ack_fn *done, void *user)
{
    (void)worker;
    (void)key;
    (void)value;
    (void)done;
    (void)user;
    return HB_OK; /* never acknowledged */
}
struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key)
{
    (void)registry;
    (void)key;
    return hb_str_n(NULL, 0);
}
bool hb_sm_lane_may_send(const struct hb_sm_lane *lane)
{
    return lane->hold == HB_SM_HOLD_NONE;
}
void hb_sm_lane_look(struct hb_sm_lane *lane)
{
    (void)lane;
}
void hb_sm_aside_lose(struct hb_sm_lane *lane, int32_t partition)
{
    (void)lane;
    (void)partition;
}
void hb_sm_dead_each(const struct hb_sm_lane *lane, void (*fn)(void *user, struct hb_str product, int64_t offset),
                     void *user)
{
    (void)lane;
    (void)fn;
    (void)user;
}
void hb_sm_hash(const struct hb_sm_worker *worker, struct hb_str key, unsigned char ret_hash[HB_HASH_BYTES])
{
    hb_hash_pieces(worker->hash_key, &key, 1, ret_hash);
}
struct hb_mono hb_sm_now(const struct hb_sm_worker *worker)
{
    (void)worker;
    return now;
}

/* ---- the world ---- */

struct world {
    struct hb_sm_worker worker;
    struct hb_sm_lane lane;
    struct hb_metrics metrics;
    struct hb_config config;
};

/* Detached at 5, the topic ends at 10. */
static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    hb_metrics_init(&world->metrics);
    world->config.salesmanago_walks_max = 1;
    world->config.salesmanago_walk_products_max = 1000;
    world->worker.options.metrics = &world->metrics;
    world->worker.options.config = &world->config;
    world->worker.options.worker = "w";
    now.us = 1000000;
    event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(hb_loop_new(&world->worker.options.loop), HB_OK);
    struct hb_sm_partition *partition = &world->worker.partitions[PARTITION];
    partition->number = PARTITION;
    partition->is_ours = partition->is_ready = true;
    partition->next = 10;
    assert_int_equal(hb_ring_init(&partition->ring, 64), HB_OK);
    world->lane.worker = &world->worker;
    memcpy(world->lane.store, "demo", 5);
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        world->lane.tracks[i] = (struct hb_sm_track){.lane = &world->lane, .number = i, .why = ""};
    world->lane.tracks[PARTITION].state = HB_SM_TRACK_DETACHED;
    world->lane.tracks[PARTITION].position = 5;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    hb_sm_walk_stop(&world->lane);
    hb_sm_settle_all_unread(&world->lane, PARTITION, HB_SM_LIVE, true);
    hb_sm_pending_deinit(&world->lane.pending);
    hb_sm_walk_free_readers(&world->worker);
    hb_ring_deinit(&world->worker.partitions[PARTITION].ring);
    hb_loop_free(&world->worker.options.loop);
    close(event_fd);
    free(world);
    return 0;
}

static size_t key_of(int product, char key[32])
{
    return (size_t)snprintf(key, 32, "demo/%d", product);
}

/* As intake takes it. */
static struct hb_sm_change *comes_live(struct world *world, int product, int64_t offset)
{
    struct hb_sm_partition *partition = &world->worker.partitions[PARTITION];
    struct hb_sm_change *superseded = NULL;
    bool is_place = false;
    char key[32];
    assert_true(hb_sm_track_takes(&world->lane.tracks[PARTITION], &is_place));
    assert_false(is_place);
    struct hb_sm_change *change = hb_sm_change_new(hb_str_n(key, key_of(product, key)), HB_STR("{}"));
    assert_non_null(change);
    change->partition = PARTITION;
    change->offset = offset;
    change->source = HB_SM_LIVE;
    assert_int_equal(hb_sm_pending_put(&world->lane.pending, change, &superseded), HB_OK);
    assert_null(superseded);
    change->sequence = hb_ring_take(&partition->ring, offset);
    partition->next = offset + 1;
    hb_sm_walk_note(world->lane.walk, change->key, offset);
    return change;
}

static void is_read(int product, int64_t offset)
{
    char key[32];
    struct hb_kafka_message message = {.partition = PARTITION, .offset = offset, .value = HB_STR("{}")};
    message.key = hb_str_n(key, key_of(product, key));
    events->message(events_user, &message);
}

/* ---- */

static void a_round_begun_anew_saves_nothing_beyond_what_is_let_go_when_the_walk_is_stopped(void **state)
{
    struct world *world = *state;
    struct hb_sm_lane *lane = &world->lane;
    const struct hb_sm_track *track = &lane->tracks[PARTITION];
    hb_sm_walk_look(lane);
    assert_non_null(lane->walk);
    (void)comes_live(world, 1, 10); /* waits: SALESmanago is slow */
    struct hb_sm_change *accepted = comes_live(world, 2, 11);
    hb_sm_pending_take(&lane->pending, accepted);
    hb_sm_settle(lane, accepted);
    events->error(events_user, HB_ERR_NOT_FOUND, 0, PARTITION, "gone"); /* the round begins anew, to 12 now */
    hb_sm_walk_look(lane);
    for (int pass = 0; pass < 2; pass++) {
        is_read(3, 9);
        is_read(1, 10);
        is_read(2, 11);
        hb_sm_walk_look(lane);
    }
    assert_non_null(lane->walk);
    struct hb_sm_change *walked = hb_sm_pending_lowest(&lane->pending, PARTITION, HB_SM_WALK);
    assert_int_equal(walked->offset, 9);
    hb_sm_pending_take(&lane->pending, walked);
    hb_sm_settle(lane, walked);
    now.us += 6000000;
    hb_sm_walk_look(lane); /* saves how far it got */
    assert_in_range(track->position, 6, 10);
    lane->hold = HB_SM_HOLD_PAUSED;
    hb_sm_walk_look(lane); /* and is stopped: what is live is let go */
    assert_null(lane->walk);
    assert_int_equal(lane->pending.open, 0);
    assert_in_range(track->position, 6, 10); /* and is read again */
}

static void how_far_a_walk_got_is_saved(void **state)
{
    struct world *world = *state;
    struct hb_sm_lane *lane = &world->lane;
    hb_sm_walk_look(lane);
    for (int pass = 0; pass < 2; pass++) {
        is_read(1, 6);
        is_read(2, 8);
        is_read(3, 9);
        hb_sm_walk_look(lane);
    }
    struct hb_sm_change *walked = hb_sm_pending_lowest(&lane->pending, PARTITION, HB_SM_WALK);
    assert_int_equal(walked->offset, 6);
    hb_sm_pending_take(&lane->pending, walked);
    hb_sm_settle(lane, walked);
    now.us += 6000000;
    hb_sm_walk_look(lane);
    assert_int_equal(lane->tracks[PARTITION].position, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_round_begun_anew_saves_nothing_beyond_what_is_let_go_when_the_walk_is_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(how_far_a_walk_got_is_saved, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
