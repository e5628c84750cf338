/* Job: hashes, MACs, sealing and randomness, by OpenSSL.
 *
 * Place: the only includer of OpenSSL but for the TLS context in platform/http_client.
 * Fails: HB_ERR_CRYPTO (the library refused), HB_ERR_SEALED (wrong key or damaged), HB_ERR_INVALID (a key file that
 * is none).
 * Threads: no shared state but OpenSSL's. Limits: sizes in the names. */
#ifndef PLATFORM_CRYPTO_CRYPTO_H
#define PLATFORM_CRYPTO_CRYPTO_H

#include "hookbus/bytes.h"

#define HB_SHA256_BYTES 32

/* Of all bytes at once. Aborts if the library cannot. */
void hb_sha256(struct hb_str data, unsigned char ret_digest[HB_SHA256_BYTES]);
/* Of two pieces with one zero byte between them (delivery ids). */
void hb_sha256_pair(struct hb_str a, struct hb_str b, unsigned char ret_digest[HB_SHA256_BYTES]);

/* A MAC context prepared once a secret, which begins anew with each message: one thread uses it at a time. */
struct hb_hmac;
HB_MUST_USE enum hb_err hb_hmac_new(const unsigned char *key, size_t key_bytes, struct hb_hmac **ret_hmac);
void hb_hmac_free(struct hb_hmac **hmac);
/* HMAC-SHA256 over the pieces in order. */
void hb_hmac_sign(struct hb_hmac *hmac, const struct hb_str *pieces, size_t count,
                  unsigned char ret_digest[HB_SHA256_BYTES]);

/* Random bytes from the system; aborts if there are none (a bug of the machine). */
void hb_random_bytes(void *ret_bytes, size_t count);
/* Same time for any two inputs of this length. */
bool hb_equal_constant_time(const void *a, const void *b, size_t count);
/* Overwrites memory in a way the compiler keeps. */
void hb_wipe(void *memory, size_t count);

/* The sealing keys of a key file (0600): lines "id base64-of-32-bytes"; the last is the newest and writes. */
struct hb_keyring;
HB_MUST_USE enum hb_err hb_keyring_parse(struct hb_str file_text, struct hb_keyring **ret_keyring,
                                         struct hb_error *reterr);
void hb_keyring_free(struct hb_keyring **keyring);
/* The id of the key that seals now. */
struct hb_str hb_keyring_newest(const struct hb_keyring *keyring);
bool hb_keyring_has(const struct hb_keyring *keyring, struct hb_str key_id);
/* What a sealed secret is bound to: it opens nowhere else. */
struct hb_seal_place {
    struct hb_str store, kind, id, field;
};
/* AES-256-GCM: "v1.<key id>.<base64 of nonce, ciphertext, tag>" is appended to ret_sealed. */
HB_MUST_USE enum hb_err hb_seal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str secret,
                                struct hb_buf *ret_sealed);
/* Appends the secret. HB_ERR_SEALED: damaged, or bound elsewhere; HB_ERR_NOT_FOUND: its key is not in the ring. */
HB_MUST_USE enum hb_err hb_unseal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str sealed,
                                  struct hb_buf *ret_secret);
/* Opens `sealed` and appends it to ret_sealed, sealed by the newest key; what was open between is wiped. Errors of both. */
HB_MUST_USE enum hb_err hb_reseal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str sealed,
                                  struct hb_buf *ret_sealed);

#endif
