/* Job: a statement put together from the parts a question has, each with its value.
 *
 * Place: history/model_list, _show, _health. Owns / borrows: texts are borrowed until the statement is done; the
 * words of SQL are constants, values never become part of them. Fails: as platform/sqlite; a statement that is too long
 * or has too many values is a bug (HB_ASSERT). Threads: the database's.
 *
 * Example:
 *     struct hb_model_sql sql = hb_model_sql_begin("SELECT text FROM line");
 *     hb_model_sql_add_int(&sql, " WHERE at > ?", since);
 *     hb_model_sql_add_bytes(&sql, " AND delivery = ?", id);
 *     err = hb_model_sql_prepare(&sql, db, &statement); */
#ifndef HISTORY_MODEL_SQL_H
#define HISTORY_MODEL_SQL_H

#include "platform/sqlite/sqlite.h"

#define HB_MODEL_SQL_BYTES_MAX 2048
#define HB_MODEL_SQL_VALUES_MAX 20

struct hb_model_sql {
    char text[HB_MODEL_SQL_BYTES_MAX];
    size_t len;
    struct {
        enum { HB_MODEL_SQL_INT, HB_MODEL_SQL_TEXT, HB_MODEL_SQL_BYTES } kind;
        struct hb_str text;
        int64_t number;
    } values[HB_MODEL_SQL_VALUES_MAX];
    int count;
};

struct hb_model_sql hb_model_sql_begin(const char *words);
/* Words with one "?" and its value. */
void hb_model_sql_add_int(struct hb_model_sql *sql, const char *words, int64_t value);
void hb_model_sql_add_text(struct hb_model_sql *sql, const char *words, struct hb_str value);
void hb_model_sql_add_bytes(struct hb_model_sql *sql, const char *words, struct hb_str value);
void hb_model_sql_add(struct hb_model_sql *sql, const char *words);
/* The statement with its values bound. */
HB_MUST_USE enum hb_err hb_model_sql_prepare(const struct hb_model_sql *sql, struct hb_sqlite *db,
                                             struct hb_sqlite_statement **ret_statement);

#endif
