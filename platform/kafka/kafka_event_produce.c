#include "hookbus/topics.h"
#include "platform/kafka/kafka_event.h"

enum hb_err hb_kafka_produce_event(struct hb_kafka_producer *producer, struct hb_str topic_prefix,
                                   const struct hb_event *event, hb_kafka_ack_fn *ack, void *user)
{
    char topic[HB_TOPIC_NAME_MAX], key[HB_EVENT_KEY_MAX], scratch[HB_EVENT_SCRATCH_MAX];
    struct hb_name_value headers[HB_EVENT_HEADERS_MAX];
    size_t count = hb_event_to_headers(event, scratch, headers);

    hb_topic_name(topic_prefix, hb_topic_of_type(event->type), topic);
    const struct hb_kafka_record record = {
        .topic = topic,
        .partition = HB_KAFKA_PARTITION_ANY,
        .key = {key, hb_event_key(event, key)},
        /* Never NULL: a record without a value would be a tombstone. */
        .value = {event->data.ptr ? event->data.ptr : "", event->data.len},
        .headers = headers,
        .headers_count = count};
    return hb_kafka_produce(producer, &record, ack, user);
}
