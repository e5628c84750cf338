#include "salesmanago/state.h"

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
