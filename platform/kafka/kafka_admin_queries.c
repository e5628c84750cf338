#include "platform/kafka/kafka_admin_internal.h"

#include <stdio.h>

/* ---- metadata ---- */

enum hb_err hb_kafka_admin_brokers(struct hb_kafka_admin *admin, int timeout_ms, int *ret_brokers,
                                   struct hb_error *reterr)
{
    const rd_kafka_metadata_t *metadata;
    rd_kafka_resp_err_t err = rd_kafka_metadata(admin->rk, 0, NULL, &metadata, timeout_ms);

    if (err)
        return hb_kafka_admin_fail(admin, err, "asking for the brokers", NULL, reterr);
    *ret_brokers = metadata->broker_cnt;
    rd_kafka_metadata_destroy(metadata);
    return HB_OK;
}

/* A topic counts only when each of its partitions has a leader. */
static rd_kafka_resp_err_t first_error(const rd_kafka_metadata_topic_t *topic)
{
    rd_kafka_resp_err_t err = topic->err;

    for (int i = 0; !err && i < topic->partition_cnt; i++)
        err = topic->partitions[i].err;
    return err;
}

enum hb_err hb_kafka_admin_topic(struct hb_kafka_admin *admin, const char *topic, int timeout_ms, int *ret_partitions,
                                 int *ret_replication, struct hb_error *reterr)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(admin->rk, topic, NULL);
    const rd_kafka_metadata_t *metadata;
    rd_kafka_resp_err_t err;

    if (!handle)
        return hb_fail(reterr, HB_ERR_CONFIG, "topic %s: not a usable name", topic);
    err = rd_kafka_metadata(admin->rk, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (err)
        return hb_kafka_admin_fail(admin, err, topic, NULL, reterr);
    err = metadata->topic_cnt == 1 ? first_error(&metadata->topics[0]) : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (!err && metadata->topics[0].partition_cnt > 0) {
        *ret_partitions = metadata->topics[0].partition_cnt;
        *ret_replication = metadata->topics[0].partitions[0].replica_cnt;
    } else if (!err) {
        err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    rd_kafka_metadata_destroy(metadata);
    return err ? hb_kafka_admin_fail(admin, err, topic, NULL, reterr) : HB_OK;
}

/* ---- settings ---- */

static enum hb_err visit(struct hb_kafka_admin *admin, rd_kafka_event_t *event, hb_kafka_setting_fn *each, void *user,
                         struct hb_error *reterr)
{
    size_t count;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    const rd_kafka_ConfigEntry_t **entries;
    rd_kafka_resp_err_t theirs;

    if (count != 1)
        return hb_fail(reterr, HB_ERR_BROKER, "Kafka answered with %zu topics instead of one", count);
    theirs = rd_kafka_ConfigResource_error(resources[0]);
    if (theirs)
        return hb_kafka_admin_fail(admin, theirs, rd_kafka_ConfigResource_name(resources[0]),
                                   rd_kafka_ConfigResource_error_string(resources[0]), reterr);
    entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        each(user, rd_kafka_ConfigEntry_name(entries[i]), value ? value : "");
    }
    return HB_OK;
}

enum hb_err hb_kafka_admin_settings(struct hb_kafka_admin *admin, const char *topic, int timeout_ms,
                                    hb_kafka_setting_fn *each, void *user, struct hb_error *reterr)
{
    rd_kafka_AdminOptions_t *options = hb_kafka_admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_event_t *event;
    enum hb_err err = HB_OK;

    rd_kafka_DescribeConfigs(admin->rk, &resource, 1, options, admin->queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_AdminOptions_destroy(options);
    event = hb_kafka_admin_answer(admin, timeout_ms, topic, &err, reterr);
    if (!event)
        return err;
    err = visit(admin, event, each, user, reterr);
    rd_kafka_event_destroy(event);
    return err;
}

struct wanted_setting {
    const char *name;
    char *ret_value;
    size_t value_bytes;
    bool is_found;
};

static void take_wanted(void *user, const char *name, const char *value)
{
    struct wanted_setting *wanted = user;

    if (strcmp(name, wanted->name) != 0)
        return;
    wanted->is_found = true;
    snprintf(wanted->ret_value, wanted->value_bytes, "%s", value);
}

enum hb_err hb_kafka_admin_setting(struct hb_kafka_admin *admin, const char *topic, const char *name, int timeout_ms,
                                   char *ret_value, size_t value_bytes, struct hb_error *reterr)
{
    struct wanted_setting wanted = {name, ret_value, value_bytes, false};
    enum hb_err err = hb_kafka_admin_settings(admin, topic, timeout_ms, take_wanted, &wanted, reterr);

    if (err)
        return err;
    return wanted.is_found ? HB_OK : hb_fail(reterr, HB_ERR_NOT_FOUND, "topic %s has no setting %s", topic, name);
}

/* ---- offsets ---- */

enum hb_err hb_kafka_admin_offsets(struct hb_kafka_admin *admin, const char *topic, int32_t partition, int timeout_ms,
                                   int64_t *ret_low, int64_t *ret_high, struct hb_error *reterr)
{
    int64_t low, high;
    rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(admin->rk, topic, partition, &low, &high, timeout_ms);

    if (err)
        return hb_kafka_admin_fail(admin, err, topic, NULL, reterr);
    *ret_low = low;
    *ret_high = high;
    return HB_OK;
}

/* One list-offsets question for partitions 0..count-1: the first offset at or after a time, or, for a negative time, an
 * edge. */
static rd_kafka_resp_err_t ask_times(struct hb_kafka_admin *admin, rd_kafka_topic_partition_list_t *list, int64_t at,
                                     int timeout_ms)
{
    rd_kafka_resp_err_t err;

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = at;
    err = rd_kafka_offsets_for_times(admin->rk, list, timeout_ms);
    for (int i = 0; !err && i < list->cnt; i++)
        err = list->elems[i].err;
    return err;
}

enum hb_err hb_kafka_admin_offsets_at(struct hb_kafka_admin *admin, const char *topic, struct hb_wall at,
                                      int timeout_ms, int64_t *ret_offsets, size_t count, struct hb_error *reterr)
{
    rd_kafka_topic_partition_list_t *found = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_topic_partition_list_t *ends;
    rd_kafka_resp_err_t err;

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(found, topic, (int32_t)i);
    ends = rd_kafka_topic_partition_list_copy(found);
    /* The ends first: a record appended in between is then after the end, not lost before it. */
    err = ask_times(admin, ends, RD_KAFKA_OFFSET_END, timeout_ms);
    if (!err)
        err = ask_times(admin, found, at.ms < 0 ? 0 : at.ms, timeout_ms);
    for (size_t i = 0; !err && i < count; i++)
        ret_offsets[i] = found->elems[i].offset >= 0 ? found->elems[i].offset : ends->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(ends);
    rd_kafka_topic_partition_list_destroy(found);
    return err ? hb_kafka_admin_fail(admin, err, topic, NULL, reterr) : HB_OK;
}

static enum hb_err take_committed(struct hb_kafka_admin *admin, rd_kafka_event_t *event, int64_t *ret_offset,
                                  struct hb_error *reterr)
{
    size_t count;
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    const rd_kafka_topic_partition_list_t *list;
    const rd_kafka_error_t *error;

    if (count != 1)
        return hb_fail(reterr, HB_ERR_BROKER, "Kafka answered with %zu groups instead of one", count);
    error = rd_kafka_group_result_error(groups[0]);
    if (error)
        return hb_kafka_admin_fail(admin, rd_kafka_error_code(error), rd_kafka_group_result_name(groups[0]),
                                   rd_kafka_error_string(error), reterr);
    list = rd_kafka_group_result_partitions(groups[0]);
    if (list && list->cnt && list->elems[0].err)
        return hb_kafka_admin_fail(admin, list->elems[0].err, rd_kafka_group_result_name(groups[0]), NULL, reterr);
    *ret_offset = list && list->cnt && list->elems[0].offset >= 0 ? list->elems[0].offset : HB_KAFKA_OFFSET_NONE;
    return HB_OK;
}

enum hb_err hb_kafka_admin_committed(struct hb_kafka_admin *admin, const char *group, const char *topic,
                                     int32_t partition, int timeout_ms, int64_t *ret_offset, struct hb_error *reterr)
{
    rd_kafka_AdminOptions_t *options =
        hb_kafka_admin_options(admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ms);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_ListConsumerGroupOffsets_t *asked;
    rd_kafka_event_t *event;
    enum hb_err err = HB_OK;

    rd_kafka_topic_partition_list_add(list, topic, partition);
    asked = rd_kafka_ListConsumerGroupOffsets_new(group, list);
    rd_kafka_ListConsumerGroupOffsets(admin->rk, &asked, 1, options, admin->queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(asked);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_destroy(options);
    event = hb_kafka_admin_answer(admin, timeout_ms, group, &err, reterr);
    if (!event)
        return err;
    err = take_committed(admin, event, ret_offset, reterr);
    rd_kafka_event_destroy(event);
    return err;
}
