#include "unit/catalog/folds.h"

#include "core/catalog_check.h"
#include "core/catalog_former.h"

#include <time.h>

#define PRODUCT(rest) "{\"id\":\"1001\",\"name\":\"Dress\"" rest "}"
#define STOCK(n) ",\"stock\":{\"available\":true,\"quantity\":" #n "}"
#define INVENTORY(n) "{\"product_id\":\"1001\",\"available\":true,\"quantity\":" #n "}"
#define UPDATED(data, sequence, at) &(struct told){"product.updated", data, sequence, NULL, at, at}
#define DELETED(sequence, at) &(struct told){"product.deleted", "{\"id\":\"1001\"}", sequence, NULL, at, at}
#define COUNTED(data, sequence, at) &(struct told){"inventory.updated", data, sequence, NULL, at, at}

/* ---- which one is newer ---- */

static void a_version_is_newer_by_sequence_else_time_else_arrival(void **state)
{
    static const struct {
        const char *name;
        struct told first, second;
        bool is_taken;
    } rows[] = {
        {"sequence as a number", {.sequence = "9", .appended = 2}, {.sequence = "10", .appended = 1}, true},
        {"sequence with zeros", {.sequence = "010"}, {.sequence = "9", .appended = 5}, false},
        {"sequence beyond 64 bits", {.sequence = "99999999999999999999999"}, {.sequence = "99999999999999999999998"}, false},
        {"sequences that are no numbers", {.sequence = "a9"}, {.sequence = "a10", .appended = 9}, false},
        {"sequence before time", {.sequence = "2", .time = "2023-01-01T00:00:00Z"}, {.sequence = "1", .time = "2024-01-01T00:00:00Z"}, false},
        {"time if one has no sequence", {.sequence = "2", .time = "2023-01-01T00:00:00Z"}, {.time = "2024-01-01T00:00:00Z"}, true},
        {"time in other zones", {.time = "2023-01-01T12:00:00+02:00"}, {.time = "2023-01-01T11:00:00Z"}, true},
        {"an older time", {.time = "2023-01-01T12:00:00Z"}, {.time = "2023-01-01T11:00:00Z", .appended = 9}, false},
        {"arrival if one has no time", {.time = "2023-01-01T00:00:00Z", .appended = 1}, {.appended = 2}, true},
        {"arrival", {.appended = 5}, {.appended = 4}, false},
        {"equal sequences: the later one", {.sequence = "5", .appended = 9}, {.sequence = "5", .appended = 1}, true},
        {"equal times: the later one", {.time = "2023-01-01T00:00:00Z"}, {.time = "2023-01-01T00:00:00.000Z"}, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fold fold = fold_make();
        struct told first = rows[i].first, second = rows[i].second;
        first.type = second.type = "product.updated";
        second.offset = 1;
        first.data = PRODUCT(",\"n\":1");
        second.data = PRODUCT(",\"n\":2");
        fold_tell(&fold, &first);
        fold_tell(&fold, &second);
        struct hb_catalog_product product = fold_read(&fold);
        check_row(hb_str_eq(product.data, hb_str_c(rows[i].is_taken ? second.data : first.data)), rows[i].name);
        check_row((fold.effect == HB_CATALOG_CHANGED) == rows[i].is_taken, rows[i].name);
        fold_free(&fold);
    }
}

/* ---- what stands ---- */

static void the_record_is_as_the_schema_says(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, &(struct told){"product.created", PRODUCT(STOCK(3)), "7", "2023-11-14T22:13:20Z", 5, 42});
    fold_tell(&fold, COUNTED(INVENTORY(2), NULL, 9));
    check_str(hb_buf_str(&fold.value),
              "{\"v\":1,\"store\":\"acme\",\"product\":\"1001\",\"state\":\"active\",\"at\":1700000000009,\"stock_by\":"
              "\"inventory\",\"product_version\":{\"sequence\":\"7\",\"time\":1700000000000,\"appended\":1700000000005,"
              "\"offset\":42},\"product_stock_version\":{\"sequence\":\"7\",\"time\":1700000000000,\"appended\":"
              "1700000000005,\"offset\":42},\"inventory_version\":{\"appended\":1700000000009,\"offset\":9},"
              "\"inventory\":" INVENTORY(2) ",\"data\":" PRODUCT(STOCK(3)) "}");
    fold_free(&fold);
}

static void data_goes_on_byte_for_byte(void **state)
{
    static const char data[] = "{\"id\":\"1001\", \"price\" : 19.90,\"big\":12345678901234567890.10,\"t\":\"\\u0105 \xC4\x85\"}";
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(data, NULL, 1));
    struct hb_catalog_product product = fold_read(&fold);
    check_str(product.data, data);
    fold_free(&fold);
}

static void inventory_of_an_unknown_product_is_partial_until_the_product_comes(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, COUNTED(INVENTORY(4), NULL, 1));
    assert_int_equal(fold_read(&fold).state, HB_CATALOG_PARTIAL);
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 2));
    struct hb_catalog_product product = fold_read(&fold);
    assert_int_equal(product.state, HB_CATALOG_ACTIVE);
    assert_int_equal(hb_catalog_stock(&product).quantity, 4);
    fold_free(&fold);
}

static void the_newer_one_says_the_stock_and_inventory_if_neither_is(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(STOCK(3)), "5", 1));
    fold_tell(&fold, COUNTED(INVENTORY(8), "4", 2));
    struct hb_catalog_product product = fold_read(&fold);
    assert_int_equal(hb_catalog_stock(&product).quantity, 3);
    check_str(hb_str_c(hb_catalog_stock_by(&product)), "product");
    fold_tell(&fold, COUNTED(INVENTORY(9), "5", 3));
    product = fold_read(&fold);
    assert_int_equal(hb_catalog_stock(&product).quantity, 9);
    check_str(hb_str_c(hb_catalog_stock_by(&product)), "inventory");
    fold_free(&fold);
}

static void stock_is_kept_when_a_newer_product_event_says_nothing_of_it(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(STOCK(3)), "1", 1));
    fold_tell(&fold, UPDATED(PRODUCT(",\"stock\":null"), "2", 2));
    struct hb_catalog_product product = fold_read(&fold);
    assert_int_equal(hb_catalog_stock(&product).quantity, 3);
    assert_int_equal(product.product_version.offset, 2);
    assert_int_equal(product.product_stock_version.offset, 1);
    fold_free(&fold);
}

static void what_is_older_for_the_product_can_be_newer_for_its_stock(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(STOCK(1)), "1", 1));
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":3"), "3", 2));
    fold_tell(&fold, UPDATED(PRODUCT(STOCK(2)), "2", 3));
    struct hb_catalog_product product = fold_read(&fold);
    check_str(product.data, PRODUCT(",\"n\":3"));
    assert_int_equal(hb_catalog_stock(&product).quantity, 2);
    fold_free(&fold);
}

static void what_is_read_once_more_changes_nothing(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":1"), "5", 1));
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":2"), "5", 2));
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":1"), "5", 1));
    assert_int_equal(fold.effect, HB_CATALOG_OLDER);
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":2"), "5", 2));
    assert_int_equal(fold.effect, HB_CATALOG_OLDER);
    check_str(fold_read(&fold).data, PRODUCT(",\"n\":2"));
    fold_free(&fold);
}

/* ---- deleted ---- */

static void a_deleted_product_keeps_its_data_and_comes_back_only_by_a_newer_event(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(), "5", 1));
    fold_tell(&fold, DELETED("7", 2));
    struct hb_catalog_product product = fold_read(&fold);
    assert_int_equal(product.state, HB_CATALOG_DELETED);
    assert_int_equal(product.deleted_at.ms, FOLD_AT + 2);
    check_str(product.data, PRODUCT());
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":6"), "6", 3));
    assert_int_equal(fold.effect, HB_CATALOG_OLDER);
    fold_tell(&fold, COUNTED(INVENTORY(8), "9", 4));
    assert_int_equal(fold_read(&fold).state, HB_CATALOG_DELETED);
    fold_tell(&fold, UPDATED(PRODUCT(",\"n\":8"), "8", 5));
    product = fold_read(&fold);
    assert_int_equal(product.state, HB_CATALOG_ACTIVE);
    check_str(product.data, PRODUCT(",\"n\":8"));
    fold_free(&fold);
}

static void a_delete_needs_no_more_than_its_subject(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 1));
    fold_tell(&fold, &(struct told){"product.deleted", "null", NULL, NULL, 2, 2});
    assert_int_equal(fold_read(&fold).state, HB_CATALOG_DELETED);
    fold_tell(&fold, &(struct told){"product.deleted", "{\"id\":\"1002\"}", NULL, NULL, 3, 3});
    assert_int_equal(fold.effect, HB_CATALOG_REFUSED);
    fold_free(&fold);
}

static void a_delete_of_an_unknown_product_shuts_out_what_is_older(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, DELETED("7", 1));
    fold_tell(&fold, UPDATED(PRODUCT(), "6", 2));
    struct hb_catalog_product product = fold_read(&fold);
    assert_int_equal(product.state, HB_CATALOG_DELETED);
    assert_int_equal(product.data.len, 0);
    fold_free(&fold);
}

static void a_deleted_product_is_over_after_thirty_days(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 1));
    struct hb_catalog_product product = fold_read(&fold);
    assert_false(hb_catalog_is_over(&product, (struct hb_wall){INT64_MAX}));
    fold_tell(&fold, DELETED(NULL, 2));
    product = fold_read(&fold);
    assert_false(hb_catalog_is_over(&product, (struct hb_wall){FOLD_AT + 1 + 30 * HB_MS_PER_DAY}));
    assert_true(hb_catalog_is_over(&product, (struct hb_wall){FOLD_AT + 2 + 30 * HB_MS_PER_DAY}));
    fold_free(&fold);
}

static void a_partial_product_is_over_thirty_days_after_its_newest_event_and_an_active_one_never(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    fold_tell(&fold, COUNTED(INVENTORY(4), NULL, 1));
    fold_tell(&fold, COUNTED(INVENTORY(5), NULL, 3));
    struct hb_catalog_product product = fold_read(&fold);
    assert_false(hb_catalog_is_over(&product, (struct hb_wall){FOLD_AT + 2 + 30 * HB_MS_PER_DAY}));
    assert_true(hb_catalog_is_over(&product, (struct hb_wall){FOLD_AT + 3 + 30 * HB_MS_PER_DAY}));
    assert_false(hb_catalog_is_over(&product, (struct hb_wall){0})); /* no product event was read yet */
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 4));
    product = fold_read(&fold);
    assert_false(hb_catalog_is_over(&product, (struct hb_wall){INT64_MAX}));
    fold_free(&fold);
}

/* ---- former variants ---- */

static size_t former_ids(const struct fold *fold, char ret_ids[128])
{
    struct hb_catalog_product product = fold_read(fold);
    struct hb_catalog_former former;
    size_t state = 0, count = 0, at = 0;
    ret_ids[0] = '\0';
    for (; hb_catalog_former_next(&product, &state, &former); count++)
        if (at < 100)
            at += (size_t)snprintf(ret_ids + at, 128 - at, "%.*s,", HB_ARG(former.id));
    return count;
}

static void a_variant_that_goes_is_remembered_until_it_is_back(void **state)
{
    struct fold fold = fold_make();
    char ids[128];
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"a\",\"p\":1},{\"id\":\"b\"},{\"id\":\"\\u0063\"}]"), NULL, 1));
    assert_int_equal(former_ids(&fold, ids), 0);
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"c\"}]"), NULL, 2));
    former_ids(&fold, ids);
    check_str(hb_str_c(ids), "a,b,");
    struct hb_catalog_product product = fold_read(&fold);
    check_str(product.former_variants, "[{\"id\":\"a\",\"at\":1700000000002,\"data\":{\"id\":\"a\",\"p\":1}},"
                                       "{\"id\":\"b\",\"at\":1700000000002,\"data\":{\"id\":\"b\"}}]");
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"b\"}]"), NULL, 3));
    former_ids(&fold, ids);
    check_str(hb_str_c(ids), "a,c,");
    fold_free(&fold);
}

static void former_variants_survive_a_delete_and_inventory(void **state)
{
    struct fold fold = fold_make();
    char ids[128];
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"a\"},{\"id\":\"b\"}]"), NULL, 1));
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"b\"}]"), NULL, 2));
    fold_tell(&fold, DELETED(NULL, 3));
    fold_tell(&fold, COUNTED(INVENTORY(1), NULL, 4));
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 5));
    former_ids(&fold, ids);
    check_str(hb_str_c(ids), "a,b,");
    fold_free(&fold);
}

static void former_variants_are_forgotten_after_thirty_days(void **state)
{
    struct fold fold = fold_make();
    char ids[128];
    (void)state;
    fold_tell(&fold, UPDATED(PRODUCT(",\"variants\":[{\"id\":\"a\"}]"), NULL, 1));
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 2));
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 1 + 30 * HB_MS_PER_DAY));
    assert_int_equal(former_ids(&fold, ids), 1);
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 2 + 30 * HB_MS_PER_DAY));
    assert_int_equal(former_ids(&fold, ids), 0);
    fold_free(&fold);
}

static void former_variants_are_bounded_and_the_oldest_go_first(void **state)
{
    struct fold fold = fold_make();
    struct hb_buf data = hb_buf_make(HB_CATALOG_DATA_MAX);
    char ids[128], pad[2001];
    (void)state;
    memset(pad, 'x', sizeof(pad) - 1);
    pad[sizeof(pad) - 1] = '\0';
    for (int large = 0; large < 2; large++) {
        hb_buf_clear(&data);
        assert_int_equal(hb_buf_addf(&data, "{\"id\":\"1001\",\"variants\":["), HB_OK);
        for (int i = 0; i < 150; i++)
            assert_int_equal(hb_buf_addf(&data, "%s{\"id\":\"%d-%d\",\"pad\":\"%s\"}", i ? "," : "", large, i, large ? pad : ""),
                             HB_OK);
        assert_int_equal(hb_buf_addf(&data, "]}"), HB_OK);
        fold_tell(&fold, UPDATED(data.ptr, NULL, 1 + large * 2));
        fold_tell(&fold, UPDATED(PRODUCT(), NULL, 2 + large * 2));
        size_t count = former_ids(&fold, ids);
        if (!large) {
            assert_int_equal(count, HB_CATALOG_FORMER_MAX);
            assert_true(hb_str_has_prefix(hb_str_c(ids), HB_STR("0-50,")));
        } else {
            assert_in_range(count, 25, HB_CATALOG_FORMER_BYTES_MAX / 2000);
            assert_true(hb_str_has_prefix(hb_str_c(ids), HB_STR("1-1")));
            assert_true(fold_read(&fold).former_variants.len <= HB_CATALOG_FORMER_BYTES_MAX);
        }
    }
    hb_buf_deinit(&data);
    fold_free(&fold);
}

/* ---- what is not taken ---- */

static void tell_variants(struct fold *fold, int count, int from, int step, int64_t at)
{
    struct hb_buf data = hb_buf_make(HB_CATALOG_DATA_MAX + 1);
    assert_int_equal(hb_buf_add(&data, HB_STR("{\"id\":\"1001\",\"name\":\"Dress\",\"variants\":[")), HB_OK);
    for (int i = 0; i < count; i++)
        assert_int_equal(hb_buf_addf(&data, "%s{\"id\":\"v%d\",\"note\":\"%200s\"}", i ? "," : "", from + i * step, ""),
                         HB_OK);
    assert_int_equal(hb_buf_add(&data, HB_STR("]}")), HB_OK);
    assert_int_equal(hb_buf_add_char(&data, '\0'), HB_OK);
    fold_tell(fold, UPDATED(data.ptr, NULL, at));
    assert_int_equal(fold->effect, HB_CATALOG_CHANGED);
    hb_buf_deinit(&data);
}

/* All stores wait for the one whose product is merged: the order of its variants must not matter. */
static void variants_in_another_order_cost_no_more(void **state)
{
    struct fold fold = fold_make();
    (void)state;
    tell_variants(&fold, HB_CATALOG_VARIANTS_MAX, 0, 1, 1);
    clock_t begun = clock();
    tell_variants(&fold, HB_CATALOG_VARIANTS_MAX, 0, 1, 2);
    clock_t same = clock() - begun;
    begun = clock();
    tell_variants(&fold, HB_CATALOG_VARIANTS_MAX, HB_CATALOG_VARIANTS_MAX - 1, -1, 3);
    assert_in_range(clock() - begun, 0, 10 * same + CLOCKS_PER_SEC / 20);
    assert_int_equal(fold_read(&fold).former_variants.len, 0);
    tell_variants(&fold, HB_CATALOG_VARIANTS_MAX, HB_CATALOG_VARIANTS_MAX / 2, 1, 4);
    assert_true(fold_read(&fold).former_variants.len > 0);
    fold_free(&fold);
}

static void data_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    static const struct told rows[] = {
        {.type = "product.updated", .data = "[]"},
        {.type = "product.updated", .data = "{}"},
        {.type = "product.updated", .data = "{\"id\":1001}"},
        {.type = "product.updated", .data = "{\"id\":\"1002\"}"},
        {.type = "product.created", .data = PRODUCT(",\"stock\":true")},
        {.type = "product.created", .data = PRODUCT(",\"stock\":{\"quantity\":1}")},
        {.type = "product.created", .data = PRODUCT(",\"variants\":{}")},
        {.type = "product.created", .data = PRODUCT(",\"variants\":[{}]")},
        {.type = "product.created", .data = PRODUCT(",\"variants\":[{\"id\":7}]")},
        {.type = "product.created", .data = PRODUCT(",\"variants\":[{\"id\":\"\"}]")},
        {.type = "product.created", .data = PRODUCT(",\"variants\":[7]")},
        {.type = "inventory.updated", .data = "{\"product_id\":\"1001\"}"},
        {.type = "inventory.updated", .data = "{\"product_id\":\"1001\",\"available\":1}"},
        {.type = "inventory.updated", .data = "{\"product_id\":\"1002\",\"available\":true}"},
        {.type = "inventory.updated", .data = "{\"available\":true}"},
        {.type = "inventory.low", .data = "{\"product_id\":\"1002\",\"available\":true}"},
        {.type = "inventory.updated", .data = "{\"product_id\":\"1001\",\"available\":true,\"variants\":[{\"id\":\"a\"}]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fold fold = fold_make();
        fold_tell(&fold, &rows[i]);
        check_row(fold.effect == HB_CATALOG_REFUSED && fold.problem && fold.value.len == 0, rows[i].data);
        fold_free(&fold);
    }
}

static void other_types_are_passed_over(void **state)
{
    static const struct told rows[] = {
        {.type = "product.viewed", .data = PRODUCT()},
        {.type = "inventory.reserved", .data = "{\"order\":\"1\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fold fold = fold_make();
        fold_tell(&fold, &rows[i]);
        check_row(fold.effect == HB_CATALOG_IGNORED, rows[i].type);
        fold_free(&fold);
    }
}

/* The deepest data that is taken stands in the record twice: as data, and a variant of it as a former one. */
static void the_deepest_and_largest_data_still_makes_a_record_that_can_be_read(void **state)
{
    struct fold fold = fold_make();
    struct hb_buf data = hb_buf_make(HB_CATALOG_DATA_MAX + 1024);
    (void)state;
    for (int depth = HB_CATALOG_DEPTH_MAX - 3; depth <= HB_CATALOG_DEPTH_MAX - 2; depth++) {
        hb_buf_clear(&data);
        assert_int_equal(hb_buf_addf(&data, "{\"id\":\"1001\",\"variants\":[{\"id\":\"a\",\"x\":"), HB_OK);
        for (int i = 0; i < depth; i++)
            assert_int_equal(hb_buf_add_char(&data, '['), HB_OK);
        for (int i = 0; i < depth; i++)
            assert_int_equal(hb_buf_add_char(&data, ']'), HB_OK);
        assert_int_equal(hb_buf_addf(&data, "}]}"), HB_OK);
        fold_tell(&fold, UPDATED(data.ptr, NULL, depth));
        assert_int_equal(fold.effect, depth == HB_CATALOG_DEPTH_MAX - 3 ? HB_CATALOG_CHANGED : HB_CATALOG_REFUSED);
    }
    fold_tell(&fold, UPDATED(PRODUCT(), NULL, 100));
    assert_int_equal(fold.effect, HB_CATALOG_CHANGED);
    assert_true(fold_read(&fold).former_variants.len > 0);
    hb_buf_clear(&data);
    assert_int_equal(hb_buf_addf(&data, "{\"id\":\"1001\",\"x\":\"%*s\"}", (int)HB_CATALOG_DATA_MAX, ""), HB_OK);
    fold_tell(&fold, UPDATED(data.ptr, NULL, 200));
    assert_int_equal(fold.effect, HB_CATALOG_REFUSED);
    hb_buf_deinit(&data);
    fold_free(&fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_newer_by_sequence_else_time_else_arrival),
        cmocka_unit_test(the_record_is_as_the_schema_says),
        cmocka_unit_test(data_goes_on_byte_for_byte),
        cmocka_unit_test(inventory_of_an_unknown_product_is_partial_until_the_product_comes),
        cmocka_unit_test(the_newer_one_says_the_stock_and_inventory_if_neither_is),
        cmocka_unit_test(stock_is_kept_when_a_newer_product_event_says_nothing_of_it),
        cmocka_unit_test(what_is_older_for_the_product_can_be_newer_for_its_stock),
        cmocka_unit_test(what_is_read_once_more_changes_nothing),
        cmocka_unit_test(a_deleted_product_keeps_its_data_and_comes_back_only_by_a_newer_event),
        cmocka_unit_test(a_delete_needs_no_more_than_its_subject),
        cmocka_unit_test(a_delete_of_an_unknown_product_shuts_out_what_is_older),
        cmocka_unit_test(a_deleted_product_is_over_after_thirty_days),
        cmocka_unit_test(a_partial_product_is_over_thirty_days_after_its_newest_event_and_an_active_one_never),
        cmocka_unit_test(a_variant_that_goes_is_remembered_until_it_is_back),
        cmocka_unit_test(former_variants_survive_a_delete_and_inventory),
        cmocka_unit_test(former_variants_are_forgotten_after_thirty_days),
        cmocka_unit_test(former_variants_are_bounded_and_the_oldest_go_first),
        cmocka_unit_test(variants_in_another_order_cost_no_more),
        cmocka_unit_test(data_that_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(other_types_are_passed_over),
        cmocka_unit_test(the_deepest_and_largest_data_still_makes_a_record_that_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
