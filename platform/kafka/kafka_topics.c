#include "platform/kafka/kafka_topics.h"

#include "hookbus/time.h"
#include "platform/kafka/kafka_admin_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SAFE_BROKERS 3 /* from here on one may fail while the others still agree */

/* ---- what a row means ---- */

__attribute__((format(printf, 3, 4))) static void add(struct hb_kafka_topic_settings *settings, const char *name,
                                                      const char *format, ...)
{
    va_list arguments;

    HB_ASSERT(settings->count < HB_KAFKA_TOPIC_SETTINGS_MAX);
    settings->items[settings->count].name = name;
    va_start(arguments, format);
    vsnprintf(settings->items[settings->count].value, HB_KAFKA_SETTING_VALUE_MAX, format, arguments);
    va_end(arguments);
    settings->count++;
}

void hb_kafka_topics_settings(enum hb_topic topic, int brokers, struct hb_kafka_topic_settings *ret_settings)
{
    const struct hb_topic_spec *spec = hb_topic_spec(topic);
    bool is_compacted = strstr(spec->policy, "compact") != NULL;

    ret_settings->count = 0;
    /* An event's own time is ce_time; history is kept and found by when Kafka had it. */
    add(ret_settings, "message.timestamp.type", "LogAppendTime");
    add(ret_settings, "cleanup.policy", "%s", spec->policy);
    add(ret_settings, "unclean.leader.election.enable", "false");
    add(ret_settings, "min.insync.replicas", "%d", brokers >= SAFE_BROKERS ? 2 : 1);
    if (spec->retention_days)
        add(ret_settings, "retention.ms", "%" PRId64, spec->retention_days * HB_MS_PER_DAY);
    if (!is_compacted)
        return;
    /* The active segment is never compacted: small ones, soon closed, keep a restart's reading short. */
    add(ret_settings, "segment.bytes", "%d", 64 * 1024 * 1024);
    add(ret_settings, "segment.ms", "%" PRId64, HB_MS_PER_HOUR);
    add(ret_settings, "min.cleanable.dirty.ratio", "0.1");
    /* The journal's records must stand until their shard's owner has read and, where they were stale, repaired them
     * (decision 6). */
    bool has_owner = topic == HB_TOPIC_JOURNAL;
    add(ret_settings, "min.compaction.lag.ms", "%" PRId64, has_owner ? HB_MS_PER_HOUR : 0);
    add(ret_settings, "max.compaction.lag.ms", "%" PRId64, has_owner ? 2 * HB_MS_PER_HOUR : HB_MS_PER_HOUR);
    /* How long a reader may be away and still meet every tombstone. */
    add(ret_settings, "delete.retention.ms", "%" PRId64, 7 * HB_MS_PER_DAY);
}

/* ---- create ---- */

static enum hb_err ask_replication(struct hb_kafka_admin *admin, const struct hb_kafka_topics_options *options,
                                   int *ret_brokers, int *ret_replication, struct hb_error *reterr)
{
    enum hb_err err = hb_kafka_admin_brokers(admin, options->timeout_ms, ret_brokers, reterr);

    if (err)
        return err;
    *ret_replication = options->replication;
    if (!*ret_replication)
        *ret_replication = *ret_brokers < HB_KAFKA_REPLICATION_MAX ? *ret_brokers : HB_KAFKA_REPLICATION_MAX;
    if (*ret_replication > *ret_brokers)
        return hb_fail(reterr, HB_ERR_CONFIG, "replication %d is asked for, and the cluster has %d broker(s)",
                       *ret_replication, *ret_brokers);
    return HB_OK;
}

struct row {
    char name[HB_TOPIC_NAME_MAX];
    struct hb_kafka_topic_settings settings;
    struct hb_kafka_setting pairs[HB_KAFKA_TOPIC_SETTINGS_MAX];
};

static struct hb_kafka_topic_spec fill_row(struct row *row, struct hb_str prefix, enum hb_topic topic, int brokers)
{
    hb_topic_name(prefix, topic, row->name);
    hb_kafka_topics_settings(topic, brokers, &row->settings);
    for (size_t i = 0; i < row->settings.count; i++)
        row->pairs[i] = (struct hb_kafka_setting){row->settings.items[i].name, row->settings.items[i].value};
    return (struct hb_kafka_topic_spec){.name = row->name,
                                        .partitions = hb_topic_spec(topic)->partitions,
                                        .settings = row->pairs,
                                        .settings_count = row->settings.count};
}

enum hb_err hb_kafka_topics_create(struct hb_kafka_admin *admin, const struct hb_kafka_topics_options *options,
                                   int *ret_created, struct hb_error *reterr)
{
    struct row rows[HB_TOPIC_COUNT];
    struct hb_kafka_topic_spec specs[HB_TOPIC_COUNT];
    int brokers = 0, replication = 0;
    enum hb_err err = ask_replication(admin, options, &brokers, &replication, reterr);

    if (err)
        return err;
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        specs[topic] = fill_row(&rows[topic], options->prefix, (enum hb_topic)topic, brokers);
        specs[topic].replication = replication;
    }
    return hb_kafka_admin_create(admin, specs, HB_TOPIC_COUNT, options->timeout_ms, ret_created, reterr);
}

/* ---- check ---- */

__attribute__((format(printf, 3, 4))) static struct hb_kafka_difference *
differ(struct hb_kafka_differences *differences, enum hb_topic topic, const char *format, ...)
{
    struct hb_kafka_difference *difference;
    va_list arguments;

    HB_ASSERT(differences->count < HB_KAFKA_DIFFERENCES_MAX);
    difference = &differences->items[differences->count++];
    *difference = (struct hb_kafka_difference){.topic = topic};
    va_start(arguments, format);
    vsnprintf(difference->text, sizeof difference->text, format, arguments);
    va_end(arguments);
    return difference;
}

struct comparison {
    struct hb_kafka_differences *differences;
    const struct row *row;
    enum hb_topic topic;
};

static void compare_setting(void *user, const char *name, const char *value)
{
    const struct comparison *comparison = user;

    for (size_t i = 0; i < comparison->row->settings.count; i++) {
        const char *wanted = comparison->row->settings.items[i].value;
        if (strcmp(comparison->row->settings.items[i].name, name) == 0 && strcmp(wanted, value) != 0)
            differ(comparison->differences, comparison->topic, "topic %s: %s is %s and should be %s",
                   comparison->row->name, name, value, wanted);
    }
}

static void compare_shape(struct comparison *comparison, int partitions, int replication, int replication_wanted)
{
    int partitions_wanted = hb_topic_spec(comparison->topic)->partitions;

    if (partitions != partitions_wanted)
        differ(comparison->differences, comparison->topic,
               "topic %s has %d partitions and must have %d: the count is for life, keys would change places",
               comparison->row->name, partitions, partitions_wanted)
            ->is_fatal = true;
    if (replication < replication_wanted)
        differ(comparison->differences, comparison->topic, "topic %s is kept %d time(s) and should be kept %d times",
               comparison->row->name, replication, replication_wanted);
}

static enum hb_err check_topic(struct hb_kafka_admin *admin, const struct hb_kafka_topics_options *options,
                               struct comparison *comparison, int replication_wanted, struct hb_error *reterr)
{
    int partitions, replication;
    enum hb_err err =
        hb_kafka_admin_topic(admin, comparison->row->name, options->timeout_ms, &partitions, &replication, reterr);

    if (err == HB_ERR_NOT_FOUND) {
        differ(comparison->differences, comparison->topic, "topic %s does not exist: run `hookbus topics create`",
               comparison->row->name)
            ->is_missing = true;
        return HB_OK;
    }
    if (err)
        return err;
    compare_shape(comparison, partitions, replication, replication_wanted);
    return hb_kafka_admin_settings(admin, comparison->row->name, options->timeout_ms, compare_setting, comparison,
                                   reterr);
}

enum hb_err hb_kafka_topics_check(struct hb_kafka_admin *admin, const struct hb_kafka_topics_options *options,
                                  struct hb_kafka_differences *ret_differences, struct hb_error *reterr)
{
    int replication = 0;
    enum hb_err err;

    ret_differences->count = 0;
    err = ask_replication(admin, options, &ret_differences->brokers, &replication, reterr);
    for (int topic = 0; !err && topic < HB_TOPIC_COUNT; topic++) {
        struct row row;
        struct comparison comparison = {ret_differences, &row, (enum hb_topic)topic};
        (void)fill_row(&row, options->prefix, (enum hb_topic)topic, ret_differences->brokers);
        err = check_topic(admin, options, &comparison, replication, reterr);
    }
    return err;
}
