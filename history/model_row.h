/* Job: a row of the read model's table `delivery`: read, changed, written.
 *
 * Place: part of history/model_apply. Owns / borrows: a row's texts are views of the statement that read it, or of what
 * it was changed with; they live until the next read. Fails: as platform/sqlite. Threads: the database's. */
#ifndef HISTORY_MODEL_ROW_H
#define HISTORY_MODEL_ROW_H

#include "core/shard_rule.h"
#include "platform/sqlite/sqlite.h"

struct hb_model_row {
    struct hb_str id; /* 16 bytes */
    struct hb_str store, webhook, reason, event, type, subject, job; /* ptr NULL: not known, or none */
    int state;              /* -1: there is no row */
    int64_t version;        /* 0: no journal record was applied */
    int64_t record;         /* its offset in the journal */
    int64_t attempts, due, first_failed; /* due, first_failed -1: none */
    struct hb_position position;         /* topic -1: not known */
    int64_t changed; /* when it got its state */
    int64_t line_at; /* of its newest line; 0: none */
};

struct hb_model_rows {
    struct hb_sqlite_statement *read, *write;
};

HB_MUST_USE enum hb_err hb_model_rows_init(struct hb_model_rows *rows, struct hb_sqlite *db);
void hb_model_rows_deinit(struct hb_model_rows *rows);
/* The row of an id, or an empty one with state -1. */
HB_MUST_USE enum hb_err hb_model_row_read(struct hb_model_rows *rows, struct hb_str id, struct hb_model_row *ret_row);
HB_MUST_USE enum hb_err hb_model_row_write(struct hb_model_rows *rows, const struct hb_model_row *row);
/* Views of the last row read are not needed any more. */
void hb_model_row_done(struct hb_model_rows *rows);

#endif
