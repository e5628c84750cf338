/* Every answer SALESmanago and what stands before it can give, and what it means. */
#include "salesmanago/answer.h"

#include "unit/core/check.h"

#define OK_IDS "{\"requestId\":\"381d\",\"productIds\":[\"1\",\"2\"]}"

static struct hb_sm_answer read_as(int status, const char *body, enum hb_sm_call call)
{
    struct hb_answer http = {.status = status, .body = hb_str_c(body), .retry_after_ms = HB_NO_RETRY_AFTER};
    struct hb_sm_answer answer;
    hb_sm_answer_read(&http, call, &answer);
    return answer;
}

static struct hb_sm_answer answer_of(int status, const char *body)
{
    return read_as(status, body, HB_SM_CALL_UPSERT);
}

struct row {
    int status;
    const char *body;
    enum hb_sm_outcome outcome;
    int code;
    const char *field;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hb_sm_answer answer = answer_of(rows[i].status, rows[i].body);
        if (answer.outcome != rows[i].outcome)
            print_error("%d %s: %s\n", rows[i].status, rows[i].body, hb_sm_outcome_text(answer.outcome));
        assert_int_equal(answer.outcome, rows[i].outcome);
        assert_int_equal(answer.code, rows[i].code);
        assert_string_equal(answer.field, rows[i].field ? rows[i].field : "");
        assert_true(answer.outcome == HB_SM_ACCEPTED || answer.words[0] != '\0');
    }
}

static void sm_56_a_200_with_request_id_and_product_ids_is_accepted(void **state)
{
    (void)state;
    struct hb_sm_answer answer = answer_of(200, OK_IDS);
    assert_int_equal(answer.outcome, HB_SM_ACCEPTED);
    assert_int_equal(answer.warnings, 0);
    check_str(answer.ids, "[\"1\",\"2\"]");
}

static void sm_13_warnings_on_a_200_are_counted_and_kept(void **state)
{
    (void)state;
    struct hb_sm_answer answer = answer_of(
        200, "{\"requestId\":\"1\",\"productIds\":[\"1\"],\"problems\":[{\"reasonCode\":12,\"message\":"
             "\"description|max:1024|Data trimmed\"},{\"reasonCode\":12,\"message\":\"name|max:255|Data trimmed\"}]}");
    assert_int_equal(answer.outcome, HB_SM_ACCEPTED);
    assert_int_equal(answer.warnings, 2);
    assert_string_equal(answer.warning, "description|max:1024|Data trimmed");
    answer = answer_of(200, "{\"requestId\":\"1\",\"productIds\":[\"1\"],\"reasonCode\":12,\"messages\":[\"name|max:"
                            "255|x\",\"color|max:25|x\"]}");
    assert_int_equal(answer.outcome, HB_SM_ACCEPTED);
    assert_int_equal(answer.warnings, 2);
}

static void a_200_with_other_problems_is_a_failure_of_those(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {200,
         "{\"requestId\":\"1\",\"productIds\":[\"1\"],\"problems\":[{\"reasonCode\":12,\"message\":\"a|max:1|x\"},"
         "{\"reasonCode\":13,\"message\":\"name|Missing\"}]}",
         HB_SM_REFUSED, 13, "name"},
        {200, "{\"problems\":[{\"reasonCode\":10,\"message\":\"Authentication error\"}]}", HB_SM_KEY_REFUSED, 10, NULL},
    };
    check_rows(rows, 2);
}

/* The shape in which a code comes: A with a text, A with a list, B. */
static void check_code(int code, const char *message, enum hb_sm_outcome outcome, const char *field)
{
    static const char *const shapes[] = {
        "{\"reasonCode\":%d,\"messages\":\"%s\"}", "{\"reasonCode\":%d,\"messages\":[\"%s\"]}",
        "{\"problems\":[{\"reasonCode\":%d,\"message\":\"%s\"}]}", "{\"reasonCode\":\"%d\",\"message\":\"%s\"}",
        "{\"problems\":[{\"reasonCode\":%d,\"messages\":[\"%s\"]}]}"};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        char body[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(body, sizeof(body), shapes[i], code, message);
#pragma GCC diagnostic pop
        struct hb_sm_answer answer = answer_of(400, body);
        check_row(answer.outcome == outcome && answer.code == code, body);
        assert_string_equal(answer.field, field);
        assert_string_equal(answer.words, message);
    }
}

static void sm_11_code_10_pauses_for_the_key_also_with_http_400(void **state)
{
    (void)state;
    check_code(10, "Authentication error", HB_SM_KEY_REFUSED, "");
    check_code(10, "a|b", HB_SM_KEY_REFUSED, "");
    assert_true(hb_sm_outcome_is_pause(HB_SM_KEY_REFUSED));
}

static void sm_2_a_key_that_expired_or_was_revoked_pauses_whatever_the_status(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {401, "", HB_SM_KEY_REFUSED, 0, NULL},
        {401, "{\"reasonCode\":10,\"messages\":\"Expired\"}", HB_SM_KEY_REFUSED, 10, NULL},
        {401, "<html>Unauthorized</html>", HB_SM_KEY_REFUSED, 0, NULL},
        {403, "{\"message\":\"Forbidden\"}", HB_SM_KEY_REFUSED, 0, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void sm_12_code_11_names_the_field_that_exceeds_its_limit(void **state)
{
    (void)state;
    check_code(11, "name|min:0|max:255|Field exceeds limit", HB_SM_REFUSED, "name");
    check_code(11, "products|min:1|max:100|Field exceeds limit", HB_SM_TOO_LARGE, "products");
}

static void sm_14_code_13_names_the_field_that_is_missing(void **state)
{
    (void)state;
    check_code(13, "name|Missing required field", HB_SM_REFUSED, "name");
    check_code(13, "catalogId|Missing required field", HB_SM_CATALOG_UNKNOWN, "catalogId");
}

static void sm_15_code_14_names_the_field_without_its_type(void **state)
{
    (void)state;
    check_code(14, "price:float|Wrong field type", HB_SM_REFUSED, "price");
}

static void sm_16_code_15_is_an_items_own(void **state)
{
    (void)state;
    check_code(15, "productId|Using non-unique value", HB_SM_REFUSED, "productId");
}

static void sm_17_code_16_pauses_if_it_is_the_catalog(void **state)
{
    (void)state;
    check_code(16, "catalogId|No such catalog", HB_SM_CATALOG_UNKNOWN, "catalogId");
    check_code(16, "No such catalog", HB_SM_CATALOG_UNKNOWN, "");
    check_code(16, "categoryExternalId|Unknown", HB_SM_REFUSED, "categoryExternalId");
}

static void sm_18_code_17_names_the_field_that_cannot_be_null(void **state)
{
    (void)state;
    check_code(17, "discountPrice|Trying to set a required value as null", HB_SM_REFUSED, "discountPrice");
}

static void sm_19_code_18_names_the_field_of_the_wrong_form(void **state)
{
    (void)state;
    check_code(18, "productUrl|Value not matching a required structure", HB_SM_REFUSED, "productUrl");
}

static void sm_20_code_19_pauses_for_the_accounts_limit(void **state)
{
    (void)state;
    check_code(19, "productCatalogs|limit:3|Above limit", HB_SM_OVER_LIMIT, "productCatalogs");
    assert_true(hb_sm_outcome_is_pause(HB_SM_OVER_LIMIT));
}

static void the_most_serious_of_several_problems_decides(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {400, "{\"problems\":[{\"reasonCode\":13,\"message\":\"name|x\"},{\"reasonCode\":10,\"message\":\"key\"}]}",
         HB_SM_KEY_REFUSED, 10, NULL},
        {400,
         "{\"problems\":[{\"reasonCode\":12,\"message\":\"a|x\"},{\"reasonCode\":18,\"message\":\"productUrl|x\"},"
         "{\"reasonCode\":13,\"message\":\"name|x\"}]}",
         HB_SM_REFUSED, 18, "productUrl"},
        {400, "{\"reasonCode\":13,\"messages\":[\"name|x\",\"price|x\"]}", HB_SM_REFUSED, 13, "name"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void sm_21_whatever_else_may_come_has_an_outcome(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {400, "[Specified json is not valid]", HB_SM_REFUSED, 0, NULL}, /* seen in the vendor's kit */
        {400, "", HB_SM_REFUSED, 0, NULL},
        {400, "{}", HB_SM_REFUSED, 0, NULL},
        {400, "{\"reasonCode\":99,\"messages\":\"brand|new\"}", HB_SM_REFUSED, 99, "brand"},
        {422, "{\"reasonCode\":13,\"messages\":\"name|x\"}", HB_SM_REFUSED, 13, "name"},
        {403, "<html><title>Access denied</title></html>", HB_SM_UNREADABLE, 0, NULL}, /* somebody in between */
        {404, "<html>Not found</html>", HB_SM_UNREADABLE, 0, NULL},
        {301, "", HB_SM_UNREADABLE, 0, NULL},
        {408, "", HB_SM_TIMEOUT, 0, NULL},
        {413, "<html>Request Entity Too Large</html>", HB_SM_TOO_LARGE, 0, NULL},
        {429, "", HB_SM_BUSY, 0, NULL},
        {429, "{\"reasonCode\":13,\"messages\":\"name|x\"}", HB_SM_BUSY, 13, "name"},
        {500, "{\"reasonCode\":10,\"messages\":\"oops\"}", HB_SM_BUSY, 10, NULL},
        {502, "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad&nbsp;Gateway</h1></body></html>",
         HB_SM_BUSY, 0, NULL},
        {503, "", HB_SM_BUSY, 0, NULL},
        {504, "", HB_SM_TIMEOUT, 0, NULL},
        {200, "", HB_SM_UNREADABLE, 0, NULL},
        {200, "<html>ok</html>", HB_SM_UNREADABLE, 0, NULL},
        {200, "[]", HB_SM_UNREADABLE, 0, NULL},
        {200, "{}", HB_SM_UNREADABLE, 0, NULL},
        {200, "{\"requestId\":\"1\"}", HB_SM_UNREADABLE, 0, NULL},
        {200, "{\"productIds\":[\"1\"]}", HB_SM_UNREADABLE, 0, NULL},
        {200, "{\"requestId\":\"1\",\"productIds\":[\"1\"]", HB_SM_UNREADABLE, 0, NULL},
        {204, "", HB_SM_UNREADABLE, 0, NULL},
        {600, "", HB_SM_UNREADABLE, 0, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
    assert_string_equal(answer_of(502, "<h1>Bad&nbsp;Gateway</h1>").words, "HTTP 502: Bad Gateway");
}

static void a_200_that_was_cut_off_says_nothing(void **state)
{
    (void)state;
    struct hb_answer http = {.status = 200, .body = HB_STR(OK_IDS), .is_body_cut = true};
    struct hb_sm_answer answer;
    hb_sm_answer_read(&http, HB_SM_CALL_UPSERT, &answer);
    assert_int_equal(answer.outcome, HB_SM_UNREADABLE);
}

static void retry_after_of_a_429_is_kept(void **state)
{
    (void)state;
    struct hb_answer http = {.status = 429, .retry_after_ms = 7000};
    struct hb_sm_answer answer;
    hb_sm_answer_read(&http, HB_SM_CALL_UPSERT, &answer);
    assert_int_equal(answer.retry_after_ms, 7000);
    assert_true(hb_sm_outcome_is_later(answer.outcome));
}

static void what_fails_on_the_wire_is_tried_later_and_a_timeout_may_halve(void **state)
{
    (void)state;
    for (int failure = HB_FAILURE_NONE + 1; failure < HB_FAILURE_COUNT; failure++) {
        struct hb_answer http = {.failure = (enum hb_failure)failure, .retry_after_ms = HB_NO_RETRY_AFTER};
        struct hb_sm_answer answer;
        hb_sm_answer_read(&http, HB_SM_CALL_UPSERT, &answer);
        assert_int_equal(answer.outcome, failure == HB_FAILURE_TIMEOUT ? HB_SM_TIMEOUT : HB_SM_AWAY);
        assert_true(hb_sm_outcome_is_later(answer.outcome));
        assert_string_equal(answer.words, hb_failure_text(http.failure));
    }
    assert_int_equal(hb_sm_outcome_halve_after(HB_SM_TIMEOUT), 2);
    assert_int_equal(hb_sm_outcome_halve_after(HB_SM_TOO_LARGE), 1);
    assert_int_equal(hb_sm_outcome_halve_after(HB_SM_BUSY), 3);
}

/* What may be of a product is searched for; what is plainly not, never. */
static void only_what_may_be_of_what_was_sent_is_told_so(void **state)
{
    static const struct {
        enum hb_failure failure;
        int status;
        int64_t retry_after_ms;
        bool may_be_of_request;
    } rows[] = {
        {HB_FAILURE_NONE, 500, HB_NO_RETRY_AFTER, true},   {HB_FAILURE_NONE, 502, HB_NO_RETRY_AFTER, true},
        {HB_FAILURE_NONE, 503, HB_NO_RETRY_AFTER, true},   {HB_FAILURE_NONE, 503, 1000, false},
        {HB_FAILURE_NONE, 429, HB_NO_RETRY_AFTER, false},  {HB_FAILURE_NONE, 429, 1000, false},
        {HB_FAILURE_NONE, 504, HB_NO_RETRY_AFTER, true},   {HB_FAILURE_NONE, 408, HB_NO_RETRY_AFTER, true},
        {HB_FAILURE_NONE, 404, HB_NO_RETRY_AFTER, true},   {HB_FAILURE_NONE, 403, HB_NO_RETRY_AFTER, true},
        {HB_FAILURE_NONE, 200, HB_NO_RETRY_AFTER, true},   {HB_FAILURE_NONE, 400, HB_NO_RETRY_AFTER, false},
        {HB_FAILURE_NONE, 413, HB_NO_RETRY_AFTER, false},  {HB_FAILURE_NONE, 401, HB_NO_RETRY_AFTER, false},
        {HB_FAILURE_TIMEOUT, 0, HB_NO_RETRY_AFTER, true},  {HB_FAILURE_RESET, 0, HB_NO_RETRY_AFTER, true},
        {HB_FAILURE_UNREADABLE, 0, HB_NO_RETRY_AFTER, true}, {HB_FAILURE_CONNECT_REFUSED, 0, HB_NO_RETRY_AFTER, false},
        {HB_FAILURE_DNS_FAILED, 0, HB_NO_RETRY_AFTER, false}, {HB_FAILURE_TLS_EXPIRED, 0, HB_NO_RETRY_AFTER, false},
        {HB_FAILURE_CONNECT_TIMEOUT, 0, HB_NO_RETRY_AFTER, false}, {HB_FAILURE_OURS, 0, HB_NO_RETRY_AFTER, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_answer http = {.failure = rows[i].failure,
                                 .status = rows[i].status,
                                 .retry_after_ms = rows[i].retry_after_ms,
                                 .body = HB_STR("<html>")};
        struct hb_sm_answer answer;
        hb_sm_answer_read(&http, HB_SM_CALL_UPSERT, &answer);
        assert_int_equal(answer.may_be_of_request, rows[i].may_be_of_request);
    }
}

static void sm_28_each_call_is_complete_in_its_own_way(void **state)
{
    (void)state;
    assert_int_equal(read_as(200, "{\"requestId\":\"1\",\"catalogId\":\"c\"}", HB_SM_CALL_CATALOG_UPSERT).outcome,
                     HB_SM_ACCEPTED);
    assert_int_equal(read_as(200, "{\"requestId\":\"1\"}", HB_SM_CALL_CATALOG_UPSERT).outcome, HB_SM_UNREADABLE);
    assert_int_equal(read_as(200, "{\"catalogs\":[]}", HB_SM_CALL_CATALOG_LIST).outcome, HB_SM_ACCEPTED);
    assert_int_equal(read_as(200, OK_IDS, HB_SM_CALL_CATALOG_LIST).outcome, HB_SM_UNREADABLE);
}

/* ---- productIds ---- */

static struct hb_sm_item item(const char *id)
{
    return (struct hb_sm_item){hb_str_c(id), HB_STR("{}")};
}

static void sm_56_an_id_that_is_missing_was_not_accepted(void **state)
{
    (void)state;
    struct hb_sm_item items[] = {item("1"), item("2"), item("3"), item("\xC5\xBC\"4"), item("1")};
    bool confirmed[5];
    struct hb_sm_answer answer =
        answer_of(200, "{\"requestId\":\"1\",\"productIds\":[\"3\", 2, \"\\u017c\\\"4\", \"77\"]}");
    assert_int_equal(hb_sm_answer_confirm(&answer, items, NULL, 4, confirmed), 1);
    assert_false(confirmed[0]);
    assert_true(confirmed[1] && confirmed[2] && confirmed[3]);
    static const uint8_t units[] = {2, 0};
    assert_int_equal(hb_sm_answer_confirm(&answer, items, units, 2, confirmed), 1);
    assert_true(confirmed[0] && !confirmed[1]);
}

static void of_two_with_the_same_id_one_answer_is_for_both(void **state)
{
    (void)state;
    struct hb_sm_item items[] = {item("1"), item("2"), item("1")};
    bool confirmed[3];
    struct hb_sm_answer answer = answer_of(200, "{\"requestId\":\"1\",\"productIds\":[\"2\",\"1\"]}");
    assert_int_equal(hb_sm_answer_confirm(&answer, items, NULL, 3, confirmed), 0);
    answer = answer_of(200, "{\"requestId\":\"1\",\"productIds\":[]}");
    assert_int_equal(answer.outcome, HB_SM_ACCEPTED);
    assert_int_equal(hb_sm_answer_confirm(&answer, items, NULL, 3, confirmed), 3);
}

static void words_are_cut_on_a_character_and_have_no_control_characters(void **state)
{
    (void)state;
    struct hb_buf body = hb_buf_make(8192);
    assert_int_equal(hb_buf_add(&body, HB_STR("{\"reasonCode\":13,\"messages\":\"name|a\\nb\\u0000")), HB_OK);
    while (body.len < 2000)
        assert_int_equal(hb_buf_add(&body, HB_STR("\xF0\x9F\x91\x97")), HB_OK);
    assert_int_equal(hb_buf_add(&body, HB_STR("\"}")), HB_OK);
    struct hb_sm_answer answer = answer_of(400, body.ptr);
    assert_memory_equal(answer.words, "name|a b \xF0\x9F", 11);
    size_t len = strlen(answer.words);
    assert_true(len < HB_SM_ANSWER_WORDS_MAX && len > HB_SM_ANSWER_WORDS_MAX - 6);
    assert_int_equal((len - 9) % 4, 0);
    hb_buf_deinit(&body);
}

static void every_outcome_says_what_is_done(void **state)
{
    (void)state;
    for (int i = 0; i < HB_SM_OUTCOME_COUNT; i++) {
        assert_true(strlen(hb_sm_outcome_text((enum hb_sm_outcome)i)) > 3);
        assert_true(strlen(hb_sm_outcome_action((enum hb_sm_outcome)i)) > 10);
        assert_false(hb_sm_outcome_is_pause((enum hb_sm_outcome)i) && hb_sm_outcome_is_later((enum hb_sm_outcome)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_56_a_200_with_request_id_and_product_ids_is_accepted),
        cmocka_unit_test(sm_13_warnings_on_a_200_are_counted_and_kept),
        cmocka_unit_test(a_200_with_other_problems_is_a_failure_of_those),
        cmocka_unit_test(sm_11_code_10_pauses_for_the_key_also_with_http_400),
        cmocka_unit_test(sm_2_a_key_that_expired_or_was_revoked_pauses_whatever_the_status),
        cmocka_unit_test(sm_12_code_11_names_the_field_that_exceeds_its_limit),
        cmocka_unit_test(sm_14_code_13_names_the_field_that_is_missing),
        cmocka_unit_test(sm_15_code_14_names_the_field_without_its_type),
        cmocka_unit_test(sm_16_code_15_is_an_items_own),
        cmocka_unit_test(sm_17_code_16_pauses_if_it_is_the_catalog),
        cmocka_unit_test(sm_18_code_17_names_the_field_that_cannot_be_null),
        cmocka_unit_test(sm_19_code_18_names_the_field_of_the_wrong_form),
        cmocka_unit_test(sm_20_code_19_pauses_for_the_accounts_limit),
        cmocka_unit_test(the_most_serious_of_several_problems_decides),
        cmocka_unit_test(sm_21_whatever_else_may_come_has_an_outcome),
        cmocka_unit_test(a_200_that_was_cut_off_says_nothing),
        cmocka_unit_test(retry_after_of_a_429_is_kept),
        cmocka_unit_test(what_fails_on_the_wire_is_tried_later_and_a_timeout_may_halve),
        cmocka_unit_test(only_what_may_be_of_what_was_sent_is_told_so),
        cmocka_unit_test(sm_28_each_call_is_complete_in_its_own_way),
        cmocka_unit_test(sm_56_an_id_that_is_missing_was_not_accepted),
        cmocka_unit_test(of_two_with_the_same_id_one_answer_is_for_both),
        cmocka_unit_test(words_are_cut_on_a_character_and_have_no_control_characters),
        cmocka_unit_test(every_outcome_says_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
