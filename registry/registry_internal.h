/* Job: the registry's tables, for its own files and tests only.
 *
 * Place: follow.c brings records in, apply.c turns them into entries here, registry.c answers questions, wait.c
 * calls back who waits for an offset. Owns: hb_registry owns every entry; entries own their texts; views between
 * entries point to the longer-lived one (webhook -> store). Threads: the loop's. */
#ifndef REGISTRY_REGISTRY_INTERNAL_H
#define REGISTRY_REGISTRY_INTERNAL_H

#include "core/map.h"
#include "registry/registry.h"

struct hb_watch;
struct hb_timer;
struct hb_json;

#define HB_REGISTRY_RECORD_VERSION 1 /* but HB_WEBHOOK_RECORD_VERSION of a webhook's */
#define HB_REGISTRY_KEY_MAX 256 /* bytes of a record's key */
#define HB_REGISTRY_AUDIT_MAX 10000

/* A record as last applied. Key and value stand behind the struct, in one allocation. */
struct registry_record {
    struct hb_str key;
    struct hb_str value;
    int64_t offset;
    struct hb_wall appended;
};

struct registry_store {
    struct hb_store store; /* views into id and name */
    struct registry_record *record; /* NULL: only webhooks of it were met so far */
    struct hb_webhook **webhooks;   /* not deleted ones, sorted by id */
    size_t webhooks_count, webhooks_capacity;
    size_t webhooks_kept; /* deleted ones too */
    char id[HB_ID_MAX + 1];
    char name[HB_STORE_NAME_MAX];
};

struct registry_webhook {
    char id[HB_ID_MAX + 1];
    struct registry_store *store;
    struct registry_record *record;
    struct hb_webhook *snapshot;
    int64_t created_offset;
    struct hb_wall created;
    int64_t enabled_revision;
};

/* Run-time state of a webhook: two records with different writers. `record` NULL: there is none. */
struct registry_state {
    char webhook[HB_ID_MAX + 1];
    struct {
        struct registry_record *record;
        int64_t revision;
        struct hb_wall until; /* ms 0: it does not rest */
    } rest;                   /* by the shard's owner */
    struct {
        struct registry_record *record;
        int64_t revision;
    } disabled; /* by whoever got a 410, or the shard's owner */
};

struct registry_key {
    struct hb_api_key key; /* views into `record` or `text` */
    struct hb_buf text;
};

struct registry_waiter {
    struct registry_waiter *next;
    int64_t offset;
    int64_t deadline_us;
    hb_registry_reached_fn *fn;
    void *user;
};

struct hb_registry {
    struct hb_loop *loop;
    const struct hb_keyring *keyring;
    const struct hb_log_context *log;
    void (*webhook_changed)(void *user, const struct hb_webhook *old_webhook, struct hb_webhook *new_webhook);
    void (*became_current)(void *user);
    void *user;

    struct hb_kafka_reader *reader;
    struct hb_watch *watch;
    struct hb_timer *poll_timer;
    struct hb_timer *wait_timer;
    struct registry_waiter *waiters;

    struct hb_map records, stores, webhooks, states, keys;
    struct registry_record **audit; /* in the order they were written */
    size_t audit_count, audit_capacity;

    int64_t applied, end;
    struct hb_wall newest; /* Kafka's own time of the newest record applied */
    struct hb_mono end_asked, end_answered; /* when it was asked for last, and the question the known end answers */
    uint64_t unreadable_count;
    bool is_current;
    bool is_stopped;
    bool is_away;
    char trouble[HB_ERROR_TEXT_MAX];
};

/* One record of the topic. value.ptr NULL: a tombstone. */
struct registry_input {
    struct hb_str key;
    struct hb_str value;
    int64_t offset;
    struct hb_wall appended;
};

/* ---- registry.c ---- */
/* The tables alone, without a topic to follow (tests feed hb_registry_apply themselves). loop may be NULL then. */
HB_MUST_USE enum hb_err hb_registry_make(const struct hb_registry_options *options, struct hb_registry **ret_registry);
/* Audit records kept, oldest first. */
size_t hb_registry_audit(const struct hb_registry *registry, struct registry_record *const **ret_records);

/* ---- apply.c ---- */
/* Applies one record. HB_ERR_VERSION: written by a newer hookbus, nothing changed, and nothing behind it may be
 * applied. HB_ERR_MEMORY. One that cannot be read is counted and logged, and what was there before stays. */
HB_MUST_USE enum hb_err hb_registry_apply(struct hb_registry *registry, const struct registry_input *input);
/* Frees all entries. */
void hb_registry_clear(struct hb_registry *registry);

/* ---- apply_webhook.c ---- */
HB_MUST_USE enum hb_err hb_registry_apply_webhook(struct hb_registry *registry, struct registry_record *record,
                                                  const struct hb_json *json);
void hb_registry_forget_webhook(struct hb_registry *registry, struct registry_record *record);
/* Makes a webhook's snapshot anew (its run-time state changed). One that is unknown is no error. */
HB_MUST_USE enum hb_err hb_registry_refresh_webhook(struct hb_registry *registry, struct hb_str webhook);
/* Makes the snapshots of a store's webhooks anew (the store was deleted or came back). */
HB_MUST_USE enum hb_err hb_registry_refresh_store(struct hb_registry *registry, struct registry_store *store);
/* The entry of a store, made if there is none; NULL: no memory. */
struct registry_store *hb_registry_store_entry(struct hb_registry *registry, struct hb_str id);

/* ---- apply_state.c ---- */
HB_MUST_USE enum hb_err hb_registry_apply_state(struct hb_registry *registry, struct registry_record *record,
                                                const struct hb_json *json);
void hb_registry_forget_state(struct hb_registry *registry, struct registry_record *record);
HB_MUST_USE enum hb_err hb_registry_apply_disabled(struct hb_registry *registry, struct registry_record *record,
                                                   const struct hb_json *json);
void hb_registry_forget_disabled(struct hb_registry *registry, struct registry_record *record);
/* What the run-time state says for a configuration enabled at this revision; older state is void. ms 0: no rest. */
struct hb_wall hb_registry_rests_until(const struct hb_registry *registry, struct hb_str webhook,
                                       int64_t enabled_revision);
bool hb_registry_is_disabled(const struct hb_registry *registry, struct hb_str webhook, int64_t enabled_revision);
/* The records behind it; NULL: none that counts. */
const struct registry_record *hb_registry_rest_record(const struct hb_registry *registry, struct hb_str webhook);
const struct registry_record *hb_registry_disabled_record(const struct hb_registry *registry, struct hb_str webhook);

/* ---- follow.c ---- */
HB_MUST_USE enum hb_err hb_registry_follow(struct hb_registry *registry, const struct hb_registry_options *options,
                                           struct hb_error *reterr);
void hb_registry_unfollow(struct hb_registry *registry);

/* ---- wait.c ---- */
HB_MUST_USE enum hb_err hb_registry_wait_init(struct hb_registry *registry);
void hb_registry_wait_deinit(struct hb_registry *registry);
/* Calls back who waited for what is applied by now. */
void hb_registry_wait_check(struct hb_registry *registry);

#endif
