#include "history/delivery_wish.h"
#include "platform/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1700000000000)

static struct hb_model_row row_in(enum hb_delivery_state state, int64_t version)
{
    return (struct hb_model_row){.id = HB_STR("0123456789abcdef"),
                                 .store = HB_STR("shop"),
                                 .webhook = HB_STR("wh_1"),
                                 .event = HB_STR("evt_1"),
                                 .subject = HB_STR("1001"),
                                 .reason = HB_STR("timeout"),
                                 .job = HB_STR("job1"),
                                 .state = (int)state,
                                 .version = version,
                                 .attempts = 3,
                                 .due = NOW_MS + 60000,
                                 .first_failed = NOW_MS - 60000,
                                 .position = {0, 3, 42, {NOW_MS - 120000}}};
}

static void judge(enum hb_wish wish, const struct hb_model_row *row, const struct hb_webhook *webhook,
                  struct hb_wish_verdict *ret_verdict)
{
    const struct hb_wish_ask ask = {wish, row, webhook, {NOW_MS}, hb_sha256};
    hb_wish_judge(&ask, ret_verdict);
}

/* What each wish comes to in each state: a state and a version, or a refusal. */
static void every_state_has_its_answer_and_every_record_can_be_written(void **state)
{
    const int64_t anew = hb_shard_rule_replay_version(7, (struct hb_wall){NOW_MS});
    const struct {
        enum hb_wish wish;
        enum hb_delivery_state from;
        int64_t version;
        const char *slug;
        enum hb_delivery_state to;
        int64_t to_version, attempts;
    } ROWS[] = {
        {HB_WISH_RETRY, HB_DELIVERY_PARKED, 7, NULL, HB_DELIVERY_PARKED, 8, 3},
        {HB_WISH_RETRY, HB_DELIVERY_PARKED, 0, NULL, HB_DELIVERY_PARKED, 0, 0}, /* by its lines alone: a life of its own */
        {HB_WISH_RETRY, HB_DELIVERY_HELD, 7, NULL, HB_DELIVERY_PARKED, anew, 0},
        {HB_WISH_RETRY, HB_DELIVERY_DEAD, 7, NULL, HB_DELIVERY_PARKED, anew, 0},
        {HB_WISH_RETRY, HB_DELIVERY_SKIPPED, 0, NULL, HB_DELIVERY_PARKED, 0, 0},
        {HB_WISH_RETRY, HB_DELIVERY_EXPIRED, 7, NULL, HB_DELIVERY_PARKED, anew, 0},
        {HB_WISH_RETRY, HB_DELIVERY_CANCELLED, 7, NULL, HB_DELIVERY_PARKED, anew, 0},
        {HB_WISH_RETRY, HB_DELIVERY_DELIVERED, 7, "nothing_to_do", 0, 0, 0},
        {HB_WISH_CANCEL, HB_DELIVERY_PARKED, 7, NULL, HB_DELIVERY_CANCELLED, 8, 3},
        {HB_WISH_CANCEL, HB_DELIVERY_HELD, 7, NULL, HB_DELIVERY_CANCELLED, 8, 3},
        {HB_WISH_CANCEL, HB_DELIVERY_DEAD, 7, NULL, HB_DELIVERY_CANCELLED, 8, 3},
        {HB_WISH_CANCEL, HB_DELIVERY_PARKED, 0, "not_known_yet", 0, 0, 0},
        {HB_WISH_CANCEL, HB_DELIVERY_DELIVERED, 7, "nothing_to_do", 0, 0, 0},
        {HB_WISH_CANCEL, HB_DELIVERY_SKIPPED, 0, "nothing_to_do", 0, 0, 0},
        {HB_WISH_CANCEL, HB_DELIVERY_EXPIRED, 7, "nothing_to_do", 0, 0, 0},
        {HB_WISH_CANCEL, HB_DELIVERY_CANCELLED, 7, "nothing_to_do", 0, 0, 0},
    };
    const struct hb_webhook webhook = {.status = HB_WEBHOOK_ACTIVE};
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct hb_model_row row = row_in(ROWS[i].from, ROWS[i].version);
        struct hb_wish_verdict verdict;
        judge(ROWS[i].wish, &row, &webhook, &verdict);
        if (ROWS[i].slug) {
            assert_non_null(verdict.slug);
            assert_string_equal(verdict.slug, ROWS[i].slug);
            continue;
        }
        assert_null(verdict.slug);
        assert_non_null(verdict.will);
        assert_int_equal(verdict.record.state, ROWS[i].to);
        int64_t wanted = ROWS[i].to_version ? ROWS[i].to_version : hb_shard_rule_replay_version(0, (struct hb_wall){NOW_MS});
        assert_int_equal(verdict.record.version, wanted);
        assert_int_equal(verdict.record.attempts, ROWS[i].attempts);
        assert_int_equal(verdict.record.due.ms, NOW_MS);
        assert_true(hb_delivery_state_may(ROWS[i].from, ROWS[i].wish == HB_WISH_CANCEL ? HB_DELIVERY_CANCEL
                                                        : ROWS[i].from == HB_DELIVERY_PARKED && ROWS[i].version
                                                            ? HB_DELIVERY_PARK
                                                            : HB_DELIVERY_REPLAY));
        struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
        assert_int_equal(hb_journal_write(&verdict.record, &value), HB_OK);
        assert_non_null(strstr(value.ptr, "\"subject\":\"fe675fe7aaee830b\"")); /* SHA-256("1001") begins so */
        hb_buf_deinit(&value);
    }
}

static void a_webhook_that_takes_nothing_is_a_reason_not_to_retry_but_not_to_cancel(void **state)
{
    static const struct {
        enum hb_webhook_status status;
        bool is_known;
        const char *slug;
    } ROWS[] = {{HB_WEBHOOK_DISABLED, true, "webhook_disabled"},
                {HB_WEBHOOK_DELETED, true, "webhook_deleted"},
                {HB_WEBHOOK_ACTIVE, false, "webhook_deleted"},
                {HB_WEBHOOK_PAUSED, true, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        const struct hb_webhook webhook = {.status = ROWS[i].status};
        const struct hb_model_row row = row_in(HB_DELIVERY_DEAD, 7);
        struct hb_wish_verdict verdict;
        judge(HB_WISH_RETRY, &row, ROWS[i].is_known ? &webhook : NULL, &verdict);
        if (ROWS[i].slug) {
            assert_string_equal(verdict.slug, ROWS[i].slug);
        } else {
            assert_null(verdict.slug);
        }
        judge(HB_WISH_CANCEL, &row, ROWS[i].is_known ? &webhook : NULL, &verdict);
        assert_null(verdict.slug);
    }
}

/* Lines in Kafka may be anybody's. */
static void what_the_journal_could_not_say_is_left_out_or_refused(void **state)
{
    const struct hb_webhook webhook = {.status = HB_WEBHOOK_ACTIVE};
    struct hb_wish_verdict verdict;
    (void)state;
    struct hb_model_row row = row_in(HB_DELIVERY_DEAD, 7);
    row.event = HB_STR("no id, with a \" in it");
    row.job = HB_STR("a b");
    row.subject = (struct hb_str){NULL, 0};
    judge(HB_WISH_CANCEL, &row, &webhook, &verdict);
    assert_null(verdict.slug);
    assert_int_equal(verdict.record.event.len, 0);
    assert_int_equal(verdict.record.job.len, 0);
    assert_int_equal(verdict.record.subject, HB_JOURNAL_NO_SUBJECT);
    for (int i = 0; i < 7; i++) {
        row = row_in(HB_DELIVERY_DEAD, 7);
        switch (i) {
        case 0: row.position.topic = -1; break;
        case 1: row.position.topic = 5; break;
        case 2: row.position.offset = -1; break;
        case 3: row.store = HB_STR("a/b"); break;
        case 4: row.attempts = INT64_MAX; break;
        case 5: row.webhook = HB_STR(""); break;
        default: row.position.appended.ms = INT64_MAX; break;
        }
        judge(HB_WISH_RETRY, &row, &webhook, &verdict);
        assert_string_equal(verdict.slug, "not_known_yet");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_its_answer_and_every_record_can_be_written),
        cmocka_unit_test(a_webhook_that_takes_nothing_is_a_reason_not_to_retry_but_not_to_cancel),
        cmocka_unit_test(what_the_journal_could_not_say_is_left_out_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
