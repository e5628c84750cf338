/* Job: a webhook's configuration record, field by field.
 *
 * Place: between the bytes of `webhook/<store>/<webhook>` (docs/schemas/records.md), the API's bodies and the
 * snapshot the other rooms use. Reading, changing and writing go through this one struct, so a field cannot be lost
 * on the way.
 * Owns / borrows: nothing; every view points into the document or text it was read from. Fails: HB_ERR_INVALID (a
 * record that is not what records.md says), HB_ERR_FULL, HB_ERR_MEMORY. Limits: the array sizes below. Threads: no
 * shared state. */
#ifndef REGISTRY_WEBHOOK_CONFIG_H
#define REGISTRY_WEBHOOK_CONFIG_H

#include "hookbus/webhook.h"
#include "platform/json/json.h"

#define HB_WEBHOOK_RECORD_VERSION 2
#define HB_WEBHOOK_SCHEDULE_MAX 32
#define HB_WEBHOOK_NAME_MAX 128
#define HB_WEBHOOK_TIMEOUT_MS_MIN 1000
#define HB_WEBHOOK_TIMEOUT_MS_MAX 30000
#define HB_WEBHOOK_RATE_COUNT_MAX 1000000
#define HB_WEBHOOK_RATE_PER_S_MAX 86400

/* HB_ORDER, HB_ON_DEAD: (NAME, text) */
#define HB_ORDERS(X) X(NONE, "none") X(PER_SUBJECT, "per_subject")
enum hb_order {
#define HB_ORDER_ENUM(name, text) HB_ORDER_##name,
    HB_ORDERS(HB_ORDER_ENUM)
#undef HB_ORDER_ENUM
        HB_ORDER_COUNT
};
#define HB_ON_DEADS(X) X(CONTINUE, "continue") X(HOLD, "hold")
enum hb_on_dead {
#define HB_ON_DEAD_ENUM(name, text) HB_ON_DEAD_##name,
    HB_ON_DEADS(HB_ON_DEAD_ENUM)
#undef HB_ON_DEAD_ENUM
        HB_ON_DEAD_COUNT
};

struct hb_config_header {
    struct hb_str name;
    struct hb_str value;  /* plain; empty when sealed */
    struct hb_str sealed; /* ptr NULL: plain */
};

struct hb_config_secret {
    struct hb_str sealed;
    struct hb_wall created;
    struct hb_wall expires; /* INT64_MAX: the current one */
};

struct hb_webhook_config {
    struct hb_str id, store, name;
    struct hb_str url;       /* up to its query when that is sealed (webhook_url.h) */
    struct hb_str url_query; /* sealed; ptr NULL: it has none, or `url` is the whole */
    int64_t revision, enabled_revision;
    int64_t created_offset; /* -1: this very record creates the webhook */
    struct hb_wall created; /* append time of the record that created it; INT64_MIN: of this very record */
    struct hb_wall updated;
    size_t types_count, changed_count, headers_count, secrets_count, schedule_count;
    struct hb_str types[HB_WEBHOOK_TYPES_MAX];
    struct hb_str changed[HB_WEBHOOK_CHANGED_MAX];
    struct hb_str filter; /* JSON text as it was given, byte for byte; empty: none */
    enum hb_format format;
    struct hb_config_header headers[HB_WEBHOOK_HEADERS_MAX];
    int64_t timeout_ms;
    struct hb_config_secret secrets[HB_WEBHOOK_SECRETS_MAX]; /* newest first */
    enum hb_webhook_status status;
    enum hb_order order;
    enum hb_on_dead on_dead;
    int64_t rate_count, rate_per_s; /* 0: no limit */
    int64_t schedule[HB_WEBHOOK_SCHEDULE_MAX];
};

/* A new webhook's defaults, without id, store, url, types. */
void hb_webhook_config_init(struct hb_webhook_config *ret_config, int64_t timeout_ms);
/* Reads a record: its document, and its text (for what must keep its bytes). Views live as both. */
HB_MUST_USE enum hb_err hb_webhook_config_read(const struct hb_json *record, struct hb_str text,
                                               struct hb_webhook_config *ret_config);
/* Appends the record's JSON. */
HB_MUST_USE enum hb_err hb_webhook_config_write(const struct hb_webhook_config *config, struct hb_buf *ret_text);
/* Adds the members an API answer and the record share: everything but secrets and header values. */
void hb_webhook_config_add_common(struct hb_json_writer *w, const struct hb_webhook_config *config);
/* "none", "per_subject"; "continue", "hold". -1 if unknown. */
int hb_order_find(struct hb_str text);
int hb_on_dead_find(struct hb_str text);
/* The status of a text, -1 if unknown. */
int hb_webhook_status_find(struct hb_str text);
/* The raw text of a member of a JSON object's text, byte for byte; empty if there is none or it is null. */
struct hb_str hb_raw_member(struct hb_str object_text, struct hb_str name);

#endif
