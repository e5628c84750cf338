/* What Redis may say instead of what was asked for: never taken for success. */
#include "retry/view_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TEXT(t)                                                                                                        \
    {                                                                                                                  \
        .kind = HB_REDIS_STRING, .text = HB_STR_INIT(t)                                                                \
    }
#define NUMBER(n)                                                                                                      \
    {                                                                                                                  \
        .kind = HB_REDIS_INTEGER, .integer = (n)                                                                       \
    }
#define ROWS(array)                                                                                                    \
    {                                                                                                                  \
        .kind = HB_REDIS_ARRAY, .items = (array), .items_count = sizeof(array) / sizeof((array)[0])                    \
    }

static const struct hb_view_call claim_call = {.name = HB_SCRIPT_CLAIM, .expected = {.applied = 5, .mark = 2}};

static enum hb_err read_as(enum hb_script_name name, const struct hb_redis_reply *reply)
{
    struct hb_view_call call = claim_call;
    struct hb_view_answer answer;

    call.name = name;
    hb_view_answer_read(&call, HB_OK, reply, &answer);
    enum hb_err err = answer.err;
    if (err) {
        assert_int_equal(answer.gate, HB_SHARD_BEHIND);
        assert_int_equal(answer.deliveries_count + answer.refusals_count + answer.webhooks_count, 0);
        assert_true(answer.text.len > 0);
    }
    hb_view_answer_deinit(&answer);
    return err;
}

static void each_error_of_redis_has_its_meaning_for_every_verb(void **state)
{
    static const struct {
        struct hb_str text;
        enum hb_err err;
    } rows[] = {
        {HB_STR_INIT("READONLY You can't write against a read only replica."), HB_ERR_AWAY},
        {HB_STR_INIT("LOADING Redis is loading the dataset in memory"), HB_ERR_AWAY},
        {HB_STR_INIT("BUSY Redis is busy running a script."), HB_ERR_AWAY},
        {HB_STR_INIT("OOM command not allowed when used memory > 'maxmemory'."), HB_ERR_FULL},
        {HB_STR_INIT("NOAUTH Authentication required."), HB_ERR_DENIED},
        {HB_STR_INIT("NOPERM this user has no permissions to run the 'evalsha' command"), HB_ERR_DENIED},
        {HB_STR_INIT("MISCONF Redis is configured to save RDB snapshots"), HB_ERR_STORE},
        {HB_STR_INIT("NOSCRIPT No matching script."), HB_ERR_STORE}, /* a second time */
        {HB_STR_INIT("WRONGTYPE Operation against a key"), HB_ERR_STORE},
        {HB_STR_INIT("ERR something new"), HB_ERR_STORE},
    };

    (void)state;
    for (int name = 0; name < HB_SCRIPT_COUNT; name++)
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            const struct hb_redis_reply reply = {.kind = HB_REDIS_ERROR, .text = rows[i].text};
            assert_int_equal(read_as((enum hb_script_name)name, &reply), rows[i].err);
        }
}

static void garbage_is_never_taken_for_success(void **state)
{
    static const struct hb_redis_reply empty[] = {TEXT("ok")}, short_one[] = {TEXT("ok"), NUMBER(5), NUMBER(2)},
                                       odd[] = {TEXT("yes"), NUMBER(5), NUMBER(2), NUMBER(0), TEXT("-1"), NUMBER(1)},
                                       row[] = {TEXT("wh"), TEXT("short id"), TEXT("x"), TEXT("1"), TEXT("")},
                                       rows[] = {ROWS(row)}, bad_row[] = {TEXT("ok"), NUMBER(5), NUMBER(2),  NUMBER(0),
                                                                          TEXT("-1"), NUMBER(1), ROWS(rows), TEXT("0")},
                                       texts[] = {TEXT("ok"), TEXT("five"), TEXT("two"), NUMBER(0), TEXT("-1")};
    static const struct hb_redis_reply replies[] = {{.kind = HB_REDIS_NIL},
                                                    {.kind = HB_REDIS_STATUS, .text = HB_STR_INIT("OK")},
                                                    TEXT("ok"),
                                                    NUMBER(1),
                                                    {.kind = HB_REDIS_ARRAY},
                                                    ROWS(empty),
                                                    ROWS(short_one),
                                                    ROWS(odd),
                                                    ROWS(texts)};
    static const struct hb_redis_reply cut = ROWS(bad_row);

    (void)state;
    for (int name = 0; name < HB_SCRIPT_COUNT; name++)
        for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
            assert_int_equal(read_as((enum hb_script_name)name, &replies[i]), HB_ERR_STORE);
    assert_int_equal(read_as(HB_SCRIPT_CLAIM, &cut), HB_ERR_STORE);
    assert_int_equal(read_as(HB_SCRIPT_SCAN, &cut), HB_ERR_STORE);
    assert_int_equal(read_as(HB_SCRIPT_AHEAD, &cut), HB_ERR_STORE);
    assert_int_equal(read_as(HB_SCRIPT_COUNTS, &cut), HB_ERR_STORE);
}

#define ENTRY_HEAD "\1\1\0\0\0\0\0\0\2"
#define ENTRY_REST "\0\0\0\0\0\11\0\0\0\0\0\4\0\2\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0"
#define BYTES(t)                                                                                                       \
    {                                                                                                                  \
        .kind = HB_REDIS_STRING, .text = {t, sizeof(t) - 1}                                                            \
    }

static void what_cannot_be_used_is_left_out_and_the_rest_is_an_answer(void **state)
{
    static const struct hb_redis_reply
        bad[] = {TEXT("wh"), TEXT("0123456789abcdef"), BYTES(ENTRY_HEAD "\340\1" ENTRY_REST), TEXT("1"), TEXT("")},
        good[] = {TEXT("wh"), TEXT("0123456789abcdef"), BYTES(ENTRY_HEAD "\040\1" ENTRY_REST), TEXT("1"), TEXT("no job")},
        named[] = {TEXT("w h"), TEXT("0123456789abcdef"), NUMBER(0), NUMBER(5), NUMBER(3), TEXT(""), TEXT("-1"), TEXT("")},
        late[] = {TEXT("wh"), TEXT("0123456789abcdef"), NUMBER(0), NUMBER(HB_SHARD_VERSION_MAX), NUMBER(3), TEXT(""),
                  TEXT("-1"), TEXT("")},
        right[] = {TEXT("wh"), TEXT("0123456789abcdef"), NUMBER(0), NUMBER(5), NUMBER(3), TEXT(""), TEXT("-1"), TEXT("")},
        claims[] = {ROWS(bad), ROWS(good)}, repairs[] = {ROWS(named), ROWS(late), ROWS(right)},
        claimed[] = {TEXT("ok"), NUMBER(5), NUMBER(2), NUMBER(1), TEXT("-1"), NUMBER(1), ROWS(claims)},
        wanted[] = {TEXT("ok"), NUMBER(5), NUMBER(2), NUMBER(0), TEXT("-1"), NUMBER(1), ROWS(repairs), TEXT("0")};
    static const struct hb_redis_reply a = ROWS(claimed), b = ROWS(wanted);
    struct hb_view_call call = claim_call;
    struct hb_view_answer answer;

    (void)state;
    hb_view_answer_read(&call, HB_OK, &a, &answer);
    assert_int_equal(answer.err, HB_OK);
    assert_int_equal(answer.deliveries_count, 1);
    assert_int_equal(answer.deliveries[0].entry.rule.position.topic, 1);
    assert_int_equal(answer.deliveries[0].job.len, 0);
    assert_int_equal(answer.set_aside, 2);
    hb_view_answer_deinit(&answer);
    call.name = HB_SCRIPT_REPAIRS;
    hb_view_answer_read(&call, HB_OK, &b, &answer);
    assert_int_equal(answer.err, HB_OK);
    assert_int_equal(answer.repairs_count, 1);
    assert_int_equal(answer.repairs[0].version, 5);
    assert_int_equal(answer.set_aside, 2);
    hb_view_answer_deinit(&answer);
}

static void what_is_no_refusal_is_not_told_as_one(void **state)
{
    static const struct hb_redis_reply garbage = TEXT("ok"), refused = {.kind = HB_REDIS_ERROR, .text = HB_STR_INIT("ERR x")};
    struct hb_view_answer answer;

    (void)state;
    hb_view_answer_read(&claim_call, HB_OK, &garbage, &answer);
    assert_int_equal(answer.err, HB_ERR_STORE);
    assert_true(hb_str_eq(answer.text, HB_STR("an answer that no script of ours gives")));
    hb_view_answer_deinit(&answer);
    hb_view_answer_read(&claim_call, HB_OK, &refused, &answer);
    assert_true(hb_str_eq(answer.text, HB_STR("ERR x")));
    hb_view_answer_deinit(&answer);
}

static void a_refusal_of_the_gate_carries_the_truth(void **state)
{
    static const struct hb_redis_reply fenced[] = {TEXT("fenced"), NUMBER(9), NUMBER(4)},
                                       behind[] = {TEXT("behind"), NUMBER(-1), NUMBER(-1)},
                                       newer[] = {TEXT("newer"), NUMBER(-1), NUMBER(-1)};
    static const struct hb_redis_reply a = ROWS(fenced), b = ROWS(behind), c = ROWS(newer);
    struct hb_view_answer answer;

    (void)state;
    hb_view_answer_read(&claim_call, HB_OK, &a, &answer);
    assert_int_equal(answer.err, HB_OK);
    assert_int_equal(answer.gate, HB_SHARD_FENCED);
    assert_int_equal(answer.head.applied, 9);
    hb_view_answer_read(&claim_call, HB_OK, &b, &answer);
    assert_int_equal(answer.gate, HB_SHARD_BEHIND);
    assert_int_equal(answer.head.applied, HB_SHARD_NONE);
    assert_int_equal(read_as(HB_SCRIPT_CLAIM, &c), HB_ERR_VERSION);
}

static void no_answer_is_an_unknown_one(void **state)
{
    struct hb_view_answer answer;

    (void)state;
    hb_view_answer_read(&claim_call, HB_ERR_TIMEOUT, NULL, &answer);
    assert_int_equal(answer.err, HB_ERR_TIMEOUT);
    assert_int_equal(answer.gate, HB_SHARD_BEHIND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_of_redis_has_its_meaning_for_every_verb),
        cmocka_unit_test(garbage_is_never_taken_for_success),
        cmocka_unit_test(what_cannot_be_used_is_left_out_and_the_rest_is_an_answer),
        cmocka_unit_test(what_is_no_refusal_is_not_told_as_one),
        cmocka_unit_test(a_refusal_of_the_gate_carries_the_truth),
        cmocka_unit_test(no_answer_is_an_unknown_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
