#include "component/kafka/kafka_room.h"

#include "platform/kafka/kafka_topics.h"

#include <stdlib.h>
#include <time.h>

static void topics_are_made_once_described_and_deleted(void **state)
{
    char topic[128], value[64];
    const struct hb_kafka_setting setting = {"retention.ms", "123456"};
    struct hb_kafka_topic_spec spec = {room_name(topic, "made"), 3, 1, &setting, 1};
    int created = 0, partitions = 0, replication = 0, brokers = 0;

    (void)state;
    assert_int_equal(hb_kafka_admin_brokers(room_admin(), ROOM_WAIT_MS, &brokers, NULL), HB_OK);
    assert_int_equal(brokers, 1);
    assert_int_equal(hb_kafka_admin_topic(room_admin(), topic, ROOM_WAIT_MS, &partitions, &replication, NULL),
                     HB_ERR_NOT_FOUND);
    assert_int_equal(hb_kafka_admin_create(room_admin(), &spec, 1, ROOM_WAIT_MS, &created, NULL), HB_OK);
    assert_int_equal(created, 1);
    assert_int_equal(hb_kafka_admin_create(room_admin(), &spec, 1, ROOM_WAIT_MS, &created, NULL), HB_OK);
    assert_int_equal(created, 0);
    assert_int_equal(hb_kafka_admin_topic(room_admin(), topic, ROOM_WAIT_MS, &partitions, &replication, NULL), HB_OK);
    assert_int_equal(partitions, 3);
    assert_int_equal(replication, 1);
    assert_int_equal(
        hb_kafka_admin_setting(room_admin(), topic, "retention.ms", ROOM_WAIT_MS, value, sizeof value, NULL), HB_OK);
    assert_string_equal(value, "123456");
    assert_int_equal(hb_kafka_admin_setting(room_admin(), topic, "no.such", ROOM_WAIT_MS, value, sizeof value, NULL),
                     HB_ERR_NOT_FOUND);
    assert_int_equal(hb_kafka_admin_delete(room_admin(), topic, ROOM_WAIT_MS, NULL), HB_OK);
    assert_int_equal(hb_kafka_admin_delete(room_admin(), topic, ROOM_WAIT_MS, NULL), HB_ERR_NOT_FOUND);
}

static struct hb_wall wall_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (struct hb_wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

static void offsets_are_found_by_edge_time_and_group(void **state)
{
    char topic[128], group[128];
    int64_t low = -1, high = -1, committed = 0, at[2] = {-1, -1};
    struct hb_wall between;

    (void)state;
    room_make_topic(room_name(topic, "offsets"), 2);
    room_write(topic, 0, 0, 10);
    between = wall_now();
    between.ms++;
    while (wall_now().ms <= between.ms)
        ;
    room_write(topic, 0, 10, 5);
    assert_int_equal(hb_kafka_admin_delete_records(room_admin(), topic, 0, 4, ROOM_WAIT_MS, NULL), HB_OK);
    assert_int_equal(hb_kafka_admin_offsets(room_admin(), topic, 0, ROOM_WAIT_MS, &low, &high, NULL), HB_OK);
    assert_int_equal(low, 4);
    assert_int_equal(high, 15);
    assert_int_equal(hb_kafka_admin_offsets_at(room_admin(), topic, between, ROOM_WAIT_MS, at, 2, NULL), HB_OK);
    assert_int_equal(at[0], 10);
    assert_int_equal(at[1], 0); /* empty: its end */
    between.ms += 1000000;
    assert_int_equal(hb_kafka_admin_offsets_at(room_admin(), topic, between, ROOM_WAIT_MS, at, 2, NULL), HB_OK);
    assert_int_equal(at[0], 15);
    assert_int_equal(
        hb_kafka_admin_committed(room_admin(), room_name(group, "nobody"), topic, 0, ROOM_WAIT_MS, &committed, NULL),
        HB_OK);
    assert_int_equal(committed, HB_KAFKA_OFFSET_NONE);
}

static void without_a_broker_every_question_ends_with_a_sentence(void **state)
{
    const struct hb_kafka_cluster nowhere = {.brokers = "127.0.0.1:1"};
    struct hb_kafka_admin *admin = NULL;
    struct hb_error error = {0};
    int brokers;

    (void)state;
    assert_int_equal(hb_kafka_admin_new(&nowhere, &admin, NULL), HB_OK);
    assert_int_equal(hb_kafka_admin_brokers(admin, 1000, &brokers, &error), HB_ERR_AWAY);
    assert_non_null(strstr(error.text, "127.0.0.1:1"));
    assert_int_equal(hb_kafka_admin_delete(admin, "t", 1000, &error), HB_ERR_AWAY);
    hb_kafka_admin_free(&admin);
}

static void delete_all(struct hb_str prefix)
{
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        char name[HB_TOPIC_NAME_MAX];
        hb_topic_name(prefix, (enum hb_topic)topic, name);
        assert_int_equal(hb_kafka_admin_delete(room_admin(), name, ROOM_WAIT_MS, NULL), HB_OK);
    }
}

static void the_table_of_topics_is_made_checked_and_differences_are_told(void **state)
{
    char prefix[128];
    struct hb_kafka_topics_options options = {.timeout_ms = 2 * ROOM_WAIT_MS};
    struct hb_kafka_differences *found = calloc(1, sizeof *found);
    struct hb_kafka_topic_spec wrong = {.partitions = 7, .replication = 1};
    char name[HB_TOPIC_NAME_MAX];
    int created = 0, fatal = 0;

    (void)state;
    options.prefix = hb_str_c(room_name(prefix, "table."));
    assert_int_equal(hb_kafka_topics_check(room_admin(), &options, found, NULL), HB_OK);
    assert_int_equal(found->count, HB_TOPIC_COUNT);
    assert_true(found->items[0].is_missing);
    /* One is there already, by another hand. */
    hb_topic_name(options.prefix, HB_TOPIC_REGISTRY, name);
    wrong.name = name;
    assert_int_equal(hb_kafka_admin_create(room_admin(), &wrong, 1, ROOM_WAIT_MS, &created, NULL), HB_OK);
    assert_int_equal(hb_kafka_topics_create(room_admin(), &options, &created, NULL), HB_OK);
    assert_int_equal(created, HB_TOPIC_COUNT - 1);
    assert_int_equal(hb_kafka_topics_check(room_admin(), &options, found, NULL), HB_OK);
    for (size_t i = 0; i < found->count; i++) {
        print_message("    %s\n", found->items[i].text);
        assert_int_equal(found->items[i].topic, HB_TOPIC_REGISTRY);
        fatal += found->items[i].is_fatal;
    }
    assert_int_equal(fatal, 1);
    assert_in_range(found->count, 5, 12); /* the partition count, and settings left at Kafka's defaults */
    options.replication = 2;
    assert_int_equal(hb_kafka_topics_create(room_admin(), &options, &created, NULL), HB_ERR_CONFIG);
    delete_all(options.prefix);
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_made_once_described_and_deleted),
        cmocka_unit_test(offsets_are_found_by_edge_time_and_group),
        cmocka_unit_test(without_a_broker_every_question_ends_with_a_sentence),
        cmocka_unit_test(the_table_of_topics_is_made_checked_and_differences_are_told),
    };
    return ROOM_RUN(tests);
}
