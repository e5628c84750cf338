#include "platform/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_vectors_of_rfc_4648_go_both_ways(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "+/+/", "+/+/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        unsigned char bytes[16];
        size_t plain = strlen(cases[i][0]), count = 99;
        assert_int_equal(hb_base64_encode((const unsigned char *)cases[i][0], plain, text), strlen(cases[i][1]));
        assert_string_equal(text, cases[i][1]);
        for (int form = 1; form <= 2; form++) {
            assert_int_equal(hb_base64_decode(hb_str_c(cases[i][form]), bytes, &count), HB_OK);
            assert_int_equal(count, plain);
            if (plain)
                assert_memory_equal(bytes, cases[i][0], plain);
        }
    }
}

static void what_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"Z",    "Zg=",  "Zh==", "Zm9=",   "Zg==Zg==", "Zm 9",
                                        "-_-_", "====", "=",    "Zm9v\n", "Zm9v====", "A==="};
    unsigned char bytes[16];
    size_t count = 7;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (hb_base64_decode(hb_str_c(cases[i]), bytes, &count) != HB_ERR_INVALID)
            fail_msg("accepted: %s", cases[i]);
    assert_int_equal(count, 7);
}

static void every_byte_and_length_survives(void **state)
{
    (void)state;
    unsigned char bytes[256], back[3 * ((344 + 3) / 4)];
    char text[4 * ((256 + 2) / 3) + 1];
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t length = 0; length <= 256; length++) {
        size_t count = 0, written = hb_base64_encode(bytes, length, text);
        assert_int_equal(written, 4 * ((length + 2) / 3));
        assert_int_equal(hb_base64_decode(hb_str_n(text, written), back, &count), HB_OK);
        assert_int_equal(count, length);
        if (length)
            assert_memory_equal(bytes, back, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_go_both_ways),
        cmocka_unit_test(what_is_not_base64_is_refused),
        cmocka_unit_test(every_byte_and_length_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
