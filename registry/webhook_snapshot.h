/* Job: makes the immutable snapshot of a webhook from its configuration record.
 *
 * Place: registry/apply gives it to the other rooms (hb_webhook_ref, hb_webhook_unref are in registry.h).
 * Owns / borrows: a snapshot owns all its memory; opened secrets are wiped when the last reference goes.
 * Fails: HB_ERR_MEMORY, HB_ERR_INVALID (types or filter that do not compile). A secret that cannot be opened is no
 * failure: is_secret_damaged. Threads: one loop thread; references are counted without locks. */
#ifndef REGISTRY_WEBHOOK_SNAPSHOT_H
#define REGISTRY_WEBHOOK_SNAPSHOT_H

#include "registry/webhook_config.h"

struct hb_keyring;

struct hb_snapshot_facts {
    const struct hb_keyring *keyring; /* NULL: secrets stay closed: none in the snapshot, not damaged */
    int64_t created_offset;
    struct hb_wall created;
    enum hb_webhook_status status; /* joined from configuration, run-time state and store */
    struct hb_wall resting_until;  /* ms 0: it does not rest */
};

/* A new snapshot with one reference. */
HB_MUST_USE enum hb_err hb_webhook_snapshot_new(const struct hb_webhook_config *config,
                                                const struct hb_snapshot_facts *facts, struct hb_webhook **ret_webhook);

#define HB_SECRET_TEXT_PREFIX "whsec_"
#define HB_SECRET_KEY_BYTES_MAX 64
/* The raw key of "whsec_<base64>". HB_ERR_INVALID: not that, or not 24..64 bytes. */
HB_MUST_USE enum hb_err hb_secret_decode(struct hb_str text, unsigned char ret_key[HB_SECRET_KEY_BYTES_MAX],
                                         size_t *ret_bytes);

#endif
