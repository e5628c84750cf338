#include "core/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_watermark_waits_for_the_lowest_unsettled(void **state)
{
    (void)state;
    struct hb_ring ring;
    assert_int_equal(hb_ring_init(&ring, 8), HB_OK);
    uint64_t a = hb_ring_take(&ring, 10), b = hb_ring_take(&ring, 12), c = hb_ring_take(&ring, 13);
    int64_t next = -1;
    assert_false(hb_ring_settle(&ring, c, &next));
    assert_false(hb_ring_settle(&ring, b, &next));
    assert_true(hb_ring_settle(&ring, a, &next));
    assert_int_equal(next, 14);
    hb_ring_deinit(&ring);
}

static void a_slot_is_free_only_when_its_commit_is_acknowledged(void **state)
{
    (void)state;
    struct hb_ring ring;
    assert_int_equal(hb_ring_init(&ring, 2), HB_OK);
    int64_t next;
    assert_true(hb_ring_settle(&ring, hb_ring_take(&ring, 0), &next));
    assert_true(hb_ring_settle(&ring, hb_ring_take(&ring, 1), &next));
    assert_true(hb_ring_is_full(&ring)); /* settled, but a crash now would repeat both */
    hb_ring_committed(&ring, 1);
    assert_false(hb_ring_is_full(&ring));
    assert_int_equal(hb_ring_used(&ring), 1);
    hb_ring_deinit(&ring);
}

static void a_commit_never_frees_what_is_not_settled(void **state)
{
    (void)state;
    struct hb_ring ring;
    assert_int_equal(hb_ring_init(&ring, 4), HB_OK);
    hb_ring_take(&ring, 5);
    hb_ring_committed(&ring, 100);
    assert_int_equal(hb_ring_used(&ring), 1);
    hb_ring_deinit(&ring);
}

/* Property: settled in any order with gaps in the offsets, the watermark is always one above the longest settled prefix. */
static void any_order_gives_the_watermark_of_a_plain_model(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        srand(seed);
        struct hb_ring ring;
        assert_int_equal(hb_ring_init(&ring, 64), HB_OK);
        int64_t offsets[500];
        uint64_t sequences[500];
        char done[500] = {0};
        int taken = 0, prefix = 0;
        int64_t offset = 0, stored = -1;
        while (prefix < 500) {
            if (taken < 500 && !hb_ring_is_full(&ring) && rand() % 2) {
                offset += 1 + rand() % 3;
                offsets[taken] = offset;
                sequences[taken++] = hb_ring_take(&ring, offset);
                continue;
            }
            if (prefix < taken) {
                int pick = prefix + rand() % (taken - prefix);
                while (done[pick])
                    pick = pick + 1 < taken ? pick + 1 : prefix;
                done[pick] = 1;
                int64_t next = -1;
                bool has_moved = hb_ring_settle(&ring, sequences[pick], &next);
                int before = prefix;
                while (prefix < taken && done[prefix])
                    prefix++;
                if (has_moved != (prefix > before))
                    fail_msg("seed %u: moved %d, model %d -> %d", seed, has_moved, before, prefix);
                if (has_moved) {
                    assert_int_equal(next, offsets[prefix - 1] + 1);
                    stored = next;
                }
            }
            if (stored >= 0 && rand() % 4 == 0)
                hb_ring_committed(&ring, stored);
        }
        hb_ring_deinit(&ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watermark_waits_for_the_lowest_unsettled),
        cmocka_unit_test(a_slot_is_free_only_when_its_commit_is_acknowledged),
        cmocka_unit_test(a_commit_never_frees_what_is_not_settled),
        cmocka_unit_test(any_order_gives_the_watermark_of_a_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
