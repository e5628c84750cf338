/* Job: a fast keyed hash (SipHash-2-4 with 128 bits) for tables in memory: nobody without the key can make two texts
 * meet.
 *
 * Place: for core/id_memory and whoever needs a table key. Not for anything stored or sent: that is SHA-256
 * (platform/crypto). Source: Aumasson and Bernstein, SipHash; the reference implementation's vectors are in the test.
 * Cost: about a nanosecond a byte. Threads: no shared state. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include "hookbus/bytes.h"

#define HB_HASH_KEY_BYTES 16
#define HB_HASH_BYTES 16

/* The hash of the pieces one after the other, as if they were one text (put a separator between them where that
 * matters). key: random, made once a process by whoever has randomness. The first 8 bytes are a good 64-bit hash. */
void hb_hash_pieces(const unsigned char key[HB_HASH_KEY_BYTES], const struct hb_str *pieces, size_t count,
                    unsigned char ret_hash[HB_HASH_BYTES]);

#endif
