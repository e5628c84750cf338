#include "history/model_prune.h"

#include <stdlib.h>

#define ROWS 2000
#define ROWS_TEXT "2000"
#define MINUTE_MS (60 * HB_MS_PER_S)

enum {
    SUCCESS,
    LINE,
    LINES_MAX,
    DELIVERY_OLD,
    DELIVERY_DONE,
    DONE_COUNT,
    DONE_FULLEST,
    DELIVERY,
    WINDOW,
    MINUTE,
    LATENCY,
    STATEMENT_COUNT
};

/* For the index: every state a delivery of the read model has. */
#define ANY_STATE "state IN (2, 4, 5, 6, 7, 8, 9)"
/* What needs nothing more. */
#define IS_DONE "state IN (6, 7, 8, 9)"
_Static_assert(HB_DELIVERY_PARKED == 2 && HB_DELIVERY_HELD == 4 && HB_DELIVERY_DEAD == 5 &&
                   HB_DELIVERY_DELIVERED == 6 && HB_DELIVERY_SKIPPED == 7 && HB_DELIVERY_EXPIRED == 8 &&
                   HB_DELIVERY_CANCELLED == 9,
               "the numbers of the states above");

static const char *const SQL[STATEMENT_COUNT] = {
    [SUCCESS] = "DELETE FROM success WHERE seq <= (SELECT max(seq) FROM success) - ?",
    [LINE] = "DELETE FROM line WHERE seq IN (SELECT seq FROM line WHERE at < ? ORDER BY at LIMIT " ROWS_TEXT ")",
    [LINES_MAX] = "DELETE FROM line WHERE seq IN (SELECT seq FROM line WHERE seq <= (SELECT max(seq) FROM line) - ?"
                  " ORDER BY seq LIMIT " ROWS_TEXT ")",
    [DELIVERY_OLD] = "SELECT id, store, webhook, state FROM delivery WHERE store IN (SELECT DISTINCT store FROM webhook)"
                     " AND " ANY_STATE " AND appended < ? LIMIT " ROWS_TEXT,
    [DELIVERY_DONE] = "SELECT id, store, webhook, state FROM delivery WHERE webhook = ?2 AND state = ?3"
                      " ORDER BY appended LIMIT min(?1, " ROWS_TEXT ")",
    [DONE_COUNT] = "SELECT sum(count) FROM tally WHERE " IS_DONE,
    [DONE_FULLEST] = "SELECT webhook, state FROM tally WHERE " IS_DONE " ORDER BY count DESC LIMIT 1",
    [DELIVERY] = "DELETE FROM delivery WHERE id = ?",
    [MINUTE] = "DELETE FROM minute WHERE webhook IN (SELECT webhook FROM webhook) AND minute < ?",
    [WINDOW] = "DELETE FROM window WHERE at < ?",
    [LATENCY] = "DELETE FROM latency WHERE webhook IN (SELECT webhook FROM webhook) AND minute < ?",
};

struct hb_model_prune {
    struct hb_sqlite *db;
    struct hb_sqlite_statement *statements[STATEMENT_COUNT];
};

enum hb_err hb_model_prune_new(struct hb_sqlite *db, struct hb_model_prune **ret_prune)
{
    struct hb_model_prune *prune = calloc(1, sizeof(*prune));
    enum hb_err err = prune ? hb_sqlite_prepare_all(db, SQL, STATEMENT_COUNT, prune->statements) : HB_ERR_MEMORY;
    if (err) {
        hb_model_prune_free(&prune);
        return err;
    }
    prune->db = db;
    *ret_prune = prune;
    return HB_OK;
}

void hb_model_prune_free(struct hb_model_prune **prune)
{
    if (!*prune) {
        return;
    }
    hb_sqlite_statements_free((*prune)->statements, STATEMENT_COUNT);
    free(*prune);
    *prune = NULL;
}

/* Removes what a statement names; *is_done becomes false when it took a whole slice. */
static enum hb_err remove_by(struct hb_model_prune *prune, int which, int64_t limit, bool *is_done)
{
    hb_sqlite_bind_int(prune->statements[which], 1, limit);
    enum hb_err err = hb_sqlite_do(prune->statements[which]);
    bool is_sliced = which == LINE || which == LINES_MAX;
    *is_done = *is_done && !(is_sliced && !err && hb_sqlite_changes(prune->db) >= ROWS);
    return err;
}

/* Removes the deliveries a statement finds. */
static enum hb_err remove_deliveries(struct hb_model_prune *prune, struct hb_model_gather *gather, int which,
                                     int64_t limit, bool *is_done)
{
    struct hb_sqlite_statement *find = prune->statements[which];
    bool has_row = false;
    int removed = 0;
    hb_sqlite_bind_int(find, 1, limit);
    enum hb_err err = hb_sqlite_step(find, &has_row);
    for (; !err && has_row; removed++) {
        err = hb_model_gather_move(gather, hb_sqlite_text(find, 1), hb_sqlite_text(find, 2),
                                   (int)hb_sqlite_int(find, 3), -1);
        hb_sqlite_bind_bytes(prune->statements[DELIVERY], 1, hb_sqlite_text(find, 0));
        err = err ? err : hb_sqlite_do(prune->statements[DELIVERY]);
        err = err ? err : hb_sqlite_step(find, &has_row);
    }
    hb_sqlite_reset(find);
    *is_done = *is_done && removed < ROWS;
    return err;
}

/* Of the webhook that has the most that is done (a disabled one whose events are skipped, say), its oldest. */
static enum hb_err remove_too_many(struct hb_model_prune *prune, struct hb_model_gather *gather, int64_t max,
                                   bool *is_done)
{
    struct hb_sqlite_statement *count = prune->statements[DONE_COUNT], *fullest = prune->statements[DONE_FULLEST];
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(count, &has_row);
    int64_t excess = !err && has_row ? hb_sqlite_int(count, 0) - max : 0;
    hb_sqlite_reset(count);
    if (err || excess <= 0) {
        return err;
    }
    err = hb_sqlite_step(fullest, &has_row);
    if (!err && has_row) {
        hb_sqlite_bind_text(prune->statements[DELIVERY_DONE], 2, hb_sqlite_text(fullest, 0));
        hb_sqlite_bind_int(prune->statements[DELIVERY_DONE], 3, hb_sqlite_int(fullest, 1));
        err = remove_deliveries(prune, gather, DELIVERY_DONE, excess, is_done);
    }
    hb_sqlite_reset(fullest);
    return err;
}

enum hb_err hb_model_prune(struct hb_model_prune *prune, struct hb_model_gather *gather, struct hb_wall now,
                           size_t lines_max, bool *ret_is_done)
{
    int64_t before = now.ms - HB_MODEL_KEPT_DAYS * HB_MS_PER_DAY;
    *ret_is_done = true;
    enum hb_err err = remove_by(prune, SUCCESS, HB_MODEL_SUCCESSES_MAX, ret_is_done);
    err = err ? err : remove_by(prune, LINE, before, ret_is_done);
    err = err ? err : remove_by(prune, LINES_MAX, (int64_t)lines_max, ret_is_done);
    err = err ? err : remove_deliveries(prune, gather, DELIVERY_OLD, before, ret_is_done);
    err = err ? err : remove_too_many(prune, gather, (int64_t)lines_max, ret_is_done);
    if (!err && *ret_is_done) {
        err = remove_by(prune, MINUTE, before / MINUTE_MS, ret_is_done);
        err = err ? err : remove_by(prune, WINDOW, before, ret_is_done);
        err = err ? err : remove_by(prune, LATENCY, (now.ms - HB_MODEL_DURATIONS_MS) / MINUTE_MS, ret_is_done);
    }
    return err;
}
