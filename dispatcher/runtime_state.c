#include "dispatcher/runtime_state.h"

#include "core/rest.h"
#include "platform/json/json.h"
#include "registry/registry.h"

#include <stdio.h>

#define KEY_MAX (HB_ID_MAX + 16)
#define VALUE_MAX 512

static struct hb_str key_of(char key[KEY_MAX], const char *kind, struct hb_str webhook)
{
    int len = snprintf(key, KEY_MAX, "%s/%.*s", kind, HB_ARG(webhook));
    return hb_str_n(key, len > 0 && len < KEY_MAX ? (size_t)len : 0);
}

static bool produce(const struct hb_runtime_writer *writer, struct hb_str key, struct hb_json_writer *json,
                    struct hb_buf *buf)
{
    hb_json_close_object(json);
    const struct hb_kafka_record record = {
        .topic = writer->registry_topic, .partition = 0, .key = key, .value = hb_buf_str(buf)};
    return hb_json_end(json) == HB_OK && writer->producer &&
           hb_kafka_produce(writer->producer, &record, writer->told, writer->user) == HB_OK;
}

bool hb_runtime_write_rest(const struct hb_runtime_writer *writer, const struct hb_webhook *webhook,
                           const struct hb_runtime_rest *rest)
{
    char key[KEY_MAX];
    struct hb_buf buf = hb_buf_make(VALUE_MAX);
    struct hb_json_writer json = hb_json_write(&buf);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    hb_json_add_int(&json, "revision", webhook->revision);
    hb_json_add_str(&json, "status", rest->is_resting ? HB_STR("resting") : HB_STR("active"));
    if (rest->is_resting)
        hb_json_add_wall(&json, "until", rest->until);
    if (rest->reason[0])
        hb_json_add_str(&json, "reason", hb_str_c(rest->reason));
    if (rest->failing_since.ms != INT64_MAX)
        hb_json_add_wall(&json, "since", rest->failing_since);
    if (rest->failed_probes > 0)
        hb_json_add_int(&json, "probes", rest->failed_probes);
    if (rest->has_died)
        hb_json_add_bool(&json, "died", true);
    bool is_taken = produce(writer, key_of(key, "state", webhook->id), &json, &buf);
    hb_buf_deinit(&buf);
    return is_taken;
}

bool hb_runtime_write_disabled(const struct hb_runtime_writer *writer, const struct hb_webhook *webhook,
                               const struct hb_runtime_gone *gone)
{
    char key[KEY_MAX];
    struct hb_buf buf = hb_buf_make(VALUE_MAX);
    struct hb_json_writer json = hb_json_write(&buf);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    hb_json_add_int(&json, "revision", gone->revision);
    hb_json_add_str(&json, "reason", hb_str_c(gone->reason));
    hb_json_add_wall(&json, "at", gone->at);
    hb_json_add_str(&json, "worker", hb_str_c(writer->worker));
    bool is_taken = produce(writer, key_of(key, "disabled", webhook->id), &json, &buf);
    hb_buf_deinit(&buf);
    return is_taken;
}

static struct hb_runtime_rest past_of(const struct hb_json *root)
{
    struct hb_runtime_rest past = {.failing_since = {INT64_MAX}, .reason = ""};
    int64_t probes = 0;
    if (!hb_json_wall(hb_json_get(root, "since"), &past.failing_since))
        return past;
    if (hb_json_int(hb_json_get(root, "probes"), &probes) && probes > 0)
        past.failed_probes = probes < HB_REST_DISABLE_PROBES ? (int)probes : HB_REST_DISABLE_PROBES;
    (void)hb_json_bool(hb_json_get(root, "died"), &past.has_died);
    return past;
}

struct hb_runtime_rest hb_runtime_past(const struct hb_registry *registry, const struct hb_webhook *webhook)
{
    char key[KEY_MAX];
    struct hb_str record = hb_registry_record(registry, key_of(key, "state", webhook->id));
    struct hb_json *root = NULL;
    struct hb_runtime_rest past = {.failing_since = {INT64_MAX}, .reason = ""};
    int64_t revision = 0;
    if (record.len == 0 || hb_json_parse(record, &root, NULL) != HB_OK)
        return past;
    if (hb_json_int(hb_json_get(root, "revision"), &revision) && revision >= webhook->enabled_revision)
        past = past_of(root);
    hb_json_free(&root);
    return past;
}
