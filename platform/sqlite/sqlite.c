#include "platform/sqlite/sqlite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#define BUSY_MS 5000
#define STEPS_BETWEEN_LOOKS 4000
#define PATH_BYTES_MAX 4096

struct hb_sqlite {
    sqlite3 *db;
    bool (*is_over)(void *user);
    void *user;
};

struct hb_sqlite_statement {
    sqlite3_stmt *stmt;
    struct hb_sqlite *db;
};

static enum hb_err error_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return HB_OK;
    case SQLITE_NOMEM:
        return HB_ERR_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
        return HB_ERR_INVALID;
    case SQLITE_INTERRUPT:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return HB_ERR_TIMEOUT;
    case SQLITE_TOOBIG:
        return HB_ERR_TOO_LARGE;
    default:
        return HB_ERR_IO;
    }
}

/* ---- the database ---- */

/* Subjects stand in it: for its owner alone. What SQLite puts beside it gets the same mode. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
}

static int open_file(const char *path, enum hb_sqlite_use use, sqlite3 **ret_db)
{
    if (use == HB_SQLITE_WRITE) {
        make_private(path);
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= use == HB_SQLITE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(path, ret_db, flags, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_busy_timeout(*ret_db, BUSY_MS);
    }
    /* Looking at the journal mode reads the file's head: what is no database is found here. */
    const char *settings = use == HB_SQLITE_WRITE
                               ? "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                                 "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY"
                               : "PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA schema_version";
    return code == SQLITE_OK ? sqlite3_exec(*ret_db, settings, NULL, NULL, NULL) : code;
}

enum hb_err hb_sqlite_open(const char *path, enum hb_sqlite_use use, struct hb_sqlite **ret_db, struct hb_error *reterr)
{
    struct hb_sqlite *db = calloc(1, sizeof(*db));
    if (!db) {
        return hb_fail(reterr, HB_ERR_MEMORY, "%s: %s", path, hb_err_text(HB_ERR_MEMORY));
    }
    int code = open_file(path, use, &db->db);
    if (code != SQLITE_OK) {
        enum hb_err err = hb_fail(reterr, error_of(code), "%s: %s", path, sqlite3_errstr(code));
        hb_sqlite_free(&db);
        return err;
    }
    *ret_db = db;
    return HB_OK;
}

void hb_sqlite_free(struct hb_sqlite **db)
{
    if (!*db) {
        return;
    }
    int code = sqlite3_close((*db)->db);
    HB_ASSERT(code == SQLITE_OK); /* a statement is left otherwise */
    free(*db);
    *db = NULL;
}

void hb_sqlite_remove(const char *path)
{
    static const char *const BESIDE[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof(BESIDE) / sizeof(*BESIDE); i++) {
        int length = snprintf(name, sizeof(name), "%s%s", path, BESIDE[i]);
        if (length > 0 && (size_t)length < sizeof(name)) {
            (void)unlink(name);
        }
    }
}

enum hb_err hb_sqlite_run(struct hb_sqlite *db, const char *sql, struct hb_error *reterr)
{
    int code = sqlite3_exec(db->db, sql, NULL, NULL, NULL);
    HB_ASSERT((code & 0xff) != SQLITE_MISUSE);
    return code == SQLITE_OK ? HB_OK : hb_fail(reterr, error_of(code), "%s", sqlite3_errmsg(db->db));
}

const char *hb_sqlite_trouble(const struct hb_sqlite *db) { return sqlite3_errmsg(db->db); }

static int look(void *user)
{
    const struct hb_sqlite *db = user;
    return db->is_over(db->user) ? 1 : 0;
}

void hb_sqlite_limit(struct hb_sqlite *db, bool (*is_over)(void *user), void *user)
{
    db->is_over = is_over;
    db->user = user;
    sqlite3_progress_handler(db->db, is_over ? STEPS_BETWEEN_LOOKS : 0, is_over ? look : NULL, db);
}

int64_t hb_sqlite_changes(const struct hb_sqlite *db) { return sqlite3_changes64(db->db); }

/* ---- statements ---- */

enum hb_err hb_sqlite_prepare(struct hb_sqlite *db, const char *sql, struct hb_sqlite_statement **ret_statement)
{
    struct hb_sqlite_statement *statement = calloc(1, sizeof(*statement));
    if (!statement) {
        return HB_ERR_MEMORY;
    }
    statement->db = db;
    int code = sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->stmt, NULL);
    if (code != SQLITE_OK) {
        /* A table that is not there is another program's file; any other complaint is about our own words. */
        free(statement);
        return code == SQLITE_ERROR ? HB_ERR_INVALID : error_of(code);
    }
    *ret_statement = statement;
    return HB_OK;
}

void hb_sqlite_statement_free(struct hb_sqlite_statement **statement)
{
    if (!*statement) {
        return;
    }
    (void)sqlite3_finalize((*statement)->stmt);
    free(*statement);
    *statement = NULL;
}

enum hb_err hb_sqlite_prepare_all(struct hb_sqlite *db, const char *const *sql, size_t count,
                                  struct hb_sqlite_statement **ret_statements)
{
    enum hb_err err = HB_OK;
    for (size_t i = 0; !err && i < count; i++) {
        err = hb_sqlite_prepare(db, sql[i], &ret_statements[i]);
    }
    return err;
}

void hb_sqlite_statements_free(struct hb_sqlite_statement **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hb_sqlite_statement_free(&statements[i]);
    }
}

void hb_sqlite_bind_int(struct hb_sqlite_statement *statement, int index, int64_t value)
{
    int code = sqlite3_bind_int64(statement->stmt, index, value);
    HB_ASSERT(code == SQLITE_OK);
}

void hb_sqlite_bind_text(struct hb_sqlite_statement *statement, int index, struct hb_str text)
{
    HB_ASSERT(text.len <= INT_MAX);
    int code = text.ptr ? sqlite3_bind_text(statement->stmt, index, text.ptr, (int)text.len, SQLITE_STATIC)
                        : sqlite3_bind_null(statement->stmt, index);
    HB_ASSERT(code == SQLITE_OK);
}

void hb_sqlite_bind_bytes(struct hb_sqlite_statement *statement, int index, struct hb_str bytes)
{
    HB_ASSERT(bytes.len <= INT_MAX);
    int code = bytes.ptr ? sqlite3_bind_blob(statement->stmt, index, bytes.ptr, (int)bytes.len, SQLITE_STATIC)
                         : sqlite3_bind_null(statement->stmt, index);
    HB_ASSERT(code == SQLITE_OK);
}

enum hb_err hb_sqlite_step(struct hb_sqlite_statement *statement, bool *ret_has_row)
{
    int code = sqlite3_step(statement->stmt);
    HB_ASSERT((code & 0xff) != SQLITE_MISUSE);
    *ret_has_row = code == SQLITE_ROW;
    if (code != SQLITE_ROW) {
        (void)sqlite3_reset(statement->stmt);
    }
    return error_of(code);
}

enum hb_err hb_sqlite_do(struct hb_sqlite_statement *statement)
{
    bool has_row = true;
    enum hb_err err = HB_OK;
    while (!err && has_row) {
        err = hb_sqlite_step(statement, &has_row);
    }
    return err;
}

void hb_sqlite_reset(struct hb_sqlite_statement *statement) { (void)sqlite3_reset(statement->stmt); }

/* ---- of a row ---- */

bool hb_sqlite_is_null(const struct hb_sqlite_statement *statement, int column)
{
    return sqlite3_column_type(statement->stmt, column) == SQLITE_NULL;
}

int64_t hb_sqlite_int(const struct hb_sqlite_statement *statement, int column)
{
    return sqlite3_column_int64(statement->stmt, column);
}

struct hb_str hb_sqlite_text(const struct hb_sqlite_statement *statement, int column)
{
    const char *bytes = sqlite3_column_blob(statement->stmt, column);
    int length = sqlite3_column_bytes(statement->stmt, column);
    return sqlite3_column_type(statement->stmt, column) == SQLITE_NULL
               ? (struct hb_str){NULL, 0}
               : hb_str_n(bytes ? bytes : "", (size_t)length);
}
