#include "salesmanago/state.h"

#include "platform/json/json.h"
#include "salesmanago/heartbeat.h"

#define OWN_VALUE_MAX 512

enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                               hb_kafka_ack_fn *done, void *user)
{
    const struct hb_kafka_record record = {.topic = worker->registry_topic,
                                           .partition = 0,
                                           .key = key,
                                           .value = value ? hb_buf_str(value) : hb_str_n(NULL, 0)};
    if (!worker->producer)
        return HB_ERR_CLOSED;
    return hb_kafka_produce(worker->producer, &record, done, user);
}

enum hb_err hb_sm_record_write_own(struct hb_sm_worker *worker, const char *prefix, const bool *is_busy,
                                   hb_kafka_ack_fn *done)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_buf value = hb_buf_make(OWN_VALUE_MAX);
    struct hb_json_writer json = hb_json_write(&value);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    if (is_busy)
        hb_json_add_bool(&json, "busy", *is_busy);
    else
        hb_json_add_int(&json, HB_SM_HEARTBEAT_EVERY, HB_SM_HEARTBEAT_EVERY_MS / 1000);
    hb_json_add_wall(&json, "at", hb_loop_wall(worker->options.loop));
    hb_json_add_str(&json, "incarnation", hb_str_c(worker->incarnation));
    hb_json_close_object(&json);
    enum hb_err err = hb_json_end(&json);
    if (!err)
        err = hb_sm_record_write(worker, hb_sm_heartbeat_key(prefix, hb_str_c(worker->options.worker), key), &value,
                                 done, worker);
    hb_buf_deinit(&value);
    return err;
}
