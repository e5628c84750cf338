#include "platform/crypto/crypto.h"

#include "core/base64.h"
#include "platform/crypto/keyring.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdlib.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define SECRET_BYTES_MAX 65536
#define PLACE_BYTES_MAX 4096
#define SEAL_VERSION "v1"

/* What is authenticated besides the secret: each part with its length before it, so that no two places read alike. */
static enum hb_err add_part(struct hb_buf *buf, struct hb_str part)
{
    char length[4] = {(char)(part.len >> 24), (char)(part.len >> 16), (char)(part.len >> 8), (char)part.len};
    enum hb_err err = hb_buf_add(buf, hb_str_n(length, sizeof length));
    return err ? err : hb_buf_add(buf, part);
}

static enum hb_err add_place(struct hb_buf *buf, struct hb_seal_place place, struct hb_str key_id)
{
    const struct hb_str parts[] = {HB_STR(SEAL_VERSION), place.store, place.kind, place.id, place.field, key_id};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        enum hb_err err = add_part(buf, parts[i]);
        if (err)
            return err;
    }
    return HB_OK;
}

static const unsigned char *bytes_of(struct hb_str s)
{
    return (const unsigned char *)s.ptr;
}

/* A cipher context with key, nonce and the place taken in; NULL if OpenSSL refuses. */
static EVP_CIPHER_CTX *begin(const struct hb_seal_key *key, const unsigned char *nonce, struct hb_str place,
                             int is_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;
    if (context && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key->key, nonce, is_sealing) == 1 &&
        EVP_CipherUpdate(context, NULL, &written, bytes_of(place), (int)place.len) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return NULL;
}

/* ret_box: nonce, ciphertext, tag. */
static enum hb_err encrypt(const struct hb_seal_key *key, struct hb_str place, struct hb_str secret,
                           unsigned char *ret_box)
{
    hb_random_bytes(ret_box, NONCE_BYTES);
    EVP_CIPHER_CTX *context = begin(key, ret_box, place, 1);
    if (!context)
        return HB_ERR_CRYPTO;
    unsigned char *at = ret_box + NONCE_BYTES, *tag = at + secret.len;
    int written = 0;
    bool is_done =
        (secret.len == 0 || EVP_CipherUpdate(context, at, &written, bytes_of(secret), (int)secret.len) == 1) &&
        EVP_CipherFinal_ex(context, tag, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return is_done ? HB_OK : HB_ERR_CRYPTO;
}

/* Writes box_bytes - nonce - tag bytes to ret_secret, which are the secret only if HB_OK comes back. */
static enum hb_err decrypt(const struct hb_seal_key *key, struct hb_str place, struct hb_str box,
                           unsigned char *ret_secret)
{
    size_t length = box.len - NONCE_BYTES - TAG_BYTES;
    EVP_CIPHER_CTX *context = begin(key, bytes_of(box), place, 0);
    if (!context)
        return HB_ERR_CRYPTO;
    unsigned char tag[TAG_BYTES];
    memcpy(tag, box.ptr + NONCE_BYTES + length, TAG_BYTES);
    int written = 0;
    bool is_genuine = (length == 0 || EVP_CipherUpdate(context, ret_secret, &written, bytes_of(box) + NONCE_BYTES,
                                                       (int)length) == 1) &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                      EVP_CipherFinal_ex(context, ret_secret + length, &written) == 1;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return is_genuine ? HB_OK : HB_ERR_SEALED;
}

/* Appends "v1.<key id>.<base64 of the box>". */
static enum hb_err add_sealed(struct hb_buf *ret_sealed, const char *key_id, const unsigned char *box, size_t box_bytes)
{
    char *text = malloc(HB_BASE64_TEXT_BYTES(box_bytes) + 1);
    if (!text)
        return HB_ERR_MEMORY;
    (void)hb_base64_write(hb_str_n((const char *)box, box_bytes), text);
    enum hb_err err = hb_buf_addf(ret_sealed, SEAL_VERSION ".%s.%s", key_id, text);
    free(text);
    return err;
}

enum hb_err hb_seal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str secret,
                    struct hb_buf *ret_sealed)
{
    if (secret.len > SECRET_BYTES_MAX)
        return HB_ERR_TOO_LARGE;
    const struct hb_seal_key *key = &keyring->keys[keyring->count - 1];
    struct hb_buf bound = hb_buf_make(PLACE_BYTES_MAX);
    enum hb_err err = add_place(&bound, place, hb_str_c(key->id));
    size_t box_bytes = NONCE_BYTES + secret.len + TAG_BYTES;
    unsigned char *box = malloc(box_bytes);
    if (!err && !box)
        err = HB_ERR_MEMORY;
    if (!err)
        err = encrypt(key, hb_buf_str(&bound), secret, box);
    if (!err)
        err = add_sealed(ret_sealed, key->id, box, box_bytes);
    free(box);
    hb_buf_deinit(&bound);
    return err;
}

/* Opens a decoded box into the buffer's own memory, so that no second copy of the secret is left behind. */
static enum hb_err open_box(const struct hb_seal_key *key, struct hb_seal_place place, struct hb_str box,
                            struct hb_buf *ret_secret)
{
    if (box.len < NONCE_BYTES + TAG_BYTES)
        return HB_ERR_SEALED;
    size_t length = box.len - NONCE_BYTES - TAG_BYTES;
    struct hb_buf bound = hb_buf_make(PLACE_BYTES_MAX);
    enum hb_err err = add_place(&bound, place, hb_str_c(key->id));
    if (!err)
        err = hb_buf_reserve(ret_secret, length);
    if (!err) {
        char *at = ret_secret->ptr + ret_secret->len;
        err = decrypt(key, hb_buf_str(&bound), box, (unsigned char *)at);
        if (err)
            hb_wipe(at, length);
        else
            ret_secret->len += length;
        ret_secret->ptr[ret_secret->len] = '\0';
    }
    hb_buf_deinit(&bound);
    return err;
}

enum hb_err hb_unseal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str sealed,
                      struct hb_buf *ret_secret)
{
    struct hb_str rest = sealed, version = {NULL, 0}, key_id = {NULL, 0};
    (void)hb_str_split(&rest, '.', &version);
    (void)hb_str_split(&rest, '.', &key_id);
    if (!hb_str_eq(version, HB_STR(SEAL_VERSION)) || key_id.len == 0 || rest.len == 0 ||
        rest.len > 2 * SECRET_BYTES_MAX)
        return HB_ERR_SEALED;
    const struct hb_seal_key *key = hb_keyring_find(keyring, key_id);
    if (!key)
        return HB_ERR_NOT_FOUND;
    size_t box_bytes = hb_base64_size(rest);
    if (box_bytes == SIZE_MAX)
        return HB_ERR_SEALED;
    unsigned char *box = malloc(box_bytes + 1);
    if (!box)
        return HB_ERR_MEMORY;
    enum hb_err err = hb_base64_read(rest, box) ? HB_ERR_SEALED : HB_OK;
    if (!err)
        err = open_box(key, place, hb_str_n((const char *)box, box_bytes), ret_secret);
    free(box);
    return err;
}

enum hb_err hb_reseal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str sealed,
                      struct hb_buf *ret_sealed)
{
    struct hb_buf secret = hb_buf_make(SECRET_BYTES_MAX);
    enum hb_err err = hb_unseal(keyring, place, sealed, &secret);
    if (!err)
        err = hb_seal(keyring, place, hb_buf_str(&secret), ret_sealed);
    if (secret.ptr)
        hb_wipe(secret.ptr, secret.capacity);
    hb_buf_deinit(&secret);
    return err;
}
