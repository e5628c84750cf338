#include "history/model_list.h"

#include "core/ids.h"
#include "history/model_sql.h"

#include <stdio.h>

#define ID_BYTES 16
#define NONE_YET INT64_MAX

/* Where a page begins in both tables: behind these. */
struct place {
    int64_t appended;
    unsigned char id[ID_BYTES];
    int64_t seq;
};

/* ---- the cursor: "<appended>.<id>.<seq>" ---- */

static bool read_number(struct hb_str text, int64_t *ret_value)
{
    uint64_t value = 0;
    bool is_number = hb_str_to_u64(text, &value) && value <= INT64_MAX;
    *ret_value = is_number ? (int64_t)value : 0;
    return is_number;
}

static bool read_cursor(struct hb_str cursor, struct place *ret_place)
{
    struct hb_str rest = cursor, parts[3];
    *ret_place = (struct place){NONE_YET, {0}, NONE_YET};
    if (cursor.len == 0) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (!hb_str_split(&rest, '.', &parts[i])) {
            return false;
        }
    }
    return rest.len == 0 && read_number(parts[0], &ret_place->appended) &&
           hb_base32_16_decode(parts[1], ret_place->id) && read_number(parts[2], &ret_place->seq);
}

static void write_cursor(struct hb_json_writer *w, const struct place *place)
{
    char id[27], text[HB_MODEL_CURSOR_BYTES];
    hb_base32_16(place->id, id);
    int length = snprintf(text, sizeof(text), "%lld.%s.%lld", (long long)place->appended, id, (long long)place->seq);
    hb_json_add_str(w, "next", hb_str_n(text, (size_t)length));
}

/* ---- the statements ---- */

/* Filters by which few deliveries are found whatever their state. */
static bool is_narrow(const struct hb_model_filter *filter)
{
    return filter->event.len > 0 || filter->subject.len > 0;
}

static void add_times(struct hb_model_sql *sql, const struct hb_model_filter *filter, const char *time)
{
    if (filter->since.ms > 0) {
        hb_model_sql_add(sql, " AND ");
        hb_model_sql_add(sql, time);
        hb_model_sql_add_int(sql, " >= ?", filter->since.ms);
    }
    if (filter->until.ms < INT64_MAX) {
        hb_model_sql_add(sql, " AND ");
        hb_model_sql_add(sql, time);
        hb_model_sql_add_int(sql, " < ?", filter->until.ms);
    }
}

/* What both tables have. */
static void add_texts(struct hb_model_sql *sql, const struct hb_model_filter *filter)
{
    const struct {
        const char *words;
        struct hb_str text;
    } TEXTS[] = {{" AND event = ?", filter->event},
                 {filter->event.len > 0 ? " AND +subject = ?" : " AND subject = ?", filter->subject},
                 {" AND type GLOB ?", filter->type}};
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
        if (TEXTS[i].text.len > 0) {
            hb_model_sql_add_text(sql, TEXTS[i].words, TEXTS[i].text);
        }
    }
}

/* "+": not by this column's index where another one finds fewer. A webhook is one store's: that is looked up once, so
 * that its deliveries are counted in the index alone. */
static void add_delivery_filter(struct hb_model_sql *sql, const struct hb_model_filter *filter)
{
    if (is_narrow(filter)) {
        hb_model_sql_add_text(sql, " WHERE +store = ?", filter->store);
    } else if (filter->webhook.len == 0) {
        hb_model_sql_add_text(sql, " WHERE store = ?", filter->store);
    } else {
        hb_model_sql_add_text(sql, " WHERE EXISTS (SELECT 1 FROM webhook WHERE webhook = ?", filter->webhook);
        hb_model_sql_add_text(sql, " AND store = ?)", filter->store);
    }
    if (filter->webhook.len > 0) {
        hb_model_sql_add_text(sql, is_narrow(filter) ? " AND +webhook = ?" : " AND webhook = ?", filter->webhook);
    }
    add_texts(sql, filter);
    add_times(sql, filter, is_narrow(filter) ? "+appended" : "appended");
    if (filter->reason.len > 0) {
        hb_model_sql_add_text(sql, " AND reason = ?", filter->reason);
    }
}

static void add_success_filter(struct hb_model_sql *sql, const struct hb_model_filter *filter)
{
    hb_model_sql_add_text(sql, " WHERE store = ?", filter->store);
    if (filter->webhook.len > 0) {
        hb_model_sql_add_text(sql, " AND webhook = ?", filter->webhook);
    }
    add_texts(sql, filter);
    add_times(sql, filter, "at");
    hb_model_sql_add(sql, " AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.id = success.id)");
}

/* Successes have one state and no reason. */
static bool wants_successes(const struct hb_model_filter *filter)
{
    return filter->reason.len == 0 && (filter->state < 0 || filter->state == HB_DELIVERY_DELIVERED);
}

/* Those of one state (-1: of any), which an index gives in their order. */
static enum hb_err open_deliveries(struct hb_sqlite *db, const struct hb_model_filter *filter, int state,
                                   const struct place *place, struct hb_sqlite_statement **ret_statement)
{
    struct hb_model_sql sql = hb_model_sql_begin(
        "SELECT id, webhook, state, reason, attempts, due, first_failed, event, type, subject, appended, job, changed"
        " FROM delivery");
    add_delivery_filter(&sql, filter);
    if (state >= 0) {
        hb_model_sql_add_int(&sql, is_narrow(filter) ? " AND +state = ?" : " AND state = ?", state);
    }
    if (place->appended != NONE_YET) {
        hb_model_sql_add_int(&sql, " AND (appended, id) < (?,", place->appended);
        hb_model_sql_add_bytes(&sql, "?)", hb_str_n((const char *)place->id, ID_BYTES));
    }
    hb_model_sql_add_int(&sql, " ORDER BY appended DESC, id DESC LIMIT ?", (int64_t)filter->limit + 1);
    return hb_model_sql_prepare(&sql, db, ret_statement);
}

static enum hb_err open_successes(struct hb_sqlite *db, const struct hb_model_filter *filter, const struct place *place,
                                  struct hb_sqlite_statement **ret_statement)
{
    struct hb_model_sql sql = hb_model_sql_begin(
        "SELECT id, webhook, event, type, subject, at, attempt, job, seq FROM success");
    add_success_filter(&sql, filter);
    if (place->seq != NONE_YET) {
        hb_model_sql_add_int(&sql, " AND seq < ?", place->seq);
    }
    hb_model_sql_add_int(&sql, " ORDER BY seq DESC LIMIT ?", (int64_t)filter->limit + 1);
    return hb_model_sql_prepare(&sql, db, ret_statement);
}

/* ---- items ---- */

static void add_text(struct hb_json_writer *w, const char *name, struct hb_str text)
{
    if (text.len > 0) {
        hb_json_add_str(w, name, text);
    }
}

static void add_wall(struct hb_json_writer *w, const char *name, int64_t ms)
{
    if (ms > 0) {
        hb_json_add_wall(w, name, (struct hb_wall){ms});
    }
}

void hb_model_write_row(struct hb_json_writer *w, const struct hb_model_row *row)
{
    char id[HB_DELIVERY_ID_BYTES + 1];
    unsigned char bytes[ID_BYTES];
    HB_ASSERT(row->id.len == ID_BYTES);
    memcpy(bytes, row->id.ptr, ID_BYTES);
    hb_delivery_id(bytes, id);
    hb_json_add_str(w, "delivery", hb_str_c(id));
    hb_json_add_str(w, "webhook", row->webhook);
    hb_json_add_str(w, "state", hb_str_c(hb_delivery_state_text((enum hb_delivery_state)row->state)));
    add_text(w, "reason", row->reason);
    add_text(w, "event", row->event);
    add_text(w, "type", row->type);
    add_text(w, "subject", row->subject);
    hb_json_add_int(w, "attempts", row->attempts);
    add_wall(w, "due", row->due);
    add_wall(w, "first_failed", row->first_failed);
    add_wall(w, "appended", row->position.appended.ms);
    add_wall(w, "changed", row->changed);
    add_text(w, "replay", row->job);
}

static struct hb_model_row delivery_of(const struct hb_sqlite_statement *s)
{
    struct hb_model_row row = {.id = hb_sqlite_text(s, 0),
                               .webhook = hb_sqlite_text(s, 1),
                               .state = (int)hb_sqlite_int(s, 2),
                               .reason = hb_sqlite_text(s, 3),
                               .attempts = hb_sqlite_int(s, 4),
                               .due = hb_sqlite_int(s, 5),
                               .first_failed = hb_sqlite_int(s, 6),
                               .event = hb_sqlite_text(s, 7),
                               .type = hb_sqlite_text(s, 8),
                               .subject = hb_sqlite_text(s, 9),
                               .job = hb_sqlite_text(s, 11),
                               .changed = hb_sqlite_int(s, 12)};
    row.position.appended.ms = hb_sqlite_int(s, 10);
    return row;
}

static struct hb_model_row success_of(const struct hb_sqlite_statement *s)
{
    return (struct hb_model_row){.id = hb_sqlite_text(s, 0),
                                 .webhook = hb_sqlite_text(s, 1),
                                 .state = HB_DELIVERY_DELIVERED,
                                 .event = hb_sqlite_text(s, 2),
                                 .type = hb_sqlite_text(s, 3),
                                 .subject = hb_sqlite_text(s, 4),
                                 .changed = hb_sqlite_int(s, 5),
                                 .attempts = hb_sqlite_int(s, 6),
                                 .job = hb_sqlite_text(s, 7)};
}

/* ---- the merge ---- */

#define SOURCES_MAX HB_DELIVERY_STATE_COUNT

/* Deliveries of each state, and successes, each in their order. */
struct merge {
    struct hb_sqlite_statement *deliveries[SOURCES_MAX], *successes; /* successes NULL: not wanted */
    bool has_delivery[SOURCES_MAX], has_success;
    int count;
    struct place place;
};

/* Whether the row of a comes before that of b: the newer event, then the larger id. */
static bool is_before(const struct hb_sqlite_statement *a, const struct hb_sqlite_statement *b)
{
    int64_t one = hb_sqlite_int(a, 10), other = hb_sqlite_int(b, 10);
    return one != other ? one > other : memcmp(hb_sqlite_text(a, 0).ptr, hb_sqlite_text(b, 0).ptr, ID_BYTES) > 0;
}

/* The source whose row comes first; -1: there is none. */
static int first_of(const struct merge *merge)
{
    int first = -1;
    for (int i = 0; i < merge->count; i++) {
        if (merge->has_delivery[i] && (first < 0 || is_before(merge->deliveries[i], merge->deliveries[first]))) {
            first = i;
        }
    }
    return first;
}

static void write_item(struct hb_json_writer *w, const struct hb_model_row *row)
{
    hb_json_object(w, NULL);
    hb_model_write_row(w, row);
    hb_json_close_object(w);
}

static enum hb_err take_delivery(struct merge *merge, int source, struct hb_json_writer *w)
{
    struct hb_model_row row = delivery_of(merge->deliveries[source]);
    write_item(w, &row);
    merge->place.appended = row.position.appended.ms;
    memcpy(merge->place.id, row.id.ptr, ID_BYTES);
    return hb_sqlite_step(merge->deliveries[source], &merge->has_delivery[source]);
}

static enum hb_err take_success(struct merge *merge, struct hb_json_writer *w)
{
    struct hb_model_row row = success_of(merge->successes);
    write_item(w, &row);
    merge->place.seq = hb_sqlite_int(merge->successes, 8);
    return hb_sqlite_step(merge->successes, &merge->has_success);
}

static enum hb_err open_all(struct merge *merge, struct hb_sqlite *db, const struct hb_model_filter *filter)
{
    bool is_one = filter->state >= 0 || is_narrow(filter);
    enum hb_err err = HB_OK;
    for (int state = 0; !err && state < (is_one ? 1 : HB_DELIVERY_STATE_COUNT); state++) {
        err = open_deliveries(db, filter, is_one ? filter->state : state, &merge->place,
                              &merge->deliveries[merge->count]);
        err = err ? err : hb_sqlite_step(merge->deliveries[merge->count], &merge->has_delivery[merge->count]);
        merge->count++;
    }
    if (!err && wants_successes(filter)) {
        err = open_successes(db, filter, &merge->place, &merge->successes);
        err = err ? err : hb_sqlite_step(merge->successes, &merge->has_success);
    }
    return err;
}

static enum hb_err run(struct merge *merge, size_t limit, struct hb_json_writer *w)
{
    enum hb_err err = HB_OK;
    int first = first_of(merge);
    for (size_t i = 0; !err && i < limit && (first >= 0 || merge->has_success); i++) {
        bool is_success = first < 0 || (merge->has_success && hb_sqlite_int(merge->successes, 5) >
                                                                  hb_sqlite_int(merge->deliveries[first], 10));
        err = is_success ? take_success(merge, w) : take_delivery(merge, first, w);
        first = first_of(merge);
    }
    return err;
}

static void close_all(struct merge *merge)
{
    for (int i = 0; i < merge->count; i++) {
        hb_sqlite_statement_free(&merge->deliveries[i]);
    }
    hb_sqlite_statement_free(&merge->successes);
}

enum hb_err hb_model_list(struct hb_sqlite *db, const struct hb_model_filter *filter, struct hb_json_writer *w)
{
    struct merge merge = {.count = 0};
    HB_ASSERT(filter->limit >= 1 && filter->limit <= HB_MODEL_LIST_MAX);
    if (!read_cursor(filter->cursor, &merge.place)) {
        return HB_ERR_NOT_FOUND;
    }
    enum hb_err err = open_all(&merge, db, filter);
    hb_json_array(w, "items");
    err = err ? err : run(&merge, filter->limit, w);
    hb_json_close_array(w);
    if (!err && (first_of(&merge) >= 0 || merge.has_success)) {
        write_cursor(w, &merge.place);
    } else {
        hb_json_add_null(w, "next");
    }
    close_all(&merge);
    return err ? err : w->err;
}

/* ---- counting ---- */

static enum hb_err count_states(struct hb_sqlite *db, const struct hb_model_filter *filter,
                                int64_t counts[HB_DELIVERY_STATE_COUNT])
{
    struct hb_sqlite_statement *statement = NULL;
    struct hb_model_sql sql = hb_model_sql_begin("SELECT state, count(*) FROM delivery");
    bool has_row = true;
    add_delivery_filter(&sql, filter);
    if (filter->state >= 0) {
        hb_model_sql_add_int(&sql, " AND state = ?", filter->state);
    }
    hb_model_sql_add(&sql, " GROUP BY state");
    enum hb_err err = hb_model_sql_prepare(&sql, db, &statement);
    while (!err && !(err = hb_sqlite_step(statement, &has_row)) && has_row) {
        int64_t state = hb_sqlite_int(statement, 0);
        if (state >= 0 && state < HB_DELIVERY_STATE_COUNT) {
            counts[state] = hb_sqlite_int(statement, 1);
        }
    }
    hb_sqlite_statement_free(&statement);
    return err;
}

static enum hb_err count_successes(struct hb_sqlite *db, const struct hb_model_filter *filter, int64_t *count)
{
    struct hb_sqlite_statement *statement = NULL;
    struct hb_model_sql sql = hb_model_sql_begin("SELECT count(*) FROM success");
    bool has_row = false;
    add_success_filter(&sql, filter);
    enum hb_err err = hb_model_sql_prepare(&sql, db, &statement);
    err = err ? err : hb_sqlite_step(statement, &has_row);
    *count += !err && has_row ? hb_sqlite_int(statement, 0) : 0;
    hb_sqlite_statement_free(&statement);
    return err;
}

enum hb_err hb_model_count(struct hb_sqlite *db, const struct hb_model_filter *filter, struct hb_json_writer *w)
{
    int64_t counts[HB_DELIVERY_STATE_COUNT] = {0};
    enum hb_err err = count_states(db, filter, counts);
    if (!err && wants_successes(filter)) {
        err = count_successes(db, filter, &counts[HB_DELIVERY_DELIVERED]);
    }
    hb_json_object(w, "counts");
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        if (counts[i] > 0) {
            hb_json_add_int(w, hb_delivery_state_text((enum hb_delivery_state)i), counts[i]);
        }
    }
    hb_json_close_object(w);
    return err ? err : w->err;
}
