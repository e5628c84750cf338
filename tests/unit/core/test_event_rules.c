#include "core/event_rules.h"

#include "check.h"

/* Each test is given a good event, spoils one thing, and sees that thing named. */
static struct hb_event good(void)
{
    return (struct hb_event){.id = HB_STR("evt_1"),
                             .store = HB_STR("acme"),
                             .type = HB_STR("product.updated"),
                             .subject = HB_STR("1001"),
                             .time = HB_STR("2026-01-31T12:00:00Z"),
                             .changed = HB_STR("price,stock.quantity,variants[0].price"),
                             .sequence = HB_STR("42"),
                             .traceparent = HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                             .data = HB_STR("{\"a\":1}"),
                             .registry_stamp = HB_NO_STAMP};
}

struct row {
    const char *text;
    bool is_right;
};

static void check_rows(const struct row *rows, size_t count, bool (*rule)(struct hb_str))
{
    for (size_t i = 0; i < count; i++)
        check_row(rule(hb_str_c(rows[i].text)) == rows[i].is_right, rows[i].text);
}
#define ROWS(rows, rule) check_rows(rows, sizeof(rows) / sizeof(rows[0]), rule)

static void types_are_words_with_points_between(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"order.created", true}, {"a.b.c", true},  {"x_1.y", true}, {"order", false},         {"", false},
        {".a", false},           {"a.", false},    {"a..b", false}, {"Order.created", false}, {"order.*", false},
        {"a b.c", false},        {"a.b\n", false}, {"a-b.c", false}};
    ROWS(rows, hb_event_is_type);
    char longest[HB_TYPE_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    longest[1] = '.';
    assert_true(hb_event_is_type(hb_str_n(longest, HB_TYPE_MAX)));
    assert_false(hb_event_is_type(hb_str_n(longest, HB_TYPE_MAX + 1)));
}

static void ids_are_plain_and_short(void **state)
{
    (void)state;
    static const struct row rows[] = {{"evt_01-A", true}, {"", false},         {"a b", false},
                                      {"a/b", false},     {"\xC3\xA9", false}, {"a\x01", false}};
    ROWS(rows, hb_event_is_id);
    char longest[HB_ID_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    assert_true(hb_event_is_id(hb_str_n(longest, HB_ID_MAX)));
    assert_false(hb_event_is_id(hb_str_n(longest, HB_ID_MAX + 1)));
}

static void control_characters_never_pass_in_a_subject(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1001", true},      {"a/b c", true},      {"za\xC5\xBC", true}, {"\xF0\x9F\x98\x80", true},
        {"", false},         {"a\r\nX: y", false}, {"\x7F", false},      {"\xC2\x80", false},
        {"\xC2\x9F", false}, {"\xC2\xA0", true},   {"\xFF", false},      {"\xED\xA0\x80", false}};
    ROWS(rows, hb_event_is_subject);
    for (int c = 0; c < 0x20; c++) {
        char text[3] = {'a', (char)c, 'b'};
        assert_false(hb_event_is_subject(hb_str_n(text, 3)));
    }
    char longest[HB_SUBJECT_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    assert_true(hb_event_is_subject(hb_str_n(longest, HB_SUBJECT_MAX)));
    assert_false(hb_event_is_subject(hb_str_n(longest, HB_SUBJECT_MAX + 1)));
}

static void changed_is_a_list_of_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {{"price", true},      {"price,stock.quantity", true},
                                      {"a[0].b-c", true},   {"", false},
                                      {",", false},         {"a,", false},
                                      {"a,,b", false},      {"a b", false},
                                      {"a,\xC3\xA9", false}};
    ROWS(rows, hb_event_is_changed);
}

static void traceparents_are_those_of_trace_context(void **state)
{
    (void)state;
    static const struct row rows[] = {{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
                                      {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
                                      {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
                                      {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
                                      {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
                                      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false},
                                      {"", false}};
    ROWS(rows, hb_event_is_traceparent);
}

static void content_types_are_media_types_and_json_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_right, is_json;
    } rows[] = {{"application/json", true, true},
                {"application/json; charset=utf-8", true, true},
                {"Application/JSON", true, true},
                {"application/vnd.x+json", true, true},
                {"text/csv", true, false},
                {"text/plain;x=\"a b\"", true, false},
                {"json", false, false},
                {"a/b/c", false, false},
                {"a/", false, false},
                {"/b", false, false},
                {" a/b", false, false},
                {"a/b\r\nX: y", false, false},
                {"text/\xC3\xA9", false, false},
                {"application/jsonx", true, false},
                {"text/json", true, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(hb_event_is_content_type(hb_str_c(rows[i].text)) == rows[i].is_right, rows[i].text);
        check_row(hb_event_is_json_type(hb_str_c(rows[i].text)) == rows[i].is_json, rows[i].text);
    }
    assert_true(hb_event_is_json_type(HB_STR("")));
}

static void a_good_event_passes_and_is_json(void **state)
{
    (void)state;
    struct hb_event event = good();
    struct hb_event_problem problem;
    assert_true(hb_event_check(&event, 7, &problem));
    assert_true(event.is_json);
    event.content_type = HB_STR("text/plain");
    event.data = HB_STR("\xFF");
    assert_true(hb_event_check(&event, 0, &problem));
    assert_false(event.is_json);
    event = (struct hb_event){
        .id = HB_STR("1"), .store = HB_STR("s"), .type = HB_STR("a.b"), .subject = HB_STR("x"), .data = HB_STR("1")};
    assert_true(hb_event_check(&event, 0, &problem));
}

#define SPOIL(member, value)                                                                                           \
    {                                                                                                                  \
        offsetof(struct hb_event, member), TEXT(value), #member                                                        \
    }
static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        struct hb_str value;
        const char *field;
    } rows[] = {SPOIL(id, "a b"),
                SPOIL(id, ""),
                SPOIL(store, ""),
                SPOIL(store, "a/b"),
                SPOIL(type, "order"),
                SPOIL(type, ""),
                SPOIL(subject, ""),
                SPOIL(subject, "a\nb"),
                SPOIL(subject, "a\0b"),
                SPOIL(time, "yesterday"),
                SPOIL(time, "2026-01-31T12:00:00Z\r\nX: y"),
                SPOIL(content_type, "x"),
                SPOIL(changed, "a b"),
                SPOIL(sequence, "1.5"),
                SPOIL(traceparent, "00-1"),
                SPOIL(foreign_id, "a\tb"),
                SPOIL(data, ""),
                SPOIL(data, "{"),
                SPOIL(data, "1}"),
                SPOIL(data, "1,\"type\":\"x\""),
                SPOIL(data, "{}\"")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_event event = good();
        struct hb_event_problem problem = {0};
        memcpy((char *)&event + rows[i].offset, &rows[i].value, sizeof(rows[i].value));
        check_row(!hb_event_check(&event, 0, &problem), rows[i].value.ptr);
        assert_string_equal(problem.field, rows[i].field);
        assert_non_null(problem.slug);
        assert_non_null(problem.should);
        assert_false(event.is_json);
    }
}

static void data_has_a_size_and_a_depth(void **state)
{
    (void)state;
    struct hb_event event = good();
    struct hb_event_problem problem;
    assert_false(hb_event_check(&event, 6, &problem));
    assert_string_equal(problem.slug, "data_too_large");
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    event.data = hb_str_n(deep, sizeof(deep));
    assert_false(hb_event_check(&event, 0, &problem));
    assert_string_equal(problem.slug, "data_too_deep");
}

static void notices_and_keys(void **state)
{
    (void)state;
    assert_true(hb_event_is_notice(HB_STR("hookbus.webhook_disabled")));
    assert_false(hb_event_is_notice(HB_STR("hookbusx.a")));
    struct hb_event event = good();
    char key[HB_EVENT_KEY_MAX];
    check_str(hb_str_n(key, hb_event_key(&event, key)), "acme/1001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_words_with_points_between),
        cmocka_unit_test(ids_are_plain_and_short),
        cmocka_unit_test(control_characters_never_pass_in_a_subject),
        cmocka_unit_test(changed_is_a_list_of_paths),
        cmocka_unit_test(traceparents_are_those_of_trace_context),
        cmocka_unit_test(content_types_are_media_types_and_json_is_told),
        cmocka_unit_test(a_good_event_passes_and_is_json),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(data_has_a_size_and_a_depth),
        cmocka_unit_test(notices_and_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
