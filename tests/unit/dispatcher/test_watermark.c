#include "dispatcher/watermark.h"
#include "fakes/fake_kafka.h"
#include "fakes/fake_registry.h"
#include "unit/dispatcher/check.h"

static void what_is_remembered_is_read_back_and_nonsense_is_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t watermark;
    } cases[] = {{"{\"v\":1,\"offset\":42,\"at\":\"2026-01-01T00:00:00Z\"}", 42}, {"{\"v\":1}", -1}, {"{\"v\":1,\"offset\":\"42\"}", -1}, {"{", -1},
                 {"{\"v\":1,\"offset\":0}", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_registry *registry = fake_registry_new(NULL);
        assert_int_equal(hb_watermark_read(registry, "g", "t", 3), -1);
        fake_registry_put_record(registry, "watermark/g/t/3", cases[i].value);
        assert_int_equal(hb_watermark_read(registry, "g", "t", 3), cases[i].watermark);
        assert_int_equal(hb_watermark_read(registry, "g", "t", 4), -1);
        hb_registry_free(&registry);
    }
}

static void it_is_written_only_when_it_moved_and_again_when_that_failed(void **state)
{
    (void)state;
    struct hb_kafka_producer *producer = NULL;
    struct hb_partition partition = {.partition = 3, .watermark = -1, .noted = -1};
    fake_kafka_open(NULL);
    assert_int_equal(hb_kafka_producer_new(&(struct hb_kafka_producer_options){.linger_ms = 0}, &producer, NULL), HB_OK);
    const struct hb_watermark_writer writer = {.producer = producer, .registry_topic = "hookbus.registry", .group = "g", .now = {0}};
    hb_watermark_write(&writer, "t", &partition);
    assert_null(fake_kafka_pending()); /* nothing settled yet */
    partition.watermark = 7;
    fake_kafka_refuse(HB_ERR_FULL);
    hb_watermark_write(&writer, "t", &partition);
    fake_kafka_refuse(HB_OK);
    hb_watermark_write(&writer, "t", &partition);
    hb_watermark_write(&writer, "t", &partition);
    assert_int_equal(fake_kafka_pending_count(), 1);
    assert_string_equal(fake_kafka_pending()->topic, "hookbus.registry");
    assert_string_equal(fake_kafka_pending()->key, "watermark/g/t/3");
    assert_string_equal(fake_kafka_pending()->value, "{\"v\":1,\"offset\":7,\"at\":\"1970-01-01T00:00:00.000Z\"}");
    hb_watermark_write_group(&writer);
    assert_string_equal(fake_kafka_pending()->next->key, "group/g");
    hb_kafka_producer_free(&producer, 0);
    fake_kafka_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_remembered_is_read_back_and_nonsense_is_nothing),
                                       cmocka_unit_test(it_is_written_only_when_it_moved_and_again_when_that_failed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
