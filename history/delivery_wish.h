/* Job: what an operator's wish for a delivery comes to: a journal record, or why not.
 *
 * Place: POST …/deliveries/{delivery}/retry and /cancel. A parked one that is to be retried becomes due now in the life
 * it has; one that is dead, held, skipped, expired or cancelled begins a new life, as a replay does
 * (docs/decisions/0006). Owns / borrows: the record's texts are the row's and the wish's. Fails: never; a refusal is an
 * answer. Threads: any; pure. */
#ifndef HISTORY_DELIVERY_WISH_H
#define HISTORY_DELIVERY_WISH_H

#include "core/ids.h"
#include "core/journal_record.h"
#include "history/model_row.h"
#include "hookbus/webhook.h"

enum hb_wish { HB_WISH_RETRY, HB_WISH_CANCEL };

struct hb_wish_ask {
    enum hb_wish wish;
    const struct hb_model_row *row;
    const struct hb_webhook *webhook; /* NULL: unknown */
    struct hb_wall now;
    void (*hash)(struct hb_str text, unsigned char ret_digest[32]); /* hb_sha256 of platform/crypto */
};
struct hb_wish_verdict {
    struct hb_journal_record record; /* when slug is NULL */
    char id[HB_DELIVERY_ID_BYTES + 1];
    const char *will;        /* what will happen */
    const char *slug, *why;  /* why not: the problem's name and its sentence; constants */
};

/* ret_verdict holds what the record's id points into: it must not be moved. */
void hb_wish_judge(const struct hb_wish_ask *ask, struct hb_wish_verdict *ret_verdict);

#endif
