/* The one-shot and the fetched digest of OpenSSL 3.0 look the algorithm up on every call, which costs more than hashing
 * an id; the low-level functions do not, and are only discouraged. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "platform/crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <stdlib.h>

struct hb_hmac {
    EVP_MAC_CTX *context; /* keyed; begins anew with each signature */
};

void hb_sha256(struct hb_str data, unsigned char ret_digest[HB_SHA256_BYTES])
{
    SHA256_CTX context;
    HB_ASSERT(SHA256_Init(&context) == 1);
    HB_ASSERT(data.len == 0 || SHA256_Update(&context, data.ptr, data.len) == 1);
    HB_ASSERT(SHA256_Final(ret_digest, &context) == 1);
}

void hb_sha256_pair(struct hb_str a, struct hb_str b, unsigned char ret_digest[HB_SHA256_BYTES])
{
    SHA256_CTX context;
    HB_ASSERT(SHA256_Init(&context) == 1);
    HB_ASSERT(a.len == 0 || SHA256_Update(&context, a.ptr, a.len) == 1);
    HB_ASSERT(SHA256_Update(&context, "", 1) == 1);
    HB_ASSERT(b.len == 0 || SHA256_Update(&context, b.ptr, b.len) == 1);
    HB_ASSERT(SHA256_Final(ret_digest, &context) == 1);
}

/* A context keyed for HMAC-SHA256, or NULL. */
static EVP_MAC_CTX *prepare(const unsigned char *key, size_t key_bytes)
{
    static const char name[] = "SHA256";
    char digest[sizeof name];
    memcpy(digest, name, sizeof name);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac); /* the context holds its own reference */
    if (context && EVP_MAC_init(context, key, key_bytes, params) != 1) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    return context;
}

enum hb_err hb_hmac_new(const unsigned char *key, size_t key_bytes, struct hb_hmac **ret_hmac)
{
    HB_ASSERT(key && key_bytes > 0);
    struct hb_hmac *hmac = malloc(sizeof *hmac);
    if (!hmac)
        return HB_ERR_MEMORY;
    hmac->context = prepare(key, key_bytes);
    if (!hmac->context) {
        ERR_clear_error();
        free(hmac);
        return HB_ERR_CRYPTO;
    }
    *ret_hmac = hmac;
    return HB_OK;
}

void hb_hmac_free(struct hb_hmac **hmac)
{
    if (!hmac || !*hmac)
        return;
    EVP_MAC_CTX_free((*hmac)->context);
    free(*hmac);
    *hmac = NULL;
}

void hb_hmac_sign(struct hb_hmac *hmac, const struct hb_str *pieces, size_t count,
                  unsigned char ret_digest[HB_SHA256_BYTES])
{
    /* Without a key it keeps the one it has. Only memory can be missing, and nothing may go out unsigned. */
    HB_ASSERT(EVP_MAC_init(hmac->context, NULL, 0, NULL) == 1);
    for (size_t i = 0; i < count; i++)
        HB_ASSERT(pieces[i].len == 0 ||
                  EVP_MAC_update(hmac->context, (const unsigned char *)pieces[i].ptr, pieces[i].len) == 1);
    size_t written = 0;
    HB_ASSERT(EVP_MAC_final(hmac->context, ret_digest, &written, HB_SHA256_BYTES) == 1 && written == HB_SHA256_BYTES);
}
