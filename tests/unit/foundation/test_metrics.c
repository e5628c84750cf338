#include "core/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The text of the blocks; freed by the caller. */
static struct hb_buf render(const struct hb_metrics *const *blocks, size_t count)
{
    struct hb_buf text = hb_buf_make(1 << 20);
    assert_int_equal(hb_metrics_render(blocks, count, &text), HB_OK);
    return text;
}

static void assert_line(const struct hb_buf *text, const char *line)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(text->ptr, wanted))
        fail_msg("no line: %s", line);
}

static void the_table_keeps_its_rules(void **state)
{
    (void)state;
    size_t count;
    const struct hb_metric_row *rows = hb_metric_rows(&count), *metric = NULL;
    unsigned labels = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].label) {
            if (metric && metric->label[0] && labels == 0)
                fail_msg("%s has a label but no values", metric->name);
            metric = &rows[i];
            labels = 0;
            assert_memory_equal(metric->name, "hookbus_", 8);
            bool is_total = strlen(metric->name) > 6 && strcmp(metric->name + strlen(metric->name) - 6, "_total") == 0;
            if (is_total != (metric->kind == HB_METRIC_KIND_COUNTER))
                fail_msg("%s: counters and only counters end in _total", metric->name);
            if (metric->kind == HB_METRIC_KIND_HISTOGRAM_MS)
                assert_string_equal(metric->label, "");
            for (size_t other = 0; other < i; other++)
                if (rows[other].label)
                    assert_string_not_equal(rows[other].name, metric->name);
        } else {
            labels++;
            if (!metric || rows[i].cell != metric->cell + labels)
                fail_msg("the label row \"%s\" does not stand behind its metric", rows[i].name);
            if (metric && !metric->label[0])
                fail_msg("%s has label values but no label", metric->name);
            if (metric)
                assert_true(labels <= hb_metric_label_counts[metric->cell]);
        }
    }
}

static void counters_of_all_workers_are_added_up(void **state)
{
    (void)state;
    struct hb_metrics a, b;
    hb_metrics_init(&a);
    hb_metrics_init(&b);
    hb_metric_set(&a, HB_METRIC_UP, 1);
    hb_metric_set(&b, HB_METRIC_UP, 1);
    hb_metric_add(&a, HB_METRIC_LOOP_STALLS, 2);
    hb_metric_add(&b, HB_METRIC_LOOP_STALLS, 40);
    hb_metric_add_label(&a, HB_METRIC_OUTCOMES, HB_REASON_NONE, 5);
    hb_metric_add_label(&a, HB_METRIC_OUTCOMES, HB_REASON_NOT_SENT, 7);
    hb_metric_add_label(&b, HB_METRIC_OUTCOMES, HB_REASON_NOT_SENT, 1);
    const struct hb_metrics *blocks[] = {&a, &b};
    struct hb_buf text = render(blocks, 2);
    assert_line(&text, "# TYPE hookbus_loop_stalls_total counter");
    assert_line(&text, "# HELP hookbus_loop_stalls_total Callbacks of the event loop that took longer than 50 ms.");
    assert_line(&text, "hookbus_loop_stalls_total 42");
    assert_line(&text, "hookbus_up 1"); /* the greatest, not the sum */
    assert_line(&text, "hookbus_outcomes_total{reason=\"none\"} 5");
    assert_line(&text, "hookbus_outcomes_total{reason=\"not_sent\"} 8");
    assert_line(&text, "hookbus_outcomes_total{reason=\"gone\"} 0");
    assert_int_equal(hb_metric_read_label(&a, HB_METRIC_OUTCOMES, HB_REASON_NOT_SENT), 7);
    assert_int_equal(hb_metric_read(&b, HB_METRIC_LOOP_STALLS), 40);
    hb_buf_deinit(&text);
}

static void a_block_of_another_build_is_left_out(void **state)
{
    (void)state;
    struct hb_metrics a, b;
    hb_metrics_init(&a);
    hb_metrics_init(&b);
    hb_metric_add(&a, HB_METRIC_LOG_DROPPED, 3);
    hb_metric_add(&b, HB_METRIC_LOG_DROPPED, 4);
    b.layout++;
    const struct hb_metrics *blocks[] = {&b, &a};
    struct hb_buf text = render(blocks, 2);
    assert_line(&text, "hookbus_log_lines_dropped_total 3");
    hb_buf_deinit(&text);
    text = render(NULL, 0);
    assert_line(&text, "hookbus_log_lines_dropped_total 0");
    hb_buf_deinit(&text);
}

static void every_sample_line_is_well_formed(void **state)
{
    (void)state;
    struct hb_metrics a;
    hb_metrics_init(&a);
    const struct hb_metrics *blocks[] = {&a};
    struct hb_buf text = render(blocks, 1);
    struct hb_str rest = hb_buf_str(&text), line;
    assert_int_equal(text.ptr[text.len - 1], '\n');
    rest.len--;
    while (hb_str_split(&rest, '\n', &line)) {
        bool is_comment =
            hb_str_has_prefix(line, HB_STR("# HELP hookbus_")) || hb_str_has_prefix(line, HB_STR("# TYPE hookbus_"));
        const char *space = memrchr(line.ptr, ' ', line.len);
        assert_non_null(space);
        bool is_sample = hb_str_has_prefix(line, HB_STR("hookbus_")) && strspn(space + 1, "0123456789.-") > 0;
        assert_true(is_comment || is_sample);
    }
    hb_buf_deinit(&text);
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    (void)state;
    static const int64_t durations_us[] = {-5, 0, 1000, 1001, 2999500, 29999999, 30000001, 99999999};
    struct hb_metrics a, b;
    hb_metrics_init(&a);
    hb_metrics_init(&b);
    for (size_t i = 0; i < sizeof durations_us / sizeof *durations_us; i++)
        hb_metric_observe_us(i % 2 ? &a : &b, HB_METRIC_ATTEMPT_DURATION, durations_us[i]);
    const struct hb_metrics *blocks[] = {&a, &b};
    struct hb_buf text = render(blocks, 2);
    assert_line(&text, "# TYPE hookbus_attempt_duration_ms histogram");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"1\"} 3");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"2\"} 4");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"2000\"} 4");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"5000\"} 5");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"30000\"} 6");
    assert_line(&text, "hookbus_attempt_duration_ms_bucket{le=\"+Inf\"} 8");
    assert_line(&text, "hookbus_attempt_duration_ms_sum 163001.500");
    assert_line(&text, "hookbus_attempt_duration_ms_count 8");
    hb_buf_deinit(&text);
}

static void a_text_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(50);
    assert_int_equal(hb_metrics_render(NULL, 0, &text), HB_ERR_FULL);
    hb_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_keeps_its_rules),
        cmocka_unit_test(counters_of_all_workers_are_added_up),
        cmocka_unit_test(a_block_of_another_build_is_left_out),
        cmocka_unit_test(a_histogram_counts_up_to_each_bound),
        cmocka_unit_test(every_sample_line_is_well_formed),
        cmocka_unit_test(a_text_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
