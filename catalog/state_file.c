#include "catalog/state_file.h"

#include "core/catalog_merge.h"
#include "platform/sqlite/sqlite.h"

#include <stdlib.h>

#define VERSION "2"

enum { BEGIN, COMMIT, GET, PUT, DROP, OFFSET, SET_OFFSET, FORGET, FORGET_OFFSET, IDLE, PARTIAL, STATEMENT_COUNT };

static const char TABLES[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE product(key BLOB PRIMARY KEY, partition INTEGER NOT NULL, state INTEGER NOT NULL, idle_since INTEGER,"
    " value BLOB NOT NULL);"
    "CREATE INDEX product_idle ON product(partition, state, idle_since) WHERE idle_since IS NOT NULL;"
    "CREATE INDEX product_partial ON product(state) WHERE state = 0;" /* HB_CATALOG_PARTIAL */
    "CREATE TABLE offsets(partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, at INTEGER NOT NULL);";

static const char *const SQL[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN",
    [COMMIT] = "COMMIT",
    [GET] = "SELECT value FROM product WHERE key = ?",
    [PUT] = "INSERT INTO product(key, partition, state, idle_since, value) VALUES(?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT DO UPDATE SET state = ?3, idle_since = ?4, value = ?5",
    [DROP] = "DELETE FROM product WHERE key = ?",
    [OFFSET] = "SELECT next, at FROM offsets WHERE partition = ?",
    [SET_OFFSET] = "INSERT INTO offsets VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET next = ?2, at = ?3",
    [FORGET] = "DELETE FROM product WHERE partition = ?",
    [FORGET_OFFSET] = "DELETE FROM offsets WHERE partition = ?",
    [IDLE] = "SELECT key FROM product WHERE partition = ?1 AND idle_since IS NOT NULL"
             " AND ((state = 2 AND idle_since <= ?2) OR (state = 0 AND idle_since <= ?3)) LIMIT ?4",
    [PARTIAL] = "SELECT count(*) FROM product WHERE state = 0",
};

struct hb_state_file {
    struct hb_sqlite *db;
    struct hb_sqlite_statement *statements[STATEMENT_COUNT];
    bool is_begun;
};

_Static_assert(HB_CATALOG_PARTIAL == 0 && HB_CATALOG_DELETED == 2, "the statements name the numbers");

/* ---- opening ---- */

static enum hb_err read_text(struct hb_sqlite *db, const char *sql, struct hb_buf *ret_text)
{
    struct hb_sqlite_statement *statement = NULL;
    bool has_row = false;
    enum hb_err err = hb_sqlite_prepare(db, sql, &statement);
    err = err ? err : hb_sqlite_step(statement, &has_row);
    if (!err && has_row)
        err = hb_buf_add(ret_text, hb_sqlite_text(statement, 0));
    hb_sqlite_statement_free(&statement);
    return err;
}

static enum hb_err write_meta(struct hb_sqlite *db, struct hb_str source)
{
    struct hb_sqlite_statement *statement = NULL;
    enum hb_err err =
        hb_sqlite_prepare(db, "INSERT INTO meta VALUES('source', ?), ('version', '" VERSION "')", &statement);
    if (err)
        return err;
    hb_sqlite_bind_text(statement, 1, source);
    err = hb_sqlite_do(statement);
    hb_sqlite_statement_free(&statement);
    return err;
}

static enum hb_err check(struct hb_sqlite *db, struct hb_str source, struct hb_error *reterr)
{
    struct hb_buf text = hb_buf_make(4096);
    enum hb_err err = read_text(db, "SELECT count(*) FROM sqlite_master", &text);
    if (!err && hb_str_eq(hb_buf_str(&text), HB_STR("0"))) {
        hb_buf_deinit(&text);
        err = hb_sqlite_run(db, TABLES, reterr);
        return err ? err : write_meta(db, source);
    }
    hb_buf_clear(&text);
    err =
        err ? err
            : read_text(db, "SELECT group_concat(value, ' ') FROM (SELECT value FROM meta ORDER BY name DESC)", &text);
    struct hb_str found = hb_buf_str(&text);
    bool is_ours = !err && found.len == source.len + 2 && hb_str_has_prefix(found, HB_STR(VERSION " ")) &&
                   hb_str_eq(hb_str_n(found.ptr + 2, source.len), source);
    hb_buf_deinit(&text);
    return is_ours ? HB_OK
                   : hb_fail(reterr, err == HB_ERR_MEMORY || err == HB_ERR_IO ? err : HB_ERR_INVALID,
                             "the state file is damaged, of another version or of another cluster");
}

enum hb_err hb_state_file_open(const char *path, struct hb_str source, struct hb_state_file **ret_file,
                               struct hb_error *reterr)
{
    struct hb_state_file *file = calloc(1, sizeof(*file));
    if (!file)
        return hb_fail(reterr, HB_ERR_MEMORY, "no memory for the state file");
    enum hb_err err = hb_sqlite_open(path, HB_SQLITE_WRITE, &file->db, reterr);
    err = err ? err : check(file->db, source, reterr);
    err = err ? err : hb_sqlite_prepare_all(file->db, SQL, STATEMENT_COUNT, file->statements);
    if (err) {
        hb_state_file_free(&file);
        return err;
    }
    *ret_file = file;
    return HB_OK;
}

void hb_state_file_free(struct hb_state_file **file)
{
    if (!*file)
        return;
    hb_sqlite_statements_free((*file)->statements, STATEMENT_COUNT);
    hb_sqlite_free(&(*file)->db);
    free(*file);
    *file = NULL;
}

void hb_state_file_remove(const char *path)
{
    hb_sqlite_remove(path);
}

const char *hb_state_file_trouble(const struct hb_state_file *file)
{
    return hb_sqlite_trouble(file->db);
}

/* ---- transactions ---- */

static enum hb_err begin(struct hb_state_file *file)
{
    if (file->is_begun)
        return HB_OK;
    enum hb_err err = hb_sqlite_do(file->statements[BEGIN]);
    file->is_begun = !err;
    return err;
}

enum hb_err hb_state_file_commit(struct hb_state_file *file)
{
    if (!file->is_begun)
        return HB_OK;
    enum hb_err err = hb_sqlite_do(file->statements[COMMIT]);
    file->is_begun = err != HB_OK;
    return err;
}

/* ---- products ---- */

enum hb_err hb_state_file_get(struct hb_state_file *file, struct hb_str key, struct hb_buf *ret_value, bool *ret_found)
{
    struct hb_sqlite_statement *get = file->statements[GET];
    hb_buf_clear(ret_value);
    hb_sqlite_bind_bytes(get, 1, key);
    enum hb_err err = hb_sqlite_step(get, ret_found);
    if (!err && *ret_found)
        err = hb_buf_add(ret_value, hb_sqlite_text(get, 0));
    hb_sqlite_reset(get);
    return err;
}

static enum hb_err drop(struct hb_state_file *file, struct hb_str key)
{
    hb_sqlite_bind_bytes(file->statements[DROP], 1, key);
    return hb_sqlite_do(file->statements[DROP]);
}

enum hb_err hb_state_file_put(struct hb_state_file *file, const struct hb_state_row *row)
{
    struct hb_sqlite_statement *put = file->statements[PUT];
    enum hb_err err = begin(file);
    if (err || !row->value.ptr)
        return err ? err : drop(file, row->key);
    hb_sqlite_bind_bytes(put, 1, row->key);
    hb_sqlite_bind_int(put, 2, row->partition);
    hb_sqlite_bind_int(put, 3, row->state);
    if (row->idle_since.ms != HB_CATALOG_ENDLESS)
        hb_sqlite_bind_int(put, 4, row->idle_since.ms);
    else
        hb_sqlite_bind_text(put, 4, hb_str_n(NULL, 0));
    hb_sqlite_bind_bytes(put, 5, row->value);
    return hb_sqlite_do(put);
}

/* ---- offsets ---- */

enum hb_err hb_state_file_offset(struct hb_state_file *file, int32_t partition, int64_t *ret_next,
                                 struct hb_wall *ret_at)
{
    struct hb_sqlite_statement *get = file->statements[OFFSET];
    bool has_row = false;
    *ret_next = HB_STATE_OFFSET_NONE;
    ret_at->ms = 0;
    hb_sqlite_bind_int(get, 1, partition);
    enum hb_err err = hb_sqlite_step(get, &has_row);
    if (!err && has_row) {
        *ret_next = hb_sqlite_int(get, 0);
        ret_at->ms = hb_sqlite_int(get, 1);
    }
    hb_sqlite_reset(get);
    return err;
}

enum hb_err hb_state_file_set_offset(struct hb_state_file *file, int32_t partition, int64_t next, struct hb_wall at)
{
    struct hb_sqlite_statement *set = file->statements[SET_OFFSET];
    enum hb_err err = begin(file);
    hb_sqlite_bind_int(set, 1, partition);
    hb_sqlite_bind_int(set, 2, next);
    hb_sqlite_bind_int(set, 3, at.ms);
    return err ? err : hb_sqlite_do(set);
}

enum hb_err hb_state_file_forget(struct hb_state_file *file, int32_t partition)
{
    enum hb_err err = begin(file);
    hb_sqlite_bind_int(file->statements[FORGET], 1, partition);
    hb_sqlite_bind_int(file->statements[FORGET_OFFSET], 1, partition);
    err = err ? err : hb_sqlite_do(file->statements[FORGET]);
    return err ? err : hb_sqlite_do(file->statements[FORGET_OFFSET]);
}

/* ---- questions ---- */

enum hb_err hb_state_file_idle(struct hb_state_file *file, const struct hb_state_idle *idle,
                               struct hb_state_key *ret_keys, size_t max, size_t *ret_count)
{
    struct hb_sqlite_statement *find = file->statements[IDLE];
    bool has_row = false;
    *ret_count = 0;
    hb_sqlite_bind_int(find, 1, idle->partition);
    hb_sqlite_bind_int(find, 2, idle->deleted.ms);
    hb_sqlite_bind_int(find, 3, idle->partial.ms);
    hb_sqlite_bind_int(find, 4, (int64_t)max);
    enum hb_err err = hb_sqlite_step(find, &has_row);
    for (; !err && has_row && *ret_count < max; err = hb_sqlite_step(find, &has_row)) {
        struct hb_state_key *to = &ret_keys[*ret_count];
        struct hb_str key = hb_sqlite_text(find, 0);
        if (key.len > HB_CATALOG_KEY_MAX)
            continue;
        memcpy(to->key, key.ptr, key.len);
        to->len = key.len;
        (*ret_count)++;
    }
    hb_sqlite_reset(find);
    return err;
}

enum hb_err hb_state_file_partial(struct hb_state_file *file, int64_t *ret_count)
{
    struct hb_sqlite_statement *count = file->statements[PARTIAL];
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(count, &has_row);
    if (!err && has_row)
        *ret_count = hb_sqlite_int(count, 0);
    hb_sqlite_reset(count);
    return err;
}
