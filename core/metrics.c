#include "core/metrics.h"

#include <inttypes.h>

static const int bounds_ms[HB_METRIC_BOUNDS_COUNT] = HB_METRIC_BOUNDS_MS;

static const struct hb_metric_row rows[] = {
#define HB_METRIC(name, text, kind, label, help) {text, label, help, HB_METRIC_KIND_##kind, HB_METRIC_##name},
#define HB_METRIC_LABEL(name, value, text) {text, NULL, NULL, HB_METRIC_KIND_COUNTER, HB_METRIC_CELL_##name##_##value},
#include "core/tables/metrics.def"
#undef HB_METRIC
#undef HB_METRIC_LABEL
};
#define ROWS_COUNT (sizeof rows / sizeof *rows)

/* Counts the label rows of each metric while compiling: an anonymous enum per metric would need its rows apart, so the
 * last label of a metric is the greatest of its indices, and later initializers of one cell replace earlier ones. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
const uint16_t hb_metric_label_counts[HB_METRIC_CELLS] = {
#define HB_METRIC(name, text, kind, label, help) [HB_METRIC_##name] = 0,
#define HB_METRIC_LABEL(name, value, text) [HB_METRIC_##name] = HB_LABEL_##name##_##value + 1,
#include "core/tables/metrics.def"
#undef HB_METRIC
#undef HB_METRIC_LABEL
};
#pragma GCC diagnostic pop

/* FNV-1a over all names in order: it changes with the table. */
static uint64_t layout(void)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < ROWS_COUNT; i++)
        for (const char *at = rows[i].name; *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return hash;
}

void hb_metrics_init(struct hb_metrics *metrics)
{
    memset(metrics, 0, sizeof *metrics);
    metrics->layout = layout();
}

void hb_metric_observe_us(struct hb_metrics *metrics, enum hb_metric metric, int64_t duration_us)
{
    uint64_t us = duration_us > 0 ? (uint64_t)duration_us : 0;
    unsigned bucket = 0;
    while (bucket < HB_METRIC_BOUNDS_COUNT && us > (uint64_t)bounds_ms[bucket] * 1000)
        bucket++;
    uint64_t *cells = &metrics->cells[metric];
    hb_metric_cell_add(&cells[bucket], 1);
    hb_metric_cell_add(&cells[HB_METRIC_BOUNDS_COUNT + 1], us);
}

static uint64_t read_cell(const struct hb_metrics *metrics, unsigned cell)
{
    return __atomic_load_n(&metrics->cells[cell], __ATOMIC_RELAXED);
}

uint64_t hb_metric_read(const struct hb_metrics *metrics, enum hb_metric metric)
{
    return read_cell(metrics, metric);
}

uint64_t hb_metric_read_label(const struct hb_metrics *metrics, enum hb_metric metric, unsigned label)
{
    HB_ASSERT(label < hb_metric_label_counts[metric]);
    return read_cell(metrics, (unsigned)metric + 1 + label);
}

const struct hb_metric_row *hb_metric_rows(size_t *ret_count)
{
    *ret_count = ROWS_COUNT;
    return rows;
}

/* What is rendered and into what. */
struct rendering {
    const struct hb_metrics *const *blocks;
    size_t count;
    uint64_t layout;
    struct hb_buf *text;
};

static uint64_t sum_of(const struct rendering *r, unsigned cell)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->blocks[i]->layout == r->layout)
            sum += read_cell(r->blocks[i], cell);
    return sum;
}

static int64_t max_of(const struct rendering *r, unsigned cell)
{
    int64_t max = 0;
    bool has_any = false;
    for (size_t i = 0; i < r->count; i++) {
        if (r->blocks[i]->layout != r->layout)
            continue;
        int64_t value = (int64_t)read_cell(r->blocks[i], cell);
        if (!has_any || value > max)
            max = value;
        has_any = true;
    }
    return max;
}

/* Escapes what the format gives a meaning; quotes matter in label values only, but are allowed in both. */
static enum hb_err add_escaped(struct hb_buf *text, const char *raw, bool is_label)
{
    enum hb_err err = HB_OK;
    for (const char *at = raw; *at && !err; at++) {
        if (*at == '\n')
            err = hb_buf_add(text, HB_STR("\\n"));
        else if (*at == '\\' || (*at == '"' && is_label))
            err = hb_buf_addf(text, "\\%c", *at);
        else
            err = hb_buf_add_char(text, *at);
    }
    return err;
}

static const char *type_of(enum hb_metric_kind kind)
{
    if (kind == HB_METRIC_KIND_COUNTER)
        return "counter";
    return kind == HB_METRIC_KIND_HISTOGRAM_MS ? "histogram" : "gauge";
}

static enum hb_err add_head(const struct rendering *r, const struct hb_metric_row *row)
{
    enum hb_err err = hb_buf_addf(r->text, "# HELP %s ", row->name);
    if (!err)
        err = add_escaped(r->text, row->help, false);
    return err ? err : hb_buf_addf(r->text, "\n# TYPE %s %s\n", row->name, type_of(row->kind));
}

static enum hb_err add_value(const struct rendering *r, enum hb_metric_kind kind, unsigned cell)
{
    if (kind == HB_METRIC_KIND_COUNTER)
        return hb_buf_addf(r->text, " %" PRIu64 "\n", sum_of(r, cell));
    return hb_buf_addf(r->text, " %" PRId64 "\n",
                       kind == HB_METRIC_KIND_GAUGE ? (int64_t)sum_of(r, cell) : max_of(r, cell));
}

static enum hb_err add_series(const struct rendering *r, const struct hb_metric_row *row,
                              const struct hb_metric_row *label)
{
    enum hb_err err = hb_buf_addf(r->text, "%s{%s=\"", row->name, row->label);
    if (!err)
        err = add_escaped(r->text, label->name, true);
    if (!err)
        err = hb_buf_add(r->text, HB_STR("\"}"));
    return err ? err : add_value(r, row->kind, label->cell);
}

static enum hb_err add_histogram(const struct rendering *r, const struct hb_metric_row *row)
{
    uint64_t below = 0;
    enum hb_err err = HB_OK;
    for (unsigned i = 0; i < HB_METRIC_BOUNDS_COUNT && !err; i++) {
        below += sum_of(r, row->cell + i);
        err = hb_buf_addf(r->text, "%s_bucket{le=\"%d\"} %" PRIu64 "\n", row->name, bounds_ms[i], below);
    }
    below += sum_of(r, row->cell + HB_METRIC_BOUNDS_COUNT);
    uint64_t us = sum_of(r, row->cell + HB_METRIC_BOUNDS_COUNT + 1);
    if (!err)
        err = hb_buf_addf(r->text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->name, below);
    if (!err)
        err = hb_buf_addf(r->text, "%s_sum %" PRIu64 ".%03" PRIu64 "\n", row->name, us / 1000, us % 1000);
    return err ? err : hb_buf_addf(r->text, "%s_count %" PRIu64 "\n", row->name, below);
}

/* One metric with the label rows behind it; *i is left at its last row. */
static enum hb_err add_metric(const struct rendering *r, size_t *i)
{
    const struct hb_metric_row *row = &rows[*i];
    enum hb_err err = add_head(r, row);
    if (err)
        return err;
    if (row->kind == HB_METRIC_KIND_HISTOGRAM_MS)
        return add_histogram(r, row);
    if (row->label[0] == '\0') {
        err = hb_buf_addf(r->text, "%s", row->name);
        return err ? err : add_value(r, row->kind, row->cell);
    }
    while (!err && *i + 1 < ROWS_COUNT && !rows[*i + 1].label)
        err = add_series(r, row, &rows[++*i]);
    return err;
}

enum hb_err hb_metrics_render(const struct hb_metrics *const *blocks, size_t count, struct hb_buf *ret_text)
{
    struct rendering r = {blocks, count, layout(), ret_text};
    enum hb_err err = HB_OK;
    for (size_t i = 0; i < ROWS_COUNT && !err; i++)
        err = add_metric(&r, &i);
    return err;
}
