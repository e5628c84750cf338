/* Job: the records of one transaction: changed objects, their audit records, tombstones of audit records too many.
 *
 * Place: filled and written by registry/pen.c alone. Owns: the records' bytes until _clear; changes are borrowed.
 * Fails: HB_ERR_MEMORY, HB_ERR_TOO_LARGE. Limits: HB_PEN_BATCH_MAX changes. Threads: the loop's. */
#ifndef REGISTRY_PEN_BATCH_H
#define REGISTRY_PEN_BATCH_H

#include "registry/pen.h"

#define PEN_AUDIT_KEY_MAX 48
#define PEN_RECORDS_MAX (HB_PEN_BATCH_MAX * 4) /* object, audit, up to two tombstones a change */

struct pen_draft {
    struct hb_pen_change *change;
    struct hb_buf value;
    struct hb_buf audit;
    char audit_key[PEN_AUDIT_KEY_MAX];
};

struct pen_batch {
    struct pen_draft drafts[HB_PEN_BATCH_MAX];
    size_t count;
    struct hb_kafka_record records[PEN_RECORDS_MAX];
    size_t records_count;
};

/* Whether the change may stand beside those already in: another object, and not a store beside what is inside it. */
bool hb_pen_batch_fits(const struct pen_batch *batch, const struct hb_pen_change *change);
/* Judges the change and, if it is to be written, adds it. *ret_verdict is HB_PEN_WRITE only when it was added. */
HB_MUST_USE enum hb_err hb_pen_batch_add(struct pen_batch *batch, struct hb_pen_change *change, struct hb_wall now,
                                         enum hb_pen_verdict *ret_verdict);
/* Lays out the records of all drafts for `topic`; the registry says which audit records are too many. */
void hb_pen_batch_lay_out(struct pen_batch *batch, const struct hb_registry *registry, const char *topic);
void hb_pen_batch_clear(struct pen_batch *batch);

/* Whether the audit record of the change is in the registry: it was written after all. */
bool hb_pen_batch_was_written(const struct hb_registry *registry, const struct hb_pen_change *change);

#endif
