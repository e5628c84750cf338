#include "unit/core/check.h"

#include "core/map.h"

#define KEYS 3000

static char keys[KEYS][8];

static struct hb_str key_at(size_t i)
{
    (void)snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
    return hb_str_c(keys[i]);
}

static void what_was_put_is_found_and_what_was_removed_is_not(void **state)
{
    struct hb_map map = HB_MAP_EMPTY;
    (void)state;
    assert_null(hb_map_get(&map, HB_STR("k")));
    assert_null(hb_map_remove(&map, HB_STR("k")));
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(hb_map_put(&map, key_at(i), keys[i]), HB_OK);
    }
    assert_int_equal(map.count, KEYS);
    /* Every third goes: the holes must not hide the others. */
    for (size_t i = 0; i < KEYS; i += 3) {
        assert_ptr_equal(hb_map_remove(&map, hb_str_c(keys[i])), keys[i]);
    }
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(hb_map_get(&map, hb_str_c(keys[i])), i % 3 ? keys[i] : NULL);
    }
    assert_int_equal(map.count, KEYS - KEYS / 3);
    hb_map_deinit(&map);
}

static void a_put_replaces_value_and_key(void **state)
{
    struct hb_map map = HB_MAP_EMPTY;
    char first[] = "same", second[] = "same";
    int a = 0, b = 0;
    (void)state;
    assert_int_equal(hb_map_put(&map, hb_str_c(first), &a), HB_OK);
    assert_int_equal(hb_map_put(&map, hb_str_c(second), &b), HB_OK);
    first[0] = 'X'; /* the old key's bytes may go */
    assert_ptr_equal(hb_map_get(&map, HB_STR("same")), &b);
    assert_int_equal(map.count, 1);
    hb_map_deinit(&map);
}

static void all_values_come_once_also_in_the_order_of_keys(void **state)
{
    struct hb_map map = HB_MAP_EMPTY;
    size_t at = 0, count = 0, seen = 0;
    (void)state;
    assert_null(hb_map_sorted(&map, &count));
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(hb_map_put(&map, key_at(i), keys[i]), HB_OK);
    }
    while (hb_map_next(&map, &at)) {
        seen++;
    }
    assert_int_equal(seen, KEYS);
    void **sorted = hb_map_sorted(&map, &count);
    assert_int_equal(count, KEYS);
    for (size_t i = 1; i < count; i++) {
        assert_true(strcmp(sorted[i - 1], sorted[i]) < 0);
    }
    free(sorted);
    hb_map_deinit(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_and_what_was_removed_is_not),
        cmocka_unit_test(a_put_replaces_value_and_key),
        cmocka_unit_test(all_values_come_once_also_in_the_order_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
