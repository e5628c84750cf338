#include "retry/body_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct hb_body *body_at(int64_t offset, size_t bytes)
{
    static char data[4096];
    const struct hb_body_record record = {.at = {1, 2, offset, {0}}, .key = HB_STR("s/1"), .value = {data, bytes}};
    struct hb_body *body = NULL;

    assert_int_equal(hb_body_new(&record, &body), HB_OK);
    return body;
}

static void put(struct hb_body_cache *cache, int64_t offset, size_t bytes)
{
    struct hb_body *body = body_at(offset, bytes);

    assert_int_equal(hb_body_cache_put(cache, body), HB_OK);
    hb_body_unref(&body);
}

static struct hb_body *get(struct hb_body_cache *cache, int64_t offset)
{
    const struct hb_position at = {1, 2, offset, {99}};

    return hb_body_cache_get(cache, &at);
}

static void the_one_unused_longest_goes_first_and_bytes_stay_within_the_bound(void **state)
{
    struct hb_body_cache *cache;

    (void)state;
    assert_int_equal(hb_body_cache_new(5200, &cache), HB_OK);
    for (int64_t offset = 0; offset < 4; offset++)
        put(cache, offset, 1000);
    assert_int_equal(hb_body_cache_count(cache), 4);
    assert_non_null(get(cache, 0)); /* used now */
    put(cache, 4, 1000);
    put(cache, 5, 1000);
    assert_non_null(get(cache, 0));
    assert_null(get(cache, 1));
    assert_null(get(cache, 77));
    assert_in_range(hb_body_cache_bytes(cache), 1, 5200);
    put(cache, 9, 4096); /* most of the room: the others go */
    assert_non_null(get(cache, 9));
    assert_int_equal(hb_body_cache_count(cache), 1);
    hb_body_cache_free(&cache);
}

static void a_body_larger_than_all_is_not_kept_and_one_at_the_same_place_is_replaced(void **state)
{
    struct hb_body_cache *cache;

    (void)state;
    assert_int_equal(hb_body_cache_new(2000, &cache), HB_OK);
    put(cache, 1, 100);
    put(cache, 2, 4000);
    assert_null(get(cache, 2));
    assert_non_null(get(cache, 1));
    put(cache, 1, 50);
    assert_int_equal(get(cache, 1)->value.len, 50);
    assert_int_equal(hb_body_cache_count(cache), 1);
    hb_body_cache_free(&cache);
}

static void a_reference_outlives_the_cache(void **state)
{
    struct hb_body_cache *cache;

    (void)state;
    assert_int_equal(hb_body_cache_new(2000, &cache), HB_OK);
    put(cache, 1, 100);
    struct hb_body *body = hb_body_ref(get(cache, 1));
    hb_body_cache_free(&cache);
    assert_int_equal(body->value.len, 100);
    hb_body_unref(&body);
    assert_null(body);
}

static void a_tombstone_is_no_body(void **state)
{
    const struct hb_body_record record = {.at = {1, 2, 3, {0}}, .key = HB_STR("s/1"), .value = {NULL, 0}};
    struct hb_body *body = NULL;

    (void)state;
    assert_int_equal(hb_body_new(&record, &body), HB_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_unused_longest_goes_first_and_bytes_stay_within_the_bound),
        cmocka_unit_test(a_body_larger_than_all_is_not_kept_and_one_at_the_same_place_is_replaced),
        cmocka_unit_test(a_reference_outlives_the_cache),
        cmocka_unit_test(a_tombstone_is_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
