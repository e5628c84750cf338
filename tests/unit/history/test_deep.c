#include "history/deep.h"
#include "unit/history/fake_topics.h"
#include "unit/history/model_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct heard {
    struct hb_buf text;
    int pieces, pieces_max; /* then nobody wants more */
};

static bool say(void *user, struct hb_str piece)
{
    struct heard *heard = user;
    assert_int_equal(hb_buf_add(&heard->text, piece), HB_OK);
    assert_int_equal(piece.ptr[piece.len - 1], '\n');
    return ++heard->pieces < heard->pieces_max;
}

static struct hb_model_filter all(void)
{
    return (struct hb_model_filter){.store = HB_STR("shop"), .state = -1, .until = {INT64_MAX}, .limit = 100};
}

static void run(const struct hb_model_filter *filter, int pieces_max, struct heard *heard)
{
    *heard = (struct heard){.text = hb_buf_make(1 << 20), .pieces_max = pieces_max};
    const struct hb_deep_ask ask = {.topic_prefix = HB_STR("hookbus."), .filter = filter, .now = fake_topics_now, .say = say, .user = heard};
    hb_deep_run(&ask);
    assert_int_equal(hb_buf_add_char(&heard->text, '\0'), HB_OK);
}

static size_t count(const struct heard *heard, const char *what)
{
    size_t found = 0;
    for (const char *at = heard->text.ptr; (at = strstr(at, what)) != NULL; at++) {
        found++;
    }
    return found;
}

static void add(int32_t partition, int n, const char *outcome, const char *reason)
{
    struct hb_buf text = hb_buf_make(65536);
    rig_line_text(n, outcome, reason, n, &text);
    assert_int_equal(hb_buf_add_char(&text, '\0'), HB_OK);
    fake_topics_add_lines(partition, text.ptr);
    hb_buf_deinit(&text);
}

static void what_fits_is_said_as_it_is_found_and_the_end_says_whether_that_is_all(void **state)
{
    struct heard heard;
    struct hb_model_filter filter = all();
    (void)state;
    fake_topics_open();
    for (int n = 0; n < 30; n++) {
        add(n % 4, n, n % 3 ? "delivered" : "failed", n % 3 ? NULL : "timeout");
    }
    fake_topics_add_lines(1, "no line at all\n{}\n");
    run(&filter, 1000, &heard);
    assert_int_equal(count(&heard, "\"kind\":\"line\""), 30);
    assert_int_equal(count(&heard, "{\"kind\":\"end\",\"complete\":true,\"scanned\":32,\"found\":30}"), 1);
    hb_buf_deinit(&heard.text);

    filter.limit = 4;
    run(&filter, 1000, &heard);
    assert_int_equal(count(&heard, "\"kind\":\"line\""), 4);
    assert_int_equal(count(&heard, "\"complete\":false"), 1);
    hb_buf_deinit(&heard.text);

    filter = all();
    filter.reason = HB_STR("timeout");
    filter.webhook = HB_STR("wh_odd");
    run(&filter, 1000, &heard);
    assert_int_equal(count(&heard, "\"kind\":\"line\""), 5);
    hb_buf_deinit(&heard.text);

    fake_topics_set_slow(1500); /* each poll takes longer than a second: each tells of the progress */
    run(&filter, 1000, &heard);
    assert_true(count(&heard, "\"kind\":\"progress\"") >= 4);
    assert_non_null(strstr(heard.text.ptr, "\"percent\":25"));
    hb_buf_deinit(&heard.text);
    run(&filter, 1, &heard); /* the client has left */
    assert_int_equal(heard.pieces, 1);
    hb_buf_deinit(&heard.text);
    fake_topics_close();
}

static void a_line_fits_when_everything_that_is_asked_for_does(void **state)
{
    struct hb_buf text = hb_buf_make(65536), scratch = hb_buf_make(65536);
    (void)state;
    rig_line_text(1, "failed", "timeout", 0, &text);
    struct hb_str line = hb_str_n(text.ptr, text.len - 1);
    for (int i = 0; i < 18; i++) {
        struct hb_model_filter filter = all();
        bool fits = i % 2 == 0;
        switch (i / 2) {
        case 0: filter.store = fits ? HB_STR("shop") : HB_STR("sho"); break;
        case 1: filter.webhook = fits ? HB_STR("wh_odd") : HB_STR("wh_even"); break;
        case 2: filter.event = fits ? HB_STR("evt_1") : HB_STR("evt_2"); break;
        case 3: filter.reason = fits ? HB_STR("timeout") : HB_STR("time"); break;
        case 4: filter.subject = fits ? HB_STR("a\"b") : HB_STR("a\\\"b"); break;
        case 5: filter.type = fits ? HB_STR("order.*") : HB_STR("order.paid"); break;
        case 6: filter.state = fits ? HB_DELIVERY_PARKED : HB_DELIVERY_DELIVERED; break;
        case 7: filter.since.ms = fits ? RIG_NOW_MS : RIG_NOW_MS + 1; break;
        default: filter.until.ms = fits ? RIG_NOW_MS + 1 : RIG_NOW_MS; break;
        }
        if (hb_deep_matches(&filter, line, &scratch) != fits) {
            fail_msg("case %d", i);
        }
    }
    hb_buf_deinit(&text);
    hb_buf_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_said_as_it_is_found_and_the_end_says_whether_that_is_all),
        cmocka_unit_test(a_line_fits_when_everything_that_is_asked_for_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
