#include "producer/accept_internal.h"

#include "platform/crypto/crypto.h"

/* The longest time and content type that pass hb_event_check, and the separators, with room to spare. */
#define TIME_AND_CONTENT_TYPE_MAX 512

/* What the producer said, and nothing of ours: the same request sent again has the same digest. The traceparent is left
 * out, because a second try may well carry a new one. No attribute holds a NUL, so the pieces cannot be confused. */
void hb_accept_digest(const struct hb_event *event, unsigned char ret_digest[HB_MARK_BYTES])
{
    char attributes[HB_TYPE_MAX + HB_SUBJECT_MAX + HB_CHANGED_MAX + HB_SEQUENCE_MAX + TIME_AND_CONTENT_TYPE_MAX];
    unsigned char digest[HB_SHA256_BYTES];
    const struct hb_str pieces[] = {event->type,         event->subject, event->time,
                                    event->content_type, event->changed, event->sequence};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        HB_ASSERT(at + pieces[i].len < sizeof(attributes));
        if (pieces[i].len > 0) {
            memcpy(attributes + at, pieces[i].ptr, pieces[i].len);
        }
        at += pieces[i].len;
        attributes[at++] = '\0';
    }
    hb_sha256_pair(hb_str_n(attributes, at), event->data, digest);
    memcpy(ret_digest, digest, HB_MARK_BYTES);
}
