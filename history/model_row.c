#include "history/model_row.h"

enum {
    ID,
    STORE,
    WEBHOOK,
    STATE,
    REASON,
    VERSION,
    RECORD,
    ATTEMPTS,
    DUE,
    FIRST_FAILED,
    EVENT,
    TYPE,
    SUBJECT,
    TOPIC,
    PARTITION,
    OFFSET,
    APPENDED,
    JOB,
    CHANGED,
    LINE_AT
};

static const char READ[] = "SELECT * FROM delivery WHERE id = ?";
static const char WRITE[] =
    "INSERT INTO delivery VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)"
    " ON CONFLICT DO UPDATE SET store=?2, webhook=?3, state=?4, reason=?5, version=?6, record=?7, attempts=?8, due=?9,"
    " first_failed=?10, event=?11, type=?12, subject=?13, topic=?14, partition=?15, offset=?16, appended=?17, job=?18,"
    " changed=?19, line_at=?20";

enum hb_err hb_model_rows_init(struct hb_model_rows *rows, struct hb_sqlite *db)
{
    enum hb_err err = hb_sqlite_prepare(db, READ, &rows->read);
    return err ? err : hb_sqlite_prepare(db, WRITE, &rows->write);
}

void hb_model_rows_deinit(struct hb_model_rows *rows)
{
    hb_sqlite_statement_free(&rows->read);
    hb_sqlite_statement_free(&rows->write);
}

static void take(const struct hb_sqlite_statement *s, struct hb_model_row *row)
{
    row->store = hb_sqlite_text(s, STORE);
    row->webhook = hb_sqlite_text(s, WEBHOOK);
    row->state = (int)hb_sqlite_int(s, STATE);
    row->reason = hb_sqlite_text(s, REASON);
    row->version = hb_sqlite_int(s, VERSION);
    row->record = hb_sqlite_int(s, RECORD);
    row->attempts = hb_sqlite_int(s, ATTEMPTS);
    row->due = hb_sqlite_is_null(s, DUE) ? -1 : hb_sqlite_int(s, DUE);
    row->first_failed = hb_sqlite_int(s, FIRST_FAILED);
    row->event = hb_sqlite_text(s, EVENT);
    row->type = hb_sqlite_text(s, TYPE);
    row->subject = hb_sqlite_text(s, SUBJECT);
    row->position = (struct hb_position){(int)hb_sqlite_int(s, TOPIC), (int32_t)hb_sqlite_int(s, PARTITION),
                                         hb_sqlite_int(s, OFFSET), {hb_sqlite_int(s, APPENDED)}};
    row->job = hb_sqlite_text(s, JOB);
    row->changed = hb_sqlite_int(s, CHANGED);
    row->line_at = hb_sqlite_int(s, LINE_AT);
}

enum hb_err hb_model_row_read(struct hb_model_rows *rows, struct hb_str id, struct hb_model_row *ret_row)
{
    bool has_row = false;
    *ret_row = (struct hb_model_row){.id = id, .state = -1, .due = -1, .first_failed = -1};
    ret_row->position.topic = -1;
    hb_sqlite_reset(rows->read);
    hb_sqlite_bind_bytes(rows->read, ID + 1, id);
    enum hb_err err = hb_sqlite_step(rows->read, &has_row);
    if (!err && has_row) {
        take(rows->read, ret_row);
    }
    return err;
}

enum hb_err hb_model_row_write(struct hb_model_rows *rows, const struct hb_model_row *row)
{
    struct hb_sqlite_statement *s = rows->write;
    const struct {
        int column;
        struct hb_str text;
    } TEXTS[] = {{STORE, row->store}, {WEBHOOK, row->webhook}, {REASON, row->reason},   {EVENT, row->event},
                 {TYPE, row->type},   {SUBJECT, row->subject}, {JOB, row->job}};
    const struct {
        int column;
        int64_t number;
    } NUMBERS[] = {{STATE, row->state},
                   {VERSION, row->version},
                   {RECORD, row->record},
                   {ATTEMPTS, row->attempts},
                   {FIRST_FAILED, row->first_failed},
                   {TOPIC, row->position.topic},
                   {PARTITION, row->position.partition},
                   {OFFSET, row->position.offset},
                   {APPENDED, row->position.appended.ms},
                   {CHANGED, row->changed},
                   {LINE_AT, row->line_at}};
    hb_sqlite_bind_bytes(s, ID + 1, row->id);
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
        hb_sqlite_bind_text(s, TEXTS[i].column + 1, TEXTS[i].text);
    }
    for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(*NUMBERS); i++) {
        hb_sqlite_bind_int(s, NUMBERS[i].column + 1, NUMBERS[i].number);
    }
    if (row->due >= 0) {
        hb_sqlite_bind_int(s, DUE + 1, row->due);
    } else {
        hb_sqlite_bind_text(s, DUE + 1, (struct hb_str){NULL, 0});
    }
    return hb_sqlite_do(s);
}

void hb_model_row_done(struct hb_model_rows *rows) { hb_sqlite_reset(rows->read); }
