/* Job: stores, webhooks and API keys in memory, read from the registry topic.
 *
 * Place: every role keeps one. Reads `registry` from its beginning with committed records only, then follows it.
 * Gives immutable snapshots of webhooks (include/hookbus/webhook.h) to producer/, dispatcher/ and the API.
 * Owns / borrows: the registry owns its memory; a webhook snapshot taken with hb_webhook_ref outlives a change until
 * it is unref'ed.
 * Fails: HB_ERR_AWAY, HB_ERR_CONFIG, HB_ERR_VERSION (a record of a newer hookbus: is_stopped, red).
 * Limits: what the topic holds. Threads: the loop's. */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "hookbus/webhook.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_loop;
struct hb_keyring;
struct hb_registry;

#define HB_STORE_NAME_MAX 128
/* What one store may keep. Each webhook costs every process its snapshot (up to some 32 KiB of filter and headers) and
 * each of the store's events one look at it, on a loop all stores share: far above any shop's need, far below what
 * hurts the others. A deleted one counts for HB_DELETED_COUNTS_MS, or making and deleting in turns would have no limit.
 * Changes that are written together are judged together: what waits in one transaction may pass the limit by its
 * size. */
#define HB_STORE_WEBHOOKS_MAX 10000
#define HB_DELETED_COUNTS_MS (36 * 24 * HB_MS_PER_HOUR) /* as long as its events and attempts are kept */
/* Keys that still open something: neither revoked nor expired. A thousand is every person and machine of a large
 * shop. */
#define HB_STORE_KEYS_MAX 1000

struct hb_store {
    struct hb_str id;
    struct hb_str name;
    int64_t revision;
    bool is_deleted;
    bool checks_schemas;
    struct hb_wall created;
};

/* HB_SCOPE(NAME, text) */
#define HB_SCOPES(X) X(PUBLISH, "publish") X(READ, "read") X(READ_DATA, "read:data") X(MANAGE, "manage")
enum hb_scope {
#define HB_SCOPE_ENUM(name, text) HB_SCOPE_##name,
    HB_SCOPES(HB_SCOPE_ENUM)
#undef HB_SCOPE_ENUM
        HB_SCOPE_COUNT
};

struct hb_api_key {
    struct hb_str prefix;
    struct hb_str name;
    struct hb_str store;    /* empty: all stores */
    unsigned scopes;        /* bit 1 << enum hb_scope */
    struct hb_wall expires; /* INT64_MAX: never */
    bool is_revoked;
    unsigned char hash[32];
};

struct hb_registry_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    const struct hb_keyring *keyring;    /* NULL: no secret can be opened; hb_registry_has_keys is false */
    const struct hb_log_context *log;
    /* A webhook was made (old NULL), changed, or removed (new NULL). May be NULL. */
    void (*webhook_changed)(void *user, const struct hb_webhook *old_webhook, struct hb_webhook *new_webhook);
    /* Called once when the end seen at start was reached. May be NULL. */
    void (*became_current)(void *user);
    void *user;
};
HB_MUST_USE enum hb_err hb_registry_new(const struct hb_registry_options *options, struct hb_registry **ret_registry,
                                        struct hb_error *reterr);
void hb_registry_free(struct hb_registry **registry);

/* Whether the end seen at start was reached: before that nothing may be concluded from something missing. */
bool hb_registry_is_current(const struct hb_registry *registry);
/* Whether a keyring is at hand. Without one no secret is open: whoever signs must stop, red. */
bool hb_registry_has_keys(const struct hb_registry *registry);
/* NULL while all is well; else a sentence (a newer record, brokers away at start). */
const char *hb_registry_trouble(const struct hb_registry *registry);
/* Offset of the last record applied, -1 before the first: the stamp of events, and what read-your-writes waits for. */
int64_t hb_registry_applied(const struct hb_registry *registry);
/* The end of the topic as last seen (an offset nothing was at yet): a stamp at or beyond it is a lie once the registry
 * is current and the end was asked again. */
int64_t hb_registry_end(const struct hb_registry *registry);
/* Asks the cluster for the end anew, without waiting: hb_registry_end_known says when the answer is there. */
void hb_registry_ask_end(struct hb_registry *registry);
/* Whether hb_registry_end answers a question asked after `since` (monotonic): only then is a stamp beyond it a lie. */
bool hb_registry_end_known(const struct hb_registry *registry, struct hb_mono since);
/* Calls `fn` once (never from inside this call) when applied >= offset, or with HB_ERR_TIMEOUT after timeout_ms. */
typedef void hb_registry_reached_fn(void *user, enum hb_err err);
HB_MUST_USE enum hb_err hb_registry_when(struct hb_registry *registry, int64_t offset, int timeout_ms,
                                         hb_registry_reached_fn *fn, void *user);

/* No callback with this user comes any more. hb_registry_free drops what still waits, without a call. */
void hb_registry_when_cancel(struct hb_registry *registry, const void *user);

/* NULL if unknown. A deleted store is given, with is_deleted. Valid until the next turn of the loop. */
const struct hb_store *hb_registry_store(const struct hb_registry *registry, struct hb_str store);
/* All webhooks of a store that are not deleted, any status. Valid until the next turn of the loop (take refs to
 * keep). */
struct hb_webhook *const *hb_registry_webhooks(const struct hb_registry *registry, struct hb_str store,
                                               size_t *ret_count);
/* Whether a store may have one more webhook (HB_STORE_WEBHOOKS_MAX) or key (HB_STORE_KEYS_MAX) as of `now`. The keys
 * for all stores have no limit: store empty is true. */
bool hb_registry_has_webhook_room(const struct hb_registry *registry, struct hb_str store, struct hb_wall now);
bool hb_registry_has_key_room(const struct hb_registry *registry, struct hb_str store, struct hb_wall now);
/* One webhook, also a deleted one; NULL if unknown. */
struct hb_webhook *hb_registry_webhook(const struct hb_registry *registry, struct hb_str store, struct hb_str id);
/* The same by its id alone: ids are unique over all stores. */
struct hb_webhook *hb_registry_webhook_by_id(const struct hb_registry *registry, struct hb_str id);
struct hb_webhook *hb_webhook_ref(struct hb_webhook *webhook);
/* NULL is allowed; sets the pointer to NULL. */
void hb_webhook_unref(struct hb_webhook **webhook);

/* The key of a bearer token "hbk_<prefix>_<secret>"; NULL if unknown, wrong, revoked or expired at `now`. Constant time
 * in the secret. */
const struct hb_api_key *hb_registry_authenticate(const struct hb_registry *registry, struct hb_str token,
                                                  struct hb_wall now);
/* Calls `fn` for each store / key, in the order of their ids. */
void hb_registry_each_store(const struct hb_registry *registry, void (*fn)(void *user, const struct hb_store *store),
                            void *user);
void hb_registry_each_key(const struct hb_registry *registry, void (*fn)(void *user, const struct hb_api_key *key),
                          void *user);
/* The raw value of a registry record as last applied (JSON), or empty: for the API that shows and changes objects. */
struct hb_str hb_registry_record(const struct hb_registry *registry, struct hb_str key);

#endif
