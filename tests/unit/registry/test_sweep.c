#include "check.h"

#include "registry/registry_internal.h"
#include "registry/sweep.h"

#define DAY_MS (24 * HB_MS_PER_HOUR)
#define START INT64_C(1700000000000)

struct fixture {
    struct hb_registry *registry;
    struct hb_log_context log;
    struct hb_sweep_due due;
    int64_t offset;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->log = hb_log_root(NULL);
    struct hb_registry_options options = {.log = &f->log};
    assert_int_equal(hb_registry_make(&options, &f->registry), HB_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hb_registry_free(&f->registry);
    free(f);
    return 0;
}

/* day: after the start; value NULL: a tombstone. */
static void feed(struct fixture *f, int day, const char *key, const char *value)
{
    struct registry_input input = {hb_str_c(key), value ? hb_str_c(value) : (struct hb_str){NULL, 0}, f->offset++, {START + day * DAY_MS}};
    assert_int_equal(hb_registry_apply(f->registry, &input), HB_OK);
}

static void feed_store(struct fixture *f, int day, const char *id, const char *status)
{
    char key[80], value[256];
    (void)snprintf(key, sizeof(key), "store/%s", id);
    (void)snprintf(value, sizeof(value), "{\"v\":1,\"id\":\"%s\",\"revision\":1,\"status\":\"%s\"}", id, status);
    feed(f, day, key, value);
}

static void feed_webhook(struct fixture *f, int day, const char *store, const char *id, const char *status)
{
    char key[160], value[512];
    (void)snprintf(key, sizeof(key), "webhook/%s/%s", store, id);
    (void)snprintf(value, sizeof(value),
                   "{\"v\":1,\"id\":\"%s\",\"store\":\"%s\",\"revision\":1,\"url\":\"https://a.example/\",\"events\":[\"*\"],\"status\":\"%s\"}",
                   id, store, status);
    feed(f, day, key, value);
}

#define HASH "0000000000000000000000000000000000000000000000000000000000000000"

static void feed_key(struct fixture *f, int day, const char *prefix, const char *more)
{
    char key[80], value[512];
    (void)snprintf(key, sizeof(key), "key/%s", prefix);
    (void)snprintf(value, sizeof(value), "{\"v\":1,\"prefix\":\"%s\",\"hash\":\"" HASH "\",\"scopes\":[\"manage\"]%s}", prefix, more);
    feed(f, day, key, value);
}

/* Kafka's time goes on whatever else happens. */
static void tick(struct fixture *f, int day)
{
    feed(f, day, "watermark/g/t/0", "{\"v\":1,\"offset\":1}");
}

static void look(struct fixture *f, int day)
{
    hb_sweep_look(f->registry, (struct hb_wall){START + day * DAY_MS}, HB_DELETED_COUNTS_MS, NULL, &f->due);
}

static bool has(const struct fixture *f, const char *key)
{
    for (size_t i = 0; i < f->due.count; i++) {
        if (strcmp(f->due.records[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* What a turn finds is removed, until nothing is due. */
static int sweep(struct fixture *f, int day)
{
    int turns = 0;
    for (look(f, day); f->due.count > 0; look(f, day)) {
        struct hb_sweep_due due = f->due;
        for (size_t i = 0; i < due.count; i++) {
            feed(f, day, due.records[i].key, NULL);
        }
        assert_true(++turns < 100);
    }
    return turns;
}

static void a_deleted_webhook_goes_after_36_days_and_what_is_said_of_it_after_it(void **state)
{
    struct fixture *f = *state;
    feed_store(f, 0, "s1", "active");
    feed_webhook(f, 0, "s1", "wh_1", "active");
    feed_webhook(f, 0, "s1", "wh_2", "active");
    feed(f, 1, "disabled/wh_1", "{\"v\":1,\"revision\":1,\"reason\":\"gone\"}");
    feed(f, 1, "state/wh_1", "{\"v\":1,\"revision\":1,\"status\":\"active\"}");
    feed(f, 1, "state/wh_2", "{\"v\":1,\"revision\":1,\"status\":\"active\"}");
    feed_webhook(f, 2, "s1", "wh_1", "deleted");
    tick(f, 37);
    look(f, 37);
    assert_int_equal(f->due.count, 0);
    tick(f, 39);
    look(f, 39);
    assert_int_equal(f->due.count, 1);
    assert_true(has(f, "webhook/s1/wh_1"));
    feed(f, 39, "webhook/s1/wh_1", NULL);
    assert_null(hb_registry_webhook_by_id(f->registry, HB_STR("wh_1")));
    look(f, 39);
    assert_int_equal(f->due.count, 2);
    assert_true(has(f, "disabled/wh_1") && has(f, "state/wh_1"));
    (void)sweep(f, 39);
    assert_int_equal(hb_registry_record(f->registry, HB_STR("state/wh_2")).len > 0, true);
    assert_non_null(hb_registry_webhook_by_id(f->registry, HB_STR("wh_2")));
}

static void a_deleted_store_goes_last_of_all_that_is_in_it(void **state)
{
    struct fixture *f = *state;
    feed_key(f, 0, "admin", "");
    feed_store(f, 0, "s1", "active");
    feed_store(f, 0, "s2", "active");
    feed_webhook(f, 0, "s1", "wh_1", "active");
    feed_webhook(f, 0, "s2", "wh_2", "active");
    feed_key(f, 0, "inner", ",\"store\":\"s1\"");
    feed_key(f, 0, "other", ",\"store\":\"s2\"");
    feed(f, 0, "replay/s1/rpl_1", "{\"v\":1,\"id\":\"rpl_1\"}");
    feed(f, 0, "connector/s1/crm", "{\"v\":1,\"id\":\"crm\"}");
    feed(f, 0, "connector-position/s1/crm/3", "{\"v\":1,\"offset\":1}");
    feed(f, 0, "connector/s2/crm", "{\"v\":1,\"id\":\"crm\"}");
    feed(f, 0, "connector-sender/w", "{\"v\":1,\"busy\":false}");
    feed_store(f, 10, "s1", "deleted");
    tick(f, 45);
    look(f, 45);
    assert_int_equal(f->due.count, 0);
    tick(f, 47);
    look(f, 47);
    assert_int_equal(f->due.count, 5);
    assert_false(has(f, "store/s1"));
    for (size_t i = 0; i < 4; i++) { /* whatever goes first, the store stays as long as one is left */
        feed(f, 47, f->due.records[i].key, NULL);
        struct hb_sweep_due now;
        hb_sweep_look(f->registry, (struct hb_wall){START + 47 * DAY_MS}, HB_DELETED_COUNTS_MS, NULL, &now);
        assert_int_equal(now.count, 4 - i);
    }
    (void)sweep(f, 47);
    assert_null(hb_registry_store(f->registry, HB_STR("s1")));
    assert_non_null(hb_registry_store(f->registry, HB_STR("s2")));
    assert_int_equal(f->registry->keys.count, 2);
    assert_true(hb_registry_record(f->registry, HB_STR("connector/s2/crm")).len > 0);
    assert_true(hb_registry_record(f->registry, HB_STR("connector-sender/w")).len > 0);
    feed_store(f, 48, "s1", "active"); /* its id is free, and nothing comes to life with it */
    size_t count = 1;
    (void)hb_registry_webhooks(f->registry, HB_STR("s1"), &count);
    assert_int_equal(count, 0);
}

static void keys_go_36_days_after_they_were_revoked_or_ended_while_one_is_left_that_opens_all(void **state)
{
    struct fixture *f = *state;
    feed_key(f, 0, "revoked", ",\"revoked\":true");
    feed_key(f, 0, "ended", ",\"expires\":\"2023-11-20T00:00:00.000Z\"");
    feed_key(f, 0, "ends", ",\"expires\":\"2024-06-01T00:00:00.000Z\"");
    feed_key(f, 0, "late", "");
    feed_key(f, 30, "late", ",\"revoked\":true");
    tick(f, 60);
    look(f, 60);
    assert_int_equal(f->due.count, 2);
    assert_true(has(f, "key/revoked") && has(f, "key/ended"));
    feed_key(f, 60, "ends", ",\"revoked\":true");
    look(f, 60);
    assert_int_equal(f->due.count, 0); /* nobody could make another but by the first key's file */
}

static void a_clock_that_runs_ahead_of_kafkas_removes_nothing(void **state)
{
    struct fixture *f = *state;
    feed_store(f, 0, "s1", "active");
    feed_webhook(f, 0, "s1", "wh_1", "deleted");
    tick(f, 30);
    look(f, 4000);
    assert_int_equal(f->due.count, 0);
    tick(f, 40);
    look(f, 30); /* nor one that is behind */
    assert_int_equal(f->due.count, 0);
    look(f, 4000);
    assert_int_equal(f->due.count, 1);
}

static void a_turn_is_bounded_and_the_next_one_finds_the_rest(void **state)
{
    struct fixture *f = *state;
    char id[16];
    feed_store(f, 0, "s1", "active");
    for (int i = 0; i < 250; i++) {
        (void)snprintf(id, sizeof(id), "wh_%d", i);
        feed_webhook(f, 0, "s1", id, "deleted");
    }
    tick(f, 50);
    look(f, 50);
    assert_int_equal(f->due.count, HB_SWEEP_TURN_MAX);
    assert_int_equal(sweep(f, 50), 3);
    assert_int_equal(f->registry->webhooks.count, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_deleted_webhook_goes_after_36_days_and_what_is_said_of_it_after_it),
        T(a_deleted_store_goes_last_of_all_that_is_in_it),
        T(keys_go_36_days_after_they_were_revoked_or_ended_while_one_is_left_that_opens_all),
        T(a_clock_that_runs_ahead_of_kafkas_removes_nothing),
        T(a_turn_is_bounded_and_the_next_one_finds_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
