/* Job: says whether a webhook was signed with one of our secrets, as a receiver has to.
 *
 * Place: `hookbus listen`; an example of what a receiver does. Source: Standard Webhooks specification 1.0:
 * HMAC-SHA256 over "<id>.<timestamp>.<body>", one of several "v1,<base64>" must fit, and the timestamp must be near.
 * Owns / borrows: opened secrets, freed by _free. Fails: HB_ERR_INVALID (not a secret), HB_ERR_MEMORY. Threads: one. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

#define HB_VERIFY_SECRETS_MAX 16
#define HB_VERIFY_TOLERANCE_S 300

/* HB_VERDICTS_OF_VERIFY(NAME, text) */
#define HB_VERIFIES(X)                                                                             \
    X(OK, "verified")                                                                              \
    X(UNCHECKED, "no secret given")                                                                \
    X(NO_HEADERS, "webhook-id, -timestamp or -signature is missing")                               \
    X(BAD_TIMESTAMP, "the timestamp is not a number")                                              \
    X(TOO_OLD, "the timestamp is more than 5 minutes old")                                         \
    X(TOO_NEW, "the timestamp is more than 5 minutes ahead")                                       \
    X(WRONG, "no signature fits")
enum hb_verify {
#define HB_VERIFY_ENUM(name, text) HB_VERIFY_##name,
    HB_VERIFIES(HB_VERIFY_ENUM)
#undef HB_VERIFY_ENUM
        HB_VERIFY_COUNT
};

struct hb_verifier;

/* secrets: "whsec_…" texts. Without any, everything is UNCHECKED. */
HB_MUST_USE enum hb_err hb_verifier_new(const char *const *secrets, size_t count, struct hb_verifier **ret_verifier,
                                        struct hb_error *reterr);
void hb_verifier_free(struct hb_verifier **verifier);

struct hb_signed {
    struct hb_str id;
    struct hb_str timestamp;
    struct hb_str signature;
    struct hb_str body;
};
enum hb_verify hb_verify(struct hb_verifier *verifier, const struct hb_signed *request, struct hb_wall now);
const char *hb_verify_text(enum hb_verify verify);

#endif
