#include "retry/done_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const unsigned char *id_of(int number)
{
    static unsigned char id[HB_DELIVERY_BYTES];

    memset(id, 7, sizeof(id));
    memcpy(id, &number, sizeof(number));
    return id;
}

static void put(struct hb_done_memory *memory, int number, int64_t version)
{
    const struct hb_shard_memory done = {HB_DELIVERY_DELIVERED, version, 100 + number};

    hb_done_memory_put(memory, id_of(number), &done);
}

static void the_oldest_is_forgotten_first_and_what_is_remembered_anew_is_one(void **state)
{
    struct hb_done_memory *memory;

    (void)state;
    assert_int_equal(hb_done_memory_new(3, &memory), HB_OK);
    put(memory, 1, 1);
    put(memory, 2, 1);
    put(memory, 1, 9);
    assert_int_equal(hb_done_memory_count(memory), 2);
    assert_int_equal(hb_done_memory_get(memory, id_of(1))->version, 9);
    put(memory, 3, 1);
    put(memory, 4, 1);
    assert_null(hb_done_memory_get(memory, id_of(1)));
    assert_non_null(hb_done_memory_get(memory, id_of(2)));
    assert_int_equal(hb_done_memory_count(memory), 3);
    hb_done_memory_free(&memory);
}

static void what_was_forgotten_on_purpose_leaves_its_place(void **state)
{
    struct hb_done_memory *memory;

    (void)state;
    assert_int_equal(hb_done_memory_new(2, &memory), HB_OK);
    put(memory, 1, 1);
    hb_done_memory_forget(memory, id_of(1));
    hb_done_memory_forget(memory, id_of(5));
    assert_null(hb_done_memory_get(memory, id_of(1)));
    for (int i = 10; i < 100; i++)
        put(memory, i, 1);
    assert_int_equal(hb_done_memory_count(memory), 2);
    assert_non_null(hb_done_memory_get(memory, id_of(99)));
    hb_done_memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_is_forgotten_first_and_what_is_remembered_anew_is_one),
        cmocka_unit_test(what_was_forgotten_on_purpose_leaves_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
