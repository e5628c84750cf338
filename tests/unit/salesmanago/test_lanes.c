/* A connector that ends leaves nothing, also one whose record nobody can read, and it ends once: its tombstones move
 * the registry, which is why the registry is looked at again. The rest of the worker is played by this test. */
#include "tests/unit/core/check.h"

#include "salesmanago/state.h"

#include "registry/each.h"

#define KEY "connector/demo/salesmanago"
#define UNREADABLE "{\"v\":1,\"status\":\"active\"}"
#define DELETED                                                                                                        \
    "{\"v\":1,\"id\":\"salesmanago\",\"store\":\"demo\",\"kind\":\"salesmanago\",\"revision\":2,"                      \
    "\"enabled_revision\":1,\"status\":\"deleted\",\"base_url\":\"https://api.salesmanago.com\","                      \
    "\"key\":{\"sealed\":\"\"},\"catalog\":{\"id\":\"7\"},\"created\":\"2026-01-31T12:00:00.000Z\","                   \
    "\"updated\":\"2026-01-31T12:00:00.000Z\"}"

static struct hb_config config;
static struct hb_store store;
static const char *record;
static size_t positions, statuses, deads; /* how often they were removed */

/* ---- the registry ---- */

void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user)
{
    (void)registry;
    assert_true(hb_str_eq(prefix, HB_STR("connector/")));
    fn(user, HB_STR(KEY), hb_str_c(record));
}
const struct hb_store *hb_registry_store(const struct hb_registry *registry, struct hb_str id)
{
    (void)registry;
    return hb_str_eq(id, store.id) ? &store : NULL;
}
bool hb_registry_is_current(const struct hb_registry *registry)
{
    (void)registry;
    return true;
}
int64_t hb_registry_applied(const struct hb_registry *registry)
{
    (void)registry;
    return 1;
}

/* ---- the rest of the worker ---- */

enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                               hb_kafka_ack_fn *done, void *user)
{
    (void)worker;
    (void)done;
    (void)user;
    assert_null(value);
    assert_true(hb_str_eq(key, HB_STR("connector-position/demo/salesmanago/0")));
    positions++;
    return HB_OK;
}
void hb_sm_report_lane(struct hb_sm_lane *lane, bool is_end)
{
    (void)lane;
    assert_true(is_end);
    statuses++;
}
void hb_sm_dead_remove(struct hb_sm_lane *lane)
{
    (void)lane;
    deads++;
}
void hb_sm_track_begin(struct hb_sm_lane *lane, int32_t number)
{
    lane->tracks[number].state = HB_SM_TRACK_ATTACHED;
}
struct hb_mono hb_sm_now(const struct hb_sm_worker *worker)
{
    return hb_loop_mono(worker->options.loop);
}
bool hb_sm_pause_holds(struct hb_sm_lane *lane)
{
    (void)lane;
    return false;
}
void hb_http_target_unref(struct hb_http_target **target)
{
    assert_null(*target);
}
enum hb_err hb_http_target_new(struct hb_http_client *client, struct hb_str url, const struct hb_name_value *headers,
                               size_t headers_count, struct hb_http_target **ret_target, struct hb_error *reterr)
{
    (void)client;
    (void)url;
    (void)headers;
    (void)headers_count;
    (void)ret_target;
    return hb_fail(reterr, HB_ERR_INVALID, "no target is made in this test");
}
void hb_sm_settle_all_unread(struct hb_sm_lane *lane, int32_t partition, enum hb_sm_source source, bool is_lost)
{
    (void)lane;
    (void)partition;
    (void)source;
    (void)is_lost;
}
void hb_sm_track_leave(struct hb_sm_track *track, int64_t position, const char *why)
{
    (void)track;
    (void)position;
    (void)why;
}
void hb_sm_track_forget(struct hb_sm_lane *lane, int32_t number)
{
    (void)lane;
    (void)number;
}
void hb_sm_pending_deinit(struct hb_sm_pending *pending)
{
    (void)pending;
}
void hb_sm_backoff_success(struct hb_sm_backoff *backoff)
{
    (void)backoff;
}
#define DOES_NOTHING(name, type)                                                                                       \
    void name(type *it)                                                                                                \
    {                                                                                                                  \
        (void)it;                                                                                                      \
    }
DOES_NOTHING(hb_sm_aside_clear, struct hb_sm_lane)
DOES_NOTHING(hb_sm_batch_give_back, struct hb_sm_lane)
DOES_NOTHING(hb_sm_walk_stop, struct hb_sm_lane)
DOES_NOTHING(hb_sm_lane_look, struct hb_sm_lane)
DOES_NOTHING(hb_sm_dead_free, struct hb_sm_lane)
DOES_NOTHING(hb_sm_dead_load, struct hb_sm_worker)
DOES_NOTHING(hb_sm_pump_soon, struct hb_sm_worker)

/* ---- the world ---- */

static int setup(void **state)
{
    struct hb_sm_worker *worker = calloc(1, sizeof *worker);
    assert_non_null(worker);
    worker->options.config = &config;
    worker->lanes = HB_MAP_EMPTY;
    worker->partitions[0].is_ours = worker->partitions[0].is_ready = true;
    assert_int_equal(hb_loop_new(&worker->options.loop), HB_OK);
    store = (struct hb_store){.id = HB_STR("demo")};
    record = UNREADABLE;
    positions = statuses = deads = 0;
    *state = worker;
    return 0;
}

static int teardown(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_sm_lanes_free(worker);
    hb_loop_free(&worker->options.loop);
    free(worker);
    return 0;
}

static enum hb_sm_hold look(struct hb_sm_worker *worker)
{
    hb_sm_lanes_look(worker);
    struct hb_sm_lane *lane = hb_sm_lane_of(worker, HB_STR("demo"));
    assert_non_null(lane);
    return lane->hold;
}

static void assert_removed(size_t times)
{
    assert_int_equal(positions, times);
    assert_int_equal(statuses, times);
    assert_int_equal(deads, times);
}

/* ---- what is held ---- */

static void one_that_nobody_can_read_ends_once_with_its_store(void **state)
{
    assert_int_equal(look(*state), HB_SM_HOLD_UNUSABLE);
    assert_removed(0);
    store.is_deleted = true;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(*state), HB_SM_HOLD_DELETED);
        assert_removed(1);
    }
    store.is_deleted = false; /* another store of its name */
    assert_int_equal(look(*state), HB_SM_HOLD_UNUSABLE);
}

static void one_that_nobody_could_read_and_that_is_deleted_leaves_nothing(void **state)
{
    assert_int_equal(look(*state), HB_SM_HOLD_UNUSABLE);
    record = DELETED;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(*state), HB_SM_HOLD_DELETED);
        assert_removed(1);
    }
}

static void one_that_was_deleted_before_this_process_began_is_not_ended_again(void **state)
{
    record = DELETED;
    assert_int_equal(look(*state), HB_SM_HOLD_DELETED);
    assert_removed(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_that_nobody_can_read_ends_once_with_its_store),
        TEST(one_that_nobody_could_read_and_that_is_deleted_leaves_nothing),
        TEST(one_that_was_deleted_before_this_process_began_is_not_ended_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
