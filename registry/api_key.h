/* Job: API keys: their tokens and their records.
 *
 * A token is "hbk_" + 8 base32 characters (the prefix: public, finds the key) + "_" + 52 base32 characters (256
 * random bits). Only the SHA-256 of the whole token is kept. Place: registry/apply reads records, the API makes
 * them.
 * Owns / borrows: views of a read key point into the document. Fails: HB_ERR_INVALID. Threads: no shared state. */
#ifndef REGISTRY_API_KEY_H
#define REGISTRY_API_KEY_H

#include "platform/json/json.h"
#include "registry/registry.h"

#define HB_KEY_PREFIX_BYTES 8
#define HB_KEY_SECRET_BYTES 52
#define HB_KEY_TOKEN_BYTES (4 + HB_KEY_PREFIX_BYTES + 1 + HB_KEY_SECRET_BYTES)
#define HB_KEY_NAME_MAX 128
#define HB_KEY_SCOPES_ALL ((1U << HB_SCOPE_COUNT) - 1)

/* A new random token and a NUL. */
void hb_key_token_make(char ret_token[HB_KEY_TOKEN_BYTES + 1]);
/* The prefix of a token; empty if it has not the form of one. */
struct hb_str hb_key_token_prefix(struct hb_str token);

/* The word of a scope, and back: -1 if unknown. */
const char *hb_scope_text(enum hb_scope scope);
int hb_scope_find(struct hb_str text);
/* What the scopes allow: manage includes read and publish; read:data is only given by name. */
unsigned hb_scopes_effective(unsigned scopes);

/* Reads a record. Unknown scopes of a later hookbus are left out. */
HB_MUST_USE enum hb_err hb_api_key_read(const struct hb_json *record, struct hb_api_key *ret_key);
/* Appends the record's JSON. */
HB_MUST_USE enum hb_err hb_api_key_write(const struct hb_api_key *key, struct hb_wall created, struct hb_buf *ret_text);
/* Adds the members that the record and an API answer share: everything but the hash. */
void hb_api_key_add_common(struct hb_json_writer *w, const struct hb_api_key *key);

#endif
