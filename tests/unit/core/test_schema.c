#include "core/schema.h"

#include "core/json_scan.h"
#include "core/shapes.h"

#include "check.h"

/* Single quotes stand for double ones, so that rows can be read. */
static const char *quoted(const char *text, char *room, size_t bytes)
{
    size_t i = 0;
    for (; text[i]; i++) {
        assert_true(i + 1 < bytes);
        room[i] = text[i] == '\'' ? '"' : text[i];
    }
    room[i] = '\0';
    return room;
}

struct row {
    const char *schema, *data;
    const char *path;   /* NULL: it fits */
    const char *should; /* NULL: whatever */
};

static void check_schema_row(const struct row *row)
{
    char schema_text[2048], data[2048];
    struct hb_schema *schema = NULL;
    struct hb_schema_fault fault = {"unset", "unset"};
    struct hb_error error = {0};
    size_t at;
    if (hb_schema_new(hb_str_c(quoted(row->schema, schema_text, sizeof(schema_text))), &schema, &error))
        fail_msg("%s: %s", row->schema, error.text);
    assert_int_equal(hb_json_scan(hb_str_c(quoted(row->data, data, sizeof(data))), &at), HB_OK);
    bool is_fitting = hb_schema_fits(schema, hb_str_c(data), &fault);
    assert_int_equal(is_fitting, hb_schema_fits(schema, hb_str_c(data), NULL));
    if (is_fitting != !row->path)
        fail_msg("%s with %s: %s, \"%s\" should be %s", row->schema, row->data, is_fitting ? "fits" : "does not fit",
                 fault.path, fault.should);
    if (row->path)
        assert_string_equal(fault.path, row->path);
    if (row->should)
        assert_string_equal(fault.should, row->should);
    hb_schema_free(&schema);
}

#define CHECK_ROWS(rows)                                                                                               \
    do {                                                                                                               \
        for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                                                  \
            check_schema_row(&(rows)[i]);                                                                              \
    } while (0)

static void every_keyword_of_a_plain_value_takes_the_good_and_refuses_the_bad(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{}", "[1,'a']", NULL, NULL},
        {"{'type':'string'}", "'a'", NULL, NULL},
        {"{'type':'string'}", "1", "", "a string"},
        {"{'type':'string'}", "null", "", "a string"},
        {"{'type':'boolean'}", " true ", NULL, NULL},
        {"{'type':'boolean'}", "'true'", "", "true or false"},
        {"{'type':'array'}", "[]", NULL, NULL},
        {"{'type':'array'}", "{}", "", "an array"},
        {"{'type':'object'}", "{}", NULL, NULL},
        {"{'type':'object'}", "[]", "", "an object"},
        {"{'type':'number'}", "1.5", NULL, NULL},
        {"{'type':'number'}", "'1.5'", "", "a number"},
        {"{'type':['integer','null']}", "null", NULL, NULL},
        {"{'type':['integer','null']}", "7", NULL, NULL},
        {"{'type':['integer','null']}", "7.5", "", "null or an integer"},
        {"{'type':'integer'}", "-0", NULL, NULL},
        {"{'type':'integer'}", "1.0", NULL, NULL},
        {"{'type':'integer'}", "1.50e1", NULL, NULL},
        {"{'type':'integer'}", "100e-2", NULL, NULL},
        {"{'type':'integer'}", "101e-2", "", "an integer"},
        {"{'type':'integer'}", "0.0e9", NULL, NULL},
        {"{'type':'integer'}", "1e-1", "", "an integer"},
        {"{'type':'integer'}", "123456789012345678901234567890", NULL, NULL},
        {"{'type':'integer'}", "123456789012345678901234567890.5", "", "an integer"},
        {"{'minimum':0}", "0", NULL, NULL},
        {"{'minimum':0}", "-0.0", NULL, NULL},
        {"{'minimum':0}", "-1e-300", "", "at least 0"},
        {"{'minimum':0}", "'a'", NULL, NULL},
        {"{'minimum':9007199254740993}", "9007199254740992", "", NULL},
        {"{'enum':['a','b']}", "'b'", NULL, NULL},
        {"{'enum':['a','b']}", "'\\u0062'", NULL, NULL},
        {"{'enum':['a','b']}", "'c'", "", "one of a, b"},
        {"{'enum':['a','b']}", "['a']", "", "one of a, b"},
        {"{'minLength':1}", "''", "", "a string of at least 1 character"},
        {"{'minLength':1}", "[]", NULL, NULL},
        {"{'minLength':2,'maxLength':3}", "'a'", "", "a string of at least 2 and at most 3 characters"},
        {"{'minLength':2,'maxLength':3}", "'ąęł'", NULL, NULL},
        {"{'minLength':2,'maxLength':3}", "'ąęłź'", "", NULL},
        {"{'maxLength':1}", "'\\ud83d\\ude00'", NULL, NULL},
        {"{'maxLength':1}", "'\\ud83d\\ud83d'", "", NULL},
        {"{'maxLength':1}", "'\\n\\n'", "", NULL},
        {"{'pattern':'^[A-Z]{3}$'}", "'PLN'", NULL, NULL},
        {"{'pattern':'^[A-Z]{3}$'}", "'P\\u004cN'", NULL, NULL},
        {"{'pattern':'^[A-Z]{3}$'}", "'PLNA'", "", "a string that matches ^[A-Z]{3}$"},
        {"{'pattern':'^[A-Z]{3}$'}", "'PLN\\n'", "", NULL},
        {"{'pattern':'^[A-Z]{3}$'}", "12", NULL, NULL},
    };
    CHECK_ROWS(rows);
}

static void formats_are_asserted(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
        bool is_right;
    } rows[] = {
        {"date", "2026-01-31", true},
        {"date", "2024-02-29", true},
        {"date", "2026-02-29", false},
        {"date", "2026-1-31", false},
        {"date", "2026-01-31T", false},
        {"date", "", false},
        {"date-time", "2026-01-31T12:00:00Z", true},
        {"date-time", "2026-01-31T12:00:00.123456+02:00", true},
        {"date-time", "2026-01-31 12:00:00Z", false},
        {"date-time", "2026-01-31T12:00:00", false},
        {"date-time", "2026-01-31T24:00:00Z", false},
        {"date-time", "2026-01-31", false},
        {"email", "anna@example.com", true},
        {"email", "anna..n@example.com", true},
        {"email", "\\\"a@b\\\"@example.com", true},
        {"email", "anna+x@[192.0.2.1]", true},
        {"email", "anna", false},
        {"email", "@example.com", false},
        {"email", "anna@", false},
        {"email", "a@b@example.com", false},
        {"email", "anna@exa mple.com", false},
        {"email", "anna@example..com", false},
        {"email", "anna@-example.com", false},
        {"uri", "https://shop.example/p/1?a[]=%20#x", true},
        {"uri", "https:\\/\\/shop.example\\/p", true},
        {"uri", "urn:x", true},
        {"uri", "/p/1", false},
        {"uri", "https://shop.example/a b", false},
        {"uri", "https://shop.example/%2", false},
        {"uri", "https://shop.example/%zz", false},
        {"uri", "https://shop.example/ą", false},
        {"uri", "1http://x", false},
        {"uri", "://x", false},
        {"uri", "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char schema[64], data[128];
        snprintf(schema, sizeof(schema), "{'format':'%s'}", rows[i].format);
        int bytes = snprintf(data, sizeof(data), "\"%s\"", rows[i].text);
        assert_true(bytes < (int)sizeof(data));
        check_schema_row(&(struct row){schema, data, rows[i].is_right ? NULL : "", NULL});
    }
}

static void what_stands_inside_is_checked_and_the_path_leads_to_it(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{'required':['a']}", "{'a':null}", NULL, NULL},
        {"{'required':['a']}", "{'\\u0061':null}", NULL, NULL},
        {"{'required':['a']}", "{'b':1}", "/a", "present"},
        {"{'required':['a']}", "1", NULL, NULL},
        {"{'required':['a'],'properties':{'a':{'type':'integer'}}}", "{}", "/a", "present: an integer"},
        {"{'properties':{'a':{'type':'string'}}}", "{'a':'x','b':1}", NULL, NULL},
        {"{'properties':{'a':{'type':'string'}}}", "{'a':1}", "/a", "a string"},
        {"{'properties':{'a':{'type':'string'}}}", "{'\\u0061':1}", "/a", "a string"},
        {"{'properties':{'a':{'type':'string'}}}", "{'a':1,'a':'x'}", "/a", "a string"},
        {"{'properties':{'a':{'type':'string'}}}", "{'a':'x','a':1}", "/a", "a string"},
        {"{'properties':{'a':{}},'additionalProperties':{'type':'boolean'}}", "{'a':1,'b':true}", NULL, NULL},
        {"{'properties':{'a':{}},'additionalProperties':{'type':'boolean'}}", "{'b':1}", "/b", "true or false"},
        {"{'required':['b'],'additionalProperties':{'type':'boolean'}}", "{'b':1}", "/b", "true or false"},
        {"{'additionalProperties':{'type':'boolean'}}", "{'a/b~c':1}", "/a~1b~0c", NULL},
        {"{'additionalProperties':{'type':'boolean'}}", "{'\\u0000\\u0007ą\\\"':1}", "/\xEF\xBF\xBD\xEF\xBF\xBDą\"",
         NULL},
        {"{'additionalProperties':{'type':'boolean'}}", "{'':1}", "/", NULL},
        {"{'propertyNames':{'pattern':'^[a-z]*$'}}", "{'ab':1,'':2}", NULL, NULL},
        {"{'propertyNames':{'pattern':'^[a-z]*$'}}", "{'A':1}", "/A", "a member whose name matches ^[a-z]*$"},
        {"{'items':{'type':'integer'}}", "[1,2]", NULL, NULL},
        {"{'items':{'type':'integer'}}", "[1,'2']", "/1", "an integer"},
        {"{'items':{'items':{'type':'integer'}}}", "[[],[1,2,null]]", "/1/2", NULL},
        {"{'minItems':2}", "[1]", "", "an array of at least 2 items"},
        {"{'minItems':2}", "[1,2]", NULL, NULL},
        {"{'oneOf':[{'type':'string'},{'type':'null'}]}", "null", NULL, NULL},
        {"{'oneOf':[{'type':'string'},{'type':'null'}]}", "1", "", "null or a string"},
        {"{'oneOf':[{'type':'string'},{'minLength':1}]}", "'a'", "", "what only one of its alternatives allows"},
        {"{'oneOf':[{'type':'string'},{'type':'object','required':['u']}]}", "{}", "/u", "present"},
        {"{'oneOf':[{'$ref':'#/$defs/m'},{'type':'null'}],'$defs':{'m':{'type':'string','pattern':'^a$'}}}", "'b'", "",
         "a string that matches ^a$"},
        {"{'$ref':'#/$defs/n','minimum':3,'$defs':{'n':{'type':'integer'}}}", "3", NULL, NULL},
        {"{'$ref':'#/$defs/n','minimum':3,'$defs':{'n':{'type':'integer'}}}", "2", "", "at least 3"},
        {"{'$ref':'#/$defs/n','minimum':3,'$defs':{'n':{'type':'integer'}}}", "'a'", "", "an integer"},
        {"{'if':{'required':['p']},'then':{'required':['c']}}", "{}", NULL, NULL},
        {"{'if':{'required':['p']},'then':{'required':['c']}}", "{'p':1,'c':2}", NULL, NULL},
        {"{'if':{'required':['p']},'then':{'required':['c']}}", "{'p':1}", "/c", "present"},
    };
    CHECK_ROWS(rows);
}

static void a_schema_that_would_leave_something_unchecked_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "[]",
        "true",
        "{'type':'text'}",
        "{'type':[]}",
        "{'type':1}",
        "{'maximum':1}",
        "{'const':1}",
        "{'anyOf':[{}]}",
        "{'allOf':[{}]}",
        "{'not':{}}",
        "{'else':{}}",
        "{'if':{}}",
        "{'then':{}}",
        "{'dependentRequired':{}}",
        "{'patternProperties':{}}",
        "{'additionalProperties':false}",
        "{'items':true}",
        "{'enum':[]}",
        "{'enum':[1]}",
        "{'minLength':-1}",
        "{'minLength':1.0}",
        "{'maxLength':'1'}",
        "{'minItems':null}",
        "{'minimum':'0'}",
        "{'pattern':'a'}",
        "{'pattern':'^a'}",
        "{'pattern':'^a|b$'}",
        "{'pattern':'^.$'}",
        "{'pattern':'^a+$'}",
        "{'pattern':'^[^a]$'}",
        "{'pattern':'^(a$'}",
        "{'pattern':'^a{2,1}$'}",
        "{'pattern':'^a{0}$'}",
        "{'pattern':'^a{65}$'}",
        "{'pattern':'^(a{8}){9}$'}",
        "{'pattern':'^a**$'}",
        "{'pattern':'^()$'}",
        "{'pattern':'^\\\\d$'}",
        "{'pattern':'^[b-a]$'}",
        "{'pattern':'^[]$'}",
        "{'pattern':'^ą$'}",
        "{'format':'ipv4'}",
        "{'required':'a'}",
        "{'required':[1]}",
        "{'properties':[]}",
        "{'properties':{'a':1}}",
        "{'properties':{'a':{},'a':{}}}",
        "{'properties':{'a\\u0062':{}}}",
        "{'type':'string','type':'null'}",
        "{'oneOf':[]}",
        "{'oneOf':{}}",
        "{'$ref':'#'}",
        "{'$ref':'#/$defs/a'}",
        "{'$ref':'#/$defs/b','$defs':{'a':{}}}",
        "{'$ref':'other.json'}",
        "{'items':{'$defs':{}}}",
        "{'items':{'examples':[]}}",
        "{'$schema':'http://json-schema.org/draft-07/schema#'}",
        "{'$ref':'#/$defs/a','$defs':{'a':{'$ref':'#/$defs/a'}}}",
        "{'$defs':{'a':{'items':{'$ref':'#/$defs/b'}},'b':{'properties':{'x':{'$ref':'#/$defs/a'}}}},'$ref':'#/$defs/"
        "a'}",
        "{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'items':{'"
        "items':"
        "{'items':{'items':{'items':{}}}}}}}}}}}}}}}}}",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1024];
        struct hb_schema *schema = NULL;
        struct hb_error error = {0};
        enum hb_err err = hb_schema_new(hb_str_c(quoted(rows[i], text, sizeof(text))), &schema, &error);
        check_row(err == HB_ERR_INVALID && !schema, rows[i]);
        check_row(error.text[0] != '\0', rows[i]);
    }
}

static void a_pattern_is_matched_whole_and_in_linear_time(void **state)
{
    (void)state;
    static const char MONEY[] = "{'pattern':'^-?(0|[1-9][0-9]{0,14})(\\\\.[0-9]{1,6})?$'}";
    static const char LANGUAGE[] = "{'pattern':'^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$'}";
    static const struct row rows[] = {
        {MONEY, "'0'", NULL, NULL},
        {MONEY, "'-0.10'", NULL, NULL},
        {MONEY, "'123456789012345.123456'", NULL, NULL},
        {MONEY, "'1234567890123456'", "", NULL},
        {MONEY, "'1.1234567'", "", NULL},
        {MONEY, "'01'", "", NULL},
        {MONEY, "'1.'", "", NULL},
        {MONEY, "'.5'", "", NULL},
        {MONEY, "'--1'", "", NULL},
        {MONEY, "''", "", NULL},
        {MONEY, "'1,5'", "", NULL},
        {LANGUAGE, "'pl'", NULL, NULL},
        {LANGUAGE, "'zh-Hant-TW'", NULL, NULL},
        {LANGUAGE, "'p'", "", NULL},
        {LANGUAGE, "'pl-'", "", NULL},
        {LANGUAGE, "'pl-abcdefghi'", "", NULL},
        {"{'pattern':'^(a|b{2}|(c|d)*)?e$'}", "'e'", NULL, NULL},
        {"{'pattern':'^(a|b{2}|(c|d)*)?e$'}", "'bbe'", NULL, NULL},
        {"{'pattern':'^(a|b{2}|(c|d)*)?e$'}", "'cdcde'", NULL, NULL},
        {"{'pattern':'^(a|b{2}|(c|d)*)?e$'}", "'be'", "", NULL},
        {"{'pattern':'^(a*)*$'}", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'", "", NULL},
        {"{'pattern':'^$'}", "''", NULL, NULL},
    };
    CHECK_ROWS(rows);
}

static void a_fault_is_cut_between_characters(void **state)
{
    (void)state;
    struct hb_schema *schema = NULL;
    struct hb_schema_fault fault;
    char data[2048] = "{\"";
    for (int i = 0; i < 300; i++)
        memcpy(data + 2 + 2 * i, "ą", 2);
    memcpy(data + 602, "\":1}", 5);
    assert_int_equal(hb_schema_new(HB_STR("{\"additionalProperties\":{\"type\":\"null\"}}"), &schema, NULL), HB_OK);
    assert_false(hb_schema_fits(schema, hb_str_c(data), &fault));
    size_t length = strlen(fault.path);
    assert_true(length >= sizeof(fault.path) - 6 && length < sizeof(fault.path));
    assert_string_equal(fault.path + length - 5, "ą…");
    hb_schema_free(&schema);
}

static void types_have_the_shape_of_their_first_word(void **state)
{
    (void)state;
    struct hb_shapes *shapes = NULL;
    struct hb_error error = {0};
    struct hb_schema_fault fault;
    if (hb_shapes_new(&shapes, &error))
        fail_msg("%s", error.text);
    static const char *const without[] = {"cart.abandoned", "orders.created",    "app.order",
                                          "order.deleted",  "inventory.deleted", "hookbus.order.paid"};
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        check_row(!hb_shapes_of_type(shapes, hb_str_c(without[i])), without[i]);
    static const char *const with[] = {"order.paid", "order.note.added", "product.deleted", "customer.deleted",
                                       "inventory.updated"};
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
        check_row(hb_shapes_of_type(shapes, hb_str_c(with[i])), with[i]);
    assert_true(hb_schema_fits(hb_shapes_of_type(shapes, HB_STR("product.deleted")), HB_STR("{\"id\":\"1\"}"), NULL));
    const struct hb_schema *order = hb_shapes_of_type(shapes, HB_STR("order.paid"));
    assert_false(hb_schema_fits(order, HB_STR("{\"id\":1}"), &fault));
    assert_string_equal(fault.path, "/id");
    assert_string_equal(fault.should, "a string");
    hb_shapes_free(&shapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_keyword_of_a_plain_value_takes_the_good_and_refuses_the_bad),
        cmocka_unit_test(formats_are_asserted),
        cmocka_unit_test(what_stands_inside_is_checked_and_the_path_leads_to_it),
        cmocka_unit_test(a_schema_that_would_leave_something_unchecked_is_refused),
        cmocka_unit_test(a_pattern_is_matched_whole_and_in_linear_time),
        cmocka_unit_test(a_fault_is_cut_between_characters),
        cmocka_unit_test(types_have_the_shape_of_their_first_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
