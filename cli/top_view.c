#include "cli/top_view.h"

#include <limits.h>
#include <stdlib.h>

#define LINE_BYTES 1024
#define CLEAR_REST "\033[K"

void hb_top_age(struct hb_wall at, struct hb_wall now, char ret_text[24])
{
    static const struct {
        int64_t from_s, divisor;
        char unit;
    } UNITS[] = {{172800, 86400, 'd'}, {7200, 3600, 'h'}, {120, 60, 'm'}, {0, 1, 's'}};
    int64_t age_s = llabs(now.ms - at.ms) / HB_MS_PER_S;

    (void)snprintf(ret_text, 24, "-");
    for (size_t i = 0; at.ms > 0 && i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (age_s >= UNITS[i].from_s) {
            (void)snprintf(ret_text, 24, "%lld%c", (long long)(age_s / UNITS[i].divisor), UNITS[i].unit);
            return;
        }
    }
}

void hb_top_decimal(double value, int decimals, char ret_text[24])
{
    if (value < 0) {
        (void)snprintf(ret_text, 24, "-");
    } else {
        (void)snprintf(ret_text, 24, "%.*f", decimals, value);
    }
}

/* ---- sums ---- */

struct sums {
    double per_s;
    int64_t parked, dead, held, delivered, failed;
    size_t resting, disabled, paused, failing;
};

static struct sums sum(const struct hb_fares *fares)
{
    struct sums sums = {.per_s = 0};

    for (size_t i = 0; i < fares->count; i++) {
        const struct hb_fare *fare = &fares->items[i];

        sums.per_s += fare->per_s > 0 ? fare->per_s : 0;
        sums.parked += fare->parked;
        sums.dead += fare->dead;
        sums.held += fare->held;
        sums.delivered += fare->delivered;
        sums.failed += fare->failed;
        sums.resting += strcmp(fare->state, "resting") == 0;
        sums.disabled += strcmp(fare->state, "disabled") == 0;
        sums.paused += strcmp(fare->state, "paused") == 0;
        sums.failing += fare->failing_since.ms > 0;
    }
    return sums;
}

/* ---- for programs ---- */

static void add_decimal(struct hb_json_writer *w, const char *name, double value)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%.2f", value);

    if (value >= 0) {
        hb_json_add_raw(w, name, hb_str_n(text, (size_t)length));
    }
}

static void add_time(struct hb_json_writer *w, const char *name, struct hb_wall at)
{
    if (at.ms > 0) {
        hb_json_add_wall(w, name, at);
    }
}

static void add_fare(struct hb_json_writer *w, const struct hb_fare *fare)
{
    hb_json_object(w, NULL);
    hb_json_add_str(w, "store", hb_str_c(fare->store));
    hb_json_add_str(w, "webhook", hb_str_c(fare->webhook));
    hb_json_add_str(w, "state", hb_str_c(fare->state));
    hb_json_add_str(w, "url", hb_str_c(fare->url));
    hb_json_add_int(w, "delivered", fare->delivered);
    hb_json_add_int(w, "failed", fare->failed);
    add_decimal(w, "success_percent", fare->success_percent);
    add_decimal(w, "per_s", fare->per_s);
    add_decimal(w, "p50_ms", fare->p50_ms);
    add_decimal(w, "p99_ms", fare->p99_ms);
    if (fare->window > 0) {
        hb_json_add_int(w, "window", fare->window);
        hb_json_add_int(w, "workers", fare->workers);
    }
    hb_json_add_int(w, "parked", fare->parked);
    hb_json_add_int(w, "dead", fare->dead);
    hb_json_add_int(w, "held", fare->held);
    add_time(w, "until", fare->until);
    add_time(w, "oldest", fare->oldest);
    add_time(w, "next_due", fare->next_due);
    add_time(w, "failing_since", fare->failing_since);
    if (fare->reason[0]) {
        hb_json_add_str(w, "last_reason", hb_str_c(fare->reason));
    }
    hb_json_close_object(w);
}

void hb_top_write_json(const struct hb_fares *fares, struct hb_json_writer *w)
{
    struct sums sums = sum(fares);

    hb_json_object(w, NULL);
    hb_json_array(w, "items");
    for (size_t i = 0; i < fares->count; i++) {
        add_fare(w, &fares->items[i]);
    }
    hb_json_close_array(w);
    add_decimal(w, "per_s", sums.per_s);
    hb_json_add_int(w, "parked", sums.parked);
    hb_json_add_int(w, "dead", sums.dead);
    hb_json_add_int(w, "held", sums.held);
    hb_json_add_bool(w, "complete", fares->is_complete);
    if (!fares->is_complete) {
        hb_json_add_int(w, "percent", fares->percent);
    }
    if (fares->trouble[0]) {
        hb_json_add_str(w, "trouble", hb_str_c(fares->trouble));
    }
    hb_json_close_object(w);
}

/* ---- for people ---- */

struct screen {
    const struct hb_output *output;
    struct hb_buf *buf;
    int columns, rows, used;
    bool is_plain;
};

/* One line, cut and cleared to its end; nothing when the screen is full. */
static enum hb_err add_line(struct screen *screen, const char *text, const char *color)
{
    struct hb_buf clean = hb_buf_make(4 * LINE_BYTES);
    const char *before = screen->output->has_color && !screen->is_plain ? color : "";
    const char *after = *before ? "\033[0m" : "", *clear = screen->is_plain ? "" : CLEAR_REST;
    const char *between = screen->used == 0 ? "" : screen->is_plain ? "\n" : "\r\n";
    enum hb_err err = screen->used < screen->rows ? hb_output_clean(screen->output, hb_str_c(text), &clean) : HB_OK;

    if (!err && screen->used < screen->rows) {
        struct hb_str cut = hb_output_cut(hb_buf_str(&clean), (size_t)screen->columns);

        err = hb_buf_addf(screen->buf, "%s%s%.*s%s%s", between, before, HB_ARG(cut), after, clear);
        screen->used++;
    }
    hb_buf_deinit(&clean);
    return err;
}

static enum hb_err add_head(struct screen *screen, const struct hb_fares *fares, const struct hb_top_head *head)
{
    struct sums sums = sum(fares);
    char line[LINE_BYTES], at[HB_WALL_TEXT_MAX], flight[24], waiting[24];
    int64_t attempts = sums.delivered + sums.failed;

    (void)hb_wall_format(head->now, at);
    hb_top_decimal((double)head->in_flight, 0, flight);
    hb_top_decimal((double)head->waiting, 0, waiting);
    (void)snprintf(line, sizeof(line), "hookbus  %.8s UTC  %zu webhooks  %.1f/s  in flight %s  waiting %s", at + 11,
                   fares->count, sums.per_s, flight, waiting);
    enum hb_err err = add_line(screen, line, "\033[1m");
    (void)snprintf(line, sizeof(line),
                   "parked %lld  dead %lld  held %lld  last hour: %lld delivered, %lld failed (%.1f %%)",
                   (long long)sums.parked, (long long)sums.dead, (long long)sums.held, (long long)sums.delivered,
                   (long long)sums.failed, attempts > 0 ? 100.0 * (double)sums.failed / (double)attempts : 0.0);
    err = err ? err : add_line(screen, line, "");
    if (head->complaint) {
        (void)snprintf(line, sizeof(line), "! %s", head->complaint);
    } else if (!fares->is_complete) {
        (void)snprintf(line, sizeof(line), "! the read model is being made from Kafka: %lld %%",
                       (long long)fares->percent);
    } else if (fares->trouble[0]) {
        (void)snprintf(line, sizeof(line), "! perhaps old: %s", fares->trouble);
    } else {
        (void)snprintf(line, sizeof(line), "failing %zu  resting %zu  paused %zu  disabled %zu      q leaves",
                       sums.failing, sums.resting, sums.paused, sums.disabled);
    }
    return err ? err : add_line(screen, line, line[0] == '!' ? "\033[33m" : "");
}

/* 80 columns: 29 for the webhook, the reason takes what is left. */
#define ROW_FORMAT "%-29.29s %-8.8s %5s %6s %5s %6s %7s %7s  %s"

static enum hb_err add_row(struct screen *screen, const struct hb_fare *fare, struct hb_wall now)
{
    char line[LINE_BYTES], window[24], per_s[24], ok[24], p99[24], parked[24], failing[24];
    bool is_bad = strcmp(fare->state, "active") != 0 || fare->failing_since.ms > 0;

    hb_top_decimal(fare->window > 0 ? (double)fare->window : -1, 0, window);
    hb_top_decimal(fare->per_s, 1, per_s);
    hb_top_decimal(fare->success_percent, 1, ok);
    hb_top_decimal(fare->p99_ms, 0, p99);
    (void)snprintf(parked, sizeof(parked), "%lld", (long long)fare->parked);
    hb_top_age(fare->failing_since, now, failing);
    (void)snprintf(line, sizeof(line), ROW_FORMAT, fare->webhook, fare->state, window, per_s, ok, p99, parked, failing,
                   is_bad ? fare->reason : "");
    return add_line(screen, line, is_bad ? "\033[31m" : fare->parked > 0 ? "\033[33m" : "");
}

static enum hb_err draw(struct screen *screen, const struct hb_fares *fares, const struct hb_top_head *head)
{
    char title[LINE_BYTES];
    enum hb_err err = add_head(screen, fares, head);

    (void)snprintf(title, sizeof(title), ROW_FORMAT, "WEBHOOK", "STATE", "WIN", "/S", "OK %", "P99 MS", "PARKED",
                   "FAILING", "REASON");
    err = err ? err : add_line(screen, title, "\033[7m");
    for (size_t i = 0; i < fares->count && !err && screen->used < screen->rows; i++) {
        err = add_row(screen, &fares->items[i], head->now);
    }
    return err;
}

enum hb_err hb_top_draw(const struct hb_output *output, const struct hb_fares *fares, const struct hb_top_head *head,
                        int columns, int rows, struct hb_buf *ret_screen)
{
    struct screen screen = {output, ret_screen, columns, rows, 0, false};
    enum hb_err err = draw(&screen, fares, head);

    while (!err && screen.used < rows) {
        err = add_line(&screen, "", "");
    }
    return err;
}

enum hb_err hb_top_draw_plain(const struct hb_output *output, const struct hb_fares *fares,
                              const struct hb_top_head *head, int columns, struct hb_buf *ret_text)
{
    struct screen screen = {output, ret_text, columns, INT_MAX, 0, true};

    return draw(&screen, fares, head);
}
