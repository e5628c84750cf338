#include "dispatcher/partition.h"
#include "fakes/fake_kafka.h"
#include "unit/dispatcher/check.h"

static struct hb_partition *add(struct hb_partitions *all, int topic, int32_t number)
{
    struct hb_partition *partition = NULL;
    assert_int_equal(hb_partitions_add(all, &(struct hb_kafka_partition){.topic = topic, .partition = number, .high = 7}, &partition), HB_OK);
    return partition;
}

static void count(void *user, struct hb_partition *partition)
{
    (void)partition;
    ++*(int *)user;
}

static void partitions_are_found_until_dropped(void **state)
{
    (void)state;
    struct hb_partitions all;
    int seen = 0;
    hb_partitions_init(&all, 16);
    assert_null(hb_partitions_find(&all, 0, 0));
    struct hb_partition *a = add(&all, 0, 0), *b = add(&all, 4, HB_PARTITIONS_MAX - 1);
    assert_ptr_equal(hb_partitions_find(&all, 0, 0), a);
    assert_ptr_equal(hb_partitions_find(&all, 4, HB_PARTITIONS_MAX - 1), b);
    assert_null(hb_partitions_find(&all, 0, 1));
    assert_null(hb_partitions_find(&all, 0, -1));
    assert_null(hb_partitions_find(&all, 0, HB_PARTITIONS_MAX));
    assert_int_equal(a->repeat_until, 7);
    assert_int_equal(a->watermark, -1);
    hb_partitions_each(&all, count, &seen);
    assert_int_equal(seen, 2);
    hb_partitions_drop(&all, 0, 0);
    hb_partitions_drop(&all, 0, 0); /* again: nothing */
    assert_null(hb_partitions_find(&all, 0, 0));
    assert_int_equal(all.assigned_count, 1);
    hb_partitions_deinit(&all);
    assert_int_equal(all.assigned_count, 0);
}

static void at_most_a_ring_of_records_and_none_beyond_the_end_may_have_been_read_before(void **state)
{
    (void)state;
    struct hb_partitions all;
    hb_partitions_init(&all, 4);
    struct hb_partition *partition = add(&all, 0, 0);
    partition->repeat_until = 100;
    for (int64_t offset = 10; offset < 14; offset++)
        assert_true(hb_partition_is_repeat(partition, offset));
    assert_false(hb_partition_is_repeat(partition, 14)); /* its ring was full */
    struct hb_partition *other = add(&all, 0, 1);
    other->repeat_until = 11;
    assert_true(hb_partition_is_repeat(other, 10));
    assert_false(hb_partition_is_repeat(other, 11)); /* nobody was there yet */
    hb_partitions_deinit(&all);
}

static void each_assignment_has_a_generation_of_its_own(void **state)
{
    (void)state;
    struct hb_partitions all;
    hb_partitions_init(&all, 16);
    uint32_t first = add(&all, 0, 0)->generation;
    hb_partitions_drop(&all, 0, 0);
    assert_true(add(&all, 0, 0)->generation != first);
    assert_true(add(&all, 0, 1)->generation != first);
    hb_partitions_deinit(&all);
}

static void a_partition_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct hb_partitions all;
    struct hb_partition *partition = NULL;
    hb_partitions_init(&all, 16);
    assert_int_equal(hb_partitions_add(&all, &(struct hb_kafka_partition){.partition = HB_PARTITIONS_MAX}, &partition), HB_ERR_TOO_LARGE);
    assert_int_equal(hb_partitions_add(&all, &(struct hb_kafka_partition){.partition = -1}, &partition), HB_ERR_TOO_LARGE);
    hb_partitions_deinit(&all);
}

static void held_records_come_back_in_order(void **state)
{
    (void)state;
    struct hb_partitions all;
    struct hb_kafka_message message = {0};
    hb_partitions_init(&all, 16);
    struct hb_partition *partition = add(&all, 0, 0);
    assert_false(hb_partition_unhold(partition, &message));
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < 3; i++)
            assert_int_equal(hb_partition_hold(partition, &(struct hb_kafka_message){.offset = i}), HB_OK);
        for (int64_t i = 0; i < 3; i++) {
            assert_true(hb_partition_unhold(partition, &message));
            assert_int_equal(message.offset, i);
        }
        assert_null(partition->held);
    }
    hb_partitions_deinit(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(partitions_are_found_until_dropped),
                                       cmocka_unit_test(at_most_a_ring_of_records_and_none_beyond_the_end_may_have_been_read_before),
        cmocka_unit_test(each_assignment_has_a_generation_of_its_own),
                                       cmocka_unit_test(a_partition_beyond_the_limit_is_refused),
                                       cmocka_unit_test(held_records_come_back_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
