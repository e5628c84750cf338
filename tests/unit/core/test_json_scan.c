#include "core/json_scan.h"

#include "check.h"

static enum hb_err scan(struct hb_str text, size_t *at)
{
    /* An exact heap copy: the sanitizer sees a byte read too far. */
    char *copy = malloc(text.len ? text.len : 1);
    memcpy(copy, text.ptr, text.len);
    enum hb_err err = hb_json_scan(hb_str_n(copy, text.len), at);
    free(copy);
    return err;
}

static void well_formed_texts_pass(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "0",
                                        "-0",
                                        "1.5e+10",
                                        "1E-2",
                                        "true",
                                        "false",
                                        "null",
                                        "\"\"",
                                        " \t\r\n{ } \n",
                                        "[1,2,3]",
                                        "{\"a\":{\"b\":[{},[],\"c\"]},\"d\":null}",
                                        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"\\ud83d\\ude00\"",
                                        "\"za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87\"",
                                        "\"\xE4\xB8\xAD\xE6\x96\x87\"",
                                        "\"\xF0\x9F\x98\x80\"",
                                        "\"\x7F\"",
                                        "{\"a\":1,\"a\":2}",
                                        "9007199254740993",
                                        "123456789012345678901234567890.10",
                                        "\"12345678\"",
                                        "\"1234567\"",
                                        "\"123456789012345\xC2\x80\"",
                                        "[ 1 , 2 ]",
                                        "{ \"a\" : 1 , \"b\" : 2 }"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t at = 99;
        check_row(scan(hb_str_c(texts[i]), &at) == HB_OK, texts[i]);
        assert_int_equal(at, 99);
    }
}

static void the_first_fault_is_named_by_its_position(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {{"", 0},
                {" ", 1},
                {"{", 1},
                {"[1,]", 3},
                {"{\"a\"}", 4},
                {"{\"a\":}", 5},
                {"{a:1}", 1},
                {"[1 2]", 3},
                {"01", 1},
                {"-", 1},
                {"1.", 2},
                {"1e", 2},
                {".5", 0},
                {"+1", 0},
                {"tru", 3},
                {"trux", 3},
                {"nul", 3},
                {"\"abc", 4},
                {"\"a\nb\"", 2},
                {"\"\\x\"", 2},
                {"\"\\u12g4\"", 5},
                {"\"\\u12", 5},
                {"\"\\", 2},
                {"{}{}", 2},
                {"1 2", 2},
                {"[}", 1},
                {"{]", 1},
                {"{\"a\":1,}", 7},
                {"]", 0},
                {"'a'", 0},
                {"NaN", 0},
                {"[1]x", 3},
                {"\"\xFF\"", 1},
                {"\"\xC0\x80\"", 1},
                {"\"\xED\xA0\x80\"", 1},
                {"\"\xF4\x90\x80\x80\"", 1},
                {"\"\xC3\"", 1},
                {"\"12345678\xE2\x82\"", 9},
                {"\xEF\xBB\xBF{}", 0},
                {"{\"a\":1},\"x\":2", 7},
                {"{,}", 1},
                {"[,1]", 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t at = 999;
        check_row(scan(hb_str_c(rows[i].text), &at) == HB_ERR_INVALID, rows[i].text);
        if (at != rows[i].at)
            print_error("at %zu, wanted %zu\n", at, rows[i].at);
        check_row(at == rows[i].at, rows[i].text);
    }
    size_t at;
    assert_int_equal(scan(HB_STR("\"a\0b\""), &at), HB_ERR_INVALID);
    assert_int_equal(at, 2);
    assert_int_equal(scan(HB_STR("{}\0"), &at), HB_ERR_INVALID);
}

static void every_control_character_in_a_string_is_a_fault_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t place = 1; place < 20; place++)
        for (int c = 0; c < 0x20; c++) {
            char text[22];
            size_t at;
            memset(text, 'x', sizeof(text));
            text[0] = text[21] = '"';
            text[place] = (char)c;
            assert_int_equal(scan(hb_str_n(text, sizeof(text)), &at), HB_ERR_INVALID);
            assert_int_equal(at, place);
        }
}

static void nesting_is_allowed_to_the_limit_and_not_beyond(void **state)
{
    (void)state;
    char text[2 * (HB_JSON_DEPTH_MAX + 1)];
    size_t at;
    for (int kind = 0; kind < 2; kind++)
        for (size_t depth = 1; depth <= HB_JSON_DEPTH_MAX + 1; depth++) {
            memset(text, '[', depth);
            memset(text + depth, ']', depth);
            enum hb_err err = scan(hb_str_n(text, 2 * depth), &at);
            assert_int_equal(err, depth <= HB_JSON_DEPTH_MAX ? HB_OK : HB_ERR_TOO_LARGE);
        }
    struct hb_buf buf = hb_buf_make(4096);
    for (int i = 0; i < HB_JSON_DEPTH_MAX; i++)
        assert_int_equal(hb_buf_add(&buf, i % 2 ? HB_STR("{\"a\":") : HB_STR("[")), HB_OK);
    assert_int_equal(hb_buf_add(&buf, HB_STR("{\"x\":1}")), HB_OK);
    assert_int_equal(scan(hb_buf_str(&buf), &at), HB_ERR_TOO_LARGE);
    buf.len -= 7;
    assert_int_equal(hb_buf_add(&buf, HB_STR("1")), HB_OK);
    for (int i = HB_JSON_DEPTH_MAX - 1; i >= 0; i--)
        assert_int_equal(hb_buf_add(&buf, i % 2 ? HB_STR("}") : HB_STR("]")), HB_OK);
    assert_int_equal(scan(hb_buf_str(&buf), &at), HB_OK);
    buf.ptr[buf.len - 1] = '}';
    assert_int_equal(scan(hb_buf_str(&buf), &at), HB_ERR_INVALID);
    hb_buf_deinit(&buf);
}

/* The property render stands on: what passes alone can stand inside our JSON. */
static void what_passes_alone_passes_inside(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\",:\\ un0123eE.-+tfals\xC3\xA9\n";
    uint64_t seed = 20260131;
    for (int round = 0; round < 200000; round++) {
        char data[12], wrapped[40];
        size_t length = next_random(&seed) % sizeof(data), at;
        for (size_t i = 0; i < length; i++)
            data[i] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        enum hb_err alone = scan(hb_str_n(data, length), &at);
        int written = snprintf(wrapped, sizeof(wrapped), "{\"a\":1,\"data\":%.*s}", (int)length, data);
        enum hb_err inside = scan(hb_str_n(wrapped, (size_t)written), &at);
        if (alone == HB_OK && inside != HB_OK)
            fail_msg("passes alone, not inside: %.*s", (int)length, data);
    }
}

static void a_number_is_told_from_what_only_looks_like_one(void **state)
{
    (void)state;
    assert_true(hb_json_is_number(HB_STR("19.90")));
    assert_true(hb_json_is_number(HB_STR("-0e5")));
    static const char *const wrong[] = {"", "-", "1.", " 1", "1 ", "0x1", "+1", "1,5", "one", "01", "1e", "."};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(!hb_json_is_number(hb_str_c(wrong[i])), wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_texts_pass),
        cmocka_unit_test(the_first_fault_is_named_by_its_position),
        cmocka_unit_test(every_control_character_in_a_string_is_a_fault_wherever_it_stands),
        cmocka_unit_test(nesting_is_allowed_to_the_limit_and_not_beyond),
        cmocka_unit_test(what_passes_alone_passes_inside),
        cmocka_unit_test(a_number_is_told_from_what_only_looks_like_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
