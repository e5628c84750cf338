#include "core/judge.h"

#include "unit/core_net/cm.h"

struct status_row {
    int status;
    enum hb_verdict verdict;
    enum hb_reason reason;
    bool is_overload;
};

static const struct status_row status_rows[] = {
    {200, HB_VERDICT_DELIVERED, HB_REASON_NONE, false},
    {204, HB_VERDICT_DELIVERED, HB_REASON_NONE, false},
    {299, HB_VERDICT_DELIVERED, HB_REASON_NONE, false},
    {101, HB_VERDICT_RETRY, HB_REASON_INFORMATIONAL_ONLY, false},
    {301, HB_VERDICT_RETRY, HB_REASON_REDIRECT, false},
    {304, HB_VERDICT_RETRY, HB_REASON_REDIRECT, false},
    {308, HB_VERDICT_RETRY, HB_REASON_REDIRECT, false},
    {400, HB_VERDICT_RETRY, HB_REASON_CLIENT_ERROR, false},
    {401, HB_VERDICT_RETRY, HB_REASON_CLIENT_ERROR, false},
    {404, HB_VERDICT_RETRY, HB_REASON_CLIENT_ERROR, false},
    {408, HB_VERDICT_RETRY, HB_REASON_REQUEST_TIMEOUT, false},
    {410, HB_VERDICT_DEAD, HB_REASON_GONE, false},
    {425, HB_VERDICT_RETRY, HB_REASON_TOO_EARLY, false},
    {429, HB_VERDICT_RETRY, HB_REASON_TOO_MANY_REQUESTS, true},
    {500, HB_VERDICT_RETRY, HB_REASON_SERVER_ERROR, false},
    {502, HB_VERDICT_RETRY, HB_REASON_BAD_GATEWAY, true},
    {503, HB_VERDICT_RETRY, HB_REASON_UNAVAILABLE, true},
    {504, HB_VERDICT_RETRY, HB_REASON_GATEWAY_TIMEOUT, true},
    {599, HB_VERDICT_RETRY, HB_REASON_SERVER_ERROR, false},
    {600, HB_VERDICT_RETRY, HB_REASON_UNKNOWN_STATUS, false},
    {0, HB_VERDICT_RETRY, HB_REASON_UNKNOWN_STATUS, false},
};

static struct hb_answer answer_of(int status)
{
    return (struct hb_answer){.failure = HB_FAILURE_NONE, .status = status, .retry_after_ms = HB_NO_RETRY_AFTER};
}

static void each_status_has_its_verdict_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
        const struct status_row *row = &status_rows[i];
        struct hb_answer answer = answer_of(row->status);
        struct hb_outcome outcome = hb_judge_run(&answer);
        if (outcome.verdict != row->verdict || outcome.reason != row->reason ||
            outcome.is_overload != row->is_overload || outcome.is_ours || outcome.status != row->status) {
            fail_msg("%d: %s, %s, overload %d", row->status, hb_verdict_text(outcome.verdict),
                     hb_reason_text(outcome.reason), outcome.is_overload);
        }
        assert_int_equal(outcome.disables_webhook, row->status == 410);
        assert_int_equal(outcome.retry_after_ms, HB_NO_RETRY_AFTER);
        assert_int_equal(outcome.rest_ms, 0);
    }
}

static void a_cut_body_changes_nothing_about_2xx(void **state)
{
    (void)state;
    struct hb_answer answer = answer_of(200);
    answer.is_body_cut = true;
    assert_int_equal(hb_judge_run(&answer).verdict, HB_VERDICT_DELIVERED);
}

struct wait_row {
    int status;
    int64_t asked_ms, retry_after_ms, rest_ms;
};

static const struct wait_row wait_rows[] = {
    {429, 120000, 120000, 120000},
    {503, 120000, 120000, 120000},
    {429, 0, 0, 0},
    {429, 2 * HB_MS_PER_HOUR, 2 * HB_MS_PER_HOUR, HB_MS_PER_HOUR},
    {503, 100 * HB_MS_PER_HOUR, 24 * HB_MS_PER_HOUR, HB_MS_PER_HOUR},
    {408, 5000, 5000, 0},
    {425, 5000, 5000, 0},
    {500, 5000, HB_NO_RETRY_AFTER, 0},
    {301, 5000, HB_NO_RETRY_AFTER, 0},
    {200, 5000, HB_NO_RETRY_AFTER, 0},
    {410, 5000, HB_NO_RETRY_AFTER, 0},
};

static void retry_after_holds_back_within_its_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wait_rows) / sizeof(wait_rows[0]); i++) {
        struct hb_answer answer = answer_of(wait_rows[i].status);
        answer.retry_after_ms = wait_rows[i].asked_ms;
        struct hb_outcome outcome = hb_judge_run(&answer);
        assert_int_equal(outcome.retry_after_ms, wait_rows[i].retry_after_ms);
        assert_int_equal(outcome.rest_ms, wait_rows[i].rest_ms);
    }
}

/* The reason's word and weight must be those of the failure: two tables, one truth. */
static void each_failure_has_its_reason_with_the_same_word_and_weight(void **state)
{
    (void)state;
    for (int i = HB_FAILURE_NONE + 1; i < HB_FAILURE_COUNT; i++) {
        enum hb_failure failure = (enum hb_failure)i;
        struct hb_answer answer = {.failure = failure, .retry_after_ms = HB_NO_RETRY_AFTER};
        struct hb_outcome outcome = hb_judge_run(&answer);
        assert_string_equal(hb_reason_text(outcome.reason), hb_failure_text(failure));
        assert_int_equal(outcome.is_overload, hb_failure_is_overload(failure));
        assert_int_equal(outcome.is_ours, hb_failure_is_ours(failure));
        assert_int_not_equal(outcome.verdict, HB_VERDICT_DELIVERED);
        assert_int_not_equal(outcome.verdict, HB_VERDICT_SKIPPED);
        if (hb_failure_is_ours(failure)) {
            assert_int_equal(outcome.verdict, HB_VERDICT_PARK);
        }
    }
}

static void only_1xx_is_named_so_however_it_ended(void **state)
{
    (void)state;
    struct hb_answer answer = {.failure = HB_FAILURE_RESET, .status = 100, .retry_after_ms = HB_NO_RETRY_AFTER};
    struct hb_outcome outcome = hb_judge_run(&answer);
    assert_int_equal(outcome.reason, HB_REASON_INFORMATIONAL_ONLY);
    assert_int_equal(outcome.verdict, HB_VERDICT_RETRY);
    answer.failure = HB_FAILURE_ENDED_BY_US;
    assert_int_equal(hb_judge_run(&answer).reason, HB_REASON_ENDED_BY_US);
}

static void what_will_be_tried_again_is_recorded_failed(void **state)
{
    (void)state;
    assert_string_equal(hb_verdict_recorded(HB_VERDICT_RETRY), "failed");
    assert_string_equal(hb_verdict_recorded(HB_VERDICT_PARK), "parked");
    assert_string_equal(hb_verdict_recorded(HB_VERDICT_SKIPPED), "skipped");
    assert_string_equal(hb_verdict_recorded(HB_VERDICT_DELIVERED), "delivered");
}

static void reasons_have_distinct_words_and_a_sentence_each(void **state)
{
    (void)state;
    for (int i = 0; i < HB_REASON_COUNT; i++) {
        assert_true(strlen(hb_reason_help((enum hb_reason)i)) > 10);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(hb_reason_text((enum hb_reason)i), hb_reason_text((enum hb_reason)k));
        }
    }
    assert_int_equal(hb_outcome_of(HB_REASON_PAUSED).verdict, HB_VERDICT_PARK);
    assert_int_equal(hb_outcome_of(HB_REASON_UNKNOWN_STORE).verdict, HB_VERDICT_SKIPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_verdict_and_reason),
        cmocka_unit_test(a_cut_body_changes_nothing_about_2xx),
        cmocka_unit_test(retry_after_holds_back_within_its_limits),
        cmocka_unit_test(each_failure_has_its_reason_with_the_same_word_and_weight),
        cmocka_unit_test(only_1xx_is_named_so_however_it_ended),
        cmocka_unit_test(what_will_be_tried_again_is_recorded_failed),
        cmocka_unit_test(reasons_have_distinct_words_and_a_sentence_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
