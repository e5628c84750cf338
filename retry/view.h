/* Job: a shard's view in Redis: what is due when, as one owner keeps it.
 *
 * Place: between the shard's owner (who reads the journal partition) and Redis. The structures and scripts stand in
 * retry/scripts/; the rule is core/shard_rule. Every verb is one script call; calls may follow each other without
 * waiting (one connection, in order), but only one apply at a time is under way.
 *
 * How an owner uses it: write a takeover record; hb_view_takeover(its offset); read the journal from answer.head.applied
 * + 1 (from the start when that is HB_SHARD_NONE, or gone) and hb_view_apply it, batch by batch, up to the end seen at
 * the beginning; then claim. The view is *lost* whenever an answer of apply, claim, lease or ready is not OK and OPEN,
 * and when the owner says so (hb_view_lose, on every disconnect): verbs are then refused with HB_ERR_CONFLICT until
 * hb_view_look has said where the view stands (answer.gate: OPEN as remembered: read on; BEHIND wiped, restored, failed
 * over: begin again with a new takeover record; FENCED: the same after a pause, if Kafka still says the shard is ours).
 * A view takes a mark from a takeover record alone, never from a reconnect.
 *
 * Owns / borrows: borrows scripts, which live longer; copies what it is given. Answers live during their callback. Fails: HB_ERR_CONFLICT (lost), HB_ERR_FENCED (a later owner was seen), HB_ERR_FULL (an
 * apply is under way; too much for one call), HB_ERR_AWAY, HB_ERR_MEMORY: nothing was sent. Limits: the HB_VIEW_*_MAX
 * below. Threads: the loop's. A callback comes exactly once, never before the verb returned, not after hb_view_free;
 * it may call verbs, not hb_view_free. */
#ifndef RETRY_VIEW_H
#define RETRY_VIEW_H

#include "retry/body.h"
#include "retry/entry.h"

struct hb_redis_reply;
struct hb_scripts;
struct hb_view;

#define HB_VIEW_BATCH_MAX 2000   /* records in one apply */
#define HB_VIEW_CLAIM_MAX 2000   /* deliveries in one claim, lease or scan */
#define HB_VIEW_WEBHOOKS_MAX 500 /* webhooks in one claim, ready or ahead */
#define HB_VIEW_PREFIX_MAX 64
#define HB_VIEW_DONE_MAX 2000 /* remembered as done are this many to twice as many; about 90 bytes each */

struct hb_view_options {
    struct hb_scripts *scripts;
    int done_max; /* deliveries done that are remembered, at least; 0: HB_VIEW_DONE_MAX */
    struct hb_str prefix; /* "hookbus"; keys begin with {prefix:shard} */
    int shard;
    /* The mark by which its owner was last shut out, before its takeover record was written: no owner's if it is still
     * there and larger than that record's offset. 0: none. */
    int64_t shut_out_by;
};
/* Knows nothing yet: lost, until takeover or look. */
HB_MUST_USE enum hb_err hb_view_new(const struct hb_view_options *options, struct hb_view **ret_view);
void hb_view_free(struct hb_view **view);

/* A journal record for the view. A takeover record: is_takeover and rule.offset alone. */
struct hb_view_record {
    bool is_takeover;
    struct hb_shard_record rule;
    unsigned char delivery[HB_DELIVERY_BYTES];
    struct hb_str webhook;
    /* Not of a tombstone: */
    struct hb_wall due;
    int64_t attempts;
    enum hb_reason reason;
    struct hb_wall first_failed; /* or HB_JOURNAL_NEVER */
    bool is_ordered; /* only the first event of its subject (and topic) that still blocks is due (core/ordering.h) */
    uint64_t subject;
    struct hb_str job; /* empty: none */
};

/* A delivery that waits, as the view has it. due: its lease's end while it is leased; -1: held, dead, or behind another
 * of its ordered subject. */
struct hb_view_delivery {
    struct hb_str webhook;
    unsigned char delivery[HB_DELIVERY_BYTES];
    struct hb_entry entry;
    struct hb_wall due;
    struct hb_str job;
};

/* A record the rule did not apply, and the repair that is wanted for it. */
struct hb_view_refusal {
    size_t index; /* in the batch */
    enum hb_shard_verdict verdict;
    enum hb_delivery_state repair_state;
    int64_t repair_version;
    bool wants_repair; /* false: something later was applied already (a record read again) */
    bool has_truth;    /* truth is the entry; else the memory of a done delivery refused it */
    struct hb_view_delivery truth;
};

/* A webhook of the view. due: its next due time, -1: nothing waits. */
struct hb_view_webhook {
    struct hb_str webhook;
    struct hb_wall due;
    int64_t parked, held, dead; /* of counts only; parked includes leased */
    int64_t spilled_from;       /* of counts only: from this journal offset on it must be read again; -1: not spilled */
};

/* A repair that is wanted: the true state, to be written again in place of a stale record. */
struct hb_view_repair {
    struct hb_view_delivery truth; /* of DELIVERED: webhook and delivery alone; of EXPIRED, CANCELLED: the stale one's */
    enum hb_delivery_state state;
    int64_t version;
    int64_t repairs; /* the stale record's offset */
};

struct hb_view_answer {
    enum hb_err err;    /* HB_OK; HB_ERR_TIMEOUT: unknown; HB_ERR_AWAY (READONLY, LOADING and the like); HB_ERR_FULL
                           (OOM); HB_ERR_DENIED (NOAUTH, NOPERM); HB_ERR_VERSION (a later hookbus wrote this view);
                           HB_ERR_STORE (MISCONF, garbage, any other) */
    struct hb_str text; /* Redis's own words, if any */
    enum hb_shard_gate gate;
    struct hb_shard_head head;
    int64_t set_aside; /* foreign, cut or later entries and keys this call met: read the journal again for them */
    struct hb_wall now, next_due;           /* Redis's clock, if asked; -1: nothing is due ever */
    const struct hb_view_refusal *refusals; /* apply */
    size_t refusals_count;
    const struct hb_view_delivery *deliveries; /* claim, ahead, scan */
    size_t deliveries_count;
    const struct hb_view_webhook *webhooks; /* due, counts */
    size_t webhooks_count;
    const struct hb_view_repair *repairs;
    size_t repairs_count;
    int64_t repairs_wanted, spilled; /* apply, takeover: how many there are in the view */
    int64_t skipped;      /* apply: records left in the journal for lack of room */
    struct hb_wall seen;  /* takeover: until when the journal had been read; -1: not known */
    int64_t moved;        /* lease: how many were still as claimed; counts: entries kept aside */
    struct hb_str cursor; /* scan, repairs: go on with it; "0": that was all */
};
typedef void hb_view_fn(void *user, const struct hb_view_answer *answer);

/* Sets the owner's mark: the offset of its takeover record. The larger wins; gate FENCED: another is the owner. */
HB_MUST_USE enum hb_err hb_view_takeover(struct hb_view *view, int64_t mark, hb_view_fn *fn, void *user);
/* Where the view stands now. The only verb of a lost view but takeover. */
HB_MUST_USE enum hb_err hb_view_look(struct hb_view *view, hb_view_fn *fn, void *user);
/* The view may not be what it was: a connection ended, or began. */
void hb_view_lose(struct hb_view *view);
bool hb_view_is_lost(const struct hb_view *view);

/* Applies records in journal order; afterwards `applied` is `through`, the last offset read (also of what is no record
 * of ours). A refused or failed batch changes nothing that reading it again does not mend. */
struct hb_view_batch {
    const struct hb_view_record *records;
    size_t count; /* 0..HB_VIEW_BATCH_MAX */
    int64_t through;
    struct hb_wall seen; /* the journal has been read to its end as of then; ms 0: not said */
    bool must_not_grow;  /* no room in Redis: what would make a new entry spills its webhook */
    /* Records of one spilled webhook read again, through `through`; `applied` stays. is_reread_whole: it is spilled no
     * longer. Empty: no. */
    struct hb_str reread;
    bool is_reread_whole;
};
HB_MUST_USE enum hb_err hb_view_apply(struct hb_view *view, const struct hb_view_batch *batch, hb_view_fn *fn,
                                      void *user);
/* Leases what is due now, for each webhook at most so many, in this order; lease_ms from Redis's now on. */
struct hb_view_share {
    struct hb_str webhook;
    int most;
};
struct hb_view_claim {
    const struct hb_view_share *shares;
    size_t count;
    int most; /* in all */
    int64_t lease_ms;
};
HB_MUST_USE enum hb_err hb_view_claim(struct hb_view *view, const struct hb_view_claim *claim, hb_view_fn *fn,
                                      void *user);
/* A claimed delivery, still the version it was claimed with. */
struct hb_view_lease {
    struct hb_str webhook;
    unsigned char delivery[HB_DELIVERY_BYTES];
    int64_t version;
    struct hb_wall due; /* release: when it may be claimed again */
};
/* Leases for lease_ms more from Redis's now on. What was settled meanwhile stays as it is. */
HB_MUST_USE enum hb_err hb_view_renew(struct hb_view *view, const struct hb_view_lease *leases, size_t count,
                                      int64_t lease_ms, hb_view_fn *fn, void *user);
/* Gives claims back, to be due at their `due`. */
HB_MUST_USE enum hb_err hb_view_release(struct hb_view *view, const struct hb_view_lease *leases, size_t count,
                                        hb_view_fn *fn, void *user);
/* A webhook that can take nothing leaves the ready set until told otherwise; a takeover forgets that, and so does a
 * wipe: say it again then. */
struct hb_view_readiness {
    struct hb_str webhook;
    bool is_ready;
};
HB_MUST_USE enum hb_err hb_view_set_ready(struct hb_view *view, const struct hb_view_readiness *webhooks, size_t count,
                                          hb_view_fn *fn, void *user);
/* The webhooks that can send, by next due time, `most` of them: those up to answer.now are due, the first behind it
 * says how long to sleep. */
HB_MUST_USE enum hb_err hb_view_next_due(struct hb_view *view, int most, hb_view_fn *fn, void *user);
/* What comes due within the horizon, at most so many a webhook, whether leased or not: to read bodies ahead. */
struct hb_view_horizon {
    const struct hb_str *webhooks;
    size_t count;
    int64_t ms;
    int most;
};
HB_MUST_USE enum hb_err hb_view_ahead(struct hb_view *view, const struct hb_view_horizon *horizon, hb_view_fn *fn,
                                      void *user);
/* A piece of a webhook's deliveries, about `count` of them; begin with cursor "0". Those there all the while come at
 * least once. */
HB_MUST_USE enum hb_err hb_view_scan(struct hb_view *view, struct hb_str webhook, struct hb_str cursor, hb_view_fn *fn,
                                     void *user);
/* A piece of the repairs that are wanted; begin with cursor "0". Each stands there until a later record of its delivery
 * is applied. */
HB_MUST_USE enum hb_err hb_view_repairs(struct hb_view *view, struct hb_str cursor, hb_view_fn *fn, void *user);
/* From the next record on the webhook's new deliveries stay in the journal alone; what the view has goes on. */
HB_MUST_USE enum hb_err hb_view_spill(struct hb_view *view, struct hb_str webhook, hb_view_fn *fn, void *user);
/* Every webhook with deliveries, or spilled: parked, held, dead. */
HB_MUST_USE enum hb_err hb_view_counts(struct hb_view *view, hb_view_fn *fn, void *user);
/* Empties the view (its journal was made anew, or entries were set aside): read it from the start. The view is lost. */
HB_MUST_USE enum hb_err hb_view_clear(struct hb_view *view, hb_view_fn *fn, void *user);

#endif
