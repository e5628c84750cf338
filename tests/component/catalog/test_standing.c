/* When the worker must not merge: it stands still, red, says what to do, and everything else goes on. */
#include "component/catalog/merger.h"

static struct merger merger;

static bool is_p0_merged(struct merger *m)
{
    (void)m;
    return merger_count(&merger, HB_LABEL_CATALOG_EVENTS_MERGED) > 0;
}

static void check_says(const char *words)
{
    const char *trouble = hb_catalog_trouble(merger.catalog);
    if (!trouble || !strstr(trouble, words))
        fail_msg("wanted: %s\nsaid:   %s", words, trouble ? trouble : "nothing");
}

static void a_partition_without_its_other_half_is_not_merged(void **state)
{
    char product[32];
    (void)state;
    merger_open(&merger, "halves", MERGER_PARTITIONS, 1);
    for (int i = 0; i < 30; i++) {
        char data[64];
        (void)snprintf(product, sizeof(product), "p%d", i);
        (void)snprintf(data, sizeof(data), "{\"id\":\"%s\"}", product);
        merger_tell(&merger, "product.updated", product, data, NULL);
    }
    merger_flush(&merger);
    merger_start(&merger, 0, false);
    merger_wait(&merger, merger_is_red, "red");
    check_says("as many partitions");
    merger_wait(&merger, is_p0_merged, "the whole one is merged");
    merger_stop(&merger);
    assert_true(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_MERGED) < 30);
    merger_close(&merger);
}

static void an_event_of_a_newer_hookbus_stops_its_partition(void **state)
{
    (void)state;
    merger_open(&merger, "newer", MERGER_PARTITIONS, MERGER_PARTITIONS);
    merger_tell(&merger, "product.updated", "p1", "{\"id\":\"p1\",\"n\":1}", NULL);
    merger_tell_version(&merger, "product.updated", "p1", "{\"id\":\"p1\",\"n\":2}", "9");
    merger_tell(&merger, "product.updated", "p1", "{\"id\":\"p1\",\"n\":3}", NULL);
    merger_flush(&merger);
    merger_start(&merger, 0, false);
    merger_wait(&merger, merger_is_red, "red");
    check_says("newer hookbus");
    merger_wait(&merger, is_p0_merged, "what was before it is merged");
    merger_stop(&merger);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_MERGED), 1);
    merger_close(&merger);
}

/* The group's offset stands where no event ever was. */
static void commit_beyond_the_end(void)
{
    char group[160];
    (void)snprintf(group, sizeof(group), "%scatalog", merger.prefix);
    struct room_member *member = room_join(group, NULL, merger.topics[HB_TOPIC_EVENTS_PRODUCT], NULL);
    int64_t ends = room_now_ms() + ROOM_WAIT_MS;
    member->is_storing = false; /* records that come meanwhile move no offset */
    while (member->assigned == 0) {
        assert_true(room_now_ms() < ends);
        (void)hb_kafka_consumer_poll(member->consumer, 10);
    }
    assert_int_equal(hb_kafka_consumer_store(member->consumer, 0, 0, 1000), HB_OK);
    (void)hb_kafka_consumer_poll(member->consumer, 10);
    room_leave(&member);
}

static void an_offset_beyond_the_end_waits_for_somebody_to_say_so(void **state)
{
    (void)state;
    merger_open(&merger, "beyond", MERGER_PARTITIONS, MERGER_PARTITIONS);
    for (int i = 0; i < 30; i++) {
        char product[32], data[64];
        (void)snprintf(product, sizeof(product), "p%d", i);
        (void)snprintf(data, sizeof(data), "{\"id\":\"%s\"}", product);
        merger_tell(&merger, "product.updated", product, data, NULL);
    }
    merger_flush(&merger);
    commit_beyond_the_end();
    merger_start(&merger, 0, false);
    merger_wait(&merger, merger_is_red, "red");
    check_says("--reset-offsets");
    merger_stop(&merger);
    merger_start(&merger, 0, true);
    merger_wait(&merger, merger_is_merged, "all is merged");
    assert_true(merger_is_ready(&merger));
    merger_stop(&merger);
    assert_int_equal(merger_count(&merger, HB_LABEL_CATALOG_EVENTS_MERGED), 30);
    merger_close(&merger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_without_its_other_half_is_not_merged),
        cmocka_unit_test(an_event_of_a_newer_hookbus_stops_its_partition),
        cmocka_unit_test(an_offset_beyond_the_end_waits_for_somebody_to_say_so),
    };
    return ROOM_RUN(tests);
}
