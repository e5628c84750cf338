#include "dispatcher/taken.h"
#include "unit/dispatcher/check.h"

static struct hb_event sample(void)
{
    return (struct hb_event){.id = HB_STR("evt_1"), .store = HB_STR("shop"), .type = HB_STR("order.created"), .subject = HB_STR("1001"),
                             .time = HB_STR("2026-01-31T12:00:00Z"), .data = HB_STR("{\"n\": 1}"), .registry_stamp = HB_NO_STAMP, .is_json = true};
}

static void the_pool_gives_back_what_it_got_clean(void **state)
{
    (void)state;
    struct hb_taken_pool pool = {0};
    struct hb_taken *a = hb_taken_new(&pool), *b = hb_taken_new(&pool);
    assert_true(a && b && a != b);
    assert_int_equal(pool.in_use, 2);
    a->open = 5;
    a->is_handed_back = true;
    a->settled_mark = 9;
    hb_taken_free(&pool, a);
    assert_int_equal(pool.in_use, 1);
    struct hb_taken *again = hb_taken_new(&pool);
    assert_ptr_equal(again, a);
    assert_true(again->open == 0 && !again->is_handed_back && again->settled_mark == 0 && again->message.handle == NULL);
    hb_taken_free(&pool, again);
    hb_taken_free(&pool, b);
    assert_int_equal(pool.free_count, 2);
    hb_taken_pool_deinit(&pool);
    assert_int_equal(pool.free_count, 0);
}

static void a_format_is_rendered_once(void **state)
{
    (void)state;
    struct hb_taken_pool pool = {0};
    struct hb_taken *taken = hb_taken_new(&pool);
    taken->event = sample();
    for (int format = 0; format < HB_FORMAT_COUNT; format++) {
        const struct hb_rendered *first = NULL, *second = NULL;
        assert_int_equal(hb_taken_render(taken, (enum hb_format)format, &first), HB_OK);
        assert_int_equal(hb_taken_render(taken, (enum hb_format)format, &second), HB_OK);
        assert_ptr_equal(first, second);
        assert_true(first->body.len > 0 && first->headers_count > 0);
        assert_non_null(memmem(first->body.ptr, first->body.len, "{\"n\": 1}", 8)); /* the bytes published are the bytes sent */
    }
    assert_ptr_equal(taken->rendered[HB_FORMAT_DATA]->body.ptr, taken->event.data.ptr); /* and not copied where nothing is spliced */
    hb_taken_free(&pool, taken);
    hb_taken_pool_deinit(&pool);
}

static void dropping_the_bytes_frees_bodies_and_views_and_may_come_twice(void **state)
{
    (void)state;
    struct hb_taken_pool pool = {0};
    struct hb_taken *taken = hb_taken_new(&pool);
    const struct hb_rendered *rendered = NULL;
    taken->event = sample();
    taken->open = 1;
    assert_int_equal(hb_taken_render(taken, HB_FORMAT_STANDARD, &rendered), HB_OK);
    hb_taken_drop_bytes(taken);
    hb_taken_drop_bytes(taken);
    assert_null(taken->rendered[HB_FORMAT_STANDARD]);
    assert_null(taken->event.data.ptr);
    assert_int_equal(taken->open, 1); /* only the bytes */
    hb_taken_free(&pool, taken);
    hb_taken_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_pool_gives_back_what_it_got_clean), cmocka_unit_test(a_format_is_rendered_once),
                                       cmocka_unit_test(dropping_the_bytes_frees_bodies_and_views_and_may_come_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
