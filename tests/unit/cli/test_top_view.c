#include "cm.h"

#include <stdlib.h>

#include "cli/top_view.h"

#define NOW_MS INT64_C(1700000000000)

static struct hb_fare fare(const char *webhook, const char *state, int64_t parked, bool is_failing)
{
    struct hb_fare fare = {.parked = parked,
                           .delivered = 90,
                           .failed = is_failing ? 10 : 0,
                           .success_percent = is_failing ? 90 : 100,
                           .per_s = 1.5,
                           .p50_ms = 10,
                           .p99_ms = 200,
                           .window = 48,
                           .workers = 2,
                           .failing_since = {is_failing ? NOW_MS - 600000 : 0}};
    (void)snprintf(fare.store, sizeof(fare.store), "shop");
    (void)snprintf(fare.webhook, sizeof(fare.webhook), "%s", webhook);
    (void)snprintf(fare.state, sizeof(fare.state), "%s", state);
    (void)snprintf(fare.reason, sizeof(fare.reason), "timeout");
    return fare;
}

static struct hb_output output(void) { return (struct hb_output){.out = stdout, .err = stderr, .is_utf8 = true, .has_color = true}; }

static void the_worst_stand_first(void **state)
{
    struct hb_fare fares[] = {fare("wh_good", "active", 0, false), fare("wh_waits", "active", 3, false), fare("wh_waits_more", "active", 9, false),
                              fare("wh_fails", "active", 1, true), fare("wh_rests", "resting", 0, true), fare("wh_off", "disabled", 0, false)};
    static const char *const ORDER[] = {"wh_off", "wh_rests", "wh_fails", "wh_waits_more", "wh_waits", "wh_good"};
    (void)state;
    qsort(fares, 6, sizeof(fares[0]), hb_fare_compare);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(fares[i].webhook, ORDER[i]);
    }
}

/* The lines of a picture without their escapes. */
static int lines_of(struct hb_str picture, char lines[64][512])
{
    struct hb_str line;
    int count = 0;
    while (hb_str_split(&picture, '\n', &line)) {
        size_t at = 0;
        for (size_t i = 0; i < line.len; i++) {
            if (line.ptr[i] == '\033') {
                while (i < line.len && !strchr("mKHJhl", line.ptr[i]))
                    i++;
            } else if (line.ptr[i] != '\r') {
                lines[count][at++] = line.ptr[i];
            }
        }
        lines[count++][at] = '\0';
    }
    return count;
}

static void a_screen_has_its_size_and_says_what_is_known(void **state)
{
    static const int SIZES[][2] = {{80, 24}, {80, 6}, {132, 40}, {40, 10}, {20, 4}};
    static char lines[64][512];
    struct hb_fare items[8];
    struct hb_fares fares = {.items = items, .count = 8, .is_complete = true};
    struct hb_top_head head = {.now = {NOW_MS}, .in_flight = -1, .waiting = 7};
    struct hb_output out = output();
    (void)state;
    for (int i = 0; i < 8; i++) {
        items[i] = fare("wh_abcdefghijklmnopqrstuvwxyz", i ? "active" : "resting", i, i == 0);
    }
    (void)snprintf(items[0].reason, sizeof(items[0].reason), "\033[2Jbad\n");
    for (size_t s = 0; s < sizeof(SIZES) / sizeof(*SIZES); s++) {
        struct hb_buf picture = hb_buf_make(1 << 20);
        assert_int_equal(hb_top_draw(&out, &fares, &head, SIZES[s][0], SIZES[s][1], &picture), HB_OK);
        assert_int_equal(lines_of(hb_buf_str(&picture), lines), SIZES[s][1]);
        for (int i = 0; i < SIZES[s][1]; i++) {
            if (hb_output_columns(hb_str_c(lines[i])) > (size_t)SIZES[s][0]) {
                fail_msg("%d columns: %s", SIZES[s][0], lines[i]);
            }
        }
        assert_null(memmem(picture.ptr, picture.len, "\033[2J", 4)); /* what a receiver said does not drive the terminal */
        hb_buf_deinit(&picture);
    }
    struct hb_buf text = hb_buf_make(1 << 20);
    assert_int_equal(hb_top_draw_plain(&out, &fares, &head, 120, &text), HB_OK);
    assert_int_equal(hb_buf_add_char(&text, '\0'), HB_OK);
    assert_null(strchr(text.ptr, '\033'));
    static const char *const SAID[] = {"22:13:20 UTC", "8 webhooks", "12.0/s", "in flight -", "waiting 7", "parked 28", "failing 1  resting 1", "90.0", "10m", " 48 "};
    for (size_t i = 0; i < sizeof(SAID) / sizeof(*SAID); i++) {
        if (!strstr(text.ptr, SAID[i])) {
            fail_msg("%s is not in\n%s", SAID[i], text.ptr);
        }
    }
    hb_buf_deinit(&text);
}

static void what_is_not_complete_or_not_answered_is_said(void **state)
{
    struct hb_fares fares = {.is_complete = false, .percent = 37};
    struct hb_top_head head = {.now = {NOW_MS}, .in_flight = 3, .waiting = 0};
    struct hb_output out = output();
    struct hb_buf text = hb_buf_make(1 << 20);
    (void)state;
    assert_int_equal(hb_top_draw_plain(&out, &fares, &head, 120, &text), HB_OK);
    assert_non_null(memmem(text.ptr, text.len, "37 %", 4));
    head.complaint = "the api cannot be reached";
    hb_buf_clear(&text);
    assert_int_equal(hb_top_draw_plain(&out, &fares, &head, 120, &text), HB_OK);
    assert_non_null(memmem(text.ptr, text.len, "! the api cannot be reached", 27));
    hb_buf_deinit(&text);
}

static void ages_are_short(void **state)
{
    static const struct {
        int64_t ago_ms;
        const char *text;
    } ROWS[] = {{0, "0s"}, {119000, "119s"}, {120000, "2m"}, {7199000, "119m"}, {7200000, "2h"}, {172800000, "2d"}, {-60000, "60s"}, {NOW_MS, "-"}};
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        char text[24];
        hb_top_age((struct hb_wall){NOW_MS - ROWS[i].ago_ms}, (struct hb_wall){NOW_MS}, text);
        assert_string_equal(text, ROWS[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_worst_stand_first), cmocka_unit_test(a_screen_has_its_size_and_says_what_is_known),
                                       cmocka_unit_test(what_is_not_complete_or_not_answered_is_said), cmocka_unit_test(ages_are_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
