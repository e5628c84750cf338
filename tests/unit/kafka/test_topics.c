#include "platform/kafka/kafka_topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *value_of(const struct hb_kafka_topic_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->count; i++)
        if (strcmp(settings->items[i].name, name) == 0)
            return settings->items[i].value;
    return "(none)";
}

static const struct {
    enum hb_topic topic;
    int brokers;
    const char *name;
    const char *value;
} EXPECTED[] = {
    {HB_TOPIC_EVENTS_ORDER, 1, "message.timestamp.type", "LogAppendTime"},
    {HB_TOPIC_EVENTS_ORDER, 1, "cleanup.policy", "delete"},
    {HB_TOPIC_EVENTS_ORDER, 1, "retention.ms", "3024000000"},
    {HB_TOPIC_EVENTS_ORDER, 1, "segment.ms", "(none)"},
    {HB_TOPIC_EVENTS_ORDER, 2, "min.insync.replicas", "1"},
    {HB_TOPIC_EVENTS_ORDER, 3, "min.insync.replicas", "2"},
    {HB_TOPIC_EVENTS_ORDER, 9, "min.insync.replicas", "2"},
    {HB_TOPIC_ATTEMPTS, 3, "unclean.leader.election.enable", "false"},
    {HB_TOPIC_JOURNAL, 1, "cleanup.policy", "compact,delete"},
    {HB_TOPIC_JOURNAL, 1, "retention.ms", "3110400000"},
    {HB_TOPIC_JOURNAL, 1, "segment.bytes", "67108864"},
    {HB_TOPIC_JOURNAL, 1, "segment.ms", "3600000"},
    {HB_TOPIC_JOURNAL, 1, "min.compaction.lag.ms", "3600000"},
    {HB_TOPIC_JOURNAL, 1, "max.compaction.lag.ms", "7200000"},
    {HB_TOPIC_REGISTRY, 1, "min.compaction.lag.ms", "0"},
    {HB_TOPIC_REGISTRY, 1, "cleanup.policy", "compact"},
    {HB_TOPIC_REGISTRY, 1, "retention.ms", "(none)"},
    {HB_TOPIC_REGISTRY, 1, "min.cleanable.dirty.ratio", "0.1"},
    {HB_TOPIC_REGISTRY, 1, "max.compaction.lag.ms", "3600000"},
    {HB_TOPIC_CATALOG, 1, "delete.retention.ms", "604800000"},
};

static void each_topic_is_made_with_the_settings_of_the_design(void **state)
{
    struct hb_kafka_topic_settings settings;

    (void)state;
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        hb_kafka_topics_settings(EXPECTED[i].topic, EXPECTED[i].brokers, &settings);
        if (strcmp(value_of(&settings, EXPECTED[i].name), EXPECTED[i].value) != 0)
            print_error("row %zu: %s\n", i, EXPECTED[i].name);
        assert_string_equal(value_of(&settings, EXPECTED[i].name), EXPECTED[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_topic_is_made_with_the_settings_of_the_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
