#include "platform/kafka/kafka_event.h"

enum hb_event_read hb_kafka_read_event(const struct hb_kafka_message *message, hb_hash_pair_fn *hash,
                                       char ret_id_scratch[HB_ID_MAX], struct hb_event *ret_event,
                                       struct hb_event_problem *ret_problem)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);

    if (count > HB_KAFKA_HEADERS_MAX)
        count = HB_KAFKA_HEADERS_MAX;
    const struct hb_event_source source = {
        .key = message->key, .value = message->value, .headers = headers, .headers_count = count, .hash = hash};
    return hb_event_from_record(&source, ret_id_scratch, ret_event, ret_problem);
}
