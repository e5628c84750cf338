#include "unit/cli/cm.h"

#include "cli/verify.h"

/* The published vector of Standard Webhooks. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define AT_S INT64_C(1614265330)
static const struct hb_signed VECTOR = {HB_STR_INIT("msg_p5jXN8AQM9LWM0D4loKWxJek"), HB_STR_INIT("1614265330"),
                                        HB_STR_INIT("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), HB_STR_INIT("{\"test\": 2432232314}")};

static enum hb_verify verify(const char *secret, struct hb_signed request, int64_t now_s)
{
    const char *secrets[] = {OTHER, secret};
    struct hb_verifier *verifier = NULL;
    enum hb_verify result;

    assert_int_equal(hb_verifier_new(secrets, 2, &verifier, NULL), HB_OK);
    result = hb_verify(verifier, &request, (struct hb_wall){now_s * 1000});
    hb_verifier_free(&verifier);
    return result;
}

static void the_published_vector_verifies_also_among_other_signatures(void **state)
{
    struct hb_signed several = VECTOR;

    (void)state;
    assert_int_equal(verify(SECRET, VECTOR, AT_S), HB_VERIFY_OK);
    several.signature = HB_STR("v1a,xyz v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(verify(SECRET, several, AT_S), HB_VERIFY_OK);
}

static void one_changed_byte_anywhere_is_noticed(void **state)
{
    struct hb_signed changed[4] = {VECTOR, VECTOR, VECTOR, VECTOR};

    (void)state;
    changed[0].id = HB_STR("msg_p5jXN8AQM9LWM0D4loKWxJel");
    changed[1].timestamp = HB_STR("1614265331");
    changed[2].body = HB_STR("{\"test\": 2432232315}");
    changed[3].signature = HB_STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(verify(SECRET, changed[i], AT_S), HB_VERIFY_WRONG);
    }
    assert_int_equal(verify(OTHER, VECTOR, AT_S), HB_VERIFY_WRONG);
}

static void a_timestamp_is_good_for_five_minutes_either_way(void **state)
{
    (void)state;
    assert_int_equal(verify(SECRET, VECTOR, AT_S + 300), HB_VERIFY_OK);
    assert_int_equal(verify(SECRET, VECTOR, AT_S + 301), HB_VERIFY_TOO_OLD);
    assert_int_equal(verify(SECRET, VECTOR, AT_S - 300), HB_VERIFY_OK);
    assert_int_equal(verify(SECRET, VECTOR, AT_S - 301), HB_VERIFY_TOO_NEW);
}

static void what_is_missing_or_no_number_is_said(void **state)
{
    struct hb_signed request = VECTOR;
    struct hb_verifier *verifier = NULL;

    (void)state;
    request.timestamp = HB_STR("16142653x0");
    assert_int_equal(verify(SECRET, request, AT_S), HB_VERIFY_BAD_TIMESTAMP);
    request.signature = (struct hb_str){NULL, 0};
    assert_int_equal(verify(SECRET, request, AT_S), HB_VERIFY_NO_HEADERS);
    assert_int_equal(hb_verifier_new(NULL, 0, &verifier, NULL), HB_OK);
    assert_int_equal(hb_verify(verifier, &VECTOR, (struct hb_wall){0}), HB_VERIFY_UNCHECKED);
    hb_verifier_free(&verifier);
}

static void a_text_that_is_no_secret_is_refused(void **state)
{
    const char *secrets[] = {"whsec_short"};
    struct hb_verifier *verifier = NULL;

    (void)state;
    assert_int_equal(hb_verifier_new(secrets, 1, &verifier, NULL), HB_ERR_INVALID);
    assert_null(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_verifies_also_among_other_signatures),
        cmocka_unit_test(one_changed_byte_anywhere_is_noticed),
        cmocka_unit_test(a_timestamp_is_good_for_five_minutes_either_way),
        cmocka_unit_test(what_is_missing_or_no_number_is_said),
        cmocka_unit_test(a_text_that_is_no_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
