#include "dispatcher/attempt.h"
#include "dispatcher/lane.h"
#include "platform/crypto/crypto.h"
#include "unit/dispatcher/check.h"

#define VECTOR_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VECTOR_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

struct desk {
    struct hb_webhook_secret secrets[HB_WEBHOOK_SECRETS_MAX];
    struct hb_webhook webhook;
    struct hb_hmac *hmacs[HB_WEBHOOK_SECRETS_MAX];
    struct hb_rendered rendered;
    struct hb_attempt_headers headers;
};

static void open_desk(struct desk *desk, const int64_t *expires_ms, size_t count)
{
    *desk = (struct desk){.rendered = {.body = HB_STR("{\"test\": 2432232314}"), .headers_count = 1}};
    desk->rendered.headers[0] = (struct hb_name_value){HB_STR("Content-Type"), HB_STR("application/json")};
    for (size_t i = 0; i < count; i++) {
        struct hb_webhook_secret *secret = &desk->secrets[i];
        assert_int_equal(hb_signature_parse_secret(HB_STR(VECTOR_SECRET), secret->key, &secret->key_bytes), HB_OK);
        secret->key[0] = (unsigned char)(secret->key[0] + i); /* only the first is the published one */
        secret->expires.ms = expires_ms[i];
    }
    desk->webhook = (struct hb_webhook){.id = HB_STR("wh_1"), .secrets = desk->secrets, .secrets_count = count};
    assert_int_equal(hb_hmacs_init(&desk->webhook, desk->hmacs), HB_OK);
}

static bool make(struct desk *desk)
{
    const struct hb_attempt_spec spec = {.webhook = &desk->webhook, .hmacs = desk->hmacs, .rendered = &desk->rendered,
                                         .event_id = HB_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), .delivery_id = HB_STR("dlv_x"), .number = 12,
                                         .now = {INT64_C(1614265330999)}};
    return hb_attempt_headers_make(&spec, &desk->headers);
}

static struct hb_str header(const struct desk *desk, const char *name)
{
    for (size_t i = 0; i < desk->headers.count; i++)
        if (hb_str_eq(desk->headers.headers[i].name, hb_str_c(name)))
            return desk->headers.headers[i].value;
    return (struct hb_str){NULL, 0};
}

#define ASSERT_HEADER(desk, name, text) assert_true(hb_str_eq(header(desk, name), HB_STR(text)))

static void the_published_vector_is_signed_alike(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, (const int64_t[]){INT64_MAX}, 1);
    assert_true(make(&desk));
    ASSERT_HEADER(&desk, "webhook-signature", VECTOR_SIGNATURE);
    ASSERT_HEADER(&desk, "webhook-timestamp", "1614265330");
    ASSERT_HEADER(&desk, "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
    ASSERT_HEADER(&desk, "Hookbus-Delivery-Id", "dlv_x");
    ASSERT_HEADER(&desk, "Hookbus-Attempt", "12");
    ASSERT_HEADER(&desk, "Content-Type", "application/json");
    assert_int_equal(desk.headers.count, 6);
    hb_hmacs_deinit(desk.hmacs);
}

static void every_secret_that_is_not_expired_signs_newest_first(void **state)
{
    (void)state;
    static const struct {
        int64_t expires_ms[HB_WEBHOOK_SECRETS_MAX];
        size_t count, signatures;
        bool has_vector;
    } cases[] = {{{INT64_MAX, INT64_C(1614265331000), INT64_C(1614265330999), 0}, 4, 2, true}, /* valid until, not at its end */
                 {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}, 4, 4, true},
                 {{0, INT64_MAX}, 2, 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk;
        open_desk(&desk, cases[i].expires_ms, cases[i].count);
        assert_true(make(&desk));
        struct hb_str rest = header(&desk, "webhook-signature"), one;
        size_t count = 0;
        for (; hb_str_split(&rest, ' ', &one); count++) {
            assert_int_equal(one.len, HB_SIGNATURE_ONE_BYTES);
            assert_int_equal(hb_str_eq(one, HB_STR(VECTOR_SIGNATURE)), cases[i].has_vector && count == 0);
        }
        assert_int_equal(count, cases[i].signatures);
        hb_hmacs_deinit(desk.hmacs);
    }
}

static void nothing_unsigned_is_made(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, (const int64_t[]){0, 5}, 2);
    assert_false(make(&desk));
    hb_hmacs_deinit(desk.hmacs);
    open_desk(&desk, NULL, 0);
    assert_false(make(&desk));
    hb_hmacs_deinit(desk.hmacs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_published_vector_is_signed_alike),
                                       cmocka_unit_test(every_secret_that_is_not_expired_signs_newest_first),
                                       cmocka_unit_test(nothing_unsigned_is_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
