#include "core/event_rules.h"
#include "core/json_scan.h"
#include "core/notice.h"

#include "check.h"

static const struct hb_notice FAILING = {.kind = HB_NOTICE_FAILING, .webhook = {"wh_a", 4}, .revision = 3};

static void seed_of(enum hb_notice_kind kind, const char *webhook, int64_t revision, char ret[HB_NOTICE_SEED_MAX])
{
    const struct hb_notice notice = {.kind = kind, .webhook = hb_str_c(webhook), .revision = revision};

    ret[hb_notice_seed(&notice, ret)] = '\0';
}

static void an_id_is_made_of_webhook_state_and_revision_alone(void **state)
{
    char same[HB_NOTICE_SEED_MAX], other[HB_NOTICE_SEED_MAX];
    (void)state;

    seed_of(HB_NOTICE_FAILING, "wh_a", 3, same);
    assert_string_equal(same, "wh_a/failing/3");
    seed_of(HB_NOTICE_DISABLED, "wh_a", 3, other);
    assert_string_not_equal(same, other);
    seed_of(HB_NOTICE_FAILING, "wh_b", 3, other);
    assert_string_not_equal(same, other);
    seed_of(HB_NOTICE_FAILING, "wh_a", 4, other);
    assert_string_not_equal(same, other);
    seed_of(HB_NOTICE_CONNECTOR_PAUSED, "demo", 4, other);
    assert_string_equal(other, "connector/demo/paused/4");
}

static void a_notices_id_is_told_from_every_other(void **state)
{
    const unsigned char digest[32] = {1, 2, 3};
    char id[HB_NOTICE_ID_BYTES + 1];
    (void)state;

    hb_notice_id(digest, id);
    assert_int_equal(strlen(id), HB_NOTICE_ID_BYTES);
    assert_true(hb_notice_is_id(hb_str_c(id)));
    assert_false(hb_notice_is_id(HB_STR("hbn_short")));
    assert_false(hb_notice_is_id(HB_STR("evt_aebagbaaaaaaaaaaaaaaaaaaaa")));
    assert_false(hb_notice_is_id((struct hb_str){NULL, 0}));
}

static void each_type_is_a_notices_and_each_data_is_json_with_the_same_bytes_every_time(void **state)
{
    (void)state;
    for (int kind = 0; kind < HB_NOTICE_COUNT; kind++) {
        const struct hb_notice notice = {
            .kind = (enum hb_notice_kind)kind, .webhook = FAILING.webhook, .revision = FAILING.revision};
        size_t at = 0;
        struct hb_buf first = hb_buf_make(HB_NOTICE_DATA_MAX), second = hb_buf_make(HB_NOTICE_DATA_MAX);

        assert_true(hb_event_is_notice(hb_notice_type(notice.kind)));
        assert_true(hb_event_is_type(hb_notice_type(notice.kind)));
        assert_int_equal(hb_notice_write(&notice, &first), HB_OK);
        assert_int_equal(hb_notice_write(&notice, &second), HB_OK);
        assert_true(hb_str_eq(hb_buf_str(&first), hb_buf_str(&second)));
        assert_true(hb_json_scan(hb_buf_str(&first), &at) == HB_OK);
        hb_buf_deinit(&first);
        hb_buf_deinit(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_made_of_webhook_state_and_revision_alone),
        cmocka_unit_test(a_notices_id_is_told_from_every_other),
        cmocka_unit_test(each_type_is_a_notices_and_each_data_is_json_with_the_same_bytes_every_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
