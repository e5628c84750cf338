#include "history/model_apply.h"

#include "core/ids.h"
#include "history/model_gather.h"
#include "history/model_prune.h"
#include "history/model_row.h"
#include "hookbus/topics.h"

#include <stdlib.h>

#define SCRATCH_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define ID_BYTES 16

enum {
    BEGIN,
    COMMIT,
    ROLLBACK,
    OFFSET_READ,
    OFFSET_WRITE,
    LINE,
    SUCCESS,
    STATEMENT_COUNT
};

static const char *const SQL[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [OFFSET_READ] = "SELECT next FROM offsets WHERE topic = ? AND partition = ?",
    [OFFSET_WRITE] = "INSERT INTO offsets VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET next = ?3",
    [LINE] = "INSERT INTO line(delivery, at, text) VALUES(?, ?, ?)",
    [SUCCESS] = "INSERT INTO success VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};

struct hb_model_apply {
    struct hb_model_apply_options options;
    struct hb_sqlite_statement *statements[STATEMENT_COUNT];
    struct hb_model_rows rows;
    struct hb_model_gather gather;
    struct hb_model_prune *prune;
    struct hb_model_counts counts;
    struct hb_buf scratch;
    bool is_open; /* a transaction */
};

enum hb_err hb_model_apply_new(const struct hb_model_apply_options *options, struct hb_model_apply **ret_apply)
{
    struct hb_model_apply *apply = calloc(1, sizeof(*apply));
    enum hb_err err = HB_OK;
    if (!apply) {
        return HB_ERR_MEMORY;
    }
    apply->options = *options;
    apply->scratch = hb_buf_make(SCRATCH_BYTES_MAX);
    err = hb_model_rows_init(&apply->rows, options->db);
    err = err ? err : hb_model_gather_init(&apply->gather, options->db);
    err = err ? err : hb_model_prune_new(options->db, &apply->prune);
    err = err ? err : hb_sqlite_prepare_all(options->db, SQL, STATEMENT_COUNT, apply->statements);
    if (err) {
        hb_model_apply_free(&apply);
        return err;
    }
    *ret_apply = apply;
    return HB_OK;
}

void hb_model_apply_free(struct hb_model_apply **apply)
{
    if (!*apply) {
        return;
    }
    hb_model_row_done(&(*apply)->rows);
    if ((*apply)->is_open) {
        (void)!hb_sqlite_do((*apply)->statements[ROLLBACK]);
    }
    hb_sqlite_statements_free((*apply)->statements, STATEMENT_COUNT);
    hb_model_rows_deinit(&(*apply)->rows);
    hb_model_gather_deinit(&(*apply)->gather);
    hb_model_prune_free(&(*apply)->prune);
    hb_buf_deinit(&(*apply)->scratch);
    free(*apply);
    *apply = NULL;
}

struct hb_model_counts hb_model_apply_counts(const struct hb_model_apply *apply) { return apply->counts; }

static enum hb_err begin(struct hb_model_apply *apply)
{
    if (apply->is_open) {
        return HB_OK;
    }
    enum hb_err err = hb_sqlite_do(apply->statements[BEGIN]);
    apply->is_open = !err;
    return err;
}

/* ---- attempt lines ---- */

/* The state a line speaks of; -1: none. */
static int state_of_line(struct hb_str outcome)
{
    if (hb_str_eq(outcome, HB_STR("failed"))) {
        return HB_DELIVERY_PARKED;
    }
    int state = hb_delivery_state_find(outcome);
    return state == HB_DELIVERY_FRESH || state == HB_DELIVERY_SENDING || state == HB_DELIVERY_LEASED ? -1 : state;
}

static enum hb_err add_success(struct hb_model_apply *apply, struct hb_str id, const struct hb_model_line *line)
{
    struct hb_sqlite_statement *s = apply->statements[SUCCESS];
    const int topic = hb_topic_find(apply->options.topic_prefix, line->topic);
    const struct hb_str texts[] = {line->store, line->webhook, line->event, line->type, line->subject};
    const int64_t numbers[] = {topic,         line->partition, line->offset, line->at.ms,
                               line->attempt, line->status,    line->us};
    int column = 1;
    hb_sqlite_bind_bytes(s, column++, id);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        hb_sqlite_bind_text(s, column++, texts[i]);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        hb_sqlite_bind_int(s, column++, numbers[i]);
    }
    hb_sqlite_bind_text(s, column, line->replay);
    return hb_sqlite_do(s);
}

/* What a line knows better than the journal, which has no texts. */
static void fill(const struct hb_model_apply *apply, struct hb_model_row *row, const struct hb_model_line *line)
{
    row->store = row->store.len > 0 ? row->store : line->store;
    row->webhook = row->webhook.ptr ? row->webhook : line->webhook;
    row->event = row->event.ptr ? row->event : line->event;
    row->type = row->type.ptr ? row->type : line->type;
    row->subject = row->subject.ptr ? row->subject : line->subject;
    row->attempts = line->attempt > row->attempts ? line->attempt : row->attempts;
    if (row->position.topic < 0 && line->partition >= 0 && line->offset >= 0) {
        row->position.topic = hb_topic_find(apply->options.topic_prefix, line->topic);
        row->position.partition = (int32_t)line->partition;
        row->position.offset = line->offset;
    }
}

/* Without a journal record the newest line says the state, and the oldest about when it began. */
static void judge_by_line(struct hb_model_row *row, const struct hb_model_line *line, int state)
{
    if (row->version > 0) {
        return;
    }
    if (row->position.appended.ms == 0 || line->at.ms < row->position.appended.ms) {
        row->position.appended = line->at;
    }
    if (line->at.ms >= row->line_at) {
        row->state = state;
        row->reason = state == HB_DELIVERY_DELIVERED ? (struct hb_str){NULL, 0} : line->reason;
        row->job = line->replay;
        row->changed = line->at.ms;
    }
}

static enum hb_err add_line(struct hb_model_apply *apply, struct hb_str id, const struct hb_model_line *line,
                            struct hb_str text)
{
    struct hb_sqlite_statement *s = apply->statements[LINE];
    hb_sqlite_bind_bytes(s, 1, id);
    hb_sqlite_bind_int(s, 2, line->at.ms);
    hb_sqlite_bind_text(s, 3, text);
    return hb_sqlite_do(s);
}

static enum hb_err put_row(struct hb_model_apply *apply, const struct hb_model_row *row, int former)
{
    enum hb_err err = hb_model_row_write(&apply->rows, row);
    return err ? err : hb_model_gather_move(&apply->gather, row->store, row->webhook, former, row->state);
}

static enum hb_err take_delivery(struct hb_model_apply *apply, const struct hb_model_line *line, struct hb_str text,
                                 int state)
{
    unsigned char id[ID_BYTES];
    struct hb_model_row row;
    if (!hb_delivery_id_read(line->delivery, id)) {
        apply->counts.unreadable++;
        return HB_OK;
    }
    struct hb_str bytes = hb_str_n((const char *)id, sizeof(id));
    enum hb_err err = hb_model_row_read(&apply->rows, bytes, &row);
    if (!err && row.state < 0 && state == HB_DELIVERY_DELIVERED) {
        return add_success(apply, bytes, line);
    }
    int former = row.state;
    err = err ? err : add_line(apply, bytes, line, text);
    if (err) {
        return err;
    }
    fill(apply, &row, line);
    judge_by_line(&row, line, state);
    row.line_at = line->at.ms > row.line_at ? line->at.ms : row.line_at;
    err = put_row(apply, &row, former);
    hb_model_row_done(&apply->rows);
    return err;
}

static enum hb_err take_line(struct hb_model_apply *apply, struct hb_str text)
{
    struct hb_model_line line;
    if (!hb_model_line_read(text, &apply->scratch, &line)) {
        apply->counts.unreadable++;
        return HB_OK;
    }
    int state = state_of_line(line.outcome);
    /* What is about a whole event or a record that is none is no delivery's. */
    if (line.delivery.len == 0 || line.store.len == 0 || line.store.len > HB_ID_MAX ||
        line.webhook.len == 0 || line.webhook.len > HB_ID_MAX || state < 0) {
        return HB_OK;
    }
    apply->counts.lines++;
    enum hb_err err = HB_OK;
    if (line.attempt > 0 && state != HB_DELIVERY_SKIPPED) {
        bool is_recent = line.at.ms > apply->options.wall().ms - HB_MODEL_DURATIONS_MS;
        err = hb_model_gather_attempt(&apply->gather, &line, state == HB_DELIVERY_DELIVERED, is_recent);
    }
    return err ? err : take_delivery(apply, &line, text, state);
}

static enum hb_err relieve(struct hb_model_apply *apply)
{
    return hb_model_gather_count(&apply->gather) < HB_MODEL_GATHERED_MAX ? HB_OK
                                                                         : hb_model_gather_write(&apply->gather);
}

enum hb_err hb_model_apply_attempts(struct hb_model_apply *apply, int32_t partition, int64_t offset,
                                    struct hb_str value)
{
    struct hb_str rest = value, text;
    enum hb_err err = begin(apply);
    while (!err && hb_str_split(&rest, '\n', &text)) {
        err = text.len > 0 ? take_line(apply, text) : HB_OK;
    }
    err = err ? err : relieve(apply);
    return err ? err : hb_model_apply_moved(apply, HB_MODEL_ATTEMPTS, partition, offset + 1);
}

/* ---- journal records ---- */

static bool is_waiting(int state)
{
    return state == HB_DELIVERY_PARKED || state == HB_DELIVERY_HELD || state == HB_DELIVERY_DEAD;
}

static struct hb_shard_ruling rule(const struct hb_model_row *row, const struct hb_shard_record *record)
{
    const struct hb_shard_entry entry = {(enum hb_delivery_state)row->state, row->version, row->record, row->position};
    const struct hb_shard_memory memory = {(enum hb_delivery_state)row->state, row->version, row->record};
    bool is_known = row->version > 0;
    return hb_shard_rule_run(is_known && is_waiting(row->state) ? &entry : NULL,
                             is_known && !is_waiting(row->state) ? &memory : NULL, record);
}

static void change_row(struct hb_model_row *row, const struct hb_journal_record *record,
                       const struct hb_shard_ruling *ruling, const struct hb_model_journal *from)
{
    const struct hb_str none = {NULL, 0};
    row->version = ruling->change == HB_SHARD_PUT         ? ruling->entry_version
                   : ruling->recall == HB_SHARD_REMEMBER ? ruling->memory_version
                                                          : record->version;
    row->record = from->offset;
    row->changed = from->appended.ms;
    row->webhook = record->webhook;
    row->state = (int)record->state;
    row->due = -1;
    row->reason = none;
    if (record->kind == HB_JOURNAL_TOMBSTONE) {
        row->store = row->store.ptr ? row->store : HB_STR("");
        row->position.appended = row->position.topic < 0 ? from->appended : row->position.appended;
        return;
    }
    row->store = record->store.len > 0 ? record->store : row->store;
    row->event = record->event.len > 0 ? record->event : row->event;
    row->position = record->position;
    row->attempts = record->attempts;
    row->first_failed = record->first_failed.ms;
    row->due = record->state == HB_DELIVERY_PARKED ? record->due.ms : -1;
    row->reason = record->reason;
    row->job = record->job.len > 0 ? record->job : none;
}

static enum hb_err take_record(struct hb_model_apply *apply, const struct hb_journal_record *record,
                               const struct hb_model_journal *from)
{
    unsigned char id[ID_BYTES];
    struct hb_model_row row;
    if (!hb_delivery_id_read(record->id, id)) {
        apply->counts.unreadable++;
        return HB_OK;
    }
    enum hb_err err = hb_model_row_read(&apply->rows, hb_str_n((const char *)id, sizeof(id)), &row);
    if (err) {
        return err;
    }
    const struct hb_shard_record ruled = hb_journal_to_rule(record, from->offset);
    const struct hb_shard_ruling ruling = rule(&row, &ruled);
    if (ruling.verdict != HB_SHARD_APPLIED) {
        apply->counts.stale++;
    } else {
        int former = row.state;
        change_row(&row, record, &ruling, from);
        err = put_row(apply, &row, former);
    }
    hb_model_row_done(&apply->rows);
    return err;
}

enum hb_err hb_model_apply_journal(struct hb_model_apply *apply, const struct hb_model_journal *from)
{
    struct hb_journal_record record;
    const char *problem = NULL;
    enum hb_err err = begin(apply);
    enum hb_journal_read read = hb_journal_read(&from->source, &record, &problem);
    if (read == HB_JOURNAL_READ_OK && record.kind != HB_JOURNAL_TAKEOVER) {
        apply->counts.journal++;
        err = err ? err : take_record(apply, &record, from);
    }
    apply->counts.unreadable += read == HB_JOURNAL_READ_UNREADABLE;
    apply->counts.has_newer |= read == HB_JOURNAL_READ_NEWER;
    err = err ? err : relieve(apply);
    return err ? err : hb_model_apply_moved(apply, HB_MODEL_JOURNAL, from->partition, from->offset + 1);
}

/* ---- offsets, transactions ---- */

enum hb_err hb_model_apply_moved(struct hb_model_apply *apply, enum hb_model_topic topic, int32_t partition,
                                 int64_t next)
{
    struct hb_sqlite_statement *s = apply->statements[OFFSET_WRITE];
    enum hb_err err = begin(apply);
    hb_sqlite_bind_int(s, 1, (int64_t)topic);
    hb_sqlite_bind_int(s, 2, partition);
    hb_sqlite_bind_int(s, 3, next);
    return err ? err : hb_sqlite_do(s);
}

enum hb_err hb_model_apply_next(struct hb_model_apply *apply, enum hb_model_topic topic, int32_t partition,
                                int64_t *ret_next)
{
    struct hb_sqlite_statement *s = apply->statements[OFFSET_READ];
    bool has_row = false;
    hb_sqlite_bind_int(s, 1, (int64_t)topic);
    hb_sqlite_bind_int(s, 2, partition);
    enum hb_err err = hb_sqlite_step(s, &has_row);
    *ret_next = !err && has_row ? hb_sqlite_int(s, 0) : -1;
    hb_sqlite_reset(s);
    return err;
}

enum hb_err hb_model_apply_commit(struct hb_model_apply *apply)
{
    if (!apply->is_open) {
        return HB_OK;
    }
    enum hb_err err = hb_model_gather_write(&apply->gather);
    err = err ? err : hb_sqlite_do(apply->statements[COMMIT]);
    apply->is_open = err != HB_OK;
    return err;
}

/* ---- what is too old ---- */

enum hb_err hb_model_apply_prune(struct hb_model_apply *apply, size_t lines_max, bool *ret_is_done)
{
    enum hb_err err = begin(apply);
    err = err ? err : hb_model_prune(apply->prune, &apply->gather, apply->options.wall(), lines_max, ret_is_done);
    return err ? err : hb_model_apply_commit(apply);
}
