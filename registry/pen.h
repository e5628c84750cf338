/* Job: writes the registry, one writer at a time.
 *
 * Place: the API's changes go through it; nothing else writes configuration. Whoever has the transactional id
 * `<prefix>registry` has the pen; taking it shuts out the former holder (docs/decisions/0001-the-registry-pen.md). A
 * change is judged against the registry as it is after everything any former holder wrote, is written with its audit
 * record in one transaction, and is answered when this process's own registry has applied it.
 * Owns / borrows: changes are the caller's and must live until their `done`; registry and loop must outlive the pen.
 * Fails: HB_ERR_FULL (HB_PEN_QUEUE_MAX changes wait); through done: HB_ERR_AWAY, HB_ERR_TIMEOUT, HB_ERR_FENCED,
 * HB_ERR_CLOSED.
 * Limits: below. Threads: the loop's; done never comes from inside hb_pen_change. */
#ifndef REGISTRY_PEN_H
#define REGISTRY_PEN_H

#include "registry/registry.h"

#define HB_PEN_QUEUE_MAX 1000
#define HB_PEN_BATCH_MAX 32          /* changes of different objects in one transaction */
#define HB_PEN_CHANGE_LIMIT_MS 20000 /* a change that has not been written by then is refused */
#define HB_PEN_VALUE_BYTES_MAX 131072

/* What judging a change against the registry of now says. */
enum hb_pen_verdict {
    HB_PEN_WRITE,   /* ret_value is to be written */
    HB_PEN_REFUSE,  /* the change is not possible (the caller remembers why); believed only from a registry that is
                       surely of now */
    HB_PEN_NOTHING, /* all is as wanted already */
};

struct hb_pen_change {
    struct hb_str object;  /* the record's key */
    /* of the object; empty: of none. A change of a store and changes inside it never share a transaction */
    struct hb_str store;
    struct hb_str who;     /* prefix of the key that asks; empty: nobody (sweep.h), and no audit record is left */
    struct hb_str action;  /* "webhook.create" …: for audit and log */
    /* May be called several times. Writes the record's new value into ret_value (empty) and its revision. */
    enum hb_pen_verdict (*judge)(void *user, struct hb_buf *ret_value, int64_t *ret_revision);
    /* The end. HB_OK: written or NOTHING; HB_ERR_CONFLICT: refused by judge; others: not written, or (HB_ERR_TIMEOUT)
     * not known. */
    void (*done)(void *user, enum hb_err err, enum hb_pen_verdict verdict);
    void *user;

    /* The pen's own. */
    struct hb_pen_change *next;
    uint64_t serial;
    int64_t deadline_us;
    int64_t revision;
    enum hb_pen_verdict verdict;
    bool was_sent;  /* a transaction with it ended unknown: its audit record tells */
    char audit[37]; /* UUID of its audit record */
};

struct hb_pen;
struct hb_pen_options {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    const struct hb_log_context *log;
};
HB_MUST_USE enum hb_err hb_pen_new(const struct hb_pen_options *options, struct hb_pen **ret_pen,
                                   struct hb_error *reterr);
/* Ends what still waits with HB_ERR_CLOSED; NULL is allowed; sets the pointer to NULL. */
void hb_pen_free(struct hb_pen **pen);
/* Queues a change. */
HB_MUST_USE enum hb_err hb_pen_change(struct hb_pen *pen, struct hb_pen_change *change);
/* Whether it is ours, as far as is known: no later mark of another process was read. */
bool hb_pen_is_held(const struct hb_pen *pen);
/* Transactions that were refused because another process had taken the pen (tests, metrics). */
uint64_t hb_pen_fenced(const struct hb_pen *pen);

#endif
