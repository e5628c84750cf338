#include "platform/kafka/kafka_internal.h"

void hb_kafka_message_fill(struct hb_kafka_message *message, rd_kafka_message_t *take_rkm, int topic)
{
    rd_kafka_timestamp_type_t kind;

    message->handle = take_rkm;
    message->topic = topic;
    message->partition = take_rkm->partition;
    message->offset = take_rkm->offset;
    message->appended.ms = rd_kafka_message_timestamp(take_rkm, &kind);
    message->key = hb_str_n(take_rkm->key, take_rkm->key ? take_rkm->key_len : 0);
    message->value = hb_str_n(take_rkm->payload, take_rkm->payload ? take_rkm->len : 0);
}

void hb_kafka_message_free(struct hb_kafka_message *message)
{
    if (!message || !message->handle)
        return;
    rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
    message->key = hb_str_n(NULL, 0);
    message->value = hb_str_n(NULL, 0);
}

size_t hb_kafka_message_headers(const struct hb_kafka_message *message, struct hb_name_value *ret_headers, size_t max)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t value_bytes, count;

    HB_ASSERT(message->handle);
    if (rd_kafka_message_headers(message->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    count = rd_kafka_header_cnt(headers);
    for (size_t i = 0; i < count && i < max; i++) {
        if (rd_kafka_header_get_all(headers, i, &name, &value, &value_bytes) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return i;
        ret_headers[i].name = hb_str_c(name);
        ret_headers[i].value = hb_str_n(value, value ? value_bytes : 0);
    }
    return count;
}

rd_kafka_headers_t *hb_kafka_headers_make(const struct hb_name_value *headers, size_t count)
{
    rd_kafka_headers_t *made = rd_kafka_headers_new(count);

    for (size_t i = 0; made && i < count; i++) {
        if (rd_kafka_header_add(made, headers[i].name.ptr, (ssize_t)headers[i].name.len, headers[i].value.ptr,
                                (ssize_t)headers[i].value.len)) {
            rd_kafka_headers_destroy(made);
            return NULL;
        }
    }
    return made;
}

/* The library's parameters are not const, though it only copies from them. */
static rd_kafka_vu_t bytes_of(rd_kafka_vtype_t type, struct hb_str bytes)
{
    union {
        const char *in;
        void *out;
    } cast = {.in = bytes.ptr};

    return (rd_kafka_vu_t){.vtype = type, .u.mem = {cast.out, bytes.len}};
}

rd_kafka_resp_err_t hb_kafka_queue_record(rd_kafka_t *rk, rd_kafka_topic_t *handle,
                                          const struct hb_kafka_record *record, void *opaque)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_vu_t parts[7];
    size_t count = 0;
    rd_kafka_error_t *error;
    rd_kafka_resp_err_t err;

    if (record->headers_count) {
        headers = hb_kafka_headers_make(record->headers, record->headers_count);
        if (!headers)
            return RD_KAFKA_RESP_ERR__QUEUE_FULL;
        parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};
    }
    if (handle)
        parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = handle};
    else
        parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic};
    parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition};
    parts[count++] = bytes_of(RD_KAFKA_VTYPE_KEY, record->key);
    parts[count++] = bytes_of(RD_KAFKA_VTYPE_VALUE, record->value);
    parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY};
    parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque};
    error = rd_kafka_produceva(rk, parts, count);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR; /* the headers went with it */
    err = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return err;
}
