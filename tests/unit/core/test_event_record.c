#include "core/event_record.h"

#include "check.h"

/* Stands in for SHA-256: what matters here is what it is given. */
static void fake_hash(struct hb_str a, struct hb_str b, unsigned char ret_digest[32])
{
    memset(ret_digest, 0, 32);
    for (size_t i = 0; i < a.len; i++)
        ret_digest[i % 16] ^= (unsigned char)a.ptr[i];
    for (size_t i = 0; i < b.len; i++)
        ret_digest[(i + 3) % 16] ^= (unsigned char)b.ptr[i];
}

static const struct hb_name_value foreign[] = {{TEXT("ce_specversion"), TEXT("1.0")},
                                               {TEXT("ce_id"), TEXT("1")},
                                               {TEXT("ce_source"), TEXT("/stores/acme")},
                                               {TEXT("ce_type"), TEXT("order.created")},
                                               {TEXT("ce_subject"), TEXT("1001")}};
#define FOREIGN_COUNT (sizeof(foreign) / sizeof(foreign[0]))

static void an_event_comes_back_from_its_headers(void **state)
{
    (void)state;
    struct hb_event event = {.id = HB_STR("evt_1"),
                             .store = HB_STR("acme"),
                             .type = HB_STR("order.created"),
                             .subject = HB_STR("1001"),
                             .time = HB_STR("2026-01-31T12:00:00Z"),
                             .content_type = HB_STR("application/json"),
                             .changed = HB_STR("a,b"),
                             .sequence = HB_STR("7"),
                             .traceparent = HB_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                             .foreign_id = HB_STR("x y"),
                             .data = HB_STR("{}"),
                             .registry_stamp = INT64_MAX},
                    back;
    char scratch[HB_EVENT_SCRATCH_MAX], id[HB_ID_MAX], key[HB_EVENT_KEY_MAX];
    struct hb_name_value headers[HB_EVENT_HEADERS_MAX];
    struct hb_event_problem problem;
    size_t count = hb_event_to_headers(&event, scratch, headers);
    assert_int_equal(count, 13);
    struct hb_event_source source = {hb_str_n(key, hb_event_key(&event, key)), event.data, headers, count, fake_hash};
    assert_int_equal(hb_event_from_record(&source, id, &back, &problem), HB_EVENT_READ_OK);
    assert_true(hb_str_eq(back.id, event.id) && hb_str_eq(back.store, event.store) &&
                hb_str_eq(back.type, event.type) && hb_str_eq(back.subject, event.subject));
    assert_true(hb_str_eq(back.time, event.time) && hb_str_eq(back.content_type, event.content_type) &&
                hb_str_eq(back.changed, event.changed));
    assert_true(hb_str_eq(back.sequence, event.sequence) && hb_str_eq(back.traceparent, event.traceparent) &&
                hb_str_eq(back.foreign_id, event.foreign_id));
    assert_int_equal(back.registry_stamp, INT64_MAX);
    assert_true(back.is_json && back.data.ptr == event.data.ptr);
    event = (struct hb_event){.id = HB_STR("1"),
                              .store = HB_STR("s"),
                              .type = HB_STR("a.b"),
                              .subject = HB_STR("x"),
                              .data = HB_STR("1"),
                              .registry_stamp = HB_NO_STAMP};
    assert_int_equal(hb_event_to_headers(&event, scratch, headers), 6);
}

static void a_foreign_producers_record_is_version_1(void **state)
{
    (void)state;
    struct hb_event event;
    struct hb_event_problem problem;
    char id[HB_ID_MAX];
    struct hb_event_source source = {HB_STR("acme/1001"), HB_STR("{}"), foreign, FOREIGN_COUNT, fake_hash};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_OK);
    check_str(event.store, "acme");
    assert_int_equal(event.registry_stamp, HB_NO_STAMP);
}

static void a_foreign_id_is_hashed_with_its_source_and_goes_along(void **state)
{
    (void)state;
    struct hb_name_value headers[FOREIGN_COUNT];
    struct hb_event event, again;
    struct hb_event_problem problem;
    char id[HB_ID_MAX], other[HB_ID_MAX];
    memcpy(headers, foreign, sizeof(headers));
    headers[1].value = HB_STR("A/1 \xC3\xA9");
    struct hb_event_source source = {HB_STR("acme/1001"), HB_STR("{}"), headers, FOREIGN_COUNT, fake_hash};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_OK);
    assert_int_equal(event.id.len, 30);
    assert_true(hb_str_has_prefix(event.id, HB_STR("evt_")) && hb_event_is_id(event.id));
    check_str(event.foreign_id, "A/1 \xC3\xA9");
    headers[2].value = HB_STR("/stores/acme2");
    source.key = HB_STR("acme2/1001");
    assert_int_equal(hb_event_from_record(&source, other, &again, &problem), HB_EVENT_READ_OK);
    assert_false(hb_str_eq(event.id, again.id));
    headers[1].value = HB_STR("a\nb");
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    assert_string_equal(problem.slug, "invalid_id");
}

static void what_cannot_be_understood_is_unreadable_and_says_why(void **state)
{
    (void)state;
    static const struct {
        struct hb_name_value header; /* replaces the one of that name, or is added; an empty value removes it */
        const char *slug;
    } rows[] = {{{TEXT("ce_specversion"), TEXT("")}, "invalid_specversion"},
                {{TEXT("ce_specversion"), TEXT("0.3")}, "invalid_specversion"},
                {{TEXT("ce_id"), TEXT("")}, "invalid_id"},
                {{TEXT("ce_source"), TEXT("")}, "invalid_source"},
                {{TEXT("ce_source"), TEXT("/shops/acme")}, "invalid_source"},
                {{TEXT("ce_source"), TEXT("/stores/")}, "invalid_store"},
                {{TEXT("ce_source"), TEXT("/stores/other")}, "key_mismatch"},
                {{TEXT("ce_type"), TEXT("")}, "invalid_type"},
                {{TEXT("ce_subject"), TEXT("")}, "invalid_subject"},
                {{TEXT("ce_subject"), TEXT("1002")}, "key_mismatch"},
                {{TEXT("ce_time"), TEXT("x")}, "invalid_time"},
                {{TEXT("hb_registry"), TEXT("-1")}, "invalid_stamp"},
                {{TEXT("hb_registry"), TEXT("9223372036854775808")}, "invalid_stamp"},
                {{TEXT("hb_v"), TEXT("x")}, "invalid_version"},
                {{TEXT("hb_v"), TEXT("0")}, "invalid_version"},
                {{TEXT("ce_changed"), TEXT("a b")}, "invalid_changed"},
                {{TEXT("content-type"), TEXT("a")}, "invalid_content_type"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_name_value headers[FOREIGN_COUNT + 1];
        size_t count = 0;
        for (size_t j = 0; j < FOREIGN_COUNT; j++)
            if (!hb_str_eq(foreign[j].name, rows[i].header.name))
                headers[count++] = foreign[j];
        if (rows[i].header.value.len)
            headers[count++] = rows[i].header;
        struct hb_event event;
        struct hb_event_problem problem = {0};
        char id[HB_ID_MAX];
        struct hb_event_source source = {HB_STR("acme/1001"), HB_STR("{}"), headers, count, fake_hash};
        check_row(hb_event_from_record(&source, id, &event, &problem) == HB_EVENT_READ_UNREADABLE, rows[i].slug);
        assert_string_equal(problem.slug, rows[i].slug);
    }
}

static void tombstones_empty_values_and_repeated_headers_are_unreadable(void **state)
{
    (void)state;
    struct hb_event event;
    struct hb_event_problem problem;
    char id[HB_ID_MAX];
    struct hb_event_source source = {HB_STR("acme/1001"), {NULL, 0}, foreign, FOREIGN_COUNT, fake_hash};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    assert_string_equal(problem.slug, "tombstone");
    source.value = HB_STR("");
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    assert_string_equal(problem.slug, "invalid_data");
    source.value = HB_STR("{}");
    source.headers_count = 0;
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    struct hb_name_value twice[FOREIGN_COUNT + 1];
    memcpy(twice, foreign, sizeof(foreign));
    twice[FOREIGN_COUNT] = foreign[3];
    source.headers = twice;
    source.headers_count = FOREIGN_COUNT + 1;
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    assert_string_equal(problem.slug, "duplicate_header");
    twice[FOREIGN_COUNT] = (struct hb_name_value){HB_STR("ce_time"), HB_STR("")};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_UNREADABLE);
    twice[FOREIGN_COUNT] = (struct hb_name_value){HB_STR("ce_unknown"), HB_STR("")};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_OK);
    twice[FOREIGN_COUNT] = (struct hb_name_value){HB_STR("hb_v"), HB_STR("2")};
    assert_int_equal(hb_event_from_record(&source, id, &event, &problem), HB_EVENT_READ_NEWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_from_its_headers),
        cmocka_unit_test(a_foreign_producers_record_is_version_1),
        cmocka_unit_test(a_foreign_id_is_hashed_with_its_source_and_goes_along),
        cmocka_unit_test(what_cannot_be_understood_is_unreadable_and_says_why),
        cmocka_unit_test(tombstones_empty_values_and_repeated_headers_are_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
