#include "platform/kafka/kafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Java: Utils.murmur2(key), from org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
static const struct {
    const char *key;
    int32_t java_hash;
} VECTORS[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
};

#define LARGEST INT32_C(0x7fffffff)

static void keys_hash_as_the_published_java_vectors_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++) {
        int32_t positive = (int32_t)((uint32_t)VECTORS[i].java_hash & UINT32_C(0x7fffffff));
        assert_int_equal(hb_kafka_partition_of(hb_str_c(VECTORS[i].key), LARGEST), positive % LARGEST);
        assert_int_equal(hb_kafka_partition_of(hb_str_c(VECTORS[i].key), 24), positive % 24);
    }
}

static void bytes_above_127_and_an_empty_key_have_a_partition_too(void **state)
{
    (void)state;
    /* 275646681 is murmur2 of the empty key with this seed (librdkafka's own vector). */
    assert_int_equal(hb_kafka_partition_of(hb_str_n("", 0), LARGEST), 275646681);
    for (int32_t count = 1; count < 100; count++) {
        int32_t partition = hb_kafka_partition_of(hb_str_c("caf\xc3\xa9/\xff\xfe"), count);
        assert_in_range(partition, 0, count - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_hash_as_the_published_java_vectors_say),
        cmocka_unit_test(bytes_above_127_and_an_empty_key_have_a_partition_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
