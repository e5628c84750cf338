#include "core/journal_record.h"

#include "unit/core/check.h"

#define ID "dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AT "\"at\":{\"topic\":1,\"partition\":7,\"offset\":42,\"appended\":1700000000000}"
#define HEAD "{\"v\":1,\"id\":\"" ID "\",\"webhook\":\"wh_1\",\"store\":\"acme\",\"event\":\"evt_1\","
#define VALUE                                                                                                          \
    HEAD "\"subject\":\"00000000deadbeef\"," AT                                                                        \
         ",\"state\":\"parked\",\"attempts\":2,\"due\":1700000005000,\"reason\":\"timeout\""

static struct hb_journal_record parked_one(void)
{
    return (struct hb_journal_record){.kind = HB_JOURNAL_STATE,
                                      .id = HB_STR(ID),
                                      .webhook = HB_STR("wh_1"),
                                      .version = 3,
                                      .repairs = HB_SHARD_NONE,
                                      .state = HB_DELIVERY_PARKED,
                                      .store = HB_STR("acme"),
                                      .event = HB_STR("evt_1"),
                                      .subject = 0xdeadbeef,
                                      .position = {1, 7, 42, {INT64_C(1700000000000)}},
                                      .attempts = 2,
                                      .first_failed = {HB_JOURNAL_NEVER},
                                      .due = {INT64_C(1700000005000)},
                                      .reason = HB_STR("timeout")};
}

static enum hb_journal_read read_back(const struct hb_journal_record *record, struct hb_journal_record *ret_again)
{
    static char scratch[HB_JOURNAL_SCRATCH_MAX];
    static struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    static char kept[HB_JOURNAL_VALUE_MAX];
    const char *problem;
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    if (record->kind != HB_JOURNAL_TOMBSTONE)
        assert_int_equal(hb_journal_write(record, &value), HB_OK);
    struct hb_journal_source source = {
        hb_journal_key(record), {NULL, 0}, headers, hb_journal_headers(record, scratch, headers)};
    if (value.len > 0) {
        memcpy(kept, value.ptr, value.len);
        source.value = hb_str_n(kept, value.len);
    }
    hb_buf_deinit(&value);
    return hb_journal_read(&source, ret_again, &problem);
}

static void check_same(const struct hb_journal_record *a, const struct hb_journal_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(hb_str_eq(a->id, b->id) && hb_str_eq(a->webhook, b->webhook) && hb_str_eq(a->store, b->store));
    assert_true(hb_str_eq(a->event, b->event) && hb_str_eq(a->reason, b->reason) && hb_str_eq(a->job, b->job));
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->repairs, b->repairs);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->subject, b->subject);
    assert_memory_equal(&a->position.offset, &b->position.offset, sizeof(a->position.offset));
    assert_int_equal(a->position.topic, b->position.topic);
    assert_int_equal(a->position.partition, b->position.partition);
    assert_int_equal(a->position.appended.ms, b->position.appended.ms);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->first_failed.ms, b->first_failed.ms);
    assert_int_equal(a->due.ms, b->due.ms);
}

static void a_state_is_written_as_the_schema_says(void **state)
{
    (void)state;
    struct hb_journal_record record = parked_one();
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    assert_int_equal(hb_journal_write(&record, &value), HB_OK);
    check_str(hb_buf_str(&value), VALUE "}");
    hb_buf_clear(&value);
    record.first_failed.ms = 17;
    record.job = HB_STR("rpl_1");
    assert_int_equal(hb_journal_write(&record, &value), HB_OK);
    check_str(hb_buf_str(&value), VALUE ",\"first_failed\":17,\"job\":\"rpl_1\"}");
    hb_buf_deinit(&value);
}

static void every_kind_and_state_comes_back_as_it_went(void **state)
{
    (void)state;
    struct hb_journal_record again, record = parked_one();
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        if (!hb_delivery_state_is_journaled((enum hb_delivery_state)i))
            continue;
        record.state = (enum hb_delivery_state)i;
        record.repairs = i % 2 ? HB_SHARD_NONE : 12;
        record.job = i % 3 ? HB_STR("rpl_1") : HB_STR("");
        record.first_failed.ms = i;
        assert_int_equal(read_back(&record, &again), HB_JOURNAL_READ_OK);
        check_same(&record, &again);
    }
    struct hb_journal_record tombstone = {HB_JOURNAL_TOMBSTONE,          HB_STR(ID), HB_STR("wh_1"), 9, 0,
                                          .state = HB_DELIVERY_DELIVERED};
    assert_int_equal(read_back(&tombstone, &again), HB_JOURNAL_READ_OK);
    check_same(&tombstone, &again);
    struct hb_journal_record takeover = {.kind = HB_JOURNAL_TAKEOVER, .repairs = HB_SHARD_NONE, .owner = HB_STR("w-1")};
    assert_int_equal(read_back(&takeover, &again), HB_JOURNAL_READ_OK);
    assert_int_equal(again.kind, HB_JOURNAL_TAKEOVER);
    check_str(again.owner, "w-1");
}

static void what_the_writer_did_not_know_is_left_out(void **state)
{
    (void)state;
    struct hb_journal_record again, record = parked_one();
    record.event = HB_STR("");
    assert_int_equal(read_back(&record, &again), HB_JOURNAL_READ_OK);
    check_same(&record, &again);
    record.subject = HB_JOURNAL_NO_SUBJECT;
    assert_int_equal(read_back(&record, &again), HB_JOURNAL_READ_OK);
    check_same(&record, &again);
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    assert_int_equal(hb_journal_write(&record, &value), HB_OK);
    assert_null(memmem(value.ptr, value.len, "subject", 7));
    assert_null(memmem(value.ptr, value.len, "event", 5));
    hb_buf_deinit(&value);
}

static void what_is_too_large_for_the_buffer_is_said(void **state)
{
    (void)state;
    struct hb_journal_record record = parked_one();
    struct hb_buf value = hb_buf_make(40);
    assert_int_equal(hb_journal_write(&record, &value), HB_ERR_FULL);
    hb_buf_deinit(&value);
}

struct row {
    const char *name, *key, *version, *repairs, *hb_v, *value;
    enum hb_journal_read wanted;
};
#define BAD HB_JOURNAL_READ_UNREADABLE
#define PAST HEAD "\"subject\":\"00000000deadbeef\"," AT ","

#define NUMBERS(partition, offset, appended, due)                                                                      \
    HEAD "\"at\":{\"topic\":1,\"partition\":" partition ",\"offset\":" offset ",\"appended\":" appended                     \
         "},\"state\":\"dead\",\"attempts\":2,\"due\":" due ",\"reason\":\"a\"}"

static const struct row rows[] = {
    {"good", ID, "3", NULL, "1", VALUE "}", HB_JOURNAL_READ_OK},
    {"a tombstone", ID, "3", NULL, "1", NULL, HB_JOURNAL_READ_OK},
    {"a repairing tombstone", ID, "3", "0", "1", NULL, HB_JOURNAL_READ_OK},
    {"a takeover", "takeover", NULL, NULL, "1", "{\"v\":1,\"state\":\"takeover\",\"owner\":\"a\"}", HB_JOURNAL_READ_OK},
    {"written by a newer one", ID, "3", NULL, "2", "{\"v\":2}", HB_JOURNAL_READ_NEWER},
    {"a newer one need not be JSON", ID, "3", NULL, "2", "\x01\x02", HB_JOURNAL_READ_NEWER},
    {"a newer tombstone", ID, NULL, NULL, "2", NULL, HB_JOURNAL_READ_NEWER},
    {"no hb_v", ID, "3", NULL, NULL, VALUE "}", BAD},
    {"hb_v zero", ID, "3", NULL, "0", VALUE "}", BAD},
    {"no version", ID, NULL, NULL, "1", VALUE "}", BAD},
    {"version zero", ID, "0", NULL, "1", VALUE "}", BAD},
    {"version with zeroes", ID, "03", NULL, "1", VALUE "}", BAD},
    {"version too large", ID, "9007199254740991", NULL, "1", VALUE "}", BAD},
    {"the largest version", ID, "9007199254736895", NULL, "1", VALUE "}", HB_JOURNAL_READ_OK},
    {"a version that could not be followed for long", ID, "9007199254736896", NULL, "1", VALUE "}", BAD},
    {"the same, of a tombstone", ID, "9007199254736896", NULL, "1", NULL, BAD},
    {"the largest repaired offset", ID, "3", "281474976710654", "1", NULL, HB_JOURNAL_READ_OK},
    {"repairs nothing a view could tell", ID, "3", "281474976710655", "1", NULL, BAD},
    {"version negative", ID, "-1", NULL, "1", VALUE "}", BAD},
    {"repairs no number", ID, "3", "x", "1", VALUE "}", BAD},
    {"another key", "dlv_baaaaaaaaaaaaaaaaaaaaaaaaa", "3", NULL, "1", VALUE "}", BAD},
    {"no key of ours", "x", "3", NULL, "1", NULL, BAD},
    {"cut", ID, "3", NULL, "1", VALUE, BAD},
    {"empty", ID, "3", NULL, "1", "", BAD},
    {"no object", ID, "3", NULL, "1", "[1]", BAD},
    {"an unknown member", ID, "3", NULL, "1", VALUE ",\"x\":1}", BAD},
    {"a member twice", ID, "3", NULL, "1", VALUE ",\"due\":1}", BAD},
    {"a member is missing", ID, "3", NULL, "1", PAST "\"state\":\"parked\",\"attempts\":2,\"due\":1}", BAD},
    {"a state nobody journals", ID, "3", NULL, "1",
     PAST "\"state\":\"leased\",\"attempts\":2,\"due\":1,\"reason\":\"a\"}", BAD},
    {"a negative due", ID, "3", NULL, "1", PAST "\"state\":\"dead\",\"attempts\":2,\"due\":-1,\"reason\":\"a\"}", BAD},
    {"a fraction", ID, "3", NULL, "1", PAST "\"state\":\"dead\",\"attempts\":2.0,\"due\":1,\"reason\":\"a\"}", BAD},
    {"a word with a quote", ID, "3", NULL, "1",
     PAST "\"state\":\"dead\",\"attempts\":2,\"due\":1,\"reason\":\"a\\\"\"}", BAD},
    {"an empty job", ID, "3", NULL, "1", VALUE ",\"job\":\"\"}", BAD},
    {"a job of another kind", ID, "3", NULL, "1", VALUE ",\"job\":5}", BAD},
    {"no topic of events", ID, "3", NULL, "1",
     HEAD "\"subject\":\"00000000deadbeef\",\"at\":{\"topic\":5,\"partition\":7,\"offset\":42,\"appended\":1},"
          "\"state\":\"dead\",\"attempts\":2,\"due\":1,\"reason\":\"a\"}",
     BAD},
    {"the largest numbers", ID, "3", NULL, "1", NUMBERS("8191", "281474976710654", "281474976710654", "281474976710654"),
     HB_JOURNAL_READ_OK},
    {"a partition a view has no room for", ID, "3", NULL, "1", NUMBERS("8192", "1", "1", "1"), BAD},
    {"an offset a view has no room for", ID, "3", NULL, "1", NUMBERS("7", "281474976710655", "1", "1"), BAD},
    {"an append time a view has no room for", ID, "3", NULL, "1", NUMBERS("7", "1", "281474976710655", "1"), BAD},
    {"a due time a view has no room for", ID, "3", NULL, "1", NUMBERS("7", "1", "1", "281474976710655"), BAD},
    {"due in 2^50 ms", ID, "3", NULL, "1", NUMBERS("7", "1", "1", "1125899906842624"), BAD},
    {"a first failure a view has no room for", ID, "3", NULL, "1",
     PAST "\"state\":\"dead\",\"attempts\":2,\"due\":1,\"reason\":\"a\",\"first_failed\":281474976710655}", BAD},
    {"a subject in capitals", ID, "3", NULL, "1",
     HEAD "\"subject\":\"00000000DEADBEEF\"," AT ",\"state\":\"dead\",\"attempts\":2,\"due\":1,\"reason\":\"a\"}", BAD},
    {"a takeover under a delivery's key", ID, "3", NULL, "1", "{\"v\":1,\"state\":\"takeover\",\"owner\":\"a\"}", BAD},
    {"a removed takeover", "takeover", "3", NULL, "1", NULL, BAD},
};

static void add(struct hb_name_value *headers, size_t *count, const char *name, const char *value)
{
    if (value)
        headers[(*count)++] = (struct hb_name_value){hb_str_c(name), hb_str_c(value)};
}

static enum hb_journal_read read_row(const struct row *row, struct hb_str webhook)
{
    struct hb_name_value headers[5] = {{HB_STR("foreign"), HB_STR("x")}, {HB_STR("webhook"), webhook}};
    struct hb_journal_record record;
    size_t count = 2;
    const char *problem;
    add(headers, &count, "version", row->version);
    add(headers, &count, "repairs", row->repairs);
    add(headers, &count, "hb_v", row->hb_v);
    struct hb_journal_source source = {hb_str_c(row->key), hb_str_c(row->value), headers, count};
    enum hb_journal_read read = hb_journal_read(&source, &record, &problem);
    check_row(read != BAD || problem, row->name);
    return read;
}

static void only_what_is_whole_and_ours_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(read_row(&rows[i], HB_STR("wh_1")) == rows[i].wanted, rows[i].name);
    assert_int_equal(read_row(&rows[0], HB_STR("wh_2")), BAD);
}

static void a_header_given_twice_is_not_ours(void **state)
{
    (void)state;
    struct hb_name_value headers[] = {{HB_STR("hb_v"), HB_STR("1")},
                                      {HB_STR("version"), HB_STR("1")},
                                      {HB_STR("version"), HB_STR("2")},
                                      {HB_STR("webhook"), HB_STR("wh_1")}};
    struct hb_journal_source source = {HB_STR(ID), {NULL, 0}, headers, 4};
    struct hb_journal_record record;
    const char *problem;
    assert_int_equal(hb_journal_read(&source, &record, &problem), BAD);
    check_str(hb_str_c(problem), "version");
}

static void a_value_cut_anywhere_is_unreadable(void **state)
{
    (void)state;
    static const char whole[] = VALUE ",\"first_failed\":17,\"job\":\"rpl_1\"}";
    char cut[sizeof(whole)];
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        memcpy(cut, whole, n);
        cut[n] = 0;
        struct row row = {"cut", ID, "3", NULL, "1", cut, BAD};
        assert_int_equal(read_row(&row, HB_STR("wh_1")), BAD);
    }
}

static void the_rule_sees_what_the_record_says(void **state)
{
    (void)state;
    struct hb_journal_record record = parked_one();
    record.repairs = 4;
    struct hb_shard_record seen = hb_journal_to_rule(&record, 99);
    assert_int_equal(seen.offset, 99);
    assert_int_equal(seen.version, 3);
    assert_int_equal(seen.repairs, 4);
    assert_int_equal(seen.state, HB_DELIVERY_PARKED);
    assert_int_equal(seen.position.offset, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_written_as_the_schema_says),
        cmocka_unit_test(every_kind_and_state_comes_back_as_it_went),
        cmocka_unit_test(what_the_writer_did_not_know_is_left_out),
        cmocka_unit_test(what_is_too_large_for_the_buffer_is_said),
        cmocka_unit_test(only_what_is_whole_and_ours_is_read),
        cmocka_unit_test(a_header_given_twice_is_not_ours),
        cmocka_unit_test(a_value_cut_anywhere_is_unreadable),
        cmocka_unit_test(the_rule_sees_what_the_record_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
