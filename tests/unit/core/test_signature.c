#include "core/signature.h"

#include "check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static void sign(const unsigned char *key, size_t key_bytes, const struct hb_str *pieces, unsigned char digest[32])
{
    struct hb_buf all = hb_buf_make(4096);
    for (int i = 0; i < 5; i++)
        assert_int_equal(hb_buf_add(&all, pieces[i]), HB_OK);
    assert_non_null(HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)all.ptr, all.len, digest, NULL));
    hb_buf_deinit(&all);
}

static void the_published_vector_of_standard_webhooks_comes_out(void **state)
{
    (void)state;
    unsigned char key[64], digests[2][32];
    size_t key_bytes;
    struct hb_str pieces[5];
    char header[HB_SIGNATURE_HEADER_MAX];
    assert_int_equal(hb_signature_parse_secret(HB_STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key, &key_bytes),
                     HB_OK);
    assert_int_equal(key_bytes, 24);
    hb_signature_pieces(HB_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), HB_STR("1614265330"), HB_STR("{\"test\": 2432232314}"),
                        pieces);
    sign(key, key_bytes, pieces, digests[0]);
    assert_int_equal(hb_signature_header((const unsigned char(*)[32])digests, 1, header), HB_SIGNATURE_ONE_BYTES);
    assert_string_equal(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    memcpy(digests[1], digests[0], 32);
    size_t length = hb_signature_header((const unsigned char(*)[32])digests, 2, header);
    assert_string_equal(
        header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(length, strlen(header));
}

static void secrets_are_read_in_their_bounds_and_written_back(void **state)
{
    (void)state;
    unsigned char key[64], back[64];
    char text[96];
    size_t back_bytes;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (unsigned char)(i * 7);
    for (size_t size = 24; size <= 64; size++) {
        size_t length = hb_signature_format_secret(key, size, text);
        assert_int_equal(length, strlen(text));
        assert_int_equal(hb_signature_parse_secret(hb_str_c(text), back, &back_bytes), HB_OK);
        assert_int_equal(back_bytes, size);
        assert_memory_equal(back, key, size);
        assert_int_equal(hb_signature_parse_secret(hb_str_c(text + 6), back, &back_bytes), HB_OK);
    }
    static const char *const wrong[] = {
        "",
        "whsec_",
        "whsec_AAAA",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(hb_signature_parse_secret(hb_str_c(wrong[i]), back, &back_bytes) == HB_ERR_INVALID, wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_published_vector_of_standard_webhooks_comes_out),
                                       cmocka_unit_test(secrets_are_read_in_their_bounds_and_written_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
