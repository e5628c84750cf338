#include "core/id_memory.h"

#include "check.h"

static void make_key(uint32_t id, unsigned char key[16])
{
    /* Few different homes on purpose: keys collide and wrap around in the index. */
    memset(key, 0, 16);
    key[0] = (unsigned char)(id % 7 + 250);
    memcpy(key + 8, &id, sizeof(id));
}

static enum hb_id_meeting meet(struct hb_id_memory *memory, uint32_t id, uint64_t body, int64_t offset)
{
    unsigned char key[16];
    make_key(id, key);
    return hb_id_memory_meet(memory, key, body, (struct hb_position){.topic = 1, .partition = 2, .offset = offset});
}

static void the_four_meetings_are_told_apart(void **state)
{
    (void)state;
    struct hb_id_memory *memory;
    assert_int_equal(hb_id_memory_new(10, &memory), HB_OK);
    assert_int_equal(meet(memory, 1, 100, 5), HB_ID_NEW);
    assert_int_equal(meet(memory, 1, 100, 5), HB_ID_SAME_POSITION);
    assert_int_equal(meet(memory, 1, 100, 6), HB_ID_DUPLICATE);
    assert_int_equal(meet(memory, 1, 101, 6), HB_ID_CONFLICT);
    assert_int_equal(meet(memory, 1, 101, 5), HB_ID_CONFLICT);
    assert_int_equal(meet(memory, 1, 100, 5), HB_ID_SAME_POSITION);
    assert_int_equal(meet(memory, 2, 100, 6), HB_ID_NEW);
    unsigned char key[16];
    make_key(2, key);
    assert_int_equal(hb_id_memory_meet(memory, key, 100, (struct hb_position){.topic = 2, .partition = 2, .offset = 6}),
                     HB_ID_DUPLICATE);
    assert_int_equal(hb_id_memory_meet(memory, key, 100, (struct hb_position){.topic = 1, .partition = 3, .offset = 6}),
                     HB_ID_DUPLICATE);
    hb_id_memory_free(&memory);
    assert_null(memory);
    hb_id_memory_free(&memory);
}

static void the_oldest_id_is_forgotten_first(void **state)
{
    (void)state;
    struct hb_id_memory *memory;
    assert_int_equal(hb_id_memory_new(3, &memory), HB_OK);
    for (uint32_t id = 1; id <= 4; id++)
        assert_int_equal(meet(memory, id, 0, id), HB_ID_NEW);
    assert_int_equal(hb_id_memory_count(memory), 3);
    assert_int_equal(meet(memory, 2, 0, 99), HB_ID_DUPLICATE);
    assert_int_equal(meet(memory, 1, 0, 99), HB_ID_NEW);
    assert_int_equal(meet(memory, 2, 0, 99), HB_ID_NEW);
    hb_id_memory_free(&memory);
}

/* Against a plain list: the last `size` new ids are known, all others are not, over any order of meetings. */
static void it_remembers_exactly_the_last_new_ids(void **state)
{
    (void)state;
    enum { IDS = 97 };
    for (size_t size = 1; size <= 40; size++) {
        struct hb_id_memory *memory;
        assert_int_equal(hb_id_memory_new(size, &memory), HB_OK);
        int64_t met_at[IDS];
        int64_t news = 0;
        uint64_t seed = size;
        for (int i = 0; i < IDS; i++)
            met_at[i] = INT64_MIN / 2;
        for (int round = 0; round < 3000; round++) {
            uint32_t id = next_random(&seed) % IDS;
            bool is_known = news - met_at[id] <= (int64_t)size;
            assert_int_equal(meet(memory, id, 1, round), is_known ? HB_ID_DUPLICATE : HB_ID_NEW);
            if (!is_known)
                met_at[id] = news++;
        }
        hb_id_memory_free(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_four_meetings_are_told_apart),
                                       cmocka_unit_test(the_oldest_id_is_forgotten_first),
                                       cmocka_unit_test(it_remembers_exactly_the_last_new_ids)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
