#include "component/kafka/kafka_room.h"
#include "history/model.h"
#include "hookbus/topics.h"
#include "unit/history/model_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PARTITIONS 4
#define DELIVERIES 400
#define SPEED_LINES 100000

static char prefix[128], path[64];

static struct hb_mono now(void) { return (struct hb_mono){room_now_ms() * 1000}; }
static struct hb_wall wall(void) { return (struct hb_wall){RIG_NOW_MS}; }

static void make_topics(const char *what)
{
    char name[HB_TOPIC_NAME_MAX];
    (void)room_name(prefix, what);
    (void)hb_topic_name(hb_str_c(prefix), HB_TOPIC_ATTEMPTS, name);
    room_make_topic(name, PARTITIONS);
    (void)hb_topic_name(hb_str_c(prefix), HB_TOPIC_JOURNAL, name);
    room_make_topic(name, PARTITIONS);
    (void)snprintf(path, sizeof(path), "/tmp/hookbus-test-model-%d.sqlite", (int)getpid());
    hb_sqlite_remove(path);
}

static void write_lines(struct hb_kafka_producer *producer, const char *key, struct hb_str lines)
{
    char topic[HB_TOPIC_NAME_MAX];
    (void)hb_topic_name(hb_str_c(prefix), HB_TOPIC_ATTEMPTS, topic);
    const struct hb_kafka_record record = {
        .topic = topic, .partition = HB_KAFKA_PARTITION_ANY, .key = hb_str_c(key), .value = lines};
    enum hb_err err = HB_OK;
    while ((err = hb_kafka_produce(producer, &record, NULL, NULL)) == HB_ERR_FULL) {
        (void)hb_kafka_producer_flush(producer, 100);
    }
    assert_int_equal(err, HB_OK);
}

static void write_record(struct hb_kafka_producer *producer, int n, const char *state, int64_t version)
{
    char topic[HB_TOPIC_NAME_MAX], scratch[HB_JOURNAL_SCRATCH_MAX], event[32];
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    const struct hb_journal_record record = rig_record(n, state, version, event);
    size_t count = hb_journal_headers(&record, scratch, headers);
    if (record.kind == HB_JOURNAL_STATE) {
        assert_int_equal(hb_journal_write(&record, &value), HB_OK);
    }
    (void)hb_topic_name(hb_str_c(prefix), HB_TOPIC_JOURNAL, topic);
    const struct hb_kafka_record out = {.topic = topic,
                                        .partition = n % PARTITIONS,
                                        .key = record.id,
                                        .value = hb_buf_str(&value),
                                        .headers = headers,
                                        .headers_count = count};
    assert_int_equal(hb_kafka_produce(producer, &out, NULL, NULL), HB_OK);
    hb_buf_deinit(&value);
}

static void write_line(struct hb_kafka_producer *producer, int n, const char *outcome, const char *reason, int64_t at_ms)
{
    struct hb_buf text = hb_buf_make(65536);
    char key[16];
    (void)snprintf(key, sizeof(key), "worker-%d", n % 5);
    rig_line_text(n, outcome, reason, at_ms, &text);
    write_lines(producer, key, hb_buf_str(&text));
    hb_buf_deinit(&text);
}

/* Each kind of life, many times. */
static void write_lives(int first, int count)
{
    struct hb_kafka_producer *producer = room_producer(100000, ROOM_WAIT_MS);
    for (int n = first; n < first + count; n++) {
        int kind = n % 4;
        if (kind == 0) {
            write_line(producer, n, "delivered", NULL, -n);
        } else if (kind == 1) {
            write_line(producer, n, "skipped", "disabled", -n);
        } else {
            write_line(producer, n, "failed", "server_error", -100000 - n);
            write_record(producer, n, "parked", 1);
            write_line(producer, n, kind == 2 ? "delivered" : "dead", kind == 2 ? NULL : "timeout", -n);
            write_record(producer, n, kind == 2 ? "delivered" : "dead", 2);
        }
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    hb_kafka_producer_free(&producer, 0);
}

static struct hb_model *start(void)
{
    struct hb_model *model = NULL;
    const struct hb_model_options options = {.path = path,
                                             .cluster = room_cluster(),
                                             .topic_prefix = hb_str_c(prefix),
                                             .lines_max = 1000000,
                                             .now = now,
                                             .wall = wall};
    assert_int_equal(hb_model_new(&options, &model), HB_OK);
    return model;
}

/* Waits until it has read so much in this process, and is complete. */
static void wait_for(struct hb_model *model, uint64_t read)
{
    int64_t until_ms = room_now_ms() + ROOM_WAIT_MS;
    struct hb_model_status status = hb_model_status(model);
    while (!status.is_complete || status.lines + status.journal < read) {
        if (room_now_ms() > until_ms) {
            fail_msg("%llu lines, %llu records, %d %%: %s", (unsigned long long)status.lines, (unsigned long long)status.journal,
                     status.percent, status.trouble);
        }
        (void)usleep(10000);
        status = hb_model_status(model);
    }
}

static char *content(struct hb_model *model)
{
    struct rig rig = {.path = ""};
    struct hb_error error = {HB_OK, ""};
    if (hb_model_open(model, &rig.db, &error)) {
        fail_msg("%s", error.text);
    }
    char *dump = rig_dump(&rig);
    hb_sqlite_free(&rig.db);
    return dump;
}

#define RECORDS_OF(deliveries) ((uint64_t)(deliveries) / 4 * (1 + 1 + 4 + 4))

static void it_goes_on_where_it_was_and_a_file_made_anew_has_the_same_content(void **state)
{
    (void)state;
    make_topics("model.");
    write_lives(0, DELIVERIES);
    struct hb_model *model = start();
    wait_for(model, RECORDS_OF(DELIVERIES));
    assert_int_equal(hb_model_status(model).rebuilds, 1);
    write_lives(DELIVERIES, DELIVERIES);
    wait_for(model, RECORDS_OF(2 * DELIVERIES));
    char *followed = content(model);
    hb_model_free(&model);

    model = start(); /* nothing new: nothing is read twice */
    wait_for(model, 0);
    assert_int_equal(hb_model_status(model).lines, 0);
    assert_int_equal(hb_model_status(model).rebuilds, 0);
    char *opened = content(model);
    assert_string_equal(opened, followed);
    hb_model_free(&model);

    hb_sqlite_remove(path);
    model = start();
    wait_for(model, RECORDS_OF(2 * DELIVERIES));
    char *rebuilt = content(model);
    assert_string_equal(rebuilt, followed);
    assert_int_equal(hb_model_status(model).stale, 0);
    hb_model_free(&model);
    hb_sqlite_remove(path);
    free(followed);
    free(opened);
    free(rebuilt);
}

static void spoil(const char *sql)
{
    struct hb_sqlite *db = NULL;
    assert_int_equal(hb_sqlite_open(path, HB_SQLITE_WRITE, &db, NULL), HB_OK);
    assert_int_equal(hb_sqlite_run(db, sql, NULL), HB_OK);
    hb_sqlite_free(&db);
}

static void overwrite(long from, size_t bytes)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, from, SEEK_SET), 0);
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(fputc(0xAA, file), 0xAA);
    }
    assert_int_equal(fclose(file), 0);
}

static void a_file_of_another_version_another_cluster_or_damaged_is_made_anew(void **state)
{
    (void)state;
    make_topics("spoilt.");
    write_lives(0, DELIVERIES);
    char *whole = NULL;
    for (int i = 0; i < 6; i++) {
        struct hb_model *model = start();
        wait_for(model, 0);
        char *now_in_it = content(model);
        assert_int_equal(hb_model_status(model).rebuilds, 1);
        if (whole) {
            assert_string_equal(now_in_it, whole);
            free(now_in_it);
        } else {
            whole = now_in_it;
        }
        if (i == 5) { /* found while it runs, by a question */
            hb_model_distrust(model);
            wait_for(model, 2 * RECORDS_OF(DELIVERIES));
            now_in_it = content(model);
            assert_string_equal(now_in_it, whole);
            free(now_in_it);
        }
        hb_model_free(&model);
        switch (i) {
        case 0: spoil("UPDATE meta SET value = '0' WHERE name = 'version'"); break;
        case 1: spoil("UPDATE meta SET value = 'elsewhere' WHERE name = 'source'"); break;
        case 2: spoil("UPDATE offsets SET next = 1000000"); break; /* the topics are younger than the file */
        case 3: overwrite(0, 4096); break;
        default: spoil("DROP TABLE tally"); break;
        }
    }
    hb_sqlite_remove(path);
    free(whole);
}

static void two_processes_do_not_keep_one_file(void **state)
{
    (void)state;
    make_topics("two.");
    write_lives(0, 8);
    struct hb_model *first = start();
    wait_for(first, RECORDS_OF(8));
    struct hb_model *second = start();
    int64_t until_ms = room_now_ms() + ROOM_WAIT_MS;
    while (!strstr(hb_model_status(second).trouble, "another process") && room_now_ms() < until_ms) {
        (void)usleep(10000);
    }
    assert_non_null(strstr(hb_model_status(second).trouble, "another process"));
    hb_model_free(&second);
    hb_model_free(&first);
    hb_sqlite_remove(path);
}

static void how_fast_it_is_made_anew(void **state)
{
    struct hb_kafka_producer *producer = room_producer(100000, ROOM_WAIT_MS);
    struct hb_buf lines = hb_buf_make(65536);
    (void)state;
    make_topics("speed.");
    for (int n = 0; n < SPEED_LINES; n++) {
        rig_line_text(n, n % 10 ? "delivered" : "failed", n % 10 ? NULL : "timeout", -n, &lines);
        if (lines.len > 50000 || n + 1 == SPEED_LINES) {
            char key[16];
            (void)snprintf(key, sizeof(key), "worker-%d", n % 5);
            write_lines(producer, key, hb_buf_str(&lines));
            hb_buf_clear(&lines);
        }
    }
    assert_int_equal(hb_kafka_producer_flush(producer, ROOM_WAIT_MS), HB_OK);
    hb_kafka_producer_free(&producer, 0);
    hb_buf_deinit(&lines);
    int64_t began_ms = room_now_ms();
    struct hb_model *model = start();
    wait_for(model, SPEED_LINES);
    int64_t took_ms = room_now_ms() - began_ms;
    print_message("%d lines, a tenth of them failures, in %lld ms: %lld lines/s\n", SPEED_LINES, (long long)took_ms,
                  (long long)(SPEED_LINES * INT64_C(1000) / took_ms));
    hb_model_free(&model);
    hb_sqlite_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_on_where_it_was_and_a_file_made_anew_has_the_same_content),
        cmocka_unit_test(a_file_of_another_version_another_cluster_or_damaged_is_made_anew),
        cmocka_unit_test(two_processes_do_not_keep_one_file),
        cmocka_unit_test(how_fast_it_is_made_anew),
    };
    return ROOM_RUN(tests);
}
