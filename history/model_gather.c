#include "history/model_gather.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS (60 * HB_MS_PER_S)
#define KEY_BYTES_MAX (HB_ID_MAX + 32)

struct minute {
    char key[KEY_BYTES_MAX];
    char webhook[HB_ID_MAX + 1], store[HB_ID_MAX + 1];
    int64_t minute, delivered, failed, ok_at, fail_first, fail_at, status;
    char reason[64];
    uint32_t durations[HB_MODEL_BUCKETS];
    bool has_durations;
};

/* How many requests a worker may have under way for a webhook. */
struct window {
    char key[2 * HB_ID_MAX + 2];
    size_t webhook_bytes; /* of the key; the worker's name stands behind it and a slash */
    int64_t size, at;
};

struct tally {
    char webhook[HB_ID_MAX + 1], store[HB_ID_MAX + 1];
    int64_t moved[HB_DELIVERY_STATE_COUNT];
};

static const char *const SQL[HB_GATHER_COUNT] = {
    [HB_GATHER_MINUTE] =
        "INSERT INTO minute VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET"
        " delivered = delivered + ?3, failed = failed + ?4, ok_at = max(ok_at, ?5),"
        " fail_first = CASE WHEN fail_first = 0 THEN ?6 WHEN ?6 = 0 THEN fail_first ELSE min(fail_first, ?6) END,"
        " reason = CASE WHEN ?7 >= fail_at AND ?7 > 0 THEN ?8 ELSE reason END,"
        " status = CASE WHEN ?7 >= fail_at AND ?7 > 0 THEN ?9 ELSE status END, fail_at = max(fail_at, ?7)",
    [HB_GATHER_LATENCY] =
        "INSERT INTO latency VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4",
    [HB_GATHER_TALLY] = "INSERT INTO tally VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + ?3",
    [HB_GATHER_WINDOW] = "INSERT INTO window VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET size = ?3, at = ?4"
                         " WHERE at <= ?4",
    [HB_GATHER_WEBHOOK] = "INSERT INTO webhook VALUES(?1, ?2) ON CONFLICT DO NOTHING",
};

enum hb_err hb_model_gather_init(struct hb_model_gather *gather, struct hb_sqlite *db)
{
    *gather = (struct hb_model_gather){.minutes = HB_MAP_EMPTY, .tallies = HB_MAP_EMPTY, .windows = HB_MAP_EMPTY};
    return hb_sqlite_prepare_all(db, SQL, HB_GATHER_COUNT, gather->statements);
}

static void empty(struct hb_map *map)
{
    size_t state = 0;
    void *value = NULL;
    while ((value = hb_map_next(map, &state)) != NULL) {
        free(value);
    }
    hb_map_deinit(map);
}

void hb_model_gather_drop(struct hb_model_gather *gather)
{
    empty(&gather->minutes);
    empty(&gather->tallies);
    empty(&gather->windows);
}

void hb_model_gather_deinit(struct hb_model_gather *gather)
{
    hb_model_gather_drop(gather);
    hb_sqlite_statements_free(gather->statements, HB_GATHER_COUNT);
}

size_t hb_model_gather_count(const struct hb_model_gather *gather)
{
    return gather->minutes.count + gather->tallies.count + gather->windows.count;
}

/* ---- attempts ---- */

static struct minute *minute_of(struct hb_model_gather *gather, const struct hb_model_line *line)
{
    char key[KEY_BYTES_MAX];
    int64_t number = line->at.ms / MINUTE_MS;
    int length = snprintf(key, sizeof(key), "%lld/%.*s", (long long)number, HB_ARG(line->webhook));
    struct minute *minute = hb_map_get(&gather->minutes, hb_str_n(key, (size_t)length));
    if (minute) {
        return minute;
    }
    minute = calloc(1, sizeof(*minute));
    if (!minute) {
        return NULL;
    }
    memcpy(minute->key, key, sizeof(key));
    (void)snprintf(minute->webhook, sizeof(minute->webhook), "%.*s", HB_ARG(line->webhook));
    (void)snprintf(minute->store, sizeof(minute->store), "%.*s", HB_ARG(line->store));
    minute->minute = number;
    if (hb_map_put(&gather->minutes, hb_str_n(minute->key, (size_t)length), minute)) {
        free(minute);
        return NULL;
    }
    return minute;
}

static void count_failure(struct minute *minute, const struct hb_model_line *line)
{
    minute->failed++;
    if (minute->fail_first == 0 || line->at.ms < minute->fail_first) {
        minute->fail_first = line->at.ms;
    }
    if (line->at.ms >= minute->fail_at) {
        minute->fail_at = line->at.ms;
        minute->status = line->status;
        (void)snprintf(minute->reason, sizeof(minute->reason), "%.*s", HB_ARG(line->reason));
    }
}

static enum hb_err gather_window(struct hb_model_gather *gather, const struct hb_model_line *line)
{
    char key[sizeof(((struct window *)0)->key)];
    int length = snprintf(key, sizeof(key), "%.*s/%.*s", HB_ARG(line->webhook), HB_ARG(line->worker));
    if (line->window <= 0 || line->worker.len == 0 || length < 0 || (size_t)length >= sizeof(key)) {
        return HB_OK;
    }
    struct window *window = hb_map_get(&gather->windows, hb_str_n(key, (size_t)length));
    if (!window) {
        window = calloc(1, sizeof(*window));
        if (!window) {
            return HB_ERR_MEMORY;
        }
        memcpy(window->key, key, sizeof(key));
        window->webhook_bytes = line->webhook.len;
        if (hb_map_put(&gather->windows, hb_str_n(window->key, (size_t)length), window)) {
            free(window);
            return HB_ERR_MEMORY;
        }
    }
    if (line->at.ms >= window->at) {
        window->at = line->at.ms;
        window->size = line->window;
    }
    return HB_OK;
}

enum hb_err hb_model_gather_attempt(struct hb_model_gather *gather, const struct hb_model_line *line,
                                    bool is_delivered, bool has_duration)
{
    struct minute *minute = minute_of(gather, line);
    if (!minute) {
        return HB_ERR_MEMORY;
    }
    if (is_delivered) {
        minute->delivered++;
        minute->ok_at = line->at.ms > minute->ok_at ? line->at.ms : minute->ok_at;
    } else {
        count_failure(minute, line);
    }
    if (has_duration && line->us >= 0) {
        minute->durations[hb_model_bucket(line->us)]++;
        minute->has_durations = true;
    }
    return gather_window(gather, line);
}

/* ---- states ---- */

enum hb_err hb_model_gather_move(struct hb_model_gather *gather, struct hb_str store, struct hb_str webhook, int from,
                                 int to)
{
    struct tally *tally = from == to ? NULL : hb_map_get(&gather->tallies, webhook);
    if (from == to) {
        return HB_OK;
    }
    if (!tally) {
        tally = calloc(1, sizeof(*tally));
        if (!tally) {
            return HB_ERR_MEMORY;
        }
        (void)snprintf(tally->webhook, sizeof(tally->webhook), "%.*s", HB_ARG(webhook));
        (void)snprintf(tally->store, sizeof(tally->store), "%.*s", HB_ARG(store));
        if (hb_map_put(&gather->tallies, hb_str_c(tally->webhook), tally)) {
            free(tally);
            return HB_ERR_MEMORY;
        }
    }
    if (tally->store[0] == '\0') { /* a tombstone does not know it */
        (void)snprintf(tally->store, sizeof(tally->store), "%.*s", HB_ARG(store));
    }
    if (from >= 0) {
        tally->moved[from]--;
    }
    if (to >= 0) {
        tally->moved[to]++;
    }
    return HB_OK;
}

/* ---- writing ---- */

static enum hb_err write_webhook(struct hb_model_gather *gather, const char *webhook, const char *store)
{
    struct hb_sqlite_statement *statement = gather->statements[HB_GATHER_WEBHOOK];
    hb_sqlite_bind_text(statement, 1, hb_str_c(webhook));
    hb_sqlite_bind_text(statement, 2, hb_str_c(store));
    return hb_sqlite_do(statement);
}

static enum hb_err write_durations(struct hb_model_gather *gather, const struct minute *minute)
{
    struct hb_sqlite_statement *statement = gather->statements[HB_GATHER_LATENCY];
    enum hb_err err = HB_OK;
    for (int i = 0; !err && i < HB_MODEL_BUCKETS; i++) {
        if (minute->durations[i] > 0) {
            hb_sqlite_bind_text(statement, 1, hb_str_c(minute->webhook));
            hb_sqlite_bind_int(statement, 2, minute->minute);
            hb_sqlite_bind_int(statement, 3, i);
            hb_sqlite_bind_int(statement, 4, minute->durations[i]);
            err = hb_sqlite_do(statement);
        }
    }
    return err;
}

static enum hb_err write_minute(struct hb_model_gather *gather, const struct minute *minute)
{
    struct hb_sqlite_statement *statement = gather->statements[HB_GATHER_MINUTE];
    const int64_t numbers[] = {minute->minute, minute->delivered,  minute->failed,
                               minute->ok_at,  minute->fail_first, minute->fail_at};
    hb_sqlite_bind_text(statement, 1, hb_str_c(minute->webhook));
    for (int i = 0; i < 6; i++) {
        hb_sqlite_bind_int(statement, i + 2, numbers[i]);
    }
    hb_sqlite_bind_text(statement, 8, minute->reason[0] ? hb_str_c(minute->reason) : (struct hb_str){NULL, 0});
    hb_sqlite_bind_int(statement, 9, minute->status);
    enum hb_err err = hb_sqlite_do(statement);
    err = err ? err : write_webhook(gather, minute->webhook, minute->store);
    return err || !minute->has_durations ? err : write_durations(gather, minute);
}

static enum hb_err write_tally(struct hb_model_gather *gather, const struct tally *tally)
{
    struct hb_sqlite_statement *statement = gather->statements[HB_GATHER_TALLY];
    enum hb_err err = HB_OK;
    for (int i = 0; !err && i < HB_DELIVERY_STATE_COUNT; i++) {
        if (tally->moved[i] != 0) {
            hb_sqlite_bind_text(statement, 1, hb_str_c(tally->webhook));
            hb_sqlite_bind_int(statement, 2, i);
            hb_sqlite_bind_int(statement, 3, tally->moved[i]);
            err = hb_sqlite_do(statement);
        }
    }
    return err || tally->store[0] == '\0' ? err : write_webhook(gather, tally->webhook, tally->store);
}

static enum hb_err write_window(struct hb_model_gather *gather, const struct window *window)
{
    struct hb_sqlite_statement *statement = gather->statements[HB_GATHER_WINDOW];
    hb_sqlite_bind_text(statement, 1, hb_str_n(window->key, window->webhook_bytes));
    hb_sqlite_bind_text(statement, 2, hb_str_c(window->key + window->webhook_bytes + 1));
    hb_sqlite_bind_int(statement, 3, window->size);
    hb_sqlite_bind_int(statement, 4, window->at);
    return hb_sqlite_do(statement);
}

enum hb_err hb_model_gather_write(struct hb_model_gather *gather)
{
    enum hb_err err = HB_OK;
    size_t state = 0;
    const struct minute *minute = NULL;
    const struct tally *tally = NULL;
    while (!err && (minute = hb_map_next(&gather->minutes, &state)) != NULL) {
        err = write_minute(gather, minute);
    }
    for (state = 0; !err && (tally = hb_map_next(&gather->tallies, &state)) != NULL;) {
        err = write_tally(gather, tally);
    }
    const struct window *window = NULL;
    for (state = 0; !err && (window = hb_map_next(&gather->windows, &state)) != NULL;) {
        err = write_window(gather, window);
    }
    hb_model_gather_drop(gather);
    return err;
}
