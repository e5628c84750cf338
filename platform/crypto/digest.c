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

/* False: refused, which can only be for want of memory. Without a key the context keeps the one it has. */
static bool sign(EVP_MAC_CTX *context, const struct hb_str *pieces, size_t count,
                 unsigned char ret_digest[HB_SHA256_BYTES])
{
    if (EVP_MAC_init(context, NULL, 0, NULL) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len > 0 && EVP_MAC_update(context, (const unsigned char *)pieces[i].ptr, pieces[i].len) != 1)
            return false;
    size_t written = 0;
    return EVP_MAC_final(context, ret_digest, &written, HB_SHA256_BYTES) == 1 && written == HB_SHA256_BYTES;
}

/* OpenSSL 3.0.0 to 3.0.2 say that an HMAC begins anew without a key and do nothing (openssl issue 17811): from the
 * second message on every signature would be wrong, and only receivers would find out. */
static bool signs_again(EVP_MAC_CTX *context)
{
    static const struct hb_str MESSAGE = {"again", sizeof "again" - 1};
    unsigned char first[HB_SHA256_BYTES], second[HB_SHA256_BYTES];
    return sign(context, &MESSAGE, 1, first) && sign(context, &MESSAGE, 1, second) &&
           memcmp(first, second, sizeof first) == 0;
}

enum hb_err hb_hmac_new(const unsigned char *key, size_t key_bytes, struct hb_hmac **ret_hmac)
{
    HB_ASSERT(key && key_bytes > 0);
    struct hb_hmac *hmac = malloc(sizeof *hmac);
    if (!hmac)
        return HB_ERR_MEMORY;
    hmac->context = prepare(key, key_bytes);
    if (!hmac->context || !signs_again(hmac->context)) {
        EVP_MAC_CTX_free(hmac->context);
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
    HB_ASSERT(sign(hmac->context, pieces, count, ret_digest)); /* nothing may go out unsigned */
}
