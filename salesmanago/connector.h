/* Job: a SALESmanago connector as its registry records say it: what the operator set, and why it was paused.
 *
 * Place: `connector/<store>/<connector>` is written by the api (through the pen), `connector-state/…` by the worker
 * that met the reason (docs/schemas/records.md). A store has one, of the id HB_CONNECTOR_ID. Owns / borrows: a
 * connector that was read owns its document, and its views point into it; one that is filled to be written borrows
 * everything. The key is only ever here as it is sealed: hb_connector_place says to what it is bound. Fails:
 * HB_ERR_INVALID (not such a record), HB_ERR_VERSION (written by a newer hookbus), HB_ERR_MEMORY, HB_ERR_FULL. Limits:
 * below. Threads: one at a time.
 *
 * Example:
 *     struct hb_connector connector;
 *     err = hb_connector_read(hb_registry_record(registry, hb_connector_key(HB_CONNECTOR_RECORD, store, id, text)),
 *                             &connector);
 *     err = hb_unseal(keyring, hb_connector_place(connector.store, connector.id), connector.sealed_key, &key); */
#ifndef SALESMANAGO_CONNECTOR_H
#define SALESMANAGO_CONNECTOR_H

#include "hookbus/event.h"
#include "hookbus/time.h"
#include "platform/crypto/crypto.h"

struct hb_json;

#define HB_CONNECTOR_KIND "salesmanago"
#define HB_CONNECTOR_ID "salesmanago"
#define HB_CONNECTOR_BASE_URL "https://api.salesmanago.com"
/* What the records' keys begin with; HB_CONNECTOR_… "/" store "/" connector ["/" more]. */
#define HB_CONNECTOR_RECORD "connector"
#define HB_CONNECTOR_STATE "connector-state"
#define HB_CONNECTOR_POSITION "connector-position"
#define HB_CONNECTOR_DEAD "connector-dead"
#define HB_CONNECTOR_STATUS "connector-status"

#define HB_CONNECTOR_KEY_MAX ((size_t)256)       /* of a registry key; a product's that would be longer is a hash */
#define HB_CONNECTOR_NAME_MAX 128                /* bytes */
#define HB_CONNECTOR_URL_MAX 512                 /* bytes */
#define HB_CONNECTOR_PRODUCTS_MAX 1000           /* of one replay of dead products */
#define HB_CONNECTOR_RECORD_BYTES_MAX ((size_t)120 * 1024)
#define HB_CONNECTOR_WORDS_MAX 512               /* SALESmanago's own words, cut */

/* X(NAME, text): what the operator wants. */
#define HB_CONNECTOR_STATUSES(X) X(ACTIVE, "active") X(PAUSED, "paused") X(DELETED, "deleted")
enum hb_connector_status {
#define HB_CONNECTOR_STATUS_ENUM(name, text) HB_CONNECTOR_##name,
    HB_CONNECTOR_STATUSES(HB_CONNECTOR_STATUS_ENUM)
#undef HB_CONNECTOR_STATUS_ENUM
        HB_CONNECTOR_STATUS_COUNT
};

/* X(NAME, text, what to do): why a worker paused it. */
#define HB_CONNECTOR_PAUSES(X)                                                                                         \
    X(KEY_REFUSED, "key_refused",                                                                                      \
      "SALESmanago does not take the API key: it has expired or was revoked. Make a new one (Integration Center, "     \
      "API, API v3) and connect again: hookbus salesmanago connect")                                                   \
    X(CATALOG_UNKNOWN, "catalog_unknown",                                                                              \
      "SALESmanago does not know the catalog. Look at hookbus salesmanago catalogs, and choose another: "              \
      "hookbus salesmanago connect --catalog ID")                                                                      \
    X(OVER_LIMIT, "over_limit",                                                                                        \
      "A limit of the SALESmanago account is reached. Make room or have it raised there, then: "                       \
      "hookbus salesmanago resume")                                                                                    \
    X(MAPPING_REFUSED, "mapping_refused",                                                                              \
      "SALESmanago refuses most products for the same field, so the mapping is at fault, not the products. Look at "   \
      "hookbus salesmanago mapping show, mend it, then: hookbus salesmanago resume")                                   \
    X(TOO_MANY_DEAD, "too_many_dead",                                                                                  \
      "So many products were refused that no more are remembered. See why: hookbus salesmanago dead list; mend them, " \
      "then: hookbus salesmanago resume and hookbus salesmanago dead replay")
enum hb_connector_pause {
#define HB_CONNECTOR_PAUSE_ENUM(name, text, todo) HB_CONNECTOR_PAUSE_##name,
    HB_CONNECTOR_PAUSES(HB_CONNECTOR_PAUSE_ENUM)
#undef HB_CONNECTOR_PAUSE_ENUM
        HB_CONNECTOR_PAUSE_COUNT
};

struct hb_connector_catalog {
    struct hb_str id, name, currency, location; /* all but id may be empty */
};

/* Something the operator asked for once: a full sync, a replay of the dead. */
struct hb_connector_wish {
    struct hb_str id; /* empty: nothing was asked; another id: asked anew */
    struct hb_wall at;
};

struct hb_connector {
    struct hb_buf text;   /* of a connector that was read: its record */
    struct hb_json *json; /* and its document */
    struct hb_str id, store, name, base_url;
    int64_t revision;         /* one more with each change */
    int64_t enabled_revision; /* of the last connect or resume: a state made under an older one is void */
    enum hb_connector_status status;
    struct hb_str sealed_key;
    struct hb_connector_catalog catalog;
    struct hb_str language; /* empty: the products' own texts */
    struct hb_str mapping;  /* JSON text of an object; empty: the default */
    struct hb_connector_wish sync, replay;
    struct hb_str *products; /* of the replay; count 0: all dead ones. Owned by a connector that was read */
    size_t products_count;
    struct hb_wall created, updated;
};

/* From a record's value (no value: HB_ERR_NOT_FOUND). Nothing needs to be freed after an error. */
HB_MUST_USE enum hb_err hb_connector_read(struct hb_str value, struct hb_connector *ret_connector);
/* Of a connector that was read; again is no error. */
void hb_connector_deinit(struct hb_connector *connector);
/* Appends the record's value. */
HB_MUST_USE enum hb_err hb_connector_write(const struct hb_connector *connector, struct hb_buf *ret_value);

/* "<kind>/<store>/<connector>", a view of ret_key. `connector` empty: what the keys of a store's begin with. */
struct hb_str hb_connector_key(const char *kind, struct hb_str store, struct hb_str connector,
                               char ret_key[HB_CONNECTOR_KEY_MAX]);
/* Store and connector of a key of that kind ("connector/demo/salesmanago"), and what follows them (`ret_rest` empty:
 * nothing); false if it is none. Views of the key. */
bool hb_connector_key_read(const char *kind, struct hb_str key, struct hb_str *ret_store, struct hb_str *ret_connector,
                           struct hb_str *ret_rest);
/* To what the API key is sealed. */
struct hb_seal_place hb_connector_place(struct hb_str store, struct hb_str connector);
/* Puts stars where `key` stands in `text` (NUL-terminated): who is called may say back what he was sent, and his words
 * go on into answers, logs and records. */
void hb_connector_hide_key(char *text, struct hb_str key);
/* "active" … */
const char *hb_connector_status_text(enum hb_connector_status status);

/* ---- why it is paused, as a worker met it ---- */

struct hb_connector_state {
    struct hb_json *json;
    int64_t revision; /* of the connector then; void when below its enabled_revision */
    bool is_paused;
    enum hb_connector_pause reason; /* when paused */
    int64_t code;                   /* SALESmanago's reason code; 0: none */
    struct hb_str field;            /* empty: none */
    struct hb_str words;            /* SALESmanago's; empty: none */
    struct hb_wall at;
    struct hb_str worker;
};
/* From a record's value (no value: not paused). */
HB_MUST_USE enum hb_err hb_connector_state_read(struct hb_str value, struct hb_connector_state *ret_state);
void hb_connector_state_deinit(struct hb_connector_state *state);
/* Appends the record's value. */
HB_MUST_USE enum hb_err hb_connector_state_write(const struct hb_connector_state *state, struct hb_buf *ret_value);
/* Whether the state holds the connector: paused, and not made under an older life of it. */
bool hb_connector_state_holds(const struct hb_connector_state *state, const struct hb_connector *connector);
/* "key_refused" …, and a sentence that says what to do. */
const char *hb_connector_pause_text(enum hb_connector_pause reason);
const char *hb_connector_pause_todo(enum hb_connector_pause reason);

#endif
