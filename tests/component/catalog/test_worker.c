/* What the worker makes of events: the same as the rule, however they came, and over restarts. */
#include "component/catalog/merger.h"

#include "core/catalog_merge.h"
#include "core/map.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"
#include "platform/sqlite/sqlite.h"

#include <stdlib.h>

#define PRODUCTS 40
#define LATE 40
#define EVENTS 1500

static uint64_t seed = 7;

static unsigned any(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

static void tell_any(struct merger *merger)
{
    char product[32], data[256], sequence[16];
    unsigned kind = any(10), mark = any(1000);
    (void)snprintf(product, sizeof(product), "p%u", any(PRODUCTS));
    (void)snprintf(sequence, sizeof(sequence), "%u", any(200));
    const char *given = any(3) ? sequence : NULL;
    if (kind < 5) {
        (void)snprintf(data, sizeof(data), "{\"id\":\"%s\",\"n\":%u%s,\"variants\":[{\"id\":\"v%u\"}]}", product, mark,
                       any(2) ? ",\"stock\":{\"available\":true}" : "", any(4));
        merger_tell(merger, "product.updated", product, data, given);
    } else if (kind < 6) {
        (void)snprintf(data, sizeof(data), "{\"id\":\"%s\"}", product);
        merger_tell(merger, "product.deleted", product, data, given);
    } else {
        (void)snprintf(data, sizeof(data), "{\"product_id\":\"%s\",\"available\":%s,\"quantity\":%u}", product,
                       any(2) ? "true" : "false", mark);
        merger_tell(merger, "inventory.updated", product, data, given);
    }
}

/* ---- the rule, over what stands in the topics ---- */

struct known {
    char key[HB_CATALOG_KEY_MAX];
    struct hb_buf value;
};

struct rule {
    struct hb_map products;
    enum hb_topic topic;
};

static struct known *known_of(struct rule *rule, struct hb_str key)
{
    struct known *known = hb_map_get(&rule->products, key);
    if (known)
        return known;
    known = calloc(1, sizeof(*known));
    assert_non_null(known);
    memcpy(known->key, key.ptr, key.len);
    known->value = hb_buf_make(HB_CATALOG_VALUE_MAX);
    assert_int_equal(hb_map_put(&rule->products, hb_str_n(known->key, key.len), known), HB_OK);
    return known;
}

static void apply(void *user, const struct hb_kafka_message *message)
{
    struct rule *rule = user;
    struct known *known = known_of(rule, message->key);
    struct hb_event event;
    struct hb_event_problem wrong;
    struct hb_catalog_product current;
    struct hb_catalog_result result;
    struct hb_buf scratch = hb_buf_make(HB_CATALOG_SCRATCH_MAX), value = hb_buf_make(HB_CATALOG_VALUE_MAX);
    const char *problem;
    char id[HB_ID_MAX];
    assert_int_equal(hb_kafka_read_event(message, hb_sha256_pair, id, &event, &wrong), HB_EVENT_READ_OK);
    const struct hb_catalog_input input = {&event, rule->topic, message->appended, message->offset};
    const struct hb_catalog_source source = {message->key, hb_buf_str(&known->value), NULL, 0};
    if (known->value.len > 0)
        assert_int_equal(hb_catalog_read(&source, &current, &problem), HB_CATALOG_READ_OK);
    assert_int_equal(hb_catalog_merge(known->value.len > 0 ? &current : NULL, &input, &scratch, &result), HB_OK);
    if (result.effect == HB_CATALOG_CHANGED) {
        assert_int_equal(hb_catalog_write(&result.next, &value), HB_OK);
        hb_buf_deinit(&known->value);
        known->value = value;
    }
    hb_buf_deinit(&scratch);
}

/* One topic whole, then the other: an interleaving that certainly was not the worker's. */
static void check_by_rule(const struct merger *merger)
{
    struct rule rule = {HB_MAP_EMPTY, HB_TOPIC_EVENTS_INVENTORY};
    struct merger_topic topic = merger_read(merger);
    size_t state = 0, count = 0;
    merger_each(merger, HB_TOPIC_EVENTS_INVENTORY, apply, &rule);
    rule.topic = HB_TOPIC_EVENTS_PRODUCT;
    merger_each(merger, HB_TOPIC_EVENTS_PRODUCT, apply, &rule);
    for (struct known *known = hb_map_next(&rule.products, &state); known; known = hb_map_next(&rule.products, &state)) {
        const struct merger_record *record = merger_find(&topic, known->key + strlen("acme/"));
        assert_non_null(record);
        if (!hb_str_eq(hb_buf_str(&known->value), hb_str_n(record->value, record->value_len)))
            fail_msg("the rule:   %.*s\nthe worker: %s", HB_ARG(known->value), record->value);
        hb_buf_deinit(&known->value);
        free(known);
        count++;
    }
    assert_int_equal(count, topic.count);
    hb_map_deinit(&rule.products);
    merger_topic_free(&topic);
}

static void what_the_worker_writes_is_what_the_rule_says_also_over_restarts(void **state)
{
    static struct merger merger;
    (void)state;
    merger_open(&merger, "rule", MERGER_PARTITIONS, MERGER_PARTITIONS);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < EVENTS / 3; i++)
            tell_any(&merger);
        merger_start(&merger, 0, false);
        if (round == 1)
            hb_sqlite_remove(merger.path); /* too late to be found by an open file, in time for the next start */
        merger_wait(&merger, merger_is_ready, "ready");
        for (int i = 0; i < EVENTS / 3; i++)
            tell_any(&merger);
        merger_flush(&merger);
        merger_wait(&merger, merger_is_merged, "all is merged");
        merger_stop(&merger);
        check_by_rule(&merger);
    }
    merger_close(&merger);
}

static void what_does_not_fit_is_counted_and_passed_over(void **state)
{
    static struct merger merger;
    (void)state;
    merger_open(&merger, "refused", MERGER_PARTITIONS, MERGER_PARTITIONS);
    merger_tell(&merger, "product.updated", "p1", "{\"id\":\"p2\"}", NULL);
    merger_tell(&merger, "product.updated", "p1", "not json", NULL);
    merger_tell(&merger, "product.viewed", "p1", "{}", NULL);
    merger_tell(&merger, "product.updated", "p1", "{\"id\":\"p1\"}", "2");
    merger_tell(&merger, "product.updated", "p1", "{\"id\":\"p1\",\"n\":1}", "1");
    merger_flush(&merger);
    merger_start(&merger, 0, false);
    merger_wait(&merger, merger_is_merged, "all is merged");
    merger_stop(&merger);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_REFUSED), 1);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_UNREADABLE), 1);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_IGNORED), 1);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_MERGED), 1);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_OLDER), 1);
    merger_close(&merger);
}

static bool is_swept(struct merger *merger)
{
    return hb_metric_read(merger->metrics, HB_METRIC_CATALOG_SWEPT) == 1;
}

static void a_product_deleted_thirty_days_ago_gets_a_tombstone(void **state)
{
    static struct merger merger;
    (void)state;
    merger_open(&merger, "sweep", MERGER_PARTITIONS, MERGER_PARTITIONS);
    merger_tell(&merger, "product.updated", "gone", "{\"id\":\"gone\"}", NULL);
    merger_tell(&merger, "product.deleted", "gone", "{\"id\":\"gone\"}", NULL);
    merger_tell(&merger, "product.updated", "kept", "{\"id\":\"kept\"}", NULL);
    merger_flush(&merger);
    merger_start(&merger, 29, false);
    merger_wait(&merger, merger_is_merged, "all is merged");
    merger_stop(&merger);
    struct merger_topic topic = merger_read(&merger);
    assert_non_null(merger_find(&topic, "gone")->value);
    merger_topic_free(&topic);
    merger_start(&merger, 31, false);
    merger_wait(&merger, is_swept, "the sweep");
    merger_stop(&merger);
    topic = merger_read(&merger);
    assert_null(merger_find(&topic, "gone")->value);
    assert_non_null(merger_find(&topic, "kept")->value);
    merger_topic_free(&topic);
    merger_close(&merger);
}

static void inventory_of_what_nobody_told_about_for_thirty_days_gets_a_tombstone(void **state)
{
    static struct merger merger;
    (void)state;
    merger_open(&merger, "partial", MERGER_PARTITIONS, MERGER_PARTITIONS);
    merger_tell(&merger, "inventory.updated", "nobodys", "{\"product_id\":\"nobodys\",\"available\":true}", NULL);
    merger_tell(&merger, "inventory.updated", "late0", "{\"product_id\":\"late0\",\"available\":true,\"quantity\":7}", NULL);
    merger_flush(&merger);
    merger_start(&merger, 29, false);
    merger_wait(&merger, merger_is_merged, "all is merged");
    merger_stop(&merger);
    struct merger_topic topic = merger_read(&merger);
    assert_non_null(merger_find(&topic, "nobodys")->value);
    merger_topic_free(&topic);
    /* Their product events were there when the worker was not: they find their inventory, however long that was. */
    for (int i = 0; i < LATE; i++) {
        char id[16], data[64];
        (void)snprintf(id, sizeof(id), "late%d", i);
        (void)snprintf(data, sizeof(data), "{\"id\":\"%s\"}", id);
        merger_tell(&merger, "product.updated", id, data, NULL);
    }
    merger_flush(&merger);
    merger_start(&merger, 31, false);
    merger_wait(&merger, merger_is_merged, "all is merged");
    merger_stop(&merger);
    topic = merger_read(&merger);
    assert_non_null(strstr(merger_find(&topic, "late0")->value, "\"quantity\":7"));
    assert_non_null(strstr(merger_find(&topic, "late0")->value, "\"state\":\"active\""));
    merger_topic_free(&topic);
    merger_start(&merger, 31, false); /* nothing is unread now */
    merger_wait(&merger, is_swept, "the sweep");
    merger_stop(&merger);
    topic = merger_read(&merger);
    assert_null(merger_find(&topic, "nobodys")->value);
    assert_non_null(merger_find(&topic, "late0")->value);
    merger_topic_free(&topic);
    merger_close(&merger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_worker_writes_is_what_the_rule_says_also_over_restarts),
        cmocka_unit_test(what_does_not_fit_is_counted_and_passed_over),
        cmocka_unit_test(a_product_deleted_thirty_days_ago_gets_a_tombstone),
        cmocka_unit_test(inventory_of_what_nobody_told_about_for_thirty_days_gets_a_tombstone),
    };
    return ROOM_RUN(tests);
}
