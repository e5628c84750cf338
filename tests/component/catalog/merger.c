#include "component/catalog/merger.h"

#include "platform/sqlite/sqlite.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t days_ahead;

static struct hb_mono now(void)
{
    return (struct hb_mono){room_now_ms() * 1000};
}

static struct hb_wall wall(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return (struct hb_wall){at.tv_sec * HB_MS_PER_S + at.tv_nsec / 1000000 + days_ahead * HB_MS_PER_DAY};
}

/* ---- life ---- */

void merger_open(struct merger *merger, const char *what, int product_partitions, int inventory_partitions)
{
    static const enum hb_topic USED[] = {HB_TOPIC_EVENTS_PRODUCT, HB_TOPIC_EVENTS_INVENTORY, HB_TOPIC_CATALOG};
    memset(merger, 0, sizeof(*merger));
    room_name(merger->prefix, what);
    for (size_t i = 0; i < sizeof(USED) / sizeof(USED[0]); i++) {
        (void)hb_topic_name(hb_str_c(merger->prefix), USED[i], merger->topics[USED[i]]);
        room_make_topic(merger->topics[USED[i]],
                        USED[i] == HB_TOPIC_EVENTS_INVENTORY ? inventory_partitions : product_partitions);
    }
    (void)snprintf(merger->path, sizeof(merger->path), "/tmp/hookbus-test-catalog-%d-%s.sqlite", (int)getpid(), what);
    hb_sqlite_remove(merger->path);
    merger->config.kafka_topic_prefix = merger->prefix;
    merger->config.catalog_linger_ms = 20;
    merger->config.catalog_batch_events = 100;
    merger->config.catalog_transaction_timeout_ms = 10000;
    merger->config.catalog_session_timeout_ms = 6000;
    merger->log = hb_log_root(NULL);
    merger->metrics = calloc(1, sizeof(*merger->metrics));
    hb_metrics_init(merger->metrics);
    assert_int_equal(hb_loop_new(&merger->loop), HB_OK);
    merger->producer = room_producer(100000, ROOM_WAIT_MS);
}

void merger_close(struct merger *merger)
{
    char lock[80];
    hb_catalog_free(&merger->catalog);
    hb_kafka_producer_free(&merger->producer, ROOM_WAIT_MS);
    hb_loop_free(&merger->loop);
    hb_sqlite_remove(merger->path);
    (void)snprintf(lock, sizeof(lock), "%s.lock", merger->path);
    (void)unlink(lock);
    free(merger->metrics);
}

static void on_stopped(void *user)
{
    struct merger *merger = user;
    merger->is_stopped = true;
}

static void on_failed(void *user, const char *sentence)
{
    (void)user;
    fail_msg("the worker failed: %s", sentence);
}

void merger_start(struct merger *merger, int days, bool resets_offsets)
{
    const struct hb_catalog_options options = {.loop = merger->loop,
                                               .config = &merger->config,
                                               .cluster = room_cluster(),
                                               .worker = "one",
                                               .state_path = merger->path,
                                               .resets_offsets = resets_offsets,
                                               .metrics = merger->metrics,
                                               .log = &merger->log,
                                               .now = now,
                                               .wall = wall,
                                               .stopped = on_stopped,
                                               .failed = on_failed,
                                               .user = merger};
    struct hb_error error = {HB_OK, ""};
    days_ahead = days;
    merger->is_stopped = false;
    if (hb_catalog_new(&options, &merger->catalog, &error))
        fail_msg("%s", error.text);
}

static bool is_stopped(struct merger *merger)
{
    return merger->is_stopped;
}

void merger_stop(struct merger *merger)
{
    hb_catalog_stop(merger->catalog);
    merger_wait(merger, is_stopped, "its end");
    hb_catalog_free(&merger->catalog);
}

/* ---- waiting ---- */

void merger_wait(struct merger *merger, bool (*condition)(struct merger *merger), const char *what)
{
    int64_t ends = room_now_ms() + ROOM_WAIT_MS;
    while (!condition(merger)) {
        const char *trouble = merger->catalog ? hb_catalog_trouble(merger->catalog) : NULL;
        if (room_now_ms() > ends)
            fail_msg("not in time: %s (%s)", what, trouble ? trouble : "no trouble");
        hb_loop_run_once(merger->loop, 20);
    }
}

bool merger_is_ready(struct merger *merger)
{
    return !hb_catalog_trouble(merger->catalog);
}

bool merger_is_red(struct merger *merger)
{
    const char *trouble = hb_catalog_trouble(merger->catalog);
    return trouble && strstr(trouble, "stands still");
}

bool merger_is_merged(struct merger *merger)
{
    static const enum hb_topic INPUTS[] = {HB_TOPIC_EVENTS_PRODUCT, HB_TOPIC_EVENTS_INVENTORY};
    char group[160];
    (void)snprintf(group, sizeof(group), "%scatalog", merger->prefix);
    for (size_t i = 0; i < 2; i++) {
        const char *topic = merger->topics[INPUTS[i]];
        int partitions = 0, replication = 0;
        assert_int_equal(hb_kafka_admin_topic(room_admin(), topic, ROOM_WAIT_MS, &partitions, &replication, NULL), HB_OK);
        for (int32_t p = 0; p < partitions; p++) {
            int64_t low = 0, high = 0, committed = 0;
            if (hb_kafka_admin_offsets(room_admin(), topic, p, ROOM_WAIT_MS, &low, &high, NULL) ||
                hb_kafka_admin_committed(room_admin(), group, topic, p, ROOM_WAIT_MS, &committed, NULL) ||
                (high > 0 && committed != high))
                return false;
        }
    }
    return true;
}

uint64_t merger_count(const struct merger *merger, unsigned label)
{
    return hb_metric_read_label(merger->metrics, HB_METRIC_CATALOG_EVENTS, label);
}

/* ---- events ---- */

static void tell(struct merger *merger, const char *type, const char *product, const char *data,
                 const struct hb_name_value *more)
{
    bool is_inventory = strncmp(type, "inventory.", 10) == 0;
    char key[128];
    const struct hb_name_value headers[] = {{HB_STR("ce_specversion"), HB_STR("1.0")},
                                            {HB_STR("ce_id"), HB_STR("evt_1")},
                                            {HB_STR("ce_source"), HB_STR("/stores/acme")},
                                            {HB_STR("ce_type"), hb_str_c(type)},
                                            {HB_STR("ce_subject"), hb_str_c(product)},
                                            more ? *more : (struct hb_name_value){HB_STR(""), HB_STR("")}};
    (void)snprintf(key, sizeof(key), "acme/%s", product);
    const struct hb_kafka_record record = {
        .topic = merger->topics[is_inventory ? HB_TOPIC_EVENTS_INVENTORY : HB_TOPIC_EVENTS_PRODUCT],
        .partition = HB_KAFKA_PARTITION_ANY,
        .key = hb_str_c(key),
        .value = hb_str_c(data),
        .headers = headers,
        .headers_count = more ? 6 : 5};
    assert_int_equal(hb_kafka_produce(merger->producer, &record, NULL, NULL), HB_OK);
}

void merger_tell(struct merger *merger, const char *type, const char *product, const char *data, const char *sequence)
{
    const struct hb_name_value header = {HB_STR("ce_sequence"), hb_str_c(sequence)};
    tell(merger, type, product, data, sequence ? &header : NULL);
}

void merger_tell_version(struct merger *merger, const char *type, const char *product, const char *data,
                         const char *version)
{
    const struct hb_name_value header = {HB_STR("hb_v"), hb_str_c(version)};
    tell(merger, type, product, data, &header);
}

void merger_flush(struct merger *merger)
{
    assert_int_equal(hb_kafka_producer_flush(merger->producer, ROOM_WAIT_MS), HB_OK);
}

/* ---- reading ---- */

struct reading {
    void (*each)(void *user, const struct hb_kafka_message *message);
    void *user;
    int ended;
};

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct reading *reading = user;
    reading->each(reading->user, message);
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct reading *reading = user;
    (void)topic;
    (void)partition;
    (void)offset;
    reading->ended++;
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user;
    (void)topic;
    fail_msg("reading partition %d: %s %s", (int)partition, hb_err_name(err), text);
}

void merger_each(const struct merger *merger, enum hb_topic topic,
                 void (*each)(void *user, const struct hb_kafka_message *message), void *user)
{
    static const struct hb_kafka_reader_events EVENTS = {.message = on_message, .end = on_end, .error = on_error};
    struct reading reading = {each, user, 0};
    const char *name = merger->topics[topic];
    const struct hb_kafka_reader_options options = {.cluster = room_cluster(),
                                                    .topics = &name,
                                                    .topics_count = 1,
                                                    .is_committed_only = true,
                                                    .events = &EVENTS,
                                                    .user = &reading};
    struct hb_kafka_start starts[MERGER_PARTITIONS];
    struct hb_kafka_reader *reader = NULL;
    int64_t ends = room_now_ms() + ROOM_WAIT_MS;
    for (int32_t p = 0; p < MERGER_PARTITIONS; p++)
        starts[p] = (struct hb_kafka_start){0, p, HB_KAFKA_BEGINNING};
    assert_int_equal(hb_kafka_reader_new(&options, &reader, NULL), HB_OK);
    assert_int_equal(hb_kafka_reader_assign(reader, starts, MERGER_PARTITIONS), HB_OK);
    while (reading.ended < MERGER_PARTITIONS) {
        assert_true(room_now_ms() < ends);
        (void)hb_kafka_reader_poll(reader, 1000, 100);
    }
    hb_kafka_reader_free(&reader);
}

static void keep(void *user, const struct hb_kafka_message *message)
{
    struct merger_topic *topic = user;
    struct merger_record *record = NULL;
    for (size_t i = 0; i < topic->count && !record; i++)
        if (hb_str_eq(hb_str_c(topic->records[i].key), message->key))
            record = &topic->records[i];
    if (!record) {
        topic->records = realloc(topic->records, (topic->count + 1) * sizeof(*record));
        assert_non_null(topic->records);
        record = &topic->records[topic->count++];
        *record = (struct merger_record){.key = hb_str_dup(message->key), .value = NULL};
    }
    free(record->value);
    record->value = message->value.ptr ? hb_str_dup(message->value) : NULL;
    record->value_len = message->value.len;
}

struct merger_topic merger_read(const struct merger *merger)
{
    struct merger_topic topic = {NULL, 0};
    merger_each(merger, HB_TOPIC_CATALOG, keep, &topic);
    return topic;
}

void merger_topic_free(struct merger_topic *topic)
{
    for (size_t i = 0; i < topic->count; i++) {
        free(topic->records[i].key);
        free(topic->records[i].value);
    }
    free(topic->records);
    *topic = (struct merger_topic){NULL, 0};
}

const struct merger_record *merger_find(const struct merger_topic *topic, const char *product)
{
    for (size_t i = 0; i < topic->count; i++)
        if (strcmp(topic->records[i].key + strlen("acme/"), product) == 0)
            return &topic->records[i];
    return NULL;
}
