#include "platform/yaml/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_yaml *parse(const char *text)
{
    struct hb_yaml *root = NULL;
    struct hb_error error = {0};
    if (hb_yaml_parse("t.yaml", hb_str_c(text), &root, &error))
        fail_msg("%s", error.text);
    return root;
}

static void assert_text(const struct hb_yaml *node, const char *text)
{
    assert_non_null(node);
    assert_true(hb_str_eq(hb_yaml_text(node), hb_str_c(text)));
}

static void maps_lists_and_scalars_are_read_with_their_lines(void **state)
{
    (void)state;
    struct hb_yaml *root =
        parse("# comment\nkafka:\n  brokers: a:9092\n  on: 'yes'\negress:\n  allow: [127.0.0.0/8, \"::1\"]\n"
              "list:\n - 1\n - x: 2\nnull_one:\nnull_two: ~\nquoted: \"\"\n");
    const struct hb_yaml *kafka = hb_yaml_get(root, "kafka"), *list = hb_yaml_get(root, "list");
    assert_int_equal(hb_yaml_kind(root), HB_YAML_MAP);
    assert_int_equal(hb_yaml_line(kafka), 2);
    assert_text(hb_yaml_get(kafka, "brokers"), "a:9092");
    assert_text(hb_yaml_get(kafka, "on"), "yes");
    assert_int_equal(hb_yaml_line(hb_yaml_get(kafka, "on")), 4);
    const struct hb_yaml *allow = hb_yaml_get(hb_yaml_get(root, "egress"), "allow");
    assert_int_equal(hb_yaml_kind(allow), HB_YAML_LIST);
    assert_text(hb_yaml_next(hb_yaml_first(allow)), "::1");
    assert_null(hb_yaml_next(hb_yaml_next(hb_yaml_first(allow))));
    assert_text(hb_yaml_get(hb_yaml_next(hb_yaml_first(list)), "x"), "2");
    assert_true(hb_yaml_is_null(hb_yaml_get(root, "null_one")));
    assert_true(hb_yaml_is_null(hb_yaml_get(root, "null_two")));
    assert_false(hb_yaml_is_null(hb_yaml_get(root, "quoted")));
    assert_null(hb_yaml_get(root, "none"));
    assert_null(hb_yaml_get(hb_yaml_get(root, "none"), "x"));
    assert_null(hb_yaml_first(hb_yaml_get(kafka, "brokers")));
    hb_yaml_free(&root);
    assert_null(root);
    hb_yaml_free(&root);
}

static void an_empty_document_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "\n# only a comment\n", "{}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_yaml *root = parse(cases[i]);
        assert_int_equal(hb_yaml_kind(root), HB_YAML_MAP);
        assert_null(hb_yaml_first(root));
        hb_yaml_free(&root);
    }
}

static void what_we_leave_out_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        struct hb_str text;
        const char *message;
    } cases[] = {
        {HB_STR_INIT("a: &x 1\nb: *x\n"), "t.yaml:1: anchors"},
        {HB_STR_INIT("a: 1\nb: *x\n"), "t.yaml:2: aliases"},
        {HB_STR_INIT("a: &x [1]\n"), "t.yaml:1: anchors"},
        {HB_STR_INIT("a: &x {b: 1}\n"), "t.yaml:1: anchors"},
        {HB_STR_INIT("\n&k a: 1\n"), "t.yaml:2: anchors"},
        {HB_STR_INIT("a: !!binary aGk=\n"), "t.yaml:1: tags"},
        {HB_STR_INIT("a: !x [1]\n"), "t.yaml:1: tags"},
        {HB_STR_INIT("a: 1\nb: 2\na: 3\n"), "t.yaml:3: the key \"a\" stands there twice, first on line 1"},
        {HB_STR_INIT("m:\n  x: 1\n  'x': 3\n"), "t.yaml:3: the key \"x\""},
        {HB_STR_INIT("[a, b]: 1\n"), "t.yaml:1: a key"},
        {HB_STR_INIT("a: \"x\\0y\"\n"), "t.yaml:1: a text with a NUL"},
        {HB_STR_INIT("---\na: 1\n---\nb: 2\n"), "t.yaml:"},
        {HB_STR_INIT("a: 1\n b: 2\n"), "t.yaml:2: "},
        {HB_STR_INIT("a: [1\n"), "t.yaml:"},
        {HB_STR_INIT("a: \xFF\n"), "t.yaml:"},
        {HB_STR_INIT("\ta: 1\n"), "t.yaml:1: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_yaml *root = NULL;
        struct hb_error error = {0};
        if (hb_yaml_parse("t.yaml", cases[i].text, &root, &error) != HB_ERR_INVALID)
            fail_msg("accepted: %.*s", HB_ARG(cases[i].text));
        assert_null(root);
        if (strncmp(error.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("said: %s", error.text);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const char open[] = "[[[[[[[[[[[[[[[[[[[[", close[] = "]]]]]]]]]]]]]]]]]]]]";
    static const int depths[] = {1, 16, 17, 20};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct hb_buf text = hb_buf_make(64);
        struct hb_yaml *root = NULL;
        assert_int_equal(hb_buf_addf(&text, "%.*s%.*s", depths[i], open, depths[i], close), HB_OK);
        assert_int_equal(hb_yaml_parse("t", hb_buf_str(&text), &root, NULL), depths[i] <= 16 ? HB_OK : HB_ERR_INVALID);
        hb_yaml_free(&root);
        hb_buf_deinit(&text);
    }
}

static void size_is_limited(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(2 << 20);
    struct hb_yaml *root = NULL;
    assert_int_equal(hb_buf_add_char(&text, '['), HB_OK);
    for (int i = 0; i <= HB_YAML_NODES_MAX; i++)
        assert_int_equal(hb_buf_add(&text, HB_STR("1,")), HB_OK);
    assert_int_equal(hb_buf_add_char(&text, ']'), HB_OK);
    assert_int_equal(hb_yaml_parse("t", hb_buf_str(&text), &root, NULL), HB_ERR_TOO_LARGE);
    while (text.len <= HB_YAML_BYTES_MAX)
        assert_int_equal(hb_buf_add(&text, HB_STR("# a comment that only takes room\n")), HB_OK);
    assert_int_equal(hb_yaml_parse("t", hb_buf_str(&text), &root, NULL), HB_ERR_TOO_LARGE);
    assert_null(root);
    hb_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_lists_and_scalars_are_read_with_their_lines),
        cmocka_unit_test(an_empty_document_is_an_empty_map),
        cmocka_unit_test(what_we_leave_out_is_refused_with_its_line),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(size_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
