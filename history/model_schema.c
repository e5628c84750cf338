#include "history/model_schema.h"

#include <math.h>

#define BUCKET_FACTOR 1.18

static const char TABLES[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE offsets(topic INTEGER, partition INTEGER, next INTEGER, PRIMARY KEY(topic, partition)) WITHOUT ROWID;"
    "CREATE TABLE delivery(id BLOB PRIMARY KEY, store TEXT NOT NULL, webhook TEXT NOT NULL, state INTEGER NOT NULL,"
    " reason TEXT, version INTEGER NOT NULL, record INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER,"
    " first_failed INTEGER, event TEXT, type TEXT, subject TEXT, topic INTEGER NOT NULL, partition INTEGER NOT NULL,"
    " offset INTEGER NOT NULL, appended INTEGER NOT NULL, job TEXT, changed INTEGER NOT NULL, line_at INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX delivery_webhook ON delivery(webhook, state, appended);"
    "CREATE INDEX delivery_store ON delivery(store, state, appended);"
    "CREATE INDEX delivery_due ON delivery(webhook, due) WHERE due IS NOT NULL;"
    "CREATE INDEX delivery_event ON delivery(event);"
    "CREATE INDEX delivery_subject ON delivery(subject);"
    "CREATE TABLE line(seq INTEGER PRIMARY KEY, delivery BLOB NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX line_delivery ON line(delivery);"
    "CREATE INDEX line_at ON line(at);"
    "CREATE TABLE success(seq INTEGER PRIMARY KEY, id BLOB NOT NULL, store TEXT NOT NULL, webhook TEXT NOT NULL,"
    " event TEXT, type TEXT, subject TEXT, topic INTEGER, partition INTEGER, offset INTEGER, at INTEGER NOT NULL,"
    " attempt INTEGER, status INTEGER, us INTEGER, job TEXT);"
    "CREATE TABLE minute(webhook TEXT, minute INTEGER, delivered INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " ok_at INTEGER NOT NULL, fail_first INTEGER NOT NULL, fail_at INTEGER NOT NULL, reason TEXT, status INTEGER,"
    " PRIMARY KEY(webhook, minute)) WITHOUT ROWID;"
    "CREATE TABLE latency(webhook TEXT, minute INTEGER, bucket INTEGER, count INTEGER NOT NULL,"
    " PRIMARY KEY(webhook, minute, bucket)) WITHOUT ROWID;"
    "CREATE TABLE window(webhook TEXT, worker TEXT, size INTEGER NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(webhook, worker)) WITHOUT ROWID;"
    "CREATE TABLE tally(webhook TEXT, state INTEGER, count INTEGER NOT NULL, PRIMARY KEY(webhook, state)) WITHOUT ROWID;"
    "CREATE TABLE webhook(webhook TEXT PRIMARY KEY, store TEXT NOT NULL) WITHOUT ROWID;";

static enum hb_err read_meta(struct hb_sqlite *db, const char *name, struct hb_str expected, bool *ret_is_same)
{
    struct hb_sqlite_statement *statement = NULL;
    bool has_row = false;
    *ret_is_same = false;
    enum hb_err err = hb_sqlite_prepare(db, "SELECT value FROM meta WHERE name = ?", &statement);
    if (err) {
        return err;
    }
    hb_sqlite_bind_text(statement, 1, hb_str_c(name));
    err = hb_sqlite_step(statement, &has_row);
    *ret_is_same = !err && has_row && hb_str_eq(hb_sqlite_text(statement, 0), expected);
    hb_sqlite_statement_free(&statement);
    return err;
}

static enum hb_err write_meta(struct hb_sqlite *db, const char *name, struct hb_str value)
{
    struct hb_sqlite_statement *statement = NULL;
    enum hb_err err = hb_sqlite_prepare(db, "INSERT INTO meta VALUES(?, ?)", &statement);
    if (err) {
        return err;
    }
    hb_sqlite_bind_text(statement, 1, hb_str_c(name));
    hb_sqlite_bind_text(statement, 2, value);
    err = hb_sqlite_do(statement);
    hb_sqlite_statement_free(&statement);
    return err;
}

static enum hb_err is_empty(struct hb_sqlite *db, bool *ret_is_empty)
{
    struct hb_sqlite_statement *statement = NULL;
    bool has_row = false;
    enum hb_err err = hb_sqlite_prepare(db, "SELECT 1 FROM sqlite_master LIMIT 1", &statement);
    err = err ? err : hb_sqlite_step(statement, &has_row);
    hb_sqlite_statement_free(&statement);
    *ret_is_empty = !err && !has_row;
    return err;
}

static enum hb_err make(struct hb_sqlite *db, struct hb_str source, struct hb_error *reterr)
{
    enum hb_err err = hb_sqlite_run(db, "BEGIN", reterr);
    err = err ? err : hb_sqlite_run(db, TABLES, reterr);
    err = err ? err : write_meta(db, "version", HB_STR(HB_MODEL_VERSION));
    err = err ? err : write_meta(db, "source", source);
    return err ? err : hb_sqlite_run(db, "COMMIT", reterr);
}

static enum hb_err check(struct hb_sqlite *db, struct hb_str source, struct hb_error *reterr)
{
    bool is_empty_file = false, is_version = false, is_source = false;
    enum hb_err err = is_empty(db, &is_empty_file);
    if (!err && is_empty_file) {
        return make(db, source, reterr);
    }
    err = err ? err : read_meta(db, "version", HB_STR(HB_MODEL_VERSION), &is_version);
    err = err ? err : read_meta(db, "source", source, &is_source);
    if (!err && (!is_version || !is_source)) {
        return hb_fail(reterr, HB_ERR_INVALID, "it is of another %s", is_version ? "cluster" : "version");
    }
    return err ? hb_fail(reterr, err, "%s", hb_sqlite_trouble(db)) : HB_OK;
}

enum hb_err hb_model_schema_open(const char *path, struct hb_str source, struct hb_sqlite **ret_db,
                                 struct hb_error *reterr)
{
    struct hb_sqlite *db = NULL;
    enum hb_err err = hb_sqlite_open(path, HB_SQLITE_WRITE, &db, reterr);
    err = err ? err : check(db, source, reterr);
    if (err) {
        hb_sqlite_free(&db);
        return err;
    }
    *ret_db = db;
    return HB_OK;
}

int hb_model_bucket(int64_t us)
{
    double ms = (double)us / (double)HB_US_PER_MS;
    int bucket = ms > 1.0 ? (int)ceil(log(ms) / log(BUCKET_FACTOR)) : 0;
    return bucket < HB_MODEL_BUCKETS ? bucket : HB_MODEL_BUCKETS - 1;
}

double hb_model_bucket_ms(int bucket) { return pow(BUCKET_FACTOR, bucket); }
