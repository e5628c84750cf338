#include "core/base64.h"

#include "check.h"

static void the_vectors_of_rfc_4648_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
                {"\xFB\xFF\xBF", "+/+/"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[16];
        struct hb_buf buf = hb_buf_make(64);
        assert_int_equal(hb_base64_write(hb_str_c(rows[i].bytes), text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        assert_int_equal(hb_base64_read_append(hb_str_c(rows[i].text), &buf), HB_OK);
        check_str(hb_buf_str(&buf), rows[i].bytes);
        hb_buf_clear(&buf);
        assert_int_equal(hb_base64_append(hb_str_c(rows[i].bytes), &buf), HB_OK);
        check_str(hb_buf_str(&buf), rows[i].text);
        hb_buf_deinit(&buf);
    }
}

static void padding_may_be_left_out_but_not_half(void **state)
{
    (void)state;
    unsigned char bytes[8];
    assert_int_equal(hb_base64_read(HB_STR("Zm9vYg"), bytes), HB_OK);
    assert_memory_equal(bytes, "foob", 4);
    static const char *const unpadded[][2] = {{"", ""},           {"f", "Zg"},         {"fo", "Zm8"},         {"foo", "Zm9v"},
                                              {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xBF", "+/+/"}};
    for (size_t i = 0; i < sizeof(unpadded) / sizeof(unpadded[0]); i++) {
        assert_int_equal(hb_base64_size(hb_str_c(unpadded[i][1])), strlen(unpadded[i][0]));
        assert_int_equal(hb_base64_read(hb_str_c(unpadded[i][1]), bytes), HB_OK);
        if (unpadded[i][0][0])
            assert_memory_equal(bytes, unpadded[i][0], strlen(unpadded[i][0]));
    }
    static const char *const wrong[] = {
        "Z", "Zg=", "Zm8==", "Zm9v=", "Zm9v====", "=", "====", "Zh==", "Zo==", "Zm9=", "Zm 8", "Zm-_", "Zg==Zg==", "-_-_", "Zm 9", "Zm9v\n", "A==="};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(hb_base64_read(hb_str_c(wrong[i]), bytes) == HB_ERR_INVALID, wrong[i]);
}

static void every_byte_and_length_survives(void **state)
{
    (void)state;
    unsigned char bytes[256], back[256 + 1];
    char text[HB_BASE64_TEXT_BYTES(256) + 1];
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t length = 0; length <= 256; length++) {
        size_t written = hb_base64_write(hb_str_n((const char *)bytes, length), text);
        assert_int_equal(written, HB_BASE64_TEXT_BYTES(length));
        assert_int_equal(hb_base64_size(hb_str_n(text, written)), length);
        assert_int_equal(hb_base64_read(hb_str_n(text, written), back), HB_OK);
        if (length)
            assert_memory_equal(bytes, back, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_vectors_of_rfc_4648_go_both_ways),
                                       cmocka_unit_test(padding_may_be_left_out_but_not_half),
                                       cmocka_unit_test(every_byte_and_length_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
