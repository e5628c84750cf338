#include "platform/crypto/crypto.h"

#include "core/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_hex(const unsigned char *digest, const char *hex)
{
    char text[2 * HB_SHA256_BYTES + 1];
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HB_SHA256_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * HB_SHA256_BYTES] = '\0';
    assert_string_equal(text, hex);
}

static void sha256_agrees_with_the_nist_vectors(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char digest[HB_SHA256_BYTES];
        hb_sha256(hb_str_c(cases[i][0]), digest);
        assert_hex(digest, cases[i][1]);
    }
}

static void a_pair_is_hashed_with_a_zero_byte_between(void **state)
{
    (void)state;
    unsigned char pair[HB_SHA256_BYTES], whole[HB_SHA256_BYTES];
    hb_sha256_pair(HB_STR("wh_1"), HB_STR("evt_2"), pair);
    hb_sha256(HB_STR("wh_1\0evt_2"), whole);
    assert_memory_equal(pair, whole, HB_SHA256_BYTES);
    hb_sha256_pair(HB_STR("wh_1e"), HB_STR("vt_2"), whole);
    assert_memory_not_equal(pair, whole, HB_SHA256_BYTES);
}

/* RFC 4231, test cases 1, 2 and 6. */
static void hmac_agrees_with_rfc_4231(void **state)
{
    (void)state;
    unsigned char long_key[131], key[20], digest[HB_SHA256_BYTES];
    memset(long_key, 0xaa, sizeof long_key);
    memset(key, 0x0b, sizeof key);
    const struct {
        const unsigned char *key;
        size_t key_bytes;
        struct hb_str data;
        const char *hex;
    } cases[] = {
        {key, 20, HB_STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {(const unsigned char *)"Jefe", 4, HB_STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {long_key, 131, HB_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_hmac *hmac = NULL;
        assert_int_equal(hb_hmac_new(cases[i].key, cases[i].key_bytes, &hmac), HB_OK);
        for (int again = 0; again < 3; again++) { /* a prepared context signs any number of messages */
            hb_hmac_sign(hmac, &cases[i].data, 1, digest);
            assert_hex(digest, cases[i].hex);
        }
        struct hb_str pieces[] = {hb_str_n(cases[i].data.ptr, 3), HB_STR(""),
                                  hb_str_n(cases[i].data.ptr + 3, cases[i].data.len - 3)};
        hb_hmac_sign(hmac, pieces, 3, digest);
        assert_hex(digest, cases[i].hex);
        hb_hmac_free(&hmac);
        assert_null(hmac);
    }
}

static void the_published_standard_webhooks_vector_is_met(void **state)
{
    (void)state;
    unsigned char key[64], digest[HB_SHA256_BYTES];
    struct hb_str key_text = HB_STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    size_t key_bytes = hb_base64_size(key_text);
    char text[64];
    struct hb_hmac *hmac = NULL;
    assert_int_equal(hb_base64_read(key_text, key), HB_OK);
    assert_int_equal(hb_hmac_new(key, key_bytes, &hmac), HB_OK);
    const struct hb_str pieces[] = {HB_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), HB_STR("."), HB_STR("1614265330"),
                                    HB_STR("."), HB_STR("{\"test\": 2432232314}")};
    hb_hmac_sign(hmac, pieces, 5, digest);
    hb_base64_write(hb_str_n((const char *)digest, sizeof digest), text);
    assert_string_equal(text, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    hb_hmac_free(&hmac);
    hb_hmac_free(&hmac);
}

static void random_bytes_differ_and_wiping_and_comparing_work(void **state)
{
    (void)state;
    unsigned char a[64] = {0}, b[64] = {0}, zero[64] = {0};
    hb_random_bytes(a, sizeof a);
    hb_random_bytes(b, sizeof b);
    assert_false(hb_equal_constant_time(a, b, sizeof a));
    hb_wipe(a, sizeof a);
    assert_true(hb_equal_constant_time(a, zero, sizeof a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_the_nist_vectors),
        cmocka_unit_test(a_pair_is_hashed_with_a_zero_byte_between),
        cmocka_unit_test(hmac_agrees_with_rfc_4231),
        cmocka_unit_test(the_published_standard_webhooks_vector_is_met),
        cmocka_unit_test(random_bytes_differ_and_wiping_and_comparing_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
