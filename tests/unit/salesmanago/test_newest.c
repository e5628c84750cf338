#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "salesmanago/newest.h"

static void hash_of(unsigned number, unsigned char ret_hash[HB_HASH_BYTES])
{
    static const unsigned char KEY[HB_HASH_KEY_BYTES] = {1, 2, 3};
    struct hb_str bytes = hb_str_n((const char *)&number, sizeof number);
    hb_hash_pieces(KEY, &bytes, 1, ret_hash);
}

static void the_largest_offset_of_each_product_is_kept(void **state)
{
    struct hb_sm_newest newest;
    unsigned char hash[HB_HASH_BYTES];
    (void)state;

    hb_sm_newest_init(&newest, 100000);
    for (int64_t offset = 0; offset < 50000; offset++) {
        hash_of((unsigned)(offset % 9973), hash);
        assert_int_equal(hb_sm_newest_note(&newest, hash, offset), HB_OK);
    }
    assert_int_equal(newest.count, 9973);
    for (int64_t offset = 0; offset < 50000; offset++) {
        hash_of((unsigned)(offset % 9973), hash);
        assert_int_equal(hb_sm_newest_is(&newest, hash, offset), offset + 9973 >= 50000);
    }
    hash_of(3, hash);
    assert_int_equal(hb_sm_newest_note(&newest, hash, 3), HB_OK); /* an older one changes nothing */
    assert_false(hb_sm_newest_is(&newest, hash, 3));
    hb_sm_newest_deinit(&newest);
}

static void nothing_is_newest_of_what_was_never_met(void **state)
{
    struct hb_sm_newest newest;
    unsigned char hash[HB_HASH_BYTES], other[HB_HASH_BYTES];
    (void)state;

    hash_of(1, hash);
    hash_of(2, other);
    hb_sm_newest_init(&newest, 10);
    assert_false(hb_sm_newest_is(&newest, hash, 0));
    assert_int_equal(hb_sm_newest_note(&newest, hash, 0), HB_OK);
    assert_true(hb_sm_newest_is(&newest, hash, 0));
    assert_false(hb_sm_newest_is(&newest, other, 0));
    assert_false(hb_sm_newest_is(&newest, other, -1)); /* a free slot is no version at -1 */
    hb_sm_newest_deinit(&newest);
}

static void more_than_it_may_hold_is_refused_and_what_it_has_goes_on(void **state)
{
    struct hb_sm_newest newest;
    unsigned char hash[HB_HASH_BYTES];
    (void)state;

    hb_sm_newest_init(&newest, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        hash_of(i, hash);
        assert_int_equal(hb_sm_newest_note(&newest, hash, i), HB_OK);
    }
    hash_of(1000, hash);
    assert_int_equal(hb_sm_newest_note(&newest, hash, 1000), HB_ERR_FULL);
    hash_of(5, hash);
    assert_int_equal(hb_sm_newest_note(&newest, hash, 2000), HB_OK);
    assert_true(hb_sm_newest_is(&newest, hash, 2000));
    hb_sm_newest_deinit(&newest);
}

static void each_product_is_in_one_slice_and_slices_are_about_alike(void **state)
{
    int counts[8] = {0};
    (void)state;

    for (unsigned i = 0; i < 8000; i++) {
        unsigned char hash[HB_HASH_BYTES];
        int in = 0;
        hash_of(i, hash);
        for (unsigned slice = 0; slice < 8; slice++)
            if (hb_sm_newest_in_slice(hash, slice, 8)) {
                counts[slice]++;
                in++;
            }
        assert_int_equal(in, 1);
    }
    for (int i = 0; i < 8; i++)
        assert_in_range(counts[i], 800, 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_offset_of_each_product_is_kept),
        cmocka_unit_test(nothing_is_newest_of_what_was_never_met),
        cmocka_unit_test(more_than_it_may_hold_is_refused_and_what_it_has_goes_on),
        cmocka_unit_test(each_product_is_in_one_slice_and_slices_are_about_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
