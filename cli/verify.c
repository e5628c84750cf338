#include "cli/verify.h"

#include <stdlib.h>

#include "core/base64.h"
#include "core/signature.h"
#include "platform/crypto/crypto.h"

#define V1_PREFIX "v1,"
#define V1_TEXT_BYTES 44 /* base64 of 32 bytes */

struct hb_verifier {
    size_t count;
    struct hb_hmac *hmacs[HB_VERIFY_SECRETS_MAX];
};

enum hb_err hb_verifier_new(const char *const *secrets, size_t count, struct hb_verifier **ret_verifier,
                            struct hb_error *reterr)
{
    struct hb_verifier *verifier;

    if (count > HB_VERIFY_SECRETS_MAX) {
        return hb_fail(reterr, HB_ERR_INVALID, "more than %d secrets", HB_VERIFY_SECRETS_MAX);
    }
    verifier = calloc(1, sizeof(*verifier));
    if (!verifier) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        unsigned char key[64];
        size_t key_bytes = 0;
        enum hb_err err = hb_signature_parse_secret(hb_str_c(secrets[i]), key, &key_bytes);

        err = err ? err : hb_hmac_new(key, key_bytes, &verifier->hmacs[i]);
        hb_wipe(key, sizeof(key));
        if (err) {
            hb_verifier_free(&verifier);
            return hb_fail(reterr, err, "secret %zu is not one: whsec_ and the base64 of 24 to 64 bytes is needed",
                           i + 1);
        }
        verifier->count++;
    }
    *ret_verifier = verifier;
    return HB_OK;
}

void hb_verifier_free(struct hb_verifier **verifier)
{
    if (!verifier || !*verifier) {
        return;
    }
    for (size_t i = 0; i < (*verifier)->count; i++) {
        hb_hmac_free(&(*verifier)->hmacs[i]);
    }
    free(*verifier);
    *verifier = NULL;
}

/* Whether one of the space-separated signatures is this digest. */
static bool has_digest(struct hb_str signatures, const unsigned char digest[HB_SHA256_BYTES])
{
    struct hb_str one;

    while (hb_str_split(&signatures, ' ', &one)) {
        unsigned char given[HB_SHA256_BYTES];

        if (one.len != strlen(V1_PREFIX) + V1_TEXT_BYTES || !hb_str_has_prefix(one, HB_STR(V1_PREFIX))) {
            continue;
        }
        struct hb_str text = hb_str_n(one.ptr + strlen(V1_PREFIX), V1_TEXT_BYTES);
        if (hb_base64_size(text) == HB_SHA256_BYTES && hb_base64_read(text, given) == HB_OK &&
            hb_equal_constant_time(given, digest, HB_SHA256_BYTES)) {
            return true;
        }
    }
    return false;
}

static enum hb_verify check_time(struct hb_str timestamp, struct hb_wall now)
{
    int64_t now_s = now.ms / HB_MS_PER_S;
    uint64_t at = 0;

    if (!hb_str_to_u64(timestamp, &at) || at > INT64_MAX / 2) {
        return HB_VERIFY_BAD_TIMESTAMP;
    }
    if ((int64_t)at < now_s - HB_VERIFY_TOLERANCE_S) {
        return HB_VERIFY_TOO_OLD;
    }
    return (int64_t)at > now_s + HB_VERIFY_TOLERANCE_S ? HB_VERIFY_TOO_NEW : HB_VERIFY_OK;
}

enum hb_verify hb_verify(struct hb_verifier *verifier, const struct hb_signed *request, struct hb_wall now)
{
    struct hb_str pieces[5];
    enum hb_verify verify;

    if (verifier->count == 0) {
        return HB_VERIFY_UNCHECKED;
    }
    if (request->id.len == 0 || request->timestamp.len == 0 || request->signature.len == 0) {
        return HB_VERIFY_NO_HEADERS;
    }
    verify = check_time(request->timestamp, now);
    if (verify != HB_VERIFY_OK) {
        return verify;
    }
    hb_signature_pieces(request->id, request->timestamp, request->body, pieces);
    for (size_t i = 0; i < verifier->count; i++) {
        unsigned char digest[HB_SHA256_BYTES];

        hb_hmac_sign(verifier->hmacs[i], pieces, 5, digest);
        if (has_digest(request->signature, digest)) {
            return HB_VERIFY_OK;
        }
    }
    return HB_VERIFY_WRONG;
}

const char *hb_verify_text(enum hb_verify verify)
{
    static const char *const TEXTS[HB_VERIFY_COUNT] = {
#define HB_VERIFY_TEXT(name, text) [HB_VERIFY_##name] = text,
        HB_VERIFIES(HB_VERIFY_TEXT)
#undef HB_VERIFY_TEXT
    };

    return TEXTS[verify];
}
