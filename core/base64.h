/* Job: base64 (RFC 4648 section 4), for everybody: rules may not use a library.
 *
 * Place: used by core/render, core/event_json, core/signature, by platform/crypto and by the rooms above. Fails:
 * HB_ERR_INVALID for anything but canonical base64, HB_ERR_FULL and HB_ERR_MEMORY of the buffer.
 * Threads: no shared state. Not constant-time. */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include "hookbus/bytes.h"

/* Bytes of the padded text of count bytes, without a NUL. */
#define HB_BASE64_TEXT_BYTES(count) (((count) + 2) / 3 * 4)

/* Writes the padded text and a NUL: HB_BASE64_TEXT_BYTES(bytes.len) + 1 bytes. Returns the length. */
size_t hb_base64_write(struct hb_str bytes, char *ret_text);
/* Appends the padded text. */
HB_MUST_USE enum hb_err hb_base64_append(struct hb_str bytes, struct hb_buf *ret_text);
/* The bytes a text of this length stands for, or SIZE_MAX if no text has it. Padding, if there is any, must be
 * whole. */
size_t hb_base64_size(struct hb_str text);
/* Writes exactly hb_base64_size(text) bytes; with or without padding. HB_ERR_INVALID: nothing is written. */
HB_MUST_USE enum hb_err hb_base64_read(struct hb_str text, unsigned char *ret_bytes);
/* Appends the bytes. */
HB_MUST_USE enum hb_err hb_base64_read_append(struct hb_str text, struct hb_buf *ret_bytes);

#endif
