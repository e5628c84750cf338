#include "unit/history/model_rig.h"

#include "core/attempt_line.h"
#include "history/model_health.h"
#include "history/model_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_model_filter all(void)
{
    return (struct hb_model_filter){.store = HB_STR("shop"), .state = -1, .until = {INT64_MAX}, .limit = 100};
}

static void lists(struct rig *rig, const struct hb_model_filter *filter, const char *expected)
{
    char text[1024];
    rig_list(rig, filter, text);
    assert_string_equal(text, expected);
}

/* One step of a story. state NULL: a line; else a journal record. */
struct step {
    int n;
    const char *outcome, *reason;
    int64_t at_ms;
    const char *state;
    int64_t version;
};

static const struct step STORY[] = {
    {1, "delivered", NULL, 10, NULL, 0},         /* at once */
    {2, "failed", "server_error", 11, NULL, 0},  {2, NULL, NULL, 0, "parked", 1},
    {2, "delivered", NULL, 40, NULL, 0},         {2, NULL, NULL, 0, "delivered", 2},
    {3, "failed", "timeout", 12, NULL, 0},       {3, NULL, NULL, 0, "parked", 1},
    {3, "dead", "timeout", 41, NULL, 0},         {3, NULL, NULL, 0, "dead", 2},
    {4, "skipped", "disabled", 13, NULL, 0},     {5, NULL, NULL, 0, "parked", 1},
    {5, "parked", "paused", 14, NULL, 0},        {6, NULL, NULL, 0, "parked", 1},
    {6, NULL, NULL, 0, "cancelled", 2},          {6, "cancelled", "cancelled", 50, NULL, 0},
};
#define STEPS (sizeof(STORY) / sizeof(*STORY))

static void tell(struct rig *rig, const struct step *step)
{
    if (step->state) {
        rig_journal(rig, step->n, step->state, step->version);
    } else {
        rig_line(rig, step->n, step->outcome, step->reason, step->at_ms);
    }
}

static void each_delivery_has_the_state_the_journal_or_its_newest_line_says(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < STEPS; i++) {
        tell(&rig, &STORY[i]);
    }
    rig_commit(&rig);
    struct hb_model_filter filter = all();
    lists(&rig, &filter, "4:skipped,1:delivered,6:cancelled,5:parked,3:dead,2:delivered");
    filter.state = HB_DELIVERY_DEAD;
    lists(&rig, &filter, "3:dead");
    filter.state = HB_DELIVERY_DELIVERED;
    lists(&rig, &filter, "1:delivered,2:delivered");
    filter = all();
    filter.webhook = HB_STR("wh_odd");
    lists(&rig, &filter, "1:delivered,5:parked,3:dead");
    filter = all();
    filter.event = HB_STR("evt_6");
    lists(&rig, &filter, "6:cancelled");
    filter = all();
    filter.reason = HB_STR("server_error");
    lists(&rig, &filter, "6:cancelled,5:parked,3:dead");
    filter = all();
    filter.subject = HB_STR("a\"b");
    filter.type = HB_STR("order.*");
    filter.since.ms = RIG_NOW_MS;
    lists(&rig, &filter, "4:skipped,1:delivered");
    filter.type = HB_STR("product.*");
    lists(&rig, &filter, "");
    filter = all();
    filter.store = HB_STR("other");
    lists(&rig, &filter, "");
    rig_close(&rig);
}

/* What decides must not be the order in which two topics are read: lines first, journal first, or as they came. */
static void the_two_topics_in_any_order_give_the_same(void **state)
{
    char *dumps[3] = {NULL, NULL, NULL};
    (void)state;
    for (int order = 0; order < 3; order++) {
        struct rig rig;
        rig_open(&rig);
        for (int half = 0; half < (order ? 2 : 1); half++) {
            for (size_t i = 0; i < STEPS; i++) {
                bool is_journal = STORY[i].state != NULL;
                if (order == 0 || is_journal == (half == order - 1)) {
                    tell(&rig, &STORY[i]);
                }
            }
            rig_commit(&rig);
        }
        struct hb_model_filter filter = all();
        lists(&rig, &filter, "4:skipped,1:delivered,6:cancelled,5:parked,3:dead,2:delivered");
        dumps[order] = rig_dump(&rig);
        rig_close(&rig);
    }
    assert_string_equal(dumps[0], dumps[1]);
    for (int i = 0; i < 3; i++) {
        free(dumps[i]);
    }
}

/* Lines of different workers stand in different partitions: the newest by its own time counts, not the last one read. */
static void of_lines_alone_the_newest_counts_in_whatever_order_they_are_read(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    (void)state;
    rig_open(&rig);
    rig_line(&rig, 1, "dead", "gone", 500);
    rig_line(&rig, 1, "failed", "timeout", 20);
    rig_line(&rig, 2, "failed", "timeout", 10);
    rig_line(&rig, 2, "delivered", NULL, 600);
    rig_line(&rig, 2, "failed", "timeout", 300);
    rig_commit(&rig);
    lists(&rig, &filter, "1:dead,2:delivered");
    rig_close(&rig);
}

/* Its success was read before the journal said that it had been parked. */
static void a_delivery_stands_in_a_list_once(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    (void)state;
    rig_open(&rig);
    rig_line(&rig, 1, "delivered", NULL, 10);
    rig_journal(&rig, 1, "parked", 1);
    rig_journal(&rig, 1, "delivered", 2);
    rig_commit(&rig);
    lists(&rig, &filter, "1:delivered");
    rig_close(&rig);
}

/* In the repeat zone a success is journaled too: a tombstone that says neither store nor event. */
static void a_tombstone_that_follows_nothing_is_known_by_its_line(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    (void)state;
    rig_open(&rig);
    rig_journal(&rig, 1, "delivered", 1);
    rig_commit(&rig);
    lists(&rig, &filter, "");
    rig_line(&rig, 1, "delivered", NULL, 10);
    rig_commit(&rig);
    lists(&rig, &filter, "1:delivered");
    filter.webhook = HB_STR("wh_odd");
    filter.state = HB_DELIVERY_DELIVERED;
    lists(&rig, &filter, "1:delivered");
    rig_close(&rig);
}

static void a_stale_record_changes_nothing_and_a_repair_does(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    (void)state;
    rig_open(&rig);
    rig_journal(&rig, 1, "parked", 1);
    rig_journal(&rig, 1, "delivered", 2);
    rig_journal(&rig, 1, "dead", 2); /* a stopped worker that woke */
    rig_commit(&rig);
    lists(&rig, &filter, "1:delivered");
    assert_int_equal(hb_model_apply_counts(rig.apply).stale, 1);
    rig_journal(&rig, 1, "parked", hb_shard_rule_replay_version(0, (struct hb_wall){RIG_NOW_MS})); /* a replay's life */
    rig_commit(&rig);
    lists(&rig, &filter, "1:parked");
    rig_close(&rig);
}

static void pages_follow_each_other_without_a_gap_or_a_repeat(void **state)
{
    struct rig rig;
    char seen[2048] = "", page[1024], cursor[HB_MODEL_CURSOR_BYTES] = "";
    (void)state;
    rig_open(&rig);
    for (int n = 1; n <= 40; n++) {
        if (n % 3 == 0) {
            rig_line(&rig, n, "delivered", NULL, n - 1000); /* between the others in time */
        } else {
            rig_journal(&rig, n, "parked", 1);
        }
    }
    rig_commit(&rig);
    for (int pages = 0; pages < 20; pages++) {
        struct hb_model_filter filter = all();
        struct hb_buf json = hb_buf_make(1 << 20);
        struct hb_json_writer w = hb_json_write(&json);
        struct hb_json *root = NULL;
        struct hb_str next = {NULL, 0};
        filter.limit = 7;
        filter.cursor = hb_str_c(cursor);
        rig_list(&rig, &filter, page);
        (void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s,", page);
        hb_json_object(&w, NULL);
        assert_int_equal(hb_model_list(rig.db, &filter, &w), HB_OK);
        hb_json_close_object(&w);
        assert_int_equal(hb_json_parse(hb_buf_str(&json), &root, NULL), HB_OK);
        bool has_next = hb_json_str(hb_json_get(root, "next"), &next);
        (void)snprintf(cursor, sizeof(cursor), "%.*s", HB_ARG(next));
        hb_json_free(&root);
        hb_buf_deinit(&json);
        if (!has_next) {
            break;
        }
    }
    struct hb_model_filter whole = all();
    char once[2048];
    rig_list(&rig, &whole, once);
    seen[strlen(seen) - 1] = '\0';
    assert_string_equal(seen, once);
    for (int n = 1; n <= 40; n++) {
        char one[32];
        (void)snprintf(one, sizeof(one), "%d:%s", n, n % 3 == 0 ? "delivered" : "parked");
        assert_non_null(strstr(seen, one));
    }
    struct hb_model_filter bad = all();
    bad.cursor = HB_STR("1.2.3");
    struct hb_buf json = hb_buf_make(4096);
    struct hb_json_writer w = hb_json_write(&json);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_list(rig.db, &bad, &w), HB_ERR_NOT_FOUND);
    hb_buf_deinit(&json);
    rig_close(&rig);
}

static void counts_are_of_all_that_match(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    struct hb_buf json = hb_buf_make(4096);
    struct hb_json_writer w = hb_json_write(&json);
    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < STEPS; i++) {
        tell(&rig, &STORY[i]);
    }
    rig_commit(&rig);
    filter.limit = 1;
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_count(rig.db, &filter, &w), HB_OK);
    hb_json_close_object(&w);
    assert_string_equal(json.ptr,
                        "{\"counts\":{\"parked\":1,\"dead\":1,\"delivered\":2,\"skipped\":1,\"cancelled\":1}}");
    hb_buf_deinit(&json);
    rig_close(&rig);
}

static void a_delivery_is_shown_with_every_line(void **state)
{
    struct rig rig;
    unsigned char id[16] = {0, 3};
    struct hb_model_found found;
    struct hb_buf json = hb_buf_make(65536);
    struct hb_json_writer w = hb_json_write(&json);
    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < STEPS; i++) {
        tell(&rig, &STORY[i]);
    }
    rig_commit(&rig);
    assert_int_equal(hb_model_find(rig.db, HB_STR("other"), id, &found), HB_ERR_NOT_FOUND);
    assert_int_equal(hb_model_find(rig.db, HB_STR("shop"), id, &found), HB_OK);
    assert_int_equal(found.row.version, 2);
    assert_true(hb_str_eq(found.row.subject, HB_STR("a\"b")));
    assert_int_equal(found.row.position.offset, 3);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_write_lines(rig.db, &found, &w), HB_OK);
    hb_json_close_object(&w);
    const char *failed = strstr(json.ptr, "\"failed\""), *dead = strstr(json.ptr, "\"dead\"");
    assert_true(failed && dead && failed < dead);
    hb_model_found_deinit(&found);
    hb_buf_clear(&json);

    id[1] = 1; /* a success at once */
    assert_int_equal(hb_model_find(rig.db, HB_STR("shop"), id, &found), HB_OK);
    w = hb_json_write(&json);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_write_lines(rig.db, &found, &w), HB_OK);
    hb_json_close_object(&w);
    assert_non_null(strstr(json.ptr, "\"outcome\":\"delivered\",\"attempt\":1,\"status\":200,\"ms\":12.345"));
    hb_model_found_deinit(&found);
    id[1] = 99;
    assert_int_equal(hb_model_find(rig.db, HB_STR("shop"), id, &found), HB_ERR_NOT_FOUND);
    hb_buf_deinit(&json);
    rig_close(&rig);
}

static void health_says_rates_waiting_and_since_when_it_fails(void **state)
{
    struct rig rig;
    struct hb_model_health *health = NULL;
    struct hb_buf json = hb_buf_make(4096);
    struct hb_json_writer w = hb_json_write(&json);
    (void)state;
    rig_open(&rig);
    for (int i = 0; i < 3; i++) {
        rig_line(&rig, 1 + 2 * i, "delivered", NULL, -600000 + i);
    }
    rig_line(&rig, 7, "failed", "server_error", -300000);
    rig_journal(&rig, 7, "parked", 1);
    rig_line(&rig, 1, "delivered", NULL, -2 * 3600000); /* before the hour */
    rig_commit(&rig);
    assert_int_equal(hb_model_health_new(rig.db, &health), HB_OK);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_health_write(health, HB_STR("wh_odd"), (struct hb_wall){RIG_NOW_MS}, &w), HB_OK);
    hb_json_close_object(&w);
    static const char *const SAID[] = {"\"delivered\":3", "\"failed\":1", "\"success_percent\":75.00", "\"parked\":1", "\"p50_ms\":1",
                                       "\"failing_since\":\"2023-11-14T22:08:20.000Z\"", "\"last_reason\":\"server_error\"", "\"last_status\":500",
                                       "\"next_due\":\"2023-11-14T22:14:20.000Z\"", "\"oldest\":\"2023-11-14T22:13:19.007Z\""};
    for (size_t i = 0; i < sizeof(SAID) / sizeof(*SAID); i++) {
        if (!strstr(json.ptr, SAID[i])) {
            fail_msg("%s is not in %s", SAID[i], json.ptr);
        }
    }
    rig_line(&rig, 9, "delivered", NULL, -1);
    rig_commit(&rig);
    hb_buf_clear(&json);
    w = hb_json_write(&json);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_health_write(health, HB_STR("wh_odd"), (struct hb_wall){RIG_NOW_MS}, &w), HB_OK);
    hb_json_close_object(&w);
    assert_null(strstr(json.ptr, "failing_since"));
    hb_model_health_free(&health);
    hb_buf_deinit(&json);
    rig_close(&rig);
}

static void tell_window(struct rig *rig, const char *worker, int window, int64_t at_ms)
{
    struct hb_buf value = hb_buf_make(65536);
    struct hb_attempt_line line = {.at = {RIG_NOW_MS + at_ms}, .outcome = HB_STR("delivered"), .worker = hb_str_c(worker), .store = HB_STR("shop"),
                                   .webhook = HB_STR("wh_odd"), .delivery = hb_str_c(rig_id(1)), .event = HB_STR("evt_1"), .attempt = 1, .status = 200,
                                   .retry_after_ms = -1, .window = window};
    assert_int_equal(hb_attempt_line_add(&value, &line), HB_OK);
    assert_int_equal(hb_model_apply_attempts(rig->apply, 0, rig->next[HB_MODEL_ATTEMPTS]++, hb_buf_str(&value)), HB_OK);
    hb_buf_deinit(&value);
    rig_commit(rig);
}

static void check_window(struct rig *rig, const char *webhook, const char *said)
{
    struct hb_model_health *health = NULL;
    struct hb_buf json = hb_buf_make(4096);
    struct hb_json_writer w = hb_json_write(&json);
    assert_int_equal(hb_model_health_new(rig->db, &health), HB_OK);
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_health_write(health, hb_str_c(webhook), (struct hb_wall){RIG_NOW_MS}, &w), HB_OK);
    hb_json_close_object(&w);
    if (said ? !strstr(json.ptr, said) : strstr(json.ptr, "window") != NULL) {
        fail_msg("%s in %s", said ? said : "a window", json.ptr);
    }
    hb_model_health_free(&health);
    hb_buf_deinit(&json);
}

static void the_window_is_what_the_workers_of_the_last_hour_told_last(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_line(&rig, 1, "delivered", NULL, -1000);
    check_window(&rig, "wh_odd", NULL); /* nobody said */
    tell_window(&rig, "a-0", 4, -7200000);
    check_window(&rig, "wh_odd", "\"window\":4,\"workers\":1");
    tell_window(&rig, "b-0", 64, -2000);
    check_window(&rig, "wh_odd", "\"window\":64,\"workers\":1"); /* a-0 had no attempt for two hours */
    tell_window(&rig, "a-0", 8, -1000);
    tell_window(&rig, "b-0", 5, -60000); /* read late: it was before */
    check_window(&rig, "wh_odd", "\"window\":72,\"workers\":2");
    rig_line(&rig, 1, "delivered", NULL, -500); /* a line without changes nothing */
    rig_commit(&rig);
    check_window(&rig, "wh_odd", "\"window\":72,\"workers\":2");
    check_window(&rig, "wh_even", NULL);
    rig_close(&rig);
}

static void what_was_not_committed_is_read_again_and_what_was_is_not(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    int64_t next = -2;
    (void)state;
    rig_open(&rig);
    rig_line(&rig, 1, "delivered", NULL, 1);
    rig_commit(&rig);
    rig_line(&rig, 2, "failed", "timeout", 2);
    rig_reopen(&rig); /* as a kill does */
    lists(&rig, &filter, "1:delivered");
    assert_int_equal(hb_model_apply_next(rig.apply, HB_MODEL_ATTEMPTS, 0, &next), HB_OK);
    assert_int_equal(next, 1);
    assert_int_equal(hb_model_apply_next(rig.apply, HB_MODEL_JOURNAL, 5, &next), HB_OK);
    assert_int_equal(next, -1);
    rig_close(&rig);
}

static void what_is_older_than_35_days_goes_and_so_does_what_is_too_much(void **state)
{
    struct rig rig;
    struct hb_model_filter filter = all();
    bool is_done = false;
    const int64_t old_ms = -INT64_C(36) * 24 * 3600000;
    (void)state;
    rig_open(&rig);
    for (int n = 1; n <= 5; n++) {
        rig_line(&rig, n, "skipped", "disabled", n < 3 ? old_ms : n);
    }
    rig_commit(&rig);
    assert_int_equal(hb_model_apply_prune(rig.apply, 1000, &is_done), HB_OK);
    assert_true(is_done);
    lists(&rig, &filter, "5:skipped,4:skipped,3:skipped");
    char *dump = rig_dump(&rig);
    assert_non_null(strstr(dump, "wh_odd|7|2")); /* the tally follows: HB_DELIVERY_SKIPPED of 3 and 5 */
    assert_null(strstr(dump, "evt_2"));
    free(dump);
    rig_journal(&rig, 7, "parked", 1); /* never goes for being too much */
    rig_commit(&rig);
    assert_int_equal(hb_model_apply_prune(rig.apply, 2, &is_done), HB_OK);
    lists(&rig, &filter, "5:skipped,4:skipped,7:parked"); /* of the webhook with most of them the oldest */
    assert_int_equal(hb_model_apply_prune(rig.apply, 1, &is_done), HB_OK);
    dump = rig_dump(&rig);
    assert_null(strstr(dump, "\"event\":\"evt_4\""));
    assert_non_null(strstr(dump, "\"event\":\"evt_5\""));
    free(dump);
    rig_close(&rig);
}

static void a_file_that_is_none_of_ours_is_refused(void **state)
{
    static const char *const SPOILERS[] = {"UPDATE meta SET value = '0' WHERE name = 'version'",
                                           "UPDATE meta SET value = 'elsewhere' WHERE name = 'source'", "DROP TABLE meta"};
    (void)state;
    for (size_t i = 0; i < sizeof(SPOILERS) / sizeof(*SPOILERS) + 1; i++) {
        struct rig rig;
        struct hb_sqlite *db = NULL;
        rig_open(&rig);
        if (i < sizeof(SPOILERS) / sizeof(*SPOILERS)) {
            assert_int_equal(hb_sqlite_run(rig.db, SPOILERS[i], NULL), HB_OK);
        }
        hb_model_apply_free(&rig.apply);
        hb_sqlite_free(&rig.db);
        if (i == sizeof(SPOILERS) / sizeof(*SPOILERS)) {
            FILE *file = fopen(rig.path, "r+");
            assert_non_null(file);
            (void)fputs("this is no database at all, and was never one", file);
            assert_int_equal(fclose(file), 0);
        }
        assert_int_equal(hb_model_schema_open(rig.path, HB_STR("here"), &db, NULL), HB_ERR_INVALID);
        assert_null(db);
        hb_sqlite_remove(rig.path);
        assert_int_equal(hb_model_schema_open(rig.path, HB_STR("here"), &db, NULL), HB_OK);
        hb_sqlite_free(&db);
        hb_sqlite_remove(rig.path);
    }
}

static void lines_that_are_none_are_counted_and_left_out(void **state)
{
    static const char *const LINES[] = {"{", "[]", "{}", "{\"v\":2,\"at\":\"2023-11-14T22:08:20.000Z\",\"outcome\":\"failed\"}",
                                        "{\"v\":1,\"at\":\"soon\",\"outcome\":\"failed\"}"};
    struct rig rig;
    struct hb_model_filter filter = all();
    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++) {
        assert_int_equal(hb_model_apply_attempts(rig.apply, 0, (int64_t)i, hb_str_c(LINES[i])), HB_OK);
        assert_int_equal(hb_model_apply_counts(rig.apply).unreadable, i + 1);
    }
    rig_commit(&rig);
    lists(&rig, &filter, "");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_delivery_has_the_state_the_journal_or_its_newest_line_says),
        cmocka_unit_test(the_two_topics_in_any_order_give_the_same),
        cmocka_unit_test(of_lines_alone_the_newest_counts_in_whatever_order_they_are_read),
        cmocka_unit_test(a_delivery_stands_in_a_list_once),
        cmocka_unit_test(a_tombstone_that_follows_nothing_is_known_by_its_line),
        cmocka_unit_test(a_stale_record_changes_nothing_and_a_repair_does),
        cmocka_unit_test(pages_follow_each_other_without_a_gap_or_a_repeat),
        cmocka_unit_test(counts_are_of_all_that_match),
        cmocka_unit_test(a_delivery_is_shown_with_every_line),
        cmocka_unit_test(health_says_rates_waiting_and_since_when_it_fails),
        cmocka_unit_test(the_window_is_what_the_workers_of_the_last_hour_told_last),
        cmocka_unit_test(what_was_not_committed_is_read_again_and_what_was_is_not),
        cmocka_unit_test(what_is_older_than_35_days_goes_and_so_does_what_is_too_much),
        cmocka_unit_test(a_file_that_is_none_of_ours_is_refused),
        cmocka_unit_test(lines_that_are_none_are_counted_and_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
