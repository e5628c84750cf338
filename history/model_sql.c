#include "history/model_sql.h"

struct hb_model_sql hb_model_sql_begin(const char *words)
{
    struct hb_model_sql sql = {.len = 0};
    hb_model_sql_add(&sql, words);
    return sql;
}

void hb_model_sql_add(struct hb_model_sql *sql, const char *words)
{
    size_t len = strlen(words);
    HB_ASSERT(sql->len + len < sizeof(sql->text));
    memcpy(sql->text + sql->len, words, len + 1);
    sql->len += len;
}

void hb_model_sql_add_int(struct hb_model_sql *sql, const char *words, int64_t value)
{
    HB_ASSERT(sql->count < HB_MODEL_SQL_VALUES_MAX);
    hb_model_sql_add(sql, words);
    sql->values[sql->count].kind = HB_MODEL_SQL_INT;
    sql->values[sql->count++].number = value;
}

void hb_model_sql_add_text(struct hb_model_sql *sql, const char *words, struct hb_str value)
{
    HB_ASSERT(sql->count < HB_MODEL_SQL_VALUES_MAX);
    hb_model_sql_add(sql, words);
    sql->values[sql->count].kind = HB_MODEL_SQL_TEXT;
    sql->values[sql->count++].text = value;
}

void hb_model_sql_add_bytes(struct hb_model_sql *sql, const char *words, struct hb_str value)
{
    hb_model_sql_add_text(sql, words, value);
    sql->values[sql->count - 1].kind = HB_MODEL_SQL_BYTES;
}

enum hb_err hb_model_sql_prepare(const struct hb_model_sql *sql, struct hb_sqlite *db,
                                 struct hb_sqlite_statement **ret_statement)
{
    enum hb_err err = hb_sqlite_prepare(db, sql->text, ret_statement);
    for (int i = 0; !err && i < sql->count; i++) {
        switch (sql->values[i].kind) {
        case HB_MODEL_SQL_INT:
            hb_sqlite_bind_int(*ret_statement, i + 1, sql->values[i].number);
            break;
        case HB_MODEL_SQL_TEXT:
            hb_sqlite_bind_text(*ret_statement, i + 1, sql->values[i].text);
            break;
        case HB_MODEL_SQL_BYTES:
            hb_sqlite_bind_bytes(*ret_statement, i + 1, sql->values[i].text);
            break;
        }
    }
    return err;
}
