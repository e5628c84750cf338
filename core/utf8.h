/* Job: tells where a UTF-8 sequence ends, and whether it is one.
 *
 * Place: used by bytes (JSON escaping), platform/json and whoever checks text from outside.
 * Fails: nothing; 0 or false is the answer. Strict as RFC 3629: no overlong forms, no surrogates, up to U+10FFFF.
 * Threads: no shared state. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "hookbus/bytes.h"

/* Bytes of the character at the start of s (1..4), or 0 if s is empty or does not begin with a whole character. */
size_t hb_utf8_length(struct hb_str s);
/* True if all of s is UTF-8; the empty view is. */
bool hb_utf8_is_valid(struct hb_str s);

#endif
