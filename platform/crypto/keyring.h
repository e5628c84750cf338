/* Job: the sealing keys in memory.
 *
 * Place: within platform/crypto: parsed by keyring.c, used by seal.c.
 * Limits: HB_KEYRING_KEYS_MAX keys. Threads: read-only. */
#ifndef PLATFORM_CRYPTO_KEYRING_H
#define PLATFORM_CRYPTO_KEYRING_H

#include "platform/crypto/crypto.h"

#define HB_KEYRING_KEYS_MAX 32
#define HB_KEYRING_ID_MAX 32 /* bytes */
#define HB_SEAL_KEY_BYTES 32

struct hb_seal_key {
    char id[HB_KEYRING_ID_MAX + 1];
    unsigned char key[HB_SEAL_KEY_BYTES];
};

struct hb_keyring {
    size_t count;
    struct hb_seal_key keys[HB_KEYRING_KEYS_MAX]; /* as in the file; the last seals */
};

/* The key of that id, or NULL. */
const struct hb_seal_key *hb_keyring_find(const struct hb_keyring *keyring, struct hb_str key_id);

#endif
