#include "dispatcher/attempt.h"

#include "platform/crypto/crypto.h"

static void add(struct hb_attempt_headers *h, struct hb_str name, struct hb_str value)
{
    HB_ASSERT(h->count < HB_ATTEMPT_HEADERS_MAX);
    h->headers[h->count++] = (struct hb_name_value){name, value};
}

void hb_attempt_delivery_id(struct hb_str webhook, struct hb_str event, char ret_id[HB_DELIVERY_ID_BYTES + 1])
{
    unsigned char digest[HB_SHA256_BYTES];
    hb_sha256_pair(webhook, event, digest);
    hb_delivery_id(digest, ret_id);
}

static struct hb_str number_text(char *room, size_t room_bytes, int64_t value)
{
    char *p = room + room_bytes;
    uint64_t rest = value > 0 ? (uint64_t)value : 0;
    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    return hb_str_n(p, (size_t)(room + room_bytes - p));
}

bool hb_attempt_headers_make(const struct hb_attempt_spec *spec, struct hb_attempt_headers *ret)
{
    ret->count = 0;
    struct hb_str timestamp = number_text(ret->timestamp, sizeof ret->timestamp, spec->now.ms / HB_MS_PER_S);
    struct hb_str pieces[5];
    hb_signature_pieces(spec->event_id, timestamp, spec->rendered->body, pieces);
    unsigned char digests[HB_WEBHOOK_SECRETS_MAX][HB_SHA256_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < spec->webhook->secrets_count; i++)
        if (spec->webhook->secrets[i].expires.ms > spec->now.ms)
            hb_hmac_sign(spec->hmacs[i], pieces, 5, digests[count++]);
    if (count == 0)
        return false;
    size_t signature_len = hb_signature_header((const unsigned char(*)[HB_SHA256_BYTES])digests, count, ret->signature);
    for (size_t i = 0; i < spec->rendered->headers_count; i++)
        add(ret, spec->rendered->headers[i].name, spec->rendered->headers[i].value);
    add(ret, HB_STR("webhook-id"), spec->event_id);
    add(ret, HB_STR("webhook-timestamp"), timestamp);
    add(ret, HB_STR("webhook-signature"), hb_str_n(ret->signature, signature_len));
    add(ret, HB_STR("Hookbus-Delivery-Id"), spec->delivery_id);
    add(ret, HB_STR("Hookbus-Attempt"), number_text(ret->attempt, sizeof ret->attempt, spec->number));
    if (spec->job.len > 0)
        add(ret, HB_STR("Hookbus-Replay"), spec->job);
    return true;
}
