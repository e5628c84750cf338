#include "dispatcher/watermark.h"

#include "platform/json/json.h"
#include "registry/registry.h"

#include <stdio.h>

#define KEY_MAX (2 * HB_TOPIC_NAME_MAX + 48)
#define VALUE_MAX 512

static struct hb_str watermark_key(char key[KEY_MAX], const char *group, const char *topic, int32_t partition)
{
    int len = snprintf(key, KEY_MAX, "watermark/%s/%s/%d", group, topic, partition);
    return hb_str_n(key, len > 0 && len < KEY_MAX ? (size_t)len : 0);
}

int64_t hb_watermark_read(const struct hb_registry *registry, const char *group, const char *topic, int32_t partition)
{
    char key[KEY_MAX];
    struct hb_str record = hb_registry_record(registry, watermark_key(key, group, topic, partition));
    struct hb_json *root = NULL;
    int64_t offset = -1;
    if (record.len > 0 && hb_json_parse(record, &root, NULL) == HB_OK)
        (void)hb_json_int(hb_json_get(root, "offset"), &offset);
    hb_json_free(&root);
    return offset;
}

static bool produce(const struct hb_watermark_writer *writer, struct hb_str key, struct hb_json_writer *json,
                    struct hb_buf *buf)
{
    hb_json_close_object(json);
    const struct hb_kafka_record record = {
        .topic = writer->registry_topic, .partition = 0, .key = key, .value = hb_buf_str(buf)};
    return hb_json_end(json) == HB_OK && hb_kafka_produce(writer->producer, &record, NULL, NULL) == HB_OK;
}

void hb_watermark_write_group(const struct hb_watermark_writer *writer)
{
    char key[KEY_MAX];
    int len = snprintf(key, sizeof key, "group/%s", writer->group);
    struct hb_buf buf = hb_buf_make(VALUE_MAX);
    struct hb_json_writer json = hb_json_write(&buf);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    hb_json_add_wall(&json, "created", writer->now);
    (void)produce(writer, hb_str_n(key, (size_t)len), &json, &buf);
    hb_buf_deinit(&buf);
}

void hb_watermark_write(const struct hb_watermark_writer *writer, const char *topic, struct hb_partition *partition)
{
    if (partition->watermark < 0 || partition->watermark == partition->noted)
        return;
    char key[KEY_MAX];
    struct hb_buf buf = hb_buf_make(VALUE_MAX);
    struct hb_json_writer json = hb_json_write(&buf);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    hb_json_add_int(&json, "offset", partition->watermark);
    hb_json_add_wall(&json, "at", writer->now);
    if (produce(writer, watermark_key(key, writer->group, topic, partition->partition), &json, &buf))
        partition->noted = partition->watermark;
    hb_buf_deinit(&buf);
}
