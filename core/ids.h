/* Job: makes ids from bytes that are passed in: event, webhook, delivery, shard.
 * Source: UUIDv7 is RFC 9562 section 5.7. Threads: any. */
#ifndef CORE_IDS_H
#define CORE_IDS_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

#define HB_EVENT_ID_BYTES 40    /* "evt_" + 36 */
#define HB_DELIVERY_ID_BYTES 30 /* "dlv_" + 26 */
#define HB_WEBHOOK_ID_BYTES 29  /* "wh_" + 26 */
#define HB_SHARDS 64

/* UUIDv7 text (36 bytes and a NUL) of a wall time and 10 random bytes. */
void hb_uuid7(struct hb_wall at, const unsigned char random[10], char ret_text[37]);
/* base32 (RFC 4648, lower case, no padding) of 16 bytes: 26 bytes and a NUL. */
void hb_base32_16(const unsigned char bytes[16], char ret_text[27]);
bool hb_base32_16_decode(struct hb_str text, unsigned char ret_bytes[16]);
/* "dlv_…" and a NUL from the first 16 bytes of SHA-256(webhook id, 0x00, event id), by which deliveries are kept. */
void hb_delivery_id(const unsigned char delivery[16], char ret_id[HB_DELIVERY_ID_BYTES + 1]);
/* Those 16 bytes; false (nothing written): it is no delivery's id. */
bool hb_delivery_id_read(struct hb_str id, unsigned char ret_delivery[16]);
/* The shard of a webhook from SHA-256(webhook id): first four bytes, big-endian, modulo HB_SHARDS. */
int hb_shard_of(const unsigned char digest[32]);
/* A subject as the retry queue knows it, from SHA-256(subject): first eight bytes, big-endian. */
uint64_t hb_subject_of(const unsigned char digest[32]);

#endif
