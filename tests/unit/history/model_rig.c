#include "unit/history/model_rig.h"

#include "core/attempt_line.h"
#include "core/ids.h"
#include "platform/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct hb_wall now(void) { return (struct hb_wall){RIG_NOW_MS}; }

static void open_file(struct rig *rig)
{
    struct hb_error error = {HB_OK, ""};
    struct hb_model_apply_options options = {.topic_prefix = HB_STR("hookbus."), .wall = now};
    if (hb_model_schema_open(rig->path, HB_STR("here"), &rig->db, &error)) {
        fail_msg("%s: %s", rig->path, error.text);
    }
    options.db = rig->db;
    assert_int_equal(hb_model_apply_new(&options, &rig->apply), HB_OK);
}

void rig_open(struct rig *rig)
{
    *rig = (struct rig){.path = ""};
    (void)snprintf(rig->path, sizeof(rig->path), "/tmp/hookbus-model-%d.sqlite", (int)getpid());
    hb_sqlite_remove(rig->path);
    open_file(rig);
}

void rig_reopen(struct rig *rig)
{
    hb_model_apply_free(&rig->apply);
    hb_sqlite_free(&rig->db);
    open_file(rig);
}

void rig_close(struct rig *rig)
{
    hb_model_apply_free(&rig->apply);
    hb_sqlite_free(&rig->db);
    hb_sqlite_remove(rig->path);
}

const char *rig_id(int n)
{
    static char ids[4][HB_DELIVERY_ID_BYTES + 1]; /* some of them live at a time */
    static int used;
    unsigned char digest[32] = {(unsigned char)(n >> 8), (unsigned char)n};
    char *id = ids[used++ % 4];
    hb_delivery_id(digest, id);
    return id;
}

void rig_line_text(int n, const char *outcome, const char *reason, int64_t at_ms, struct hb_buf *ret_text)
{
    char event[32];
    (void)snprintf(event, sizeof(event), "evt_%d", n);
    bool is_sent = strcmp(outcome, "skipped") != 0 && strcmp(outcome, "parked") != 0;
    struct hb_attempt_line line = {.at = {RIG_NOW_MS + at_ms},
                                   .outcome = hb_str_c(outcome),
                                   .reason = reason ? hb_str_c(reason) : (struct hb_str){NULL, 0},
                                   .worker = HB_STR("w"),
                                   .store = HB_STR("shop"),
                                   .webhook = n % 2 ? HB_STR("wh_odd") : HB_STR("wh_even"),
                                   .delivery = hb_str_c(rig_id(n)),
                                   .event = hb_str_c(event),
                                   .type = HB_STR("order.created"),
                                   .subject = HB_STR("a\"b"),
                                   .topic = HB_STR("hookbus.events.order"),
                                   .partition = 3,
                                   .offset = n,
                                   .attempt = is_sent ? 1 : 0,
                                   .status = reason ? 500 : 200,
                                   .duration_us = 12345,
                                   .connect_us = 0,
                                   .retry_after_ms = -1};
    assert_int_equal(hb_attempt_line_add(ret_text, &line), HB_OK);
}

void rig_line(struct rig *rig, int n, const char *outcome, const char *reason, int64_t at_ms)
{
    struct hb_buf value = hb_buf_make(65536);
    rig_line_text(n, outcome, reason, at_ms, &value);
    assert_int_equal(hb_model_apply_attempts(rig->apply, 0, rig->next[HB_MODEL_ATTEMPTS]++, hb_buf_str(&value)), HB_OK);
    hb_buf_deinit(&value);
}

struct hb_journal_record rig_record(int n, const char *state, int64_t version, char ret_event[32])
{
    (void)snprintf(ret_event, 32, "evt_%d", n);
    int found = hb_delivery_state_find(hb_str_c(state));
    assert_true(found >= 0);
    return (struct hb_journal_record){.kind = found == HB_DELIVERY_DELIVERED ? HB_JOURNAL_TOMBSTONE : HB_JOURNAL_STATE,
                                       .id = hb_str_c(rig_id(n)),
                                       .webhook = n % 2 ? HB_STR("wh_odd") : HB_STR("wh_even"),
                                       .version = version,
                                       .repairs = HB_SHARD_NONE,
                                       .state = (enum hb_delivery_state)found,
                                       .store = HB_STR("shop"),
                                       .event = hb_str_c(ret_event),
                                       .subject = 7,
                                       .position = {0, 3, n, {RIG_NOW_MS - 1000 + n}},
                                       .attempts = version < 100 ? version : 0,
                                       .first_failed = {HB_JOURNAL_NEVER},
                                       .due = {RIG_NOW_MS + 60000},
                                       .reason = HB_STR("server_error")};
}

void rig_journal(struct rig *rig, int n, const char *state, int64_t version)
{
    char scratch[HB_JOURNAL_SCRATCH_MAX], event[32];
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    const struct hb_journal_record record = rig_record(n, state, version, event);
    struct hb_model_journal from = {.partition = 5, .offset = rig->next[HB_MODEL_JOURNAL]++, .appended = {RIG_NOW_MS}};
    from.source.key = record.id;
    from.source.headers = headers;
    from.source.headers_count = hb_journal_headers(&record, scratch, headers);
    if (record.kind == HB_JOURNAL_STATE) {
        assert_int_equal(hb_journal_write(&record, &value), HB_OK);
        from.source.value = hb_buf_str(&value);
    }
    assert_int_equal(hb_model_apply_journal(rig->apply, &from), HB_OK);
    assert_int_equal(hb_model_apply_counts(rig->apply).unreadable, 0);
    hb_buf_deinit(&value);
}

void rig_commit(struct rig *rig) { assert_int_equal(hb_model_apply_commit(rig->apply), HB_OK); }

void rig_list(struct rig *rig, const struct hb_model_filter *filter, char ret_text[1024])
{
    struct hb_buf json = hb_buf_make(1 << 20);
    struct hb_json_writer w = hb_json_write(&json);
    struct hb_json *root = NULL;
    size_t at = 0;
    hb_json_object(&w, NULL);
    assert_int_equal(hb_model_list(rig->db, filter, &w), HB_OK);
    hb_json_close_object(&w);
    assert_int_equal(hb_json_end(&w), HB_OK);
    assert_int_equal(hb_json_parse(hb_buf_str(&json), &root, NULL), HB_OK);
    ret_text[0] = '\0';
    const struct hb_json *items = hb_json_get(root, "items");
    for (const struct hb_json *item = hb_json_first(items); item; item = hb_json_next(item)) {
        struct hb_str event = HB_STR("evt_?"), state = HB_STR("?");
        (void)hb_json_str(hb_json_get(item, "event"), &event);
        (void)hb_json_str(hb_json_get(item, "state"), &state);
        at += (size_t)snprintf(ret_text + at, 1024 - at, "%s%.*s:%.*s", at ? "," : "", (int)event.len - 4, event.ptr + 4,
                               HB_ARG(state));
    }
    hb_json_free(&root);
    hb_buf_deinit(&json);
}

char *rig_dump(struct rig *rig)
{
    static const char *const QUESTIONS[] = {
        "SELECT hex(id)||'|'||store||'|'||webhook||'|'||state||'|'||ifnull(reason,'-')||'|'||version||'|'||attempts||'|'||"
        "ifnull(due,'-')||'|'||ifnull(event,'-')||'|'||ifnull(type,'-')||'|'||ifnull(subject,'-')||'|'||topic||'|'||offset||"
        "'|'||appended||'|'||changed||'|'||line_at FROM delivery ORDER BY 1",
        "SELECT hex(delivery)||'|'||at||'|'||text FROM line ORDER BY 1",
        "SELECT hex(id)||'|'||webhook||'|'||event||'|'||at||'|'||us FROM success WHERE NOT EXISTS"
        " (SELECT 1 FROM delivery WHERE delivery.id = success.id) ORDER BY 1",
        "SELECT webhook||'|'||minute||'|'||delivered||'|'||failed||'|'||ok_at||'|'||fail_first||'|'||fail_at||'|'||"
        "ifnull(reason,'-') FROM minute ORDER BY 1",
        "SELECT webhook||'|'||minute||'|'||bucket||'|'||count FROM latency ORDER BY 1",
        "SELECT webhook||'|'||state||'|'||count FROM tally WHERE count <> 0 ORDER BY 1",
        "SELECT webhook||'|'||store FROM webhook ORDER BY 1",
        "SELECT webhook||'|'||worker||'|'||size||'|'||at FROM window ORDER BY 1",
    };
    struct hb_buf text = hb_buf_make(1 << 20);
    for (size_t i = 0; i < sizeof(QUESTIONS) / sizeof(*QUESTIONS); i++) {
        struct hb_sqlite_statement *statement = NULL;
        bool has_row = false;
        assert_int_equal(hb_sqlite_prepare(rig->db, QUESTIONS[i], &statement), HB_OK);
        while (hb_sqlite_step(statement, &has_row) == HB_OK && has_row) {
            assert_int_equal(hb_buf_addf(&text, "%.*s\n", HB_ARG(hb_sqlite_text(statement, 0))), HB_OK);
        }
        hb_sqlite_statement_free(&statement);
    }
    char *owned = hb_str_dup(hb_buf_str(&text));
    hb_buf_deinit(&text);
    return owned;
}
