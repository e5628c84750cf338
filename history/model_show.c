#include "history/model_show.h"

#include "history/model_sql.h"

#include <stdio.h>

#define TEXT_BYTES_MAX 4096
#define ID_BYTES 16

static struct hb_str keep(struct hb_buf *text, struct hb_str value)
{
    size_t at = text->len;
    if (!value.ptr || hb_buf_add(text, value)) {
        return (struct hb_str){NULL, 0};
    }
    return hb_str_n(text->ptr + at, value.len);
}

/* The row's texts are the statement's: they must outlive it. */
static enum hb_err own(struct hb_model_found *found)
{
    struct hb_model_row *row = &found->row;
    struct hb_str *const texts[] = {&row->store, &row->webhook, &row->reason, &row->event,
                                    &row->type,  &row->subject, &row->job};
    found->text = hb_buf_make(TEXT_BYTES_MAX);
    enum hb_err err = hb_buf_reserve(&found->text, TEXT_BYTES_MAX);
    for (size_t i = 0; !err && i < sizeof(texts) / sizeof(*texts); i++) {
        *texts[i] = keep(&found->text, *texts[i]);
    }
    row->id = hb_str_n((const char *)found->id, ID_BYTES);
    return err;
}

static enum hb_err find_row(struct hb_sqlite *db, struct hb_model_found *found)
{
    struct hb_model_rows rows = {NULL, NULL};
    enum hb_err err = hb_model_rows_init(&rows, db);
    err = err ? err : hb_model_row_read(&rows, hb_str_n((const char *)found->id, ID_BYTES), &found->row);
    err = err ? err : own(found);
    hb_model_rows_deinit(&rows);
    return err;
}

static void take_success(const struct hb_sqlite_statement *s, struct hb_model_found *found)
{
    found->row = (struct hb_model_row){
        .state = HB_DELIVERY_DELIVERED,
        .store = hb_sqlite_text(s, 0),
        .webhook = hb_sqlite_text(s, 1),
        .event = hb_sqlite_text(s, 2),
        .type = hb_sqlite_text(s, 3),
        .subject = hb_sqlite_text(s, 4),
        .position = {(int)hb_sqlite_int(s, 5), (int32_t)hb_sqlite_int(s, 6), hb_sqlite_int(s, 7), {0}},
        .changed = hb_sqlite_int(s, 8),
        .attempts = hb_sqlite_int(s, 9),
        .job = hb_sqlite_text(s, 12),
        .due = -1,
        .first_failed = -1,
    };
    found->http = hb_sqlite_int(s, 10);
    found->us = hb_sqlite_int(s, 11);
}

/* Read through from its end: it has no index by id, which would cost more at each success than it saves here. */
static enum hb_err find_success(struct hb_sqlite *db, struct hb_model_found *found)
{
    struct hb_sqlite_statement *statement = NULL;
    struct hb_model_sql sql =
        hb_model_sql_begin("SELECT store, webhook, event, type, subject, topic, partition, offset,"
                           " at, attempt, status, us, job FROM success");
    bool has_row = false;
    hb_model_sql_add_bytes(&sql, " WHERE id = ? ORDER BY seq DESC LIMIT 1",
                           hb_str_n((const char *)found->id, ID_BYTES));
    enum hb_err err = hb_model_sql_prepare(&sql, db, &statement);
    err = err ? err : hb_sqlite_step(statement, &has_row);
    if (!err && has_row) {
        take_success(statement, found);
        hb_buf_deinit(&found->text);
        err = own(found);
    }
    hb_sqlite_statement_free(&statement);
    return err;
}

enum hb_err hb_model_find(struct hb_sqlite *db, struct hb_str store, const unsigned char id[16],
                          struct hb_model_found *ret_found)
{
    struct hb_model_found found = {.us = -1, .http = -1};
    memcpy(found.id, id, ID_BYTES);
    enum hb_err err = find_row(db, &found);
    if (!err && found.row.state < 0) {
        err = find_success(db, &found);
    }
    if (!err && (found.row.state < 0 || !hb_str_eq(found.row.store, store))) {
        err = HB_ERR_NOT_FOUND;
    }
    if (err) {
        hb_model_found_deinit(&found);
        return err;
    }
    *ret_found = found;
    ret_found->row.id = hb_str_n((const char *)ret_found->id, ID_BYTES);
    return HB_OK;
}

void hb_model_found_deinit(struct hb_model_found *found) { hb_buf_deinit(&found->text); }

/* A success at once has no line kept: what is known of it, in a line's words. */
static void write_success(struct hb_json_writer *w, const struct hb_model_found *found)
{
    char ms[32];
    hb_json_object(w, NULL);
    hb_json_add_wall(w, "at", (struct hb_wall){found->row.changed});
    hb_json_add_str(w, "outcome", HB_STR("delivered"));
    hb_json_add_int(w, "attempt", found->row.attempts);
    if (found->http > 0) {
        hb_json_add_int(w, "status", found->http);
    }
    if (found->us >= 0) {
        int length = snprintf(ms, sizeof(ms), "%lld.%03lld", (long long)(found->us / HB_US_PER_MS),
                              (long long)(found->us % HB_US_PER_MS));
        hb_json_add_raw(w, "ms", hb_str_n(ms, (size_t)length));
    }
    hb_json_close_object(w);
}

enum hb_err hb_model_write_lines(struct hb_sqlite *db, const struct hb_model_found *found, struct hb_json_writer *w)
{
    struct hb_sqlite_statement *statement = NULL;
    struct hb_model_sql sql = hb_model_sql_begin("SELECT text FROM (SELECT at, seq, text FROM line");
    bool has_row = true;
    hb_model_sql_add_bytes(&sql, " WHERE delivery = ?", found->row.id);
    hb_model_sql_add_int(&sql, " ORDER BY at DESC, seq DESC LIMIT ?) ORDER BY at, seq", HB_MODEL_SHOW_LINES_MAX);
    enum hb_err err = hb_model_sql_prepare(&sql, db, &statement);
    hb_json_array(w, "lines");
    while (!err && !(err = hb_sqlite_step(statement, &has_row)) && has_row) {
        hb_json_add_raw(w, NULL, hb_sqlite_text(statement, 0));
    }
    if (found->us >= 0 || found->http >= 0) {
        write_success(w, found);
    }
    hb_json_close_array(w);
    hb_sqlite_statement_free(&statement);
    return err ? err : w->err;
}
