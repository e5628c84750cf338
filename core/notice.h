/* Job: our own notices: what hookbus tells a store about its webhooks and connectors, as an event of type hookbus.*.
 *
 * Place: made by the owner of the webhook's shard (retry/notices) or the connector's worker (salesmanago/pause),
 * published as every other event, delivered to the webhooks that name its type (`*` never matches it). Written once: id
 * and data are made of webhook, kind and revision alone, so one that a crash writes again is a repeat with the same
 * bytes, not another notice. Owns: nothing. Fails: HB_ERR_MEMORY, HB_ERR_FULL of the buffer. Threads: any.
 *
 * Example:
 *     hb_notice_id(&notice, digest, id);                    digest: SHA-256 of what hb_notice_seed wrote
 *     if (!hb_notice_is_id(event.id)) { tell(); }    no notice about the delivery of a notice */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

#include "hookbus/bytes.h"
#include "hookbus/event.h"

/* HB_NOTICE(NAME, state, type, what) */
#define HB_NOTICES(X)                                                                                                  \
    X(FAILING, "failing", "hookbus.webhook.failing",                                                                   \
      "A delivery used up its schedule or was refused for good. List them: hookbus delivery list --state dead")        \
    X(DISABLED, "disabled", "hookbus.webhook.disabled",                                                                \
      "hookbus disabled the webhook: it answered 410, or failed for five days. Mend it, then: hookbus webhook enable")    \
    X(CONNECTOR_PAUSED, "paused", "hookbus.connector.paused",                                                          \
      "SALESmanago refuses everything of this store, and hookbus paused the connector; nothing is lost. See why and "  \
      "what to do: hookbus salesmanago status")                                                                        \
    X(CONNECTOR_RESUMED, "resumed", "hookbus.connector.resumed",                                                       \
      "The connector was resumed; what it missed is sent now")

enum hb_notice_kind {
#define HB_NOTICE_ENUM(name, state, type, what) HB_NOTICE_##name,
    HB_NOTICES(HB_NOTICE_ENUM)
#undef HB_NOTICE_ENUM
        HB_NOTICE_COUNT
};

#define HB_NOTICE_ID_BYTES 30 /* "hbn_" + 26 */
#define HB_NOTICE_SEED_MAX (HB_ID_MAX + 64)
#define HB_NOTICE_DATA_MAX 512

struct hb_notice {
    enum hb_notice_kind kind;
    struct hb_str webhook; /* of a connector's: its store */
    int64_t revision;      /* of the last enable: enabled again, it may be told again */
    const char *why;       /* of a connector's: a word; else NULL */
};

/* What the id is the hash of; returns its length. */
size_t hb_notice_seed(const struct hb_notice *notice, char ret_seed[HB_NOTICE_SEED_MAX]);
/* "hbn_…" and a NUL from the seed's SHA-256. */
void hb_notice_id(const unsigned char digest[32], char ret_id[HB_NOTICE_ID_BYTES + 1]);
/* Whether an event's id is that of a notice. */
bool hb_notice_is_id(struct hb_str event_id);
/* "hookbus.webhook.failing" … */
struct hb_str hb_notice_type(enum hb_notice_kind kind);
/* Appends the event's data: {"webhook":{"id","state","revision"},"what"}, or of a connector
 * {"connector":{"store","state","reason","revision"},"what"}. */
HB_MUST_USE enum hb_err hb_notice_write(const struct hb_notice *notice, struct hb_buf *ret_data);

#endif
