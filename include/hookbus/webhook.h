/* Job: a webhook (a subscriber's endpoint) as the registry knows it: an immutable, shared snapshot.
 *
 * A change makes a new snapshot; who holds an old one keeps it by a reference (registry/registry.h).
 * Configuration and run-time state are two records with two writers; the snapshot joins what both say.
 * Threads: one loop thread. */
#ifndef HOOKBUS_WEBHOOK_H
#define HOOKBUS_WEBHOOK_H

#include "hookbus/bytes.h"
#include "hookbus/event.h"
#include "hookbus/time.h"

#define HB_WEBHOOK_HEADERS_MAX 20
#define HB_WEBHOOK_URL_MAX 2048
#define HB_WEBHOOK_SECRETS_MAX 4   /* secrets that sign at the same time, while rotating */
#define HB_WEBHOOK_TYPES_MAX 64
#define HB_WEBHOOK_CHANGED_MAX 64
#define HB_WEBHOOK_HEADER_BYTES_MAX 8192 /* all names and values together */

/* HB_FORMAT(NAME, text): what a subscriber receives; made by core/render. */
#define HB_FORMATS(X)                                                                              \
    X(STANDARD, "standard")                                                                        \
    X(CLOUDEVENTS, "cloudevents")                                                                  \
    X(CLOUDEVENTS_BINARY, "cloudevents-binary")                                                    \
    X(DATA, "data")
enum hb_format {
#define HB_FORMAT_ENUM(name, text) HB_FORMAT_##name,
    HB_FORMATS(HB_FORMAT_ENUM)
#undef HB_FORMAT_ENUM
        HB_FORMAT_COUNT
};

/* What the operator set. */
#define HB_WEBHOOK_STATUSES(X) X(ACTIVE, "active") X(PAUSED, "paused") X(DISABLED, "disabled") X(DELETED, "deleted")
enum hb_webhook_status {
#define HB_STATUS_ENUM(name, text) HB_WEBHOOK_##name,
    HB_WEBHOOK_STATUSES(HB_STATUS_ENUM)
#undef HB_STATUS_ENUM
        HB_WEBHOOK_STATUS_COUNT
};

/* One signing secret, opened. Wiped when the snapshot is freed. */
struct hb_webhook_secret {
    unsigned char key[64];    /* raw bytes, base64-decoded from whsec_… */
    size_t key_bytes;         /* 24..64, Standard Webhooks */
    struct hb_wall expires;   /* signs until then; INT64_MAX: the current one */
};

struct hb_selection; /* core/selection.h: compiled event types, changed triggers */
struct hb_filter;    /* core/filter.h: compiled filter on data */

struct hb_webhook {
    struct hb_str id;    /* wh_… */
    struct hb_str store;
    int64_t revision;    /* grows by one with each change of the configuration */
    int64_t created_offset; /* registry offset of the record that created it */
    struct hb_wall created; /* append time of that record */
    struct hb_str url;
    enum hb_format format;
    enum hb_webhook_status status; /* disabled: by the operator or by run-time state */
    bool is_governed;              /* per_subject order or a rate limit: slow path only */
    bool is_secret_damaged;        /* its own sealed secret cannot be opened although the key is at hand */
    int timeout_ms;                /* total, 1000..30000 */
    size_t headers_count;
    const struct hb_name_value *headers;
    size_t secrets_count;          /* newest first */
    const struct hb_webhook_secret *secrets;
    const struct hb_selection *selection;
    const struct hb_filter *filter; /* NULL: none */
    /* The slow path's: */
    bool is_ordered;                /* order per_subject */
    bool holds_dead;                /* on_dead hold: a dead delivery of an ordered subject keeps the next ones waiting */
    int64_t rate_count, rate_per_s; /* at most so many deliveries each so many seconds; 0: no limit */
    size_t schedule_count;          /* 0: the default one (core/schedule.h) */
    const int64_t *schedule_s;      /* waits before each attempt, in seconds */
    int64_t enabled_revision;       /* run-time state made under an older one is void */
    /* Run-time state, by the owner of its shard: it rests until then, everyone parks. ms 0: it does not. */
    struct hb_wall resting_until;
};

/* "standard" …; and back: -1 if unknown. */
const char *hb_format_text(enum hb_format format);
int hb_format_find(struct hb_str text);
/* "active" … */
const char *hb_webhook_status_text(enum hb_webhook_status status);

#endif
