/* Job: a small database in a file: SQLite, as far as the read model needs it.
 *
 * Place: the only includer of SQLite. Used by history/model_*. What stands in the file can be made again from Kafka, so
 * a commit is not synced to the disk (it survives a kill, not a power cut, after which the file is whole but older).
 * Owns / borrows: a statement borrows its database and is freed before it; texts of a row live until the next step,
 * reset or free; bound texts must live until the statement is reset or has reached its end.
 * Fails: HB_ERR_IO (file, disk full), HB_ERR_INVALID (the file is no database or is damaged: make it anew),
 * HB_ERR_TIMEOUT (hb_sqlite_limit passed, or another connection kept it locked), HB_ERR_MEMORY. A statement that does
 * not compile is a bug (HB_ASSERT).
 * Limits: one writer at a time; readers are not kept waiting by it (WAL). Threads: a database belongs to one thread,
 * every thread opens its own; calls may wait for the disk: never on the loop.
 *
 * Example:
 *     err = hb_sqlite_open("model.sqlite", HB_SQLITE_WRITE, &db, reterr);
 *     err = hb_sqlite_prepare(db, "SELECT text FROM line WHERE delivery = ?", &statement);
 *     hb_sqlite_bind_bytes(statement, 1, id);
 *     while (!(err = hb_sqlite_step(statement, &has_row)) && has_row) { say(hb_sqlite_text(statement, 0)); } */
#ifndef PLATFORM_SQLITE_SQLITE_H
#define PLATFORM_SQLITE_SQLITE_H

#include "hookbus/bytes.h"

struct hb_sqlite;
struct hb_sqlite_statement;

enum hb_sqlite_use { HB_SQLITE_WRITE, HB_SQLITE_READ };

/* Opens a file; HB_SQLITE_WRITE makes it if it is not there, HB_SQLITE_READ does not (HB_ERR_IO). */
HB_MUST_USE enum hb_err hb_sqlite_open(const char *path, enum hb_sqlite_use use, struct hb_sqlite **ret_db,
                                       struct hb_error *reterr);
/* All its statements must have been freed. NULL is allowed; sets the pointer to NULL. */
void hb_sqlite_free(struct hb_sqlite **db);
/* Removes the file with what stands beside it. Nobody may have it open any more (who still has reads what was). */
void hb_sqlite_remove(const char *path);
/* Runs one or more statements that give no rows. */
HB_MUST_USE enum hb_err hb_sqlite_run(struct hb_sqlite *db, const char *sql, struct hb_error *reterr);
/* What it says about the last failure. */
const char *hb_sqlite_trouble(const struct hb_sqlite *db);
/* is_over is asked every few thousand steps of a statement; true ends it with HB_ERR_TIMEOUT. NULL: no limit. */
void hb_sqlite_limit(struct hb_sqlite *db, bool (*is_over)(void *user), void *user);
/* Rows changed by the last statement that changes any. */
int64_t hb_sqlite_changes(const struct hb_sqlite *db);

HB_MUST_USE enum hb_err hb_sqlite_prepare(struct hb_sqlite *db, const char *sql,
                                          struct hb_sqlite_statement **ret_statement);
/* Prepares each of `count` texts; after an error what was prepared is still to be freed. ret_statements begins as
 * NULLs. */
HB_MUST_USE enum hb_err hb_sqlite_prepare_all(struct hb_sqlite *db, const char *const *sql, size_t count,
                                              struct hb_sqlite_statement **ret_statements);
void hb_sqlite_statements_free(struct hb_sqlite_statement **statements, size_t count);
/* NULL is allowed; sets the pointer to NULL. */
void hb_sqlite_statement_free(struct hb_sqlite_statement **statement);
/* Parameters count from 1. A text without bytes (ptr NULL) is NULL. */
void hb_sqlite_bind_int(struct hb_sqlite_statement *statement, int index, int64_t value);
void hb_sqlite_bind_text(struct hb_sqlite_statement *statement, int index, struct hb_str text);
void hb_sqlite_bind_bytes(struct hb_sqlite_statement *statement, int index, struct hb_str bytes);
/* The next row; *ret_has_row false: there is none, and the statement is reset. */
HB_MUST_USE enum hb_err hb_sqlite_step(struct hb_sqlite_statement *statement, bool *ret_has_row);
/* Runs a statement to its end, rows are not looked at. */
HB_MUST_USE enum hb_err hb_sqlite_do(struct hb_sqlite_statement *statement);
/* Ends a statement before its last row, so that it can be used again. Bound values stay. */
void hb_sqlite_reset(struct hb_sqlite_statement *statement);

/* Of the row; columns count from 0. */
bool hb_sqlite_is_null(const struct hb_sqlite_statement *statement, int column);
int64_t hb_sqlite_int(const struct hb_sqlite_statement *statement, int column);
/* Text or bytes; ptr NULL for NULL. */
struct hb_str hb_sqlite_text(const struct hb_sqlite_statement *statement, int column);

#endif
