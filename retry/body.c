#include "retry/body.h"

#include "platform/crypto/crypto.h"

#include <stdlib.h>

static size_t record_bytes(const struct hb_body_record *record, size_t headers_count)
{
    size_t bytes = record->key.len + record->value.len;

    for (size_t i = 0; i < headers_count; i++)
        bytes += record->headers[i].name.len + record->headers[i].value.len;
    return bytes;
}

static struct hb_str copy(char **place, struct hb_str bytes)
{
    struct hb_str copied = {*place, bytes.len};

    if (bytes.len)
        memcpy(*place, bytes.ptr, bytes.len);
    *place += bytes.len;
    return copied;
}

enum hb_err hb_body_new(const struct hb_body_record *record, struct hb_body **ret_body)
{
    size_t count = record->headers_count < HB_BODY_HEADERS_MAX ? record->headers_count : HB_BODY_HEADERS_MAX;

    if (!record->value.ptr)
        return HB_ERR_INVALID;
    size_t headers_bytes = count * sizeof(struct hb_name_value);
    size_t bytes = sizeof(struct hb_body) + headers_bytes + record_bytes(record, count) + 1;
    struct hb_body *body = malloc(bytes);
    if (!body)
        return HB_ERR_MEMORY;
    struct hb_name_value *headers = (struct hb_name_value *)(body + 1);
    char *place = (char *)headers + headers_bytes;
    *body = (struct hb_body){
        .at = record->at, .headers = headers, .headers_count = count, .bytes = bytes, .references = 1};
    body->key = copy(&place, record->key);
    body->value = copy(&place, record->value);
    for (size_t i = 0; i < count; i++) {
        headers[i].name = copy(&place, record->headers[i].name);
        headers[i].value = copy(&place, record->headers[i].value);
    }
    *ret_body = body;
    return HB_OK;
}

struct hb_body *hb_body_ref(struct hb_body *body)
{
    body->references++;
    return body;
}

void hb_body_unref(struct hb_body **body)
{
    if (*body && --(*body)->references == 0)
        free(*body);
    *body = NULL;
}

bool hb_body_event(const struct hb_body *body, char id_scratch[HB_ID_MAX], struct hb_event *ret_event)
{
    const struct hb_event_source source = {.key = body->key,
                                           .value = body->value,
                                           .headers = body->headers,
                                           .headers_count = body->headers_count,
                                           .hash = hb_sha256_pair};
    struct hb_event_problem problem;

    return hb_event_from_record(&source, id_scratch, ret_event, &problem) == HB_EVENT_READ_OK;
}

bool hb_body_is_of(const struct hb_body *body, struct hb_str webhook, const unsigned char delivery[HB_DELIVERY_BYTES])
{
    unsigned char digest[HB_SHA256_BYTES];
    char id_scratch[HB_ID_MAX];
    struct hb_event event;

    if (!hb_body_event(body, id_scratch, &event))
        return false;
    hb_sha256_pair(webhook, event.id, digest);
    return memcmp(digest, delivery, HB_DELIVERY_BYTES) == 0;
}
