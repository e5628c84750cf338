#include "platform/sqlite/sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/hookbus-sqlite-%d", (int)getpid());
    hb_sqlite_remove(path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hb_sqlite_remove(path);
    return 0;
}

static struct hb_sqlite *made(void)
{
    struct hb_sqlite *db = NULL;
    struct hb_error error = {HB_OK, ""};
    if (hb_sqlite_open(path, HB_SQLITE_WRITE, &db, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(hb_sqlite_run(db, "CREATE TABLE t(n INTEGER, text TEXT, bytes BLOB)", NULL), HB_OK);
    return db;
}

static void what_is_bound_comes_back_whole(void **state)
{
    struct hb_sqlite *db = made();
    struct hb_sqlite_statement *insert = NULL, *select = NULL;
    const struct hb_str bytes = hb_str_n("a\0b\xff", 4), none = {NULL, 0};
    bool has_row = false;
    (void)state;
    assert_int_equal(hb_sqlite_prepare(db, "INSERT INTO t VALUES(?, ?, ?)", &insert), HB_OK);
    hb_sqlite_bind_int(insert, 1, INT64_MIN);
    hb_sqlite_bind_text(insert, 2, HB_STR("it's \"quoted\"; DROP TABLE t"));
    hb_sqlite_bind_bytes(insert, 3, bytes);
    assert_int_equal(hb_sqlite_do(insert), HB_OK);
    assert_int_equal(hb_sqlite_changes(db), 1);
    hb_sqlite_bind_text(insert, 2, HB_STR(""));
    hb_sqlite_bind_bytes(insert, 3, none);
    assert_int_equal(hb_sqlite_do(insert), HB_OK);
    assert_int_equal(hb_sqlite_prepare(db, "SELECT * FROM t ORDER BY rowid", &select), HB_OK);
    assert_int_equal(hb_sqlite_step(select, &has_row), HB_OK);
    assert_true(has_row);
    assert_true(hb_sqlite_int(select, 0) == INT64_MIN);
    assert_true(hb_str_eq(hb_sqlite_text(select, 1), HB_STR("it's \"quoted\"; DROP TABLE t")));
    assert_true(hb_str_eq(hb_sqlite_text(select, 2), bytes));
    assert_int_equal(hb_sqlite_step(select, &has_row), HB_OK);
    assert_true(hb_sqlite_is_null(select, 2) && !hb_sqlite_text(select, 2).ptr);
    assert_non_null(hb_sqlite_text(select, 1).ptr); /* an empty text is not NULL */
    assert_int_equal(hb_sqlite_step(select, &has_row), HB_OK);
    assert_false(has_row);
    hb_sqlite_statement_free(&insert);
    hb_sqlite_statement_free(&select);
    hb_sqlite_free(&db);
}

static void a_reader_reads_while_another_one_writes_and_sees_commits_alone(void **state)
{
    struct hb_sqlite *db = made(), *reader = NULL;
    struct hb_sqlite_statement *count = NULL;
    bool has_row = false;
    (void)state;
    assert_int_equal(hb_sqlite_run(db, "BEGIN; INSERT INTO t(n) VALUES(1)", NULL), HB_OK);
    assert_int_equal(hb_sqlite_open(path, HB_SQLITE_READ, &reader, NULL), HB_OK);
    assert_int_equal(hb_sqlite_prepare(reader, "SELECT count(*) FROM t", &count), HB_OK);
    assert_int_equal(hb_sqlite_step(count, &has_row), HB_OK);
    assert_int_equal(hb_sqlite_int(count, 0), 0);
    hb_sqlite_reset(count);
    assert_int_equal(hb_sqlite_run(db, "COMMIT", NULL), HB_OK);
    assert_int_equal(hb_sqlite_step(count, &has_row), HB_OK);
    assert_int_equal(hb_sqlite_int(count, 0), 1);
    hb_sqlite_statement_free(&count);
    assert_int_not_equal(hb_sqlite_run(reader, "DELETE FROM t", NULL), HB_OK);
    hb_sqlite_free(&reader);
    hb_sqlite_free(&db);
}

static bool at_once(void *user)
{
    ++*(int *)user;
    return true;
}

static void a_statement_that_takes_too_long_is_ended(void **state)
{
    struct hb_sqlite *db = made();
    struct hb_sqlite_statement *endless = NULL;
    int asked = 0;
    bool has_row = false;
    (void)state;
    hb_sqlite_limit(db, at_once, &asked);
    assert_int_equal(hb_sqlite_prepare(db, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
                                       &endless), HB_OK);
    assert_int_equal(hb_sqlite_step(endless, &has_row), HB_ERR_TIMEOUT);
    assert_int_equal(asked, 1);
    hb_sqlite_statement_free(&endless);
    hb_sqlite_free(&db);
}

static void what_is_no_database_and_what_is_not_there_are_told_apart_and_the_file_is_private(void **state)
{
    struct hb_sqlite *db = NULL;
    struct stat about;
    (void)state;
    assert_int_equal(hb_sqlite_open(path, HB_SQLITE_READ, &db, NULL), HB_ERR_IO);
    assert_int_equal(hb_sqlite_open("/nowhere/at/all", HB_SQLITE_WRITE, &db, NULL), HB_ERR_IO);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) {
        (void)fputs("nonsense", file);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hb_sqlite_open(path, HB_SQLITE_WRITE, &db, NULL), HB_ERR_INVALID);
    assert_int_equal(hb_sqlite_open(path, HB_SQLITE_READ, &db, NULL), HB_ERR_INVALID);
    assert_null(db);
    hb_sqlite_remove(path);
    db = made();
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    hb_sqlite_free(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_bound_comes_back_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_reads_while_another_one_writes_and_sees_commits_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_statement_that_takes_too_long_is_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_database_and_what_is_not_there_are_told_apart_and_the_file_is_private, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
