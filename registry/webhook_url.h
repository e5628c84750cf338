/* Job: keeps the query of a webhook's URL sealed, since it may hold a token.
 *
 * Place: sealed when a record is written (api), opened when a snapshot is made; older records have their query in plain
 * text and are read as they are until their next change. The path is not sealed
 * (docs/decisions/0012-the-query-is-sealed-the-path-is-not.md).
 * Owns: nothing. Fails: as hb_seal and hb_unseal. Threads: any. */
#ifndef REGISTRY_WEBHOOK_URL_H
#define REGISTRY_WEBHOOK_URL_H

#include "registry/webhook_config.h"

struct hb_keyring;

/* Bytes hb_webhook_url_seal may add. */
#define HB_WEBHOOK_URL_SEALED_MAX (2 * HB_WEBHOOK_URL_MAX)

/* The query with its '?', in plain text; empty: none, or it is sealed. */
struct hb_str hb_webhook_url_plain_query(const struct hb_webhook_config *config);
/* Seals a plain query: url then ends before it, url_query is a view of the buffer, which must not grow afterwards. */
HB_MUST_USE enum hb_err hb_webhook_url_seal(struct hb_webhook_config *config, const struct hb_keyring *keyring,
                                            struct hb_buf *sealed);
/* Appends the whole URL. */
HB_MUST_USE enum hb_err hb_webhook_url_open(const struct hb_webhook_config *config, const struct hb_keyring *keyring,
                                            struct hb_buf *ret_url);

#endif
