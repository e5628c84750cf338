/* Job: the Standard Webhooks signature header, from MACs that are passed in.
 * Source: Standard Webhooks specification 1.0: signed content is "<id>.<timestamp>.<body>", HMAC-SHA256 with the
 * secret's raw bytes, "v1," + base64; several are separated by a space. Threads: any. */
#ifndef CORE_SIGNATURE_H
#define CORE_SIGNATURE_H

#include "hookbus/bytes.h"

#define HB_SIGNATURE_ONE_BYTES 47 /* "v1," + 44 */
#define HB_SIGNATURE_HEADER_MAX (4 * (HB_SIGNATURE_ONE_BYTES + 1))

/* The pieces to sign, in order: id "." timestamp "." body. */
void hb_signature_pieces(struct hb_str id, struct hb_str timestamp, struct hb_str body, struct hb_str ret_pieces[5]);
/* Writes "v1,<base64>" for each of count (1..4) 32-byte digests, space-separated, NUL-terminated; returns the length.
 */
size_t hb_signature_header(const unsigned char (*digests)[32], size_t count, char ret_header[HB_SIGNATURE_HEADER_MAX]);
/* "whsec_" + base64 of 24..64 bytes → raw bytes; also without the prefix. HB_ERR_INVALID. */
HB_MUST_USE enum hb_err hb_signature_parse_secret(struct hb_str text, unsigned char ret_key[64], size_t *ret_key_bytes);
/* "whsec_…" and a NUL from raw bytes; ret_text at least 96 bytes. */
size_t hb_signature_format_secret(const unsigned char *key, size_t key_bytes, char ret_text[96]);

#endif
