#include "retry/entry.h"

#include "hookbus/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct hb_entry full = {
    .rule = {.state = HB_DELIVERY_PARKED,
             .version = HB_ENTRY_VERSION_MAX,
             .offset = HB_ENTRY_NUMBER_MAX,
             .position = {HB_EVENT_TOPIC_COUNT - 1, HB_ENTRY_PARTITION_MAX, HB_ENTRY_NUMBER_MAX - 1, {1767225600123}}},
    .attempts = 65535,
    .reason = HB_REASON_TLS_EXPIRED,
    .first_failed = {1767225600456},
    .is_ordered = true,
    .subject = UINT64_C(0xFEDCBA9876543210)};

static void expect_same(const struct hb_entry *a, const struct hb_entry *b)
{
    assert_int_equal(a->rule.state, b->rule.state);
    assert_int_equal(a->rule.version, b->rule.version);
    assert_int_equal(a->rule.offset, b->rule.offset);
    assert_int_equal(a->rule.position.topic, b->rule.position.topic);
    assert_int_equal(a->rule.position.partition, b->rule.position.partition);
    assert_int_equal(a->rule.position.offset, b->rule.position.offset);
    assert_int_equal(a->rule.position.appended.ms, b->rule.position.appended.ms);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->first_failed.ms, b->first_failed.ms);
    assert_int_equal(a->is_ordered, b->is_ordered);
    assert_int_equal(a->subject, b->subject);
}

static void an_entry_comes_back_as_it_was_at_its_largest_and_its_smallest(void **state)
{
    const struct hb_entry smallest = {.rule = {.state = HB_DELIVERY_DEAD, .version = 1},
                                      .first_failed = {HB_JOURNAL_NEVER}};
    unsigned char bytes[HB_ENTRY_BYTES_MAX];
    struct hb_entry back;

    (void)state;
    size_t length = hb_entry_pack(&full, bytes);
    assert_int_equal(length, 48);
    assert_true(hb_entry_unpack(hb_str_n((char *)bytes, length), &back));
    expect_same(&full, &back);
    length = hb_entry_pack(&smallest, bytes);
    assert_int_equal(length, 40);
    assert_true(hb_entry_unpack(hb_str_n((char *)bytes, length), &back));
    expect_same(&smallest, &back);
}

static void more_attempts_than_fit_are_kept_as_the_most(void **state)
{
    struct hb_entry entry = full, back;
    unsigned char bytes[HB_ENTRY_BYTES_MAX];

    (void)state;
    entry.attempts = HB_JOURNAL_ATTEMPTS_MAX;
    assert_true(hb_entry_unpack(hb_str_n((char *)bytes, hb_entry_pack(&entry, bytes)), &back));
    assert_int_equal(back.attempts, 65535);
}

static void what_is_cut_foreign_or_of_a_later_format_is_no_entry(void **state)
{
    unsigned char bytes[HB_ENTRY_BYTES_MAX + 1] = {0};
    struct hb_entry back;

    (void)state;
    (void)hb_entry_pack(&full, bytes);
    for (size_t length = 0; length <= sizeof(bytes); length++)
        assert_int_equal(hb_entry_unpack(hb_str_n((char *)bytes, length), &back), length == 40 || length == 48);
    bytes[0] = HB_ENTRY_FORMAT + 1;
    assert_false(hb_entry_unpack(hb_str_n((char *)bytes, 48), &back));
    bytes[0] = HB_ENTRY_FORMAT;
    for (int code = 0; code < 256; code++) {
        bytes[1] = (unsigned char)code;
        assert_int_equal(hb_entry_unpack(hb_str_n((char *)bytes, 48), &back), code >= 1 && code <= 3);
    }
}

/* Each made into a journal record or looked for in Kafka would be a bug there. */
static void what_is_beyond_a_limit_is_no_entry(void **state)
{
    static const struct {
        const char *what;
        size_t at, count;
        unsigned char byte;
    } rows[] = {
        {"version 2^56 - 1", 2, 7, 0xff}, {"version 0", 2, 7, 0},         {"topic 7", 9, 1, 0xff},
        {"event offset", 11, 6, 0xff},    {"journal offset", 17, 6, 0xff}, {"first failure", 26, 6, 0xff},
        {"appended", 32, 6, 0xff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char bytes[HB_ENTRY_BYTES_MAX];
        struct hb_entry back;
        size_t length = hb_entry_pack(&full, bytes);
        memset(bytes + rows[i].at, rows[i].byte, rows[i].count);
        if (hb_entry_unpack(hb_str_n((char *)bytes, length), &back))
            fail_msg("%s is taken for an entry", rows[i].what);
    }
}

static void codes_never_change(void **state)
{
    (void)state;
    assert_int_equal(hb_entry_code(HB_DELIVERY_DELIVERED), 0);
    assert_int_equal(hb_entry_code(HB_DELIVERY_PARKED), 1);
    assert_int_equal(hb_entry_code(HB_DELIVERY_HELD), 2);
    assert_int_equal(hb_entry_code(HB_DELIVERY_DEAD), 3);
    assert_int_equal(hb_entry_code(HB_DELIVERY_EXPIRED), 4);
    assert_int_equal(hb_entry_code(HB_DELIVERY_CANCELLED), 5);
    assert_int_equal(hb_entry_state(6), -1);
    assert_int_equal(hb_entry_state(-1), -1);
}

static void every_reason_is_found_by_its_word(void **state)
{
    (void)state;
    for (int i = 0; i < HB_REASON_COUNT; i++)
        assert_int_equal(hb_entry_reason(hb_str_c(hb_reason_text((enum hb_reason)i))), i);
    assert_int_equal(hb_entry_reason(HB_STR("no such word")), HB_REASON_NOT_SENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_comes_back_as_it_was_at_its_largest_and_its_smallest),
        cmocka_unit_test(more_attempts_than_fit_are_kept_as_the_most),
        cmocka_unit_test(what_is_cut_foreign_or_of_a_later_format_is_no_entry),
        cmocka_unit_test(what_is_beyond_a_limit_is_no_entry),
        cmocka_unit_test(codes_never_change),
        cmocka_unit_test(every_reason_is_found_by_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
