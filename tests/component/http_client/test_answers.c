#include "component/http_client/rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct answer_row {
    const char *name;
    struct fake_step step;
    enum hb_failure failure;
    int status;
    bool is_cut;
    int ms_max;
};

#define TIMEOUT_MS 1500

static const struct answer_row rows[] = {
    {"200", {FAKE_ANSWER, 200, NULL, NULL}, HB_FAILURE_NONE, 200, false, 500},
    {"http-500-always", {FAKE_ANSWER, 500, NULL, "no"}, HB_FAILURE_NONE, 500, false, 500},
    {"410", {FAKE_ANSWER, 410, NULL, NULL}, HB_FAILURE_NONE, 410, false, 500},
    {"hang-before-status", {FAKE_HANG, 0, NULL, NULL}, HB_FAILURE_TIMEOUT, 0, true, TIMEOUT_MS + 100},
    {"hang in body", {FAKE_HANG_IN_BODY, 0, NULL, NULL}, HB_FAILURE_NONE, 200, true, 1100},
    {"trickle", {FAKE_TRICKLE, 0, NULL, NULL}, HB_FAILURE_NONE, 200, true, 1100},
    {"endless-body", {FAKE_ENDLESS, 200, NULL, NULL}, HB_FAILURE_NONE, 200, true, 1100},
    {"endless-body of a 500", {FAKE_ENDLESS, 500, NULL, NULL}, HB_FAILURE_NONE, 500, true, 1100},
    {"10-GB-chunked", {FAKE_CHUNKED_10_GB, 200, NULL, NULL}, HB_FAILURE_NONE, 200, true, 1100},
    {"rst-after-request-read", {FAKE_RESET, 0, NULL, NULL}, HB_FAILURE_RESET, 0, true, 500},
    {"rst in body", {FAKE_RESET_IN_BODY, 0, NULL, NULL}, HB_FAILURE_NONE, 200, true, 500},
    {"close without a word", {FAKE_CLOSE, 0, NULL, NULL}, HB_FAILURE_RESET, 0, true, 500},
    {"huge headers", {FAKE_HUGE_HEADERS, 0, NULL, NULL}, HB_FAILURE_NONE, 200, true, 1100},
    {"huge status line", {FAKE_HUGE_STATUS, 0, NULL, NULL}, HB_FAILURE_HEADERS_TOO_LARGE, 0, true, 1100},
    {"garbage", {FAKE_GARBAGE, 0, NULL, NULL}, HB_FAILURE_UNREADABLE, 0, true, 500},
    {"1xx, then closed", {FAKE_ONLY_1XX, 0, NULL, NULL}, HB_FAILURE_RESET, 100, true, 500},
    {"1xx, then nothing", {FAKE_ONLY_1XX_HANG, 0, NULL, NULL}, HB_FAILURE_TIMEOUT, 100, true, TIMEOUT_MS + 100},
};

static void each_way_to_misbehave_has_its_answer_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fake_receiver *receiver =
            fake_receiver_new(&(struct fake_receiver_options){&rows[i].step, 1, FAKE_PLAIN, NULL});
        struct rig rig;
        struct rig_answer answer;
        rig_open(&rig, &(struct rig_options){.allow = NULL});
        int64_t began_ms = rig_now_ms();
        rig_post(&rig, fake_receiver_url(receiver), TIMEOUT_MS, &answer);
        int64_t took_ms = rig_now_ms() - began_ms;
        if (answer.answer.failure != rows[i].failure || answer.answer.status != rows[i].status ||
            answer.answer.is_body_cut != rows[i].is_cut || took_ms > rows[i].ms_max) {
            fail_msg("%s: %s, status %d, cut %d, \"%s\" after %d ms", rows[i].name,
                     hb_failure_text(answer.answer.failure), answer.answer.status, answer.answer.is_body_cut,
                     answer.detail, (int)took_ms);
        }
        assert_int_equal(fake_receiver_requests(receiver), 1);
        struct hb_http_client_stats stats;
        hb_http_client_read_stats(rig.client, &stats);
        assert_int_equal(stats.in_flight, 0);
        rig_close(&rig);
        fake_receiver_free(receiver);
    }
}

static void a_hanging_receiver_delays_no_other(void **state)
{
    (void)state;
    static const struct fake_step hang = {.kind = FAKE_HANG};
    struct fake_receiver *dead = fake_receiver_new(&(struct fake_receiver_options){&hang, 1, FAKE_PLAIN, NULL});
    struct fake_receiver *alive = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer hanging;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    struct hb_http_target *target = rig_target(&rig, fake_receiver_url(dead));
    (void)rig_start(&rig, target, 2000, &hanging);
    int64_t began_ms = rig_now_ms();
    for (int i = 0; i < 50; i++) {
        rig_post(&rig, fake_receiver_url(alive), TIMEOUT_MS, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
    }
    assert_true(rig_now_ms() - began_ms < 1000);
    assert_int_equal(hanging.count, 0);
    rig_wait(&rig, &hanging, 1);
    rig_expect(&hanging, HB_FAILURE_TIMEOUT, 0);
    assert_int_equal(hb_loop_stalls(rig.loop), 0);
    hb_http_target_unref(&target);
    rig_close(&rig);
    fake_receiver_free(dead);
    fake_receiver_free(alive);
}

static void memory_stays_flat_under_endless_bodies(void **state)
{
    (void)state;
    static const struct fake_step endless = {.kind = FAKE_CHUNKED_10_GB};
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){&endless, 1, FAKE_PLAIN, NULL});
    struct rig rig;
    static struct rig_answer answers[32];
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    struct hb_http_target *target = rig_target(&rig, fake_receiver_url(receiver));
    for (size_t i = 0; i < 32; i++) {
        (void)rig_start(&rig, target, 3000, &answers[i]);
    }
    rig_wait(&rig, answers, 32);
    for (size_t i = 0; i < 32; i++) {
        rig_expect(&answers[i], HB_FAILURE_NONE, 200);
        assert_int_equal(strlen(answers[i].body), 4096);
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    assert_true(usage.ru_maxrss < 512 * 1024); /* KiB, sanitizers included; 320 GB were on offer */
    hb_http_target_unref(&target);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void a_redirect_is_never_followed_and_its_place_is_kept(void **state)
{
    (void)state;
    struct fake_receiver *other = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    char headers[256];
    (void)snprintf(headers, sizeof(headers), "Location: %s\r\n", fake_receiver_url(other));
    const struct fake_step steps[] = {{FAKE_ANSWER, 302, headers, NULL},
                                      {FAKE_ANSWER, 307, "Location: http://169.254.169.254/latest/\r\n", NULL}};
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){steps, 2, FAKE_PLAIN, NULL});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    rig_post(&rig, fake_receiver_url(receiver), TIMEOUT_MS, &answer);
    rig_expect(&answer, HB_FAILURE_NONE, 302);
    assert_string_equal(answer.location, fake_receiver_url(other));
    rig_post(&rig, fake_receiver_url(receiver), TIMEOUT_MS, &answer); /* redirect-to-metadata */
    rig_expect(&answer, HB_FAILURE_NONE, 307);
    assert_string_equal(answer.location, "http://169.254.169.254/latest/");
    assert_int_equal(fake_receiver_connections(other), 0);
    struct hb_http_client_stats stats;
    hb_http_client_read_stats(rig.client, &stats);
    assert_int_equal(stats.connections_opened, 1);
    rig_close(&rig);
    fake_receiver_free(receiver);
    fake_receiver_free(other);
}

static void retry_after_is_read_from_refusals_only(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{FAKE_ANSWER, 429, "Retry-After: 120\r\n", NULL},
                                             {FAKE_ANSWER, 503, "retry-after:  7 \r\n", NULL},
                                             {FAKE_ANSWER, 503, "Retry-After: soon\r\n", NULL},
                                             {FAKE_ANSWER, 200, "Retry-After: 5\r\n", NULL}};
    static const int64_t expected_ms[] = {120000, 7000, HB_NO_RETRY_AFTER, HB_NO_RETRY_AFTER};
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){steps, 4, FAKE_PLAIN, NULL});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    for (size_t i = 0; i < 4; i++) {
        rig_post(&rig, fake_receiver_url(receiver), TIMEOUT_MS, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, steps[i].status);
        assert_int_equal(answer.answer.retry_after_ms, expected_ms[i]);
    }
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void the_request_arrives_as_it_was_given(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    struct hb_name_value own[] = {{HB_STR("X-Shop"), HB_STR("acme")}, {HB_STR("accept"), HB_STR("text/plain")}};
    struct hb_http_target *target = NULL;
    assert_int_equal(hb_http_target_new(rig.client, hb_str_c(fake_receiver_url(receiver)), own, 2, &target, NULL),
                     HB_OK);
    (void)rig_start(&rig, target, TIMEOUT_MS, &answer);
    hb_http_target_unref(&target);
    rig_wait(&rig, &answer, 1);
    rig_expect(&answer, HB_FAILURE_NONE, 200);
    assert_string_equal(answer.body, "ok");
    size_t bytes = 0;
    char *request = fake_receiver_request(receiver, 0, &bytes);
    assert_non_null(request);
    static const char *const wanted[] = {"POST /hooks HTTP/1.1\r\n",
                                         "\r\nHost: 127.0.0.1:",
                                         "\r\nwebhook-id: evt_1\r\n",
                                         "\r\nContent-Type: application/json\r\n",
                                         "\r\nUser-Agent: hookbus/test\r\n",
                                         "\r\nX-Shop: acme\r\n",
                                         "\r\naccept: text/plain\r\n",
                                         "\r\nContent-Length: 7\r\n",
                                         "\r\n\r\n{\"a\":1}"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strstr(request, wanted[i]) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", wanted[i], request);
        }
    }
    assert_null(strstr(request, "Expect:"));
    assert_null(strstr(request, "*/*"));
    assert_null(strstr(request, "\r\n\r\n\r\n"));
    free(request);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void a_header_that_would_split_the_request_sends_nothing(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    static const struct hb_name_value bad[] = {{{"X-A", 3}, {"a\r\nHost: b", 10}},
                                               {{"X-A", 3}, {"a\0b", 3}},
                                               {{"Content-Length", 14}, {"5", 1}},
                                               {{"Host", 4}, {"b", 1}}};
    for (size_t i = 0; i < 4; i++) {
        struct hb_http_target *none = NULL;
        struct hb_str url = hb_str_c(fake_receiver_url(receiver));
        assert_int_equal(hb_http_target_new(rig.client, url, &bad[i], 1, &none, NULL), HB_ERR_INVALID);
        assert_null(none);
    }
    rig_run(&rig, 20);
    assert_int_equal(fake_receiver_connections(receiver), 0);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_misbehave_has_its_answer_in_time),
        cmocka_unit_test(a_hanging_receiver_delays_no_other),
        cmocka_unit_test(memory_stays_flat_under_endless_bodies),
        cmocka_unit_test(a_redirect_is_never_followed_and_its_place_is_kept),
        cmocka_unit_test(retry_after_is_read_from_refusals_only),
        cmocka_unit_test(the_request_arrives_as_it_was_given),
        cmocka_unit_test(a_header_that_would_split_the_request_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
