#include "check.h"

#include "core/base64.h"
#include "platform/crypto/crypto.h"
#include "registry/registry_internal.h"
#include "registry/seal_places.h"
#include "registry/webhook_url.h"

#define WEBHOOK_KEY "webhook/s1/wh_1"

struct changes {
    size_t made, changed, removed;
};

struct fixture {
    struct hb_registry *registry;
    struct hb_log_context log;
    struct changes changes;
    int64_t offset;
};

static void count_change(void *user, const struct hb_webhook *old_webhook, struct hb_webhook *new_webhook)
{
    struct changes *changes = user;
    changes->made += !old_webhook;
    changes->changed += old_webhook && new_webhook;
    changes->removed += !new_webhook;
}

static void init(struct fixture *f, const struct hb_keyring *keyring)
{
    *f = (struct fixture){.log = hb_log_root(NULL)};
    struct hb_registry_options options = {.keyring = keyring, .log = &f->log, .webhook_changed = count_change, .user = &f->changes};
    assert_int_equal(hb_registry_make(&options, &f->registry), HB_OK);
}

/* Each record stands at the next offset and was appended at 1000 * offset. */
static enum hb_err feed(struct fixture *f, const char *key, const char *value)
{
    struct registry_input input = {hb_str_c(key), hb_str_c(value), f->offset, {1000 * f->offset}};
    f->offset++;
    return hb_registry_apply(f->registry, &input);
}

static const struct hb_webhook *webhook(const struct fixture *f)
{
    return hb_registry_webhook(f->registry, HB_STR("s1"), HB_STR("wh_1"));
}

static size_t webhooks_count(const struct fixture *f)
{
    size_t count = 0;
    (void)hb_registry_webhooks(f->registry, HB_STR("s1"), &count);
    return count;
}

#define GONE(revision) "{\"v\":1,\"revision\":" revision ",\"reason\":\"gone\",\"at\":\"1970-01-01T00:00:01.000Z\",\"worker\":\"w\"}"
#define RESTING(revision, second)                                                                                                  \
    "{\"v\":1,\"revision\":" revision ",\"status\":\"resting\",\"until\":\"1970-01-01T00:00:" second ".000Z\",\"reason\":\"http_503\"}"
#define STORE(status) "{\"v\":1,\"id\":\"s1\",\"revision\":1,\"name\":\"Shop\",\"status\":\"" status "\"}"
#define WEBHOOK(revision, more)                                                                                                    \
    "{\"v\":1,\"id\":\"wh_1\",\"store\":\"s1\",\"revision\":" revision ",\"url\":\"https://a.example/\",\"events\":[\"*\"]" more "}"

static void a_webhook_keeps_the_offset_of_the_record_that_made_it(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, "store/s1", STORE("active")), HB_OK);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", "")), HB_OK);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("2", "")), HB_OK);
    assert_int_equal(webhook(&f)->revision, 2);
    assert_int_equal(webhook(&f)->created_offset, 1);
    assert_int_equal(webhook(&f)->created.ms, 1000);
    assert_int_equal(hb_registry_applied(f.registry), 2);
    assert_int_equal(f.changes.made, 1);
    assert_int_equal(f.changes.changed, 1);
    hb_registry_free(&f.registry);

    /* After compaction the first record is gone: the later one carries what it knew. */
    init(&f, NULL);
    f.offset = 40;
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("2", ",\"created_offset\":1,\"created\":\"1970-01-01T00:00:01.000Z\"")), HB_OK);
    assert_int_equal(webhook(&f)->created_offset, 1);
    assert_int_equal(webhook(&f)->created.ms, 1000);
    hb_registry_free(&f.registry);
}

static void records_in_any_order_that_compaction_leaves_give_the_same(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, "disabled/wh_1", GONE("1")), HB_OK);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", ",\"enabled_revision\":1")), HB_OK);
    assert_null(hb_registry_store(f.registry, HB_STR("s1")));
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_DISABLED);
    assert_int_equal(feed(&f, "store/s1", STORE("active")), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_DISABLED);
    assert_int_equal(webhooks_count(&f), 1);
    hb_registry_free(&f.registry);
}

static void run_time_state_older_than_the_last_enable_is_void(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("3", ",\"enabled_revision\":2")), HB_OK);
    assert_int_equal(feed(&f, "disabled/wh_1", GONE("1")), HB_OK);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("1", "09")), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_ACTIVE);
    assert_int_equal(webhook(&f)->resting_until.ms, 0);
    assert_null(hb_registry_disabled_record(f.registry, HB_STR("wh_1")));
    assert_null(hb_registry_rest_record(f.registry, HB_STR("wh_1")));
    assert_int_equal(feed(&f, "disabled/wh_1", GONE("2")), HB_OK);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("2", "09")), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_DISABLED);
    assert_int_equal(webhook(&f)->resting_until.ms, 9000);
    assert_non_null(hb_registry_disabled_record(f.registry, HB_STR("wh_1")));
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("4", ",\"enabled_revision\":4")), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_ACTIVE);
    assert_int_equal(webhook(&f)->resting_until.ms, 0);
    assert_int_equal(webhook(&f)->enabled_revision, 4);
    assert_int_equal(feed(&f, "disabled/wh_1", GONE("4")), HB_OK);
    assert_int_equal(feed(&f, "disabled/wh_1", NULL), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_ACTIVE);
    hb_registry_free(&f.registry);
}

static void a_rest_is_told_when_it_begins_moves_and_ends_and_only_then(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("1", "05")), HB_OK); /* compaction may leave it in front */
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", "")), HB_OK);
    assert_int_equal(webhook(&f)->resting_until.ms, 5000);
    assert_int_equal(f.changes.changed, 0);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("1", "05")), HB_OK);
    assert_int_equal(f.changes.changed, 0);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("1", "07")), HB_OK);
    assert_int_equal(webhook(&f)->resting_until.ms, 7000);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_ACTIVE);
    assert_int_equal(f.changes.changed, 1);
    assert_int_equal(feed(&f, "state/wh_1", "{\"v\":1,\"revision\":1,\"status\":\"active\"}"), HB_OK);
    assert_int_equal(webhook(&f)->resting_until.ms, 0);
    assert_int_equal(f.changes.changed, 2);
    assert_int_equal(feed(&f, "state/wh_1", RESTING("1", "08")), HB_OK);
    assert_int_equal(feed(&f, "state/wh_1", NULL), HB_OK);
    assert_int_equal(webhook(&f)->resting_until.ms, 0);
    assert_int_equal(f.changes.changed, 4);
    hb_registry_free(&f.registry);
}

static void a_snapshot_says_what_the_slow_path_needs(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", ",\"on_dead\":\"hold\"")), HB_OK);
    assert_false(webhook(&f)->is_governed || webhook(&f)->is_ordered || webhook(&f)->holds_dead);
    assert_int_equal(webhook(&f)->schedule_count, 0);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("2", ",\"rate_limit\":{\"count\":5,\"per_s\":60}")), HB_OK);
    assert_true(webhook(&f)->is_governed && !webhook(&f)->is_ordered);
    assert_int_equal(webhook(&f)->rate_count, 5);
    assert_int_equal(webhook(&f)->rate_per_s, 60);
    assert_int_equal(feed(&f, WEBHOOK_KEY,
                          WEBHOOK("3", ",\"order\":\"per_subject\",\"on_dead\":\"hold\",\"schedule\":[0,7,300]")), HB_OK);
    assert_true(webhook(&f)->is_governed && webhook(&f)->is_ordered && webhook(&f)->holds_dead);
    assert_int_equal(webhook(&f)->schedule_count, 3);
    assert_int_equal(webhook(&f)->schedule_s[1], 7);
    assert_ptr_equal(hb_registry_webhook_by_id(f.registry, HB_STR("wh_1")), webhook(&f));
    assert_null(hb_registry_webhook_by_id(f.registry, HB_STR("wh_2")));
    hb_registry_free(&f.registry);
}

static void a_held_snapshot_outlives_change_deletion_and_tombstone(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", "")), HB_OK);
    struct hb_webhook *held = hb_webhook_ref(hb_registry_webhook(f.registry, HB_STR("s1"), HB_STR("wh_1")));
    assert_null(hb_registry_webhook(f.registry, HB_STR("s2"), HB_STR("wh_1")));
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("2", ",\"status\":\"deleted\"")), HB_OK);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_DELETED);
    assert_int_equal(webhooks_count(&f), 0);
    assert_int_equal(f.changes.removed, 1);
    assert_int_equal(feed(&f, WEBHOOK_KEY, NULL), HB_OK);
    assert_null(webhook(&f));
    assert_int_equal(held->status, HB_WEBHOOK_ACTIVE);
    assert_int_equal(held->revision, 1);
    hb_registry_free(&f.registry);
    assert_int_equal(held->revision, 1);
    hb_webhook_unref(&held);
}

static void a_deleted_store_deletes_what_is_in_it(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, "store/s1", STORE("active")), HB_OK);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", "")), HB_OK);
    assert_int_equal(feed(&f, "store/s1", STORE("deleted")), HB_OK);
    assert_true(hb_registry_store(f.registry, HB_STR("s1"))->is_deleted);
    assert_int_equal(webhook(&f)->status, HB_WEBHOOK_DELETED);
    assert_int_equal(webhooks_count(&f), 0);
    assert_int_equal(f.changes.removed, 1);
    hb_registry_free(&f.registry);
}

static void what_cannot_be_read_changes_nothing_and_a_newer_record_stops(void **state)
{
    static const struct {
        const char *key, *value;
    } BAD[] = {
        {WEBHOOK_KEY, "not json"},
        {WEBHOOK_KEY, "{\"id\":\"wh_1\"}"},
        {WEBHOOK_KEY, "{\"v\":1,\"id\":\"wh_1\",\"store\":\"s2\",\"revision\":9,\"url\":\"https://a.example/\",\"events\":[\"*\"]}"},
        {"webhook/s2/wh_1", "{\"v\":1,\"id\":\"wh_1\",\"store\":\"s2\",\"revision\":9,\"url\":\"https://a.example/\",\"events\":[\"*\"]}"},
        {WEBHOOK_KEY, WEBHOOK("9", ",\"filter\":{\"a\":\"no array\"}")},
        {WEBHOOK_KEY, WEBHOOK("9", ",\"format\":\"smoke\"")},
        {"store/s1", "{\"v\":1,\"id\":\"s2\",\"revision\":1}"},
        {"key/aaaaaaaa", "{\"v\":1,\"prefix\":\"aaaaaaaa\",\"hash\":\"00\"}"},
        {"state/wh_1", "{\"v\":1}"},
        {"state/wh_1", "{\"v\":1,\"revision\":1,\"status\":\"resting\"}"},
        {"state/wh_1", "{\"v\":1,\"revision\":1,\"status\":\"asleep\"}"},
        {"disabled/wh_1", "{\"v\":1,\"reason\":\"gone\"}"},
    };
    struct fixture f;
    (void)state;
    init(&f, NULL);
    assert_int_equal(feed(&f, WEBHOOK_KEY, WEBHOOK("1", "")), HB_OK);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
        assert_int_equal(feed(&f, BAD[i].key, BAD[i].value), HB_OK);
        if (f.registry->unreadable_count != i + 1) {
            fail_msg("taken: %s %s", BAD[i].key, BAD[i].value);
        }
        assert_int_equal(webhook(&f)->revision, 1);
    }
    int64_t applied = hb_registry_applied(f.registry);
    assert_int_equal(feed(&f, WEBHOOK_KEY, "{\"v\":3}"), HB_ERR_VERSION);
    assert_int_equal(feed(&f, "store/s1", "{\"v\":2}"), HB_ERR_VERSION);
    assert_int_equal(hb_registry_applied(f.registry), applied);
    hb_registry_free(&f.registry);
}

static void many_webhooks_stay_sorted_and_are_all_found(void **state)
{
    struct fixture f;
    char key[64], value[256];
    size_t count = 0;
    (void)state;
    init(&f, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        unsigned id = i * 7919U % 1000U;
        (void)snprintf(key, sizeof(key), "webhook/s1/w%u", id);
        (void)snprintf(value, sizeof(value),
                       "{\"v\":1,\"id\":\"w%u\",\"store\":\"s1\",\"revision\":1,\"url\":\"https://a.example/\",\"events\":[\"*\"]}", id);
        assert_int_equal(feed(&f, key, value), HB_OK);
    }
    struct hb_webhook *const *webhooks = hb_registry_webhooks(f.registry, HB_STR("s1"), &count);
    assert_int_equal(count, 1000);
    for (size_t i = 1; i < count; i++) {
        assert_true(hb_str_cmp(webhooks[i - 1]->id, webhooks[i]->id) < 0);
    }
    hb_registry_free(&f.registry);
}

/* ---- secrets ---- */

static struct hb_keyring *ring(const char *id, unsigned char fill)
{
    unsigned char key[32];
    char text[128], base64[64];
    struct hb_keyring *keyring = NULL;
    memset(key, fill, sizeof(key));
    (void)hb_base64_write(hb_str_n((const char *)key, sizeof(key)), base64);
    (void)snprintf(text, sizeof(text), "%s %s\n", id, base64);
    assert_int_equal(hb_keyring_parse(hb_str_c(text), &keyring, NULL), HB_OK);
    return keyring;
}

/* The record as the api writes it. */
static void feed_query(struct fixture *f, const struct hb_keyring *keyring, const char *id, const char *url)
{
    struct hb_webhook_config config;
    struct hb_buf sealed = hb_buf_make(4096), text = hb_buf_make(65536);
    hb_webhook_config_init(&config, 15000);
    config.id = hb_str_c(id);
    config.store = HB_STR("s1");
    config.url = hb_str_c(url);
    config.revision = 1;
    config.types[config.types_count++] = HB_STR("*");
    assert_int_equal(hb_webhook_url_seal(&config, keyring, &sealed), HB_OK);
    config.id = HB_STR("wh_1");
    assert_int_equal(hb_webhook_config_write(&config, &text), HB_OK);
    assert_null(strstr(text.ptr, "t0ken"));
    assert_int_equal(feed(f, WEBHOOK_KEY, text.ptr), HB_OK);
    assert_int_equal(f->registry->unreadable_count, 0);
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&text);
}

static void the_query_of_a_url_is_sealed_in_its_record_and_open_in_the_snapshot(void **state)
{
    struct fixture f;
    struct hb_keyring *ours = ring("k1", 1), *other = ring("k2", 2);
    (void)state;
    init(&f, ours);
    feed_query(&f, ours, "wh_1", "https://a.example/x?token=t0ken");
    assert_true(hb_str_eq(webhook(&f)->url, HB_STR("https://a.example/x?token=t0ken")));
    assert_false(webhook(&f)->is_secret_damaged);
    assert_non_null(strstr(hb_registry_record(f.registry, HB_STR(WEBHOOK_KEY)).ptr, "{\"v\":2,"));
    feed_query(&f, ours, "wh_1", "https://a.example/x");
    assert_true(hb_str_eq(webhook(&f)->url, HB_STR("https://a.example/x")));
    assert_non_null(strstr(hb_registry_record(f.registry, HB_STR(WEBHOOK_KEY)).ptr, "{\"v\":1,"));
    feed_query(&f, ours, "wh_2", "https://a.example/x?token=t0ken"); /* of another webhook: it opens nowhere else */
    assert_true(webhook(&f)->is_secret_damaged);
    assert_true(hb_str_eq(webhook(&f)->url, HB_STR("https://a.example/x")));
    feed_query(&f, other, "wh_1", "https://a.example/x?token=t0ken");
    assert_true(webhook(&f)->is_secret_damaged);
    /* As written before queries were sealed. */
    assert_int_equal(feed(&f, WEBHOOK_KEY, "{\"v\":1,\"id\":\"wh_1\",\"store\":\"s1\",\"revision\":1,\"url\":\"https://a.example/?a=b\",\"events\":[\"*\"]}"), HB_OK);
    assert_true(hb_str_eq(webhook(&f)->url, HB_STR("https://a.example/?a=b")));
    assert_false(webhook(&f)->is_secret_damaged);
    hb_registry_free(&f.registry);
    /* Without keys nothing is opened, and nothing is damaged. */
    init(&f, NULL);
    feed_query(&f, ours, "wh_1", "https://a.example/x?token=t0ken");
    assert_true(hb_str_eq(webhook(&f)->url, HB_STR("https://a.example/x")));
    assert_false(webhook(&f)->is_secret_damaged);
    hb_registry_free(&f.registry);
    hb_keyring_free(&ours);
    hb_keyring_free(&other);
}

static void feed_sealed(struct fixture *f, const struct hb_keyring *keyring, const char *bound_to)
{
    struct hb_buf sealed = hb_buf_make(1024);
    char value[2048];
    struct hb_seal_place place = hb_seal_place_secret(HB_STR("s1"), hb_str_c(bound_to));
    assert_int_equal(hb_seal(keyring, place, HB_STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &sealed), HB_OK);
    (void)snprintf(value, sizeof(value), WEBHOOK("1", ",\"secrets\":[{\"sealed\":\"%s\",\"created\":\"2026-01-01T00:00:00Z\"}]"), sealed.ptr);
    assert_int_equal(feed(f, WEBHOOK_KEY, value), HB_OK);
    hb_buf_deinit(&sealed);
}

static void a_secret_opens_only_with_its_key_in_its_place(void **state)
{
    struct hb_keyring *ours = ring("k1", 1), *other = ring("k2", 2);
    const struct {
        const struct hb_keyring *reader;
        const char *bound_to;
        size_t count;
        bool is_damaged;
    } ROWS[] = {
        {ours, "wh_1", 1, false},
        {ours, "wh_2", 0, true},   /* copied from another webhook */
        {other, "wh_1", 0, true},  /* its key is not in the ring */
        {NULL, "wh_1", 0, false},  /* no ring at all: the role is red, the webhook is not damaged */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct fixture f;
        init(&f, ROWS[i].reader);
        feed_sealed(&f, ours, ROWS[i].bound_to);
        assert_int_equal(webhook(&f)->secrets_count, ROWS[i].count);
        assert_int_equal(webhook(&f)->is_secret_damaged, ROWS[i].is_damaged);
        if (ROWS[i].count) {
            assert_int_equal(webhook(&f)->secrets[0].key_bytes, 24);
            assert_int_equal(webhook(&f)->secrets[0].key[0], 0x31);
            assert_true(webhook(&f)->secrets[0].expires.ms == INT64_MAX);
        }
        hb_registry_free(&f.registry);
    }
    hb_keyring_free(&ours);
    hb_keyring_free(&other);
}

static void feed_webhook(struct fixture *f, int number, const char *status)
{
    char key[64], value[256];
    (void)snprintf(key, sizeof(key), "webhook/s1/wh_%d", number);
    (void)snprintf(value, sizeof(value),
                   "{\"v\":1,\"id\":\"wh_%d\",\"store\":\"s1\",\"revision\":1,\"url\":\"https://a.example/\",\"events\":[\"*\"],"
                   "\"status\":\"%s\"}",
                   number, status);
    assert_int_equal(feed(f, key, value), HB_OK);
}

static bool has_webhook_room(const struct fixture *f, const char *store, int64_t now_ms)
{
    return hb_registry_has_webhook_room(f->registry, hb_str_c(store), (struct hb_wall){now_ms});
}

static void a_store_has_room_for_so_many_webhooks_and_deleting_one_makes_none_at_once(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    for (int i = 0; i < HB_STORE_WEBHOOKS_MAX; i++) {
        assert_true(has_webhook_room(&f, "s1", 0));
        feed_webhook(&f, i, "active");
    }
    assert_false(has_webhook_room(&f, "s1", 0));
    assert_true(has_webhook_room(&f, "s2", 0));
    int64_t deleted_ms = 1000 * f.offset;
    feed_webhook(&f, 0, "deleted");
    assert_false(has_webhook_room(&f, "s1", deleted_ms));
    assert_false(has_webhook_room(&f, "s1", deleted_ms + HB_DELETED_COUNTS_MS));
    assert_true(has_webhook_room(&f, "s1", deleted_ms + HB_DELETED_COUNTS_MS + 1));
    assert_int_equal(feed(&f, "webhook/s1/wh_0", NULL), HB_OK);
    assert_true(has_webhook_room(&f, "s1", deleted_ms));
    hb_registry_free(&f.registry);
}

static void feed_key(struct fixture *f, int number, const char *more)
{
    char key[64], value[256];
    (void)snprintf(key, sizeof(key), "key/aaaaa%c%c%c", 'a' + number / 100, 'a' + number / 10 % 10, 'a' + number % 10);
    (void)snprintf(value, sizeof(value),
                   "{\"v\":1,\"prefix\":\"%s\",\"store\":\"s1\",\"scopes\":[\"read\"],\"hash\":"
                   "\"0000000000000000000000000000000000000000000000000000000000000000\"%s}",
                   key + 4, more);
    assert_int_equal(feed(f, key, value), HB_OK);
}

static bool has_key_room(const struct fixture *f, const char *store, int64_t now_ms)
{
    return hb_registry_has_key_room(f->registry, hb_str_c(store), (struct hb_wall){now_ms});
}

static void a_store_has_room_for_so_many_keys_that_open_something(void **state)
{
    struct fixture f;
    (void)state;
    init(&f, NULL);
    for (int i = 0; i < HB_STORE_KEYS_MAX; i++) {
        assert_true(has_key_room(&f, "s1", 0));
        feed_key(&f, i, "");
    }
    assert_false(has_key_room(&f, "s1", 0));
    assert_true(has_key_room(&f, "s2", 0));
    assert_true(has_key_room(&f, "", 0));
    feed_key(&f, 7, ",\"expires\":\"1970-01-01T00:00:09.000Z\"");
    assert_false(has_key_room(&f, "s1", 8999));
    assert_true(has_key_room(&f, "s1", 9000));
    feed_key(&f, 7, ",\"revoked\":true");
    assert_true(has_key_room(&f, "s1", 0));
    hb_registry_free(&f.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_keeps_the_offset_of_the_record_that_made_it),
        cmocka_unit_test(records_in_any_order_that_compaction_leaves_give_the_same),
        cmocka_unit_test(run_time_state_older_than_the_last_enable_is_void),
        cmocka_unit_test(a_rest_is_told_when_it_begins_moves_and_ends_and_only_then),
        cmocka_unit_test(a_snapshot_says_what_the_slow_path_needs),
        cmocka_unit_test(a_held_snapshot_outlives_change_deletion_and_tombstone),
        cmocka_unit_test(a_deleted_store_deletes_what_is_in_it),
        cmocka_unit_test(what_cannot_be_read_changes_nothing_and_a_newer_record_stops),
        cmocka_unit_test(many_webhooks_stay_sorted_and_are_all_found),
        cmocka_unit_test(a_store_has_room_for_so_many_webhooks_and_deleting_one_makes_none_at_once),
        cmocka_unit_test(a_store_has_room_for_so_many_keys_that_open_something),
        cmocka_unit_test(a_secret_opens_only_with_its_key_in_its_place),
        cmocka_unit_test(the_query_of_a_url_is_sealed_in_its_record_and_open_in_the_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
