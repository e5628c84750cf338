/* Job: the numbers of a process: counters, gauges and histograms, from the table core/tables/metrics.def.
 *
 * Place: counted by the rooms, rendered by the role that serves /metrics.
 * Owns / borrows: struct hb_metrics is plain memory of a fixed size without pointers, so it can lie in a memfd: each
 * worker counts in its own, the parent renders all of them as one.
 * Fails: only rendering (the buffer's errors). A label out of range is a bug.
 * Cost: counting is a handful of instructions.
 * Threads: one writer per struct; any number of readers, also in other processes: each cell is read and written whole.
 *
 * Example:
 *     hb_metric_add(m, HB_METRIC_LOOP_STALLS, 1);
 *     hb_metric_add_label(m, HB_METRIC_OUTCOMES, outcome.reason, 1); */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include "hookbus/bytes.h"
#include "hookbus/outcome.h"

/* Upper bounds of the histogram's buckets in milliseconds; one more has none. Fine where our targets are. */
#define HB_METRIC_BOUNDS_MS                                                                                            \
    {                                                                                                                  \
        1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 200, 350, 600, 1000, 2000, 5000, 10000, 15000, 30000                       \
    }
#define HB_METRIC_BOUNDS_COUNT 19

/* Cells of a row: a labelled one has its labels behind the first; a histogram its buckets and the sum in microseconds.
 */
#define HB_METRIC_CELLS_COUNTER 1
#define HB_METRIC_CELLS_GAUGE 1
#define HB_METRIC_CELLS_GAUGE_MAX 1
#define HB_METRIC_CELLS_HISTOGRAM_MS (HB_METRIC_BOUNDS_COUNT + 2)

/* A metric's value is the place of its first cell. */
enum hb_metric {
#define HB_METRIC(name, text, kind, label, help)                                                                       \
    HB_METRIC_##name, HB_METRIC_LAST_##name = HB_METRIC_##name + HB_METRIC_CELLS_##kind - 1,
#define HB_METRIC_LABEL(name, value, text) HB_METRIC_CELL_##name##_##value,
#include "core/tables/metrics.def"
#undef HB_METRIC
#undef HB_METRIC_LABEL
    HB_METRIC_CELLS
};

/* The labels of a metric, from 0 on. */
enum hb_metric_label {
#define HB_METRIC(name, text, kind, label, help)
#define HB_METRIC_LABEL(name, value, text)                                                                             \
    HB_LABEL_##name##_##value = HB_METRIC_CELL_##name##_##value - HB_METRIC_##name - 1,
#include "core/tables/metrics.def"
#undef HB_METRIC
#undef HB_METRIC_LABEL
};

struct hb_metrics {
    uint64_t layout; /* which table this memory was made by: another build's block is left out, not misread */
    uint64_t cells[HB_METRIC_CELLS];
};

enum hb_metric_kind {
    HB_METRIC_KIND_COUNTER,
    HB_METRIC_KIND_GAUGE,
    HB_METRIC_KIND_GAUGE_MAX,
    HB_METRIC_KIND_HISTOGRAM_MS
};

/* What the inline functions check against: by a metric's first cell, how many labels it has. */
extern const uint16_t hb_metric_label_counts[HB_METRIC_CELLS];

/* Sets all to zero. Call before counting, also on fresh shared memory. */
void hb_metrics_init(struct hb_metrics *metrics);

static inline void hb_metric_cell_add(uint64_t *cell, uint64_t n)
{
    /* One writer: a load and a store that readers see whole, no locked instruction. */
    __atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}
/* Counts n more of a metric without labels. */
static inline void hb_metric_add(struct hb_metrics *metrics, enum hb_metric metric, uint64_t n)
{
    HB_ASSERT(hb_metric_label_counts[metric] == 0);
    hb_metric_cell_add(&metrics->cells[metric], n);
}
/* Counts n more of one label (HB_LABEL_…, or the value of the enum the labels were made from). */
static inline void hb_metric_add_label(struct hb_metrics *metrics, enum hb_metric metric, unsigned label, uint64_t n)
{
    HB_ASSERT(label < hb_metric_label_counts[metric]);
    hb_metric_cell_add(&metrics->cells[(unsigned)metric + 1 + label], n);
}
/* Sets a gauge, or a counter that is counted elsewhere (a library's own). */
static inline void hb_metric_set(struct hb_metrics *metrics, enum hb_metric metric, int64_t value)
{
    HB_ASSERT(hb_metric_label_counts[metric] == 0);
    __atomic_store_n(&metrics->cells[metric], (uint64_t)value, __ATOMIC_RELAXED);
}
/* Puts a duration in microseconds into a HISTOGRAM_MS; less than zero counts as zero. */
void hb_metric_observe_us(struct hb_metrics *metrics, enum hb_metric metric, int64_t duration_us);

/* Of a metric without labels, or one label's: counter or gauge. For tests and status pages. */
uint64_t hb_metric_read(const struct hb_metrics *metrics, enum hb_metric metric);
uint64_t hb_metric_read_label(const struct hb_metrics *metrics, enum hb_metric metric, unsigned label);

/* Appends all metrics in the Prometheus text format 0.0.4, the blocks of several workers joined: counters, histograms
 * and gauges added up, GAUGE_MAX the greatest. Blocks of another layout are left out. Errors of hb_buf_add. */
HB_MUST_USE enum hb_err hb_metrics_render(const struct hb_metrics *const *blocks, size_t count,
                                          struct hb_buf *ret_text);
#define HB_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The table itself, for documents: rows in order. A label row has metric NULL and its text in `name`. */
struct hb_metric_row {
    const char *name;
    const char *label; /* the label's name, "" if none; NULL on a label row */
    const char *help;
    enum hb_metric_kind kind;
    unsigned cell;
};
const struct hb_metric_row *hb_metric_rows(size_t *ret_count);

#endif
