#include "history/model_health.h"

#include "history/model_schema.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS (60 * HB_MS_PER_S)
#define HOUR_MINUTES 60

enum { HOUR, DURATIONS, STATES, OLDEST, NEXT_DUE, LAST_OK, FAILING, LAST_FAILURE, WINDOW, STATEMENT_COUNT };

static const char *const SQL[STATEMENT_COUNT] = {
    [HOUR] = "SELECT sum(delivered), sum(failed), sum(CASE WHEN minute >= ?3 THEN delivered + failed ELSE 0 END)"
             " FROM minute WHERE webhook = ?1 AND minute > ?2",
    [DURATIONS] = "SELECT bucket, sum(count) FROM latency WHERE webhook = ?1 AND minute > ?2 GROUP BY bucket ORDER BY bucket",
    [STATES] = "SELECT state, count FROM tally WHERE webhook = ?1",
    [OLDEST] = "SELECT min(appended) FROM delivery WHERE webhook = ?1 AND state = ?2",
    [NEXT_DUE] = "SELECT min(due) FROM delivery WHERE webhook = ?1 AND due IS NOT NULL",
    [LAST_OK] = "SELECT minute, ok_at FROM minute WHERE webhook = ?1 AND delivered > 0 ORDER BY minute DESC LIMIT 1",
    [FAILING] = "SELECT fail_first, fail_at FROM minute WHERE webhook = ?1 AND minute >= ?2 AND fail_at > ?3"
                " ORDER BY minute LIMIT 1",
    [WINDOW] = "SELECT sum(size), count(*) FROM window WHERE webhook = ?1"
               " AND at > (SELECT max(at) FROM window WHERE webhook = ?1) - ?2",
    [LAST_FAILURE] = "SELECT reason, status FROM minute WHERE webhook = ?1 AND failed > 0 ORDER BY minute DESC LIMIT 1",
};

struct hb_model_health {
    struct hb_sqlite_statement *statements[STATEMENT_COUNT];
};

enum hb_err hb_model_health_new(struct hb_sqlite *db, struct hb_model_health **ret_health)
{
    struct hb_model_health *health = calloc(1, sizeof(*health));
    enum hb_err err = health ? hb_sqlite_prepare_all(db, SQL, STATEMENT_COUNT, health->statements) : HB_ERR_MEMORY;
    if (err) {
        hb_model_health_free(&health);
        return err;
    }
    *ret_health = health;
    return HB_OK;
}

void hb_model_health_free(struct hb_model_health **health)
{
    if (!*health) {
        return;
    }
    hb_sqlite_statements_free((*health)->statements, STATEMENT_COUNT);
    free(*health);
    *health = NULL;
}

/* The statement with the webhook and further numbers bound, at its first row. */
static struct hb_sqlite_statement *ask(struct hb_model_health *health, int which, struct hb_str webhook,
                                       const int64_t *numbers, int count)
{
    struct hb_sqlite_statement *statement = health->statements[which];
    hb_sqlite_reset(statement);
    hb_sqlite_bind_text(statement, 1, webhook);
    for (int i = 0; i < count; i++) {
        hb_sqlite_bind_int(statement, i + 2, numbers[i]);
    }
    return statement;
}

static void add_decimal(struct hb_json_writer *w, const char *name, int decimals, double value)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "%.*f", decimals, value);
    hb_json_add_raw(w, name, hb_str_n(text, (size_t)length));
}

static enum hb_err write_hour(struct hb_model_health *health, struct hb_str webhook, struct hb_wall now,
                              struct hb_json_writer *w)
{
    int64_t minute = now.ms / MINUTE_MS;
    const int64_t numbers[] = {minute - HOUR_MINUTES, minute - 1};
    struct hb_sqlite_statement *s = ask(health, HOUR, webhook, numbers, 2);
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(s, &has_row);
    if (err || !has_row) {
        return err;
    }
    int64_t delivered = hb_sqlite_int(s, 0), failed = hb_sqlite_int(s, 1), lately = hb_sqlite_int(s, 2);
    double span_s = 60.0 + (double)(now.ms % MINUTE_MS) / (double)HB_MS_PER_S;
    hb_json_add_int(w, "delivered", delivered);
    hb_json_add_int(w, "failed", failed);
    if (delivered + failed > 0) {
        add_decimal(w, "success_percent", 2, 100.0 * (double)delivered / (double)(delivered + failed));
    }
    add_decimal(w, "per_s", 2, (double)lately / span_s);
    hb_sqlite_reset(s);
    return HB_OK;
}

/* The upper bound of the bucket in which the share lies. */
static double percentile(const int64_t counts[HB_MODEL_BUCKETS], int64_t total, double share)
{
    int64_t below = 0;
    int bucket = 0;
    for (; bucket < HB_MODEL_BUCKETS - 1; bucket++) {
        below += counts[bucket];
        if ((double)below >= share * (double)total) {
            break;
        }
    }
    return hb_model_bucket_ms(bucket);
}

static enum hb_err write_durations(struct hb_model_health *health, struct hb_str webhook, struct hb_wall now,
                                   struct hb_json_writer *w)
{
    const int64_t since = now.ms / MINUTE_MS - HOUR_MINUTES;
    struct hb_sqlite_statement *s = ask(health, DURATIONS, webhook, &since, 1);
    int64_t counts[HB_MODEL_BUCKETS] = {0}, total = 0;
    bool has_row = true;
    enum hb_err err = HB_OK;
    while (!(err = hb_sqlite_step(s, &has_row)) && has_row) {
        int64_t bucket = hb_sqlite_int(s, 0);
        if (bucket >= 0 && bucket < HB_MODEL_BUCKETS) {
            counts[bucket] = hb_sqlite_int(s, 1);
            total += counts[bucket];
        }
    }
    if (!err && total > 0) {
        add_decimal(w, "p50_ms", 0, percentile(counts, total, 0.50));
        add_decimal(w, "p99_ms", 0, percentile(counts, total, 0.99));
    }
    return err;
}

static enum hb_err write_states(struct hb_model_health *health, struct hb_str webhook, struct hb_json_writer *w)
{
    struct hb_sqlite_statement *s = ask(health, STATES, webhook, NULL, 0);
    int64_t parked = 0, dead = 0, held = 0;
    bool has_row = true;
    enum hb_err err = HB_OK;
    while (!(err = hb_sqlite_step(s, &has_row)) && has_row) {
        int64_t state = hb_sqlite_int(s, 0), count = hb_sqlite_int(s, 1);
        parked = state == HB_DELIVERY_PARKED ? count : parked;
        dead = state == HB_DELIVERY_DEAD ? count : dead;
        held = state == HB_DELIVERY_HELD ? count : held;
    }
    hb_json_add_int(w, "parked", parked);
    hb_json_add_int(w, "dead", dead);
    hb_json_add_int(w, "held", held);
    return err;
}

static enum hb_err write_time(struct hb_model_health *health, int which, struct hb_str webhook, const char *name,
                              struct hb_json_writer *w)
{
    const int64_t state = HB_DELIVERY_PARKED;
    struct hb_sqlite_statement *s = ask(health, which, webhook, &state, which == OLDEST ? 1 : 0);
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(s, &has_row);
    if (!err && has_row && !hb_sqlite_is_null(s, 0)) {
        hb_json_add_wall(w, name, (struct hb_wall){hb_sqlite_int(s, 0)});
    }
    hb_sqlite_reset(s);
    return err;
}

/* Since the first failure after the last success. */
static enum hb_err write_failing(struct hb_model_health *health, struct hb_str webhook, struct hb_json_writer *w)
{
    struct hb_sqlite_statement *s = ask(health, LAST_OK, webhook, NULL, 0);
    int64_t after[2] = {0, 0}; /* the minute of the last success, and its time */
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(s, &has_row);
    if (!err && has_row) {
        after[0] = hb_sqlite_int(s, 0);
        after[1] = hb_sqlite_int(s, 1);
    }
    hb_sqlite_reset(s);
    s = ask(health, FAILING, webhook, after, 2);
    err = err ? err : hb_sqlite_step(s, &has_row);
    if (!err && has_row) {
        /* In the minute of the last success itself, an earlier failure is not this one. */
        int64_t first = hb_sqlite_int(s, 0) > after[1] ? hb_sqlite_int(s, 0) : hb_sqlite_int(s, 1);
        hb_json_add_wall(w, "failing_since", (struct hb_wall){first});
    }
    hb_sqlite_reset(s);
    return err;
}

static enum hb_err write_last_failure(struct hb_model_health *health, struct hb_str webhook, struct hb_json_writer *w)
{
    struct hb_sqlite_statement *s = ask(health, LAST_FAILURE, webhook, NULL, 0);
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(s, &has_row);
    if (!err && has_row) {
        hb_json_add_str(w, "last_reason", hb_sqlite_text(s, 0));
        if (hb_sqlite_int(s, 1) > 0) {
            hb_json_add_int(w, "last_status", hb_sqlite_int(s, 1));
        }
    }
    hb_sqlite_reset(s);
    return err;
}

/* Of all workers that had attempts lately: a worker tells it once a minute at least, while it has any. */
static enum hb_err write_window(struct hb_model_health *health, struct hb_str webhook, struct hb_json_writer *w)
{
    const int64_t lately_ms = HB_MS_PER_HOUR;
    struct hb_sqlite_statement *s = ask(health, WINDOW, webhook, &lately_ms, 1);
    bool has_row = false;
    enum hb_err err = hb_sqlite_step(s, &has_row);
    if (!err && has_row && hb_sqlite_int(s, 1) > 0) {
        hb_json_add_int(w, "window", hb_sqlite_int(s, 0));
        hb_json_add_int(w, "workers", hb_sqlite_int(s, 1));
    }
    hb_sqlite_reset(s);
    return err;
}

enum hb_err hb_model_health_write(struct hb_model_health *health, struct hb_str webhook, struct hb_wall now,
                                  struct hb_json_writer *w)
{
    enum hb_err err = write_hour(health, webhook, now, w);
    err = err ? err : write_durations(health, webhook, now, w);
    err = err ? err : write_window(health, webhook, w);
    err = err ? err : write_states(health, webhook, w);
    err = err ? err : write_time(health, OLDEST, webhook, "oldest", w);
    err = err ? err : write_time(health, NEXT_DUE, webhook, "next_due", w);
    err = err ? err : write_failing(health, webhook, w);
    return err ? err : write_last_failure(health, webhook, w);
}
